"""One call's ears: the audio stream from the switch, started again when it breaks, and the tape that is kept of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from robot.call.chronicle import Chronicle
from robot.call.hearing import LINE_RATE_HZ, Heard20, Hearing
from robot.call.tape import Tape
from robot.call.tools import CallTools
from robot.errors import CommandFailed
from robot.events import StreamLost
from robot.media.base import RATE_HZ, AudioSource
from services.audio import samples_to_ms

PAUSES_S = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0)
"""before each attempt to open a stream that broke; after the last one the call is deaf for good"""
STEADY_S = 5.0
"""a stream that lasted so long was well: the next loss is a first one again"""
STALL_S = 5.0
"""a switch sends a frame each 20 ms, whatever the callee does: without any for so long, the stream is broken"""


class Ears:
    """Opens the stream at the answer, hears it to its end."""

    def __init__(self, tools: CallTools, uuid: str, url: str, source: AudioSource, chronicle: Chronicle) -> None:
        self._tools, self._uuid, self._url, self._source = tools, uuid, url, source
        self._chronicle = chronicle
        self._answered_s = self._started_s = 0.0
        self._opened, self._broken, self._closing = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._recording: Path | None = None
        self.tape = Tape()
        self.counters = source.counters

    @property
    def closed(self) -> bool:
        """Told to hear no more."""
        return self._closing.is_set()

    async def open(self, answered_s: float, recording: Path) -> None:
        """Starts stream and line recording. Only after the answer: earlier it brings a real switch down."""
        self._answered_s = answered_s
        limits, switch = self._tools.limits, self._tools.switch
        await self._start()
        self._opened.set()
        if limits.line_recording:
            self._recording = recording
            try:
                await switch.start_recording(self._uuid, recording)
            except CommandFailed as error:
                self._chronicle.fail(f"line recording: {error.reply}; call.wav is what the robot knows of the line")

    async def close(self) -> None:
        """Hears and records no more, although the call goes on."""
        self._closing.set()
        self._broken.set()
        switch = self._tools.switch
        with suppress(CommandFailed):  # it may be gone already
            await switch.stop_stream(self._uuid)
        if self._recording is not None:
            with suppress(CommandFailed):
                await switch.stop_recording(self._uuid, self._recording)

    async def listen(self, hear: Callable[[Hearing, Heard20], None]) -> None:
        """Gives every frame to ``hear``, until the stream is closed for good."""
        hearing: Hearing | None = None
        async for frame in self._source:
            if hearing is None:
                first_s = self._source.first_frame_s or self._answered_s
                offset_ms = round((first_s - self._answered_s) * 1000)
                hearing = Hearing(offset_ms, self._tools.open_voice(), self._tools.open_tones())
            heard = hearing.push(frame)
            begun_ms = heard.now_ms - samples_to_ms(len(frame), RATE_HZ) - hearing.narrow_delay_ms
            self.tape.caller(hearing.narrow, LINE_RATE_HZ, begun_ms)
            hear(hearing, heard)

    def lost(self, event: StreamLost) -> None:
        """The stream broke while the call goes on."""
        if self.closed:
            return
        self._chronicle.count("stream_lost")
        self._chronicle.fail(f"audio stream lost ({event.code} {event.reason})")
        self._broken.set()

    async def keep(self) -> None:
        """Starts the stream again whenever it breaks, after longer and longer pauses. Returns at the end of that."""
        loop = asyncio.get_running_loop()
        await self._opened.wait()
        attempt = 0
        while True:
            await self._until_broken()
            attempt = 0 if loop.time() - self._started_s >= STEADY_S else attempt
            if attempt < len(PAUSES_S):
                await asyncio.sleep(PAUSES_S[attempt])
            if self.closed:
                return
            if attempt == len(PAUSES_S):
                self._chronicle.fail(f"audio stream: given up after {attempt} attempts to start it again")
                return
            attempt += 1
            self._broken.clear()
            await self._restart()

    async def _until_broken(self) -> None:
        while not self._broken.is_set():
            heard_s = max(self._source.last_arrival_s or 0.0, self._started_s)
            try:
                async with asyncio.timeout_at(heard_s + STALL_S):
                    await self._broken.wait()
            except TimeoutError:
                if max(self._source.last_arrival_s or 0.0, self._started_s) == heard_s:
                    self._chronicle.count("stream_stalled")
                    self._chronicle.fail(f"audio stream: nothing came for {STALL_S:g} s")
                    return

    async def _restart(self) -> None:
        """``stop`` first: a stream that our side closed stays in its place, silent, until it is told to stop."""
        try:
            await self._tools.switch.stop_stream(self._uuid)
        except CommandFailed:
            self._chronicle.count("stream_was_gone")
        try:
            await self._start()
        except CommandFailed as error:
            self._chronicle.fail(f"audio stream: {error.reply}")
            self._broken.set()

    async def _start(self) -> None:
        self._started_s = asyncio.get_running_loop().time()
        await self._tools.switch.start_stream(self._uuid, self._url, rate_hz=self._tools.limits.switch_rate_hz)
