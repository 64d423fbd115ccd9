"""Cutting text into clauses, and what normalisation does for every language."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.errors import BadInput
from services.tts.text import MAX_CLAUSE_CHARS, ClauseSplitter, normalise, split_clauses
from services.words import ends_sentence

CLAUSES = {
    "": [],
    "  \n ": [],
    "Bonjour": ["Bonjour"],
    "Bonjour ! Comment allez-vous ?": ["Bonjour !", "Comment allez-vous ?"],
    "Bonjour, ici le garage Martin.": ["Bonjour,", "ici le garage Martin."],
    "Oui, bien sûr, je note.": ["Oui, bien sûr, je note."],
    "C'est noté. Merci.": ["C'est noté. Merci."],
    "C'est noté. Merci. Au revoir et à bientôt.": ["C'est noté.", "Merci. Au revoir et à bientôt."],
    "C'est noté. Merci ! Au revoir et à bientôt.": ["C'est noté.", "Merci ! Au revoir et à bientôt."],
    "Le devis est de 14,50 € hors taxes, soit 3.5 pour cent de moins.": [
        "Le devis est de 14,50 € hors taxes,",
        "soit 3.5 pour cent de moins.",
    ],
    "Vous avez rendez-vous avec M. Dupont. Il vous attend.": [
        "Vous avez rendez-vous avec M. Dupont.",
        "Il vous attend.",
    ],
    "Le Dr. Petit et J. Martin sont là. Ils vous attendent.": [
        "Le Dr. Petit et J. Martin sont là.",
        "Ils vous attendent.",
    ],
    "We open at 9 a.m. and close at 5 p.m. We are closed on Sunday.": [
        "We open at 9 a.m. and close at 5 p.m.",
        "We are closed on Sunday.",
    ],
    "Is it No. 5? No. I mean number six.": ["Is it No. 5?", "No. I mean number six."],
    "Il a dit « Bonjour. » puis il est parti. Voilà tout.": [
        "Il a dit « Bonjour. »",
        "puis il est parti.",
        "Voilà tout.",
    ],
    "Écrivez à info@garage.fr ou sur www.garage.fr. Merci à vous.": [
        "Écrivez à info@garage.fr ou sur www.garage.fr.",
        "Merci à vous.",
    ],
    "Attendez… Je regarde cela !!! C'est possible.": ["Attendez…", "Je regarde cela !!!", "C'est possible."],
    "Voici nos offres de la semaine :\n- la première est gratuite\n- la seconde est à moitié prix": [
        "Voici nos offres de la semaine :",
        "- la première est gratuite",
        "- la seconde est à moitié prix",
    ],
    "Your appointment is confirmed for Tuesday, May 12 at 2:30 pm, thanks.": [
        "Your appointment is confirmed for Tuesday,",
        "May 12 at 2:30 pm, thanks.",
    ],
}


@pytest.mark.parametrize(("text", "clauses"), CLAUSES.items())
def test_clauses(text: str, clauses: list[str]) -> None:
    assert split_clauses(text) == clauses


def test_a_clause_comes_out_when_the_next_one_has_begun() -> None:
    splitter = ClauseSplitter()
    assert splitter.push("C'est noté pour mardi.") == []
    assert splitter.push(" Merci") == []
    assert splitter.push(" de") == ["C'est noté pour mardi."]
    assert splitter.push(" votre appel") == []
    assert splitter.flush() == ["Merci de votre appel"]


def test_a_flushed_splitter_is_as_new() -> None:
    splitter = ClauseSplitter()
    assert [*splitter.push("Bonjour, je vous écoute."), *splitter.flush()] == ["Bonjour,", "je vous écoute."]
    assert [*splitter.push("Bonjour, je vous écoute."), *splitter.flush()] == ["Bonjour,", "je vous écoute."]
    assert splitter.flush() == []


def test_text_without_punctuation_is_cut_at_a_space() -> None:
    clauses = split_clauses("mot " * 200)
    assert max(map(len, clauses)) <= MAX_CLAUSE_CHARS
    assert " ".join(clauses) == " ".join(["mot"] * 200)


@pytest.mark.parametrize("text", ["a" * 1000, "." * 100_000, "Oui bien. " + "a" * 100_000, ". " * 20_000])
def test_a_text_without_words_is_cut_all_the_same(text: str) -> None:
    assert max(map(len, split_clauses(text))) <= MAX_CLAUSE_CHARS


LIKELY = st.text(st.sampled_from('aé1 \n.,;:!?…«»")M') | st.characters(codec="utf-8"), max_size=400)


@given(LIKELY, st.lists(st.integers(1, 30), min_size=1))
def test_any_pieces_give_the_same_clauses(text: str, sizes: list[int]) -> None:
    splitter, clauses, at, turn = ClauseSplitter(), [], 0, 0
    while at < len(text):
        size = sizes[turn % len(sizes)]
        clauses += splitter.push(text[at : at + size])
        at, turn = at + size, turn + 1
    assert [*clauses, *splitter.flush()] == split_clauses(text)


@given(LIKELY)
def test_no_character_is_lost(text: str) -> None:
    assert "".join("".join(split_clauses(text)).split()) == "".join(text.split())


@pytest.mark.parametrize(
    ("clause", "ends"), [("Merci.", True), ("« Merci ! »", True), ("Bonjour,", False), ("oui", False), ("", False)]
)
def test_ends_sentence(clause: str, ends: bool) -> None:
    assert ends_sentence(clause) is ends


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("text", ["", "   ", "…", "?!", "😀👍🏽", "**", "- ", "\u200b", "❤️"])
def test_what_has_no_sound_is_empty(text: str, language: str) -> None:
    assert normalise(text, language) == ""


@pytest.mark.parametrize("language", ["fr", "en"])
def test_layout_and_emoji_are_dropped(language: str) -> None:
    assert normalise("**Allo** 😀 `_oui_`\u00a0!", language) == "Allo oui !"


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(BadInput, match="en, fr"):
        normalise("hallo", "de")


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize(
    "text", ["9" * 5000 + " €", "$" + "9" * 5000, "1" + ".000" * 900, "1" + ",000" * 900, "9" * 5000 + "e"]
)
def test_no_number_is_too_long(text: str, language: str) -> None:
    assert normalise(text, language)


@given(st.text(st.sampled_from("0123456789 .,:/-+€$%h°MaéZ()") | st.characters(codec="utf-8"), max_size=60))
def test_any_text_can_be_written_out(text: str) -> None:
    for language in ("fr", "en"):
        said = normalise(text, language)
        assert not any(char in "0123456789" for char in said)
