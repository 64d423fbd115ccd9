"""A switch made of a script: says what it is told to, when it is told to."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from robot.lab.clock import run_virtual
from robot.protocol import esl
from robot.telephony.esl_link import EslLink

PASSWORD = "ClueCon"
COMMAND_TIMEOUT_S = 5.0


class Peer:
    """The server's end of one connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self._codec = esl.ServerConnection()
        self._commands: list[esl.Command] = []

    async def command(self) -> esl.Command:
        """The next command."""
        while not self._commands:
            data = await self.reader.read(65_536)
            assert data, "the client has left"
            self._commands += self._codec.receive(data)
        return self._commands.pop(0)

    def say(self, *messages: bytes) -> None:
        self.writer.write(b"".join(messages))

    async def greet(self) -> None:
        """Lets the client log in."""
        self.say(esl.auth_request())
        assert (await self.command()).line == f"auth {PASSWORD}"
        self.say(esl.command_reply("+OK accepted"))


Script = Callable[[Peer], Awaitable[None]]


@dataclass
class Outcome:
    """What the client's end saw."""

    reason: str = ""
    events: list[esl.Event] = field(default_factory=list)


Program = Callable[[EslLink], Awaitable[None]]


def talk(script: Script, program: Program) -> Outcome:
    """Runs ``program`` on a link to a switch that follows ``script`` and then closes; in virtual time."""
    return run_virtual(_talk(script, program), limit_s=100)


async def _talk(script: Script, program: Program) -> Outcome:
    outcome = Outcome()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await script(Peer(reader, writer))
        finally:
            writer.close()

    async def read(link: EslLink) -> None:
        outcome.reason = await link.read()

    server = await asyncio.start_server(serve, "127.0.0.1", 8021)
    link = await EslLink.open(
        "127.0.0.1", 8021, connect_timeout_s=3.0, timeout_s=COMMAND_TIMEOUT_S, on_event=outcome.events.append
    )
    async with asyncio.TaskGroup() as group:
        group.create_task(read(link))
        try:
            await program(link)
        finally:
            link.close()
    server.close()
    await server.wait_closed()
    return outcome


async def forever(peer: Peer) -> None:
    """Says nothing, for longer than anybody waits."""
    await peer.reader.read()
