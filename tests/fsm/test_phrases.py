"""Greetings as a recogniser writes them, judged by their words alone."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from robot.errors import ConfigError
from robot.fsm.amd import judge_words
from robot.fsm.phrases import Kind, PhraseMatch, Weight, load_phrases, match_phrases, parse_phrases

CONFIG = Path(__file__).parents[2] / "config" / "amd"
BOOKS = {language: load_phrases(CONFIG / f"{language}.yaml") for language in ("fr", "en")}
GREETINGS = yaml.safe_load((Path(__file__).parent / "greetings.yaml").read_text(encoding="utf-8"))
CASES = [
    (language, kind, text)
    for language, kinds in GREETINGS.items()
    for kind, texts in kinds.items()
    for text in texts
]  # fmt: skip
SMALL = """\
language: en
machine: {strong: [leave a message, voicemail], weak: [message, after the beep]}
human: {strong: [who is this], weak: [this is], alone: [hello, yes]}
"""


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_lists_are_long(language: str) -> None:
    assert BOOKS[language].count(Kind.MACHINE) >= 80
    assert BOOKS[language].count(Kind.HUMAN) >= 14


@pytest.mark.parametrize(("language", "kind", "text"), CASES)
def test_greetings(language: str, kind: str, text: str) -> None:
    score = judge_words(match_phrases(text, BOOKS.values()))
    match kind:
        case "machine":
            assert score > 0
        case "human" | "human_with_machine_words":
            assert score < 0 or (kind != "human" and score == 0)
        case _:
            assert score == 0


def found(text: str) -> list[str]:
    return [match.phrase for match in match_phrases(text, [parse_phrases(SMALL)])]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Please leave a message.", ["leave a message"]),
        ("a message", ["message"]),
        ("messages", []),
        ("Leave a mesage after the beep", ["after the beep", "leave a message"]),
        ("leave a", []),
        ("leave message", ["message"]),
        ("Hello? Yes!", ["hello yes"]),
        ("Hello you", []),
        ("Hello, who is this? This is Ann", ["who is this", "this is"]),
        ("Voicemail. Voicemail!", ["voicemail", "voicemail"]),
        ("", []),
        ("?!", []),
    ],
)
def test_where_phrases_are_found(text: str, wanted: list[str]) -> None:
    assert found(text) == wanted


def test_a_match_knows_its_kind_and_weight() -> None:
    (match,) = match_phrases("who is this", [parse_phrases(SMALL)])
    assert match == PhraseMatch("who is this", Kind.HUMAN, Weight.STRONG)


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        ("language: en", "language: de", "amd.yaml:1: language: should be 'fr' or 'en', not 'de'"),
        (
            "weak: [this is]",
            "week: [this is]",
            "amd.yaml:3: human.week: unknown key; did you mean weak? valid: strong,",
        ),
        ("weak: [this is]", "week: [this is]", "amd.yaml:3: human.weak: is required"),
        ("yes", "12", "amd.yaml:3: human.alone.1: should be a valid string, not 12; put it between quotes"),
        ("weak: [message, after the beep]", "weak: []", "amd.yaml:2: machine.weak: should have at least 1 item, not 0"),
        (
            "[who is this]",
            "[Who is THIS, voicemail]",
            "amd.yaml:3: human.strong.1: 'voicemail' is both in machine.strong and human.strong",
        ),
        ("[this is]", '["?!"]', "amd.yaml:3: human.weak.0: '?!' holds no word"),
        ("[this is]", '[" "]', "amd.yaml:3: human.weak.0: must not be empty"),
        ("language: en", "language: [en", "amd.yaml:2: not valid YAML"),
    ],
)
def test_faults_of_a_phrase_file(old: str, new: str, wanted: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_phrases(SMALL.replace(old, new, 1), "amd.yaml")
    assert wanted in str(caught.value)
