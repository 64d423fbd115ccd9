"""One call, from the order to its record: a single task group, which nothing of the call outlives.

Events of the switch and results of the phases are fed to :mod:`robot.fsm.call`; its commands start and stop the work of
a phase. Whatever happens (an answer, a failure, Ctrl-C), on the way out the channel is hung up if it is still there,
and the record is written exactly once.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Literal

from robot.call.chronicle import Chronicle
from robot.call.closing import CallFacts, FinishedCall, close_call
from robot.call.ears import Ears
from robot.call.entries import DtmfEntry
from robot.call.handover import HandOver
from robot.call.journal import Journal
from robot.call.phases import FAILED, Phases
from robot.call.placing import request_of
from robot.call.record import CallFolder
from robot.call.rehearsal import read_prompt
from robot.call.tools import CallOrder, CallTools
from robot.call.voice import Voice
from robot.errors import CommandFailed, NotConnected, RobotError, errors_in
from robot.events import (
    Answered,
    Bridged,
    CallEvent,
    Dtmf,
    HungUp,
    Parked,
    PlaybackFailed,
    PlaybackStarted,
    PlaybackStopped,
    Progress,
    RecordingStarted,
    RecordingStopped,
    StreamConnected,
    StreamLost,
    StreamPlay,
    Unbridged,
)
from robot.fsm import call as calls
from robot.fsm.call import Phase
from robot.log import get_logger
from robot.scenario import engine
from robot.scenario.dialogue import Say
from robot.telephony.switch import Incoming
from services.audio import Pcm
from services.errors import ServiceError

log = get_logger(__name__)
FLUSH_S = 1.0
SWITCH_LOST = "SWITCH_LOST"


class CallSession:
    """Runs one call. Use once: ``await CallSession(tools, order, folder).run()``."""

    def __init__(self, tools: CallTools, order: CallOrder, folder: CallFolder) -> None:
        limits, scenario = tools.limits, order.scenario
        self._tools, self._order, self._folder = tools, order, folder
        self._journal = Journal(folder.events_path)
        self._chronicle = Chronicle(order.uuid, self._journal, tools.observe, asyncio.get_running_loop().time)
        self._started_at = tools.now()
        self._spool = tools.spool / order.uuid
        self._line_recording = self._spool / "line.wav"
        self._playout = tools.open_playout(order.uuid, self._spool, self._played)
        self._voice = Voice(tools.synthesizer, tools.clauses, scenario.language, scenario.voice, limits.speed)
        self._opening = engine.start(scenario, order.lead)
        self._state = calls.CallState(screening=limits.screening and order.incoming is None)
        self._by: Literal["caller", "robot", "switch"] = "caller"
        self._placed = False
        self._ears: Ears | None = None
        self._over = asyncio.Event()

    async def run(self) -> FinishedCall:
        """Places the call and returns when it is over and its record is written.

        What cancels it goes on outwards, after the record was written.
        """
        loop = asyncio.get_running_loop()
        interrupted = True
        try:
            await loop.run_in_executor(None, lambda: self._spool.mkdir(parents=True, exist_ok=True))
            await self._live()
            interrupted = False
        finally:
            finished = await self._close(interrupted)
        return finished

    async def _live(self) -> None:
        """The call itself. Its failures end it and are in its record; only cancellation goes on outwards."""
        try:
            async with self._tools.switch.call(self._order.uuid) as events:
                try:
                    with self._tools.open_stream(self._order.uuid) as (url, source):
                        self._ears = Ears(self._tools, self._order.uuid, url, source, self._chronicle)
                        async with asyncio.TaskGroup() as self._group:
                            await self._drive(events, self._ears)
                finally:
                    await self._hang_up_if_alive(events)
        except* (RobotError, ServiceError) as errors:
            for error in errors_in(errors):
                self._chronicle.fail(str(error))
        except* Exception as bugs:
            for bug in errors_in(bugs):
                self._chronicle.fail(f"internal error: {type(bug).__name__}: {bug}")
                log.error("call_failed", call=self._order.uuid, exc_info=bug)

    async def _drive(self, events: AsyncIterator[CallEvent], ears: Ears) -> None:
        order = self._order
        self._phases = Phases(
            self._tools,
            order,
            self._chronicle,
            self._playout,
            self._voice,
            self._opening,
            self._group,
            self._feed,
            lambda transfer: HandOver(self._tools, order, self._chronicle, ears, self._folder.path, transfer),
        )
        self._phases.enter(Phase.DIALING)
        tasks = [
            self._group.create_task(self._flush(), name="journal"),
            self._group.create_task(self._playout.run(), name="playout"),
            self._group.create_task(self._rehearse(), name="rehearse"),
            self._group.create_task(self._read(events, ears), name="events"),
            self._group.create_task(ears.listen(self._phases.hear), name="listen"),
            self._group.create_task(self._keep_hearing(ears), name="keep hearing"),
        ]
        if order.incoming is None:
            await self._originate()
        else:
            await self._take_over(order.incoming, ears)
        await self._over.wait()
        self._phases.stop()
        for task in tasks:
            task.cancel()

    async def _take_over(self, incoming: Incoming, ears: Ears) -> None:
        """A call that came in is answered already."""
        self._placed = True
        self._chronicle.note("incoming", scenario=self._order.scenario.name)
        await self._answered(incoming.at_us, ears)

    async def _originate(self) -> None:
        limits, order = self._tools.limits, self._order
        self._chronicle.note("originate", scenario=order.scenario.name)
        request = request_of(order, limits)
        self._placed = True
        try:
            await self._tools.switch.originate(request)
        except CommandFailed as error:
            self._chronicle.fail(f"originate: {error.reply}")
            self._feed(HungUp(0, "DESTINATION_OUT_OF_ORDER"))

    async def _read(self, events: AsyncIterator[CallEvent], ears: Ears) -> None:
        async for event in events:
            match event:
                case Progress():
                    self._chronicle.note("progress", early_media=event.early_media)
                case Answered():
                    await self._answered(event.at_us, ears)
                case PlaybackStarted() | PlaybackStopped() | PlaybackFailed():
                    if text := self._playout.on_event(event):
                        self._chronicle.note("speaking", text=text)
                case RecordingStarted():
                    self._chronicle.recording_start_ms = self._chronicle.since_answer_ms(event.at_us)
                case RecordingStopped():
                    self._chronicle.recording_end_ms = self._chronicle.since_answer_ms(event.at_us)
                case Dtmf():
                    at_ms = self._chronicle.since_answer_ms(event.at_us) or 0.0
                    self._chronicle.dtmf.append(DtmfEntry(at_ms=at_ms, digit=event.digit, source=event.source))
                    self._phases.press(event.digit)
                case StreamConnected() | StreamPlay():
                    self._playout.on_event(event)
                case StreamLost():
                    self._playout.on_event(event)
                    ears.lost(event)
                case Bridged():
                    self._phases.bridged()
                case HungUp():
                    self._hung_up(event)
                    self._feed(event)
                case Parked() | Unbridged():
                    pass

    async def _answered(self, at_us: int, ears: Ears) -> None:
        now_s = asyncio.get_running_loop().time()
        self._chronicle.answered(now_s, at_us, self._tools.now())
        await ears.open(now_s, self._line_recording)
        self._feed(calls.CallAnswered())

    async def _keep_hearing(self, ears: Ears) -> None:
        await ears.keep()
        if not ears.closed:
            self._feed(calls.Stopped(FAILED))

    def _played(self, pcm: Pcm, rate_hz: int, at_us: int) -> None:
        """The switch has played this much of the robot's speech."""
        at_ms = self._chronicle.since_answer_ms(at_us)
        if self._ears is not None and at_ms is not None:
            self._ears.tape.robot(pcm, rate_hz, at_ms)

    def _feed(self, event: calls.CallInput) -> None:
        before = self._state.phase
        self._state, commands = calls.step(self._state, event)
        if self._state.phase is not before:
            self._chronicle.note("phase", phase=self._state.phase.value, on=type(event).__name__)
        for command in commands:
            match command:
                case calls.Enter(phase=Phase.ENDED):
                    self._phases.enter(Phase.ENDED)
                    self._over.set()
                case calls.Enter(phase=phase):
                    self._phases.enter(phase)
                case calls.EndCall(cause=cause):
                    self._by = "robot"
                    self._group.create_task(self._hang_up(cause), name="hang up")

    def _hung_up(self, event: HungUp) -> None:
        self._chronicle.note("hangup", cause=event.cause)
        ours = event.cause == "NO_ANSWER" and self._chronicle.answered_us is None  # it rang for as long as we let it
        by: Literal["caller", "robot", "switch"] = "robot" if ours else self._by
        self._chronicle.hung_up(event, "switch" if event.cause == SWITCH_LOST else by)

    async def _hang_up(self, cause: str) -> None:
        try:
            await self._tools.switch.hangup(self._order.uuid, cause)
        except CommandFailed as error:
            self._chronicle.fail(f"hangup: {error}")

    async def _hang_up_if_alive(self, events: AsyncIterator[CallEvent]) -> None:
        """On the way out no channel is left behind, but for a caller who was handed over and talks to somebody."""
        if not self._placed or self._chronicle.hangup is not None or self._phases.handed_over:
            return
        self._by = "robot"
        try:
            await self._hang_up("NORMAL_CLEARING")
            async with asyncio.timeout(self._tools.limits.wrap_up_timeout_s):
                async for event in events:
                    if isinstance(event, HungUp):
                        self._hung_up(event)
        except NotConnected:
            self._hung_up(HungUp(0, SWITCH_LOST))
        except TimeoutError:
            self._chronicle.fail("hangup: the switch did not say that the call ended")

    async def _flush(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(FLUSH_S)
            await loop.run_in_executor(None, self._journal.flush)

    async def _rehearse(self) -> None:
        """While it rings: the opening is synthesised, and the model reads the part of its prompt that stays."""
        state, actions = self._opening
        try:
            await self._voice.rehearse([action.text for action in actions if isinstance(action, Say)])
        except ServiceError as error:
            self._chronicle.fail(f"tts: {error}")
            self._feed(calls.Stopped(FAILED))
            return
        try:
            await read_prompt(self._tools.chat, self._order.scenario, state)
        except ServiceError as error:
            self._chronicle.fail(f"llm: {error}")

    async def _close(self, interrupted: bool) -> FinishedCall:
        facts = CallFacts(
            tools=self._tools,
            order=self._order,
            chronicle=self._chronicle,
            journal=self._journal,
            folder=self._folder,
            started_at=self._started_at,
            ended_at=self._tools.now(),
            interrupted=interrupted,
            end_cause=self._chronicle.hangup.cause if self._chronicle.hangup else "",
            spool=self._spool,
            line_recording=self._line_recording,
            tape=self._ears.tape if self._ears else None,
            playout=self._playout.counters,
            stream=self._ears.counters if self._ears else None,
        )
        loop = asyncio.get_running_loop()
        self._chronicle.release(loop.time())
        return await loop.run_in_executor(None, close_call, facts)
