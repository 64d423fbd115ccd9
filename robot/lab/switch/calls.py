"""All calls of the switch: who may start, who is up, and what became of those that ended."""

from __future__ import annotations

import asyncio
import random
from collections import Counter, deque
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Protocol

from robot.errors import ConfigError
from robot.lab.callee import Callee
from robot.lab.channel import Line
from robot.lab.directory import NoRoute, Prepared, Route, route
from robot.lab.switch.channel_state import ANONYMOUS, ChannelState, Times
from robot.lab.switch.incoming import IncomingLife
from robot.lab.switch.leg import Application, Facilities, Leg
from robot.lab.switch.life import LegLife, Punctuality
from robot.lab.switch.listing import Listing
from robot.lab.switch.originate import OriginateRequest
from robot.log import get_logger

log = get_logger(__name__)

MAX_SESSIONS = 1000
SESSIONS_PER_SECOND = 100
KEPT = 1000
"""ended calls and violations that are remembered"""
REFUSED = "DESTINATION_OUT_OF_ORDER"


class CalleeSource(Protocol):
    """Where callees come from: a :class:`robot.lab.directory.Directory`."""

    async def find(self, route: Route, executor: Executor) -> Prepared: ...


@dataclass(frozen=True, slots=True)
class Violation:
    """A command that would have brought a real FreeSWITCH down."""

    uuid: str
    what: str


@dataclass(frozen=True, slots=True)
class FinishedCall:
    """What is left of a call."""

    uuid: str
    number: str
    cause: str
    answered_s: float | None
    """``loop.time()`` of the answer"""
    callee: Callee | None
    """with its diary; None when nobody was reached"""
    digits_sent: str
    punctuality: Punctuality


class Calls:
    """The switch's calls. Each lives in a task of the switch's group."""

    def __init__(self, facilities: Facilities, callees: CalleeSource, group: asyncio.TaskGroup, seed: int) -> None:
        self.facilities, self.core = facilities, facilities.core
        self._callees, self._group, self._seed = callees, group, seed
        self.legs: dict[str, Leg] = {}
        self.listing = Listing(self.core.clock, self.legs)
        self.core.listen(self.listing.note)
        self.finished: deque[FinishedCall] = deque(maxlen=KEPT)
        self.violations: deque[Violation] = deque(maxlen=KEPT)
        self.max_sessions, self.sessions_per_second = MAX_SESSIONS, SESSIONS_PER_SECOND
        self.paused = False
        self.stopping = asyncio.Event()
        """a client asked the switch to shut down"""
        self._tasks: dict[asyncio.Task[None], None] = {}
        self.started = self.peak = self.peak_per_second = 0
        self._second, self._this_second = -1, 0
        self._quota = SESSIONS_PER_SECOND
        self._called: Counter[str] = Counter()

    @property
    def per_second(self) -> int:
        """Calls started in the current second."""
        return self._this_second if self._second == int(self.core.clock.now_s()) else 0

    def originate(self, request: OriginateRequest) -> Leg | str:
        """Starts a call; a hangup cause when it is refused before there is a channel."""
        leads = route(request.dial_string)
        uuid = request.variables.get("origination_uuid") or self.core.new_uuid()
        if isinstance(leads, NoRoute):
            if leads.cause == "INVALID_PROFILE":
                self._tell_stillborn(uuid)
            return leads.cause
        if self.paused or uuid in self.legs or len(self.legs) >= self.max_sessions or not self._count_second():
            return REFUSED
        self.started += 1
        state = self._channel(uuid, leads, request)
        leg = self.legs[uuid] = Leg(self.facilities, state, request.application)
        self._start(leg, leads, LegLife(leg, lambda: self._find(leads)))
        return leg

    def receive(self, target: str, number: str, caller: str) -> str:
        """Lets the callee at ``target`` (as after ``lab/``) call ``number``; gives the channel's uuid.

        Raises ``ConfigError`` when the switch takes no more calls.
        """
        leads = route(f"lab/{target}")
        if isinstance(leads, NoRoute) or len(self.legs) >= self.max_sessions or not self._count_second():
            raise ConfigError(f"the switch takes no call from {target!r}: {REFUSED}")
        self.started += 1
        uuid = self.core.new_uuid()
        name = f"sofia/internal/{caller}@127.0.0.1"
        variables = {"direction": "inbound", "uuid": uuid, "call_uuid": uuid, "channel_name": name}
        times = Times(created=self.core.clock.date_us())
        state = ChannelState(uuid, name, number, times, variables, caller, caller, direction="inbound")
        leg = self.legs[uuid] = Leg(self.facilities, state, Application("park"))
        self._start(leg, leads, IncomingLife(leg, lambda: self._find(leads)))
        return uuid

    def hang_up_all(self, cause: str) -> None:
        """Ends every call."""
        for leg in list(self.legs.values()):
            leg.hang_up(cause)

    async def wait_ended(self, timeout_s: float) -> bool:
        """Until no call is left; False when that takes longer than ``timeout_s``."""
        return not self._tasks or not (await asyncio.wait(list(self._tasks), timeout=timeout_s))[1]

    def cancel(self) -> None:
        """Drops the calls that are left, without their last events."""
        for task in list(self._tasks):
            task.cancel()

    def violate(self, uuid: str, what: str) -> None:
        """Notes, loudly, what a real switch would not have survived."""
        self.violations.append(Violation(uuid, what))
        log.error("this command crashes a real FreeSWITCH", call=uuid, command=what)

    def _tell_stillborn(self, uuid: str) -> None:
        """A SIP profile that does not exist is noticed when the channel is made: its end is all that is told."""
        shared = {"Channel-Call-State": "DOWN", "Channel-State-Number": "0", "Channel-Name": "N/A", "Unique-ID": uuid}
        for name, state in (("CHANNEL_DESTROY", "CS_NONE"), ("CHANNEL_STATE", "CS_DESTROY")):
            self.core.fire(name, {"Channel-State": state, **shared, "Answer-State": "ringing"})

    def _count_second(self) -> bool:
        """One call more in this second: as the real one, one less than the limit, which changes with the second."""
        second = int(self.core.clock.now_s())
        if second != self._second:
            self._second, self._this_second, self._quota = second, 0, self.sessions_per_second
        if self._this_second >= self._quota - 1:
            return False
        self._this_second += 1
        self.peak_per_second = max(self.peak_per_second, self._this_second)
        return True

    def _channel(self, uuid: str, leads: Route, request: OriginateRequest) -> ChannelState:
        given = request.variables
        early = "false" if given.get("ignore_early_media") == "true" else "true"
        variables = {
            "direction": "outbound",
            "is_outbound": "true",
            "uuid": uuid,
            "call_uuid": uuid,
            "session_id": str(self.started),
            "channel_name": leads.channel_name,
            **given,
            "originate_early_media": early,
            "originate_endpoint": leads.endpoint,
            "local_media_ip": "127.0.0.1",
        }
        if leads.endpoint == "sofia":
            variables["sip_destination_url"] = f"sip:{leads.channel_name.rpartition('/')[2]}"
        return ChannelState(
            uuid,
            leads.channel_name,
            leads.number,
            Times(created=self.core.clock.date_us()),
            variables,
            caller_number=given.get("origination_caller_id_number") or ANONYMOUS,
            caller_name=given.get("origination_caller_id_name", ""),
        )

    async def _find(self, leads: Route) -> tuple[Callee, Line]:
        """The callee and its line, seeded by the switch, the plan, and how often it was called before."""
        prepared = await self._callees.find(leads, self.facilities.executor)
        plan = prepared.plan
        nth, self._called[plan.name] = self._called[plan.name], self._called[plan.name] + 1
        seeds = random.Random(f"{self._seed}/{plan.name}/{plan.seed}/{nth}")
        return Callee(plan, prepared.sounds, seeds.getrandbits(32)), Line(plan.line, seeds.getrandbits(32))

    def _start(self, leg: Leg, leads: Route, life: LegLife) -> None:
        self.peak = max(self.peak, len(self.legs))
        task = self._group.create_task(self._live(leg, leads, life), name=f"leg {leg.uuid}")
        self._tasks[task] = None
        task.add_done_callback(self._tasks.pop)

    async def _live(self, leg: Leg, leads: Route, life: LegLife) -> None:
        try:
            await life.run()
        finally:
            del self.legs[leg.uuid]
            self.finished.append(
                FinishedCall(
                    leg.uuid,
                    leads.number,
                    leg.state.cause,
                    life.answered_s,
                    life.callee,
                    "".join(leg.digits_sent),
                    life.punctuality,
                )
            )
