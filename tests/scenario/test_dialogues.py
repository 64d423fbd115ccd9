"""The shipped scenarios played with a scripted caller, and with one who says anything at all."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robot.scenario.dialogue import (
    Action,
    AnswerFinished,
    AskModel,
    DialogueState,
    Event,
    HangUp,
    Heard,
    Keypad,
    Listen,
    NoInput,
    Phase,
    Say,
    UserSaid,
)
from robot.scenario.engine import start, step, voicemail_text
from robot.scenario.loader import load_scenario
from robot.scenario.prompt import prompt_messages

SCENARIOS = {
    name: load_scenario(Path(__file__).parents[2] / "scenarios" / f"appointment_{name}.yaml") for name in ("fr", "en")
}

PATHS = [
    ("fr", ["Oui, je confirme.", "Non merci."], "confirmed"),
    (
        "fr",
        ["Allô ?", "Excusez-moi, où se trouve le cabinet exactement ?", "Oui, je confirme.", "Non, au revoir."],
        "confirmed",
    ),
    ("fr", ["Je voudrais le déplacer.", "Jeudi après-midi, c'est possible ?"], "to_move"),
    ("fr", ["Je voudrais le déplacer.", "Peu importe."], "to_move"),
    ("fr", ["Je voudrais l'annuler.", "Oui, c'est ça."], "cancelled"),
    ("fr", ["Annulez.", "Non, gardez-le.", "Oui.", "Non."], "confirmed"),
    ("fr", ["Non.", "Le déplacer.", "Mardi matin."], "to_move"),
    ("fr", ["Je ne peux pas venir.", "L'annuler.", "Oui."], "cancelled"),
    ("fr", ["Oui.", "Oui, j'ai une question.", "Il faut apporter quoi ?", "C'est tout, merci."], "confirmed"),
    ("fr", ["Oui.", "Ah, finalement je voudrais le déplacer.", "Vendredi."], "to_move"),
    ("fr", ["Ne m'appelez plus !"], "opt_out"),
    ("fr", ["C'est un faux numéro."], "wrong_person"),
    ("fr", ["Bla bla.", "Patate.", "Brouette."], "callback"),
    ("fr", [None, None, None], "no_input"),
    ("fr", ["9"], "opt_out"),
    ("en", ["Yes, I confirm.", "No, thank you."], "confirmed"),
    ("en", ["Hello?", "I'd like to move it to another day please.", "Thursday afternoon would be fine."], "to_move"),
    ("en", ["Can we reschedule?", "Any day."], "to_move"),
    ("en", ["I'd like to cancel.", "Yes, that's right."], "cancelled"),
    ("en", ["Cancel it.", "No, keep it.", "Yes.", "No."], "confirmed"),
    ("en", ["I can't make it.", "Move it, please.", "Next Monday?"], "to_move"),
    ("en", ["No.", "Cancel it.", "Yes."], "cancelled"),
    ("en", ["Where is the office exactly?", "Yes.", "How long does it take?", "No, that's all."], "confirmed"),
    ("en", ["Yes.", "Yes, one question.", "Should I bring anything?", "Thanks, bye."], "confirmed"),
    ("en", ["Stop calling me."], "opt_out"),
    ("en", ["You have the wrong number."], "wrong_person"),
    ("en", ["Blah.", "Potato.", "Wheelbarrow."], "callback"),
    ("en", [None, None, None], "no_input"),
    ("en", ["9"], "opt_out"),
]


def event_of(turn: str | None) -> Event:
    return NoInput() if turn is None else Keypad(turn) if turn.isdigit() else UserSaid(turn)


def heard(language: str, state: DialogueState, actions: list[Action]) -> tuple[DialogueState, list[Action]]:
    """Plays ``actions`` to their end: everything is heard, and the model answers."""
    scenario = SCENARIOS[language]
    for action in actions:
        if isinstance(action, Say):
            state, _ = step(scenario, state, Heard(action.text, action.node))
        elif isinstance(action, AskModel):
            assert prompt_messages(scenario, state, action.question)[-1] == ("user", action.question)
            return heard(language, *step(scenario, state, AnswerFinished(action.fallback)))
    return state, actions


@pytest.mark.parametrize(("language", "turns", "disposition"), PATHS)
def test_a_caller_gets_where_they_want(language: str, turns: list[str | None], disposition: str) -> None:
    scenario = SCENARIOS[language]
    state, actions = heard(language, *start(scenario, scenario.samples()))
    for turn in turns:
        assert isinstance(actions[-1], Listen), f"ended before {turn!r}"
        state, actions = heard(language, *step(scenario, state, event_of(turn)))
    assert actions[-1] == HangUp(disposition)
    assert state.disposition == disposition
    assert state.disclosure_heard


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_preferred_day_is_kept(language: str) -> None:
    scenario = SCENARIOS[language]
    day = {"fr": "Plutôt jeudi après-midi.", "en": "Thursday afternoon would be fine."}[language]
    state, _ = heard(language, *start(scenario, scenario.samples()))
    for turn in ("2", day):
        state, _ = heard(language, *step(scenario, state, event_of(turn)))
    assert state.slots == {"preferred_day": day}


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_voicemail_says_who_what_and_where_to_call(language: str) -> None:
    scenario = SCENARIOS[language]
    lead = {**scenario.samples(), "phone": "one two three", "doctor": "Roux", "date": "today"}
    text = voicemail_text(scenario, lead)
    assert all(part in text for part in ("Roux", "today", "one two three"))
    assert len(text.split()) < 60


WORDS = [keyword for scenario in SCENARIOS.values() for node in scenario.nodes.values() if node.ask
         for intent in node.ask.intents.values() for keyword in intent.keywords]  # fmt: skip
SPOKEN = st.one_of(
    st.text(max_size=30),
    st.lists(st.sampled_from([*WORDS, "allô", "où ?", "combien", "ne", "pas", "non", ",", "hello"]), max_size=4).map(
        " ".join
    ),
)
EVENTS = st.one_of(
    SPOKEN.map(UserSaid),
    st.just(NoInput()),
    st.text("0123456789*#ABCD", max_size=3).map(Keypad),
    st.builds(Heard, st.text(max_size=20), st.sampled_from([*SCENARIOS["fr"].nodes, "", "elsewhere"])),
    st.text(max_size=20).map(AnswerFinished),
)


@given(language=st.sampled_from(["fr", "en"]), events=st.lists(EVENTS, max_size=25))
def test_whatever_happens_the_dialogue_listens_or_ends(language: str, events: list[Event]) -> None:
    scenario = SCENARIOS[language]
    state, actions = start(scenario, scenario.samples())
    for event in events:
        before = state
        state, actions = step(scenario, state, event)
        if before.phase is Phase.ENDED:
            assert not actions
        if actions:
            last = {Phase.LISTENING: Listen, Phase.ANSWERING: AskModel, Phase.ENDED: HangUp}[state.phase]
            assert isinstance(actions[-1], last)
            assert all(isinstance(action, Say) for action in actions[:-1])
        else:
            assert (state.node, state.phase) == (before.node, before.phase)
        assert (state.phase is Phase.ANSWERING) == (scenario.nodes[state.node].answer is not None)


@pytest.mark.parametrize("language", ["fr", "en"])
def test_silence_always_ends_the_call(language: str) -> None:
    scenario = SCENARIOS[language]
    for first in ("1", "2", "3"):
        state, _ = heard(language, *start(scenario, scenario.samples()))
        state, _ = heard(language, *step(scenario, state, Keypad(first)))
        for _ in range(5):
            state, _ = heard(language, *step(scenario, state, NoInput()))
        assert state.phase is Phase.ENDED
