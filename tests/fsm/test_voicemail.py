"""When the message starts: after the beep, after the greeting, or when waiting has taken too long."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robot.fsm.voicemail import (
    BeepHeard,
    Cue,
    MediaElapsed,
    MessageInput,
    MessagePhase,
    MessageState,
    MessageTiming,
    VoiceHeard,
    step,
)

TIMING = MessageTiming(after_beep_ms=300, greeting_end_ms=2500, timeout_ms=25_000)
SINCE_MS = 2300


def waiting(**fields: int | None) -> MessageState:
    return MessageState(SINCE_MS, **fields)  # type: ignore[arg-type]  # only its optional times are given here


BEEPED = MessageState(SINCE_MS, MessagePhase.BEEPED, beep_end_ms=5000)
SPEAKING = MessageState(SINCE_MS, MessagePhase.SPEAKING)


def play(events: list[MessageInput], state: MessageState | None = None) -> list[tuple[int, Cue]]:
    """(index of the event, cue) of each cue."""
    cues = []
    state = state or MessageState(SINCE_MS)
    for index, event in enumerate(events):
        state, cue = step(state, event, TIMING)
        cues += [(index, cue)] if cue else []
    return cues


@pytest.mark.parametrize(
    ("state", "event", "after", "cue"),
    [
        (waiting(), BeepHeard(4700, 5000), BEEPED, None),
        (waiting(), VoiceHeard(4000, started=False), waiting(silent_since_ms=4000), None),
        (waiting(silent_since_ms=4000), VoiceHeard(4500, started=True), waiting(), None),
        (waiting(), MediaElapsed(27_299), waiting(), None),
        (waiting(), MediaElapsed(27_300), SPEAKING, Cue.TIMEOUT),
        (waiting(silent_since_ms=4000), MediaElapsed(6499), waiting(silent_since_ms=4000), None),
        (waiting(silent_since_ms=1000), MediaElapsed(4799), waiting(silent_since_ms=1000), None),
        (BEEPED, BeepHeard(5400, 5600), MessageState(SINCE_MS, MessagePhase.BEEPED, beep_end_ms=5600), None),
        (BEEPED, MediaElapsed(5299), BEEPED, None),
        (SPEAKING, BeepHeard(6000, 6100), SPEAKING, None),
        (SPEAKING, VoiceHeard(6000, started=True), SPEAKING, None),
        (SPEAKING, MediaElapsed(90_000), SPEAKING, None),
    ],
)
def test_pairs(state: MessageState, event: MessageInput, after: MessageState, cue: Cue | None) -> None:
    assert step(state, event, TIMING) == (after, cue)


@pytest.mark.parametrize(
    ("state", "at_ms", "cue"),
    [
        (BEEPED, 5300, Cue.BEEP),
        (waiting(silent_since_ms=4000), 6500, Cue.GREETING_END),
        (waiting(silent_since_ms=1000), 4800, Cue.GREETING_END),
    ],
    ids=["after the beep", "after the greeting", "a silence older than the waiting counts from the waiting"],
)
def test_the_message_starts(state: MessageState, at_ms: int, cue: Cue) -> None:
    after, said = step(state, MediaElapsed(at_ms), TIMING)
    assert (after.phase, said) == (MessagePhase.SPEAKING, cue)


def test_once_there_was_a_beep_neither_voice_nor_silence_matters() -> None:
    noise: list[MessageInput] = [VoiceHeard(5100, started=True), VoiceHeard(5200, started=False)]
    assert play([*noise, MediaElapsed(5300)], BEEPED) == [(2, Cue.BEEP)]


EVENT = st.one_of(
    st.builds(lambda at: BeepHeard(at, at + 200), st.integers(2300, 40_000)),
    st.builds(VoiceHeard, st.integers(0, 40_000), st.booleans()),
    st.builds(MediaElapsed, st.integers(2300, 40_000)),
)


@given(st.lists(EVENT, max_size=30))
def test_there_is_one_cue_at_most_and_one_for_certain(events: list[MessageInput]) -> None:
    cues = play([*events, MediaElapsed(80_000)])
    assert len(cues) == 1
    index, cue = cues[0]
    if cue is Cue.BEEP:
        assert any(isinstance(event, BeepHeard) for event in events[:index])
