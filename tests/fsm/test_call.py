"""The life of a call: every pair of phase and event, and any sequence of events."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robot.errors import IllegalTransition
from robot.events import HungUp
from robot.fsm.call import (
    CallAnswered,
    CallCommand,
    CallInput,
    CallState,
    DialogueEnded,
    EndCall,
    Enter,
    MessageLeft,
    Phase,
    Policy,
    Screened,
    Stopped,
    TimedOut,
    TransferAsked,
    TransferFailed,
    TransferOver,
    step,
)

GONE = HungUp(7, "USER_BUSY", 17, "sip:486")
WRAPPED = (Enter(Phase.WRAP_UP), EndCall("NORMAL_CLEARING"))
EVENTS: dict[str, CallInput] = {
    "answered": CallAnswered(),
    "talk": Screened(Policy.TALK),
    "leave_message": Screened(Policy.LEAVE_MESSAGE),
    "hang_up": Screened(Policy.HANG_UP),
    "dialogue_ended": DialogueEnded(),
    "transfer_asked": TransferAsked(),
    "transfer_failed": TransferFailed(),
    "transfer_over": TransferOver(),
    "message_left": MessageLeft(),
    "stopped": Stopped(),
    "hung_up": GONE,
    **{f"{phase.value} timed out": TimedOut(phase) for phase in Phase},
}
Outcome = tuple[Phase, tuple[CallCommand, ...]]
LEGAL: dict[tuple[Phase, str], Outcome] = {
    (Phase.DIALING, "answered"): (Phase.AMD, (Enter(Phase.AMD),)),
    (Phase.DIALING, "stopped"): (Phase.WRAP_UP, WRAPPED),
    (Phase.DIALING, "dialing timed out"): (Phase.WRAP_UP, (Enter(Phase.WRAP_UP), EndCall("NO_ANSWER"))),
    (Phase.AMD, "talk"): (Phase.CONVERSATION, (Enter(Phase.CONVERSATION),)),
    (Phase.AMD, "leave_message"): (Phase.VOICEMAIL, (Enter(Phase.VOICEMAIL),)),
    (Phase.AMD, "hang_up"): (Phase.WRAP_UP, WRAPPED),
    (Phase.AMD, "stopped"): (Phase.WRAP_UP, WRAPPED),
    (Phase.AMD, "amd timed out"): (Phase.WRAP_UP, (Enter(Phase.WRAP_UP), EndCall("ALLOTTED_TIMEOUT"))),
    (Phase.CONVERSATION, "dialogue_ended"): (Phase.WRAP_UP, WRAPPED),
    (Phase.CONVERSATION, "stopped"): (Phase.WRAP_UP, WRAPPED),
    (Phase.CONVERSATION, "conversation timed out"): (
        Phase.WRAP_UP,
        (Enter(Phase.WRAP_UP), EndCall("ALLOTTED_TIMEOUT")),
    ),
    (Phase.CONVERSATION, "transfer_asked"): (Phase.TRANSFER, (Enter(Phase.TRANSFER),)),
    (Phase.TRANSFER, "transfer_failed"): (Phase.CONVERSATION, (Enter(Phase.CONVERSATION),)),
    (Phase.TRANSFER, "transfer_over"): (Phase.WRAP_UP, WRAPPED),
    (Phase.TRANSFER, "stopped"): (Phase.WRAP_UP, WRAPPED),
    (Phase.TRANSFER, "transfer timed out"): (Phase.WRAP_UP, (Enter(Phase.WRAP_UP), EndCall("ALLOTTED_TIMEOUT"))),
    (Phase.VOICEMAIL, "message_left"): (Phase.WRAP_UP, WRAPPED),
    (Phase.VOICEMAIL, "stopped"): (Phase.WRAP_UP, WRAPPED),
    (Phase.VOICEMAIL, "voicemail timed out"): (Phase.WRAP_UP, (Enter(Phase.WRAP_UP), EndCall("ALLOTTED_TIMEOUT"))),
    (Phase.WRAP_UP, "answered"): (Phase.WRAP_UP, ()),
    (Phase.WRAP_UP, "stopped"): (Phase.WRAP_UP, ()),
    (Phase.WRAP_UP, "wrap_up timed out"): (Phase.ENDED, (Enter(Phase.ENDED),)),
    (Phase.ENDED, "answered"): (Phase.ENDED, ()),
    (Phase.ENDED, "stopped"): (Phase.ENDED, ()),
    (Phase.ENDED, "hung_up"): (Phase.ENDED, ()),
}
for phase in Phase:
    LEGAL.setdefault((phase, "hung_up"), (Phase.ENDED, (Enter(Phase.ENDED),)))
    for other in Phase:
        LEGAL.setdefault((phase, f"{other.value} timed out"), (phase, ()))


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("phase", Phase)
def test_every_pair_is_listed_or_illegal(phase: Phase, event: str) -> None:
    state = CallState(phase)
    if (phase, event) not in LEGAL:
        with pytest.raises(IllegalTransition, match=type(EVENTS[event]).__name__):
            step(state, EVENTS[event])
        return
    after, commands = step(state, EVENTS[event])
    assert (after.phase, commands) == LEGAL[phase, event]


@pytest.mark.parametrize("phase", Phase)
def test_a_hangup_ends_every_phase_and_is_remembered(phase: Phase) -> None:
    assert step(CallState(phase), GONE)[0] == CallState(Phase.ENDED, hangup=GONE)


def test_the_first_hangup_counts() -> None:
    ended = CallState(Phase.ENDED, hangup=GONE)
    assert step(ended, HungUp(9, "SWITCH_LOST")) == (ended, ())


def test_without_screening_an_answer_begins_the_conversation() -> None:
    after, commands = step(CallState(screening=False), CallAnswered())
    assert (after.phase, commands) == (Phase.CONVERSATION, (Enter(Phase.CONVERSATION),))


@pytest.mark.parametrize("phase", [Phase.DIALING, Phase.AMD, Phase.CONVERSATION, Phase.TRANSFER, Phase.VOICEMAIL])
def test_the_phase_that_timed_out_is_remembered(phase: Phase) -> None:
    assert step(CallState(phase), TimedOut(phase))[0].timed_out is phase


def test_stopped_says_why() -> None:
    after, commands = step(CallState(Phase.AMD), Stopped("NORMAL_TEMPORARY_FAILURE"))
    assert commands == (Enter(Phase.WRAP_UP), EndCall("NORMAL_TEMPORARY_FAILURE"))
    assert after.timed_out is None


@given(st.lists(st.sampled_from(sorted(EVENTS)), max_size=30), st.booleans())
def test_any_sequence_keeps_one_phase_at_work(events: list[str], screening: bool) -> None:
    state, entered, asked_to_end = CallState(screening=screening), [Phase.DIALING], 0
    for event in events:
        before = state
        try:
            state, commands = step(state, EVENTS[event])
        except IllegalTransition:
            assert (before.phase, event) not in LEGAL
            continue
        starts = [command.phase for command in commands if isinstance(command, Enter)]
        asked_to_end += sum(isinstance(command, EndCall) for command in commands)
        assert starts == ([] if state.phase is before.phase else [state.phase])
        assert not commands or isinstance(commands[0], Enter), "the old phase's work ends before anything else begins"
        if EVENTS[event] == TimedOut(before.phase):
            assert before.phase is Phase.ENDED or state.phase is not before.phase
        elif isinstance(EVENTS[event], TimedOut):
            assert (state, commands) == (before, ())
        entered += starts
    again = [phase for phase in entered if phase not in (Phase.CONVERSATION, Phase.TRANSFER)]
    assert len(again) == len(set(again)), "no phase is entered twice, but for a conversation after a transfer"
    assert asked_to_end <= 1
    ended, _ = step(state, GONE)
    assert replace(ended, hangup=None, timed_out=None) == CallState(Phase.ENDED, screening=screening)
