"""What of the robot's words was heard, from how much of their audio was played."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from robot.media.base import Heard, HeardClause

WHOLE_MS = 1.0
"""an utterance whose unplayed rest is shorter was heard to its end"""


@dataclass(slots=True)
class Utterance:
    """A clause of speech: its words, its length, and how much of it the switch has played."""

    label: str
    text: str
    total_ms: float
    heard_ms: float = 0.0
    started_us: int | None = None
    ended_us: int | None = None

    def started(self, at_us: int) -> bool:
        """The switch began a chunk of it. Whether that is its first sound."""
        if self.started_us is not None:
            return False
        self.started_us = at_us
        return True

    def heard(self, played_ms: float, at_us: int) -> None:
        """The switch ended a chunk of it, having played ``played_ms``."""
        self.heard_ms += played_ms
        self.ended_us = at_us

    def heard_text(self) -> str:
        """The whole words that were heard; a word's time is its share of the letters."""
        if self.heard_ms >= self.total_ms - WHOLE_MS:
            return self.text
        heard_letters = len(self.text) * self.heard_ms / self.total_ms
        kept: list[str] = []
        end = 0
        for word in self.text.split():
            end = self.text.index(word, end) + len(word)
            if end > heard_letters:
                break
            kept.append(word)
        return " ".join(kept)


def sum_heard(said: Sequence[Utterance]) -> list[Heard]:
    """Utterances in the order they were said → what was heard under each label."""
    return [_sum(label, list(group)) for label, group in groupby(said, key=lambda one: one.label)]


def _sum(label: str, said: list[Utterance]) -> Heard:
    clauses = tuple(
        HeardClause(one.text, one.heard_ms, one.total_ms, one.started_us, one.ended_us)
        for one in said
        if one.started_us is not None and one.ended_us is not None
    )
    return Heard(
        label=label,
        text=" ".join(text for one in said if (text := one.heard_text())),
        ms=sum(one.heard_ms for one in said),
        complete=all(one.heard_ms >= one.total_ms - WHOLE_MS for one in said),
        started_us=min((clause.started_us for clause in clauses), default=None),
        ended_us=max((clause.ended_us for clause in clauses), default=None),
        clauses=clauses,
    )
