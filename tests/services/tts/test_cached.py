"""What was said once costs nothing the second time, and is the same."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

import numpy as np
import pytest

from services.audio import AudioChunk
from services.errors import BadInput, Unavailable
from services.info import EngineInfo
from services.tts.cached import CachedSynthesizer

BYTES_PER_LETTER = 200


class Inner:
    """Two chunks per text, of a length that tells it; knows what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str, float]] = []
        self.loads = self.closed_streams = 0
        self.closed = False

    info = EngineInfo("inner", "model", "sha")
    rate_hz = 8000

    async def stream(
        self, texts: AsyncIterator[str], *, language: str, voice: str = "", speed: float = 1.0
    ) -> AsyncGenerator[AudioChunk, None]:
        if self.closed:
            raise Unavailable("closed")
        try:
            async for text in texts:
                self.asked.append((text, language, voice, speed))
                if language == "xx":
                    raise BadInput("no such language")
                for half in (text[: len(text) // 2], text[len(text) // 2 :]):
                    if half:
                        pcm = np.full(len(half) * BYTES_PER_LETTER // 2, len(self.asked), np.int16)
                        yield AudioChunk(pcm, self.rate_hz, half)
        finally:
            self.closed_streams += 1

    async def load(self) -> None:
        self.loads += 1

    async def aclose(self) -> None:
        self.closed = True


class Texts:
    """Texts that keep count of how many were asked for."""

    def __init__(self, *texts: str) -> None:
        self._texts = iter(texts)
        self.asked = 0

    def __aiter__(self) -> AsyncIterator[str]:
        return self

    async def __anext__(self) -> str:
        self.asked += 1
        for text in self._texts:
            return text
        raise StopAsyncIteration


async def say(
    synthesizer: CachedSynthesizer, *texts: str, language: str = "fr", voice: str = "", speed: float = 1.0
) -> list[AudioChunk]:
    async with aclosing(synthesizer.stream(Texts(*texts), language=language, voice=voice, speed=speed)) as chunks:
        return [chunk async for chunk in chunks]


def test_the_second_time_it_is_the_same_and_free() -> None:
    async def main() -> None:
        inner = Inner()
        cached = CachedSynthesizer(inner)
        first, second = await say(cached, "bonjour", "oui"), await say(cached, "oui", "bonjour")
        assert [chunk.text for chunk in first] == ["bon", "jour", "o", "ui"]
        assert second == first[2:] + first[:2]
        assert (len(inner.asked), cached.hits, cached.misses) == (2, 2, 2)

    asyncio.run(main())


@pytest.mark.parametrize("other", [{"language": "en"}, {"voice": "v"}, {"speed": 1.1}])
def test_another_way_of_saying_it_is_another_sound(other: dict[str, object]) -> None:
    async def main() -> None:
        inner = Inner()
        cached = CachedSynthesizer(inner)
        await say(cached, "oui")
        await say(cached, "oui", **other)  # type: ignore[arg-type]  # one option of say
        assert len(inner.asked) == 2
        assert len(set(inner.asked)) == 2

    asyncio.run(main())


def test_the_first_chunk_comes_before_the_second_text_is_asked_for() -> None:
    async def main() -> None:
        cached = CachedSynthesizer(Inner())
        for _ in ("missed", "hit"):
            texts = Texts("bonjour", "oui")
            async with aclosing(cached.stream(texts, language="fr")) as chunks:
                await anext(chunks)
                await anext(chunks)
                assert texts.asked == 1

    asyncio.run(main())


def test_what_was_cancelled_half_way_is_not_kept_and_is_closed() -> None:
    async def main() -> None:
        inner = Inner()
        cached = CachedSynthesizer(inner)
        async with aclosing(cached.stream(Texts("bonjour"), language="fr")) as chunks:
            await anext(chunks)
        assert inner.closed_streams == 1
        assert [chunk.text for chunk in await say(cached, "bonjour")] == ["bon", "jour"]
        assert cached.hits == 0

    asyncio.run(main())


def test_an_error_is_not_kept() -> None:
    async def main() -> None:
        cached = CachedSynthesizer(Inner())
        for _ in range(2):
            with pytest.raises(BadInput):
                await say(cached, "oui", language="xx")
        assert (cached.hits, cached.misses) == (0, 2)

    asyncio.run(main())


def test_the_longest_unused_goes_first() -> None:
    async def main() -> None:
        inner = Inner()
        cached = CachedSynthesizer(inner, max_bytes=10 * BYTES_PER_LETTER)
        for text in ("aaaa", "bbbb", "aaaa", "cccc", "aaaa", "bbbb"):
            await say(cached, text)
        assert [text for text, *_ in inner.asked] == ["aaaa", "bbbb", "cccc", "bbbb"]

    asyncio.run(main())


def test_what_is_larger_than_the_whole_is_said_and_not_kept() -> None:
    async def main() -> None:
        inner = Inner()
        cached = CachedSynthesizer(inner, max_bytes=BYTES_PER_LETTER)
        for _ in range(2):
            assert len(await say(cached, "bonjour")) == 2
        assert len(inner.asked) == 2

    asyncio.run(main())


def test_the_same_text_at_the_same_time_is_counted_once() -> None:
    async def main() -> None:
        cached = CachedSynthesizer(Inner(), max_bytes=5 * BYTES_PER_LETTER)
        async with asyncio.TaskGroup() as group:
            for _ in range(5):
                group.create_task(say(cached, "oui"))
        before = cached.misses
        await say(cached, "oui")
        assert cached.misses == before

    asyncio.run(main())


def test_nothing_to_say_is_nothing() -> None:
    async def main() -> None:
        cached = CachedSynthesizer(Inner())
        assert await say(cached, "") == []
        assert await say(cached) == []

    asyncio.run(main())


def test_it_passes_for_what_it_wraps() -> None:
    async def main() -> None:
        inner = Inner()
        cached = CachedSynthesizer(inner)
        await cached.load()
        assert (inner.loads, cached.info, cached.rate_hz) == (1, inner.info, 8000)

    asyncio.run(main())


def test_closed_it_says_nothing_any_more_not_even_what_it_knew() -> None:
    async def main() -> None:
        cached = CachedSynthesizer(Inner())
        await say(cached, "oui")
        await cached.aclose()
        await cached.aclose()
        with pytest.raises(Unavailable):
            await say(cached, "oui")

    asyncio.run(main())


def test_closing_while_somebody_speaks_keeps_the_count_right() -> None:
    async def main() -> None:
        cached = CachedSynthesizer(Inner(), max_bytes=7 * BYTES_PER_LETTER)
        await say(cached, "bonjour")
        async with aclosing(cached.stream(Texts("oui"), language="fr")) as chunks:
            await anext(chunks)
            await cached.aclose()
            assert [chunk.text async for chunk in chunks] == ["ui"]

    asyncio.run(main())
