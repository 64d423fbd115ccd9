"""Two greenswitch connections and their gevent hub, in a thread of their own, as an asyncio program sees them.

Nothing of this process is patched: the hub's are only greenswitch's own sockets, which it makes from ``gevent.socket``.
"""

from __future__ import annotations

import asyncio
import importlib.util
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from robot.errors import CommandFailed, ConfigError, NotConnected, SwitchError
from robot.protocol import esl
from robot.telephony.esl_address import EslAddress
from robot.telephony.esl_commands import Reply

Headers = Mapping[str, str]
MAX_PENDING = 1000
JOIN_S = 5.0


@dataclass(frozen=True, slots=True, eq=False)
class _Order:
    """A command on its way into the hub. Its reply is settled in the asyncio loop alone."""

    text: str
    subscribes: bool
    reply: asyncio.Future[Reply]


class GreenHub:
    """Runs two ``InboundESL``: one for commands, one for events. Use once: :meth:`start`, then :meth:`stop`."""

    def __init__(
        self, address: EslAddress, on_event: Callable[[Headers], None], on_lost: Callable[[str], None]
    ) -> None:
        self._address, self._on_event, self._on_lost = address, on_event, on_lost
        self._orders: deque[_Order] = deque()
        self._pending: dict[_Order, None] = {}
        self._lost: str | None = None
        self._connections: list[Any] = []
        self._watcher: Any = None
        self._leave: Any = None
        self._stopping = False

    async def start(self) -> None:
        """Connects. Raises ``ConfigError`` (not installed), ``CommandFailed`` (wrong password), ``NotConnected``."""
        self._loop = asyncio.get_running_loop()
        started: asyncio.Future[None] = self._loop.create_future()
        if importlib.util.find_spec("greenswitch") is None:
            raise ConfigError('esl.client: greenswitch is not installed; pip install "allobot[greenswitch]"')
        self._thread = threading.Thread(target=self._run, args=(started,), name="greenswitch", daemon=True)
        self._thread.start()
        try:
            async with asyncio.timeout(self._address.connect_timeout_s + self._address.command_timeout_s):
                await started
        except TimeoutError as error:
            raise NotConnected(
                "the peer accepted the connection but never spoke ESL: is this the right port?"
            ) from error

    async def send(self, data: bytes) -> Reply:
        """Sends a command; a subscription goes to the events' connection. Raises ``NotConnected``."""
        if self._lost is not None:
            raise NotConnected(self._lost)
        if len(self._pending) >= MAX_PENDING:
            raise NotConnected(f"{MAX_PENDING} commands are waiting for the switch: it has stalled")
        text = data.decode().removesuffix("\n\n")  # greenswitch adds it
        order = _Order(text, text.startswith("event "), self._loop.create_future())
        self._pending[order] = None
        self._orders.append(order)
        self._watcher.send()
        try:
            async with asyncio.timeout(self._address.command_timeout_s):
                return await order.reply
        except TimeoutError as error:
            raise NotConnected(f"the switch gave no reply within {self._address.command_timeout_s:g} s") from error
        finally:
            self._pending.pop(order, None)

    async def stop(self) -> None:
        """Ends the hub and its thread."""
        self._stopping = True
        if self._watcher is not None:
            self._watcher.send()
            await self._loop.run_in_executor(None, self._thread.join, JOIN_S)
        self._fail("the robot ends")

    # in the hub's thread

    def _run(self, started: asyncio.Future[None]) -> None:
        import gevent
        from gevent.event import Event
        from greenswitch import InboundESL

        hub = gevent.get_hub()
        address = self._address
        self._connections = [  # made here: what waits inside them belongs to the hub of the thread that makes it
            InboundESL(address.host, address.port, address.password, address.connect_timeout_s)
            for _ in ("commands", "events")
        ]
        self._leave = Event()
        self._watcher = hub.loop.async_()
        self._watcher.start(self._drain)
        opener = gevent.spawn(self._open, started)
        self._leave.wait()
        greenlets = [opener]
        for connection in self._connections:
            greenlets += [connection._receive_events_greenlet, connection._process_events_greenlet]
        gevent.killall([greenlet for greenlet in greenlets if greenlet is not None])
        for connection in self._connections:
            for opened in ("sock_file", "sock"):
                if hasattr(connection, opened):
                    getattr(connection, opened).close()
        self._watcher.stop()
        self._watcher.close()
        hub.destroy(destroy_loop=True)

    def _open(self, started: asyncio.Future[None]) -> None:
        from greenswitch.esl import NotConnectedError

        where = f"{self._address.host}:{self._address.port}"
        failure: SwitchError | None = None
        try:
            for connection in self._connections:
                connection.connect()
                connection._receive_events_greenlet.link(self._ended)
            self._connections[1].register_handle("*", self._take)
        except ValueError:
            failure = CommandFailed("auth", "wrong password (set ALLOBOT_ESL_PASSWORD)")
        except (OSError, NotConnectedError) as error:
            failure = NotConnected(f"cannot reach the switch at {where} ({error}); is it running?")
        self._loop.call_soon_threadsafe(_settle, started, None, failure)

    def _drain(self) -> None:
        """Runs in the hub itself, which must not wait: each command waits in a greenlet of its own, in their order."""
        import gevent

        while self._orders:
            gevent.spawn(self._ask, self._orders.popleft())
        if self._stopping:
            self._leave.set()

    def _ask(self, order: _Order) -> None:
        from greenswitch.esl import NotConnectedError

        reply: Reply | None = None
        failure: NotConnected | None = None
        try:
            answer = self._connections[order.subscribes].send(order.text)
        except (OSError, NotConnectedError) as error:
            failure = NotConnected(f"the connection to the switch is gone: {error}")
        else:
            if answer.headers["Content-Type"] == "api/response":
                reply = esl.ApiResponse(answer.data)
            else:
                reply = esl.CommandReply(answer.headers["Reply-Text"], dict(answer.headers))
        self._loop.call_soon_threadsafe(_settle, order.reply, reply, failure)

    def _take(self, event: Any) -> None:
        self._loop.call_soon_threadsafe(self._on_event, dict(event.headers))

    def _ended(self, reader: Any) -> None:
        reason = "greenswitch stopped reading: the switch closed the connection, or sent what it cannot read"
        if not self._stopping:
            self._loop.call_soon_threadsafe(self._down, reason)

    # in the loop again

    def _down(self, reason: str) -> None:
        if self._lost is None:
            self._fail(reason)
            self._on_lost(reason)

    def _fail(self, reason: str) -> None:
        """greenswitch leaves whoever waits waiting; here they are told."""
        self._lost = self._lost or reason
        for order in self._pending:
            _settle(order.reply, None, NotConnected(self._lost))


def _settle(future: asyncio.Future[Any], result: object, failure: BaseException | None) -> None:
    if future.done():
        return
    if failure is None:
        future.set_result(result)
    else:
        future.set_exception(failure)
