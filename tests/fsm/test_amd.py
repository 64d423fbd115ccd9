"""The answering-machine detector: what it asks for, when it decides, and why."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robot.errors import IllegalTransition
from robot.fsm.amd import (
    MACHINE_FROM,
    AmdSettings,
    AmdState,
    Command,
    Decide,
    Decision,
    Elapsed,
    Event,
    Evidence,
    Phase,
    Transcribe,
    Transcribed,
    Verdict,
    VoiceEnded,
    VoiceStarted,
    judge,
    step,
)
from robot.fsm.phrases import load_phrases

CONFIG = Path(__file__).parents[2] / "config" / "amd"
BOOKS = tuple(load_phrases(CONFIG / f"{language}.yaml") for language in ("fr", "en"))
SETTINGS = AmdSettings(BOOKS, language="fr", window_ms=2300, early_silence_ms=1000, decode_grace_ms=1500)
LISTENING = AmdState(SETTINGS)
SPEAKING = step(LISTENING, VoiceStarted(0))[0]
ASKED = step(SPEAKING, Elapsed(2300))[0]
ASKED_SILENT = step(ASKED, VoiceEnded(2290))[0]
DECIDED = step(ASKED, Transcribed("allô", "fr", 0.0, 2300))[0]

MACHINE_TEXTS = ["Vous êtes bien sur la messagerie", "You've reached the voicemail", "laissez un message après le bip"]
HUMAN_TEXTS = ["Allô ?", "Hello?", "Oui bonjour.", "Who is this?"]
TEXTS = [*MACHINE_TEXTS, *HUMAN_TEXTS, "", "la voiture est rouge", "bienvenue", "this is"]


def call(spurts: list[tuple[int, int | None]], text: str = "", answer_ms: int = 300) -> tuple[Decision, list[Command]]:
    """A call in 20 ms frames, each decode giving ``text`` after ``answer_ms``: the decision, and all commands."""
    events = {start: VoiceStarted(start) for start, _ in spurts} | {end: VoiceEnded(end) for _, end in spurts if end}
    state, seen, due = LISTENING, list[Command](), None
    for now in range(0, 8000, 20):
        pending: list[Event] = [event for at, event in sorted(events.items()) if now - 20 < at <= now]
        pending.append(Elapsed(now))
        if due is not None and now >= due + answer_ms:
            pending.append(Transcribed(text, "fr", 0.0, due))
            due = None
        for event in pending:
            state, commands = step(state, event)
            seen += commands
            for command in commands:
                if isinstance(command, Transcribe):
                    due = command.until_ms
                if isinstance(command, Decide):
                    return command.decision, seen
    raise AssertionError("no decision in 8 s")


def test_silence_is_nobody_and_is_never_decoded() -> None:
    decision, commands = call([], "Sous-titres réalisés par la communauté")
    assert (decision.verdict, decision.decided_at_ms, decision.evidence.text) == (Verdict.NO_ANSWER, 2300, "")
    assert len(commands) == 1


def test_a_short_word_and_silence_ask_early() -> None:
    decision, commands = call([(400, 800)], "Allô ?")
    assert commands[0] == Transcribe(1800, "fr")
    assert (decision.verdict, decision.decided_at_ms) == (Verdict.HUMAN, 2100)
    assert (decision.evidence.speech_ms, decision.evidence.first_voice_ms, decision.evidence.spurts) == (400, 400, 1)
    assert not decision.evidence.speaking_at_end
    assert "human 'allo'" in decision.reason


def test_a_long_announcement_is_asked_at_the_window_end() -> None:
    decision, commands = call([(600, None)], "Vous êtes bien sur la messagerie")
    assert commands[0] == Transcribe(2300, "fr")
    assert decision.verdict is Verdict.MACHINE
    assert decision.score >= MACHINE_FROM
    assert decision.evidence.longest_spurt_ms == 1700
    assert decision.evidence.speaking_at_end


def test_a_mailbox_that_pauses_is_still_a_machine() -> None:
    assert call([(200, 1200)], "Messagerie vocale.")[0].verdict is Verdict.MACHINE


def test_a_person_who_speaks_on_and_on_is_no_machine() -> None:
    assert call([(200, None)], "Non mais attendez je suis au")[0].verdict is Verdict.HUMAN
    assert call([(200, None)], "la voiture est rouge")[0].verdict is Verdict.HUMAN


def test_a_pause_that_ends_is_decoded_again() -> None:
    decision, commands = call([(100, 500), (1600, None)], "Bonjour, vous êtes bien sur la messagerie", answer_ms=200)
    assert commands[:2] == [Transcribe(1500, "fr"), Transcribe(2300, "fr")]
    assert decision.verdict is Verdict.MACHINE
    assert decision.evidence.spurts == 2


def test_without_a_text_in_time_the_voice_decides() -> None:
    decision, _ = call([(400, None)], "messagerie", answer_ms=4000)
    assert (decision.verdict, decision.decided_at_ms, decision.evidence.text) == (Verdict.HUMAN, 3800, "")


def test_voice_after_the_question_is_no_evidence() -> None:
    decision, _ = call([(200, 600), (1700, None)], "", answer_ms=5000)
    assert (decision.evidence.spurts, decision.evidence.speech_ms, decision.evidence.speaking_at_end) == (2, 400, False)


def test_the_language_may_be_left_to_the_recogniser() -> None:
    state = AmdState(replace(SETTINGS, language=None), spurts=SPEAKING.spurts)
    assert step(state, Elapsed(2300))[1] == [Transcribe(2300, None)]


TEXT = Transcribed("allô", "fr", 0.0, 2300)
LEGAL: list[tuple[AmdState, Event, Phase]] = [
    (LISTENING, VoiceStarted(10), Phase.LISTENING),
    (SPEAKING, VoiceEnded(10), Phase.LISTENING),
    (LISTENING, Elapsed(20), Phase.LISTENING),
    (LISTENING, Elapsed(2300), Phase.DECIDED),
    (SPEAKING, Elapsed(20), Phase.LISTENING),
    (SPEAKING, Elapsed(2300), Phase.ASKED),
    (ASKED, VoiceEnded(2400), Phase.ASKED),
    (ASKED_SILENT, VoiceStarted(2400), Phase.ASKED),
    (ASKED, Elapsed(2300), Phase.ASKED),
    (ASKED, Elapsed(3800), Phase.DECIDED),
    (ASKED, TEXT, Phase.DECIDED),
    *((DECIDED, event, Phase.DECIDED) for event in (VoiceStarted(1), VoiceEnded(1), Elapsed(1), TEXT)),
]
ILLEGAL: list[tuple[AmdState, Event]] = [
    (LISTENING, VoiceEnded(10)),
    (LISTENING, TEXT),
    (SPEAKING, VoiceStarted(10)),
    (SPEAKING, TEXT),
    (ASKED, VoiceStarted(2400)),
    (ASKED_SILENT, VoiceEnded(2400)),
    (ASKED, Elapsed(2280)),
    (ASKED, replace(TEXT, asked_at_ms=1800)),
]


@pytest.mark.parametrize(("state", "event", "phase"), LEGAL)
def test_listed_pairs(state: AmdState, event: Event, phase: Phase) -> None:
    assert step(state, event)[0].phase is phase


@pytest.mark.parametrize(("state", "event"), ILLEGAL)
def test_other_pairs_are_illegal(state: AmdState, event: Event) -> None:
    with pytest.raises(IllegalTransition):
        step(state, event)


def test_nothing_changes_after_the_decision() -> None:
    for event in (VoiceStarted(1), VoiceEnded(1), Elapsed(1), TEXT):
        assert step(DECIDED, event) == (DECIDED, [])


SPURTS = st.lists(st.integers(1, 120), max_size=8, unique=True).map(
    lambda cuts: [
        (start * 20, end * 20 if end else None)
        for start, end in zip(sorted(cuts)[::2], [*sorted(cuts)[1::2], None], strict=False)
    ]
)


@given(spurts=SPURTS, text=st.sampled_from(TEXTS), answer_ms=st.integers(0, 3000))
def test_every_call_is_decided_once_and_in_time(
    spurts: list[tuple[int, int | None]], text: str, answer_ms: int
) -> None:
    decision, commands = call(spurts, text, answer_ms)
    asked = [command for command in commands if isinstance(command, Transcribe)]
    assert sum(isinstance(command, Decide) for command in commands) == 1
    assert decision.decided_at_ms <= 2300 + SETTINGS.decode_grace_ms
    assert all(command.until_ms <= 2300 for command in asked)
    assert (decision.verdict is Verdict.NO_ANSWER) == (not asked)
    assert decision.evidence.speech_ms <= 2300


@given(end=st.integers(10, 100), longer=st.integers(0, 60), text=st.sampled_from(TEXTS))
def test_a_longer_silence_never_makes_it_more_of_a_machine(end: int, longer: int, text: str) -> None:
    shorter = max(3, end - longer)
    later, earlier = (call([(40, at * 20)], text)[0] for at in (end, shorter))
    assert earlier.score <= later.score


@given(
    speaking=st.booleans(),
    machine=st.sampled_from(MACHINE_TEXTS),
    text=st.sampled_from(TEXTS),
    human=st.sampled_from(HUMAN_TEXTS),
)
def test_words_pull_their_own_way(speaking: bool, machine: str, text: str, human: str) -> None:
    spurts = [(100, None if speaking else 900)]
    plain, like_machine, like_human = (call(spurts, said)[0].score for said in ("la voiture est rouge", machine, human))
    assert like_human < plain < like_machine
    assert plain < MACHINE_FROM


@pytest.mark.parametrize("text", ["vous êtes bien chez Martin, j'écoute", "bienvenue, veuillez, qui est à l'appareil"])
def test_weak_words_of_a_machine_do_not_beat_a_person(text: str) -> None:
    assert call([(100, None)], text)[0].verdict is Verdict.HUMAN


def test_no_voice_needs_no_score() -> None:
    assert judge(Evidence(0, None, 0, 0, False, "", "", ())) == (Verdict.NO_ANSWER, 0.0, "no voice in the window")
