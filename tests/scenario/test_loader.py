"""Dialogue files that are wrong: which file, line and field, and what is valid there."""

from __future__ import annotations

from pathlib import Path

import pytest

from robot.documents import Severity
from robot.errors import ScenarioError
from robot.scenario.loader import check_scenario, find_scenario, load_scenario

SCENARIOS = Path(__file__).parents[2] / "scenarios"

GOOD = """\
name: small
language: fr
variables:
  lead.first_name: {example: Claire}
  lead.doctor: {default: Morel}
facts: ["Le docteur s'appelle {{ lead.doctor }}."]
on_verdict: {machine: leave_message}
voicemail: message
start: greeting
recover:
  no_input: {text: Allô, max: 1, next: bye}
  not_understood: {text: Pardon, max: 1, next: bye}
everywhere:
  intents:
    stop: {keywords: [arrêtez], next: bye, disposition: opt_out}
  keypad: {"9": stop}
nodes:
  greeting:
    say: {text: "Bonjour {{ lead.first_name }}", next: question, disclosure: true}
  question:
    ask:
      text: Vous confirmez
      intents:
        confirm: {keywords: [oui, je confirme], next: bye, disposition: confirmed}
      otherwise: answer
  answer:
    answer: {fallback: Je ne sais pas, next: question}
  bye:
    hangup: {text: Au revoir}
  message:
    voicemail: {text: Rappelez-nous, disposition: message_left}
"""

ERRORS = [
    ("language: fr", "language: de", "2: language: should be 'fr' or 'en', not 'de'"),
    ("language: fr\n", "", "1: language: is required"),
    (
        "name: small",
        "name: Très Petit",
        "1: name: should be a name in lower case: letters, digits and _, not 'Très Petit'",
    ),
    (
        "name: small",
        "name: small\nvoize: x",
        "2: voize: unknown key; did you mean voice? valid: name, language, voice,",
    ),
    (
        "text: Vous confirmez",
        "text: 12",
        "22: nodes.question.ask.text: should be a valid string, not 12; put it between quotes",
    ),
    ("text: Vous confirmez", 'text: " "', "22: nodes.question.ask.text: must not be empty"),
    (
        "text: Vous confirmez",
        "txt: Vous confirmez",
        "22: nodes.question.ask.txt: unknown key; did you mean text? valid: text, again, intents,",
    ),
    ("text: Vous confirmez", "txt: Vous confirmez", "21: nodes.question.ask.text: is required"),
    (
        "max: 1, next: bye}\n  not",
        "max: many, next: bye}\n  not",
        "11: recover.no_input.max: should be a valid integer, not 'many'",
    ),
    (
        "max: 1, next: bye}\n  not",
        "max: 99, next: bye}\n  not",
        "11: recover.no_input.max: should be less than or equal to 10, not 99",
    ),
    (
        "next: question, dis",
        "next: questoin, dis",
        "19: nodes.greeting.say.next: there is no node 'questoin'; did you mean question? valid: greeting, question,",
    ),
    (
        "otherwise: answer",
        "otherwise: ansver",
        "25: nodes.question.ask.otherwise: there is no node 'ansver'; did you mean answer? valid: greeting,",
    ),
    (
        "start: greeting",
        "start: grating",
        "9: start: there is no node 'grating'; did you mean greeting? valid: greeting,",
    ),
    (
        "start: greeting",
        "start: message",
        "9: start: 'message' is a voicemail node; valid: a say, ask, answer, keys, transfer, hangup node",
    ),
    ("voicemail: message\n", "voicemail: bye\n", "8: voicemail: 'bye' is no voicemail node; valid: message"),
    ("voicemail: message\n", "", "7: on_verdict.machine: leave_message needs `voicemail: NODE`; valid: message"),
    (
        "machine: leave_message",
        "machine: beep",
        "7: on_verdict.machine: should be 'leave_message' or 'hangup', not 'beep'",
    ),
    (
        "disclosure: true",
        "disclosure: maybe",
        "19: nodes.greeting.say.disclosure: should be a valid boolean, not 'maybe'; write true or false",
    ),
    (
        "{{ lead.first_name }}",
        "{{ lead.name }}",
        "19: nodes.greeting.say.text: unknown variable lead.name; did you mean lead.first_name? valid: lead.first_",
    ),
    (
        "{{ lead.first_name }}",
        "{{ lead['name'] }}",
        "19: nodes.greeting.say.text: unknown variable lead.name; did you mean lead.first_name? valid:",
    ),
    ("{{ lead.first_name }}", "{{ city }}", "19: nodes.greeting.say.text: unknown variable city; valid:"),
    ("{{ lead.first_name }}", "{{ lead.first_name", "19: nodes.greeting.say.text: template: "),
    ("{{ lead.first_name }}", "{{ lead.first_name / 2 }}", "19: nodes.greeting.say.text: the text "),
    ("{{ lead.doctor }}", "{{ lead.dentist }}", "6: facts.0: unknown variable lead.dentist"),
    (
        "lead.doctor: {default: Morel}",
        "lead.doctor: {defalt: Morel}",
        "5: variables.lead.doctor.defalt: unknown key; did you mean default? valid: default,",
    ),
    (
        "oui, je confirme",
        "oui, ARRETEZ",
        "24: nodes.question.ask.intents.confirm.keywords.1: 'ARRETEZ' is a keyword of",
    ),
    ("oui, je confirme", 'oui, "?!"', "24: nodes.question.ask.intents.confirm.keywords.1: '?!' holds no word"),
    ('{"9": stop}', '{"9": halt}', "16: everywhere.keypad.9: there is no intent 'halt'; valid: stop, confirm"),
    ('{"9": stop}', '{"12": stop}', "16: everywhere.keypad.12: should be '0', '1',"),
    (
        "  no_input: {text: Allô, max: 1, next: bye}\n",
        "",
        "20: nodes.question.ask.no_input: is required here or under `recover`",
    ),
    (
        "next: question, dis",
        "next: greeting, dis",
        "18: nodes.greeting: talks for ever, nobody is asked: greeting → greeting",
    ),
    (
        "hangup: {text: Au revoir}",
        "say: {text: Encore, next: question}",
        "20: nodes.question: no way leads from this question to a hangup",
    ),
    (
        "    hangup: {text: Au revoir}",
        "    hangup: {text: Au revoir}\n    say: {text: Non, next: bye}",
        "28: nodes.bye: must have exactly one of",
    ),
    (
        "    hangup: {text: Au revoir}",
        "    shout: {text: Au revoir}",
        "29: nodes.bye.shout: unknown key; valid: say, ask, answer,",
    ),
    (
        "  bye:\n    hangup: {text: Au revoir}",
        "  bye: Au revoir",
        "28: nodes.bye: must be one of say, ask, answer, keys, transfer, hangup, voicemail",
    ),
    ("name: small", "name: small\nname: large", "2: name: written twice, first in line 1"),
    ("name: small", "name: [small", "2: not valid YAML: "),
    ("name: small", "name: &a small\nvoice: *a", "2: not valid YAML: aliases (*name) are not read"),
    ("name: small", "name: !!set small", "1: name: tag "),
]


def written(folder: Path, text: str) -> Path:
    path = folder / "dialogue.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_good_file_is_good(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD)
    assert check_scenario(path) == []
    assert load_scenario(path).name == "small"


@pytest.mark.parametrize("path", sorted(SCENARIOS.glob("appointment_*.yaml")), ids=lambda path: path.stem)
def test_shipped_scenarios_have_neither_errors_nor_warnings(path: Path) -> None:
    assert check_scenario(path) == []


@pytest.mark.parametrize(("old", "new", "wanted"), ERRORS)
def test_errors_name_file_line_and_field(tmp_path: Path, old: str, new: str, wanted: str) -> None:
    assert old in GOOD
    path = written(tmp_path, GOOD.replace(old, new, 1))
    errors = [problem for problem in check_scenario(path) if problem.severity is Severity.ERROR]
    assert any(str(error).startswith(f"{path}:{wanted}") for error in errors), [str(error) for error in errors]
    with pytest.raises(ScenarioError) as caught:
        load_scenario(path)
    assert str(caught.value) == "\n".join(map(str, errors))


def test_all_errors_of_a_file_come_together(tmp_path: Path) -> None:
    text = GOOD
    for old, new in (
        ("language: fr", "language: de"),
        ("next: question, dis", "next: nowhere, dis"),
        ("{{ lead.doctor }}", "{{ lead.dentist }}"),
        ("max: 1", "max: one"),
        ("hangup: {text: Au revoir}", "hangup: {txt: Au revoir}"),
    ):
        text = text.replace(old, new, 1)
    lines = [problem.place.line for problem in check_scenario(written(tmp_path, text))]
    assert lines == [2, 6, 11, 19, 29]


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        ("  message:", "  lonely:\n    hangup: {}\n  message:", "30: nodes.lonely: warning: no way leads to this node"),
        (", disposition: opt_out", "", "13: everywhere: warning: no intent has `disposition: opt_out`"),
        (", disclosure: true", "", "17: nodes: warning: no `say` has `disclosure: true`"),
    ],
)
def test_warnings_do_not_keep_a_file_from_loading(tmp_path: Path, old: str, new: str, wanted: str) -> None:
    path = written(tmp_path, GOOD.replace(old, new, 1))
    (problem,) = check_scenario(path)
    assert str(problem).startswith(f"{path}:{wanted}")
    load_scenario(path)


def test_yes_no_and_times_are_text(tmp_path: Path) -> None:
    scenario = load_scenario(written(tmp_path, GOOD.replace("oui, je confirme", "yes, no, 14:30, 2026-01-05")))
    ask = scenario.nodes["question"].ask
    assert ask
    assert ask.intents["confirm"].keywords == ("yes", "no", "14:30", "2026-01-05")


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        (b"", "should be a mapping, not nothing; valid keys: name, language,"),
        (b"- a", "should be a mapping, not a list"),
        (b"\xff", "not a text file in UTF-8"),
    ],
)
def test_files_that_are_no_dialogue(tmp_path: Path, content: bytes, wanted: str) -> None:
    path = tmp_path / "dialogue.yaml"
    path.write_bytes(content)
    with pytest.raises(ScenarioError, match=wanted):
        load_scenario(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"none\.yaml: no such file"):
        load_scenario(tmp_path / "none.yaml")


def test_scenarios_are_found_by_name_or_path(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD)
    assert find_scenario("dialogue", [tmp_path / "absent", tmp_path]) == path
    assert find_scenario("dialogue.yaml", [tmp_path]) == path
    assert find_scenario(str(path), []) == path
    with pytest.raises(ScenarioError, match=r"no scenario 'monologue' in .*; valid: dialogue"):
        find_scenario("monologue", [tmp_path])
