"""Everything that one call will have to tell, gathered while it happens and turned into its record at the end.

Times come in as media milliseconds since the answer, or on the switch's clock (``_us``). What happens before the answer
waits until the answer is known, and then gets negative times.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

import numpy as np

from robot.call.entries import (
    AmdEntry,
    AmdEvidence,
    BargeInEntry,
    DtmfEntry,
    HangupEntry,
    TransferEntry,
    TurnEntry,
    VoicemailEntry,
)
from robot.call.journal import Journal, Plain
from robot.call.measure import Spoken, longest_pause_ms
from robot.call.tools import Observer
from robot.events import HungUp
from robot.fsm.amd import Decision
from robot.media.base import Heard
from services.audio import AudioChunk, samples_to_ms

QUIET_PEAK = 200
"""of a synthesised voice's silence: -44 dBFS"""


@dataclass(slots=True)
class TurnDraft:
    """A turn while it happens."""

    index: int
    caller_text: str = ""
    caller_start_ms: float | None = None
    caller_end_ms: float | None = None
    asr_compute_ms: float | None = None
    intent: str = ""
    node: str = ""
    said: list[str] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)
    robot_start_ms: float | None = None
    robot_end_ms: float | None = None
    interrupted: bool = False

    def entry(self, response_ms: float | None) -> TurnEntry:
        return TurnEntry(
            index=self.index,
            caller_text=self.caller_text,
            caller_start_ms=self.caller_start_ms,
            caller_end_ms=self.caller_end_ms,
            asr_compute_ms=self.asr_compute_ms,
            intent=self.intent,
            node=self.node,
            robot_text=" ".join(self.said),
            heard_text=" ".join(self.heard),
            robot_start_ms=self.robot_start_ms,
            robot_end_ms=self.robot_end_ms,
            response_ms=response_ms,
            interrupted=self.interrupted,
        )


@dataclass(frozen=True, slots=True)
class Interruption:
    """A barge-in as the robot believed it."""

    onset_ms: float
    detected_ms: float
    turn: int


class Chronicle:
    """One call's story. Written by the call's own task alone."""

    def __init__(self, uuid: str, journal: Journal, observe: Observer, now_s: Callable[[], float]) -> None:
        """``now_s``: ``loop.time`` of the call's loop."""
        self._now_s = now_s
        self._uuid, self._journal, self._observe = uuid, journal, observe
        self._early: list[tuple[float, str, Mapping[str, Plain]]] = []
        self._answered_s: float | None = None
        self.answered_us: int | None = None
        self.answered_at: datetime | None = None
        self.turns: list[TurnDraft] = []
        self.interruptions: list[Interruption] = []
        self.amd: AmdEntry | None = None
        self.voicemail: VoicemailEntry | None = None
        self.dtmf: list[DtmfEntry] = []
        self.transfers: list[TransferEntry] = []
        self.hangup: HangupEntry | None = None
        self.recording_end_ms: float | None = None
        self.disposition = ""
        self.errors: list[str] = []
        self.counters: dict[str, int] = {}
        self.recording_start_ms: float | None = None
        self.spoken: list[list[Spoken]] = []
        """clauses as they were played, one list for each text of the robot"""
        self._pauses: dict[str, float] = {}
        self._tails: dict[str, float] = {}
        """text → silence at the end of its audio"""

    def note(self, name: str, **fields: Plain) -> None:
        """Something happened just now: a line of events.jsonl, and a sign to whoever watches."""
        self._note_at(self._now_s(), name, fields)

    def _note_at(self, now_s: float, name: str, fields: Mapping[str, Plain]) -> None:
        if self._answered_s is None:
            self._early.append((now_s, name, fields))
            return
        self._write((now_s - self._answered_s) * 1000, name, fields)

    def answered(self, now_s: float, at_us: int, wall: datetime) -> None:
        """The answer: from here on media time counts."""
        self._answered_s, self.answered_us, self.answered_at = now_s, at_us, wall
        self.release(now_s)
        self._note_at(now_s, "answered", {})

    def release(self, zero_s: float) -> None:
        """Writes what waited for the answer, with ``zero_s`` as time 0; at the end of a call that had none, too."""
        early, self._early = self._early, []
        for at_s, name, fields in early:
            self._write((at_s - zero_s) * 1000, name, fields)

    def count(self, name: str, by: int = 1) -> None:
        self.counters[name] = self.counters.get(name, 0) + by

    def fail(self, what: str) -> None:
        """An error that the call survived, or died of."""
        self.errors.append(what)
        self.count("errors")
        self.note("error", what=what)

    def elapsed_ms(self, now_s: float) -> float:
        """``loop.time()`` → ms since the answer; 0 before it."""
        return 0.0 if self._answered_s is None else (now_s - self._answered_s) * 1000

    def since_answer_ms(self, at_us: int | None) -> float | None:
        """Switch time → ms since the answer."""
        if at_us is None or self.answered_us is None:
            return None
        return (at_us - self.answered_us) / 1000

    def new_turn(self) -> TurnDraft:
        self.turns.append(TurnDraft(len(self.turns)))
        return self.turns[-1]

    def made(self, chunk: AudioChunk) -> None:
        """Speech on its way to the line; the pauses that its voice makes are no gaps of ours."""
        self._pauses[chunk.text] = longest_pause_ms(chunk.pcm, chunk.rate_hz)
        sounding = np.flatnonzero(np.abs(chunk.pcm.astype(np.int32)) > QUIET_PEAK)
        last = int(sounding[-1]) + 1 if len(sounding) else 0
        self._tails[chunk.text] = samples_to_ms(len(chunk.pcm) - last, chunk.rate_hz)

    def heard(self, turn: TurnDraft, heard: Heard) -> None:
        """What of the robot's words in ``turn`` was heard."""
        self.spoken.append([])
        for clause in heard.clauses:
            start_ms, end_ms = self.since_answer_ms(clause.started_us), self.since_answer_ms(clause.ended_us)
            if start_ms is None or end_ms is None:
                continue
            sound_end_ms = max(start_ms, end_ms - self._tails.get(clause.text, 0.0))
            self.spoken[-1].append(Spoken(clause.text, start_ms, sound_end_ms, self._pauses.get(clause.text, 0.0)))
            self.note(
                "spoken",
                text=clause.text,
                start_ms=start_ms,
                end_ms=end_ms,
                heard_ms=clause.heard_ms,
                total_ms=clause.total_ms,
            )
        if heard.text:
            turn.heard.append(heard.text)
        turn.interrupted = turn.interrupted or not heard.complete
        if turn.robot_start_ms is None:
            turn.robot_start_ms = self.since_answer_ms(heard.started_us)
        ended_ms = self.since_answer_ms(heard.ended_us)
        turn.robot_end_ms = turn.robot_end_ms if ended_ms is None else ended_ms

    def decided(self, decision: Decision, compute_ms: float) -> None:
        evidence = decision.evidence
        matches = tuple(f"{match.kind.value} {match.phrase}" for match in evidence.matches)
        self.amd = AmdEntry(
            verdict=decision.verdict.value,
            decided_at_ms=decision.decided_at_ms,
            compute_ms=compute_ms,
            score=decision.score,
            reason=decision.reason,
            evidence=AmdEvidence(
                speech_ms=evidence.speech_ms,
                first_voice_ms=evidence.first_voice_ms,
                text=evidence.text,
                language=evidence.language,
                matches=matches,
            ),
        )
        self.note(
            "amd_verdict",
            verdict=decision.verdict.value,
            decided_at_ms=decision.decided_at_ms,
            score=decision.score,
            reason=decision.reason,
            text=evidence.text,
        )

    def hung_up(self, event: HungUp, by: Literal["caller", "robot", "switch"]) -> None:
        self.hangup = HangupEntry(cause=event.cause, q850=event.q850, sip=event.sip, by=by)

    def turn_entries(self, responses: Mapping[int, float]) -> tuple[TurnEntry, ...]:
        """The turns; ``responses``: turn index → measured response time."""
        return tuple(draft.entry(responses.get(draft.index)) for draft in self.turns)

    def barge_in_entries(self, silences: Mapping[float, tuple[float, float | None]]) -> tuple[BargeInEntry, ...]:
        """The interruptions; ``silences``: when detected → (measured onset, measured silence)."""
        out: list[BargeInEntry] = []
        for one in self.interruptions:
            onset_ms, silent_ms = silences.get(one.detected_ms, (one.onset_ms, None))
            lag = None if silent_ms is None else silent_ms - onset_ms
            out.append(
                BargeInEntry(
                    onset_ms=onset_ms,
                    detected_ms=one.detected_ms,
                    silent_ms=silent_ms,
                    onset_to_silence_ms=lag,
                    turn=one.turn,
                )
            )
        return tuple(out)

    def _write(self, t_ms: float, name: str, fields: Mapping[str, Plain]) -> None:
        self._journal.write(t_ms, name, **fields)
        self._observe(self._uuid, t_ms, name, fields)
