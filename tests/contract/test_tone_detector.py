"""One suite for every tone detector."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import pytest

from services.audio import Pcm, alaw_decode, alaw_encode, to_pcm
from services.errors import BadInput
from services.tones.base import ToneDetector, ToneEnded
from services.tones.beep import BeepDetector

RATES_HZ = [8_000, 16_000]

Open = Callable[[int], ToneDetector]


@pytest.fixture(params=["beep"])
def open_detector() -> Open:
    return lambda rate_hz: BeepDetector(rate_hz)


def hiss(rate_hz: int, seconds: float, seed: int = 0) -> Pcm:
    return np.random.default_rng(seed).normal(0, 10, int(seconds * rate_hz)).astype(np.int16)


def beep(rate_hz: int, seconds: float, frequency_hz: float = 1_000.0) -> Pcm:
    return to_pcm(0.2 * np.sin(2 * np.pi * frequency_hz * np.arange(int(seconds * rate_hz)) / rate_hz))


def listen(detector: ToneDetector, pcm: Pcm, sizes: Iterable[int]) -> list[ToneEnded]:
    events, start = [], 0
    for size in sizes:
        events += detector.push(pcm[start : start + size])
        start += size
    return events


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_a_beep_is_found_once_where_it_is(open_detector: Open, rate_hz: int) -> None:
    pcm = np.concatenate([hiss(rate_hz, 0.7), beep(rate_hz, 0.4), hiss(rate_hz, 0.5, 1)])
    detector = open_detector(rate_hz)
    (found,) = listen(detector, pcm, [rate_hz // 50] * 80)
    assert detector.rate_hz == rate_hz
    assert abs(found.start_sample - 0.7 * rate_hz) <= 0.02 * rate_hz
    assert abs(found.end_sample - 1.1 * rate_hz) <= 0.02 * rate_hz
    assert found.frequency_hz == pytest.approx(1_000, abs=5)


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_any_chunking_gives_the_same_events(open_detector: Open, rate_hz: int) -> None:
    pcm = np.concatenate([hiss(rate_hz, 0.3), beep(rate_hz, 0.3), hiss(rate_hz, 1.0, 1), beep(rate_hz, 0.6, 700.0)])
    pcm = np.concatenate([pcm, hiss(rate_hz, 0.5, 2)])
    sizes = np.random.default_rng(3).integers(0, 700, 10_000)
    expected = listen(open_detector(rate_hz), pcm, [len(pcm)])
    assert [round(tone.frequency_hz, -1) for tone in expected] == [1_000, 700]
    assert listen(open_detector(rate_hz), pcm, sizes.tolist()) == expected
    assert listen(open_detector(rate_hz), pcm, [rate_hz // 50] * 200) == expected


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_a_voice_a_noise_and_silence_are_no_beep(
    open_detector: Open, babble: Callable[[int], Pcm], rate_hz: int
) -> None:
    noise = np.random.default_rng(4).normal(0, 3_000, 5 * rate_hz).astype(np.int16)
    silence = alaw_decode(alaw_encode(np.zeros(rate_hz, np.int16)))
    for pcm in (babble(rate_hz), noise, silence, np.zeros(rate_hz, np.int16)):
        sound = np.concatenate([pcm, hiss(rate_hz, 0.5)])
        assert listen(open_detector(rate_hz), sound, [len(sound)]) == []


def test_no_sound_makes_it_raise(open_detector: Open) -> None:
    loudest = np.full(4_000, -32_768, np.int16)
    one_step = np.ones(4_000, np.int16)
    click = np.zeros(4_000, np.int16)
    click[2_000] = 32_767
    detector = open_detector(8_000)
    for pcm in (loudest, -(loudest + 1), one_step, click, np.zeros(0, np.int16), beep(8_000, 0.2, 3_999.0)):
        assert listen(detector, pcm, [160] * (len(pcm) // 160)) == []


def test_a_rate_it_cannot_take_is_refused(open_detector: Open) -> None:
    with pytest.raises(BadInput, match="Hz"):
        open_detector(0)
