"""The queue around Whisper, with a decoder that does as told."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from services.asr import faster_whisper
from services.asr.base import Transcript, Word
from services.asr.faster_whisper import FasterWhisper, windows_of
from services.asr.whisper_decoder import Decoded
from services.audio import Samples
from services.errors import BadInput, BadReply, Overloaded, Unavailable

RATE_HZ = 16_000
SECOND = np.zeros(RATE_HZ, np.float32)


class StubDecoder:
    """Says how long the audio was; waits at ``gate`` first; tells each arrival through ``arrived``."""

    def __init__(self) -> None:
        self.gate, self.arrived = threading.Event(), threading.Semaphore(0)
        self.gate.set()
        self.seen: list[tuple[int, str | None, str]] = []

    def decode(self, audio: Samples, language: str | None, prompt: str) -> Decoded:
        self.seen.append((len(audio), language, prompt))
        self.arrived.release()
        self.gate.wait()
        return Decoded(f"{len(self.seen)}", language or "fr", 0.1 * len(self.seen), (Word("mot", 10, 20, 0.9),))


@pytest.fixture
def decoder(monkeypatch: pytest.MonkeyPatch) -> StubDecoder:
    stub = StubDecoder()
    monkeypatch.setattr(faster_whisper, "load_decoder", lambda model_dir, settings: stub)
    return stub


def engine(**settings: Any) -> FasterWhisper:
    return FasterWhisper(Path("whisper-base"), **settings)


async def arrival(decoder: StubDecoder) -> None:
    await asyncio.to_thread(decoder.arrived.acquire)


def test_a_request_reaches_the_decoder_as_it_was_made(decoder: StubDecoder) -> None:
    async def ask() -> Transcript:
        whisper = engine(sha256="abc")
        found = await whisper.transcribe(SECOND, language="en", prompt="yes no")
        await whisper.aclose()
        assert (whisper.info.model, whisper.info.sha256) == ("whisper-base", "abc")
        return found

    found = asyncio.run(ask())
    assert decoder.seen == [(RATE_HZ, "en", "yes no")]
    assert (found.text, found.start_ms, found.end_ms, found.language) == ("1", 10, 20, "en")


def test_more_than_the_limit_waiting_is_overloaded(decoder: StubDecoder) -> None:
    async def crowd() -> None:
        whisper = engine(queue_limit=2)
        decoder.gate.clear()
        async with asyncio.TaskGroup() as group:
            group.create_task(whisper.transcribe(SECOND))
            await arrival(decoder)
            waiting = [group.create_task(whisper.transcribe(SECOND)) for _ in range(2)]
            await asyncio.sleep(0)
            with pytest.raises(Overloaded, match=r"2 requests wait.*queue_limit"):
                await whisper.transcribe(SECOND)
            waiting[0].cancel()
            await asyncio.wait(waiting[:1])
            after_cancel = group.create_task(whisper.transcribe(SECOND))
            await asyncio.sleep(0)
            decoder.gate.set()
        assert waiting[0].cancelled()
        assert after_cancel.result().text == "3"
        await whisper.aclose()

    asyncio.run(crowd())
    assert len(decoder.seen) == 3


def test_cancelling_a_decode_under_way_returns_at_once(decoder: StubDecoder) -> None:
    async def cancel() -> None:
        whisper = engine()
        decoder.gate.clear()
        async with asyncio.TaskGroup() as group:
            running = group.create_task(whisper.transcribe(SECOND))
            await arrival(decoder)
            running.cancel()
            await asyncio.wait([running])
            assert running.cancelled()
            decoder.gate.set()
        assert (await whisper.transcribe(SECOND)).text == "2"
        await whisper.aclose()

    asyncio.run(cancel())


def test_closing_turns_away_those_who_wait_and_finishes_the_one_under_way(decoder: StubDecoder) -> None:
    async def close() -> None:
        whisper = engine()
        decoder.gate.clear()
        async with asyncio.TaskGroup() as group:
            running = group.create_task(whisper.transcribe(SECOND))
            await arrival(decoder)
            waiting = group.create_task(refused(whisper))
            await asyncio.sleep(0)
            closing = group.create_task(whisper.aclose())
            await asyncio.sleep(0)
            decoder.gate.set()
        assert running.result().text == "1"
        assert "closed" in waiting.result()
        assert closing.done()

    async def refused(whisper: FasterWhisper) -> str:
        with pytest.raises(Unavailable) as caught:
            await whisper.transcribe(SECOND)
        return str(caught.value)

    asyncio.run(close())


def test_a_failed_load_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    stub, attempts = StubDecoder(), []

    def load(model_dir: Path, settings: object) -> StubDecoder:
        attempts.append(model_dir)
        if len(attempts) == 1:
            raise Unavailable("no such file")
        return stub

    async def ask_twice() -> None:
        whisper = engine()
        with pytest.raises(Unavailable, match="no such file"):
            await whisper.load()
        assert (await whisper.transcribe(SECOND)).text == "1"
        await whisper.load()
        await whisper.aclose()

    monkeypatch.setattr(faster_whisper, "load_decoder", load)
    asyncio.run(ask_twice())
    assert len(attempts) == 2


def test_a_failed_decode_fails_its_own_request_alone(decoder: StubDecoder, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(audio: Samples, language: str | None, prompt: str) -> Decoded:
        raise BadReply("Whisper failed")

    async def ask() -> None:
        whisper = engine()
        with monkeypatch.context() as patch:
            patch.setattr(decoder, "decode", fail)
            with pytest.raises(BadReply, match="Whisper failed"):
                await whisper.transcribe(SECOND)
        assert (await whisper.transcribe(SECOND)).text == "1"
        await whisper.aclose()

    asyncio.run(ask())


def test_long_audio_is_decoded_by_windows_in_one_language(decoder: StubDecoder) -> None:
    async def ask() -> Transcript:
        whisper = engine()
        found = await whisper.transcribe(np.zeros(70 * RATE_HZ, np.float32))
        await whisper.aclose()
        return found

    found = asyncio.run(ask())
    assert found.text == "1 2 3"
    assert [language for _, language, _ in decoder.seen] == [None, "fr", "fr"]
    assert sum(samples for samples, _, _ in decoder.seen) == 70 * RATE_HZ
    assert found.no_speech_probability == pytest.approx(0.1)
    first, second, _ = (word.start_ms for word in found.words)
    assert (first, second - decoder.seen[0][0] / 16) == (10, 10)


def test_a_long_audio_is_cut_where_it_is_quiet() -> None:
    audio = np.random.default_rng(0).normal(0, 0.1, 45 * RATE_HZ).astype(np.float32)
    audio[27 * RATE_HZ : int(27.3 * RATE_HZ)] = 0
    (start, first), (cut, second) = windows_of(audio)
    assert start == 0
    assert 27 * RATE_HZ <= cut <= 27.3 * RATE_HZ
    assert np.array_equal(np.concatenate([first, second]), audio)
    assert [len(window) for _, window in windows_of(audio[: 30 * RATE_HZ])] == [30 * RATE_HZ]


@pytest.mark.parametrize(
    "settings",
    [{"min_window_s": 0.0}, {"min_window_s": 31.0}, {"queue_limit": 0}, {"workers": 0}, {"languages": ()}],
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match="must be"):
        engine(**settings)
