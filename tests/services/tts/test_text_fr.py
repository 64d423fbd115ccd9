"""What French text sounds like."""

from __future__ import annotations

import pytest

from services.tts.text import normalise

SAID = {
    "à 14h30": "à quatorze heures trente",
    "à 14 h 30": "à quatorze heures trente",
    "à 14 h": "à quatorze heures",
    "à 9h05": "à neuf heures cinq",
    "21h": "vingt et une heures",
    "1h": "une heure",
    "0h15": "zéro heure quinze",
    "14:30": "quatorze heures trente",
    "de 9h à 12h30": "de neuf heures à douze heures trente",
    "9h-12h": "neuf heures à douze heures",
    "24h/24 et 7j/7": "vingt-quatre heures sur vingt-quatre et sept jours sur sept",
    "3,5 h de travail": "trois virgule cinq heures de travail",
    "1/2 heure": "une demi-heure",
    "M. Dupont": "monsieur Dupont",
    "M. & Mme Dupont": "monsieur et madame Dupont",
    "Mlle Roy": "mademoiselle Roy",
    "Dr Petit": "docteur Petit",
    "Dr. Petit": "docteur Petit",
    "Me Durand": "maître Durand",
    "Me voici": "Me voici",
    "St-Denis": "saint-Denis",
    "n° 12": "numéro douze",
    "N°5 bis": "numéro cinq bis",
    "tél. du garage": "téléphone du garage",
    "RDV confirmé": "rendez-vous confirmé",
    "25 €": "vingt-cinq euros",
    "1 €": "un euro",
    "25,50 €": "vingt-cinq euros cinquante",
    "25€50": "vingt-cinq euros cinquante",
    "0,50 €": "cinquante centimes",
    "1 250 €": "mille deux cent cinquante euros",
    "1.250,50 €": "mille deux cent cinquante euros cinquante",
    "1 000 000 €": "un million d'euros",
    "le 12/05": "le douze mai",
    "le 01/05/2026": "le premier mai deux mille vingt-six",
    "2026-05-12": "douze mai deux mille vingt-six",
    "le 12 mai": "le douze mai",
    "le 1er mai": "le premier mai",
    "le 1 mai": "le premier mai",
    "45/13": "quarante-cinq sur treize",
    "2e étage": "deuxième étage",
    "la 1ère fois": "la première fois",
    "21e": "vingt et unième",
    "01 23 45 67 89": "zéro un, vingt-trois, quarante-cinq, soixante-sept, quatre-vingt-neuf",
    "01.23.45.67.89": "zéro un, vingt-trois, quarante-cinq, soixante-sept, quatre-vingt-neuf",
    "0600000000": "zéro six, zéro zéro, zéro zéro, zéro zéro, zéro zéro",
    "+33 (0)6 12 34 56 78": "plus trente-trois, six, douze, trente-quatre, cinquante-six, soixante-dix-huit",
    "0 800 123 056": "zéro huit cents, cent vingt-trois, zéro cinq six",
    "50 %": "cinquante pour cent",
    "3,5 km": "trois virgule cinq kilomètres",
    "12,05": "douze virgule zéro cinq",
    "version 3.5.2": "version trois point cinq point deux",
    "12 500 habitants": "douze mille cinq cents habitants",
    "réf. 1234567": "référence un deux trois quatre cinq six sept",
    "le code 007": "le code zéro zéro sept",
    "21 personnes": "vingt et une personnes",
    "1 personne": "une personne",
    "10-12 jours": "dix à douze jours",
    "-5 degrés": "moins cinq degrés",
    "20 °C": "vingt degrés",
    "la 4G": "la quatre G",
    "info@garage-martin.fr": "info arobase garage tiret martin point fr",
    "www.garage.fr": "www point garage point fr",
    "l\u2019heure": "l'heure",
}


@pytest.mark.parametrize(("written", "said"), SAID.items())
def test_french(written: str, said: str) -> None:
    assert normalise(written, "fr") == said
