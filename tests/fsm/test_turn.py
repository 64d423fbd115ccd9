"""Whose turn it is: every pair of phase and event, and any sequence of media."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robot.errors import IllegalTransition
from robot.fsm.turn import (
    CloseTurn,
    Elapsed,
    ListenFor,
    ReopenTurn,
    ReportNoInput,
    SpeechPlayed,
    SpeechQueued,
    StopSpeaking,
    TurnCommand,
    TurnInput,
    TurnPhase,
    TurnState,
    TurnTiming,
    VoiceEnded,
    VoiceStarted,
    step,
)

TIMING = TurnTiming(barge_in_ms=240, end_of_turn_ms=700, max_turn_ms=5000)
LISTENING, THINKING, SPEAKING = TurnPhase.LISTENING, TurnPhase.THINKING, TurnPhase.SPEAKING


def run(state: TurnState, *events: TurnInput) -> tuple[TurnState, list[TurnCommand]]:
    commands: list[TurnCommand] = []
    for event in events:
        state, more = step(state, event, TIMING)
        commands += more
    return state, commands


TALKING = TurnState(voice_since_ms=1000, turn_start_ms=1000)
SILENT = TurnState(turn_start_ms=1000, voice_end_ms=2000)
CLOSED = TurnState(THINKING, turn_start_ms=1000, voice_end_ms=2000)
ASKED = TurnState(deadline_ms=6000)
NOBODY = TurnState(THINKING)
ROBOT = TurnState(SPEAKING)
SHIELDED = TurnState(SPEAKING, interruptible=False)
PAIRS: list[tuple[TurnState, TurnInput, TurnState, tuple[TurnCommand, ...]]] = [
    (TurnState(), VoiceStarted(1000), TALKING, ()),
    (TALKING, VoiceEnded(2000), SILENT, ()),
    (SILENT, VoiceStarted(2100), TurnState(voice_since_ms=2100, turn_start_ms=1000), ()),
    (SILENT, Elapsed(2699), SILENT, ()),
    (SILENT, Elapsed(2700), CLOSED, (CloseTurn(1000, 2000),)),
    (TALKING, Elapsed(5999), TALKING, ()),
    (TALKING, Elapsed(6000), TurnState(THINKING, turn_start_ms=1000), (CloseTurn(1000, 6000),)),
    (TurnState(), Elapsed(90_000), TurnState(), ()),
    (TurnState(), ListenFor(1000, 5000), ASKED, ()),
    (ASKED, Elapsed(5999), ASKED, ()),
    (ASKED, Elapsed(6000), NOBODY, (ReportNoInput(),)),
    (TurnState(), SpeechQueued(), ROBOT, ()),
    (TALKING, SpeechQueued(), TurnState(SPEAKING, voice_since_ms=1000), ()),
    (TALKING, SpeechPlayed(), TALKING, ()),
    (CLOSED, VoiceStarted(3000), TurnState(THINKING, True, 3000, 1000, 2000), ()),
    (TurnState(THINKING, True, 3000, 1000, 2000), VoiceEnded(3100), TurnState(THINKING, True, None, 1000, 3100), ()),
    (TurnState(THINKING, True, 3000, 1000, 2000), Elapsed(3239), TurnState(THINKING, True, 3000, 1000, 2000), ()),
    (TurnState(THINKING, True, 3000, 1000), Elapsed(3240), TurnState(LISTENING, True, 3000, 1000), (ReopenTurn(),)),
    (TurnState(THINKING, True, 3000), Elapsed(3240), TurnState(LISTENING, True, 3000, 3000), (ReopenTurn(),)),
    (CLOSED, SpeechQueued(interruptible=False), SHIELDED, ()),
    (CLOSED, SpeechPlayed(), CLOSED, ()),
    (CLOSED, ListenFor(3000, 3000), ASKED, ()),
    (NOBODY, Elapsed(9000), NOBODY, ()),
    (ROBOT, VoiceStarted(3000), TurnState(SPEAKING, voice_since_ms=3000), ()),
    (TurnState(SPEAKING, voice_since_ms=3000), VoiceEnded(3100), ROBOT, ()),
    (TurnState(SPEAKING, voice_since_ms=3000), Elapsed(3239), TurnState(SPEAKING, voice_since_ms=3000), ()),
    (
        TurnState(SPEAKING, voice_since_ms=3000),
        Elapsed(3240),
        TurnState(voice_since_ms=3000, turn_start_ms=3000),
        (StopSpeaking(3000, 3240),),
    ),
    (TurnState(SPEAKING, False, 3000), Elapsed(9000), TurnState(SPEAKING, False, 3000), ()),
    (ROBOT, SpeechQueued(interruptible=False), SHIELDED, ()),
    (SHIELDED, SpeechQueued(), SHIELDED, ()),
    (ROBOT, SpeechPlayed(), TurnState(), ()),
    (SHIELDED, SpeechPlayed(), TurnState(interruptible=False), ()),
    (TurnState(SPEAKING, voice_since_ms=3000), SpeechPlayed(), TurnState(LISTENING, True, 3000, 3000), ()),
]


@pytest.mark.parametrize(("state", "event", "after", "commands"), PAIRS)
def test_pairs(state: TurnState, event: TurnInput, after: TurnState, commands: tuple[TurnCommand, ...]) -> None:
    assert step(state, event, TIMING) == (after, commands)


@pytest.mark.parametrize("state", [ROBOT, SHIELDED])
def test_waiting_for_the_caller_while_the_robot_speaks_is_illegal(state: TurnState) -> None:
    with pytest.raises(IllegalTransition):
        step(state, ListenFor(1000, 5000), TIMING)


def test_speech_after_shielded_speech_may_be_interrupted_again() -> None:
    state, _ = run(SHIELDED, SpeechPlayed(), SpeechQueued())
    assert state.interruptible


def test_a_voice_after_nobody_spoke_is_a_turn_of_its_own() -> None:
    _, commands = run(NOBODY, VoiceStarted(7000), Elapsed(7240), VoiceEnded(8000), Elapsed(8700))
    assert commands == [ReopenTurn(), CloseTurn(7000, 8000)]


def test_a_caller_who_goes_on_keeps_the_beginning() -> None:
    _, commands = run(SILENT, Elapsed(2700), VoiceStarted(2900), Elapsed(3140), VoiceEnded(4000), Elapsed(4700))
    assert commands == [CloseTurn(1000, 2000), ReopenTurn(), CloseTurn(1000, 4000)]


def test_a_sound_that_never_ends_is_answered_once_and_does_not_silence_the_answer() -> None:
    """Music on the line: one turn of the greatest length, then the robot speaks to its end."""
    state, commands = run(TALKING, *(Elapsed(now) for now in range(1020, 30_000, 20)))
    assert commands == [CloseTurn(1000, 6000)]
    state, commands = run(state, SpeechQueued(), *(Elapsed(now) for now in range(30_000, 40_000, 20)))
    assert commands == []
    _, commands = run(state, VoiceEnded(40_000), VoiceStarted(40_500), Elapsed(40_740))
    assert commands == [StopSpeaking(40_500, 40_740)]


def test_a_turn_of_the_greatest_length_is_not_opened_again() -> None:
    state, _ = run(TALKING, Elapsed(6000), VoiceEnded(6100))
    assert run(state, VoiceStarted(6200), Elapsed(6440))[1] == []


def test_a_turn_that_began_under_shielded_speech_is_cut_to_the_greatest_length() -> None:
    state, _ = run(SHIELDED, VoiceStarted(1000), SpeechPlayed())
    assert run(state, Elapsed(9000))[1] == [CloseTurn(4000, 9000)]


@dataclass
class Watch:
    """Plays a call and checks each step against the laws of turns."""

    now_ms: int = 0
    voice: bool = False
    shielded: bool = False
    state: TurnState = field(default_factory=TurnState)
    log: list[TurnCommand | TurnPhase] = field(default_factory=list)
    asked: int = 0

    def feed(self, event: TurnInput) -> None:
        before = self.state
        self.state, commands = step(before, event, TIMING)
        assert len(commands) <= 1
        for command in commands:
            self.check(before, command)
            self.log.append(command)
        if self.state.phase is not before.phase:
            self.log.append(self.state.phase)

    def check(self, before: TurnState, command: TurnCommand) -> None:
        match command:
            case CloseTurn(start_ms, end_ms):
                assert before.phase is LISTENING
                assert start_ms <= end_ms <= self.now_ms
                assert end_ms - start_ms <= TIMING.max_turn_ms
            case StopSpeaking(onset_ms, now_ms):
                assert before.phase is SPEAKING
                assert not self.shielded
                assert now_ms - onset_ms >= TIMING.barge_in_ms
            case ReopenTurn():
                assert before.phase is THINKING
                old = before.turn_start_ms
                assert self.state.turn_start_ms == (old if old is not None else before.voice_since_ms)
            case ReportNoInput():
                assert before.phase is LISTENING
                assert self.asked > 0
                self.asked = 0

    def act(self, action: str) -> None:
        match action:
            case "voice":
                self.voice = not self.voice
                self.feed((VoiceStarted if self.voice else VoiceEnded)(max(0, self.now_ms - 20)))
            case "speak" | "shielded":
                speaking = self.state.phase is SPEAKING
                self.shielded = action == "shielded" or (self.shielded and speaking)
                self.feed(SpeechQueued(action == "speak"))
            case "played":
                self.feed(SpeechPlayed())
            case "listen" if self.state.phase is not SPEAKING:
                self.asked += 1
                self.feed(ListenFor(self.now_ms, 1500))

    def hear(self, frames: int) -> None:
        for _ in range(frames):
            self.now_ms += 20
            self.feed(Elapsed(self.now_ms))


ACTION = st.sampled_from(["voice", "voice", "speak", "shielded", "played", "listen"])


@given(st.lists(st.tuples(ACTION, st.integers(0, 60)), max_size=40))
def test_any_media(script: Sequence[tuple[str, int]]) -> None:
    watch = Watch()
    for action, frames in script:
        watch.act(action)
        watch.hear(frames)
    closed = False
    for entry in watch.log:
        if isinstance(entry, CloseTurn):
            assert not closed, "a turn is closed once until the robot listens again"
            closed = True
        elif entry is LISTENING:
            closed = False


@given(st.lists(st.integers(1, 40), min_size=1, max_size=20))
def test_the_caller_always_gets_an_answer(spurts: Sequence[int]) -> None:
    """However a caller pauses, a turn is closed once the voice is over for good."""
    watch = Watch()
    for frames in [*spurts, *([1] if len(spurts) % 2 == 0 else [])]:
        watch.act("voice")
        watch.hear(frames)
    watch.act("voice")
    watch.hear(60)
    assert watch.state.phase is THINKING
    assert isinstance(next(entry for entry in reversed(watch.log) if not isinstance(entry, TurnPhase)), CloseTurn)
