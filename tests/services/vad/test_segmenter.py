"""Probabilities in, boundaries out."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.errors import BadInput
from services.vad.base import SpeechEnded, SpeechStarted, VoiceEvent
from services.vad.segmenter import Hysteresis, Segmenter

WINDOW = 256
RULES = Hysteresis(threshold=0.5, exit_threshold=0.35, min_speech_ms=64, min_silence_ms=96)


def run(probabilities: list[float | None], rules: Hysteresis = RULES) -> list[VoiceEvent]:
    segmenter = Segmenter(8_000, rules)
    return [event for probability in probabilities for event in segmenter.push(probability, WINDOW)]


def at(window: int) -> int:
    return window * WINDOW


def test_speech_begins_and_ends_at_its_own_boundaries() -> None:
    assert run([0, 0, 0.9, 0.9, 0.9, 0, 0, 0]) == [SpeechStarted(at(2)), SpeechEnded(at(5))]


def test_a_sound_shorter_than_min_speech_is_no_speech() -> None:
    assert run([0, 0.9, 0, 0.9, 0, 0, 0, 0]) == []


def test_a_pause_shorter_than_min_silence_is_no_end() -> None:
    assert run([0.9, 0.9, 0, 0, 0.9, 0, 0, 0]) == [SpeechStarted(0), SpeechEnded(at(5))]


def test_between_the_thresholds_nothing_changes() -> None:
    assert run([0.4, 0.4, 0.4]) == []
    assert run([0.9, 0.4, 0.4, 0.4, 0.4]) == [SpeechStarted(0)]
    assert run([0.9, 0.9, 0.1, 0.4, 0.4]) == [SpeechStarted(0), SpeechEnded(at(2))]


def test_pads_move_the_boundaries_but_never_past_each_other() -> None:
    rules = Hysteresis(0.5, 0.35, 64, 96, onset_pad_ms=32, end_pad_ms=32)
    speech: list[float | None] = [0.9, 0.9, 0, 0, 0]
    assert run([0, 0, *speech], rules) == [SpeechStarted(at(1)), SpeechEnded(at(5))]
    assert run(speech, rules)[0] == SpeechStarted(0)
    eager = Hysteresis(0.5, 0.35, 64, 32, onset_pad_ms=1_000, end_pad_ms=1_000)
    assert run([0.9, 0.9, 0, 0.9, 0.9], eager) == [SpeechStarted(0), SpeechEnded(at(3)), SpeechStarted(at(3))]


@pytest.mark.parametrize("hole", [[None], [None, None]])
def test_a_short_hole_counts_as_what_was_before_it(hole: list[float | None]) -> None:
    rules = Hysteresis(0.5, 0.35, 128, 32, bridge_ms=64)
    assert run([0.9, *hole, 0.9, 0.9], rules) == [SpeechStarted(0)]
    assert run([0, *hole, 0.9, 0.9, 0.9, 0.9], rules) == [SpeechStarted(at(1 + len(hole)))]


def test_a_long_hole_is_silence_from_its_first_sample() -> None:
    rules = Hysteresis(0.5, 0.35, 64, 96, bridge_ms=64)
    assert run([0.9, 0.9, None, None, None, None], rules) == [SpeechStarted(0), SpeechEnded(at(2))]
    assert run([0.9, None, None, None, 0.9], rules) == []


def test_a_hole_bridged_in_a_pause_prolongs_the_pause() -> None:
    assert run([0.9, 0.9, 0, None, 0]) == [SpeechStarted(0), SpeechEnded(at(2))]


@given(st.lists(st.one_of(st.none(), st.floats(0, 1)), max_size=80))
def test_events_alternate_in_time_whatever_comes(probabilities: list[float | None]) -> None:
    rules = Hysteresis(0.5, 0.35, 64, 64, onset_pad_ms=50, end_pad_ms=-40)
    segmenter, events = Segmenter(8_000, rules), []
    for count, probability in enumerate(probabilities, 1):
        new = segmenter.push(probability, WINDOW)
        assert all(0 <= event.at_sample <= count * WINDOW for event in new)
        events += new
    assert all(isinstance(event, SpeechStarted) == (index % 2 == 0) for index, event in enumerate(events))
    assert all(one.at_sample <= other.at_sample for one, other in pairwise(events))
    assert segmenter.speaking == (len(events) % 2 == 1)


@pytest.mark.parametrize(
    "numbers", [(0.5, 0.6, 10, 10), (1.0, 0.5, 10, 10), (0.5, 0.0, 10, 10), (0.5, 0.4, -1, 10), (0.5, 0.4, 10, -1)]
)
def test_rules_that_make_no_sense_are_refused(numbers: tuple[float, float, float, float]) -> None:
    with pytest.raises(BadInput, match=r"threshold|negative"):
        Hysteresis(*numbers)
