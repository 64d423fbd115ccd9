"""One suite for every recogniser."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from services.asr.base import RATE_HZ, Recognizer, Transcript
from services.asr.faster_whisper import FasterWhisper
from services.asr.scripted import ScriptedRecognizer
from services.errors import BadInput, Unavailable

ENGINES = ["scripted", pytest.param("faster_whisper", marks=pytest.mark.models)]
HISS = np.random.default_rng(0).normal(0, 0.01, RATE_HZ).astype(np.float32)


def make(name: str, request: pytest.FixtureRequest) -> Recognizer:
    if name == "scripted":
        return ScriptedRecognizer(["oui"] * 100)
    models_dir: Path = request.getfixturevalue("models_dir")
    return FasterWhisper(models_dir / "whisper-base")


@pytest.fixture(scope="module", params=ENGINES)
def recognizer(request: pytest.FixtureRequest) -> Iterator[Recognizer]:
    engine = make(request.param, request)
    yield engine
    asyncio.run(engine.aclose())


def hear(engine: Recognizer, audio: np.ndarray, language: str | None = "fr") -> Transcript:
    return asyncio.run(engine.transcribe(audio, language=language))


def test_says_what_it_is(recognizer: Recognizer) -> None:
    assert recognizer.info.engine


def test_loading_twice_is_loading_once(recognizer: Recognizer) -> None:
    asyncio.run(recognizer.load())
    asyncio.run(recognizer.load())


@pytest.mark.parametrize("samples", [0, 1, 160, 1_599])
def test_audio_too_short_for_a_word_is_empty(recognizer: Recognizer, samples: int) -> None:
    found = hear(recognizer, HISS[:samples])
    assert (found.text, found.words, found.is_final) == ("", (), True)


@pytest.mark.parametrize("seconds", [0.1, 1.0, 12.3])
def test_any_length_gives_a_transcript_within_the_audio(recognizer: Recognizer, seconds: float) -> None:
    audio = np.resize(HISS, int(seconds * RATE_HZ))
    found = hear(recognizer, audio)
    assert 0 <= found.start_ms <= found.end_ms <= round(seconds * 1_000)
    assert found.language == "fr"
    assert 0.0 <= found.no_speech_probability <= 1.0
    assert found.compute_ms >= 0.0


def test_the_audio_given_is_left_as_it_was(recognizer: Recognizer) -> None:
    audio = HISS.copy()
    hear(recognizer, audio)
    assert np.array_equal(audio, HISS)


@pytest.mark.parametrize(
    "audio",
    [
        np.zeros(RATE_HZ, np.int16),
        np.zeros(RATE_HZ, np.float64),
        np.zeros((RATE_HZ, 1), np.float32),
        np.array(0.0, np.float32),
        np.full(RATE_HZ, np.nan, np.float32),
        np.full(RATE_HZ, np.inf, np.float32),
        [0.0] * RATE_HZ,
    ],
    ids=["int16", "float64", "2-D", "0-D", "nan", "inf", "list"],
)
def test_other_audio_is_refused(recognizer: Recognizer, audio: np.ndarray) -> None:
    with pytest.raises(BadInput, match=r"float32|finite"):
        hear(recognizer, audio)


@pytest.mark.parametrize("language", ["", "french", "FR", "é"])
def test_what_is_no_language_is_refused(recognizer: Recognizer, language: str) -> None:
    with pytest.raises(BadInput, match="language"):
        hear(recognizer, HISS, language)


def test_the_language_may_be_left_open(recognizer: Recognizer) -> None:
    assert hear(recognizer, HISS, None).language in {"fr", "en"}


def test_requests_at_once_all_get_an_answer(recognizer: Recognizer) -> None:
    async def four() -> list[Transcript]:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(recognizer.transcribe(HISS, language="fr")) for _ in range(4)]
        return [task.result() for task in tasks]

    assert len(asyncio.run(four())) == 4


def test_a_cancelled_request_raises_cancelled_and_the_next_one_is_served(recognizer: Recognizer) -> None:
    async def cancel_one() -> Transcript:
        async with asyncio.TaskGroup() as group:
            waiting = group.create_task(recognizer.transcribe(HISS, language="fr"))
            waiting.cancel()
        assert waiting.cancelled()
        return await recognizer.transcribe(HISS, language="fr")

    assert asyncio.run(cancel_one()).language == "fr"


@pytest.mark.parametrize("name", ENGINES)
def test_a_closed_engine_is_unavailable_and_may_be_closed_again(name: str, request: pytest.FixtureRequest) -> None:
    async def close_twice(engine: Recognizer) -> None:
        await engine.aclose()
        await engine.aclose()
        with pytest.raises(Unavailable, match="closed"):
            await engine.transcribe(HISS)
        with pytest.raises(Unavailable, match="closed"):
            await engine.load()

    asyncio.run(close_twice(make(name, request)))
