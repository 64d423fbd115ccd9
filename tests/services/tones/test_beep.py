"""What is a voicemail's beep and what only resembles it."""

from __future__ import annotations

import numpy as np
import pytest

from services.audio import Pcm, alaw_decode, alaw_encode, to_pcm
from services.tones.base import ToneEnded
from services.tones.beep import BeepDetector

RATE_HZ = 8_000


def tone(ms: float, *frequencies_hz: float, level: float = 0.2) -> Pcm:
    time_s = np.arange(round(ms * RATE_HZ / 1_000)) / RATE_HZ
    return to_pcm(sum((level * np.sin(2 * np.pi * hz * time_s) for hz in frequencies_hz), start=np.zeros(len(time_s))))


def hiss(ms: float, sigma: float = 10.0, seed: int = 0) -> Pcm:
    return np.random.default_rng(seed).normal(0, sigma, round(ms * RATE_HZ / 1_000)).astype(np.int16)


def heard(*pieces: Pcm) -> list[ToneEnded]:
    line = alaw_decode(alaw_encode(np.concatenate([hiss(500), *pieces, hiss(500, seed=1)])))
    detector = BeepDetector(RATE_HZ)
    return [event for start in range(0, len(line), 160) for event in detector.push(line[start : start + 160])]


@pytest.mark.parametrize("frequency_hz", [440, 480, 620, 850, 1_000, 1_400, 2_000])
@pytest.mark.parametrize("length_ms", [150, 400, 1_000, 2_400])
def test_a_pure_tone_alone_is_a_beep(frequency_hz: float, length_ms: float) -> None:
    (found,) = heard(tone(length_ms, frequency_hz))
    assert found.frequency_hz == pytest.approx(frequency_hz, abs=3)
    assert (found.end_sample - found.start_sample) / 8 == pytest.approx(length_ms, abs=20)


@pytest.mark.parametrize("level", [0.01, 0.05, 0.9])
def test_faint_and_loud_beeps_are_beeps(level: float) -> None:
    assert len(heard(tone(300, 1_000, level=level))) == 1


def test_a_beep_over_line_noise_12_db_below_is_a_beep() -> None:
    mixed = tone(400, 1_000).astype(np.float64) + hiss(400, sigma=0.2 / 2**0.5 * 32_768 / 4, seed=5)
    assert len(heard(to_pcm(mixed / 32_768))) == 1


def test_a_beep_that_fades_in_and_out_is_a_beep() -> None:
    ramp = np.minimum(np.arange(3_200), np.arange(3_200)[::-1]) / 240
    assert len(heard(to_pcm(tone(400, 700) / 32_768 * np.minimum(ramp, 1.0)))) == 1


def test_a_hole_of_40_ms_does_not_make_two_beeps() -> None:
    holed = tone(600, 1_000)
    holed[2_000:2_320] = 0
    (found,) = heard(holed)
    assert (found.end_sample - found.start_sample) / 8 == pytest.approx(600, abs=20)


@pytest.mark.parametrize(
    "frequencies_hz",
    [(697, 1_209), (941, 1_477), (770, 1_336), (350, 440), (440, 480), (480, 620)],
    ids=["DTMF 1", "DTMF #", "DTMF 5", "dial US", "ringback US", "busy US"],
)
@pytest.mark.parametrize("length_ms", [200, 500, 2_000])
def test_two_frequencies_at_once_are_no_beep(frequencies_hz: tuple[float, float], length_ms: float) -> None:
    assert heard(tone(length_ms, *frequencies_hz)) == []


@pytest.mark.parametrize(
    "shape", [(60, 1_000), (3_000, 1_000), (4_000, 440), (400, 300), (400, 2_100)], ids=lambda case: f"{case}"
)
def test_too_short_too_long_too_low_too_high(shape: tuple[float, float]) -> None:
    assert heard(tone(*shape)) == []


@pytest.mark.parametrize(
    ("frequency_hz", "on_ms"),
    [(425, 500), (425, 1_000), (425, 250), (440, 500), (440, 1_500), (1_100, 500)],
    ids=["busy 425", "ringback 425", "congestion 425", "busy FR", "ringback FR", "fax CNG"],
)
def test_network_tones_are_known_from_their_first_burst(frequency_hz: float, on_ms: float) -> None:
    assert heard(tone(on_ms, frequency_hz)) == []


def test_a_cadence_is_told_by_its_second_burst() -> None:
    burst, pause = tone(300, 900), hiss(700, seed=2)
    (found,) = heard(burst, pause, burst, pause, burst)
    assert found.start_sample < RATE_HZ


def test_a_beep_after_another_sort_of_beep_is_a_beep() -> None:
    assert len(heard(tone(300, 900), hiss(700, seed=2), tone(300, 1_400))) == 2


def test_special_information_tones_are_no_beep() -> None:
    assert heard(tone(330, 950), tone(330, 1_400), tone(330, 1_800)) == []


def test_a_melody_is_no_beep() -> None:
    notes = [523.3, 587.3, 659.3, 587.3, 523.3, 784.0]
    assert heard(*[tone(250, note) for note in notes]) == []


def test_a_tone_that_goes_on_as_another_sound_is_no_beep() -> None:
    assert heard(tone(300, 1_000), hiss(400, sigma=3_000, seed=6)) == []


def test_a_whistle_that_slides_is_no_beep() -> None:
    time_s = np.arange(4_000) / RATE_HZ
    assert heard(to_pcm(0.2 * np.sin(2 * np.pi * (800 + 400 * time_s) * time_s))) == []


def test_the_event_comes_soon_after_the_end() -> None:
    detector = BeepDetector(RATE_HZ)
    line = np.concatenate([hiss(500), tone(300, 1_000), hiss(500, seed=1)])
    for start in range(0, len(line), 160):
        if events := detector.push(line[start : start + 160]):
            break
    assert start + 160 - events[0].end_sample <= 0.15 * RATE_HZ
