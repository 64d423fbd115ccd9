"""One call's ears: the audio stream from the switch, started again when it breaks, and the tape that is kept of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from robot.call.chronicle import Chronicle
from robot.call.hearing import Heard20, Hearing
from robot.call.tape import Tape
from robot.call.tools import CallTools
from robot.errors import CommandFailed
from robot.events import StreamLost
from robot.media.base import RATE_HZ, AudioSource
from services.audio import samples_to_ms

MAX_RESTARTS = 3


class Ears:
    """Opens the stream at the answer, hears it to its end."""

    def __init__(self, tools: CallTools, uuid: str, url: str, source: AudioSource, chronicle: Chronicle) -> None:
        self._tools, self._uuid, self._url, self._source = tools, uuid, url, source
        self._chronicle = chronicle
        self._restarts = 0
        self._answered_s = 0.0
        self.tape = Tape()
        self.counters = source.counters

    async def open(self, answered_s: float, recording: Path) -> None:
        """Starts stream and line recording. Only after the answer: earlier it brings a real switch down."""
        self._answered_s = answered_s
        limits, switch = self._tools.limits, self._tools.switch
        await switch.start_stream(self._uuid, self._url, rate_hz=limits.switch_rate_hz)
        if limits.line_recording:
            try:
                await switch.start_recording(self._uuid, recording)
            except CommandFailed as error:
                self._fail(f"line recording: {error.reply}; call.wav is what the robot knows of the line")

    async def listen(self, hear: Callable[[Hearing, Heard20], None]) -> None:
        """Gives every frame to ``hear``, until the stream is closed for good."""
        hearing: Hearing | None = None
        async for frame in self._source:
            if hearing is None:
                first_s = self._source.first_frame_s or self._answered_s
                offset_ms = round((first_s - self._answered_s) * 1000)
                hearing = Hearing(offset_ms, self._tools.open_voice(), self._tools.open_tones())
            heard = hearing.push(frame)
            self.tape.caller(frame, RATE_HZ, heard.now_ms - samples_to_ms(len(frame), RATE_HZ))
            hear(hearing, heard)

    async def restart(self, lost: StreamLost) -> None:
        """The stream broke while the call goes on: once more, a few times."""
        self._chronicle.count("stream_lost")
        self._fail(f"audio stream lost ({lost.code} {lost.reason})")
        if self._restarts >= MAX_RESTARTS:
            return
        self._restarts += 1
        try:
            await self._tools.switch.stop_stream(self._uuid)
        except CommandFailed:
            self._chronicle.count("stream_was_gone")
        try:
            await self._tools.switch.start_stream(self._uuid, self._url, rate_hz=self._tools.limits.switch_rate_hz)
        except CommandFailed as error:
            self._fail(f"audio stream: {error.reply}")

    def _fail(self, what: str) -> None:
        self._chronicle.fail(asyncio.get_running_loop().time(), what)
