"""What callers say, as a recogniser writes it, against the keywords of the shipped scenarios."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import pytest
import yaml

from robot.scenario.loader import load_scenario
from robot.scenario.matching import Match, is_question, match_intent
from robot.scenario.schema import Scenario

HERE = Path(__file__).parent
SCENARIOS = HERE.parents[1] / "scenarios"
CASES = [
    (language, text, wanted)
    for language in ("fr", "en")
    for wanted, texts in yaml.safe_load((HERE / f"utterances_{language}.yaml").read_text(encoding="utf-8")).items()
    for text in texts
]


@lru_cache
def scenario_of(language: str) -> Scenario:
    return load_scenario(SCENARIOS / f"appointment_{language}.yaml")


def reading(language: str, text: str) -> tuple[str, Match | None]:
    scenario = scenario_of(language)
    ask = scenario.nodes["confirm"].ask
    assert ask
    intents = scenario.intents_of(ask)
    keywords = {name: intent.keywords for name, intent in intents.items()}
    match = match_intent(text, keywords, {name for name, intent in intents.items() if intent.yields})
    return ("question" if is_question(text, match) else match.intent if match else "nothing"), match


@pytest.mark.parametrize(("language", "text", "wanted"), CASES)
def test_what_callers_say(language: str, text: str, wanted: str) -> None:
    assert reading(language, text)[0] == wanted


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_tables_are_long_enough(language: str) -> None:
    assert sum(case[0] == language for case in CASES) >= 60


def test_a_match_tells_why() -> None:
    match = reading("fr", "Oui, je confirme.")[1]
    assert match == Match("confirm", 1.2, "oui je confirme")
    assert not match.weak
    misheard = reading("fr", "je comfirme")[1]
    assert misheard
    assert 0.84 < misheard.score < 1.1


def test_a_keyword_without_words_matches_nothing() -> None:
    assert match_intent("bonjour", {"odd": ["…"]}) is None


def test_days_are_not_taken_for_each_other() -> None:
    assert match_intent("tuesday", {"day": ["thursday"]}) is None
