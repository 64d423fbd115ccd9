"""A synthesiser that remembers: what was said once costs nothing the second time.

A wrapper with the same contract. It works clause by clause and keeps the most recent audio up to a size; a text that
was cancelled half-way is not kept.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

from services.audio import AudioChunk
from services.info import EngineInfo
from services.tts.base import Synthesizer

_Key = tuple[str, str, str, float]


class CachedSynthesizer:
    """Keeps up to ``max_bytes`` of the inner synthesiser's audio (24 kHz speech is 48 kB a second)."""

    def __init__(self, inner: Synthesizer, max_bytes: int = 64_000_000) -> None:
        self._inner, self._max_bytes = inner, max_bytes
        self._kept: OrderedDict[_Key, tuple[AudioChunk, ...]] = OrderedDict()
        self._bytes = 0
        self.hits = self.misses = 0

    @property
    def info(self) -> EngineInfo:
        return self._inner.info

    @property
    def rate_hz(self) -> int:
        return self._inner.rate_hz

    async def load(self) -> None:
        """See ``Synthesizer.load``."""
        await self._inner.load()

    async def stream(
        self, texts: AsyncIterator[str], *, language: str, voice: str = "", speed: float = 1.0
    ) -> AsyncGenerator[AudioChunk, None]:
        """See ``Synthesizer.stream``."""
        async for text in texts:
            key = (text, language, voice, speed)
            if (kept := self._kept.get(key)) is not None:
                self._kept.move_to_end(key)
                self.hits += 1
                for chunk in kept:
                    yield chunk
                continue
            self.misses += 1
            made: list[AudioChunk] = []
            inner = self._inner.stream(_once(text), language=language, voice=voice, speed=speed)
            async with aclosing(inner) as chunks:
                async for chunk in chunks:
                    made.append(chunk)
                    yield chunk
            if made:
                self._keep(key, tuple(made))

    async def aclose(self) -> None:
        """See ``Synthesizer.aclose``."""
        self._kept.clear()
        self._bytes = 0
        await self._inner.aclose()

    def _keep(self, key: _Key, chunks: tuple[AudioChunk, ...]) -> None:
        replaced = self._kept.pop(key, ())
        self._bytes += sum(chunk.pcm.nbytes for chunk in chunks) - sum(chunk.pcm.nbytes for chunk in replaced)
        self._kept[key] = chunks
        while self._bytes > self._max_bytes:
            _, oldest = self._kept.popitem(last=False)
            self._bytes -= sum(chunk.pcm.nbytes for chunk in oldest)


async def _once(text: str) -> AsyncIterator[str]:
    yield text
