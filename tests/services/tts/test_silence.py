"""The margin of silence around a clause."""

from __future__ import annotations

import numpy as np
import pytest

from services.audio import Samples
from services.tts.silence import LEAD_MS, TAIL_MS, trim

RATE_HZ = 24_000


def clause(lead_ms: int, tail_ms: int, noise: float = 0.0) -> Samples:
    voice = 0.3 * np.sin(2 * np.pi * 150 * np.arange(RATE_HZ // 2) / RATE_HZ)
    samples = np.concatenate([np.zeros(lead_ms * RATE_HZ // 1000), voice, np.zeros(tail_ms * RATE_HZ // 1000)])
    return (samples + noise * np.random.default_rng(1).standard_normal(len(samples))).astype(np.float32)


@pytest.mark.parametrize("noise", [0.0, 0.0005])
def test_long_silence_is_cut_to_the_margin(noise: float) -> None:
    assert len(trim(clause(300, 400, noise), RATE_HZ)) == (LEAD_MS + 500 + TAIL_MS) * RATE_HZ // 1000


def test_short_silence_stays() -> None:
    assert len(trim(clause(10, 20), RATE_HZ)) == 530 * RATE_HZ // 1000


@pytest.mark.parametrize("samples", [np.zeros(0, np.float32), np.zeros(5000, np.float32)])
def test_without_a_sound_nothing_is_left(samples: Samples) -> None:
    assert len(trim(samples, RATE_HZ)) == 0
