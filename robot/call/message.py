"""Leaving a message on a machine: waits for the beep or the end of the greeting, then speaks."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

from robot.call.chronicle import Chronicle
from robot.call.entries import VoicemailEntry
from robot.call.hearing import Heard20, Hearing
from robot.call.tools import CallTools
from robot.call.voice import Voice
from robot.fsm import voicemail
from robot.media.base import SpeechLine


class Message:
    """One call's message. Feed :meth:`on_audio`, await :meth:`run`."""

    def __init__(
        self, tools: CallTools, hearing: Hearing, playout: SpeechLine, chronicle: Chronicle, voice: Voice
    ) -> None:
        self._tools, self._playout, self._chronicle, self._voice = tools, playout, chronicle, voice
        greeting = hearing.voice
        self._state = voicemail.MessageState(
            since_ms=hearing.now_ms,
            silent_since_ms=greeting.at_ms if greeting is not None and not greeting.started else None,
        )
        self._cue: asyncio.Future[voicemail.Cue] = asyncio.get_running_loop().create_future()
        self._entry = VoicemailEntry()

    def on_audio(self, heard: Heard20) -> None:
        """20 ms more were heard."""
        for tone in heard.tones:
            self._entry = VoicemailEntry(beep_at_ms=tone.end_ms, beep_hz=tone.frequency_hz)
            self._feed(voicemail.BeepHeard(tone.start_ms, tone.end_ms))
        for voice in heard.voices:
            self._feed(voicemail.VoiceHeard(voice.at_ms, voice.started))
        self._feed(voicemail.MediaElapsed(heard.now_ms))

    async def run(self, text: str) -> None:
        """Returns when the message was played to its end."""
        cue = await self._cue
        self._chronicle.note("message_started", cue=cue.value, beep_at_ms=self._entry.beep_at_ms)
        turn = self._chronicle.new_turn()
        turn.node, turn.said = "voicemail", [text]
        try:
            async with aclosing(self._voice.say(text)) as chunks:
                async for chunk in chunks:
                    self._chronicle.made(chunk)
                    self._playout.enqueue(chunk, "voicemail")
            await self._playout.wait_idle()
        finally:
            for heard in self._playout.take():
                self._chronicle.heard(turn, heard)
            self._chronicle.voicemail = self._entry.model_copy(
                update={"message_start_ms": turn.robot_start_ms, "message_heard_text": " ".join(turn.heard)}
            )
        self._chronicle.note("message_left", heard=" ".join(turn.heard))

    def _feed(self, event: voicemail.MessageInput) -> None:
        self._state, cue = voicemail.step(self._state, event, self._tools.limits.voicemail)
        if cue is not None and not self._cue.done():
            self._cue.set_result(cue)
