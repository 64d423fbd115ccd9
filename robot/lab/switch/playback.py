"""What a channel was told to execute, in which order, and what plays in each 20 ms frame. Pure: no clock, no file.

A channel takes an application from its queue at a tick. An application queued with ``event-lock`` keeps the queue shut
while it runs, so that locked ones play first in, first out; without the lock the next one runs inside it, so that the
newest plays first and the older resumes. A break ends what runs, one level per tick, and nothing new starts in such a
tick. A broadcast is locked and begins with five silent frames, in which a break is lost.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from enum import Enum

import numpy as np

from services.audio import Pcm

FRAME_SAMPLES = 160
BROADCAST_LEAD_TICKS = 5
MAX_WAITING = 1000


class StopStatus(Enum):
    """``Playback-Status``. A hangup counts as done."""

    DONE = "done"
    BREAK = "break"


@dataclass(frozen=True, slots=True)
class Execution:
    """One application that the channel was told to execute."""

    application: str
    argument: str
    uuid: str
    """``Application-UUID``"""
    locked: bool = False
    lead_ticks: int = 0


@dataclass(frozen=True, slots=True)
class Sound:
    """What an application plays: int16[n] at 8 kHz. A pause (``sleep``) is a sound that nobody is told about."""

    pcm: Pcm
    announced: bool = True
    tags: dict[str, str] = field(default_factory=dict)
    """the ``{name=value}`` in front of the file name, repeated as headers"""
    path: str = ""
    endless: bool = False
    """begins again at its end, until a break"""


@dataclass(frozen=True, slots=True)
class Begin:
    """Execute this one now: answer with :meth:`PlaybackQueue.play` if it makes a sound."""

    execution: Execution


@dataclass(frozen=True, slots=True)
class Stopped:
    """A sound that was begun is over."""

    execution: Execution
    sound: Sound
    status: StopStatus
    played_samples: int


@dataclass(slots=True)
class _Level:
    execution: Execution
    sound: Sound
    position: int = 0


class PlaybackQueue:
    """One channel's queue. Each tick: :meth:`start_tick`, :meth:`step` until None, then :meth:`frame`."""

    def __init__(self) -> None:
        self._waiting: deque[Execution] = deque()
        self._levels: list[_Level] = []
        self._leading: Execution | None = None
        self._lead_ticks = 0
        self._break = self._unwinding = self._held = self._unwound = False

    @property
    def playing(self) -> bool:
        """A sound is being played, or the silence before a broadcast."""
        return bool(self._levels) or self._leading is not None

    def add(self, execution: Execution) -> bool:
        """Queues; False when more than 1000 wait already, and then it is dropped."""
        if len(self._waiting) >= MAX_WAITING:
            return False
        self._waiting.append(execution)
        return True

    def break_(self, *, everything: bool) -> None:
        """Ends what runs, at the next tick. ``everything`` also drops what waits, without any event."""
        if everything:
            self._waiting.clear()
        self._break = True

    def start_tick(self) -> None:
        """Begins a tick: a break that was asked for takes effect."""
        self._held = self._unwound = False
        if self._leading is not None:
            self._lead_ticks -= 1
        elif self._break and self._levels:
            self._unwinding = True
        self._break = False

    def step(self) -> Begin | Stopped | None:
        """The next thing that happens in this tick."""
        if self._unwinding:
            return self._unwind()
        if self._levels and self._finished(self._levels[-1]):
            return self._stop(StopStatus.DONE)
        if self._held:
            return None
        if self._leading is not None:
            return self._begin_led()
        if self._waiting and not (self._levels and self._levels[-1].execution.locked):
            execution = self._waiting.popleft()
            if not execution.lead_ticks:
                return Begin(execution)
            self._leading, self._lead_ticks = execution, execution.lead_ticks
        return None

    def play(self, execution: Execution, sound: Sound) -> None:
        """``execution`` makes this sound, from the current frame on."""
        self._levels.append(_Level(execution, sound))

    def frame(self) -> Pcm | None:
        """int16[160], the current tick's audio, or None when nothing plays. The last frame of a sound is filled up."""
        if not self._levels or self._unwinding or self._leading is not None:
            return None
        level = self._levels[-1]
        pcm = level.sound.pcm
        if level.sound.endless:
            block = pcm.take(range(level.position, level.position + FRAME_SAMPLES), mode="wrap")
        else:
            block = pcm[level.position : level.position + FRAME_SAMPLES]
        level.position += len(block)
        return block if len(block) == FRAME_SAMPLES else np.pad(block, (0, FRAME_SAMPLES - len(block)))

    def terminate(self) -> Stopped | None:
        """A terminator digit came: what plays ends at once; the next waiting one starts in the next tick."""
        if not self._levels or self._unwinding or self._leading is not None:
            return None
        self._held = True
        return self._stop(StopStatus.BREAK)

    def hang_up(self) -> list[Stopped]:
        """Ends everything, innermost first; what waits is dropped."""
        self._waiting.clear()
        self._leading = None
        return [self._stop(StopStatus.DONE) for _ in range(len(self._levels))]

    def drain(self) -> list[Execution]:
        """Takes out everything that waits: the channel was not ready for it."""
        waiting = list(self._waiting)
        self._waiting.clear()
        return waiting

    def _unwind(self) -> Stopped | None:
        if self._unwound:
            return None
        stopped = self._stop(StopStatus.BREAK)
        self._unwound = self._held = True
        self._unwinding = bool(self._levels)
        return stopped

    def _begin_led(self) -> Begin | None:
        if self._leading is None or self._lead_ticks > 0:
            return None
        execution, self._leading = self._leading, None
        return Begin(execution)

    @staticmethod
    def _finished(level: _Level) -> bool:
        return level.position >= len(level.sound.pcm) and not level.sound.endless

    def _stop(self, status: StopStatus) -> Stopped:
        level = self._levels.pop()
        return Stopped(level.execution, level.sound, status, level.position)
