"""The language model's messages: facts first and the same all along, then what was heard."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from robot.scenario.dialogue import DialogueState, Turn, UserSaid
from robot.scenario.engine import start, step
from robot.scenario.loader import load_scenario
from robot.scenario.prompt import prompt_messages
from robot.scenario.schema import Scenario

SCENARIOS = Path(__file__).parents[2] / "scenarios"


def begun(language: str) -> tuple[Scenario, DialogueState]:
    scenario = load_scenario(SCENARIOS / f"appointment_{language}.yaml")
    return scenario, start(scenario, {**scenario.samples(), "doctor": "Roux"})[0]


@pytest.mark.parametrize(("language", "rule"), [("fr", "N'invente jamais"), ("en", "Never invent")])
def test_facts_are_filled_in_and_rules_given(language: str, rule: str) -> None:
    scenario, state = begun(language)
    (role, content), *rest = prompt_messages(scenario, state, "?")
    assert role == "system"
    assert rule in content
    assert "Roux" in content
    assert "{{" not in content
    assert rest == [("user", "?")]


def test_a_scenario_without_persona_has_one() -> None:
    scenario, state = begun("en")
    plain = scenario.model_copy(update={"persona": None})
    assert prompt_messages(plain, state, "?")[0][1].startswith("You are an office's voice assistant")


def test_turns_alternate_and_the_question_comes_once() -> None:
    scenario, state = begun("fr")
    turns = (
        Turn("assistant", "Bonjour."),
        Turn("assistant", "Vous venez ?"),
        Turn("user", "Euh."),
        Turn("user", "Où est-ce ?"),
    )
    messages = prompt_messages(scenario, replace(state, history=turns), "Où est-ce ?")
    assert messages[1:] == [("assistant", "Bonjour. Vous venez ?"), ("user", "Euh. Où est-ce ?")]


def test_the_beginning_never_changes_during_a_call() -> None:
    scenario, state = begun("en")
    first = prompt_messages(scenario, state, "Where is it?")[0]
    state, _ = step(scenario, state, UserSaid("Where is it?"))
    assert prompt_messages(scenario, state, "How long?")[0] == first


def test_a_long_history_is_cut_in_blocks() -> None:
    scenario, state = begun("en")
    turns = tuple(Turn(role, str(number)) for number in range(50) for role in ("user", "assistant"))
    sizes = {}
    for length in range(len(turns)):
        messages = prompt_messages(scenario, replace(state, history=turns[:length]), "?")
        sizes[length] = (len(messages), messages[1][1].split()[0])
    assert max(size for size, _ in sizes.values()) <= 33
    assert len({first for _, first in sizes.values()}) < 10
