"""French as it is written → French as it is said, for a synthesiser that reads letters and digits badly.

A list of rules applied in order, each a pattern and a function of its match: hours, dates and prices before bare
numbers, since all of them hold digits. Numbers are cardinals by num2words, with the feminine of "un" before the nouns
that ask for it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import cast

from num2words import num2words

_Rule = tuple[re.Pattern[str], Callable[[re.Match[str]], str]]

_MONTHS = [
    "janvier", "février", "mars", "avril", "mai", "juin",
    "juillet", "août", "septembre", "octobre", "novembre", "décembre",
]  # fmt: skip
_MONTH = "|".join([*_MONTHS, "fevrier", "aout", "decembre"])
_FEMININE = (
    "heures?|minutes?|secondes?|personnes?|semaines?|années?|journées?|nuits?|fois|places?|chambres?|pages?|lignes?|"
    "voitures?|questions?|pièces?|options?|étapes?|livres? sterling|commandes?|séances?|consultations?|factures?"
)
_TITLES = {
    "M.": "monsieur", "MM.": "messieurs", "Mme": "madame", "Mmes": "mesdames", "Mlle": "mademoiselle",
    "Mlles": "mesdemoiselles", "Dr": "docteur", "Drs": "docteurs", "Pr": "professeur", "Me": "maître",
    "Mgr": "monseigneur", "St": "saint", "Ste": "sainte",
}  # fmt: skip
"""read out only before a capital: "Me voici" is left alone"""
_SHORT = {
    "svp": "s'il vous plaît", "s.v.p.": "s'il vous plaît", "SVP": "s'il vous plaît", "rdv": "rendez-vous",
    "RDV": "rendez-vous", "tél.": "téléphone", "Tél.": "téléphone", "etc.": "et cetera", "av.": "avenue",
    "Av.": "avenue", "bd": "boulevard", "Bd": "boulevard", "réf.": "référence", "Réf.": "référence", "env.": "environ",
    "max.": "maximum", "p. ex.": "par exemple", "c.-à-d.": "c'est-à-dire", "cf.": "voir",
}  # fmt: skip
_UNITS = {
    "km/h": "kilomètres à l'heure", "km": "kilomètres", "cm": "centimètres", "mm": "millimètres", "m": "mètres",
    "m²": "mètres carrés", "m2": "mètres carrés", "m³": "mètres cubes", "kg": "kilos", "g": "grammes", "l": "litres",
    "L": "litres", "cl": "centilitres", "h": "heures", "min": "minutes", "mn": "minutes", "kWh": "kilowattheures",
    "Mo": "mégaoctets", "Go": "gigaoctets", "°C": "degrés", "°": "degrés", "%": "pour cent", "$": "dollars",
    "£": "livres",
}  # fmt: skip
_FRACTIONS = {
    "1/2 heure": "une demi-heure",
    "1/2": "un demi",
    "1/3": "un tiers",
    "2/3": "deux tiers",
    "1/4": "un quart",
    "3/4": "trois quarts",
}
_GROUPED = r"(?:\d{1,3}(?:[ .]\d{3}){1,4}(?!\d)|\d+)"
"""a whole number, its thousands perhaps apart: 1250, 1 250, 1.250"""
MAX_CARDINAL_DIGITS = 6
"""a longer run of digits is a reference, said digit by digit"""


def cardinal(value: int, *, feminine: bool = False) -> str:
    """A whole number in words; ``feminine`` turns a last "un" into "une"."""
    words = cast(str, num2words(value, lang="fr"))
    return f"{words}e" if feminine and re.search(r"\bun$", words) else words


def _whole(digits: str) -> int:
    return int(re.sub(r"\D", "", digits))


def _digits(text: str) -> str:
    return " ".join(cardinal(int(digit)) for digit in text if digit.isdigit())


def _pairs(text: str) -> str:
    """A telephone number as the French say it: by pairs, each leading zero said, a breath between them."""
    digits = re.sub(r"\D", "", text)
    pairs = [digits[at : at + 2] for at in range(len(digits) % 2, len(digits), 2)]
    spoken = [f"zéro {cardinal(int(pair[1]))}" if pair[0] == "0" else cardinal(int(pair)) for pair in pairs]
    return ", ".join([*([cardinal(int(digits[0]))] if len(digits) % 2 else []), *spoken])


def _telephone(match: re.Match[str]) -> str:
    return f"plus {cardinal(int(match['country']))}, {_pairs(match['rest'])}"


def _hour(match: re.Match[str]) -> str:
    hours, minutes = int(match["h"]), int(match["m"] or 0)
    said = f"{cardinal(hours, feminine=True)} {'heure' if hours < 2 else 'heures'}"
    return f"{said} {cardinal(minutes, feminine=True)}" if minutes else said


def _day(day: int) -> str:
    return "premier" if day == 1 else cardinal(day)


def _date(match: re.Match[str]) -> str:
    day, month, year = int(match["d"]), int(match["mo"]), match["y"]
    if not (1 <= day <= 31 and 1 <= month <= 12):
        return match[0]
    said = f"{_day(day)} {_MONTHS[month - 1]}"
    return f"{said} {cardinal(int(year) + (2000 if len(year) == 2 else 0))}" if year else said


def _euros(match: re.Match[str]) -> str:
    euros, cents = _whole(match["n"]), int((match["c"] or "0").ljust(2, "0"))
    cents_said = f"{cardinal(cents)} {'centime' if cents < 2 else 'centimes'}"
    if not euros and cents:
        return cents_said
    link = "d'" if re.search(r"(million|milliard)s?$", cardinal(euros)) else ""
    said = f"{cardinal(euros)} {link}{'euro' if euros < 2 else 'euros'}"
    return f"{said} {cardinal(cents)}" if cents else said


def _ordinal(match: re.Match[str]) -> str:
    value, suffix = int(match["n"]), match["s"].lower()
    if value == 1:
        return "première" if suffix in {"re", "ère"} else "premier"
    if suffix in {"nd", "nde"}:
        return "second" if suffix == "nd" else "seconde"
    return cast(str, num2words(value, lang="fr", to="ordinal"))


def _decimal(match: re.Match[str]) -> str:
    fraction = match["f"] or match["g"]
    zeros = ["zéro"] * (len(fraction) - len(fraction.lstrip("0")))
    rest = [cardinal(int(fraction))] if fraction.strip("0") else []
    return " ".join([cardinal(_whole(match["n"])), "virgule", *zeros, *rest])


def _number(match: re.Match[str]) -> str:
    digits = match["n"]
    is_code = digits.isdigit() and (len(digits) > MAX_CARDINAL_DIGITS or (digits[0] == "0" and len(digits) > 1))
    return _digits(digits) if is_code else cardinal(_whole(digits), feminine=bool(match["fem"]))


def _free_number(match: re.Match[str]) -> str:
    groups = match[0].removeprefix("0").split()
    return ", ".join([f"zéro {cardinal(int(groups[0]))}", *(_code_group(group) for group in groups[1:])])


def _code_group(digits: str) -> str:
    return _digits(digits) if digits[0] == "0" else cardinal(int(digits))


def _address(match: re.Match[str]) -> str:
    text = re.sub(r"^https?://", "", match[0])
    for mark, word in (("@", "arobase"), (".", "point"), ("-", "tiret"), ("_", "tiret bas"), ("/", "slash")):
        text = text.replace(mark, f" {word} ")
    return text


def _any_of(words: Mapping[str, str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


_RULES: tuple[_Rule, ...] = (
    (re.compile(r"\d{16,}"), lambda m: _digits(m[0])),
    (re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+|(?:https?://|www\.)[\w-]+(?:\.[\w-]+)+(?:/[\w/-]*)?"), _address),
    (re.compile(rf"(?<![\w.])({_any_of(_TITLES)})(?:(?<!\.)\.)? (?=[A-ZÀ-Ý]|& |et )"), lambda m: f"{_TITLES[m[1]]} "),
    (re.compile(r"\b(St|Ste)-(?=[A-ZÀ-Ý])"), lambda m: f"{_TITLES[m[1]]}-"),
    (re.compile(rf"(?<!\w)({_any_of(_SHORT)})(?!\w)"), lambda m: _SHORT[m[1]]),
    (re.compile(r"\b[nN][°º] ?(?=\w)"), lambda _: "numéro "),
    (re.compile(r"\+(?P<country>\d{2}) ?(?:\(0\) ?)?(?P<rest>\d(?:[ .-]?\d){7,9})(?!\d)"), _telephone),
    (re.compile(r"(?<!\d)0 ?8\d\d(?: \d{3}){2}(?!\d)"), _free_number),
    (re.compile(r"(?<!\d)0\d(?:[ .-]?\d\d){4}(?!\d)"), lambda m: _pairs(m[0])),
    (re.compile(r"(?<=\d) ?h ?/ ?(?=24\b)"), lambda _: " heures sur "),
    (re.compile(r"(?<=\d) ?j ?/ ?(?=7\b)"), lambda _: " jours sur "),
    (re.compile(r"(?:(?<=\d[hH])|(?<=[hH]\d\d)) ?[-–] ?(?=\d)"), lambda _: " à "),
    (re.compile(r"(?<![\d,.])(?P<h>[01]?\d|2[0-4])(?: ?[hH]|:(?=[0-5]\d))(?: ?(?P<m>[0-5]\d))?(?![\w:])"), _hour),
    (re.compile(rf"(?<![\d/])({_any_of(_FRACTIONS)})(?![\d/])"), lambda m: _FRACTIONS[m[1]]),
    (re.compile(r"(?<![\d/])(?P<d>\d{1,2})/(?P<mo>\d{1,2})(?:/(?P<y>\d{4}|\d{2}))?(?![\d/])"), _date),
    (re.compile(r"(?<!\d)(?P<y>\d{4})-(?P<mo>\d{2})-(?P<d>\d{2})(?!\d)"), _date),
    (re.compile(r"(?<=\d)/(?=\d)"), lambda _: " sur "),
    (re.compile(rf"(?<!\d)0?1 (?=(?:{_MONTH})\b)", re.IGNORECASE), lambda _: "premier "),
    (re.compile(r"(?<![\d,.])(?P<n>\d+)€(?P<c>\d{2})(?!\d)"), _euros),
    (re.compile(rf"(?<![\d,.])(?P<n>{_GROUPED})(?:,(?P<c>\d{{1,2}}))? ?(?:€|(?:EUR|euros?)\b)"), _euros),
    (re.compile(r"(?<!\d)(?P<n>\d+)(?P<s>ers?|re|ère|nde?|e|è?me)\b"), _ordinal),
    (re.compile(rf"(?<=\d) ?({_any_of(_UNITS)})(?!\w)"), lambda m: f" {_UNITS[m[1]]}"),
    (re.compile(r"(?<=\d) ?[-–] ?(?=\d)"), lambda _: " à "),
    (re.compile(r"(?<!\S)[-−](?=\d)"), lambda _: "moins "),
    (re.compile(r"(?<=\d)(?=[^\W\d_])|(?<=[^\W\d_])(?=\d)"), lambda _: " "),
    (re.compile(rf"(?<![\d,.])(?P<n>{_GROUPED})(?:,(?P<f>\d+)|\.(?P<g>\d{{1,2}}|\d{{4,}}))(?![\d,.]*\d)"), _decimal),
    (re.compile(r"(?<=\d)\.(?=\d{1,2}(?!\d))"), lambda _: " point "),
    (re.compile(rf"(?P<n>{_GROUPED})(?= ?(?P<fem>{_FEMININE})\b)?"), _number),
    (re.compile(r" ?& ?"), lambda _: " et "),
)


def written_out(text: str) -> str:
    """One clause of French, single spaces, with everything in words. Never raises on content."""
    for pattern, said in _RULES:
        text = pattern.sub(said, text)
    return text
