"""One of a client's connections to a switch, kept: lost, it is opened again until it is there.

Two lanes make a client, one for commands and one for events: a blocking command holds back the events of its own
connection, and a flood of events delays the replies. Each is watched and mended alone. A link itself never comes back:
every reconnection is a new :class:`EslLink`, made usable by ``prepare`` before anybody else may use it.

Back-pressure: commands wait for a lost connection for ``lost_call_after_s`` from the loss on, then they are refused at
once; on a live link at most ``MAX_PENDING`` wait for their replies. Events are read as fast as they come, and queued
per call, see :class:`robot.telephony.call_events.CallEvents`.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

from robot.errors import NotConnected, RobotError
from robot.log import get_logger
from robot.protocol import esl
from robot.telephony.esl_address import EslAddress, backoff_s
from robot.telephony.esl_commands import Reply
from robot.telephony.esl_link import EslLink

log = get_logger(__name__)
PING = esl.api("global_getvar", "core_uuid")
SOON_S = 0.01
URGENT = 10
"""as long as calls wait, there are at least this many attempts before they are given up"""


@dataclass(frozen=True, slots=True)
class LaneHooks:
    """What a lane's owner does with it. ``prepare`` may send on the link it gets, and fail; the others are quick."""

    prepare: Callable[[EslLink], Awaitable[None]]
    event: Callable[[esl.Event], None]
    lost: Callable[[str], None]


class EslLane:
    """A connection that comes back. Its tasks live in the group that is given to :meth:`open`."""

    def __init__(self, name: str, address: EslAddress, chance: random.Random, hooks: LaneHooks) -> None:
        self._name, self._address, self._chance, self._hooks = name, address, chance, hooks
        self._link: EslLink | None = None
        self._up = asyncio.Event()
        self._lost_s = float("-inf")
        self._reason = "not connected to the switch"
        self._keeper: asyncio.Task[None] | None = None
        self._opening: EslLink | None = None

    @property
    def is_up(self) -> bool:
        """Whether commands can be sent now."""
        return self._link is not None

    async def open(self, group: asyncio.TaskGroup) -> None:
        """The first connection; from then on it is kept. Raises as :meth:`EslLink.open` and ``authenticate`` do."""
        self._group = group
        reader = await self._connect()
        self._keeper = group.create_task(self._keep(reader), name=f"esl {self._name}")

    def close(self) -> None:
        """Ends the connection and the keeping of it. Whoever waits for a reply gets ``NotConnected``."""
        if self._keeper is not None:
            self._keeper.cancel()
        for link in (self._link, self._opening):
            if link is not None:
                link.close()
        self._link, self._lost_s = None, float("-inf")
        self._up.set()

    async def send(self, data: bytes) -> Reply:
        """Sends a command and waits for its reply. Raises ``NotConnected`` when it did not come, or cannot."""
        return await (await self.ready()).send(data)

    async def ready(self) -> EslLink:
        """Waits for a lost connection, as long as calls are kept alive for it. Raises ``NotConnected``."""
        if self._link is not None and self._link.lost is not None:
            self._down(self._link, self._link.lost)
        if self._link is None:
            left_s = self._lost_s + self._address.lost_call_after_s - asyncio.get_running_loop().time()
            if left_s > 0:
                with suppress(TimeoutError):
                    async with asyncio.timeout(left_s):
                        await self._up.wait()
        if self._link is None:
            raise NotConnected(self._reason)
        return self._link

    async def _connect(self) -> asyncio.Task[str]:
        """Opens, logs in and prepares a link; gives the task that reads it to its end."""
        address = self._address
        link = self._opening = await EslLink.open(
            address.host,
            address.port,
            connect_timeout_s=address.connect_timeout_s,
            timeout_s=address.command_timeout_s,
            on_event=self._hooks.event,
        )
        reader = self._group.create_task(self._read(link), name=f"esl {self._name} read")
        try:
            await link.authenticate(address.password)
            await self._hooks.prepare(link)
        except BaseException:
            link.close()
            raise
        finally:
            self._opening = None
        if link.lost is not None:
            raise NotConnected(link.lost)
        self._link = link
        self._up.set()
        return reader

    async def _read(self, link: EslLink) -> str:
        watch = self._group.create_task(self._watch(link), name=f"esl {self._name} keepalive")
        try:
            reason = await link.read()
        finally:
            watch.cancel()
        self._down(link, reason)
        return reason

    async def _watch(self, link: EslLink) -> None:
        """Notices a peer that vanished without a word: a question that is not answered in time ends the link."""
        loop = asyncio.get_running_loop()
        with suppress(NotConnected):
            while True:
                left_s = link.heard_s + self._address.keepalive_s - loop.time()
                if left_s > SOON_S:
                    await asyncio.sleep(left_s)
                else:
                    await link.send(PING)

    def _down(self, link: EslLink, reason: str) -> None:
        if self._link is not link:
            return
        self._link, self._reason = None, reason
        self._lost_s = asyncio.get_running_loop().time()
        self._up.clear()
        self._hooks.lost(reason)

    async def _keep(self, reader: asyncio.Task[str]) -> None:
        while True:
            await reader
            reader = await self._reconnect()
            log.info("esl_reconnected", lane=self._name)

    async def _reconnect(self) -> asyncio.Task[str]:
        """Tries until it is there. A switch that refuses us now (ACL, password) may be mended while we wait."""
        attempt, loop = 0, asyncio.get_running_loop()
        while True:
            pause_s = backoff_s(self._address, attempt, self._chance)
            if loop.time() < self._lost_s + self._address.lost_call_after_s:
                pause_s = min(pause_s, self._address.lost_call_after_s / URGENT)
            await asyncio.sleep(pause_s)
            try:
                return await self._connect()
            except RobotError as error:
                tell = log.error if attempt == 0 else log.info
                tell("esl_reconnect_failed", lane=self._name, reason=str(error), attempt=attempt)
                self._reason = str(error)
                attempt += 1
