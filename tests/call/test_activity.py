"""Intervals of both sides, on signals whose truth is known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from robot.call.activity import Interval, robot_intervals, silences, speech_intervals
from services.audio import Pcm, alaw_decode, alaw_encode
from services.vad.base import SpeechEnded, SpeechStarted, VoiceEvent

RATE_HZ = 8000
LEVEL = 3000.0
Spans = Sequence[tuple[float, float]]


def voice(samples: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Harmonics of 140 Hz, opening and closing at the pace of syllables."""
    t = np.arange(samples) / RATE_HZ
    tone = sum((np.sin(2 * np.pi * 140 * k * t + rng.uniform(0, 6)) / k for k in range(1, 20)), np.zeros(samples))
    sound = tone * (0.15 + 0.85 * np.abs(np.sin(2 * np.pi * 3.3 * t + 0.9)))
    return np.asarray(sound * LEVEL / np.sqrt(np.mean(sound**2)))


def line(spans: Spans, total_s: float, *, snr_db: float | None, kind: str = "voice", seed: int = 1) -> Pcm:
    rng = np.random.default_rng(seed)
    out = np.zeros(round(total_s * RATE_HZ))
    for start, end in spans:
        at, size = round(start * RATE_HZ), round((end - start) * RATE_HZ)
        tone = LEVEL * np.sqrt(2) * np.sin(2 * np.pi * 440 * np.arange(size) / RATE_HZ)
        out[at : at + size] += voice(size, rng) if kind == "voice" else tone
    if snr_db is not None:
        out += rng.normal(0, LEVEL / 10 ** (snr_db / 20), len(out))
    return np.clip(out, -32768, 32767).astype(np.int16)


def assert_near(found: Sequence[Interval], spans: Spans, within_ms: float) -> None:
    assert len(found) == len(spans)
    for interval, (start, end) in zip(found, spans, strict=True):
        assert interval.start_ms == pytest.approx(start * 1000, abs=within_ms)
        assert interval.end_ms == pytest.approx(end * 1000, abs=within_ms)


SPOKEN = ((0.613, 1.2), (2.02, 4.507), (5.1, 5.4), (7.333, 10.0), (11.2, 11.45))


@pytest.mark.parametrize("kind", ["voice", "tone"])
@pytest.mark.parametrize("snr_db", [None, 40, 20, 12])
def test_a_callers_speech_is_found_within_20_ms(kind: str, snr_db: float | None) -> None:
    for seed in range(5):
        found = speech_intervals(line(SPOKEN, 12.3, snr_db=snr_db, kind=kind, seed=seed), RATE_HZ)
        assert_near(found, SPOKEN, 20)


def test_it_is_found_through_a_telephone_codec_and_from_any_start() -> None:
    heard = alaw_decode(alaw_encode(line(SPOKEN, 12.3, snr_db=25)))
    found = speech_intervals(heard, RATE_HZ, start_ms=-500)
    assert_near(found, [(start - 0.5, end - 0.5) for start, end in SPOKEN], 20)


def test_speech_at_the_very_ends_of_the_call_is_speech() -> None:
    assert_near(speech_intervals(line([(0, 1), (3, 5)], 5, snr_db=20), RATE_HZ), [(0, 1), (3, 5)], 20)


def test_pauses_between_words_are_bridged_and_clicks_are_no_speech() -> None:
    pcm = line([(1, 1.5), (1.7, 2.2)], 5, snr_db=20)
    pcm[30_000:30_080] = 20_000
    assert_near(speech_intervals(pcm, RATE_HZ), [(1, 2.2)], 20)


def test_a_noise_that_sets_in_is_no_speech_for_long() -> None:
    rng = np.random.default_rng(5)
    pcm = line([(2, 3), (12, 13)], 20, snr_db=None).astype(np.float64)
    pcm += rng.normal(0, 1, len(pcm)) * np.where(np.arange(len(pcm)) < 8 * RATE_HZ, 30, 400)
    assert_near(speech_intervals(np.clip(pcm, -32768, 32767).astype(np.int16), RATE_HZ), [(2, 3), (12, 13)], 20)


def test_holes_of_lost_packets_are_neither_pauses_nor_silence() -> None:
    pcm = line([(1, 3)], 8, snr_db=15)
    for at_ms in (500, 1500, 3000, 4000, 5000, 6000):
        pcm[at_ms * 8 : at_ms * 8 + 320] = 0
    assert_near(speech_intervals(pcm, RATE_HZ), [(1, 3)], 40)


@pytest.mark.parametrize("noise", [0, 5, 300])
def test_a_call_without_a_voice_has_no_speech(noise: float) -> None:
    pcm = np.random.default_rng(2).normal(0, noise, 15 * RATE_HZ).astype(np.int16)
    assert speech_intervals(pcm, RATE_HZ) == []


@pytest.mark.parametrize("samples", [0, 1, 79, 80, 200])
def test_a_call_too_short_to_judge_has_no_speech(samples: int) -> None:
    assert speech_intervals(np.zeros(samples, np.int16), RATE_HZ) == []
    assert robot_intervals(np.zeros(samples, np.int16), RATE_HZ) == []


class Detector:
    """Believes in a voice where it is told to."""

    rate_hz = 16_000
    speaking = False

    def __init__(self, *spans: tuple[float, float | None]) -> None:
        self.samples_seen = 0
        self._events: list[VoiceEvent] = []
        for start, end in spans:
            self._events.append(SpeechStarted(round(start * self.rate_hz)))
            if end is not None:
                self._events.append(SpeechEnded(round(end * self.rate_hz)))

    def push(self, frame: Pcm) -> list[VoiceEvent]:
        self.samples_seen += len(frame)
        due = [event for event in self._events if event.at_sample <= self.samples_seen]
        self._events = self._events[len(due) :]
        return due


def test_a_detector_has_a_veto_and_the_edges_stay_exact() -> None:
    pcm = line([(1, 2), (3, 4), (6, 7)], 7, snr_db=20)
    found = speech_intervals(pcm, RATE_HZ, detector=Detector((0.8, 2.3), (6.4, None)))
    assert_near(found, [(1, 2), (6, 7)], 20)


def test_the_robots_side_is_exact_to_the_sample() -> None:
    pcm = np.zeros(5 * RATE_HZ, np.int16)
    pcm[801:4001] = 1000
    pcm[4960:6000] = -1000
    pcm[16_000:24_000] = 1000
    assert robot_intervals(pcm, RATE_HZ) == [Interval(801 / 8, 6000 / 8), Interval(2000, 3000)]
    assert robot_intervals(pcm, RATE_HZ, start_ms=100)[1] == Interval(2100, 3100)


def test_longer_silences_divide_the_robots_side_and_are_reported() -> None:
    pcm = np.zeros(2 * RATE_HZ, np.int16)
    pcm[800:1600], pcm[2800:3600] = 500, 500
    assert silences(robot_intervals(pcm, RATE_HZ)) == [Interval(200, 350)]


def test_idle_noise_and_clicks_on_the_robots_side_are_silence() -> None:
    rng = np.random.default_rng(3)
    pcm = alaw_decode(alaw_encode(rng.integers(-12, 13, 3 * RATE_HZ).astype(np.int16)))
    pcm = pcm.copy()
    pcm[4000] = 3000
    pcm[8000:9600] += 2000
    assert robot_intervals(pcm, RATE_HZ) == [Interval(1000, 1200)]
