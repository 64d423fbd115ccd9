"""How quick and how clean a call was, measured on the line itself and not on what the robot believes.

What the robot's own clocks say includes neither the switch's buffers nor what was really heard. Hence these measures
start from the stereo audio: :func:`line_activity` turns it into intervals once, the rest is arithmetic on them. Pure;
an hour of audio takes seconds, so a session runs it on an executor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from robot.call.activity import (
    ROBOT_GROUP_MS,
    Interval,
    robot_intervals,
    silences,
    speech_intervals,
)
from robot.call.tape import LineAudio
from services.audio import Pcm
from services.vad.base import VoiceActivity

__all__ = [
    "Activity",
    "ChannelFaults",
    "Interval",
    "MeasuredBargeIn",
    "ResponseTime",
    "Spoken",
    "line_activity",
    "longest_pause_ms",
    "measure_barge_ins",
    "measure_turns",
    "robot_channel_faults",
    "robot_intervals",
    "speech_intervals",
]

CONTINUATION_MS = 700
"""the robot that resumes this soon after its own last sound goes on with what it was saying: no response to anybody"""
STOP_LIMIT_MS = 2000
"""a robot that stops later than this after the caller's onset was not stopped by it"""
STAYS_SILENT_MS = 400
"""a shorter silence is a pause between two sentences"""
EDGE_MS = 20
"""the switch works in frames: what overlaps by less, touches"""
PAUSE_SLACK_MS = 40
"""a pause of the synthesised voice may come out longer by a frame at each side"""


@dataclass(frozen=True, slots=True)
class Activity:
    """Who sounded when, in ms from the answer, in order."""

    caller: tuple[Interval, ...]
    robot: tuple[Interval, ...]


@dataclass(frozen=True, slots=True)
class ResponseTime:
    """The robot answered the caller."""

    caller_end_ms: float
    robot_start_ms: float

    @property
    def response_ms(self) -> float:
        return self.robot_start_ms - self.caller_end_ms


@dataclass(frozen=True, slots=True)
class MeasuredBargeIn:
    """The caller began to speak while the robot did."""

    onset_ms: float
    silent_ms: float | None
    """the robot's last sound; None when it went on"""
    detected_ms: float | None = None
    """as given"""

    @property
    def onset_to_silence_ms(self) -> float | None:
        return None if self.silent_ms is None else self.silent_ms - self.onset_ms


@dataclass(frozen=True, slots=True)
class Spoken:
    """A sentence of the robot, where the playout says that it was played."""

    text: str
    start_ms: float
    end_ms: float
    longest_pause_ms: float = 0.0
    """of the synthesised audio itself: see :func:`longest_pause_ms`"""


@dataclass(frozen=True, slots=True)
class ChannelFaults:
    """What a listener would have noticed."""

    overlaps: tuple[Interval, ...]
    """two sentences at the same time"""
    gaps: tuple[Interval, ...]
    """silences over 120 ms inside a sentence which its audio does not have"""


def line_activity(line: LineAudio, detector: VoiceActivity | None = None) -> Activity:
    """Intervals of both sides; ``detector`` as in :func:`speech_intervals`."""
    caller = speech_intervals(line.caller, line.rate_hz, start_ms=line.start_ms, detector=detector)
    return Activity(tuple(caller), tuple(robot_intervals(line.robot, line.rate_hz, start_ms=line.start_ms)))


def measure_turns(activity: Activity) -> list[ResponseTime]:
    """End of the caller's speech → the robot's first sample after it, once for each time the robot takes the turn.

    Counted when the robot begins after the caller spoke, unless it only goes on after a pause of its own (the caller's
    sound ended while the robot was talking, and the robot resumed within 700 ms).
    """
    out: list[ResponseTime] = []
    previous: Interval | None = None
    for spurt in activity.robot:
        since = previous.end_ms if previous else float("-inf")
        ended = [speech.end_ms for speech in activity.caller if speech.end_ms <= spurt.start_ms]
        began = previous.start_ms if previous else float("-inf")
        if ended and (ended[-1] > since or (ended[-1] > began and spurt.start_ms - since >= CONTINUATION_MS)):
            out.append(ResponseTime(ended[-1], spurt.start_ms))
        previous = spurt
    return out


def measure_barge_ins(activity: Activity, detected_ms: Sequence[float] | None = None) -> list[MeasuredBargeIn]:
    """The caller's onsets over the robot's voice, and when the robot fell silent for good (400 ms) within 2 s.

    Audio alone cannot tell a robot that was stopped from one that had just finished. ``detected_ms``, when the robot
    believed each barge-in, keeps only the onsets that it belongs to (the last one before it).
    """
    turns = _joined(activity.robot, STAYS_SILENT_MS)
    found: list[MeasuredBargeIn] = []
    for speech in activity.caller:
        for turn in turns:
            if turn.start_ms < speech.start_ms < turn.end_ms:
                stopped = turn.end_ms - speech.start_ms <= STOP_LIMIT_MS
                found.append(MeasuredBargeIn(speech.start_ms, turn.end_ms if stopped else None))
    if detected_ms is None:
        return found
    out: list[MeasuredBargeIn] = []
    for moment in sorted(detected_ms):
        before = [barge_in for barge_in in found if barge_in.onset_ms <= moment <= barge_in.onset_ms + STOP_LIMIT_MS]
        if before:
            out.append(MeasuredBargeIn(before[-1].onset_ms, before[-1].silent_ms, moment))
    return out


def robot_channel_faults(activity: Activity, sentences: Sequence[Spoken]) -> ChannelFaults:
    """Sentences of the robot over each other, and holes over 120 ms in the middle of one."""
    ordered = sorted(sentences, key=lambda sentence: sentence.start_ms)
    overlaps = [
        Interval(second.start_ms, min(first.end_ms, second.end_ms))
        for first, second in pairwise(ordered)
        if min(first.end_ms, second.end_ms) - second.start_ms > EDGE_MS
    ]
    gaps = [
        gap
        for gap in silences(activity.robot)
        for sentence in ordered
        if sentence.start_ms - EDGE_MS <= gap.start_ms
        and gap.end_ms <= sentence.end_ms + EDGE_MS
        and gap.duration_ms > max(ROBOT_GROUP_MS, sentence.longest_pause_ms + PAUSE_SLACK_MS)
    ]
    return ChannelFaults(tuple(overlaps), tuple(gaps))


def longest_pause_ms(pcm: Pcm, rate_hz: int) -> float:
    """The longest silence over 120 ms inside a piece of the robot's own audio, int16[n]; 0 when there is none."""
    return max((gap.duration_ms for gap in silences(robot_intervals(pcm, rate_hz))), default=0.0)


def _joined(intervals: Sequence[Interval], silence_ms: float) -> list[Interval]:
    out: list[Interval] = []
    for interval in intervals:
        if out and interval.start_ms - out[-1].end_ms < silence_ms:
            out[-1] = Interval(out[-1].start_ms, interval.end_ms)
        else:
            out.append(interval)
    return out
