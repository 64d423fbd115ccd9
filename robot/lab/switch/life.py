"""The life of one channel: called, ringing, answered, talking on the 20 ms grid, hung up, gone.

Deadlines are absolute, so that a call never drifts: a tick that comes late is followed at once by those that it
delayed, and how many were late is counted.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from robot.errors import RobotError
from robot.lab.callee import Callee, Tick
from robot.lab.channel import Line
from robot.lab.directory import UnknownCallee
from robot.lab.plan import Plan
from robot.lab.switch.causes import sip_refusal
from robot.lab.switch.channel_state import AnswerState, CallState, RunState, settle
from robot.lab.switch.core import TICK_S, number
from robot.lab.switch.leg import EndedBy, Leg
from robot.lab.switch.media import Media
from robot.lab.switch.ringing import DEFAULT_TIMEOUT_S, RingStep, ring_steps, ringback, timeout_s
from robot.log import get_logger
from services.audio import Pcm
from services.errors import ServiceError

log = get_logger(__name__)

LATE_S = 0.005
"""a tick this much after its time counts as late"""


FindCallee = Callable[[], Awaitable[tuple[Callee, Line]]]
"""prepares the callee of one call and its line; raises :class:`UnknownCallee`, ``RobotError`` or ``ServiceError``"""


@dataclass(slots=True)
class Punctuality:
    """How well a channel kept its 20 ms."""

    ticks: int = 0
    late: int = 0
    latest_ms: float = 0.0

    def count(self, late_s: float) -> None:
        self.ticks += 1
        self.late += late_s > LATE_S
        self.latest_ms = max(self.latest_ms, late_s * 1000)


class _Ringback:
    """The callee's network while it rings."""

    def __init__(self, language: str) -> None:
        self._language, self._tick = language, 0

    def tick(self, heard: Pcm) -> Tick:
        self._tick += 1
        return Tick(ringback(self._language, self._tick - 1))


class LegLife:
    """Runs one leg. :meth:`run` returns when its last event is out."""

    def __init__(self, leg: Leg, find_callee: FindCallee) -> None:
        self._leg, self._find_callee = leg, find_callee
        self._clock = leg.core.clock
        self._media: Media | None = None
        self._deadline_s = 0.0
        self._ticking = False
        self._disposition = ""
        self.callee: Callee | None = None
        self.answered_s: float | None = None
        """``loop.time()`` of the answer"""
        self.punctuality = Punctuality()

    async def run(self) -> None:
        """The whole call."""
        leg = self._leg
        try:
            async with asyncio.TaskGroup() as leg.group:
                self._announce()
                await self._ring()
                while not leg.hung.is_set():
                    await self._tick()
                await self._tear_down()
        finally:
            for recording in leg.recordings.values():
                recording.abandon()
            self._report("-ERR SYSTEM_SHUTDOWN\n")

    def _announce(self) -> None:
        leg = self._leg
        leg.fire("CHANNEL_OUTGOING")
        leg.state.enter(RunState.INIT)
        leg.state.state_number = RunState.NONE.value[1]
        leg.fire("CHANNEL_STATE")
        leg.state.enter(RunState.INIT)
        leg.fire("CHANNEL_CREATE")
        leg.fire("CHANNEL_ORIGINATE")
        leg.enter(RunState.ROUTING)
        leg.enter(RunState.CONSUME_MEDIA)

    async def _ring(self) -> None:
        """Up to the answer, or to the hangup."""
        leg = self._leg
        found = await self._prepare()
        if found is None:
            return
        callee, line = found
        self.callee, plan = callee, callee.plan
        self._media = Media(leg, line)
        called_s = self._clock.now_s()
        seconds = number(leg.state.variables.get("originate_timeout", "")) or DEFAULT_TIMEOUT_S
        for due in ring_steps(plan.outcome, timeout_s(seconds, self._clock.date_us(called_s))):
            if due.after_s or due.step is not RingStep.PROGRESS:
                await self._wait_until(called_s + due.after_s)
            if leg.hung.is_set() or self._take(due.step, plan, callee):
                return

    async def _prepare(self) -> tuple[Callee, Line] | None:
        """The callee, or None: refused, or hung up while it was being prepared."""
        leg = self._leg
        async with asyncio.TaskGroup() as group:
            finding = group.create_task(self._find(), name="prepare callee")
            hung = group.create_task(leg.hung.wait(), name="hangup while preparing")
            await asyncio.wait([finding, hung], return_when=asyncio.FIRST_COMPLETED)
            finding.cancel()
            hung.cancel()
        return None if leg.hung.is_set() or finding.cancelled() else finding.result()

    async def _find(self) -> tuple[Callee, Line] | None:
        leg = self._leg
        try:
            return await self._find_callee()
        except UnknownCallee:
            self._refuse(404)
        except (RobotError, ServiceError) as error:
            log.error("callee cannot be prepared", call=leg.uuid, reason=str(error))
            self._refuse(500)
        return None

    def _take(self, step: RingStep, plan: Plan, callee: Callee) -> bool:
        """One step of ringing; True when it decided the call."""
        leg = self._leg
        leg.state.has_network = True
        match step:
            case RingStep.PROGRESS:
                leg.state.times.progress = self._clock.date_us()
                leg.fire("CHANNEL_PROGRESS")
                leg.set_call_state(CallState.RINGING)
            case RingStep.EARLY_MEDIA:
                self._begin_early_media(plan)
            case RingStep.ANSWER:
                self._answer(callee)
                return True
            case RingStep.REFUSE:
                self._refuse(plan.outcome.sip_status or 503)
            case RingStep.GIVE_UP if not leg.outcome.done():
                leg.hang_up("NO_ANSWER")
            case RingStep.GIVE_UP:
                return False
        return leg.hung.is_set()

    def _begin_early_media(self, plan: Plan) -> None:
        leg, state = self._leg, self._leg.state
        state.times.progress_media = self._clock.date_us()
        state.answer_state = AnswerState.EARLY
        leg.fire("CHANNEL_PROGRESS_MEDIA")
        state.set_media()
        leg.set_call_state(CallState.EARLY)
        if state.variables.get("ignore_early_media") != "true" and self._media is not None:
            self._media.far_end = _Ringback(plan.language)
            self._start_ticking("EARLY MEDIA")

    def _answer(self, callee: Callee) -> None:
        leg, state = self._leg, self._leg.state
        assert self._media is not None
        self._media.far_end = callee
        self.answered_s = self._deadline_s if self._ticking else self._clock.tick_s()
        state.times.answered = self._clock.date_us(self.answered_s)
        state.answer_state = AnswerState.ANSWERED
        state.set_media()
        leg.fire("CHANNEL_ANSWER", at_s=self.answered_s)
        leg.set_call_state(CallState.ACTIVE, at_s=self.answered_s)
        if not self._ticking:
            self._start_ticking("ANSWER")

    def _refuse(self, status: int) -> None:
        refusal = sip_refusal(status)
        self._leg.state.set_refusal(refusal)
        self._leg.hang_up(refusal.cause, EndedBy.REFUSAL)

    def _start_ticking(self, disposition: str) -> None:
        """Audio flows from this tick on; at the next one the channel enters its application."""
        self._ticking = True
        self._deadline_s = self._clock.tick_s()
        self._disposition = disposition

    async def _wait_until(self, at_s: float) -> None:
        """To the first tick at or after ``at_s``, or to the hangup; audio goes on meanwhile where there is any."""
        leg = self._leg
        due_s = self._clock.tick_at_or_after(at_s)
        while self._ticking and not leg.hung.is_set() and self._deadline_s < due_s - TICK_S / 2:
            await self._tick()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(due_s):
                await leg.hung.wait()

    async def _tick(self) -> None:
        """Waits for the next tick and plays it; behind time, it plays at once."""
        leg, media = self._leg, self._media
        assert media is not None
        early_s = self._deadline_s - self._clock.now_s()
        await asyncio.sleep(max(0.0, early_s))
        if leg.hung.is_set():
            return
        self.punctuality.count(self._clock.now_s() - self._deadline_s)
        at_s = self._deadline_s
        if self.punctuality.ticks == 2:
            await self._enter_application(media, at_s)
        await media.tick(at_s)
        self._deadline_s += TICK_S

    async def _enter_application(self, media: Media, at_s: float) -> None:
        leg = self._leg
        leg.state.variables["endpoint_disposition"] = self._disposition
        self._report(f"+OK {leg.uuid}\n")
        await asyncio.sleep(0)
        if not leg.hung.is_set():
            media.enter_application(at_s)

    def _report(self, outcome: str) -> None:
        """Answers ``originate``, unless it was answered before or its client is gone."""
        if not self._leg.outcome.done():
            self._leg.outcome.set_result(outcome)

    async def _tear_down(self) -> None:
        leg, state = self._leg, self._leg.state
        await self._wait_for_teardown()
        if self._media is not None:
            self._media.leave()
        leg.enter(RunState.HANGUP)
        state.times.hangup = self._clock.date_us()
        await leg.stop_stream()
        for path in list(leg.recordings):
            await leg.stop_recording(path)
        leg.set_call_state(CallState.HANGUP)
        leg.enter(RunState.REPORTING)
        if leg.ended_by is EndedBy.SWITCH:
            if leg.answered:
                state.variables["sip_hangup_disposition"] = "send_bye"
            else:
                state.set_cancelled()
        frames = (self._media.frames_in, self._media.frames_out) if self._media is not None else (0, 0)
        settle(state, frames_in=frames[0], frames_out=frames[1])
        leg.fire("CHANNEL_HANGUP_COMPLETE")
        self._report(f"-ERR {state.cause}\n")
        await asyncio.sleep(0)
        state.state_number = RunState.DESTROY.value[1]
        leg.fire("CHANNEL_DESTROY")
        leg.enter(RunState.DESTROY)

    async def _wait_for_teardown(self) -> None:
        """A hangup by command takes effect at the next tick, which a ticking channel has just waited for."""
        if self._leg.ended_by is EndedBy.SWITCH and not self._ticking:
            await asyncio.sleep(max(0.0, self._clock.next_tick_s() - self._clock.now_s()))
