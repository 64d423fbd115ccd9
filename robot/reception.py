"""Calls that come in: each gets the scenario of the number it dialled, until the robot is told to stop.

The first word to stop drains: what comes in is refused, what is up may finish within the grace period. The second ends
everything at once; either way every record is written, because a call writes its own on the way out.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

from robot.call.closing import FinishedCall
from robot.errors import ConfigError, RobotError
from robot.fsm.opening import OpeningHours, opening_hours
from robot.fsm.routing import Refuse, RoutingTable, route
from robot.log import get_logger, pii
from robot.scenario.schema import Scenario
from robot.settings.schema import InboundSettings
from robot.telephony.switch import Incoming

log = get_logger(__name__)
DRAINING = Refuse("NORMAL_TEMPORARY_FAILURE", "stopping")


class Answers(Protocol):
    """What the reception needs of the robot."""

    def incoming(self) -> AsyncIterator[Incoming]: ...

    async def answer(self, incoming: Incoming, scenario: Scenario, lead: Mapping[str, str]) -> FinishedCall: ...

    async def refuse(self, incoming: Incoming, cause: str) -> None: ...


@dataclass(slots=True)
class Stop:
    """How the reception is told to stop."""

    drain: asyncio.Event = field(default_factory=asyncio.Event)
    now: asyncio.Event = field(default_factory=asyncio.Event)

    def ask(self) -> None:
        """The first time drains, the second ends at once: for a signal's handler."""
        (self.now if self.drain.is_set() else self.drain).set()


class Reception:
    """Answers calls. ``done`` is told of every call that ended."""

    def __init__(
        self,
        robot: Answers,
        table: RoutingTable,
        hours: OpeningHours,
        scenarios: Mapping[str, Scenario],
        *,
        grace_s: float,
        now: Callable[[], datetime],
        done: Callable[[FinishedCall], Awaitable[None]],
    ) -> None:
        self._robot, self._table, self._hours, self._scenarios = robot, table, hours, scenarios
        self._grace_s, self._now, self._done = grace_s, now, done
        self._calls: set[asyncio.Task[None]] = set()
        self.refused: dict[str, int] = {}
        """reason → how many"""

    async def run(self, stop: Stop) -> None:
        """Takes calls until told to stop."""
        async with asyncio.TaskGroup() as group:
            taking = group.create_task(self._take(group, stop), name="reception")
            ending = group.create_task(stop.now.wait(), name="stop now")
            await stop.drain.wait()
            log.warning("draining", calls=len(self._calls), grace_s=self._grace_s)
            try:
                async with asyncio.timeout(self._grace_s):
                    await self._ended(ending)
            except TimeoutError:
                log.warning("grace period is over", calls=len(self._calls))
            taking.cancel()
            ending.cancel()
            for call in self._calls:
                call.cancel()

    async def _ended(self, ending: asyncio.Task[bool]) -> None:
        """Until no call is left, or the second word to stop."""
        while self._calls and not ending.done():
            await asyncio.wait([*self._calls, ending], return_when=asyncio.FIRST_COMPLETED)

    async def _take(self, group: asyncio.TaskGroup, stop: Stop) -> None:
        async for incoming in self._robot.incoming():
            decision = (
                DRAINING
                if stop.drain.is_set()
                else route(
                    self._table,
                    incoming.number,
                    is_open=self._hours.open_at(self._now()),
                    calls=len(self._calls),
                )
            )
            log.info(
                "incoming call",
                call=incoming.uuid,
                number=incoming.number,
                caller=pii(incoming.caller),
                decision=decision.reason,
            )
            if isinstance(decision, Refuse):
                self.refused[decision.reason] = self.refused.get(decision.reason, 0) + 1
                group.create_task(self._refuse(incoming, decision), name="refuse")
                continue
            call = group.create_task(self._answer(incoming, self._scenarios[decision.scenario]), name=incoming.uuid)
            self._calls.add(call)
            call.add_done_callback(self._calls.discard)

    async def _refuse(self, incoming: Incoming, decision: Refuse) -> None:
        try:
            await self._robot.refuse(incoming, decision.cause)
        except RobotError as error:
            log.error("incoming call not refused", call=incoming.uuid, error=str(error))

    async def _answer(self, incoming: Incoming, scenario: Scenario) -> None:
        try:
            await self._done(await self._robot.answer(incoming, scenario, lead_of(incoming)))
        except RobotError as error:
            log.error("incoming call not answered", call=incoming.uuid, error=str(error))
            await self._refuse(incoming, Refuse("NORMAL_TEMPORARY_FAILURE", "failed"))


def lead_of(incoming: Incoming) -> dict[str, str]:
    """The dialplan's ``allobot_lead_NAME`` variables, and the two numbers as ``caller`` and ``called``."""
    prefix = "allobot_lead_"
    given = {name.removeprefix(prefix): value for name, value in incoming.variables.items() if name.startswith(prefix)}
    return {"caller": incoming.caller, "called": incoming.number} | given


def reception_of(
    robot: Answers,
    inbound: InboundSettings,
    scenarios: Mapping[str, Scenario],
    done: Callable[[FinishedCall], Awaitable[None]],
    now: Callable[[], datetime],
) -> Reception:
    """Who answers the calls that come in, as the ``inbound`` settings say; ``scenarios`` by name.

    Raises ``ConfigError`` for hours, a time zone or a country that cannot be read.
    """
    table = RoutingTable(
        inbound.numbers, inbound.extensions, inbound.unknown, inbound.closed, inbound.overload, inbound.max_calls
    )
    hours = opening_hours(inbound.hours, inbound.timezone, _holidays(inbound.holidays))
    return Reception(robot, table, hours, scenarios, grace_s=inbound.grace_s, now=now, done=done)


def _holidays(country: str) -> Callable[[date], bool]:
    if not country:
        return lambda day: False
    import holidays

    try:
        return holidays.country_holidays(country).__contains__
    except NotImplementedError as error:
        raise ConfigError(f"inbound.holidays: no holidays are known for {country!r}; write e.g. FR") from error
