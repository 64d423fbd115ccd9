"""The embedded switch: FreeSWITCH's event socket and mod_audio_stream over real sockets, with callees made of files.

It behaves as a measured FreeSWITCH 1.10 does wherever an ESL client can tell, and knows nothing of the robot that
drives it. Everything lives in one task group inside the context manager; nothing outlives it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from urllib.parse import quote

from robot.errors import ConfigError, errors_in
from robot.lab.switch.api_system import uptime
from robot.lab.switch.calls import CalleeSource, Calls
from robot.lab.switch.commands import Commands
from robot.lab.switch.core import VERSION, Core, CoreClock, system_wall_us
from robot.lab.switch.esl_session import CLOSE_S, EslSession
from robot.lab.switch.leg import Facilities
from robot.log import get_logger
from robot.protocol.esl import Event, Limits

log = get_logger(__name__)

HEARTBEAT_S = 20.0
SHUTDOWN_NOTICE_S = 1.5
"""from the SHUTDOWN event to the disconnect notice"""
LEGS_END_S = 5.0
FILE_WORKERS = 4
MAX_CLIENTS = 100


class EmbeddedSwitch:
    """``async with EmbeddedSwitch(directory, password=…) as switch``: listens on ``switch.host`` and ``switch.port``.

    ``seed`` decides all identifiers and all that is random in callees and lines. ``wall_us`` is read once: dates then
    follow the loop's clock. Entering raises ``ConfigError`` when the address cannot be listened on.
    """

    def __init__(
        self,
        callees: CalleeSource,
        *,
        password: str,
        host: str = "127.0.0.1",
        port: int = 0,
        seed: int = 0,
        wall_us: Callable[[], int] = system_wall_us,
        limits: Limits = Limits(),  # noqa: B008 - frozen
        shutdown_notice_s: float = SHUTDOWN_NOTICE_S,
    ) -> None:
        if not password:
            raise ConfigError("the switch's password is empty; give it one")
        self._callees, self._seed, self._wall_us, self._limits = callees, seed, wall_us, limits
        self._notice_s = shutdown_notice_s
        self.host, self.port, self.password = host, port, password
        self._sessions: dict[EslSession, None] = {}
        self._alone = asyncio.Event()

    async def __aenter__(self) -> EmbeddedSwitch:
        loop = asyncio.get_running_loop()
        try:
            self._server = await asyncio.start_server(self._accept, self.host, self.port, start_serving=False)
        except OSError as error:
            raise ConfigError(f"cannot listen on {self.host}:{self.port}: {error.strerror or error}") from error
        self.port = int(self._server.sockets[0].getsockname()[1])
        self._executor = ThreadPoolExecutor(FILE_WORKERS, thread_name_prefix="lab-switch-files")
        self._spool = Path(await loop.run_in_executor(self._executor, tempfile.mkdtemp, "", f"allobot-{os.getpid()}-"))
        self._group = await asyncio.TaskGroup().__aenter__()
        self.core = Core(CoreClock(loop, self._wall_us), self._seed)
        facilities = Facilities(self.core, self._executor, self._spool)
        self.calls = Calls(facilities, self._callees, self._group, self._seed)
        self._commands = Commands(self.calls, self.password, self._group)
        self.core.listen(self._offer)
        self._heart = self._group.create_task(self._beat(), name="switch heartbeat")
        await self._server.start_serving()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        try:
            if error is None:
                await self._shut_down()
        except BaseException as failure:
            kind, error, trace = type(failure), failure, failure.__traceback__
            raise
        finally:
            self._heart.cancel()
            self._commands.cancel_jobs()
            for session in list(self._sessions):
                session.abort()
            try:
                await self._group.__aexit__(kind, error, trace)
            except BaseExceptionGroup as failures:
                if list(errors_in(failures)) != [error]:
                    raise
            finally:
                await self._server.wait_closed()
                loop = asyncio.get_running_loop()
                await loop.run_in_executor(self._executor, shutil.rmtree, self._spool, True)
                self._executor.shutdown()

    def ring_in(self, target: str, number: str, *, caller: str = "0600000000") -> str:
        """A call comes in: the callee at ``target`` (a path or a name) dials ``number``. Gives the channel's uuid.

        The dialplan answers and parks it: then a client hears of it. Raises ``ConfigError`` when it is refused.
        """
        return self.calls.receive(quote(target), number, caller)

    @property
    def stopping(self) -> asyncio.Event:
        """Set once a client said ``fsctl shutdown``: whoever owns the switch should leave its context."""
        return self.calls.stopping

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._sessions) >= MAX_CLIENTS:
            log.error("too many clients", clients=MAX_CLIENTS)
            writer.transport.abort()
            return
        session = EslSession(reader, writer, self._commands, self._limits)
        self._sessions[session] = None
        self._alone.clear()
        self._group.create_task(self._serve(session), name=f"esl client {session.peer}")

    async def _serve(self, session: EslSession) -> None:
        try:
            await session.run()
        finally:
            del self._sessions[session]
            if not self._sessions:
                self._alone.set()

    def _offer(self, event: Event) -> None:
        for session in list(self._sessions):
            session.offer(event)

    async def _shut_down(self) -> None:
        """SHUTDOWN, every call hung up, a little later the notice for clients that stay, and a second to take it."""
        self.core.fire("SHUTDOWN", {"Event-Info": "System Shutting Down"})
        self.calls.hang_up_all("SYSTEM_SHUTDOWN")
        if not await self.calls.wait_ended(LEGS_END_S):
            log.error("calls did not end in time", calls=len(self.calls.legs))
            self.calls.cancel()
        if self._sessions:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._notice_s):
                    await self._alone.wait()
        for session in list(self._sessions):
            session.shut_down()
        if self._sessions:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_S):
                    await self._alone.wait()

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            calls, clock = self.calls, self.core.clock
            self.core.fire(
                "HEARTBEAT",
                {
                    "Event-Info": "System Ready",
                    "Up-Time": uptime(clock.uptime_us()),
                    "FreeSWITCH-Version": VERSION,
                    "Uptime-msec": str(clock.uptime_us() // 1000),
                    "Session-Count": str(len(calls.legs)),
                    "Max-Sessions": str(calls.max_sessions),
                    "Session-Per-Sec": str(calls.sessions_per_second),
                    "Session-Per-Sec-Last": str(calls.per_second),
                    "Session-Per-Sec-Max": str(calls.peak_per_second),
                    "Session-Since-Startup": str(calls.started),
                    "Session-Peak-Max": str(calls.peak),
                    "Idle-CPU": "100.000000",
                    "Heartbeat-Interval": f"{HEARTBEAT_S:.0f}",
                },
            )
