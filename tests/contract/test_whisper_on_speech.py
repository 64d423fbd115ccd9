"""Whisper on sentences heard over a telephone line, with the real model."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from services.asr.base import RATE_HZ, Transcript
from services.asr.faster_whisper import FasterWhisper
from services.errors import BadInput

pytestmark = pytest.mark.models


@pytest.fixture(scope="module")
def whisper(models_dir: Path) -> Iterator[FasterWhisper]:
    engine = FasterWhisper(models_dir / "whisper-base", words=True)
    yield engine
    asyncio.run(engine.aclose())


def hear(engine: FasterWhisper, audio: np.ndarray, language: str | None = None, prompt: str = "") -> Transcript:
    return asyncio.run(engine.transcribe(audio, language=language, prompt=prompt))


def plain(text: str) -> list[str]:
    return re.sub(r"[^\w\s]", " ", text.lower()).split()


def test_the_sentences_come_back(whisper: FasterWhisper, sentences: list[Any]) -> None:
    for sentence in sentences:
        found = hear(whisper, sentence.audio, sentence.language)
        assert plain(found.text) == plain(sentence.text)


def test_the_language_is_detected(whisper: FasterWhisper, sentences: list[Any]) -> None:
    for sentence in sentences:
        found = hear(whisper, sentence.audio)
        assert found.language == sentence.language
        assert plain(found.text) == plain(sentence.text)


def test_words_follow_the_text_and_lie_within_the_audio(whisper: FasterWhisper, sentences: list[Any]) -> None:
    for sentence in sentences:
        silence = np.zeros(RATE_HZ, np.float32)
        found = hear(whisper, np.concatenate([silence, sentence.audio, silence]), sentence.language)
        assert " ".join(word.text for word in found.words) == found.text
        times = [time_ms for word in found.words for time_ms in (word.start_ms, word.end_ms)]
        assert times == sorted(times)
        assert all(0.0 <= word.probability <= 1.0 for word in found.words)
        assert 900 <= found.start_ms <= 1_200
        assert 300 <= found.end_ms - 1_000 <= len(sentence.audio) / 16


def test_audio_beyond_30_s_keeps_both_ends(whisper: FasterWhisper, sentences: list[Any]) -> None:
    sentence = sentences[1]
    gap = np.random.default_rng(0).normal(0, 1e-4, 33 * RATE_HZ).astype(np.float32)
    found = hear(whisper, np.concatenate([sentence.audio, gap, sentence.audio]), sentence.language)
    assert plain(found.text) == plain(sentence.text) * 2
    assert found.end_ms > 33_000


def test_a_prompt_is_not_part_of_the_text(whisper: FasterWhisper, sentences: list[Any]) -> None:
    sentence = sentences[1]
    for prompt in ("Monday, Tuesday, tomorrow.", "word " * 2_000):
        assert plain(hear(whisper, sentence.audio, "en", prompt).text) == plain(sentence.text)


def test_silence_and_hiss_say_nothing(whisper: FasterWhisper) -> None:
    hiss = np.random.default_rng(0).normal(0, 0.003, 3 * RATE_HZ).astype(np.float32)
    for audio in (np.zeros(3 * RATE_HZ, np.float32), hiss):
        found = hear(whisper, audio, "fr")
        assert (found.text, found.words) == ("", ())
        assert found.no_speech_probability > 0.5


@pytest.mark.parametrize("language", ["xx", "zz", "qqq"])
def test_a_language_that_it_does_not_know_is_refused(whisper: FasterWhisper, language: str) -> None:
    with pytest.raises(BadInput, match=language):
        hear(whisper, np.zeros(RATE_HZ, np.float32), language)


def test_four_calls_at_once_get_their_own_words(whisper: FasterWhisper, sentences: list[Any]) -> None:
    async def four() -> list[Transcript]:
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(whisper.transcribe(sentence.audio, language=sentence.language))
                for sentence in [*sentences, *sentences]
            ]
        return [task.result() for task in tasks]

    for sentence, found in zip([*sentences, *sentences], asyncio.run(four()), strict=True):
        assert plain(found.text) == plain(sentence.text)
