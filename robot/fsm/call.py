"""The life of one call as a table.

::

                                                           TRANSFER ─────TransferOver──┐
                                              TransferAsked ▲ │ TransferFailed          │
                                                            │ ▼                         │
    DIALING ──Answered──► AMD ──Verdict(TALK)──────────► CONVERSATION ──DialogueEnded───┤
       │                   ├────Verdict(LEAVE_MESSAGE)─► VOICEMAIL ─────MessageLeft─────┤
       │                   └────Verdict(HANG_UP)────────────────────────────────────────┤
       └──TimedOut / Stopped (from any phase) ──────────────────────────────────────────┴► WRAP_UP ──┐
                                                              HungUp (from any phase) ───────────────┴► ENDED

TRANSFER lasts from the wish to hand the caller over to the end of the talk with whoever took them, or back to the
conversation. Leaving a message is a phase of its own, beside CONVERSATION: it listens for other things and has other
timers. Each phase's timer is started on entering it and dies with it. Time-outs come in as events; nothing here knows a
clock.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from robot.errors import IllegalTransition
from robot.events import HungUp


class Phase(Enum):
    DIALING = "dialing"
    AMD = "amd"
    CONVERSATION = "conversation"
    TRANSFER = "transfer"
    VOICEMAIL = "voicemail"
    WRAP_UP = "wrap_up"
    ENDED = "ended"


class Policy(Enum):
    """What the scenario wants done after a verdict."""

    TALK = "talk"
    LEAVE_MESSAGE = "leave_message"
    HANG_UP = "hangup"


@dataclass(frozen=True, slots=True)
class CallAnswered:
    """The switch says that the call was answered."""


@dataclass(frozen=True, slots=True)
class Screened:
    """Answering-machine detection has a verdict, and the scenario's policy for it."""

    policy: Policy


@dataclass(frozen=True, slots=True)
class DialogueEnded:
    """The scenario reached its end and its last words were played."""


@dataclass(frozen=True, slots=True)
class TransferAsked:
    """The scenario wants the caller handed over, and its words before that were played."""


@dataclass(frozen=True, slots=True)
class TransferFailed:
    """Nobody took the caller: the conversation goes on."""


@dataclass(frozen=True, slots=True)
class TransferOver:
    """The person who took the caller has hung up."""


@dataclass(frozen=True, slots=True)
class MessageLeft:
    """The voicemail message was played to its end."""


@dataclass(frozen=True, slots=True)
class TimedOut:
    """The timer of ``phase`` ran out. One that comes late, for a phase left already, means nothing."""

    phase: Phase


@dataclass(frozen=True, slots=True)
class Stopped:
    """Somebody wants the call to end: Ctrl-C, a shutdown, a failure inside the call."""

    cause: str = "NORMAL_CLEARING"


CallInput = (
    CallAnswered
    | Screened
    | DialogueEnded
    | TransferAsked
    | TransferFailed
    | TransferOver
    | MessageLeft
    | TimedOut
    | Stopped
    | HungUp
)


@dataclass(frozen=True, slots=True)
class Enter:
    """Start the work and the timer of ``phase``, having stopped those of the phase before."""

    phase: Phase


@dataclass(frozen=True, slots=True)
class EndCall:
    """Ask the switch to hang up."""

    cause: str


CallCommand = Enter | EndCall


@dataclass(frozen=True, slots=True)
class CallState:
    phase: Phase = Phase.DIALING
    screening: bool = True
    """whether an answered call goes through AMD; an inbound call does not"""
    hangup: HungUp | None = None
    timed_out: Phase | None = None
    """the phase whose time-out ended the call, if one did"""


_FINISHERS: dict[Phase, type[DialogueEnded] | type[TransferOver] | type[MessageLeft]] = {
    Phase.CONVERSATION: DialogueEnded,
    Phase.TRANSFER: TransferOver,
    Phase.VOICEMAIL: MessageLeft,
}
_AFTER_VERDICT = {Policy.TALK: Phase.CONVERSATION, Policy.LEAVE_MESSAGE: Phase.VOICEMAIL}


def step(state: CallState, event: CallInput) -> tuple[CallState, tuple[CallCommand, ...]]:
    """One event → the next state and what to do. Raises ``IllegalTransition`` for a pair that is not listed."""
    phase = state.phase
    match event:
        case HungUp():
            if phase is Phase.ENDED:
                return replace(state, hangup=state.hangup or event), ()
            return replace(state, phase=Phase.ENDED, hangup=event), (Enter(Phase.ENDED),)
        case TimedOut() if event.phase is not phase or phase is Phase.ENDED:
            return state, ()
        case TimedOut() if phase is Phase.WRAP_UP:
            return replace(state, phase=Phase.ENDED), (Enter(Phase.ENDED),)
        case TimedOut():
            cause = "NO_ANSWER" if phase is Phase.DIALING else "ALLOTTED_TIMEOUT"
            return _wrap_up(replace(state, timed_out=phase), cause)
        case Stopped():
            return (state, ()) if phase in (Phase.WRAP_UP, Phase.ENDED) else _wrap_up(state, event.cause)
        case CallAnswered() if phase is Phase.DIALING:
            return _enter(state, Phase.AMD if state.screening else Phase.CONVERSATION)
        case CallAnswered() if phase in (Phase.WRAP_UP, Phase.ENDED):
            return state, ()
        case Screened() if phase is Phase.AMD:
            if event.policy is Policy.HANG_UP:
                return _wrap_up(state, "NORMAL_CLEARING")
            return _enter(state, _AFTER_VERDICT[event.policy])
        case TransferAsked() if phase is Phase.CONVERSATION:
            return _enter(state, Phase.TRANSFER)
        case TransferFailed() if phase is Phase.TRANSFER:
            return _enter(state, Phase.CONVERSATION)
        case DialogueEnded() | TransferOver() | MessageLeft() if _FINISHERS.get(phase) is type(event):
            return _wrap_up(state, "NORMAL_CLEARING")
        case _:
            raise IllegalTransition(phase, event)


def _enter(state: CallState, phase: Phase) -> tuple[CallState, tuple[CallCommand, ...]]:
    return replace(state, phase=phase), (Enter(phase),)


def _wrap_up(state: CallState, cause: str) -> tuple[CallState, tuple[CallCommand, ...]]:
    return replace(state, phase=Phase.WRAP_UP), (Enter(Phase.WRAP_UP), EndCall(cause))
