"""A raw ESL client for the switch's tests, over our own codec, and callees made of arithmetic."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np

from robot.lab.directory import Prepared, Route, UnknownCallee
from robot.lab.plan import Plan
from robot.lab.switch import EmbeddedSwitch
from robot.protocol import esl
from services.audio import Pcm, write_wav

PASSWORD = "a password with spaces"
DIAL = "sofia/internal/{}@127.0.0.1:5090"
START_US = 1_795_148_415_820_627
LINE = {"codec": "none", "band_limit": False, "noise_dbfs": None, "playback_edge_drop_ms": 0}
CHANNEL_EVENTS = [
    "CHANNEL_OUTGOING",
    "CHANNEL_STATE",
    "CHANNEL_CREATE",
    "CHANNEL_ORIGINATE",
    "CHANNEL_PROGRESS",
    "CHANNEL_PROGRESS_MEDIA",
    "CHANNEL_CALLSTATE",
    "CHANNEL_ANSWER",
    "CHANNEL_EXECUTE",
    "CHANNEL_EXECUTE_COMPLETE",
    "CHANNEL_PARK",
    "CHANNEL_UNPARK",
    "CHANNEL_HANGUP",
    "CHANNEL_HANGUP_COMPLETE",
    "CHANNEL_DESTROY",
    "BACKGROUND_JOB",
    "PLAYBACK_START",
    "PLAYBACK_STOP",
    "RECORD_START",
    "RECORD_STOP",
    "MEDIA_BUG_START",
    "MEDIA_BUG_STOP",
    "DTMF",
    "SHUTDOWN",
    "HEARTBEAT",
]
STREAM_EVENTS = [f"mod_audio_stream::{kind}" for kind in ("connect", "disconnect", "error", "json", "play")]


class Callees:
    """Plans by name; nothing is spoken."""

    def __init__(self, *plans: Plan) -> None:
        self._plans = {plan.name: plan for plan in plans}

    async def find(self, route: Route, executor: Executor) -> Prepared:
        if route.target not in self._plans:
            raise UnknownCallee(route.target)
        plan = self._plans[route.target]
        return Prepared(plan, {sound: tone(ms=400) for sound in plan.sounds()})


def plan(name: str, outcome: Mapping[str, object] | None = None, steps: Sequence[object] = (), seed: int = 1) -> Plan:
    """A callee on a perfect line."""
    return Plan.model_validate(
        {"name": name, "line": LINE, "outcome": outcome or {"after_ms": 200}, "steps": steps, "seed": seed}
    )


QUIET = plan("quiet")


def tone(ms: int, peak: int = 8000, hz: float = 1000.0) -> Pcm:
    """int16 at 8 kHz."""
    wave = peak * np.sin(2 * np.pi * hz * np.arange(ms * 8) / 8000)
    return np.asarray(np.rint(wave), np.int16)


def wav(folder: Path, name: str, ms: int) -> str:
    """A sound file of ``ms`` milliseconds."""
    path = folder / name
    write_wav(path, tone(ms), 8000)
    return str(path)


class Peer:
    """One connection. Replies are returned, events collected with the loop time of their arrival."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.events: list[esl.Event] = []
        self.at_s: list[float] = []
        self.notice = ""
        self._connection = esl.ClientConnection()
        self._replies: asyncio.Queue[esl.ServerMessage] = asyncio.Queue()
        self._changed = asyncio.Event()
        self.ended = asyncio.Event()

    async def read(self) -> None:
        loop = asyncio.get_running_loop()
        while data := await self.reader.read(65_536):
            for message in self._connection.receive(data):
                match message:
                    case esl.Event():
                        self.events.append(message)
                        self.at_s.append(loop.time())
                    case esl.DisconnectNotice(text=text):
                        self.notice = text
                    case _:
                        self._replies.put_nowait(message)
            self._changed.set()
        self.ended.set()
        self._changed.set()

    async def reply(self) -> esl.ServerMessage:
        return await self._replies.get()

    def send(self, data: bytes | str) -> None:
        self.writer.write(data if isinstance(data, bytes) else f"{data}\n\n".encode())

    async def command(self, data: bytes | str) -> str:
        """The text of a command's reply."""
        self.send(data)
        reply = await self.reply()
        assert isinstance(reply, esl.CommandReply), reply
        return reply.text

    async def api(self, line: str) -> str:
        """What an api command prints."""
        self.send(f"api {line}")
        reply = await self.reply()
        assert isinstance(reply, esl.ApiResponse), reply
        return reply.body

    async def until(self, wanted: Callable[[esl.Event], bool]) -> esl.Event:
        """The first event, past or to come, that is ``wanted``."""
        seen = 0
        while True:
            for event in self.events[seen:]:
                if wanted(event):
                    return event
            seen = len(self.events)
            assert not self.ended.is_set(), self.names()
            self._changed.clear()
            await self._changed.wait()

    async def until_name(self, name: str, uuid: str = "") -> esl.Event:
        return await self.until(lambda event: event.name == name and uuid in ("", event.uuid))

    async def originate(self, uuid: str, callee: str = "quiet", variables: str = "", app: str = "&park()") -> None:
        """Places a call in the background."""
        given = f"origination_uuid={uuid},ignore_early_media=true{',' if variables else ''}{variables}"
        text = await self.command(f"bgapi originate {{{given}}}{DIAL.format(callee)} {app}\nJob-UUID: job-{uuid}")
        assert text == f"+OK Job-UUID: job-{uuid}"

    async def call(self, uuid: str, callee: str = "quiet", variables: str = "") -> None:
        """Places a call and waits until it is parked."""
        await self.originate(uuid, callee, variables)
        await self.until_name("CHANNEL_PARK", uuid)

    async def play(self, uuid: str, path: str, tag: str = "", *, lock: bool = True) -> None:
        assert await self.command(esl.execute(uuid, "playback", path, event_lock=lock, event_uuid=tag)) == "+OK"

    def names(self, uuid: str = "") -> list[str]:
        return [event.subclass or event.name for event in self.events if uuid in ("", event.uuid)]

    def brief(self, *names: str) -> list[str]:
        """The named events as ``START file``, ``STOP file status``."""
        return [brief(event) for event in self.events if event.name in names]


def brief(event: esl.Event) -> str:
    path = Path(event.get("Playback-File-Path")).name
    words = (event.name.removeprefix("PLAYBACK_"), path, event.get("Playback-Status"))
    return " ".join(word for word in words if word)


@asynccontextmanager
async def peer_of(switch: EmbeddedSwitch, events: Sequence[str] = CHANNEL_EVENTS) -> AsyncIterator[Peer]:
    """An authenticated client that subscribed to ``events`` and all stream events."""
    reader, writer = await asyncio.open_connection(switch.host, switch.port)
    peer = Peer(reader, writer)
    async with asyncio.TaskGroup() as group:
        group.create_task(peer.read())
        assert isinstance(await peer.reply(), esl.AuthRequest)
        assert await peer.command(esl.auth(switch.password)) == "+OK accepted"
        if events:
            await peer.command(esl.subscribe("plain", events, STREAM_EVENTS))
        try:
            yield peer
        finally:
            writer.close()


@asynccontextmanager
async def lab(*plans: Plan, seed: int = 0) -> AsyncIterator[tuple[EmbeddedSwitch, Peer]]:
    """A switch with these callees and ``quiet``, and one client."""
    callees = Callees(QUIET, *plans)
    switch = EmbeddedSwitch(callees, password=PASSWORD, seed=seed, wall_us=lambda: START_US)
    async with switch, peer_of(switch) as peer:
        yield switch, peer
