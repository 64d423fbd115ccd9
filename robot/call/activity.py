"""Who was audible when: the caller by energy over an adaptive noise floor, the robot by its samples.

The two sides differ in kind. The caller's comes from a telephone: noise, level and line change from call to call. The
robot's is our own digital playback: anything above the line's idle noise is the robot, to the sample. Both are made
after the fact on the whole call and look ahead; what runs during a call is the voice-activity detector.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from services.audio import Pcm, frames_of, ms_to_samples, resample, samples_to_ms
from services.vad.base import SpeechStarted, VoiceActivity

_Levels = NDArray[np.float64]
_Flags = NDArray[np.bool_]

HOP_MS = 10
ON_DB, OFF_DB = 7.0, 4.0
"""over the noise floor: a voice begins above the first and lasts while above the second. With 12 dB between voice and
noise, hops of pure noise stay below +3 dB (hops smoothed over 30 ms)"""
CLEARLY_DB, RANGE_DB = 10.0, 24.0
"""what stands this far out of the noise is voice; what is this far below its median level is not listened to"""
MIN_FLOOR_DBFS = -66.0
"""G.711 idle noise lies below; a quieter floor would make a voice of a click"""
MIN_SPEECH_MS = 60
"""no word is shorter; clicks and codec artefacts are"""
BRIDGED_PAUSE_MS = 300
"""pauses between words that do not end a speech"""
_FLOOR_BLOCK_MS, _FLOOR_REACH_MS = 200, 5000
"""the floor is the quiet part of some 200 ms in the last or the next 5 s: nobody speaks 5 s without a breath"""

LONGEST_HOLE_MS, _HOLE_PEAK = 80, 8
"""a switch drops about 40 ms of the caller when a playback starts or stops: neither a pause nor the noise floor"""

ROBOT_GROUP_MS = 120
"""silences of the robot up to here are part of speaking"""
MIN_ROBOT_MS = 10
_IDLE_PEAK, _IDLE_LIMIT = 32, 104
"""of the robot's side, in steps of int16: G.711 silence is within ±8, and speech is not below -50 dBFS (104)"""


@dataclass(frozen=True, slots=True)
class Interval:
    """Sound from ``start_ms`` to ``end_ms``."""

    start_ms: float
    end_ms: float

    @property
    def duration_ms(self) -> float:
        return self.end_ms - self.start_ms

    def overlaps(self, other: Interval) -> bool:
        return self.start_ms < other.end_ms and other.start_ms < self.end_ms


def silences(intervals: Sequence[Interval]) -> list[Interval]:
    """What lies between neighbours."""
    return [Interval(a.end_ms, b.start_ms) for a, b in pairwise(intervals)]


def robot_intervals(mono: Pcm, rate_hz: int, *, start_ms: float = 0.0) -> list[Interval]:
    """When the robot sounded: int16[n] → intervals from first to last audible sample, silences ≤ 120 ms bridged.

    Exact to the sample on a digital line. ``start_ms`` is the time of the first sample. The silences between the
    intervals are :func:`silences`.
    """
    hop = ms_to_samples(HOP_MS, rate_hz)
    whole = mono[: len(mono) // hop * hop].reshape(-1, hop).astype(np.int32)
    idle = 2.0 * float(np.quantile(np.abs(whole).max(axis=1), 0.05)) if len(whole) else 0.0
    audible = np.flatnonzero(np.abs(mono.astype(np.int32)) > np.clip(idle, _IDLE_PEAK, _IDLE_LIMIT))
    if not len(audible):
        return []
    breaks = np.flatnonzero(np.diff(audible) > ms_to_samples(ROBOT_GROUP_MS, rate_hz))
    firsts = audible[np.concatenate([[0], breaks + 1])]
    lasts = audible[np.concatenate([breaks, [len(audible) - 1]])] + 1
    found = [
        Interval(start_ms + samples_to_ms(int(a), rate_hz), start_ms + samples_to_ms(int(b), rate_hz))
        for a, b in zip(firsts, lasts, strict=True)
    ]
    return [interval for interval in found if interval.duration_ms >= MIN_ROBOT_MS]


def speech_intervals(
    mono: Pcm, rate_hz: int, *, start_ms: float = 0.0, detector: VoiceActivity | None = None
) -> list[Interval]:
    """When the caller sounded: int16[n] → intervals, pauses ≤ 300 ms bridged, edges within 20 ms.

    Energy over an adaptive floor, with hysteresis. A fresh ``detector``, if given, has a veto: sounds that it takes for
    no voice at all (a door, a horn) are left out; the edges stay those of the energy, which are the finer ones.
    """
    levels = _levels_dbfs(mono, rate_hz)
    if not len(levels):
        return []
    smooth = _smoothed(levels)
    floor = _audible_floor(levels, _noise_floor(smooth))
    above = levels > floor + OFF_DB
    runs = [(a, b) for a, b in _runs(smooth > floor + OFF_DB) if (smooth[a:b] > floor[a:b] + ON_DB).any()]
    spans = [(a + first, a + last) for a, b in runs for first, last in _extent(above[a:b])]
    spans = [(a, b) for a, b in spans if (b - a) * HOP_MS >= MIN_SPEECH_MS]
    found = [Interval(start_ms + a * HOP_MS, start_ms + b * HOP_MS) for a, b in _bridged(spans)]
    if detector is None:
        return found
    voices = _voices(mono, rate_hz, start_ms, detector)
    return [interval for interval in found if any(interval.overlaps(voice) for voice in voices)]


def _levels_dbfs(mono: Pcm, rate_hz: int) -> _Levels:
    """Level of each 10 ms hop. Holes of digital silence (lost packets) take the level of their quieter neighbour."""
    hop = ms_to_samples(HOP_MS, rate_hz)
    whole = mono[: len(mono) // hop * hop].reshape(-1, hop).astype(np.float32)
    if not len(whole):
        return np.zeros(0)
    levels = _dbfs(np.square(whole - whole.mean(dtype=np.float64)).mean(axis=1, dtype=np.float64))
    for start, end in _runs(np.abs(whole).max(axis=1) <= _HOLE_PEAK):
        if (end - start) * HOP_MS <= LONGEST_HOLE_MS and start > 0 and end < len(levels):
            levels[start:end] = min(levels[start - 1], levels[end])
    return levels


def _smoothed(levels: _Levels) -> _Levels:
    """Power over 30 ms, weighted to the middle."""
    power = np.pad(10 ** (levels / 10), 1, mode="edge")
    return 10 * np.log10(0.25 * power[:-2] + 0.5 * power[1:-1] + 0.25 * power[2:])


def _dbfs(power: _Levels) -> _Levels:
    return 10 * np.log10(power / 32768.0**2 + 1e-12)


def _noise_floor(levels: _Levels) -> _Levels:
    """The noise at each hop: the higher of the quietest moments of the 5 s before and the 5 s after.

    A voice shorter than that has noise on both sides, which is found; a noise that sets in or stops is followed at
    once. At the ends of the call, where a side is short, its window reaches over to the other side.
    """
    size = _FLOOR_BLOCK_MS // HOP_MS
    blocks = np.array([np.quantile(levels[at : at + size], 0.2) for at in range(0, len(levels), size)])
    reach = _FLOOR_REACH_MS // _FLOOR_BLOCK_MS
    last = len(blocks)
    before = [blocks[max(0, i - reach) : max(i + 1, min(last, reach))].min() for i in range(last)]
    after = [blocks[max(0, min(i, last - reach)) : i + reach + 1].min() for i in range(last)]
    floor = np.maximum(np.maximum(before, after), MIN_FLOOR_DBFS)
    return np.repeat(floor, size)[: len(levels)]


def _audible_floor(levels: _Levels, noise: _Levels) -> _Levels:
    """The noise floor, raised where the line is so clean that breath and room tone would stand out of it."""
    voiced = levels[levels > noise + CLEARLY_DB]
    return noise if not len(voiced) else np.maximum(noise, np.median(voiced) - RANGE_DB)


def _runs(flags: _Flags) -> list[tuple[int, int]]:
    """Where ``flags`` is true: [start, end)."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


def _extent(flags: _Flags) -> list[tuple[int, int]]:
    """From the first true one to the last, if any: smoothing blurs the edges by a hop, this brings them back."""
    hits = np.flatnonzero(flags)
    return [(int(hits[0]), int(hits[-1]) + 1)] if len(hits) else []


def _bridged(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    out: list[tuple[int, int]] = []
    for start, end in spans:
        if out and (start - out[-1][1]) * HOP_MS <= BRIDGED_PAUSE_MS:
            out[-1] = (out[-1][0], end)
        else:
            out.append((start, end))
    return out


def _voices(mono: Pcm, rate_hz: int, start_ms: float, detector: VoiceActivity) -> list[Interval]:
    heard = resample(mono, rate_hz, detector.rate_hz)
    events = [event for frame in frames_of(heard, detector.rate_hz) for event in detector.push(frame)]
    out: list[Interval] = []
    started: float | None = None
    for event in events:
        at_ms = start_ms + samples_to_ms(event.at_sample, detector.rate_hz)
        if isinstance(event, SpeechStarted):
            started = at_ms
        elif started is not None:
            out.append(Interval(started, at_ms))
            started = None
    if started is not None:
        out.append(Interval(started, start_ms + samples_to_ms(len(mono), rate_hz)))
    return out
