"""Response times, barge-ins and faults, from the audio and from intervals."""

from __future__ import annotations

import numpy as np
import pytest

from robot.call.measure import (
    Activity,
    ChannelFaults,
    Interval,
    MeasuredBargeIn,
    ResponseTime,
    Spoken,
    line_activity,
    longest_pause_ms,
    measure_barge_ins,
    measure_turns,
    robot_channel_faults,
)
from robot.call.tape import LineAudio


def activity(caller: list[tuple[float, float]], robot: list[tuple[float, float]]) -> Activity:
    return Activity(tuple(Interval(*span) for span in caller), tuple(Interval(*span) for span in robot))


def test_a_whole_call_is_measured_on_its_audio() -> None:
    rng = np.random.default_rng(4)
    stereo = np.zeros((12 * 8000, 2))
    stereo[:, 0] = rng.normal(0, 500, len(stereo))
    for side, start_ms, end_ms in ((0, 600, 1250), (1, 2000, 5000), (0, 4600, 6100), (1, 6950, 9000)):
        span = slice(start_ms * 8, end_ms * 8)
        stereo[span, side] += 2800 * np.sin(2 * np.pi * 300 * np.arange(span.stop - span.start) / 8000)
    found = line_activity(LineAudio(stereo.astype(np.int16), 8000, start_ms=100))
    assert [turn.response_ms for turn in measure_turns(found)] == pytest.approx([750, 850], abs=20)
    (barge_in,) = measure_barge_ins(found)
    assert barge_in.onset_ms == pytest.approx(4700, abs=20)
    assert barge_in.onset_to_silence_ms == pytest.approx(400, abs=20)


def test_each_taking_of_the_turn_is_counted_once() -> None:
    found = activity([(500, 1000), (5000, 6000)], [(1800, 3000), (3300, 4000), (6900, 8000), (8400, 9000)])
    assert measure_turns(found) == [ResponseTime(1000, 1800), ResponseTime(6000, 6900)]


def test_the_last_speech_before_the_robot_counts() -> None:
    assert measure_turns(activity([(0, 1000), (1500, 2000)], [(2500, 3000)]))[0].response_ms == 500


def test_an_opening_is_no_response_and_silence_gives_none() -> None:
    assert measure_turns(activity([(5000, 6000)], [(0, 4000)])) == []
    assert measure_turns(activity([], [(0, 4000)])) == []
    assert measure_turns(activity([(0, 1)], [])) == []


def test_a_robot_that_goes_on_after_a_pause_answers_nobody() -> None:
    assert measure_turns(activity([(1000, 1300)], [(0, 2000), (2400, 4000)])) == []


def test_an_answer_to_a_short_barge_in_is_a_response() -> None:
    found = activity([(1000, 1300)], [(0, 1400), (2300, 4000)])
    assert measure_turns(found) == [ResponseTime(1300, 2300)]


def test_a_robot_that_was_not_stopped_has_no_silence() -> None:
    found = activity([(1000, 1500)], [(0, 9000)])
    assert measure_barge_ins(found) == [MeasuredBargeIn(1000, None)]
    assert measure_barge_ins(found)[0].onset_to_silence_ms is None


def test_a_pause_between_sentences_is_not_the_silence_after_a_barge_in() -> None:
    found = activity([(1000, 3000)], [(0, 1200), (1500, 1900)])
    assert measure_barge_ins(found) == [MeasuredBargeIn(1000, 1900)]


def test_speech_while_the_robot_is_silent_is_no_barge_in() -> None:
    assert measure_barge_ins(activity([(0, 500), (3000, 4000)], [(400, 2000)])) == []


def test_detections_pick_their_own_onsets() -> None:
    found = activity([(1000, 1500), (6000, 6200), (9000, 9900)], [(0, 1600), (5000, 6900), (8000, 9400)])
    assert len(measure_barge_ins(found)) == 3
    assert measure_barge_ins(found, [9250, 1300, 20_000]) == [
        MeasuredBargeIn(1000, 1600, 1300),
        MeasuredBargeIn(9000, 9400, 9250),
    ]
    assert measure_barge_ins(found, []) == []


def test_sentences_over_each_other_are_overlaps_and_touching_ones_are_not() -> None:
    sentences = [Spoken("b", 990, 2000), Spoken("a", 0, 1000), Spoken("c", 1900, 1950)]
    assert robot_channel_faults(activity([], [(0, 2000)]), sentences).overlaps == (Interval(1900, 1950),)


def test_a_hole_inside_a_sentence_is_a_fault_unless_the_voice_has_it() -> None:
    heard = activity([], [(0, 1000), (1180, 2000), (2600, 3000)])
    spoken = [Spoken("a", 0, 2000), Spoken("b", 2600, 3000)]
    assert robot_channel_faults(heard, spoken) == ChannelFaults((), (Interval(1000, 1180),))
    paused = [Spoken("a", 0, 2000, longest_pause_ms=150), Spoken("b", 2600, 3000)]
    assert robot_channel_faults(heard, paused) == ChannelFaults((), ())


def test_the_longest_pause_of_a_voice() -> None:
    pcm = np.zeros(8000, np.int16)
    pcm[0:1600], pcm[3200:4000], pcm[6400:8000] = 900, 900, 900
    assert longest_pause_ms(pcm, 8000) == 300
    assert longest_pause_ms(pcm[:1600], 8000) == 0.0
