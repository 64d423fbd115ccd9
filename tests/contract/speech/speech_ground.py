"""One call on a switch, and a line to speak on it: what the cases of the speech line stand on.

On a real FreeSWITCH (``ALLOBOT_TEST_ESL=host:port:password``) ``ALLOBOT_TEST_CALLEES`` is a dial string
with ``{name}`` that reaches a callee ``quiet`` who answers and stays.
"""

from __future__ import annotations

import asyncio
import os
import random
import uuid as uuids
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import Executor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np

from robot.call.tape import read_line
from robot.errors import CommandFailed
from robot.events import (
    Answered,
    CallEvent,
    HungUp,
    Parked,
    PlaybackFailed,
    PlaybackStarted,
    PlaybackStopped,
    RecordingStopped,
    StreamConnected,
    StreamLost,
    StreamPlay,
)
from robot.lab.clock import run_virtual
from robot.lab.directory import Prepared, Route
from robot.lab.plan import Plan
from robot.lab.switch import EmbeddedSwitch
from robot.media.base import SpeechLine
from robot.media.connection import StreamConnection
from robot.media.lines import SpeechLines
from robot.media.server import MediaAddress, MediaServer
from robot.media.stream import InboundStream
from robot.telephony.esl_address import EslAddress
from robot.telephony.esl_client import EslSwitch
from robot.telephony.switch import Originate
from services.audio import AudioChunk, Pcm

Way = Literal["files", "stream"]
RATE_HZ = 8000
CASE_S = 40.0
LOUD = 1500
LINE = {"codec": "none", "band_limit": False, "noise_dbfs": None, "playback_edge_drop_ms": 0}
QUIET = Plan.model_validate({"name": "quiet", "line": LINE, "outcome": {"after_ms": 200}, "steps": []})


class Callees:
    """One who answers and stays."""

    async def find(self, route: Route, executor: Executor) -> Prepared:
        return Prepared(QUIET, {})


@dataclass(slots=True)
class Ground:
    """What a case works with, and what is known when it is over."""

    line: SpeechLine
    media: MediaServer
    switch: EslSwitch
    uuid: str
    url: str
    stream: InboundStream
    pieces: list[Pcm] = field(default_factory=list)
    """what was played, as the line tells"""
    events: list[CallEvent] = field(default_factory=list)
    told: asyncio.Condition = field(default_factory=asyncio.Condition)
    recorded: Pcm = field(default_factory=lambda: np.zeros(0, np.int16))
    """the robot's side of the switch's own recording"""

    @property
    def played(self) -> Pcm:
        return np.concatenate([np.zeros(0, np.int16), *self.pieces])

    async def until(self, kind: type[CallEvent], count: int = 1) -> None:
        """Waits until so many events of a kind have come."""
        async with self.told:
            await self.told.wait_for(lambda: sum(isinstance(event, kind) for event in self.events) >= count)

    async def reopen(self, end: Callable[[StreamConnection], None]) -> None:
        """The WebSocket comes to its end, and is started again once the switch has noticed."""
        assert isinstance(self.stream.peer, StreamConnection)
        end(self.stream.peer)
        await self.until(StreamLost)
        with suppress(CommandFailed):  # lost, it is gone already; closed by us, it is still in its place
            await self.switch.stop_stream(self.uuid)
        await self.switch.start_stream(self.uuid, self.url, rate_hz=RATE_HZ)
        await self.until(StreamConnected, 2)


Case = Callable[[Ground], Awaitable[None]]
Runner = Callable[[Case], Ground]


def speech(ms: int, level: int = 4000, text: str = "") -> AudioChunk:
    """No two samples near each other are alike, and all are loud: ``level`` to ``level + 1999``."""
    return AudioChunk((level + np.arange(ms * RATE_HZ // 1000) * 7 % 2000).astype(np.int16), RATE_HZ, text)


def loud_runs(pcm: Pcm) -> list[Pcm]:
    """The stretches of loud samples, silences shorter than 1 ms included."""
    loud = np.flatnonzero(pcm > LOUD)
    if not len(loud):
        return []
    seams = np.flatnonzero(np.diff(loud) > RATE_HZ // 1000)
    firsts = loud[np.concatenate([[0], seams + 1])]
    lasts = loud[np.concatenate([seams, [len(loud) - 1]])]
    return [pcm[first : last + 1] for first, last in zip(firsts, lasts, strict=True)]


def runner_on(switch: str, way: Way, folder: Path) -> Runner:
    """Runs cases on the embedded switch in virtual time, or on the real one that the environment names."""

    async def embedded(case: Case) -> Ground:
        async with EmbeddedSwitch(Callees(), password="a long one", wall_us=lambda: 0) as lab:
            return await _hold(case, way, folder, (lab.host, lab.port, lab.password), "lab/quiet")

    async def real(case: Case) -> Ground:
        host, port, password = os.environ["ALLOBOT_TEST_ESL"].split(":", 2)
        callees = os.environ.get("ALLOBOT_TEST_CALLEES", "sofia/external/{name}@127.0.0.1:5080")
        async with asyncio.timeout(CASE_S):
            return await _hold(case, way, folder, (host, int(port), password), callees.format(name="quiet"))

    if switch == "real":
        return lambda case: asyncio.run(real(case))
    return lambda case: run_virtual(embedded(case), limit_s=CASE_S)


async def _hold(case: Case, way: Way, folder: Path, esl: tuple[str, int, str], dial_string: str) -> Ground:
    uuid, recording = str(uuids.uuid4()), folder / "line.wav"
    address = EslAddress(*esl, 3.0, 5.0, 1000, 0.5, 5.0, 10.0, 20.0)
    async with (
        EslSwitch(address, random.Random(1)) as switch,
        MediaServer(MediaAddress("127.0.0.1", 0), max_connections=5) as media,
        switch.call(uuid) as events,
    ):
        with media.stream(uuid, "token", RATE_HZ, 60_000) as (url, stream):
            pieces: list[Pcm] = []
            lines = SpeechLines(switch, media, way, 200, 1, 200, 2000)
            line = lines.open(uuid, folder, lambda pcm, rate_hz, at_us: pieces.append(pcm))

            ground = Ground(line, media, switch, uuid, url, stream, pieces)
            async with asyncio.TaskGroup() as group, _reading(group, ground, events):
                await switch.originate(Originate(uuid, dial_string, 20))
                await ground.until(Answered)
                await switch.start_stream(uuid, url, rate_hz=RATE_HZ)
                await ground.until(Parked)
                await switch.start_recording(uuid, recording)
                feeding = group.create_task(line.run())
                await case(ground)
                await asyncio.sleep(0.5)
                feeding.cancel()
                await switch.stop_recording(uuid, recording)
                await ground.until(RecordingStopped)
                await switch.hangup(uuid)
                await ground.until(HungUp)
    ground.recorded = read_line(recording).robot
    return ground


@asynccontextmanager
async def _reading(group: asyncio.TaskGroup, ground: Ground, events: AsyncIterator[CallEvent]) -> AsyncIterator[None]:
    async def read() -> None:
        async for event in events:
            match event:
                case (
                    PlaybackStarted()
                    | PlaybackStopped()
                    | PlaybackFailed()
                    | StreamConnected()
                    | StreamLost()
                    | StreamPlay()
                ):
                    ground.line.on_event(event)
            async with ground.told:
                ground.events.append(event)
                ground.told.notify_all()

    reading = group.create_task(read())
    yield
    reading.cancel()
