"""Whose turn is it? LISTENING, THINKING, SPEAKING, decided on media time alone.

::

    LISTENING ──silence after speech──► THINKING ──SpeechQueued──► SPEAKING
        ▲  ▲                               │                          │
        │  └──────── voice again ──────────┘                          │
        └──────────── barge-in, or all was played ────────────────────┘

All times are milliseconds of media since the answer. Voice during THINKING means that the caller was not done: the turn
is opened again from its old start, so that its beginning is not lost. A turn of ``max_turn_ms`` is not opened again,
and the voice that goes on beyond it counts for nothing until it has paused: one that never does, such as music, would
cancel every reply.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from robot.errors import IllegalTransition


class TurnPhase(Enum):
    LISTENING = "listening"
    THINKING = "thinking"
    SPEAKING = "speaking"


@dataclass(frozen=True, slots=True)
class TurnTiming:
    barge_in_ms: int
    end_of_turn_ms: int
    max_turn_ms: int


@dataclass(frozen=True, slots=True)
class VoiceStarted:
    at_ms: int


@dataclass(frozen=True, slots=True)
class VoiceEnded:
    at_ms: int


@dataclass(frozen=True, slots=True)
class Elapsed:
    """20 ms of audio were heard up to ``now_ms``."""

    now_ms: int


@dataclass(frozen=True, slots=True)
class SpeechQueued:
    """The robot begins to speak (the first audio of a reply was given to the line)."""

    interruptible: bool = True
    """one piece that is not makes all that is queued with it so, because nobody knows here which of them plays"""


@dataclass(frozen=True, slots=True)
class SpeechPlayed:
    """All that was queued has been played."""


@dataclass(frozen=True, slots=True)
class ListenFor:
    """The robot waits for the caller; without a voice for ``no_input_ms`` it says so."""

    now_ms: int
    no_input_ms: int


TurnInput = VoiceStarted | VoiceEnded | Elapsed | SpeechQueued | SpeechPlayed | ListenFor


@dataclass(frozen=True, slots=True)
class CloseTurn:
    """The caller has finished: recognise the audio from ``start_ms`` to ``end_ms`` and answer."""

    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class ReopenTurn:
    """The caller goes on: throw the reply under way away."""


@dataclass(frozen=True, slots=True)
class StopSpeaking:
    """Barge-in: silence the robot at once. The caller's voice began at ``onset_ms``."""

    onset_ms: int
    now_ms: int


@dataclass(frozen=True, slots=True)
class ReportNoInput:
    """Nobody spoke for as long as was agreed."""


TurnCommand = CloseTurn | ReopenTurn | StopSpeaking | ReportNoInput


@dataclass(frozen=True, slots=True)
class TurnState:
    phase: TurnPhase = TurnPhase.LISTENING
    interruptible: bool = True
    voice_since_ms: int | None = None
    """onset of the voice that is there now"""
    turn_start_ms: int | None = None
    """onset of the caller's turn, set when its first voice is taken as speech to us"""
    voice_end_ms: int | None = None
    """end of the last voice of that turn"""
    deadline_ms: int | None = None
    """when to report that nobody spoke"""


Step = tuple[TurnState, tuple[TurnCommand, ...]]


def step(state: TurnState, event: TurnInput, timing: TurnTiming) -> Step:
    """One event → the next state and what to do. Raises ``IllegalTransition`` for a pair that is not listed."""
    match event:
        case VoiceStarted():
            state = replace(state, voice_since_ms=event.at_ms)
            return (_open_turn(state), ()) if state.phase is TurnPhase.LISTENING else (state, ())
        case VoiceEnded():
            ended = state.voice_since_ms is not None and state.turn_start_ms is not None
            end_ms = event.at_ms if ended else state.voice_end_ms
            return replace(state, voice_since_ms=None, voice_end_ms=end_ms), ()
        case Elapsed():
            return _elapsed(state, event.now_ms, timing)
        case SpeechQueued() if state.phase is not TurnPhase.SPEAKING:
            return replace(_forget(state), phase=TurnPhase.SPEAKING, interruptible=event.interruptible), ()
        case SpeechQueued():
            return replace(state, interruptible=state.interruptible and event.interruptible), ()
        case SpeechPlayed() if state.phase is TurnPhase.SPEAKING:
            return _start_listening(state), ()
        case SpeechPlayed():
            return state, ()
        case ListenFor() if state.phase is TurnPhase.SPEAKING:
            raise IllegalTransition(state.phase, event)
        case ListenFor():
            listening = state if state.phase is TurnPhase.LISTENING else _start_listening(state)
            return replace(listening, deadline_ms=event.now_ms + event.no_input_ms), ()


def _elapsed(state: TurnState, now_ms: int, timing: TurnTiming) -> Step:
    match state.phase:
        case TurnPhase.SPEAKING:
            since = state.voice_since_ms
            if since is None or not state.interruptible or now_ms - since < timing.barge_in_ms:
                return state, ()
            return _start_listening(state), (StopSpeaking(since, now_ms),)
        case TurnPhase.THINKING:
            since, start = state.voice_since_ms, state.turn_start_ms
            if since is None or now_ms - since < timing.barge_in_ms:
                return state, ()
            if start is not None and now_ms - start >= timing.max_turn_ms:
                return state, ()
            return _open_turn(replace(state, phase=TurnPhase.LISTENING)), (ReopenTurn(),)
        case TurnPhase.LISTENING:
            return _listen(state, now_ms, timing)


def _listen(state: TurnState, now_ms: int, timing: TurnTiming) -> Step:
    start, end = state.turn_start_ms, state.voice_end_ms
    if start is not None:
        thinking = replace(state, phase=TurnPhase.THINKING, deadline_ms=None)
        if end is not None and state.voice_since_ms is None and now_ms - end >= timing.end_of_turn_ms:
            return thinking, (CloseTurn(max(start, end - timing.max_turn_ms), end),)
        if now_ms - start >= timing.max_turn_ms:
            return replace(thinking, voice_since_ms=None), (CloseTurn(now_ms - timing.max_turn_ms, now_ms),)
    elif state.deadline_ms is not None and now_ms >= state.deadline_ms:
        return replace(state, phase=TurnPhase.THINKING, deadline_ms=None), (ReportNoInput(),)
    return state, ()


def _start_listening(state: TurnState) -> TurnState:
    """To LISTENING; a voice that is there already opens the turn."""
    listening = replace(_forget(state), phase=TurnPhase.LISTENING)
    return _open_turn(listening) if state.voice_since_ms is not None else listening


def _open_turn(state: TurnState) -> TurnState:
    start = state.turn_start_ms if state.turn_start_ms is not None else state.voice_since_ms
    return replace(state, turn_start_ms=start, voice_end_ms=None)


def _forget(state: TurnState) -> TurnState:
    return replace(state, turn_start_ms=None, voice_end_ms=None, deadline_ms=None)
