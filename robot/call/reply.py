"""One reply of the robot: scenario actions in, speech on the line, until the robot listens again or hangs up.

A reply is a coroutine that can be cancelled at any moment: the language model and the synthesiser are closed with it.
What was heard of it is then told by :meth:`Reply.settle`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing

from robot.call.chronicle import Chronicle, TurnDraft
from robot.call.tools import CallTools
from robot.call.voice import Voice
from robot.media.base import Heard, SpeechLine
from robot.scenario import engine
from robot.scenario.dialogue import (
    Action,
    AnswerFinished,
    AskModel,
    DialogueState,
    Event,
    HangUp,
    Listen,
    Say,
    SendKeys,
    Transfer,
)
from robot.scenario.dialogue import Heard as HeardWords
from robot.scenario.prompt import prompt_messages
from robot.scenario.schema import Scenario
from robot.words import ends_sentence
from services.audio import AudioChunk
from services.errors import ServiceError
from services.llm.base import Message

Speaking = Callable[[bool], None]
"""called before each piece of speech is queued, with whether it may be interrupted"""
Press = Callable[[str], Awaitable[None]]
"""sends keys to the other end"""


class Reply:
    """Plays actions of the dialogue, whose state is kept here because hearing changes it."""

    def __init__(
        self,
        tools: CallTools,
        scenario: Scenario,
        state: DialogueState,
        playout: SpeechLine,
        voice: Voice,
        chronicle: Chronicle,
        speaking: Speaking,
        press: Press,
    ) -> None:
        self._tools, self._scenario, self.state = tools, scenario, state
        self._playout, self._voice, self._chronicle, self._speaking = playout, voice, chronicle, speaking
        self._press = press
        self._nodes: dict[str, str] = {}

    def step(self, event: Event) -> list[Action]:
        """The dialogue goes on after ``event``."""
        self.state, actions = engine.step(self._scenario, self.state, event)
        return actions

    async def perform(self, actions: Sequence[Action], turn: TurnDraft) -> Listen | Transfer | HangUp:
        """Says what is to be said, asks the model, presses keys, and returns when all was played and it is over."""
        turn.node = turn.node or self.state.node
        waiting = list(actions)
        while waiting:
            match action := waiting.pop(0):
                case Say():
                    turn.said.append(action.text)
                    await self._enqueue(self._voice.say(action.text), action.node, action.interruptible)
                case AskModel():
                    label = await self._ask_model(action, turn)
                    await self._playout.wait_idle()
                    waiting += self.step(AnswerFinished(self.settle(turn, finished=label)))
                case SendKeys(digits=digits):
                    await self._playout.wait_idle()
                    self.settle(turn)
                    await self._press(digits)
                case Listen() | Transfer() | HangUp():
                    await self._playout.wait_idle()
                    self.settle(turn)
                    return action
        raise AssertionError("the dialogue ends every list of actions with a Listen, a Transfer or a HangUp")

    def settle(self, turn: TurnDraft, heard: Sequence[Heard] | None = None, *, finished: str = "") -> str:
        """Tells the record and the dialogue what was really heard; ``heard`` None asks the playout.

        What stands under the label ``finished`` is given back instead of being told to the dialogue.
        """
        kept = ""
        for one in self._playout.take() if heard is None else heard:
            self._chronicle.heard(turn, one)
            if one.label == finished:
                kept = one.text
            else:
                self.step(HeardWords(one.text, self._nodes.get(one.label, self.state.node)))
        return kept

    async def _enqueue(self, chunks: AsyncGenerator[AudioChunk, None], node: str, interruptible: bool) -> str:
        """Queues speech under a label of its own, which is given back.

        Within a sentence a clause is held back until enough audio is there to last while the next one is made: a late
        beginning is heard as thinking, a hole in a sentence as a fault.
        """
        label = f"{len(self._nodes)} {node}"
        self._nodes[label] = node
        held: list[AudioChunk] = []

        def release() -> None:
            for chunk in held:
                self._chronicle.made(chunk)
                self._speaking(interruptible)
                self._playout.enqueue(chunk, label)
            held.clear()

        async with aclosing(chunks):
            async for chunk in chunks:
                held.append(chunk)
                ready_ms = self._playout.queued_ms + sum(one.duration_ms for one in held)
                if ready_ms >= self._tools.limits.lead_ms or ends_sentence(chunk.text):
                    release()
        release()
        return label

    async def _ask_model(self, action: AskModel, turn: TurnDraft) -> str:
        said = ""

        async def words() -> AsyncIterator[str]:
            nonlocal said
            async for piece in self._model(action):
                said += piece
                yield piece

        label = await self._enqueue(self._voice.follow(words()), self.state.node, True)
        turn.said.append(said.strip())
        return label

    async def _model(self, action: AskModel) -> AsyncIterator[str]:
        """The model's words, up to the limit; the fallback when it fails before its first word."""
        limits, loop = self._tools.limits, asyncio.get_running_loop()
        prompt = prompt_messages(self._scenario, self.state, action.question)
        messages = [Message(role, content) for role, content in prompt]
        asked_s, text = loop.time(), ""
        try:
            tokens = self._tools.chat.stream(messages, max_tokens=limits.max_tokens, temperature=limits.temperature)
            async with aclosing(tokens):
                async for piece in tokens:
                    if not text:
                        self._chronicle.note("llm_first_token", ms=round((loop.time() - asked_s) * 1000))
                    text += piece
                    yield piece
                    if len(text.split()) >= action.max_words and ends_sentence(text):
                        break
        except ServiceError as error:
            self._chronicle.fail(f"llm: {error}")
        if not text.strip():
            yield action.fallback
        self._chronicle.note("llm_reply", question=action.question, text=text.strip() or action.fallback)
