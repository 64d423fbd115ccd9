"""One suite for every voice detector."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from services.audio import Pcm, alaw_decode, alaw_encode
from services.errors import BadInput
from services.vad.base import SpeechEnded, SpeechStarted, VoiceActivity, VoiceActivityEngine, VoiceEvent
from services.vad.energy import EnergyEngine
from services.vad.silero import SileroEngine

RATES_HZ = [8_000, 16_000]
PRECISION_MS = 80

Babble = Callable[[int], Pcm]


@pytest.fixture(scope="module", params=["energy", pytest.param("silero", marks=pytest.mark.models)])
def engine(request: pytest.FixtureRequest) -> VoiceActivityEngine:
    if request.param == "energy":
        return EnergyEngine()
    models_dir: Path = request.getfixturevalue("models_dir")
    return SileroEngine(models_dir / "silero-vad" / "silero_vad.onnx")


def hiss(rate_hz: int, seconds: float, seed: int = 0) -> Pcm:
    """Line noise at -70 dBFS."""
    return np.random.default_rng(seed).normal(0, 10, int(seconds * rate_hz)).astype(np.int16)


def listen(detector: VoiceActivity, pcm: Pcm, sizes: Iterable[int]) -> list[VoiceEvent]:
    events, start = [], 0
    for size in sizes:
        events += detector.push(pcm[start : start + size])
        start += size
    return events


def in_frames(detector: VoiceActivity, pcm: Pcm) -> list[VoiceEvent]:
    size = detector.rate_hz // 50
    return listen(detector, pcm, [size] * (len(pcm) // size))


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_a_voice_is_found_where_it_is(engine: VoiceActivityEngine, babble: Babble, rate_hz: int) -> None:
    voice = babble(rate_hz)
    pcm = np.concatenate([hiss(rate_hz, 1.0), voice, hiss(rate_hz, 1.0, 1), voice, hiss(rate_hz, 1.0, 2)])
    events = in_frames(engine.open(rate_hz), pcm)
    assert [type(event) for event in events] == [SpeechStarted, SpeechEnded] * 2
    begin = rate_hz
    expected = [begin, begin + len(voice), begin + len(voice) + rate_hz, begin + 2 * len(voice) + rate_hz]
    for event, at_sample in zip(events, expected, strict=True):
        assert abs(event.at_sample - at_sample) <= PRECISION_MS * rate_hz / 1_000


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_any_chunking_gives_the_same_events(engine: VoiceActivityEngine, babble: Babble, rate_hz: int) -> None:
    pcm = np.concatenate([hiss(rate_hz, 0.5), babble(rate_hz), hiss(rate_hz, 0.7, 1)])
    sizes = np.random.default_rng(3).integers(0, 700, 10_000)
    expected = listen(engine.open(rate_hz), pcm, [len(pcm)])
    assert len(expected) == 2
    assert in_frames(engine.open(rate_hz), pcm) == expected
    assert listen(engine.open(rate_hz), pcm, sizes.tolist()) == expected


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_two_calls_do_not_disturb_each_other(engine: VoiceActivityEngine, babble: Babble, rate_hz: int) -> None:
    pcm = np.concatenate([hiss(rate_hz, 0.5), babble(rate_hz), hiss(rate_hz, 0.7, 1)])
    alone = in_frames(engine.open(rate_hz), pcm)
    one, other = engine.open(rate_hz), engine.open(rate_hz)
    together = []
    for start in range(0, len(pcm), 160):
        together += one.push(pcm[start : start + 160])
        other.push(pcm[::-1][start : start + 160])
    assert together == alone


def test_speaking_and_samples_seen_follow_the_events(engine: VoiceActivityEngine, babble: Babble) -> None:
    detector = engine.open(8_000)
    pcm = np.concatenate([hiss(8_000, 0.5), babble(8_000), hiss(8_000, 0.7, 1)])
    assert (detector.rate_hz, detector.samples_seen, detector.speaking) == (8_000, 0, False)
    for start in range(0, len(pcm), 160):
        before = detector.speaking
        events = detector.push(pcm[start : start + 160])
        assert detector.samples_seen == min(start + 160, len(pcm))
        assert detector.speaking == (before if not events else isinstance(events[-1], SpeechStarted))
        assert all(0 <= event.at_sample <= detector.samples_seen for event in events)


def test_a_hole_of_40_ms_is_no_pause(engine: VoiceActivityEngine, babble: Babble) -> None:
    pcm = np.concatenate([hiss(8_000, 0.5), babble(8_000), hiss(8_000, 0.7, 1)])
    whole = in_frames(engine.open(8_000), pcm)
    holed = pcm.copy()
    holed[8_000:8_320] = 0
    assert in_frames(engine.open(8_000), holed) == whole


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_quiet_lines_hold_no_voice(engine: VoiceActivityEngine, rate_hz: int) -> None:
    quiet = {
        "digital silence": np.zeros(2 * rate_hz, np.int16),
        "noise": hiss(rate_hz, 2.0),
        "silence in A-law": alaw_decode(alaw_encode(np.zeros(2 * rate_hz, np.int16))),
    }
    for name, pcm in quiet.items():
        assert in_frames(engine.open(rate_hz), pcm) == [], name


def test_no_sound_makes_it_raise(engine: VoiceActivityEngine) -> None:
    rng = np.random.default_rng(1)
    extremes = np.full(8_000, -32_768, np.int16)
    sounds = [extremes, -(extremes + 1), rng.integers(-32_768, 32_768, 16_000).astype(np.int16), np.zeros(0, np.int16)]
    detector = engine.open(8_000)
    events = in_frames(detector, np.concatenate(sounds * 3))
    assert all(isinstance(one, SpeechStarted) != isinstance(two, SpeechStarted) for one, two in pairwise(events))
    assert [event.at_sample for event in events] == sorted(event.at_sample for event in events)


@pytest.mark.parametrize("rate_hz", [0, -8_000, 4_000, 1_000_000])
def test_a_rate_it_cannot_take_is_refused(engine: VoiceActivityEngine, rate_hz: int) -> None:
    with pytest.raises(BadInput, match="Hz"):
        engine.open(rate_hz)


def test_says_what_it_is_and_loads_as_often_as_asked(engine: VoiceActivityEngine) -> None:
    engine.load()
    engine.load()
    assert engine.info.engine
