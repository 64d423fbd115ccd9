"""What the contract suites share: where the models are, and voices to listen to."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.signal import lfilter

from services.audio import Pcm, Samples, alaw_decode, alaw_encode, resample, to_float, to_pcm
from services.models import default_folder
from services.tts.kokoro_onnx import KokoroOnnx

sys.path.append(str(Path(__file__).parents[1] / "lab" / "switch"))

FORMANTS_HZ = [(700, 1220, 2600), (300, 870, 2240), (270, 2290, 3010), (530, 1840, 2480), (400, 800, 2600)]
BANDWIDTHS_HZ = (80, 100, 140)


@dataclass(frozen=True, slots=True)
class Sentence:
    """What a person says on the phone."""

    language: str
    text: str
    audio: Samples
    """float32 at 16 kHz, through 8 kHz A-law"""


@pytest.fixture(scope="session")
def models_dir() -> Path:
    """The folder with the real models; without them the test fails."""
    folder = default_folder()
    if not folder.is_dir():
        pytest.fail(f"{folder}: no models there; run `allobot models pull` (or set ALLOBOT_MODELS)")
    return folder


@pytest.fixture(scope="session")
def babble() -> Callable[[int], Pcm]:
    """rate_hz → 1.7 s of eight syllables: a pulse train through three formants. It passes for a voice."""

    def vowel(rate_hz: int, formants_hz: tuple[int, int, int], rng: np.random.Generator) -> Samples:
        count = round(0.18 * rate_hz)
        time_s = np.arange(count) / rate_hz
        pitch_hz = np.linspace(125, 105, count) * (1 + 0.03 * np.sin(2 * np.pi * 5 * time_s))
        wave = rng.normal(0, 0.01, count)
        wave[np.flatnonzero(np.diff(np.floor(np.cumsum(pitch_hz / rate_hz))))] += 1
        for formant_hz, width_hz in zip(formants_hz, BANDWIDTHS_HZ, strict=True):
            radius = np.exp(-np.pi * width_hz / rate_hz)
            turn = 2 * np.pi * formant_hz / rate_hz
            wave = lfilter([1 - radius], [1, -2 * radius * np.cos(turn), radius * radius], wave)
        return np.asarray(wave / np.abs(wave).max() * np.hanning(count) ** 0.3, np.float32)

    def speak(rate_hz: int) -> Pcm:
        rng = np.random.default_rng(0)
        pieces: list[NDArray[np.floating]] = []
        for index in range(8):
            pieces += [vowel(rate_hz, FORMANTS_HZ[index % 5], rng), rng.normal(0, 0.05, round(0.03 * rate_hz))]
        return to_pcm(0.3 * np.concatenate(pieces))

    return speak


async def _once(text: str) -> AsyncIterator[str]:
    yield text


async def _speak(models_dir: Path) -> list[Sentence]:
    kokoro = KokoroOnnx(models_dir / "kokoro-int8" / "kokoro-v1.0.int8.onnx", models_dir / "kokoro-voices")
    sentences = []
    for language, text in (("fr", "Bonjour, je voudrais prendre un rendez-vous."), ("en", "Can you call me tomorrow?")):
        chunks = [chunk async for chunk in kokoro.stream(_once(text), language=language)]
        pcm = resample(np.concatenate([chunk.pcm for chunk in chunks]), kokoro.rate_hz, 8_000)
        line = resample(alaw_decode(alaw_encode(pcm)), 8_000, 16_000)
        sentences.append(Sentence(language, text, to_float(line)))
    await kokoro.aclose()
    return sentences


@pytest.fixture(scope="session")
def sentences(models_dir: Path) -> list[Sentence]:
    """One French and one English sentence, spoken by a real model, as heard on the line."""
    return asyncio.run(_speak(models_dir))
