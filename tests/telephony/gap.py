"""Calls over a network that can be cut, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from esl_calls import PASSWORD, Call, originate, robot_on
from proxy import Proxy
from switch_peer import QUIET, START_US, Callees

from robot.events import Parked
from robot.lab.clock import run_virtual
from robot.lab.plan import Plan
from robot.lab.switch import EmbeddedSwitch
from robot.telephony.esl_client import EslSwitch


@dataclass
class Scene:
    """A robot's switch, the network, and the embedded switch behind it."""

    switch: EslSwitch
    proxy: Proxy
    lab: EmbeddedSwitch
    stack: AsyncExitStack
    plans: tuple[Plan, ...]

    @asynccontextmanager
    async def call(self, uuid: str = "u", callee: str = "x", *, parked: bool = True) -> AsyncIterator[Call]:
        """A call; it is read to its end, which comes at the latest by hanging up."""
        call = Call(self.switch, self.lab, uuid)
        async with self.switch.call(uuid) as events, asyncio.TaskGroup() as group:
            group.create_task(call.read(events))
            await self.switch.originate(originate(uuid, callee))
            if parked:
                await call.until(Parked)
            yield call
            await self.switch.hangup(uuid)

    async def replace_switch(self) -> EmbeddedSwitch:
        """The switch is killed, and another one is there at once, without its calls."""
        new = EmbeddedSwitch(Callees(QUIET, *self.plans), password=PASSWORD, seed=1, wall_us=lambda: START_US)
        await self.stack.enter_async_context(new)
        self.proxy.target = new.port
        self.proxy.cut()
        return new

    def lose(self, lane: str) -> None:
        """One of the two connections breaks at the robot's end."""
        link = getattr(self.switch, f"_{lane}")._link
        assert link is not None
        link._writer.transport.abort()


def across(program: Callable[[Scene], Awaitable[None]], *plans: Plan, queue: int = 1000) -> None:
    """Runs ``program`` in virtual time."""

    async def main() -> None:
        async with AsyncExitStack() as stack:
            lab = EmbeddedSwitch(Callees(QUIET, *plans), password=PASSWORD, wall_us=lambda: START_US)
            await stack.enter_async_context(lab)
            proxy = await stack.enter_async_context(Proxy(lab.port))
            async with robot_on(lab, queue, port=proxy.port) as switch:
                await program(Scene(switch, proxy, lab, stack, plans))

    run_virtual(main(), limit_s=3600)
