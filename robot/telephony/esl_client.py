"""A switch driven over ESL, through two connections that mend themselves: one for commands, one for events.

A connection that is lost costs no call. While it is opened again, calls go on in the switch and in the robot; then the
switch's Core-UUID is compared. The same: the switch went on too, and :mod:`robot.telephony.resume` finds out what was
missed. Another: the switch died and took its calls along, which end with ``SWITCH_LOST``. So do calls that have waited
for ``lost_call_after_s``. What was in flight when a connection was lost: commands that do no harm twice are sent again
(break, hang up, start and stop of stream and recording; a refusal of the repetition means that it was done before),
the others raise ``NotConnected``, for nobody knows whether they were done.
"""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from robot.errors import CommandFailed, NotConnected, SwitchError
from robot.events import HungUp
from robot.log import get_logger
from robot.protocol import esl
from robot.telephony import esl_commands
from robot.telephony.arguments import cause_of, uuid_of
from robot.telephony.call_control import CallControl
from robot.telephony.esl_address import EslAddress
from robot.telephony.esl_commands import JOB, Reply, checked, failed_cause, is_gone
from robot.telephony.esl_lane import EslLane, LaneHooks
from robot.telephony.esl_link import EslLink
from robot.telephony.jobs import Jobs
from robot.telephony.resume import STRAGGLERS_S, api, resume
from robot.telephony.switch import Originate
from robot.telephony.translate import EVENT_NAMES, EVENT_SUBCLASSES, is_stillborn, translate

log = get_logger(__name__)
SHUTDOWN = "SYSTEM_SHUTDOWN"
GIVEN_UP = "NORMAL_TEMPORARY_FAILURE"
"""what the other end of a call is told that we could not go on with"""
MAX_ORPHANS = 1000
"""channels to be ended when the switch is back; as many as it holds"""


class EslSwitch(CallControl):
    """Implements :class:`robot.telephony.switch.Switch`. An async context manager: connected inside it."""

    def __init__(self, address: EslAddress, chance: random.Random) -> None:
        super().__init__(address.event_queue)
        self._address = address
        self._orphans: dict[str, str] = {}
        """uuid → cause of calls that are over for us and may not be for the switch"""
        self._jobs = Jobs(address.command_timeout_s, chance)
        self._group = asyncio.TaskGroup()
        quiet = LaneHooks(self._prepare_commands, lambda event: None, lambda reason: None)
        self._commands = EslLane("commands", address, chance, quiet)
        listening = LaneHooks(self._prepare_events, self._on_event, self._on_lost)
        self._events = EslLane("events", address, chance, listening)
        self._giving_up: asyncio.TimerHandle | None = None
        self._core_uuid = ""
        self._leaving = False
        self._last_us, self._last_s = 0, 0.0
        self.version = ""

    async def __aenter__(self) -> EslSwitch:
        await self._group.__aenter__()
        try:
            await self._commands.open(self._group)
            await self._events.open(self._group)
        except BaseException:
            await self.__aexit__(None, None, None)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for lane in (self._events, self._commands):
            lane.close()
        self._give_up("the robot ends")
        await self._group.__aexit__(None, None, None)  # what went wrong inside is no failure of these tasks

    async def originate(self, request: Originate) -> None:
        """See :meth:`Switch.originate`. Raises ``LocalProtocolError`` for a dial string that is more than one."""
        command = esl_commands.originate(request)
        if (call := self._calls.get(request.uuid)) is not None:
            call.placing = True
        await self._events.ready()
        if call is not None:
            call.known = True
        checked("originate", await self._send(command))

    async def play(self, uuid: str, path: Path, tag: str) -> None:
        """See :meth:`Switch.play`."""
        await super().play(uuid, path, tag)
        if (call := self._calls.get(uuid)) is not None and not call.over:
            call.playing[tag] = path

    async def break_(self, uuid: str, *, everything: bool = True) -> None:
        """See :meth:`Switch.break_`."""
        if (call := self._calls.get(uuid)) is not None and everything:
            call.forget()
        await super().break_(uuid, everything=everything)

    async def hangup(self, uuid: str, cause: str = "NORMAL_CLEARING") -> None:
        """See :meth:`Switch.hangup`. What cannot be told to the switch now is told when it is there again."""
        call = self._calls.get(uuid)
        try:
            await self._api("uuid_kill", f"{uuid_of(uuid)} {cause_of(cause)}")
        except CommandFailed as error:
            if not is_gone(error):
                raise
            if call is not None and call.known and not call.over:
                call.later(STRAGGLERS_S, lambda: call.lose(self._now_us()))
        except NotConnected:
            if len(self._orphans) < MAX_ORPHANS and (call is None or (call.known and not call.over)):
                self._orphans[uuid] = cause
            raise
        else:
            if call is not None:
                call.ending = cause

    async def _send(self, data: bytes, *, again: bool = False) -> Reply:
        try:
            return await self._commands.send(data)
        except NotConnected:
            if not again:
                raise
        reply = await self._commands.send(data)
        return reply if reply.ok else esl.CommandReply("+OK done before the connection was lost")

    async def _job(self, command: str, argument: str) -> None:
        try:
            await self._run_job(command, argument)
        except NotConnected:
            with suppress(CommandFailed):
                await self._run_job(command, argument)

    async def _run_job(self, command: str, argument: str) -> None:
        await self._events.ready()
        with self._jobs.new() as job:
            checked(command, await self._commands.send(esl.bgapi(command, argument, job.uuid)))
            checked(command, esl.ApiResponse(await job.result()))

    async def _prepare_commands(self, link: EslLink) -> None:
        if not self.version:
            self.version = (await api(link, "version")).strip()

    async def _prepare_events(self, link: EslLink) -> None:
        """Subscribes; then, on every connection but the first, finds out what became of the calls."""
        checked("event", await link.send(esl.subscribe("json", EVENT_NAMES, EVENT_SUBCLASSES)))
        core_uuid = (await api(link, "global_getvar", "core_uuid")).strip()
        before, self._core_uuid = self._core_uuid, core_uuid
        if before and before != core_uuid:
            log.error("switch_restarted", calls=len(self._calls))
            self._end_calls()
            self._orphans.clear()
        elif before:
            living = await resume(link, lambda: list(self._calls.values()), self._now_us)
            orphans, self._orphans = self._orphans, {}
            for uuid in living & orphans.keys():
                await link.send(esl.api("uuid_kill", f"{uuid} {orphans[uuid]}"))
        self._leaving = False
        if self._giving_up is not None:
            self._giving_up.cancel()
            self._giving_up = None

    def _on_lost(self, reason: str) -> None:
        """The events' connection is gone. After its farewell the switch is known to be, and nothing is waited for."""
        tell = log.error if self._calls else log.info
        tell("esl_link_lost", reason=reason, calls=len(self._calls))
        self._jobs.fail(reason)
        if self._leaving:
            self._end_calls(SHUTDOWN)
        loop = asyncio.get_running_loop()
        self._giving_up = loop.call_later(self._address.lost_call_after_s, self._give_up, reason)

    def _give_up(self, reason: str) -> None:
        if self._giving_up is not None:
            self._giving_up.cancel()
            self._giving_up = None
        given_up = [call for call in self._calls.values() if call.known and not call.over]
        if given_up:
            log.error("calls_given_up", reason=reason, calls=len(given_up))
        for call in given_up[: MAX_ORPHANS - len(self._orphans)]:
            self._orphans[call.uuid] = GIVEN_UP
        self._end_calls()

    def _end_calls(self, cause: str = "SWITCH_LOST") -> None:
        for call in list(self._calls.values()):
            if call.known:
                call.lose(self._now_us(), cause)

    def _now_us(self) -> int:
        """The switch's clock, from its last event on."""
        return self._last_us + round((asyncio.get_running_loop().time() - self._last_s) * 1_000_000)

    def _on_event(self, event: esl.Event) -> None:
        if event.at_us > self._last_us:
            self._last_us, self._last_s = event.at_us, asyncio.get_running_loop().time()
        match event.name:
            case "SHUTDOWN":
                self._leaving = True
                log.warning("switch_shuts_down", calls=len(self._calls))
            case "BACKGROUND_JOB":
                self._on_job(event)
            case _:
                if not self._admit(event):
                    log.error("incoming_call_turned_away", call=event.uuid)
                    self._group.create_task(self._turn_away(event.uuid), name="turn away")
                if (call := self._calls.get(event.uuid)) is not None:
                    call.known, call.placing = True, call.placing and is_stillborn(event)
                    if (translated := translate(event)) is not None:
                        call.take(translated)

    async def _turn_away(self, uuid: str) -> None:
        with suppress(SwitchError):
            await self.hangup(uuid, "NORMAL_CIRCUIT_CONGESTION")

    def _on_job(self, event: esl.Event) -> None:
        """The end of an originate. A call that got a channel hears of its own end, with more to it, from the channel.

        The two may come in any order: only a channel that was never created makes the job's answer the call's end.
        """
        job = event.get("Job-UUID")
        if not job.startswith(JOB):
            self._jobs.done(job, event.body)
        elif (call := self._calls.get(job.removeprefix(JOB))) is not None and call.placing:
            call.placing = False
            if (cause := failed_cause(event)) is not None:
                call.take(HungUp(event.at_us, cause))
