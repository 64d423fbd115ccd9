"""Kokoro's queue and its errors, with a model that waits to be let go; the real one in the last tests."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import numpy as np
import pytest
from kokoro_onnx.config import DEFAULT_VOCAB
from kokoro_onnx.tokenizer import Tokenizer
from numpy.typing import NDArray

import services.tts.kokoro_onnx as module
from services.audio import AudioChunk, Samples
from services.errors import BadInput, Overloaded, Unavailable
from services.models import default_folder
from services.tts.kokoro_onnx import RATE_HZ, KokoroOnnx, mix_of
from services.tts.silence import SENTENCE_PAUSE_MS


class SlowModel:
    """Says 100 ms for any text, each when a permit is given."""

    def __init__(self) -> None:
        self.styles = {"ff_siwis": np.zeros((510, 1, 256), np.float32), "af_heart": np.zeros((510, 1, 256), np.float32)}
        self.permits, self._begun = threading.Semaphore(0), threading.Semaphore(0)
        self.asked: list[str] = []

    async def begun(self) -> None:
        """Waits until the next text is being said."""
        await asyncio.to_thread(self._begun.acquire)

    def speak(self, text: str, voice: object, speed: float) -> Samples:
        self.asked.append(text)
        self._begun.release()
        self.permits.acquire()
        return np.full(RATE_HZ // 10, 0.1, np.float32)


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> SlowModel:
    model = SlowModel()
    monkeypatch.setattr(module, "_load", lambda *_: model)
    return model


async def once(text: str) -> AsyncIterator[str]:
    yield text


def engine(queue_limit: int = 16) -> KokoroOnnx:
    return KokoroOnnx(Path("kokoro.onnx"), Path("voices"), sha256="abc", queue_limit=queue_limit)


def test_the_next_clause_is_made_while_the_first_is_consumed(slow: SlowModel) -> None:
    async def scenario() -> None:
        kokoro = engine()
        slow.permits.release()
        async with aclosing(kokoro.stream(once("It is noted. See you soon. Good bye."), language="en")) as chunks:
            assert (await anext(chunks)).text == "It is noted."
            await slow.begun()
            await slow.begun()
            slow.permits.release(2)
            assert [chunk.text async for chunk in chunks] == ["See you soon.", "Good bye."]
        assert kokoro.info.sha256 == "abc"
        await kokoro.aclose()

    asyncio.run(scenario())


def test_closing_a_stream_takes_its_waiting_clause_back(slow: SlowModel) -> None:
    async def scenario() -> None:
        kokoro = engine()
        chunks = kokoro.stream(once("It is noted. See you soon."), language="en")
        other = kokoro.stream(once("Hello to you."), language="en")
        slow.permits.release()
        await anext(chunks)
        await slow.begun()
        async with asyncio.TaskGroup() as tg:
            waiting = tg.create_task(anext(other))
            await slow.begun()
            waiting.cancel()
        await chunks.aclose()
        slow.permits.release()
        await kokoro.aclose()
        assert slow.asked == ["It is noted.", "See you soon."]

    asyncio.run(scenario())


def test_a_full_queue_is_overloaded_and_does_without_looking_ahead(slow: SlowModel) -> None:
    async def scenario() -> None:
        kokoro = engine(queue_limit=1)
        await kokoro.load()
        async with asyncio.TaskGroup() as tg:
            first = tg.create_task(collect(kokoro, "It is noted. See you soon."))
            await slow.begun()
            with pytest.raises(Overloaded, match="queue_limit"):
                await collect(kokoro, "Hello.")
            slow.permits.release(2)
        assert [chunk.text for chunk in first.result()] == ["It is noted.", "See you soon."]
        await kokoro.aclose()

    asyncio.run(scenario())


def test_closing_the_engine_fails_what_waits(slow: SlowModel) -> None:
    async def scenario() -> None:
        kokoro = engine()
        await kokoro.load()
        async with asyncio.TaskGroup() as tg:
            waiting = tg.create_task(collect(kokoro, "Hello."))
            late = tg.create_task(outcome(kokoro, "Good bye."))
            await slow.begun()
            closing = tg.create_task(kokoro.aclose())
            await asyncio.sleep(0)
            slow.permits.release()
        assert [chunk.text for chunk in waiting.result()] == ["Hello."]
        assert isinstance(late.result(), Unavailable)
        assert closing.done()

    asyncio.run(scenario())


async def collect(kokoro: KokoroOnnx, text: str, language: str = "en", voice: str = "") -> list[AudioChunk]:
    async with aclosing(kokoro.stream(once(text), language=language, voice=voice)) as chunks:
        return [chunk async for chunk in chunks]


async def outcome(kokoro: KokoroOnnx, text: str) -> Exception | None:
    try:
        await collect(kokoro, text)
    except Unavailable as error:
        return error
    return None


@pytest.fixture
def voices(tmp_path: Path) -> Path:
    folder = tmp_path / "voices"
    folder.mkdir()
    np.zeros((510, 1, 256), "<f4").tofile(folder / "af_heart.bin")
    return folder


@pytest.mark.parametrize("content", [b"", b"not a model", b"\x08\x0a" * 5000])
def test_a_damaged_model_is_named(tmp_path: Path, voices: Path, content: bytes) -> None:
    model = tmp_path / "kokoro.onnx"
    model.write_bytes(content)
    with pytest.raises(Unavailable, match=r"kokoro\.onnx.*allobot models verify"):
        asyncio.run(KokoroOnnx(model, voices).load())


def test_a_missing_model_is_named(tmp_path: Path, voices: Path) -> None:
    with pytest.raises(Unavailable, match=r"none\.onnx.*allobot models pull"):
        asyncio.run(KokoroOnnx(tmp_path / "none.onnx", voices).load())


def test_missing_voices_are_named(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"nowhere.*allobot models pull"):
        asyncio.run(KokoroOnnx(tmp_path / "none.onnx", tmp_path / "nowhere").load())


@pytest.mark.parametrize("content", [b"", b"\0" * 1000, np.full(510 * 256, np.nan, "<f4").tobytes()])
def test_a_damaged_voice_is_named(tmp_path: Path, voices: Path, content: bytes) -> None:
    (voices / "ff_siwis.bin").write_bytes(content)
    with pytest.raises(Unavailable, match=r"ff_siwis\.bin.*allobot models verify"):
        asyncio.run(KokoroOnnx(tmp_path / "none.onnx", voices).load())


def test_settings_are_checked() -> None:
    with pytest.raises(BadInput, match="queue_limit"):
        engine(queue_limit=0)


def real() -> KokoroOnnx:
    folder = default_folder()
    weights = sorted((folder / "kokoro-int8").glob("*.onnx"))
    assert weights, f"no Kokoro model in {folder}: run `allobot models pull`"
    return KokoroOnnx(weights[0], folder / "kokoro-voices")


def longest_gap_ms(samples: Samples) -> int:
    frames = samples[: len(samples) // 240 * 240].reshape(-1, 240).astype(np.float64)
    levels = np.sqrt(np.mean(np.square(frames), axis=1))
    quiet = "".join("q" if level < levels.max() / 125 else " " for level in levels)
    return 10 * max(map(len, quiet.split()), default=0)


@pytest.mark.models
def test_clauses_of_a_sentence_join_without_a_hole() -> None:
    kokoro = real()
    one, two = asyncio.run(collect(kokoro, "Votre rendez-vous est confirmé, vous pouvez venir demain.", "fr"))
    joint = np.concatenate([one.pcm[-RATE_HZ // 4 :], two.pcm[: RATE_HZ // 4]]).astype(np.float32)
    assert longest_gap_ms(joint) <= 120
    assert longest_gap_ms(two.pcm.astype(np.float32)) >= SENTENCE_PAUSE_MS
    with pytest.raises(BadInput, match="ff_siwis"):
        asyncio.run(collect(kokoro, "Oui.", "fr", voice="nobody"))
    asyncio.run(kokoro.aclose())


class CountingSession:
    """Stands for the network: 100 ms of sound for any phonemes."""

    def __init__(self) -> None:
        self.tokens: list[list[int]] = []

    def run(self, outputs: None, feeds: dict[str, NDArray[np.generic]]) -> list[Samples]:
        self.tokens.append(feeds["tokens"][0].tolist())
        return [np.full(RATE_HZ // 10, 0.1, np.float32)]


@pytest.fixture
def counting() -> tuple[module._Model, CountingSession]:
    session = CountingSession()
    return module._Model(session, Tokenizer(), {}), session


VOICE = module._Voice(np.zeros((510, 1, 256), np.float32), "fr-fr")


def test_more_phonemes_than_the_network_takes_are_said_in_parts(
    counting: tuple[module._Model, CountingSession],
) -> None:
    model, session = counting
    assert len(model.speak("soixante-dix-sept " * 60, VOICE, 1.0)) == len(session.tokens) * RATE_HZ // 10
    assert len(session.tokens) > 1
    assert max(map(len, session.tokens)) <= 512


def test_foreign_words_bring_no_language_marks(counting: tuple[module._Model, CountingSession]) -> None:
    model, session = counting
    model.speak("le weekend", VOICE, 1.0)
    assert not {DEFAULT_VOCAB["("], DEFAULT_VOCAB[")"]} & set(session.tokens[0])


@pytest.mark.parametrize("text", ["", "!", "— …"])
def test_what_espeak_cannot_say_is_nothing(text: str, counting: tuple[module._Model, CountingSession]) -> None:
    model, session = counting
    assert len(model.speak(text, VOICE, 1.0)) == 0
    assert session.tokens == []


@pytest.mark.parametrize(
    ("name", "shares"),
    [
        ("ff_siwis", {"ff_siwis": 1.0}),
        ("a+b", {"a": 0.5, "b": 0.5}),
        ("a*3 + b*1", {"a": 0.75, "b": 0.25}),
        ("a+a+b", {"a": 2 / 3, "b": 1 / 3}),
    ],
)
def test_a_voice_may_be_a_mix(name: str, shares: dict[str, float]) -> None:
    assert mix_of(name) == shares


@pytest.mark.parametrize("name", ["a*x", "a*0", "a*-1+b", "a*nan", "a*inf"])
def test_a_mix_of_another_form_is_refused(name: str) -> None:
    with pytest.raises(BadInput, match="mix voices"):
        mix_of(name)
