"""A recogniser that hears what it was told to hear: deterministic calls for rehearsals, demos and tests.

Chosen in config like any engine and named in the call record. It looks at the audio only to refuse what a real
recogniser would refuse, and to let an audio too short for a word use up no reply.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from services.asr.base import RATE_HZ, Transcript
from services.asr.input import SHORTEST_S, check_audio, check_language
from services.audio import Samples
from services.errors import Unavailable
from services.info import EngineInfo

REMEMBERED = 1_000
DEFAULT_LANGUAGE = "en"


@dataclass(frozen=True, slots=True)
class Asked:
    """One request that was made."""

    duration_ms: int
    language: str | None
    prompt: str


class ScriptedRecognizer:
    """A ``Recognizer``. With a sequence: its next text for each request, then nothing more is heard.

    With a function: what it returns for (audio, language).
    """

    def __init__(self, replies: Sequence[str] | Callable[[Samples, str | None], str] = ()) -> None:
        self._script: Callable[[Samples, str | None], str]
        if callable(replies):
            self._script = replies
        else:
            upcoming: Iterator[str] = iter(tuple(replies))
            self._script = lambda audio, language: next(upcoming, "")
        self.asked: deque[Asked] = deque(maxlen=REMEMBERED)
        """the latest requests, oldest first"""
        self._closed = False

    @property
    def info(self) -> EngineInfo:
        return EngineInfo("scripted")

    async def transcribe(self, audio: Samples, *, language: str | None = None, prompt: str = "") -> Transcript:
        """See ``Recognizer``."""
        await self.load()
        check_audio(audio)
        check_language(language)
        duration_ms = round(len(audio) * 1_000 / RATE_HZ)
        self.asked.append(Asked(duration_ms, language, prompt))
        text = self._script(audio, language) if len(audio) >= SHORTEST_S * RATE_HZ else ""
        return Transcript(text, end_ms=duration_ms, language=language or DEFAULT_LANGUAGE)

    async def load(self) -> None:
        """Nothing to load."""
        if self._closed:
            raise Unavailable("the scripted recogniser is closed")

    async def aclose(self) -> None:
        self._closed = True
