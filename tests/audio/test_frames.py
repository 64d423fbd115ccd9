"""Samples, milliseconds and levels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.audio import AudioChunk, frames_of, level_dbfs, ms_to_samples, samples_to_ms, to_float, to_pcm

EVERY = np.arange(-32768, 32768).astype(np.int16)


@pytest.mark.parametrize(
    ("ms", "rate_hz", "samples"), [(20, 8000, 160), (20, 22_050, 441), (0.06, 8000, 0), (0, 8000, 0)]
)
def test_milliseconds_to_samples(ms: float, rate_hz: int, samples: int) -> None:
    assert ms_to_samples(ms, rate_hz) == samples


@given(st.integers(0, 10**9), st.sampled_from([8000, 16_000, 22_050, 24_000, 48_000]))
def test_there_and_back(samples: int, rate_hz: int) -> None:
    assert ms_to_samples(samples_to_ms(samples, rate_hz), rate_hz) == samples


def test_floating_point_and_back_is_exact() -> None:
    assert np.array_equal(to_pcm(to_float(EVERY)), EVERY)
    assert to_float(EVERY).dtype == np.float32
    assert (to_float(EVERY).min(), to_float(EVERY).max()) == (-1.0, 32767 / 32768)


def test_beyond_full_scale_is_clipped() -> None:
    assert to_pcm(np.array([1.0, -1.0, 9.0, -9.0])).tolist() == [32767, -32768, 32767, -32768]


@pytest.mark.parametrize(
    ("pcm", "level"), [([], -120), ([0, 0], -120), ([-32768, -32768], 0), ([3277, -3277], -20), ([1], -90.3)]
)
def test_levels(pcm: list[int], level: float) -> None:
    assert level_dbfs(np.array(pcm, np.int16)) == pytest.approx(level, abs=0.01)


@given(st.integers(0, 1000))
def test_frames_are_whole_and_lose_nothing(length: int) -> None:
    pcm = np.arange(1, length + 1, dtype=np.int16)
    frames = list(frames_of(pcm, 8000))
    assert all(len(frame) == 160 for frame in frames)
    joined = np.concatenate([np.zeros(0, np.int16), *frames])
    assert np.array_equal(joined[:length], pcm)
    assert not joined[length:].any()
    assert len(frames) == -(-length // 160)


def test_how_long_a_chunk_is() -> None:
    assert AudioChunk(np.zeros(12_000, np.int16), 24_000).duration_ms == 500
