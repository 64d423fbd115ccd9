"""Finds the loop of a greedy decoder: the same few tokens over and over until the token limit."""

from __future__ import annotations

from collections.abc import Sequence

LONGEST_PHRASE = 24
"""tokens in the longest phrase looked for"""
_ROUNDS_AT_THE_CAP = 3
_ROUNDS = 6
_LOOP_TOKENS = 18


def cut_repetition(tokens: Sequence[int], *, capped: bool) -> list[int]:
    """``tokens`` with each loop reduced to its first round.

    People repeat themselves: a number may be "06 06 06 06 06", an answer "non, non, non, non". It is a loop when a
    phrase comes at least 6 times and fills 18 tokens or, if the decoder was stopped by its limit (``capped``), when the
    text ends in 3 rounds or more.
    """
    kept = list(tokens)
    position = 0
    while position < len(kept):
        size, rounds = _loop_at(kept, position)
        at_the_cap = capped and len(kept) - (position + size * rounds) < size
        if (rounds >= _ROUNDS and size * rounds >= _LOOP_TOKENS) or (at_the_cap and rounds >= _ROUNDS_AT_THE_CAP):
            rest = [] if at_the_cap else kept[position + size * rounds :]
            kept = kept[: position + size] + rest
            position += size
        else:
            position += 1
    return kept


def _loop_at(tokens: Sequence[int], position: int) -> tuple[int, int]:
    """The phrase beginning at ``position`` whose immediate repetitions fill most tokens: its size, its rounds."""
    best = (1, 1)
    for size in range(1, min(LONGEST_PHRASE, (len(tokens) - position) // 2) + 1):
        phrase = tokens[position : position + size]
        rounds = 1
        while tokens[position + size * rounds : position + size * (rounds + 1)] == phrase:
            rounds += 1
        if rounds > 1 and size * rounds > best[0] * best[1]:
            best = (size, rounds)
    return best
