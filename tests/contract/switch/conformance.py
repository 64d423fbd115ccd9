"""The driver of the conformance cases: a switch, a way to call its stand-ins, files that it plays, a stream's server.

A case is written once, as a coroutine that takes a :class:`Lab`. What it may not know is which switch it talks to.
"""

from __future__ import annotations

import asyncio
import os
import uuid as uuids
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import Executor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from stand_ins import STAND_INS
from stream_sink import Sink, sink
from wire import Address, Wire, listening

from robot.lab.clock import run_virtual
from robot.lab.directory import Prepared, Route, UnknownCallee
from robot.lab.switch import EmbeddedSwitch
from robot.protocol import esl
from services.audio import Pcm, write_wav

CALLEES = "sofia/external/{name}@127.0.0.1:5080"
CASE_S = 60.0
START_US = 1_795_148_415_820_627


class Callees:
    """The stand-ins of the embedded switch."""

    async def find(self, route: Route, executor: Executor) -> Prepared:
        if route.target not in STAND_INS:
            raise UnknownCallee(route.target)
        return Prepared(STAND_INS[route.target].plan, {})


@dataclass(slots=True)
class Lab:
    """What a case works with."""

    address: Address
    esl: Wire
    callees: str
    """a dial string with ``{name}``"""
    folder: Path
    """where both this process and the switch read and write"""

    async def originate(self, callee: str, variables: str = "", app: str = "&park()") -> str:
        """Places a call in the background, under the job ``job-UUID``; gives the channel's uuid."""
        uuid = str(uuids.uuid4())
        given = f"origination_uuid={uuid},ignore_early_media=true,originate_timeout=20"
        dial = self.callees.format(name=callee)
        variables = f",{variables}" if variables else ""
        command = f"bgapi originate {{{given}{variables}}}{dial} {app}\nJob-UUID: job-{uuid}"
        assert await self.esl.command(command) == f"+OK Job-UUID: job-{uuid}"
        return uuid

    async def call(self, callee: str = "quiet", variables: str = "") -> str:
        """Places a call and waits until it is parked."""
        uuid = await self.originate(callee, variables)
        await self.esl.until_name("CHANNEL_PARK", uuid)
        return uuid

    async def play(self, uuid: str, path: str, tag: str = "", *, lock: bool = True) -> None:
        """Queues a playback."""
        assert await self.esl.command(esl.execute(uuid, "playback", path, event_lock=lock, event_uuid=tag)) == "+OK"

    async def hang_up(self, uuid: str) -> list[esl.Event]:
        """Ends a call; all its events."""
        await self.esl.api(f"uuid_kill {uuid}")
        await self.ended(uuid)
        return self.esl.about(uuid)

    async def ended(self, uuid: str) -> esl.Event:
        """CHANNEL_HANGUP_COMPLETE, once the channel's last event is here too."""
        await self.esl.until(lambda event: event.uuid == uuid and event.get("Channel-State") == "CS_DESTROY", "the end")
        return await self.esl.until_name("CHANNEL_HANGUP_COMPLETE", uuid)

    def wav(self, name: str, ms: int, rate_hz: int = 8000) -> str:
        """A sound file of ``ms`` milliseconds."""
        path = self.folder / name
        write_wav(path, tone(ms, rate_hz), rate_hz)
        return str(path)

    def playbacks(self, uuid: str) -> list[str]:
        """``START file`` and ``STOP file status`` of one channel, in order."""
        return [brief(event) for event in self.esl.about(uuid) if event.name.startswith("PLAYBACK_")]

    @asynccontextmanager
    async def streaming(
        self, callee: str = "tone", arguments: str = "mono 8k", variables: str = ""
    ) -> AsyncIterator[tuple[str, Sink]]:
        """A call that streams to a server; hung up in the end."""
        async with sink() as server:
            uuid = await self.call(callee, variables)
            started = await self.esl.api(f"uuid_audio_stream {uuid} start {server.url} {arguments}")
            assert started == "+OK Success\n"
            await server.wait("open")
            yield uuid, server
            await self.hang_up(uuid)


def tone(ms: int, rate_hz: int = 8000, hz: float = 1000.0) -> Pcm:
    """int16 at a quarter of full scale."""
    wave = 8000 * np.sin(2 * np.pi * hz * np.arange(ms * rate_hz // 1000) / rate_hz)
    return np.asarray(np.rint(wave), np.int16)


def brief(event: esl.Event) -> str:
    path = Path(event.get("Playback-File-Path")).name
    words = (event.name.removeprefix("PLAYBACK_"), path, event.get("Playback-Status"))
    return " ".join(word for word in words if word)


Case = Callable[[Lab], Awaitable[None]]
Run = Callable[[Case], None]


def run_embedded(case: Case, folder: Path) -> None:
    """Runs a case on an embedded switch of its own, in virtual time."""

    async def main() -> None:
        switch = EmbeddedSwitch(Callees(), password="a long one", wall_us=lambda: START_US)
        async with switch:
            address = Address(switch.host, switch.port, switch.password)
            async with listening(address) as wire:
                await case(Lab(address, wire, CALLEES, folder))

    run_virtual(main())


def run_real(case: Case, folder: Path) -> None:
    """Runs a case on the switch that the environment names, in real time."""
    host, port, password = os.environ["ALLOBOT_TEST_ESL"].split(":", 2)
    address = Address(host, int(port), password)
    callees = os.environ.get("ALLOBOT_TEST_CALLEES", CALLEES)

    async def main() -> None:
        async with asyncio.timeout(CASE_S), listening(address) as wire:
            lab = Lab(address, wire, callees, folder)
            try:
                await case(lab)
            finally:
                for uuid in {event.uuid for event in wire.events if event.name == "CHANNEL_CREATE"}:
                    wire.send(f"bgapi uuid_kill {uuid}")

    asyncio.run(main())
