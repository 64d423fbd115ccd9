"""The contract of a voice-activity detector, and the state machine that its engines share.

Times are counted in samples of the stream since it was opened: no clock is involved.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from services.audio import Pcm
from services.info import EngineInfo


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """A voice began. ``at_sample`` is the onset itself, earlier than the moment it was believed."""

    at_sample: int


@dataclass(frozen=True, slots=True)
class SpeechEnded:
    """The voice stopped. ``at_sample`` is the end of the speech, earlier than the moment it was believed."""

    at_sample: int


VoiceEvent = SpeechStarted | SpeechEnded


class VoiceActivity(Protocol):
    """One call's detector: small state, no model of its own."""

    @property
    def rate_hz(self) -> int: ...

    @property
    def speaking(self) -> bool:
        """Whether a voice is believed to be there now."""
        ...

    @property
    def samples_seen(self) -> int: ...

    def push(self, frame: Pcm) -> list[VoiceEvent]:
        """int16[n] at ``rate_hz``, any n ≥ 0 → the events that became certain, in order, started/ended alternating.

        Runs in the caller's thread (0.1 ms of work per 32 ms of audio). Never raises on audio content.
        """
        ...


class VoiceActivityEngine(Protocol):
    """Loads once, opens a detector per call."""

    @property
    def info(self) -> EngineInfo: ...

    def load(self) -> None:
        """Loads the model now instead of at the first use. Blocks. Idempotent. Raises ``Unavailable``."""
        ...

    def open(self, rate_hz: int) -> VoiceActivity:
        """A fresh detector. Raises ``BadInput`` for a rate the engine cannot take (8,000 and 16,000 always work)."""
        ...
