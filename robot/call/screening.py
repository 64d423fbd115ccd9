"""The first seconds after the answer: listens, asks the recogniser when the rules say so, and gives the verdict.

The rules are :mod:`robot.fsm.amd`; this brings them the audio and the text.
"""

from __future__ import annotations

import asyncio

from robot.call.chronicle import Chronicle
from robot.call.hearing import Heard20, Hearing
from robot.call.tools import CallTools
from robot.fsm import amd
from services.asr.base import Transcript
from services.errors import ServiceError

PENDING_DECODES = 8


class Screening:
    """One call's screening. Feed :meth:`on_audio`, await :meth:`run`."""

    def __init__(self, tools: CallTools, hearing: Hearing, chronicle: Chronicle, language: str) -> None:
        self._tools, self._hearing, self._chronicle = tools, hearing, chronicle
        self._state = amd.AmdState(tools.limits.amd(language))
        self._asked: asyncio.Queue[amd.Transcribe] = asyncio.Queue(PENDING_DECODES)
        self._decision: asyncio.Future[amd.Decision] = asyncio.get_running_loop().create_future()
        self._compute_ms = 0.0

    def on_audio(self, heard: Heard20) -> None:
        """20 ms more were heard."""
        for voice in heard.voices:
            self._feed(amd.VoiceStarted(voice.at_ms) if voice.started else amd.VoiceEnded(voice.at_ms))
        self._feed(amd.Elapsed(heard.now_ms))

    async def run(self) -> amd.Decision:
        """The verdict, as soon as there is one."""
        async with asyncio.TaskGroup() as group:
            decoding = group.create_task(self._decode(), name="amd decode")
            decision = await self._decision
            decoding.cancel()
        self._chronicle.decided(decision, self._compute_ms)
        return decision

    async def _decode(self) -> None:
        while True:
            asked = await self._asked.get()
            audio = self._hearing.audio(0, asked.until_ms)
            try:
                transcript = await self._tools.recognizer.transcribe(audio, language=asked.language)
            except ServiceError as error:
                self._chronicle.fail(f"amd: {error}")
                transcript = Transcript("")
            self._compute_ms += transcript.compute_ms
            self._feed(
                amd.Transcribed(transcript.text, transcript.language, transcript.no_speech_probability, asked.until_ms)
            )

    def _feed(self, event: amd.Event) -> None:
        if self._decision.done():
            return
        self._state, commands = amd.step(self._state, event)
        for command in commands:
            match command:
                case amd.Transcribe():
                    self._asked.put_nowait(command)
                case amd.Decide(decision=decision):
                    self._decision.set_result(decision)
