"""Folding: the written forms of one spoken utterance become one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robot.words import ends_sentence, fold, listen_to


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("D’accord, c'est noté !", "d accord c est note"),
        ("Allô… l'ŒUVRE", "allo l oeuvre"),
        ("I can't, I won't, it isn't, I cannot", "i can not i will not it is not i can not"),
        ("Euh, ben… oui", "oui"),
        ("rendez-vous à 14:30", "rendez vous a 14 30"),
        ("?!", ""),
    ],
)
def test_fold(text: str, wanted: str) -> None:
    assert fold(text) == wanted


def test_clauses_begin_after_punctuation_but_not_inside_numbers() -> None:
    spoken = listen_to("Non, à 14:30. Oui")
    assert spoken.words == ("non", "a", "14", "30", "oui")
    assert spoken.clause_starts == {1, 4}


@given(st.text())
def test_folding_folded_text_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize("text", ["Oui.", "Vraiment ?", "« Oui. »", "Fin…", 'He said "no."'])
def test_a_sentence_ends(text: str) -> None:
    assert ends_sentence(text)


@pytest.mark.parametrize("text", ["", "Bonjour,", "d'accord :", "oui"])
def test_a_sentence_goes_on(text: str) -> None:
    assert not ends_sentence(text)
