"""The robot's voice in one call: the scenario's language and voice, over the shared synthesiser."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass

from services.audio import AudioChunk
from services.tts.base import Synthesizer


@dataclass(frozen=True, slots=True)
class Voice:
    """Speaks text, whole or as it comes."""

    synthesizer: Synthesizer
    clauses: Callable[[AsyncIterator[str]], AsyncIterator[str]]
    language: str
    name: str
    speed: float

    async def say(self, text: str) -> AsyncGenerator[AudioChunk, None]:
        """A whole text."""
        async with aclosing(self.follow(_once(text))) as chunks:
            async for chunk in chunks:
                yield chunk

    async def follow(self, pieces: AsyncIterator[str]) -> AsyncGenerator[AudioChunk, None]:
        """Text in pieces of any size, spoken clause by clause as soon as each is whole."""
        spoken = self.synthesizer.stream(
            self.clauses(pieces), language=self.language, voice=self.name, speed=self.speed
        )
        async with aclosing(spoken) as chunks:
            async for chunk in chunks:
                yield chunk

    async def rehearse(self, texts: list[str]) -> None:
        """Synthesises ``texts`` for nobody, so that a caching synthesiser has them ready."""
        for text in texts:
            async with aclosing(self.say(text)) as chunks:
                async for _ in chunks:
                    pass


async def _once(text: str) -> AsyncIterator[str]:
    yield text
