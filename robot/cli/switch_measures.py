"""What a line recording and the switch's events say of a robot that spoke and was interrupted. Pure."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from robot.events import CallEvent, PlaybackStarted, PlaybackStopped
from services.audio import Pcm

RATE_HZ = 8000
LOUD = 1500
SMALLEST_GAP_MS = 2.0
"""shorter holes are the codec's"""
LONGEST_GAP_MS = 200.0
"""a longer one lies between two pieces of speech"""
CLOCK_US = 100_000
"""a switch dates its events by a clock that it reads now and then: they may seem to come before their cause"""
MS_PER_SAMPLE = 1000 / RATE_HZ


@dataclass(frozen=True, slots=True)
class Round:
    """One piece of speech, by the wall clock."""

    commanded_us: int
    decided_us: int | None
    """when it was interrupted; None: it was left to end"""


@dataclass(frozen=True, slots=True)
class Sounds:
    """Of one call, in ms."""

    heard: tuple[float, ...]
    """speech handed to the playout → first loud sample on the line"""
    started: tuple[float, ...]
    """… → the switch's PLAYBACK_START"""
    silent: tuple[float, ...]
    """decision to interrupt → last loud sample on the line"""
    stopped: tuple[float, ...]
    """… → the switch's PLAYBACK_STOP"""
    gaps: tuple[float, ...]
    """holes within speech, between two chunks"""
    unheard: int
    """pieces of speech too few, or too many, on the line"""


def sounds_in(robot: Pcm, begun_us: int, rounds: Sequence[Round], events: Sequence[CallEvent]) -> Sounds:
    """``robot`` is its side of the recording, int16[n] at 8 kHz, whose first sample was on the line at ``begun_us``.

    A busy switch loses frames of a recording now and then, so that its times run ahead: how long a piece was heard is
    counted in samples from its PLAYBACK_START.
    """
    pieces = _pieces(np.flatnonzero(np.abs(robot.astype(np.int32)) > LOUD))
    heard: list[float] = []
    started: list[float] = []
    silent: list[float] = []
    stopped: list[float] = []
    starts = [event.at_us for event in events if isinstance(event, PlaybackStarted)]
    stops = [event.at_us for event in events if isinstance(event, PlaybackStopped) and event.interrupted]
    ends = [one.commanded_us for one in rounds[1:]] + [sys.maxsize]
    whole = len(pieces) == len(rounds)
    for one, end_us, piece in zip(rounds, ends, pieces if whole else [None] * len(rounds), strict=True):
        start_us = _first(starts, one.commanded_us, end_us)
        if start_us is not None:
            started.append((start_us - one.commanded_us) / 1000)
        if piece is not None:
            heard.append((begun_us - one.commanded_us) / 1000 + int(piece[0]) * MS_PER_SAMPLE)
        if one.decided_us is None:
            continue
        if (stop_us := _first(stops, one.decided_us, end_us)) is not None:
            stopped.append((stop_us - one.decided_us) / 1000)
        if piece is not None and start_us is not None:
            length_ms = int(piece[-1] - piece[0] + 1) * MS_PER_SAMPLE
            silent.append((start_us - one.decided_us) / 1000 + length_ms)
    holes = np.concatenate([np.zeros(0), *(np.diff(piece) for piece in pieces)]) * MS_PER_SAMPLE
    gaps = tuple(float(hole_ms) for hole_ms in holes if hole_ms > SMALLEST_GAP_MS)
    unheard = abs(len(rounds) - len(pieces))
    return Sounds(tuple(heard), tuple(started), tuple(silent), tuple(stopped), gaps, unheard)


def _pieces(loud: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Loud samples → those of each piece of speech."""
    if not len(loud):
        return []
    return np.split(loud, np.flatnonzero(np.diff(loud) * MS_PER_SAMPLE > LONGEST_GAP_MS) + 1)


def _first(times_us: Sequence[int], start_us: int, end_us: int) -> int | None:
    return next((at_us for at_us in times_us if start_us - CLOCK_US <= at_us < end_us - CLOCK_US), None)
