"""Tones instead of words."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import numpy as np

from services.audio import AudioChunk, Pcm
from services.tts.tone import CHARS_PER_S, ToneSynthesizer


async def speak(text: str, rate_hz: int, voice: str = "") -> list[AudioChunk]:
    async def texts() -> AsyncIterator[str]:
        yield text

    return [chunk async for chunk in ToneSynthesizer(rate_hz=rate_hz).stream(texts(), language="en", voice=voice)]


def spectrum_peak_hz(pcm: Pcm, rate_hz: int) -> float:
    return float(np.argmax(np.abs(np.fft.rfft(pcm))) * rate_hz / len(pcm))


def test_the_length_is_that_of_speech() -> None:
    for rate_hz in (8000, 24_000):
        (chunk,) = asyncio.run(speak("the quick brown fox", rate_hz))
        assert chunk.rate_hz == rate_hz
        assert abs(chunk.duration_ms - 20 / CHARS_PER_S * 1000) < 5


def test_the_same_text_gives_the_same_samples() -> None:
    one, other = (asyncio.run(speak("the quick brown fox", 8000))[0].pcm for _ in range(2))
    assert np.array_equal(one, other)


def test_each_word_has_its_pitch_and_words_are_apart() -> None:
    pcm = asyncio.run(speak("monday tuesday", 8000))[0].pcm
    word, gap = round(6 / CHARS_PER_S * 8000), round(1 / CHARS_PER_S * 8000)
    assert not pcm[word : word + gap].any()
    assert abs(spectrum_peak_hz(pcm[:word], 8000) - spectrum_peak_hz(pcm[word + gap :], 8000)) > 5
    assert np.abs(pcm).max() < 16_384


def test_any_voice_can_be_asked_for_and_sounds_different() -> None:
    one, other = (asyncio.run(speak("good morning", 8000, voice))[0].pcm for voice in ("ff_siwis", "af_heart"))
    assert len(one) == len(other)
    assert not np.array_equal(one, other)
