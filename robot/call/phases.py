"""The work and the timer of each phase of a call: screening, conversation, message.

A phase's work starts when the phase is entered and there is something to hear, and is cancelled with its timer when the
phase is left. What it finds out goes back to the call's state machine through ``feed``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence

from robot.call.chronicle import Chronicle
from robot.call.conversation import Conversation
from robot.call.handover import HandOver, OpenHandOver
from robot.call.hearing import Heard20, Hearing
from robot.call.message import Message
from robot.call.screening import Screening
from robot.call.tools import CallOrder, CallTools
from robot.call.voice import Voice
from robot.errors import CommandFailed, RobotError
from robot.fsm import call as calls
from robot.fsm.amd import Verdict
from robot.fsm.call import Phase, Policy
from robot.media.base import SpeechLine
from robot.scenario import engine
from robot.scenario.dialogue import Action, DialogueState, HangUp, Transfer, TransferFailed
from services.errors import ServiceError

RING_SLACK_S = 5
SCREENING_LIMIT_S = 20
FAILED = "NORMAL_TEMPORARY_FAILURE"


class Phases:
    """One call's phases. Made inside the call's task group."""

    def __init__(
        self,
        tools: CallTools,
        order: CallOrder,
        chronicle: Chronicle,
        playout: SpeechLine,
        voice: Voice,
        opening: tuple[DialogueState, Sequence[Action]],
        group: asyncio.TaskGroup,
        feed: Callable[[calls.CallInput], None],
        open_hand_over: OpenHandOver,
    ) -> None:
        self._tools, self._order, self._chronicle = tools, order, chronicle
        self._playout, self._voice, self._group, self._feed = playout, voice, group, feed
        self._opening = opening
        self._dialogue = opening[0]
        self._open_hand_over = open_hand_over
        self._transfer: Transfer | None = None
        self._hand_over: HandOver | None = None
        self._talk_until_s: float | None = None
        self._phase = Phase.DIALING
        self._hearing: Hearing | None = None
        self._work: Screening | Conversation | Message | None = None
        self._task: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    def enter(self, phase: Phase) -> None:
        """Stops the work and the timer of the phase before, and starts those of ``phase``."""
        self.stop()
        self._phase = phase
        allowed_s = self._allowed_s(phase)
        if allowed_s is not None:
            self._timer = asyncio.get_running_loop().call_later(allowed_s, self._feed, calls.TimedOut(phase))
        self._start_work()

    def stop(self) -> None:
        """Stops whatever is going on."""
        if self._timer is not None:
            self._timer.cancel()
        if self._task is not None:
            self._task.cancel()
        self._timer = self._task = self._work = None

    def hear(self, hearing: Hearing, heard: Heard20) -> None:
        """20 ms more were heard; the first time, the work that waited for something to hear begins."""
        if self._hearing is None:
            self._hearing = hearing
            self._start_work()
        if self._work is not None:
            self._work.on_audio(heard)

    def press(self, digit: str) -> None:
        """The caller pressed a key."""
        if isinstance(self._work, Conversation):
            self._work.on_key(digit)

    def bridged(self) -> None:
        """The switch has connected the caller with somebody."""
        if self._hand_over is not None:
            self._hand_over.bridged()

    @property
    def handed_over(self) -> bool:
        """The caller is somebody else's now."""
        return self._phase is Phase.TRANSFER and self._hand_over is not None and self._hand_over.handed_over

    def _allowed_s(self, phase: Phase) -> float | None:
        limits = self._tools.limits
        match phase:
            case Phase.DIALING:
                return limits.ring_timeout_s + RING_SLACK_S
            case Phase.AMD:
                return SCREENING_LIMIT_S
            case Phase.CONVERSATION | Phase.VOICEMAIL:  # a conversation after a transfer is the same one
                now_s = asyncio.get_running_loop().time()
                self._talk_until_s = self._talk_until_s or now_s + limits.max_duration_s
                return max(0.0, self._talk_until_s - now_s)
            case Phase.TRANSFER:
                return limits.transfer.max_duration_s
            case Phase.WRAP_UP:
                return limits.wrap_up_timeout_s
            case Phase.ENDED:
                return None

    def _start_work(self) -> None:
        if self._hearing is None or self._work is not None:
            return
        work: Coroutine[None, None, calls.CallInput]
        match self._phase:
            case Phase.AMD:
                screening = Screening(self._tools, self._hearing, self._chronicle, self._order.scenario.language)
                self._work, work = screening, self._screen(screening)
            case Phase.CONVERSATION:
                conversation = Conversation(
                    self._tools,
                    self._order.scenario,
                    self._opening,
                    self._hearing,
                    self._playout,
                    self._voice,
                    self._chronicle,
                    self._press_keys,
                )
                self._work, work = conversation, self._converse(conversation)
            case Phase.TRANSFER if self._transfer is not None:
                self._hand_over = self._open_hand_over(self._transfer)
                work = self._transfer_to(self._hand_over)
            case Phase.VOICEMAIL:
                message = Message(self._tools, self._hearing, self._playout, self._chronicle, self._voice)
                self._work, work = message, self._leave(message)
            case _:
                return
        self._task = self._group.create_task(self._carry_out(work), name=self._phase.value)

    async def _carry_out(self, work: Coroutine[None, None, calls.CallInput]) -> None:
        """A failure of the phase ends this call, with the reason in its record."""
        try:
            outcome = await work
        except* (RobotError, ServiceError) as failures:
            for failure in failures.exceptions:
                self._chronicle.fail(f"{self._phase.value}: {failure}")
            outcome = calls.Stopped(FAILED)
        self._feed(outcome)

    async def _screen(self, screening: Screening) -> calls.CallInput:
        decision = await screening.run()
        wanted = self._order.scenario.on_verdict
        match decision.verdict:
            case Verdict.HUMAN:
                return calls.Screened(Policy(wanted.human))
            case Verdict.MACHINE:
                policy = Policy(wanted.machine)
            case Verdict.NO_ANSWER:
                policy = Policy(wanted.no_answer)
        if policy is not Policy.TALK:
            self._chronicle.disposition = decision.verdict.value
        return calls.Screened(policy)

    async def _converse(self, conversation: Conversation) -> calls.CallInput:
        self._chronicle.disposition = "incomplete"
        match await conversation.run():
            case HangUp(disposition=disposition):
                self._chronicle.disposition = disposition
                return calls.DialogueEnded()
            case Transfer() as transfer:
                self._transfer, self._dialogue = transfer, conversation.state
                return calls.TransferAsked()

    async def _transfer_to(self, hand_over: HandOver) -> calls.CallInput:
        if await hand_over.run():
            return calls.TransferOver()
        self._opening = engine.step(self._order.scenario, self._dialogue, TransferFailed())
        return calls.TransferFailed()

    async def _press_keys(self, digits: str) -> None:
        try:
            await self._tools.switch.send_dtmf(self._order.uuid, digits)
            self._chronicle.note("keys_sent", digits=digits)
        except CommandFailed as error:
            self._chronicle.fail(f"keys: {error}")

    async def _leave(self, message: Message) -> calls.CallInput:
        await message.run(engine.voicemail_text(self._order.scenario, self._order.lead))
        self._chronicle.disposition = engine.voicemail_disposition(self._order.scenario)
        return calls.MessageLeft()
