"""The contract of a detector of line tones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from services.audio import Pcm


@dataclass(frozen=True, slots=True)
class ToneEnded:
    """A pure tone ended. Times in samples of the stream since it was opened."""

    start_sample: int
    end_sample: int
    frequency_hz: float


class ToneDetector(Protocol):
    """One call's detector."""

    @property
    def rate_hz(self) -> int: ...

    def push(self, frame: Pcm) -> list[ToneEnded]:
        """int16[n] at ``rate_hz`` → the tones that ended in it. Never raises on audio content."""
        ...
