"""The conversation: voice → end of turn → words → dialogue → speech, and the caller may interrupt at any moment.

Audio arrives by :meth:`on_audio` and moves the turn machine (:mod:`robot.fsm.turn`); its commands wait in one queue and
are carried out one after the other by :meth:`run`. At most one reply is under way; interrupting it cancels its task.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence

from robot.call.chronicle import Chronicle, Interruption, TurnDraft
from robot.call.hearing import Heard20, Hearing
from robot.call.reply import Press, Reply
from robot.call.tools import CallTools
from robot.call.voice import Voice
from robot.fsm import turn as turns
from robot.media.base import SpeechLine
from robot.scenario.dialogue import Action, DialogueState, HangUp, Keypad, Listen, NoInput, Transfer, UserSaid
from robot.scenario.schema import Scenario
from services.asr.base import Transcript
from services.errors import ServiceError

QUEUE = 100
HEAD_MS = 400
"""audio before the voice's onset that the recogniser gets, too: a soft first word may precede what is surely a voice"""
TAIL_MS = 200


class Pressed(str):
    """Keys of the keypad."""

    __slots__ = ()


class Conversation:
    """One call's conversation."""

    def __init__(
        self,
        tools: CallTools,
        scenario: Scenario,
        start: tuple[DialogueState, Sequence[Action]],
        hearing: Hearing,
        playout: SpeechLine,
        voice: Voice,
        chronicle: Chronicle,
        press: Press,
    ) -> None:
        self._tools, self._scenario, self._hearing = tools, scenario, hearing
        self._playout, self._chronicle = playout, chronicle
        state, self._opening = start
        self._reply = Reply(tools, scenario, state, playout, voice, chronicle, self._speaking, press)
        self._turn_state = turns.TurnState()
        self._inbox: asyncio.Queue[turns.TurnCommand | Pressed] = asyncio.Queue(QUEUE)
        self._end: asyncio.Future[HangUp | Transfer] = asyncio.get_running_loop().create_future()
        self._turn = chronicle.new_turn()
        self._before: tuple[DialogueState, int] = (state, len(chronicle.turns))
        self._expects = ""
        self._after_barge_in = False

    def on_audio(self, heard: Heard20) -> None:
        """20 ms more were heard."""
        for voice in heard.voices:
            self._feed(turns.VoiceStarted(voice.at_ms) if voice.started else turns.VoiceEnded(voice.at_ms))
        self._feed(turns.Elapsed(heard.now_ms))

    def on_key(self, digit: str) -> None:
        """The caller pressed a key."""
        if not self._inbox.full():
            self._inbox.put_nowait(Pressed(digit))

    @property
    def state(self) -> DialogueState:
        """Where the dialogue stands."""
        return self._reply.state

    async def run(self) -> HangUp | Transfer:
        """Returns once the dialogue is over, or somebody else is to take the caller, and the last words were played."""
        async with asyncio.TaskGroup() as group:
            commands = group.create_task(self._obey(group), name="turns")
            end = await self._end
            commands.cancel()
        return end

    async def _obey(self, group: asyncio.TaskGroup) -> None:
        task = group.create_task(self._perform(self._opening), name="opening")
        while True:
            command = await self._inbox.get()
            work: Coroutine[None, None, None] | None = None
            match command:
                case turns.StopSpeaking():
                    await _cancel(task)
                    await self._interrupted(command)
                case turns.ReopenTurn():
                    await _cancel(task)
                    await self._reopen()
                case turns.CloseTurn():
                    work = self._answer(command)
                case turns.ReportNoInput():
                    self._chronicle.note("no_input")
                    self._before = (self._reply.state, len(self._chronicle.turns))
                    work = self._perform(self._reply.step(NoInput()), self._chronicle.new_turn())
                case Pressed():
                    await _cancel(task)
                    work = await self._pressed(command)
            if work is not None:
                await _cancel(task)
                task = group.create_task(work, name="reply")

    async def _perform(self, actions: Sequence[Action], turn: TurnDraft | None = None) -> None:
        self._turn = turn or self._turn
        match await self._reply.perform(actions, self._turn):
            case Listen() as listen:
                self._expects = listen.expects
                self._feed(turns.SpeechPlayed())
                self._feed(turns.ListenFor(self._hearing.now_ms, listen.timeout_ms))
            case HangUp() | Transfer() as end:
                self._chronicle.note("dialogue_ended", disposition=end.disposition)
                self._end.set_result(end)

    async def _answer(self, closed: turns.CloseTurn) -> None:
        """The caller has finished: recognise, step, speak."""
        self._before = (self._reply.state, len(self._chronicle.turns))
        transcript = await self._recognise(closed.start_ms - HEAD_MS, closed.end_ms + TAIL_MS)
        self._chronicle.note("caller", text=transcript.text, start_ms=closed.start_ms, end_ms=closed.end_ms)
        if not transcript.text.strip():
            await self._nothing_said()
            return
        self._after_barge_in = False
        turn = self._chronicle.new_turn()
        turn.caller_text, turn.asr_compute_ms = transcript.text, transcript.compute_ms
        turn.caller_start_ms, turn.caller_end_ms = closed.start_ms, closed.end_ms
        understood = len(self._reply.state.understood)
        actions = self._reply.step(UserSaid(transcript.text))
        for found in self._reply.state.understood[understood:]:
            turn.intent, turn.node = found.intent, found.node
        self._chronicle.note("understood", intent=turn.intent, node=self._reply.state.node)
        await self._perform(actions, turn)

    async def _reopen(self) -> None:
        """The caller goes on: as if the turn had not been closed. A reply that had just begun is silenced."""
        if self._turn_state.phase is turns.TurnPhase.SPEAKING:
            await self._playout.clear()
            self._feed(turns.SpeechPlayed())
        self._reply.state, turn_count = self._before
        del self._chronicle.turns[turn_count:]
        self._chronicle.note("turn_reopened")

    async def _nothing_said(self) -> None:
        """A sound without words: after an interruption the robot speaks again, else it goes on listening."""
        self._chronicle.count("empty_turns")
        if self._after_barge_in:
            self._after_barge_in = False
            await self._perform(self._reply.step(NoInput()), self._chronicle.new_turn())
        else:
            self._feed(turns.ListenFor(self._hearing.now_ms, self._tools.limits.no_input_ms))

    async def _recognise(self, start_ms: int, end_ms: int) -> Transcript:
        audio = self._hearing.audio(start_ms, end_ms)
        try:
            return await self._tools.recognizer.transcribe(
                audio, language=self._scenario.language, prompt=self._expects
            )
        except ServiceError as error:
            self._chronicle.fail(f"asr: {error}")
            return Transcript("")

    async def _interrupted(self, stop: turns.StopSpeaking) -> None:
        self._after_barge_in = True
        self._reply.settle(self._turn, await self._playout.clear())
        self._chronicle.interruptions.append(Interruption(stop.onset_ms, stop.now_ms, self._turn.index))
        self._chronicle.note(
            "barge_in", onset_ms=stop.onset_ms, detected_ms=stop.now_ms, heard=" ".join(self._turn.heard)
        )

    async def _pressed(self, digits: Pressed) -> Coroutine[None, None, None]:
        self._reply.settle(self._turn, await self._playout.clear())
        self._feed(turns.SpeechPlayed())
        self._chronicle.note("keys", digits=digits)
        return self._perform(self._reply.step(Keypad(str(digits))), self._chronicle.new_turn())

    def _speaking(self, interruptible: bool) -> None:
        self._feed(turns.SpeechQueued(interruptible))

    def _feed(self, event: turns.TurnInput) -> None:
        before = self._turn_state.phase
        self._turn_state, commands = turns.step(self._turn_state, event, self._tools.limits.turn)
        if self._turn_state.phase is not before:
            self._chronicle.note("turn", phase=self._turn_state.phase.value, on=type(event).__name__)
        for command in commands:
            self._inbox.put_nowait(command)


async def _cancel(task: asyncio.Task[None]) -> None:
    """Cancels and waits until the task has let go of everything."""
    if not task.done():
        task.cancel()
        await asyncio.wait([task])
