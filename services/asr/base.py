"""The contract of a speech recogniser."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from services.audio import Samples
from services.info import EngineInfo

RATE_HZ = 16_000
"""the only rate recognisers take"""


@dataclass(frozen=True, slots=True)
class Word:
    """One recognised word, with its place in the audio."""

    text: str
    start_ms: int
    end_ms: int
    probability: float


@dataclass(frozen=True, slots=True)
class Transcript:
    """What was said in a piece of audio. Empty ``text`` means that nothing was recognised."""

    text: str
    is_final: bool = True
    start_ms: int = 0
    """from the start of the audio given"""
    end_ms: int = 0
    words: tuple[Word, ...] = ()
    language: str = ""
    """ISO 639-1, as detected or as asked for"""
    no_speech_probability: float = 0.0
    compute_ms: float = 0.0
    """time the engine worked on it, waiting in its queue not counted"""


class Recognizer(Protocol):
    """Speech to text. One per process, shared by all calls."""

    @property
    def info(self) -> EngineInfo: ...

    async def transcribe(self, audio: Samples, *, language: str | None = None, prompt: str = "") -> Transcript:
        """float32[n] at 16 kHz → text. ``language`` None lets the engine detect it; ``prompt`` biases the vocabulary.

        Raises ``BadInput`` (not a 1-D float32 array, unknown language), ``Overloaded`` (queue full), ``Unavailable``,
        ``BadReply``. Cancelling stops waiting at once; a decode under way ends on its own thread and is thrown away.
        """
        ...

    async def load(self) -> None:
        """Loads the model now instead of at the first use. Idempotent. Raises ``Unavailable``."""
        ...

    async def aclose(self) -> None:
        """Frees the model and its threads. Idempotent."""
        ...
