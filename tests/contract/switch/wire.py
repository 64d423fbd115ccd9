"""One event socket connection for the conformance cases: raw commands out, replies and events in, nothing interpreted.

Every wait ends by itself: a real switch that does not do what a case expects must fail it, not hang it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from robot.protocol import esl

WAIT_S = 10.0
CALL_EVENTS = (
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
)
STREAM_EVENTS = tuple(f"mod_audio_stream::{kind}" for kind in ("connect", "disconnect", "error", "json", "play"))


@dataclass(frozen=True, slots=True)
class Address:
    """An event socket."""

    host: str
    port: int
    password: str


class Wire:
    """An open connection; not yet authenticated."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._connection = esl.ClientConnection()
        self._replies: asyncio.Queue[esl.ServerMessage] = asyncio.Queue()
        self._changed = asyncio.Event()
        self.events: list[esl.Event] = []
        self.notice = ""
        self.order: list[str] = []
        """``reply`` and events' names, as they arrived"""
        self.ended = asyncio.Event()

    async def read(self) -> None:
        while data := await self._reader.read(65_536):
            for message in self._connection.receive(data):
                match message:
                    case esl.Event():
                        self.events.append(message)
                        self.order.append(message.name)
                    case esl.DisconnectNotice(text=text):
                        self.notice = text
                    case _:
                        self.order.append("reply")
                        self._replies.put_nowait(message)
            self._changed.set()
        self.ended.set()
        self._changed.set()

    def send(self, data: bytes | str) -> None:
        self._writer.write(data if isinstance(data, bytes) else f"{data}\n\n".encode())

    async def reply(self) -> esl.ServerMessage:
        async with asyncio.timeout(WAIT_S):
            return await self._replies.get()

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

    async def until(self, wanted: Callable[[esl.Event], bool], what: str) -> esl.Event:
        """The first event, past or to come, that is ``wanted``."""
        seen = 0
        try:
            async with asyncio.timeout(WAIT_S):
                while True:
                    for event in self.events[seen:]:
                        if wanted(event):
                            return event
                    seen = len(self.events)
                    assert not self.ended.is_set(), f"the switch closed before {what}: {self.names()}"
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise AssertionError(f"no {what}: {self.names()}") from None

    async def until_name(self, name: str, uuid: str, nth: int = 1) -> esl.Event:
        """The ``nth`` event of that name (for a stream's: its subclass) about ``uuid``."""
        found = 0

        def wanted(event: esl.Event) -> bool:
            nonlocal found
            found += (event.subclass or event.name) == name and event.uuid == uuid
            return found == nth

        return await self.until(wanted, f"{name} number {nth}")

    async def job(self, job_uuid: str) -> str:
        """What a background command printed."""
        event = await self.until(lambda event: event.get("Job-UUID") == job_uuid, "BACKGROUND_JOB")
        return event.body

    def names(self, uuid: str = "") -> list[str]:
        return [event.subclass or event.name for event in self.events if uuid in ("", event.uuid)]

    def about(self, uuid: str) -> list[esl.Event]:
        """The events of one channel, and those of its originate."""
        return [event for event in self.events if event.uuid == uuid or event.get("Job-UUID") == f"job-{uuid}"]


@asynccontextmanager
async def connected(address: Address) -> AsyncIterator[Wire]:
    """A connection that has said nothing yet; the switch has asked it to authenticate."""
    reader, writer = await asyncio.open_connection(address.host, address.port)
    wire = Wire(reader, writer)
    async with asyncio.TaskGroup() as group:
        reading = group.create_task(wire.read())
        try:
            assert isinstance(await wire.reply(), esl.AuthRequest)
            yield wire
        finally:
            reading.cancel()
            writer.close()


@asynccontextmanager
async def listening(
    address: Address, events: Sequence[str] = CALL_EVENTS, form: esl.EventFormat = "json"
) -> AsyncIterator[Wire]:
    """An authenticated connection that gets ``events`` and those of streams."""
    async with connected(address) as wire:
        assert await wire.command(esl.auth(address.password)) == "+OK accepted"
        if events:
            assert (await wire.command(esl.subscribe(form, events, STREAM_EVENTS))).startswith("+OK event listener")
        yield wire
