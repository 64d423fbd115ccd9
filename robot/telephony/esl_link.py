"""One authenticated ESL connection: commands in order, replies in order, events to a callback.

A link never reconnects: it lives until its socket dies, tells everybody who waits, and is thrown away.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

from robot.errors import CommandFailed, ConfigError, NotConnected, ProtocolError, RemoteProtocolError
from robot.protocol import esl
from robot.telephony.esl_commands import Reply

READ_BYTES = 262_144
MAX_PENDING = 1000


class EslLink:
    """Open it with :meth:`open`, then keep :meth:`read` running in a task group until it returns."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        timeout_s: float,
        on_event: Callable[[esl.Event], None],
    ) -> None:
        self._reader, self._writer, self._timeout_s, self._on_event = reader, writer, timeout_s, on_event
        self._codec = esl.ClientConnection()
        self._pending: deque[asyncio.Future[Reply]] = deque()
        self._greeting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._lost: str | None = None
        self.heard_s = asyncio.get_running_loop().time()
        """``loop.time()`` of the last bytes from the switch"""

    @property
    def lost(self) -> str | None:
        """Why nothing can be sent any more; None while it can."""
        return self._lost or ("the robot closed the connection" if self._writer.is_closing() else None)

    @classmethod
    async def open(
        cls, host: str, port: int, *, connect_timeout_s: float, timeout_s: float, on_event: Callable[[esl.Event], None]
    ) -> EslLink:
        """Connects. Raises ``NotConnected`` with what to check."""
        try:
            async with asyncio.timeout(connect_timeout_s):
                reader, writer = await asyncio.open_connection(host, port)
        except TimeoutError as error:
            raise NotConnected(f"no answer from the switch at {host}:{port} within {connect_timeout_s:g} s") from error
        except OSError as error:
            raise NotConnected(
                f"cannot reach the switch at {host}:{port} ({error.strerror or error}); "
                "is it running, and does esl.host/esl.port name it?"
            ) from error
        return cls(reader, writer, timeout_s, on_event)

    async def read(self) -> str:
        """Reads until the connection ends; returns why it ended. Everything that waited gets ``NotConnected``."""
        reason = "the switch closed the connection"
        try:
            while data := await self._reader.read(READ_BYTES):
                self.heard_s = asyncio.get_running_loop().time()
                for message in self._codec.receive(data):
                    match message:
                        case esl.DisconnectNotice(text=text):
                            reason = f"the switch said goodbye: {text.strip() or 'no reason given'}"
                        case esl.Rejected(text=text):
                            reason = f"the switch refuses this address (ACL): {text.strip()}"
                        case _:
                            self._take(message)
            reason = self._cut() or reason
        except ProtocolError as error:
            reason = f"the switch sent something that is not ESL: {error}"
        except OSError as error:
            reason = f"the connection to the switch broke: {error}"
        finally:
            self._give_up(reason)
        return self._lost or reason

    def _cut(self) -> str | None:
        """What is to be said when the last message is not whole."""
        try:
            self._codec.eof()
        except RemoteProtocolError as error:
            return f"the switch broke off: {error}"
        return None

    async def authenticate(self, password: str) -> None:
        """Waits for the greeting and logs in.

        Raises ``ConfigError`` for an empty password, ``CommandFailed`` for a wrong one, ``NotConnected``.
        """
        if not password:
            raise ConfigError("the switch's password is empty: set ALLOBOT_ESL_PASSWORD")
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._greeting
        except TimeoutError as error:
            raise NotConnected(
                "the peer accepted the connection but never spoke ESL: is this the right port?"
            ) from error
        reply = await self.send(esl.auth(password))
        if not isinstance(reply, esl.CommandReply) or not reply.ok:
            raise CommandFailed("auth", "wrong password (set ALLOBOT_ESL_PASSWORD)")

    async def send(self, data: bytes) -> Reply:
        """Sends one command and waits for its reply. Raises ``NotConnected`` when it cannot come any more."""
        if self.lost is not None:
            raise NotConnected(self.lost)
        if len(self._pending) >= MAX_PENDING:
            raise NotConnected(f"{MAX_PENDING} commands are waiting for the switch: it has stalled")
        reply: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._pending.append(reply)
        self._writer.write(data)
        try:
            async with asyncio.timeout(self._timeout_s):
                return await reply
        except TimeoutError as error:
            self._lost = self._lost or f"the switch gave no reply within {self._timeout_s:g} s"
            self._writer.transport.abort()
            raise NotConnected(self._lost) from error

    def close(self) -> None:
        """Closes the socket; :meth:`read` then returns. What a peer does not take is not waited for."""
        if self._writer.transport.get_write_buffer_size():
            self._writer.transport.abort()
        else:
            self._writer.close()

    def _take(self, message: esl.ServerMessage) -> None:
        match message:
            case esl.AuthRequest():
                if not self._greeting.done():
                    self._greeting.set_result(None)
            case esl.Event():
                self._on_event(message)
            case esl.CommandReply() | esl.ApiResponse():
                if not self._pending:
                    raise RemoteProtocolError("a reply that no command asked for")
                waiting = self._pending.popleft()
                if not waiting.done():
                    waiting.set_result(message)
            case _:
                pass

    def _give_up(self, reason: str) -> None:
        self._lost = self._lost or reason
        self._writer.close()
        _refuse(self._greeting, self._lost)
        while self._pending:
            _refuse(self._pending.popleft(), self._lost)


def _refuse(waiting: asyncio.Future[Any], reason: str) -> None:
    if not waiting.done():
        waiting.set_exception(NotConnected(reason))
        waiting.exception()  # marks it as seen: nobody may be waiting
