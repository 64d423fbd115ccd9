"""The dialogue machine on a small scenario: what each event does in each phase."""

from __future__ import annotations

from pathlib import Path

import pytest

from robot.errors import ScenarioError
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
from robot.scenario.engine import start, step, voicemail_disposition, voicemail_text
from robot.scenario.loader import load_scenario
from robot.scenario.schema import Scenario

TEXT = """\
name: small
language: en
variables:
  lead.first_name: {}
  lead.place: {default: the town hall}
voicemail: message
start: greeting
recover:
  no_input: {text: "Are you there?", max: 1, next: silence}
  not_understood: {text: "Pardon?", max: 1, next: unclear}
everywhere:
  intents: {stop: {keywords: [stop calling], next: stopped, disposition: opt_out}}
  keypad: {"9": stop}
nodes:
  greeting: {say: {text: "Hello {{ lead.first_name }}, I am a robot.", disclosure: true, next: question}}
  question:
    ask:
      text: Will you come to the meeting tonight?
      again: Will you come?
      timeout_ms: 3000
      intents:
        come: {keywords: ["yes", I will come], examples: [I will come.], next: day, disposition: coming}
      otherwise: answer
      keypad: {"1": come}
  answer: {answer: {max_words: 20, fallback: I do not know., next: bridge}}
  bridge: {say: {text: [So., Well.], next: question}}
  day:
    ask:
      text: Which day?
      collect: {slot: day, keywords: [monday], next: done}
      otherwise: answer
  done: {hangup: {text: Bye.}}
  stopped: {hangup: {disposition: opt_out}}
  silence: {hangup: {disposition: no_input}}
  unclear: {hangup: {disposition: callback}}
  message: {voicemail: {text: "Call {{ lead.first_name }} at {{ lead.place }}.", disposition: left}}
"""
GREETING = "Hello Claire, I am a robot."
QUESTION = "Will you come to the meeting tonight?"


@pytest.fixture
def scenario(tmp_path: Path) -> Scenario:
    path = tmp_path / "small.yaml"
    path.write_text(TEXT, encoding="utf-8")
    return load_scenario(path)


def played(scenario: Scenario, *events: Event) -> tuple[DialogueState, list[Action]]:
    """The dialogue after ``events``, with everything heard, and the last actions."""
    state, actions = start(scenario, {"first_name": "Claire"})
    for event in (None, *events):
        if event:
            state, actions = step(scenario, state, event)
        for action in actions:
            if isinstance(action, Say):
                state, _ = step(scenario, state, Heard(action.text, action.node))
    return state, actions


def test_it_says_everything_up_to_the_first_question(scenario: Scenario) -> None:
    state, actions = start(scenario, {"lead.first_name": "Claire", "unknown": "x"})
    assert actions == [Say(GREETING, "greeting", True), Say(QUESTION, "question", True), Listen(3000, "I will come.")]
    assert state.phase is Phase.LISTENING
    assert not state.history


@pytest.mark.parametrize("variables", [{}, {"first_name": "  "}])
def test_a_missing_lead_value_is_named(scenario: Scenario, variables: dict[str, str]) -> None:
    with pytest.raises(ScenarioError, match=r"no value for lead\.first_name"):
        start(scenario, variables)


def test_values_are_text_never_templates(scenario: Scenario) -> None:
    _, actions = start(scenario, {"first_name": "{{ lead.place }}"})
    assert actions[0] == Say("Hello {{ lead.place }}, I am a robot.", "greeting", True)


def test_an_intent_leads_on_and_is_recorded(scenario: Scenario) -> None:
    state, actions = played(scenario, UserSaid("Yes, I will come."))
    assert actions == [Say("Which day?", "day", True), Listen(6000, "")]
    assert (state.disposition, state.understood[0].intent, state.understood[0].keyword) == (
        "coming",
        "come",
        "I will come",
    )


def test_the_answer_to_an_open_question_is_kept(scenario: Scenario) -> None:
    state, actions = played(scenario, UserSaid("yes"), UserSaid("Monday at noon, is that possible?"))
    assert actions == [Say("Bye.", "done", False), HangUp("coming")]
    assert state.slots == {"day": "Monday at noon, is that possible?"}
    assert state.phase is Phase.ENDED


@pytest.mark.parametrize("text", ["okay", "Hm.", "Hello?"])
def test_a_word_of_agreement_is_no_day(scenario: Scenario, text: str) -> None:
    state, _ = played(scenario, UserSaid("yes"), UserSaid(text))
    assert state.node == "day"
    assert not state.slots


def test_a_question_goes_to_the_model_and_back(scenario: Scenario) -> None:
    state, actions = played(scenario, UserSaid("Where is it?"))
    assert actions == [AskModel("Where is it?", "I do not know.", 20)]
    assert state.phase is Phase.ANSWERING
    state, actions = step(scenario, state, AnswerFinished("At the town hall."))
    assert actions == [
        Say("So.", "bridge", True),
        Say("Will you come?", "question", True),
        Listen(3000, "I will come."),
    ]
    assert [turn.role for turn in state.history] == ["assistant", "assistant", "user", "assistant"]


def test_variants_take_turns(scenario: Scenario) -> None:
    turn: tuple[Event, ...] = (UserSaid("Where is it?"), AnswerFinished("There."))
    _, actions = played(scenario, *turn, *turn)
    assert actions[0] == Say("Well.", "bridge", True)


def test_speaking_over_the_answer_counts_at_the_question(scenario: Scenario) -> None:
    state, _ = played(scenario, UserSaid("Where is it?"), Heard("At the", "answer"))
    assert state.phase is Phase.ANSWERING
    assert state.history[-1].text == "At the"
    state, actions = step(scenario, state, UserSaid("I will come"))
    assert state.node == "day"
    assert actions[0] == Say("Which day?", "day", True)


def test_silence_is_asked_about_once_and_then_ends_the_call(scenario: Scenario) -> None:
    state, actions = played(scenario, NoInput())
    assert actions[:2] == [Say("Are you there?", "question", True), Say("Will you come?", "question", True)]
    state, actions = step(scenario, state, NoInput())
    assert actions == [HangUp("no_input")]
    assert state.disposition == "no_input"


def test_words_without_meaning_are_asked_about_once(scenario: Scenario) -> None:
    assert played(scenario, UserSaid("purple"))[1][0] == Say("Pardon?", "question", True)
    assert played(scenario, UserSaid("purple"), UserSaid(""))[1] == [HangUp("callback")]


def test_speech_starts_the_count_of_silences_anew(scenario: Scenario) -> None:
    assert played(scenario, NoInput(), UserSaid("purple"), NoInput())[0].phase is Phase.LISTENING


def test_keys(scenario: Scenario) -> None:
    assert played(scenario, Keypad("1"))[0].node == "day"
    assert played(scenario, Keypad("9"))[1] == [HangUp("opt_out")]
    assert played(scenario, Keypad("5"))[1][0] == Say("Pardon?", "question", True)
    assert played(scenario, UserSaid("Where is it?"), Keypad("9"))[1] == [HangUp("opt_out")]
    assert played(scenario, Keypad("1"))[0].understood[0].keyword == "1"


def test_what_every_question_understands(scenario: Scenario) -> None:
    assert played(scenario, UserSaid("yes"), UserSaid("stop calling"))[1] == [HangUp("opt_out")]


def test_yes_over_the_greeting_is_no_answer(scenario: Scenario) -> None:
    state, _ = start(scenario, {"first_name": "Claire"})
    state, _ = step(scenario, state, Heard("Hello", "greeting"))
    assert not state.disclosure_heard
    state, actions = step(scenario, state, UserSaid("Yes?"))
    assert actions[0] == Say(GREETING, "greeting", True)
    state, _ = step(scenario, state, Heard(GREETING, "greeting"))
    assert state.disclosure_heard
    state, actions = step(scenario, state, UserSaid("Yes?"))
    assert actions[0] == Say(QUESTION, "question", True)
    state, _ = step(scenario, state, Heard("Will you come to the", "question"))
    assert step(scenario, state, UserSaid("Yes."))[0].node == "day"


def test_hello_for_ever_ends_the_call(scenario: Scenario) -> None:
    state, actions = played(scenario, UserSaid("Hello?"))
    assert actions[0] == Say("Will you come?", "question", True)
    assert step(scenario, state, UserSaid("Hello?"))[1] == [HangUp("callback")]


def test_late_events_change_nothing(scenario: Scenario) -> None:
    listening, _ = played(scenario)
    answering, _ = played(scenario, UserSaid("Where is it?"))
    ended, _ = played(scenario, Keypad("9"))
    assert step(scenario, listening, AnswerFinished("late")) == (listening, [])
    assert step(scenario, answering, NoInput()) == (answering, [])
    for event in (UserSaid("yes"), NoInput(), Keypad("1"), AnswerFinished("late")):
        assert step(scenario, ended, event) == (ended, [])


def test_what_was_heard_of_the_last_words_is_remembered(scenario: Scenario) -> None:
    state, _ = played(scenario, UserSaid("yes"), UserSaid("Monday"))
    assert state.history[-1].text == "Bye."


def test_an_answer_without_a_question_says_that_it_does_not_know(tmp_path: Path) -> None:
    path = tmp_path / "small.yaml"
    path.write_text(
        TEXT.replace('{"1": come}', '{"1": help}').replace(
            "        come:", "        help: {keywords: [help], next: answer}\n        come:"
        )
    )
    assert played(load_scenario(path), Keypad("1"))[1][0] == Say("I do not know.", "answer", True)


def test_the_message_for_a_machine(scenario: Scenario) -> None:
    assert voicemail_text(scenario, {"first_name": "Claire"}) == "Call Claire at the town hall."
    assert voicemail_disposition(scenario) == "left"
    silent = scenario.model_copy(update={"voicemail": None})
    with pytest.raises(ScenarioError, match="there is no message to leave"):
        voicemail_text(silent, {"first_name": "Claire"})
