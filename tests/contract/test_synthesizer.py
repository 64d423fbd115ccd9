"""What every synthesiser keeps to, the real one included."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import aclosing
from functools import cache

import numpy as np
import pytest

from services.audio import AudioChunk, level_dbfs
from services.errors import BadInput, Unavailable
from services.models import default_folder
from services.tts.base import Synthesizer
from services.tts.kokoro_onnx import KokoroOnnx
from services.tts.tone import ToneSynthesizer


def kokoro() -> Synthesizer:
    folder = default_folder()
    weights = sorted((folder / "kokoro-int8").glob("*.onnx"))
    assert weights, f"no Kokoro model in {folder}: run `allobot models pull`"
    return KokoroOnnx(weights[0], folder / "kokoro-voices")


BUILDERS = {"tone": ToneSynthesizer, "kokoro_onnx": kokoro}
ENGINES = [pytest.param("tone"), pytest.param("kokoro_onnx", marks=pytest.mark.models)]


@cache
def shared(name: str) -> Synthesizer:
    """One engine for the whole file: loading is what takes time."""
    return BUILDERS[name]()


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Synthesizer:
    return shared(request.param)


class Texts:
    """An iterator of texts that keeps count of what was asked of it."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._texts = iter(texts)
        self.asked = 0

    def __aiter__(self) -> AsyncIterator[str]:
        return self

    async def __anext__(self) -> str:
        self.asked += 1
        for text in self._texts:
            return text
        raise StopAsyncIteration


async def spoken(engine: Synthesizer, *texts: str, language: str = "en", speed: float = 1.0) -> list[AudioChunk]:
    async with aclosing(engine.stream(Texts(texts), language=language, speed=speed)) as chunks:
        return [chunk async for chunk in chunks]


def test_it_says_who_it_is(engine: Synthesizer) -> None:
    assert engine.info.engine in BUILDERS
    assert engine.rate_hz in {8000, 16_000, 24_000}


def test_loading_may_come_first_and_twice(engine: Synthesizer) -> None:
    async def scenario() -> None:
        await engine.load()
        await engine.load()

    asyncio.run(scenario())


@pytest.mark.parametrize(("language", "text"), [("fr", "Bonjour, il est 14h30."), ("en", "Hello there.")])
def test_a_text_becomes_sound(engine: Synthesizer, language: str, text: str) -> None:
    chunks = asyncio.run(spoken(engine, text, language=language))
    assert " ".join(chunk.text for chunk in chunks) == text
    for chunk in chunks:
        assert chunk.pcm.dtype == np.int16
        assert chunk.pcm.ndim == 1
        assert chunk.rate_hz == engine.rate_hz
        assert level_dbfs(chunk.pcm) > -40
        assert chunk.duration_ms > 20 * len(chunk.text)


def test_the_first_sound_comes_before_the_second_text_is_asked_for(engine: Synthesizer) -> None:
    async def scenario() -> None:
        texts = Texts(["One moment.", "I am looking."])
        async with aclosing(engine.stream(texts, language="en")) as chunks:
            assert (await anext(chunks)).text == "One moment."
            assert texts.asked == 1
            assert (await anext(chunks)).text == "I am looking."
            assert texts.asked == 2
            with pytest.raises(StopAsyncIteration):
                await anext(chunks)

    asyncio.run(scenario())


def test_clauses_come_in_order(engine: Synthesizer) -> None:
    chunks = asyncio.run(spoken(engine, "Good morning. This is the garage. How are you?", "Goodbye."))
    assert [chunk.text for chunk in chunks] == ["Good morning.", "This is the garage.", "How are you?", "Goodbye."]


def test_closing_stops_between_two_chunks(engine: Synthesizer) -> None:
    async def scenario() -> None:
        texts = Texts(["One.", "Two.", "Three."])
        chunks = engine.stream(texts, language="en")
        await anext(chunks)
        await chunks.aclose()
        assert texts.asked == 1
        assert [chunk.text for chunk in await spoken(engine, "Four.")] == ["Four."]

    asyncio.run(scenario())


def test_a_cancelled_task_leaves_the_engine_usable(engine: Synthesizer) -> None:
    async def scenario() -> None:
        begun = asyncio.Event()

        async def texts() -> AsyncIterator[str]:
            yield "One."
            begun.set()
            await asyncio.Event().wait()

        async def listen() -> None:
            async with aclosing(engine.stream(texts(), language="en")) as chunks:
                async for _ in chunks:
                    pass

        async with asyncio.TaskGroup() as tg:
            listener = tg.create_task(listen())
            await begun.wait()
            listener.cancel()
        assert listener.cancelled()
        assert await spoken(engine, "Two.")

    asyncio.run(scenario())


def test_two_calls_at_a_time_get_their_own_words(engine: Synthesizer) -> None:
    async def scenario() -> None:
        async with asyncio.TaskGroup() as tg:
            one = tg.create_task(spoken(engine, "One.", "Two."))
            other = tg.create_task(spoken(engine, "Un.", "Deux.", language="fr"))
        assert [chunk.text for chunk in one.result()] == ["One.", "Two."]
        assert [chunk.text for chunk in other.result()] == ["Un.", "Deux."]

    asyncio.run(scenario())


def test_what_has_no_sound_gives_no_chunk(engine: Synthesizer) -> None:
    assert asyncio.run(spoken(engine, "", "  \n", "?!", "😀", "**", "…")) == []
    assert asyncio.run(spoken(engine)) == []


def test_speed_shortens(engine: Synthesizer) -> None:
    slow, fast = (asyncio.run(spoken(engine, "Good morning.", speed=speed)) for speed in (0.8, 1.6))
    assert sum(len(chunk.pcm) for chunk in fast) < sum(len(chunk.pcm) for chunk in slow)


@pytest.mark.parametrize(
    ("language", "voice", "speed", "message"),
    [("de", "", 1.0, "en, fr"), ("en", "../x", 1.0, "use "), ("en", "", 0.0, "speed")],
)
def test_what_it_cannot_say_is_refused(
    engine: Synthesizer, language: str, voice: str, speed: float, message: str
) -> None:
    async def scenario() -> None:
        texts = Texts(["One."])
        with pytest.raises(BadInput, match=message):
            await anext(engine.stream(texts, language=language, voice=voice, speed=speed))
        assert texts.asked == 0

    asyncio.run(scenario())


@pytest.mark.parametrize("name", ENGINES)
def test_a_closed_engine_is_unavailable(name: str) -> None:
    async def scenario() -> None:
        closed = BUILDERS[name]()
        await closed.aclose()
        await closed.aclose()
        with pytest.raises(Unavailable, match="closed"):
            await spoken(closed, "One.")

    asyncio.run(scenario())
