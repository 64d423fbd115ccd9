"""A robot's switch connected to an embedded switch, and calls over it, in virtual time."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from switch_peer import DIAL, QUIET, START_US, Callees

from robot.events import CallEvent, HungUp
from robot.lab.clock import run_virtual
from robot.lab.plan import Plan
from robot.lab.switch import EmbeddedSwitch
from robot.telephony.esl_address import EslAddress
from robot.telephony.esl_client import EslSwitch
from robot.telephony.switch import Originate

PASSWORD = "a password with spaces"


@dataclass
class Call:
    """One call as its owner sees it."""

    switch: EslSwitch
    lab: EmbeddedSwitch
    uuid: str
    seen: list[CallEvent] = field(default_factory=list)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def read(self, events: AsyncIterator[CallEvent]) -> None:
        async for event in events:
            self.seen.append(event)
            self._changed.set()

    async def until(self, kind: type[CallEvent], count: int = 1) -> CallEvent:
        """The ``count``-th event of ``kind``, past or to come."""
        while len(found := self.of(kind)) < count:
            assert kind is HungUp or not self.of(HungUp), self.seen
            self._changed.clear()
            await self._changed.wait()
        return found[count - 1]

    def of(self, *kinds: type[CallEvent]) -> list[CallEvent]:
        return [event for event in self.seen if isinstance(event, kinds)]

    async def end(self) -> HungUp:
        """The end of the call."""
        end = await self.until(HungUp)
        assert isinstance(end, HungUp)
        return end

    def names(self) -> list[str]:
        return [type(event).__name__ for event in self.seen]


def originate(uuid: str, callee: str = "x", **fields: object) -> Originate:
    return Originate(uuid, DIAL.format(callee), 30, **fields)  # type: ignore[arg-type]  # fields of Originate


LOST_CALL_AFTER_S = 3.0


def address_of(port: int, *, event_queue: int = 1000, password: str = PASSWORD) -> EslAddress:
    return EslAddress("127.0.0.1", port, password, 3.0, 5.0, event_queue, 0.1, 5.0, LOST_CALL_AFTER_S, 5.0)


@asynccontextmanager
async def robot_on(
    lab: EmbeddedSwitch, event_queue: int = 1000, password: str = PASSWORD, *, port: int = 0
) -> AsyncIterator[EslSwitch]:
    """The robot's end of ``lab``, or of what listens on ``port`` before it."""
    address = address_of(port or lab.port, event_queue=event_queue, password=password)
    async with EslSwitch(address, random.Random(1)) as switch:
        yield switch


def with_switch(
    program: Callable[[EslSwitch, EmbeddedSwitch], Awaitable[None]], *plans: Plan, queue: int = 1000
) -> None:
    """Runs ``program`` on a connected switch with these callees."""

    async def main() -> None:
        callees = Callees(QUIET, *plans)
        async with (
            EmbeddedSwitch(callees, password=PASSWORD, wall_us=lambda: START_US) as lab,
            robot_on(lab, queue) as switch,
        ):
            await program(switch, lab)

    run_virtual(main(), limit_s=600)


def in_call(
    program: Callable[[Call], Awaitable[None]], plan: Plan, *, queue: int = 1000, request: Originate | None = None
) -> Call:
    """Places a call to ``plan``, runs ``program`` in it, hangs up, and gives what was seen to its end."""
    calls: list[Call] = []

    async def placed(switch: EslSwitch, lab: EmbeddedSwitch) -> None:
        order = request or originate("u", plan.name)
        call = Call(switch, lab, order.uuid)
        calls.append(call)
        async with switch.call(order.uuid) as events, asyncio.TaskGroup() as group:
            group.create_task(call.read(events))
            await switch.originate(order)
            await program(call)
            await switch.hangup(order.uuid)

    with_switch(placed, plan, queue=queue)
    return calls[0]
