"""Handing the caller over, and pressing keys, as a dialogue sees them."""

from __future__ import annotations

from pathlib import Path

import pytest

from robot.errors import ScenarioError
from robot.scenario.dialogue import (
    DialogueState,
    Event,
    HangUp,
    Heard,
    Keypad,
    Listen,
    NoInput,
    Phase,
    Say,
    SendKeys,
    Transfer,
    TransferFailed,
    UserSaid,
)
from robot.scenario.engine import start, step
from robot.scenario.loader import load_scenario
from robot.scenario.schema import Scenario

TEXT = """\
name: helpdesk
language: en
start: menu
recover:
  no_input: {text: "Are you there?", max: 1, next: bye}
  not_understood: {text: "Pardon?", max: 1, next: bye}
everywhere:
  intents: {stop: {keywords: [stop calling], next: bye, disposition: opt_out}}
nodes:
  menu: {keys: {digits: "1w#", next: hello}}
  hello: {say: {text: I am a robot., disclosure: true, next: question}}
  question:
    ask:
      text: Shall I put you through?
      intents: {through: {keywords: ["yes"], next: person, disposition: wanted_person}}
  person:
    transfer:
      to: "+33123456789"
      text: One moment please.
      otherwise: {text: Nobody is free., next: question}
  bye: {hangup: {text: Bye.}}
"""


def written(folder: Path, old: str = "", new: str = "") -> Scenario:
    path = folder / "helpdesk.yaml"
    path.write_text(TEXT.replace(old, new), encoding="utf-8")
    return load_scenario(path)


def asked(scenario: Scenario) -> tuple[DialogueState, list[object]]:
    """The dialogue once the caller wants a person."""
    state, actions = start(scenario, {})
    for action in actions:
        if isinstance(action, Say):
            state, _ = step(scenario, state, Heard(action.text, action.node))
    state, actions = step(scenario, state, UserSaid("Yes."))
    return state, list(actions)


def test_keys_are_pressed_before_what_follows(tmp_path: Path) -> None:
    _, actions = start(written(tmp_path), {})
    assert actions[0] == SendKeys("1w#")
    assert [type(action) for action in actions] == [SendKeys, Say, Say, Listen]


def test_the_caller_is_told_and_handed_over(tmp_path: Path) -> None:
    state, actions = asked(written(tmp_path))
    assert actions == [
        Say("One moment please.", "person", interruptible=False),
        Transfer("+33123456789", "attended", False, "transferred"),
    ]
    assert state.phase is Phase.TRANSFERRING


def test_when_nobody_takes_the_caller_the_dialogue_goes_on(tmp_path: Path) -> None:
    scenario = written(tmp_path)
    state, actions = step(scenario, asked(scenario)[0], TransferFailed())
    assert actions[0] == Say("Nobody is free.", "person", interruptible=True)
    assert isinstance(actions[-1], Listen)
    assert (state.node, state.phase) == ("question", Phase.LISTENING)
    assert step(scenario, state, TransferFailed()) == (state, []), "a late one means nothing"


@pytest.mark.parametrize("event", [UserSaid("Hello?"), Keypad("9"), NoInput()])
def test_during_a_transfer_nothing_else_counts(tmp_path: Path, event: Event) -> None:
    scenario = written(tmp_path)
    state, _ = asked(scenario)
    assert step(scenario, state, event) == (state, [])


def test_without_words_the_way_back_is_silent(tmp_path: Path) -> None:
    scenario = written(tmp_path, "{text: Nobody is free., next: question}", "{next: bye}")
    _, actions = step(scenario, asked(scenario)[0], TransferFailed())
    assert actions == [Say("Bye.", "bye", interruptible=False), HangUp("wanted_person")]


@pytest.mark.parametrize(
    ("to", "kind", "extension"),
    [("1000", "blind", True), ("1000", "attended", False), ("+33123456789", "blind", False),
     ("sofia/gateway/x/33123456789", "blind", False), ("lab:person_fr", "blind", False)],
)  # fmt: skip
def test_what_is_the_dialplans_business(tmp_path: Path, to: str, kind: str, extension: bool) -> None:
    scenario = written(tmp_path, 'to: "+33123456789"', f'to: "{to}"\n      kind: {kind}')
    (transfer,) = scenario.transfers()
    assert transfer.extension is extension


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('to: "+33123456789"', 'to: "a b"', "nodes.person.transfer.to"),
        ('to: "+33123456789"', 'to: "{x=y}1000"', "nodes.person.transfer.to"),
        ("otherwise: {text: Nobody is free., next: question}", "disposition: x", "nodes.person.transfer.otherwise"),
        ("next: question}\n  bye", "next: nowhere}\n  bye", "there is no node 'nowhere'"),
        ("Nobody is free.", "'{{ lead.x }}'", "unknown variable lead.x"),
        ('digits: "1w#"', 'digits: "1,2"', "nodes.menu.keys.digits"),
        ("next: hello", "next: menu", "talks for ever"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, old: str, new: str, said: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        written(tmp_path, old, new)
    assert said in str(caught.value)
