"""From how much was played to which words were heard."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robot.media.utterance import Utterance, sum_heard


def heard(text: str, ms: float, total_ms: float = 1000) -> str:
    return Utterance("a", text, total_ms, ms).heard_text()


@pytest.mark.parametrize(
    ("ms", "text"),
    [(0, ""), (299, ""), (300, "one"), (699, "one"), (700, "one two"), (998, "one two"), (999.5, "one two so")],
)
def test_words_are_cut_whole(ms: float, text: str) -> None:
    assert heard("one two so", ms) == text


def test_a_word_that_comes_again_counts_each_time() -> None:
    assert heard("no no no no", 500) == "no no"


@given(st.text("ab é'.,", max_size=40), st.floats(0, 1000), st.floats(0, 1000))
def test_more_time_never_means_fewer_words(text: str, one_ms: float, other_ms: float) -> None:
    less, more = (heard(text, ms).split() for ms in sorted((one_ms, other_ms)))
    assert more[: len(less)] == less
    assert text.split()[: len(more)] == more
    assert heard(text, 1000) == text


def test_a_label_that_comes_back_is_told_again() -> None:
    said = [Utterance(label, label, 100, 100, 0, 100) for label in ("a", "a", "b", "a")]
    assert [(one.label, one.ms) for one in sum_heard(said)] == [("a", 200), ("b", 100), ("a", 100)]


def test_nothing_said_is_nothing_heard() -> None:
    assert sum_heard([]) == []
