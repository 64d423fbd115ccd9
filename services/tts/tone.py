"""A synthesiser without a model: every word is a tone as long as the word, with a pitch of its own.

It stands in for any engine, so it takes any voice's name: each name has a register of its own.

For calls in virtual time and for demos: the same text gives the same samples, at once, with the length that speech
would have, and the words can be told apart in a waveform. A tone carries four harmonics, so that no tone detector takes
it for a beep.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import AsyncGenerator, AsyncIterator

import numpy as np

from services.audio import AudioChunk, Pcm, ms_to_samples, to_pcm
from services.errors import BadInput, Unavailable
from services.info import EngineInfo
from services.tts.text import check_language, normalise, split_clauses

CHARS_PER_S = 15.0
"""of text as said, spaces included: an unhurried speaker"""

_VOICE = re.compile(r"[A-Za-z0-9_+*.-]*")
_FADE_MS = 8
_LOWEST_HZ, _HIGHEST_HZ = 100, 260
_HARMONICS = (0.5, 0.25, 0.15, 0.1)
_PEAK = 0.3


class ToneSynthesizer:
    """A ``Synthesizer``. Chunks are a function of the text alone."""

    def __init__(self, *, rate_hz: int = 8000) -> None:
        self._rate_hz = rate_hz
        self._closed = False

    @property
    def info(self) -> EngineInfo:
        return EngineInfo("tone")

    @property
    def rate_hz(self) -> int:
        return self._rate_hz

    async def stream(
        self, texts: AsyncIterator[str], *, language: str, voice: str = "", speed: float = 1.0
    ) -> AsyncGenerator[AudioChunk, None]:
        """See ``Synthesizer.stream``. ``voice`` may be any name, none is unknown; ``speed`` divides the duration."""
        check_language(language)
        if not _VOICE.fullmatch(voice):
            raise BadInput(f"voice {voice!r} is no voice's name: use letters, digits and _+*.-")
        if speed <= 0:
            raise BadInput(f"speed {speed} is not above 0")
        if self._closed:
            raise Unavailable("the tone engine is closed")
        async for text in texts:
            for clause in split_clauses(text):
                if said := normalise(clause, language):
                    yield AudioChunk(self._speak(said, voice, speed), self._rate_hz, clause)

    async def load(self) -> None:
        """There is nothing to load."""

    async def aclose(self) -> None:
        self._closed = True

    def _speak(self, said: str, voice: str, speed: float) -> Pcm:
        char_ms = 1000 / CHARS_PER_S / speed
        silence = np.zeros(ms_to_samples(char_ms, self._rate_hz), np.int16)
        pieces = [
            piece
            for word in said.split()
            for piece in (self._tone(f"{voice} {word}".strip(), len(word) * char_ms), silence)
        ]
        return np.concatenate(pieces)

    def _tone(self, word: str, duration_ms: float) -> Pcm:
        pitch_hz = _LOWEST_HZ + zlib.crc32(word.lower().encode()) % (_HIGHEST_HZ - _LOWEST_HZ)
        time_s = np.arange(ms_to_samples(duration_ms, self._rate_hz)) / self._rate_hz
        wave = sum(
            (level * np.sin(2 * np.pi * pitch_hz * harmonic * time_s) for harmonic, level in enumerate(_HARMONICS, 1)),
            start=np.zeros(len(time_s)),
        )
        ramp = np.minimum(np.arange(len(wave)) / ms_to_samples(_FADE_MS, self._rate_hz), 1.0)
        return to_pcm(_PEAK * wave * ramp * ramp[::-1])
