"""When to leave a message: after the beep, or after the end of a greeting that has none.

::

    WAITING ──tone──► BEEPED ──after_beep_ms──► SPEAKING        WAITING ──greeting_end_ms of silence──► SPEAKING
                                                               WAITING ──timeout_ms────────────────────► SPEAKING
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum


class MessagePhase(Enum):
    WAITING = "waiting"
    BEEPED = "beeped"
    SPEAKING = "speaking"


class Cue(Enum):
    """Why the message starts now."""

    BEEP = "beep"
    GREETING_END = "greeting_end"
    TIMEOUT = "timeout"


@dataclass(frozen=True, slots=True)
class MessageTiming:
    after_beep_ms: int
    greeting_end_ms: int
    timeout_ms: int


@dataclass(frozen=True, slots=True)
class BeepHeard:
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class VoiceHeard:
    """The greeting's voice started (``started``) or ended at ``at_ms``."""

    at_ms: int
    started: bool


@dataclass(frozen=True, slots=True)
class MediaElapsed:
    now_ms: int


MessageInput = BeepHeard | VoiceHeard | MediaElapsed


@dataclass(frozen=True, slots=True)
class MessageState:
    since_ms: int
    """when waiting began"""
    phase: MessagePhase = MessagePhase.WAITING
    silent_since_ms: int | None = None
    """None while the greeting's voice is heard"""
    beep_end_ms: int | None = None


def step(state: MessageState, event: MessageInput, timing: MessageTiming) -> tuple[MessageState, Cue | None]:
    """One event → the next state, and the cue once when the message is to start. Every pair is legal."""
    if state.phase is MessagePhase.SPEAKING:
        return state, None
    match event:
        case BeepHeard():
            return replace(state, phase=MessagePhase.BEEPED, beep_end_ms=event.end_ms), None
        case VoiceHeard():
            return replace(state, silent_since_ms=None if event.started else event.at_ms), None
        case MediaElapsed(now_ms=now_ms):
            cue = _cue(state, now_ms, timing)
            return (state, None) if cue is None else (replace(state, phase=MessagePhase.SPEAKING), cue)


def _cue(state: MessageState, now_ms: int, timing: MessageTiming) -> Cue | None:
    if state.beep_end_ms is not None:
        return Cue.BEEP if now_ms - state.beep_end_ms >= timing.after_beep_ms else None
    silent = state.silent_since_ms
    if silent is not None and now_ms - max(silent, state.since_ms) >= timing.greeting_end_ms:
        return Cue.GREETING_END
    return Cue.TIMEOUT if now_ms - state.since_ms >= timing.timeout_ms else None
