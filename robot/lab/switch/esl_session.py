"""One client of the event socket: its bytes in, replies at once, events on a tick.

FreeSWITCH looks for events to send whenever it has waited 20 ms for a command; a command restarts that wait, and none
go out while an ``api`` command runs. A client that does not read is cut off once too many events wait for it.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque

from robot.errors import LocalProtocolError, RemoteProtocolError
from robot.lab.switch.commands import SHUTTING_DOWN, Access, Client, Commands
from robot.lab.switch.core import TICK_S
from robot.log import get_logger
from robot.protocol.esl import (
    Command,
    Event,
    Limits,
    ServerConnection,
    auth_request,
    command_reply,
    disconnect_notice,
    event_message,
)

log = get_logger(__name__)

READ_BYTES = 65_536
MAX_EVENTS = 20_000
"""waiting for one client: 30 s of a full switch"""
MAX_UNSENT_BYTES = 4 * 1024 * 1024
"""beyond this, events wait here instead of in the socket's buffer"""
CLOSE_S = 1.0
_SETTLED_S = 0.001
"""an event is on its way through the core for this long: a reply overtakes it, a tick's events go out just after it"""


class EslSession:
    """Serves one connection: :meth:`run` until it ends, with :meth:`offer` for each event meanwhile."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, commands: Commands, limits: Limits
    ) -> None:
        self._reader, self._writer, self._commands = reader, writer, commands
        self._connection = ServerConnection(limits)
        self._client = Client()
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[tuple[float, Event]] = deque()
        self._polls_from_s = self._loop.time()
        self._timer: asyncio.TimerHandle | None = None
        self._busy = self._closed = False
        self.peer = str(writer.get_extra_info("peername"))

    async def run(self) -> None:
        """Until the client leaves, breaks the protocol, or is cut off."""
        try:
            self._writer.write(auth_request())
            while not self._client.leaving and (data := await self._reader.read(READ_BYTES)):
                for command in self._connection.receive(data):
                    if not self._client.leaving:
                        await self._serve(command)
            self._close()
            async with asyncio.timeout(CLOSE_S):
                await self._writer.wait_closed()
        except RemoteProtocolError as error:
            log.warning("client does not speak ESL", peer=self.peer, reason=str(error))
        except TimeoutError:
            log.warning("client did not take its last messages", peer=self.peer)
        except OSError as error:
            log.info("client is gone", peer=self.peer, reason=str(error))
        finally:
            self.abort()

    def offer(self, event: Event) -> None:
        """Takes an event that the switch fired, if the client wants it."""
        if self._closed or self._client.access is not Access.AUTHENTICATED:
            return
        if not self._client.subscription.wants(event):
            return
        if len(self._waiting) >= MAX_EVENTS:
            log.error("client does not read its events and is cut off", peer=self.peer, events=MAX_EVENTS)
            self.abort()
            return
        self._waiting.append((self._loop.time(), event))
        self._schedule()

    def shut_down(self) -> None:
        """The switch goes: last events, the notice, the end."""
        if self._closed:
            return
        self._flush(self._loop.time())
        if self._client.access is Access.AUTHENTICATED:
            self._writer.write(disconnect_notice(SHUTTING_DOWN))
        self._client.access = Access.LEAVING
        self._close()

    def abort(self) -> None:
        """Cuts the connection off, with what was not sent."""
        self._close()
        self._writer.transport.abort()

    async def _serve(self, command: Command) -> None:
        self._busy = True
        try:
            reply = await self._commands.answer(self._client, command)
        except LocalProtocolError:  # a reply that would repeat a control character of the command
            reply = command_reply("-ERR invalid characters")
        finally:
            self._busy = False
        if self._closed:
            return
        self._writer.write(reply)
        if not self._client.subscription.names:
            self._waiting.clear()
        now_s = self._loop.time()
        self._polls_from_s = now_s + _SETTLED_S
        self._flush(now_s - _SETTLED_S)
        await self._writer.drain()

    def _schedule(self) -> None:
        """Sends what waits at the next multiple of 20 ms since the last command."""
        if self._timer is None and not self._busy and self._waiting:
            ticks = math.floor((self._loop.time() - self._polls_from_s) / TICK_S + 1e-6) + 1
            self._timer = self._loop.call_at(self._polls_from_s + max(1, ticks) * TICK_S, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        if not self._busy:
            self._flush(self._loop.time())

    def _flush(self, until_s: float) -> None:
        """Sends the events fired up to ``until_s``, as long as the socket takes them."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._waiting and self._waiting[0][0] <= until_s and not self._closed:
            if self._writer.transport.get_write_buffer_size() > MAX_UNSENT_BYTES:
                break
            event = self._waiting.popleft()[1]
            self._writer.write(event_message(event, self._client.subscription.format))
        self._schedule()

    def _close(self) -> None:
        self._closed = True
        self._waiting.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._writer.close()
