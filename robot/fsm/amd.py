"""Who picked up: a person, a machine or nobody. Pure: media time comes in, a decode request and one decision come out.

    LISTENING ── window over, or spoken and then silent ──► ASKED ── text, or the decode is late ──► DECIDED
        ▲                                                     │
        └── the voice came back before the window was over ───┘

Times are milliseconds of media since the answer. A line on which no voice was found is never decoded: a recogniser
invents words for silence.

The score is a sum of log-odds for *machine*: how the voice behaved, plus what was said. A person taken for a machine
costs ten times a machine taken for a person, so the verdict is MACHINE from ln 10 upwards. The timing alone never gets
there: without a machine's words, the call is a person's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import assert_never

from robot.errors import IllegalTransition
from robot.fsm.phrases import Kind, PhraseBook, PhraseMatch, Weight, match_phrases

MACHINE_FROM = 2.303
"""ln 10: the cost of losing a person over that of talking to a machine"""
STILL_SPEAKING = 1.8
"""voice on at the end of the window: 95 % of machines, 11 % of people (dev recordings), shrunk towards 0"""
STOPPED = -2.5
"""voice over: 5 % of machines, 89 % of people"""
STRONG, WEAK, SEVERAL = 5.0, 2.0, 1.0
"""a strong phrase, a weak one, and what any number of further phrases of the same kind add"""


class Verdict(Enum):
    HUMAN = "human"
    MACHINE = "machine"
    NO_ANSWER = "no_answer"


class Phase(Enum):
    LISTENING = "listening"
    ASKED = "asked"
    DECIDED = "decided"


@dataclass(frozen=True, slots=True)
class AmdSettings:
    """The detector's slice of the settings."""

    books: tuple[PhraseBook, ...]
    """phrases of every language that may be heard"""
    language: str | None
    """the call's, when known: detection on two seconds of speech is often wrong"""
    window_ms: int
    """listen for at most this long"""
    early_silence_ms: int
    """… or until somebody spoke and then was silent for this long"""
    decode_grace_ms: int
    """wait for the text at most this long, then decide without it"""


@dataclass(frozen=True, slots=True)
class Spurt:
    """One stretch of voice."""

    start_ms: int
    end_ms: int | None = None
    """None while it goes on"""

    def length_ms(self, now_ms: int) -> int:
        return max(0, (now_ms if self.end_ms is None else min(self.end_ms, now_ms)) - self.start_ms)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the decision rests on, for the record."""

    speech_ms: int
    first_voice_ms: int | None
    spurts: int
    longest_spurt_ms: int
    speaking_at_end: bool
    text: str
    """empty when nothing was decoded or understood"""
    language: str
    matches: tuple[PhraseMatch, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    verdict: Verdict
    decided_at_ms: int
    """media time"""
    score: float
    """log-odds of a machine; 0 for NO_ANSWER"""
    reason: str
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class AmdState:
    settings: AmdSettings
    phase: Phase = Phase.LISTENING
    now_ms: int = 0
    spurts: tuple[Spurt, ...] = ()
    asked_at_ms: int = 0
    """media time up to which audio was sent to the recogniser"""


@dataclass(frozen=True, slots=True)
class VoiceStarted:
    """A voice began at ``at_ms``, which may be earlier than now."""

    at_ms: int


@dataclass(frozen=True, slots=True)
class VoiceEnded:
    at_ms: int


@dataclass(frozen=True, slots=True)
class Elapsed:
    """A frame of media has passed."""

    now_ms: int


@dataclass(frozen=True, slots=True)
class Transcribed:
    """The recogniser's answer to ``Transcribe(asked_at_ms)``; an empty text when it failed."""

    text: str
    language: str
    no_speech_probability: float
    asked_at_ms: int


Event = VoiceStarted | VoiceEnded | Elapsed | Transcribed


@dataclass(frozen=True, slots=True)
class Transcribe:
    """Recognise the media from the answer to ``until_ms``; ``language`` None lets the recogniser detect it."""

    until_ms: int
    language: str | None


@dataclass(frozen=True, slots=True)
class Decide:
    decision: Decision


Command = Transcribe | Decide


def step(state: AmdState, event: Event) -> tuple[AmdState, list[Command]]:
    """The detector after ``event``. Raises ``IllegalTransition`` for a pair that is not listed.

    After the decision the media goes on and a decode may still come in: all events are legal there and change nothing.
    """
    match state.phase, event:
        case Phase.DECIDED, _:
            return state, []
        case _, VoiceStarted(at_ms) if not _speaking(state):
            return replace(state, spurts=(*state.spurts, Spurt(at_ms))), []
        case _, VoiceEnded(at_ms) if _speaking(state):
            return replace(state, spurts=(*state.spurts[:-1], replace(state.spurts[-1], end_ms=at_ms))), []
        case Phase.LISTENING, Elapsed(now_ms) if now_ms >= state.now_ms:
            return _listened(replace(state, now_ms=now_ms))
        case Phase.ASKED, Elapsed(now_ms) if now_ms >= state.now_ms:
            state = replace(state, now_ms=now_ms)
            late = now_ms >= state.asked_at_ms + state.settings.decode_grace_ms
            return _decided(state, "", "") if late else (state, [])
        case Phase.ASKED, Transcribed() if event.asked_at_ms == state.asked_at_ms:
            return _read(state, event)
        case _:
            raise IllegalTransition(state, event)


def _listened(state: AmdState) -> tuple[AmdState, list[Command]]:
    settings = state.settings
    if state.now_ms >= settings.window_ms:
        return _asked(state) if state.spurts else _decided(state, "", "")
    if state.spurts and not _speaking(state):
        last_ms = state.spurts[-1].end_ms or 0
        if state.now_ms - last_ms >= settings.early_silence_ms and state.asked_at_ms <= last_ms:
            return _asked(state)
    return state, []


def _asked(state: AmdState) -> tuple[AmdState, list[Command]]:
    state = replace(state, phase=Phase.ASKED, asked_at_ms=state.now_ms)
    return state, [Transcribe(state.now_ms, state.settings.language)]


def _read(state: AmdState, event: Transcribed) -> tuple[AmdState, list[Command]]:
    resumed = state.spurts[-1].start_ms > state.asked_at_ms
    if resumed and state.now_ms < state.settings.window_ms:
        return replace(state, phase=Phase.LISTENING), []
    return _decided(state, event.text, event.language)


def _decided(state: AmdState, text: str, language: str) -> tuple[AmdState, list[Command]]:
    end_ms = state.asked_at_ms or state.now_ms
    lengths = [spurt.length_ms(end_ms) for spurt in state.spurts]
    matches = match_phrases(text, state.settings.books)
    evidence = Evidence(
        speech_ms=sum(lengths),
        first_voice_ms=state.spurts[0].start_ms if state.spurts else None,
        spurts=len(state.spurts),
        longest_spurt_ms=max(lengths, default=0),
        speaking_at_end=any(s.start_ms < end_ms and (s.end_ms is None or s.end_ms >= end_ms) for s in state.spurts),
        text=text,
        language=language,
        matches=matches,
    )
    verdict, score, reason = judge(evidence)
    decision = Decision(verdict, state.now_ms, round(score, 3), reason, evidence)
    return replace(state, phase=Phase.DECIDED), [Decide(decision)]


def judge(evidence: Evidence) -> tuple[Verdict, float, str]:
    """(verdict, log-odds of a machine, why) for what was observed."""
    if not evidence.spurts:
        return Verdict.NO_ANSWER, 0.0, "no voice in the window"
    timing = STILL_SPEAKING if evidence.speaking_at_end else STOPPED
    score = timing + judge_words(evidence.matches)
    verdict = Verdict.MACHINE if score >= MACHINE_FROM else Verdict.HUMAN
    words = ", ".join(f"{match.kind.value} {match.phrase!r}" for match in evidence.matches) or "no telling words"
    return verdict, score, f"{'still speaking' if evidence.speaking_at_end else 'stopped speaking'}; {words}"


def judge_words(matches: Sequence[PhraseMatch]) -> float:
    """Log-odds of a machine from the phrases alone."""
    return _weight(matches, Kind.MACHINE) - _weight(matches, Kind.HUMAN)


def _weight(matches: Iterable[PhraseMatch], kind: Kind) -> float:
    """The best phrase of a kind, and a little for further ones: they are seldom independent."""
    weights = sorted((_points(match.weight) for match in matches if match.kind is kind), reverse=True)
    return (weights[0] + (SEVERAL if len(weights) > 1 else 0.0)) if weights else 0.0


def _points(weight: Weight) -> float:
    match weight:
        case Weight.STRONG:
            return STRONG
        case Weight.WEAK:
            return WEAK
    assert_never(weight)


def _speaking(state: AmdState) -> bool:
    return bool(state.spurts) and state.spurts[-1].end_ms is None
