"""Handing the caller over to a person, and waiting until their talk is over.

Attended: the caller hears music while the person is called; when the person has answered, the two are connected and the
robot neither hears nor records them any more. When nobody answers, the music stops and the dialogue goes on. Blind: the
switch does it alone. A call that was handed over outlives the robot: it is not hung up because the robot is stopped.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

from robot.call.agent_hook import AgentOffer, TranscriptLine
from robot.call.chronicle import Chronicle, TurnDraft
from robot.call.ears import Ears
from robot.call.entries import TransferEntry
from robot.call.tools import CallOrder, CallTools
from robot.errors import CommandFailed, RobotError
from robot.events import CallEvent, HungUp, Parked
from robot.fsm.dispositions import disposition_of
from robot.scenario.dialogue import Transfer
from robot.telephony.switch import Originate

RING_SLACK_S = 5


class HandOver:
    """One transfer. Await :meth:`run`; tell :meth:`bridged` when the switch says so."""

    def __init__(
        self, tools: CallTools, order: CallOrder, chronicle: Chronicle, ears: Ears, folder: Path, transfer: Transfer
    ) -> None:
        self._tools, self._order, self._chronicle = tools, order, chronicle
        self._ears, self._folder, self._transfer = ears, folder, transfer
        self._bridged = asyncio.Event()
        self._agent = tools.new_uuid() if transfer.kind == "attended" else ""
        self._entry = TransferEntry(to=transfer.to, kind=transfer.kind, agent_call_id=self._agent)
        self.handed_over = False

    def bridged(self) -> None:
        """The switch has connected the caller with the person."""
        self._bridged.set()

    async def run(self) -> bool:
        """True once the person has hung up; False when nobody took the caller. Cancelled when the caller hangs up."""
        self._tell(asked_at_ms=self._now_ms())
        try:
            await self._offer()
            return await (self._attended() if self._transfer.kind == "attended" else self._blind())
        finally:
            self._chronicle.transfers.append(self._entry)

    async def _offer(self) -> None:
        order = self._order
        offer = AgentOffer(
            call_id=order.uuid,
            agent_call_id=self._agent,
            to=self._transfer.to,
            target=order.target,
            scenario=order.scenario.name,
            language=order.scenario.language,
            lead=dict(order.lead),
            transcript=transcript_of(self._chronicle.turns),
        )
        self._chronicle.note("transfer_offered", to=offer.to, kind=self._transfer.kind)
        try:
            await self._tools.agent_hook.offer(offer, self._folder)
        except (OSError, RobotError) as error:
            self._chronicle.fail(f"transfer: the person's hook failed: {error}")

    async def _blind(self) -> bool:
        switch, uuid, transfer = self._tools.switch, self._order.uuid, self._transfer
        try:
            if transfer.extension:
                await switch.transfer(uuid, transfer.to)
            else:
                await switch.transfer_out(uuid, self._order.destinations[transfer.to])
        except CommandFailed as error:
            return self._failed("failed", f"transfer: {error}")
        await self._let_go()
        await asyncio.Event().wait()  # the caller's hangup cancels this
        return True

    async def _attended(self) -> bool:
        switch, uuid = self._tools.switch, self._order.uuid
        await switch.hold(uuid, self._tools.limits.transfer.hold_music)
        async with switch.call(self._agent) as events:
            ended = False
            try:
                if (cause := await self._reach(events)) is not None:
                    ended = True
                    await switch.break_(uuid)
                    return self._failed(disposition_of(cause, answered=False), cause)
                if not await self._connect():
                    await switch.break_(uuid)
                    return self._failed("failed", "transfer: the switch did not connect the caller with the person")
                await self._let_go()
                async for event in events:
                    ended = ended or isinstance(event, HungUp)
                return True
            finally:
                if not ended and (not self.handed_over or self._chronicle.hangup is not None):
                    await switch.hangup(self._agent)

    async def _reach(self, events: AsyncIterator[CallEvent]) -> str | None:
        """Calls the person; None once they have answered, else the cause."""
        limits = self._tools.limits
        request = Originate(
            self._agent,
            self._order.destinations[self._transfer.to],
            limits.transfer.ring_timeout_s,
            limits.caller_id_number,
            limits.caller_id_name,
        )
        try:
            async with asyncio.timeout(limits.transfer.ring_timeout_s + RING_SLACK_S):
                await self._tools.switch.originate(request)
                async for event in events:
                    match event:
                        case Parked():
                            return None
                        case HungUp(cause=cause):
                            return cause
                        case _:
                            pass
        except CommandFailed:
            return "DESTINATION_OUT_OF_ORDER"
        except TimeoutError:
            await self._tools.switch.hangup(self._agent, "NO_ANSWER")
            return "NO_ANSWER"
        return "SWITCH_LOST"

    async def _connect(self) -> bool:
        switch, uuid = self._tools.switch, self._order.uuid
        await switch.break_(uuid)
        try:
            await switch.bridge(uuid, self._agent)
            async with asyncio.timeout(self._tools.limits.transfer.bridge_timeout_s):
                await self._bridged.wait()
        except (CommandFailed, TimeoutError):
            return False
        return True

    async def _let_go(self) -> None:
        """From here on the caller is somebody else's: nothing is heard, recorded or hung up any more."""
        self.handed_over = True
        self._chronicle.disposition = self._transfer.disposition
        self._tell(handed_over_at_ms=self._now_ms(), outcome="handed_over")
        self._chronicle.note("handed_over", to=self._transfer.to)
        await self._ears.close()

    def _failed(self, outcome: str, why: str) -> bool:
        self._tell(outcome=outcome)
        self._chronicle.note("transfer_failed", outcome=outcome, why=why)
        return False

    def _tell(self, **fields: str | float) -> None:
        self._entry = TransferEntry.model_validate(self._entry.model_dump() | fields)

    def _now_ms(self) -> float:
        return self._chronicle.elapsed_ms(asyncio.get_running_loop().time())


def transcript_of(turns: Sequence[TurnDraft]) -> tuple[TranscriptLine, ...]:
    """The turns as lines: the caller's words as recognised, the robot's as they were heard."""
    lines: list[TranscriptLine] = []
    for turn in turns:
        if turn.caller_text:
            lines.append(TranscriptLine("caller", turn.caller_text, turn.caller_start_ms))
        if turn.heard:
            lines.append(TranscriptLine("robot", " ".join(turn.heard), turn.robot_start_ms))
    return tuple(lines)


OpenHandOver = Callable[[Transfer], HandOver]
