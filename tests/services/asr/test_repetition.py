"""Loops of a decoder against people who repeat themselves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.asr.repetition import cut_repetition


@pytest.mark.parametrize(
    "tokens",
    [
        [],
        [1],
        [1, 2, 3, 4],
        [7, 7, 7, 7, 7],
        [1, 2] * 5,
        [9, 1, 2, 3, 1, 2, 3, 9],
        [1, 2, 3, 4, 5, 6] * 3,
    ],
)
def test_what_people_say_stays(tokens: list[int]) -> None:
    assert cut_repetition(tokens, capped=False) == tokens


@pytest.mark.parametrize(
    ("tokens", "kept"),
    [
        ([7] * 40, [7]),
        ([1, 2] * 12, [1, 2]),
        ([5, *[1, 2, 3] * 8, 6], [5, 1, 2, 3, 6]),
        ([*[1, 2] * 10, *[3, 4] * 10], [1, 2, 3, 4]),
    ],
)
def test_a_long_loop_is_cut_to_one_round(tokens: list[int], kept: list[int]) -> None:
    assert cut_repetition(tokens, capped=False) == kept


def test_at_the_limit_three_rounds_at_the_end_are_a_loop() -> None:
    assert cut_repetition([5, 1, 2, 3, 1, 2, 3, 1, 2, 3, 1], capped=True) == [5, 1, 2, 3]
    assert cut_repetition([1, 2, 3, 1, 2, 3, 1, 2, 3, 8, 9, 10], capped=True) == [1, 2, 3, 1, 2, 3, 1, 2, 3, 8, 9, 10]


@given(st.lists(st.integers(0, 3), max_size=120), st.booleans())
def test_it_only_removes_and_is_stable(tokens: list[int], capped: bool) -> None:
    kept = cut_repetition(tokens, capped=capped)
    remaining = iter(tokens)
    assert all(token in remaining for token in kept)
    assert bool(kept) == bool(tokens)
