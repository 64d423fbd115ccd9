"""The calls of ``allobot bench switch``: each speaks, is interrupted, speaks again, and listens all the while.

They use the robot's own parts (playout, audio stream, detectors, tape) without a dialogue, so that what is measured is
the switch and the robot's media path. Times are the switch's: dates of its events and samples of its line recording.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from robot.call.hearing import LINE_RATE_HZ, Hearing
from robot.call.tape import Tape, read_line
from robot.call.tools import CallTools
from robot.cli.switch_measures import Round, Sounds, sounds_in
from robot.errors import SwitchError
from robot.events import (
    Answered,
    CallEvent,
    HungUp,
    Parked,
    PlaybackFailed,
    PlaybackStarted,
    PlaybackStopped,
    RecordingStarted,
    RecordingStopped,
    StreamConnected,
    StreamLost,
    StreamPlay,
)
from robot.media.base import AudioSource, SpeechLine
from robot.telephony.switch import Originate
from services.audio import FRAME_MS, AudioChunk

SETUP_S = 20.0
SPEECH_S = 3.0
"""of which an interrupted piece is heard at most two thirds"""
PAUSE_S = 0.4
SPREAD_S = 0.037
"""between the beginnings of two calls: real ones do not all speak at the same instant"""
LEVEL = 6000


def now_us() -> int:
    """The wall clock, as the switch on this machine has it."""
    return time.time_ns() // 1000


def square_wave(seconds: float) -> AudioChunk:
    """500 Hz in which every sample is loud: where it begins, ends or has a hole is exact."""
    return AudioChunk(np.tile(np.repeat(np.array([LEVEL, -LEVEL], np.int16), 8), round(seconds * 500)), LINE_RATE_HZ)


@dataclass(slots=True)
class BenchCall:
    """One call. ``error`` says why it was of no use."""

    tools: CallTools
    dial_string: str
    number: int
    rounds: int
    uuid: str = ""
    error: str = ""
    connected_us: int = 0
    sounds: Sounds | None = None
    done: list[Round] = field(default_factory=list)
    ages_ms: list[float] = field(default_factory=list)
    """from an event's date to its arrival; below zero the switch's clock is ahead of ours"""
    arrivals_s: list[float] = field(default_factory=list)
    """``loop.time()`` at which each frame of the caller was dealt with"""
    source: AudioSource | None = None
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    finished: asyncio.Event = field(default_factory=asyncio.Event)
    _events: list[CallEvent] = field(default_factory=list)
    _told: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self, go: asyncio.Event, end: asyncio.Event) -> None:
        """Sets ``ready`` when it is up, speaks after ``go``, sets ``finished``, and hangs up after ``end``."""
        self.uuid = self.tools.new_uuid()
        try:
            await self._hold(go, end)
        except* (SwitchError, TimeoutError) as errors:
            self.error = str(errors.exceptions[0]) or "the switch did not do in time what it was told"
        finally:
            self.ready.set()
            self.finished.set()
            with suppress(SwitchError):
                await self.tools.switch.hangup(self.uuid)

    async def _hold(self, go: asyncio.Event, end: asyncio.Event) -> None:
        tools, folder = self.tools, self.tools.spool / self.uuid
        await asyncio.get_running_loop().run_in_executor(None, folder.mkdir)
        line = tools.open_playout(self.uuid, folder, lambda pcm, rate_hz, at_us: None)
        async with tools.switch.call(self.uuid) as events:
            with tools.open_stream(self.uuid) as (url, self.source):
                async with asyncio.TaskGroup() as group:
                    tasks = [
                        group.create_task(self._read(events, line)),
                        group.create_task(self._listen(self.source)),
                        group.create_task(line.run()),
                    ]
                    await self._set_up(url, folder / "line.wav")
                    self.ready.set()
                    await go.wait()
                    await self._speak(line)
                    self.finished.set()
                    await end.wait()
                    await self._finish(folder / "line.wav")
                    for task in tasks:
                        task.cancel()

    async def _set_up(self, url: str, recording: Path) -> None:
        switch, limits = self.tools.switch, self.tools.limits
        async with asyncio.timeout(SETUP_S):
            await switch.originate(Originate(self.uuid, self.dial_string, limits.ring_timeout_s))
            await self._until(Answered)
            await switch.start_stream(self.uuid, url, rate_hz=limits.switch_rate_hz)
            await self._until(Parked)
            await switch.start_recording(self.uuid, recording)
            await self._until(RecordingStarted)
            await self._until(StreamConnected)

    async def _speak(self, line: SpeechLine) -> None:
        """Is interrupted ``rounds`` times, at other places of a frame and a chunk each time; then speaks to the end."""
        await asyncio.sleep(self.number % 27 * SPREAD_S)
        for number in range(self.rounds):
            commanded_us = now_us()
            line.enqueue(square_wave(SPEECH_S))
            await asyncio.sleep(0.7 + (self.number * 0.0137 + number * 0.173) % 1.3)
            decided_us = now_us()
            await line.clear()
            self.done.append(Round(commanded_us, decided_us))
            await asyncio.sleep(PAUSE_S)
        commanded_us = now_us()
        line.enqueue(square_wave(SPEECH_S))
        async with asyncio.timeout(SPEECH_S + SETUP_S):
            await line.wait_idle()
        self.done.append(Round(commanded_us, None))
        await asyncio.sleep(PAUSE_S)

    async def _finish(self, recording: Path) -> None:
        async with asyncio.timeout(SETUP_S):
            await self.tools.switch.stop_recording(self.uuid, recording)
            await self._until(RecordingStopped)
            begun = await self._until(RecordingStarted)
        loop = asyncio.get_running_loop()
        recorded = await loop.run_in_executor(None, read_line, recording)
        self.sounds = sounds_in(recorded.robot, begun.at_us, self.done, self._events)

    async def _listen(self, source: AudioSource) -> None:
        """What a call does with each frame."""
        loop = asyncio.get_running_loop()
        hearing, tape = Hearing(0, self.tools.open_voice(), self.tools.open_tones()), Tape()
        async for frame in source:
            heard = hearing.push(frame)
            tape.caller(hearing.narrow, LINE_RATE_HZ, heard.now_ms - FRAME_MS)
            self.arrivals_s.append(loop.time())

    async def _read(self, events: AsyncIterator[CallEvent], line: SpeechLine) -> None:
        async for event in events:
            self._events.append(event)
            if event.at_us:
                self.ages_ms.append((now_us() - event.at_us) / 1000)
            self._told.set()
            match event:
                case PlaybackStarted() | PlaybackStopped() | PlaybackFailed():
                    line.on_event(event)
                case StreamConnected() | StreamLost() | StreamPlay():
                    line.on_event(event)
                case HungUp() if not self.finished.is_set():
                    raise SwitchError(f"the call ended: {event.cause}")

    async def _until(self, kind: type[CallEvent]) -> CallEvent:
        while True:
            for event in self._events:
                if isinstance(event, kind):
                    return event
            self._told.clear()
            await self._told.wait()
