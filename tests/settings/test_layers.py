"""Settings from several layers: who wins, and every fault of every layer told with the place where it was written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from robot.errors import ConfigError
from robot.settings import load_settings

Write = Callable[[str, str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(name: str, text: str) -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return written


def faults(*files: Path, overrides: tuple[str, ...] = (), **environment: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load_settings(files, overrides, environment)
    return str(caught.value).splitlines()


def test_later_layers_win_key_by_key(write: Write) -> None:
    one = write("one.yaml", "turn: {barge_in_ms: 111, no_input_ms: 1111}\nasr: {scripted: {replies: [a, b]}}\n")
    two = write("two.yaml", "turn: {barge_in_ms: 222}\nasr: {scripted: {replies: [yes]}}\n")
    environment = {"ALLOBOT_TURN__BARGE_IN_MS": "333", "ALLOBOT_AMD__ENABLED": "no", "ALLOBOT_CONFIG": str(one)}
    settings = load_settings([two], [], environment)
    assert (settings.turn.barge_in_ms, settings.turn.no_input_ms, settings.amd.enabled) == (333, 1111, False)
    assert settings.asr.scripted.replies == ("yes",)
    settings = load_settings([two], ["turn={barge_in_ms: 444}", "call.caller_id_number=+33100000000"], environment)
    assert (settings.turn.barge_in_ms, settings.turn.no_input_ms) == (444, 1111)
    assert settings.call.caller_id_number == "+33100000000"


def test_an_empty_file_changes_nothing(write: Write) -> None:
    assert load_settings([write("empty.yaml", "# nothing yet\n")], [], {}) == load_settings([], [], {})


def test_faults_of_all_layers_come_together_in_the_order_of_the_layers(write: Write) -> None:
    one = write("one.yaml", "\nturn: {barge_in: 1}\nasr:\n  scripted:\n    replies:\n      - a\n      - 5\n")
    two = write("two.yaml", "media:\nmedia: {port: x}\nesl: {password: s3cret}\n")
    three, four = write("three.yaml", "- a\n"), write("four.yaml", "a: [b\n")
    found = faults(
        one, two, three, four,
        overrides=("turn.no_input_ms=soon", "log.level=infos", "log.format=[", "turn"),
        ALLOBOT_TURN__MAX_TURN_MS="1",
    )  # fmt: skip
    wanted = [
        f"{one}:2: turn.barge_in: unknown key; did you mean barge_in_ms? valid: barge_in_ms, ",
        f"{one}:7: asr.scripted.replies.1: should be a valid string, not 5; put it between quotes",
        f"{two}:1: media: should be a mapping, not nothing; valid keys: host, port, ",
        f"{two}:2: media: written twice, first in line 1",
        f"{two}:3: esl.password: secrets do not belong in files; set ALLOBOT_ESL_PASSWORD",
        f"{three}:1: should be a mapping, not a list; valid keys: switch, esl, ",
        f"{four}:2: not valid YAML: ",
        "environment ALLOBOT_TURN__MAX_TURN_MS: turn.max_turn_ms: should be greater than or equal to 1000, not 1",
        "--set turn.no_input_ms: should be a valid integer, not 'soon'",
        "--set log.level: should be 'debug', 'info', 'warning' or 'error', not 'infos'; did you mean info?",
        "--set log.format: '[' is not a valid value: not valid YAML: ",
        "--set turn: write section.key=value, e.g. --set turn.barge_in_ms=300",
    ]
    assert len(found) == len(wanted)
    for line, start in zip(found, wanted, strict=True):
        assert line.startswith(start)


def test_a_fault_is_where_the_value_was_given_last(write: Write) -> None:
    one, two = write("one.yaml", "esl: {port: x}\n"), write("two.yaml", "\n\nesl: {port: y}\n")
    assert faults(one, two) == [f"{two}:3: esl.port: should be a valid integer, not 'y'"]
    (found,) = faults(one, two, overrides=("esl=5",))
    assert found.startswith("--set esl: should be a mapping, not 5; valid keys: client, host, port, ")


@pytest.mark.parametrize("secret", ["s3cret", "12345", "[s3cret", ""])
def test_secrets_come_from_the_environment_and_are_never_shown(write: Write, secret: str) -> None:
    assert load_settings([], [], {"ALLOBOT_ESL_PASSWORD": secret}).esl.password.get_secret_value() == secret
    found = faults(
        write("one.yaml", f"esl: {{password: '{secret}'}}\n"),
        overrides=(f"esl.password={secret}", f"llm={{api_key: '{secret}'}}"),
        ALLOBOT_ESL__PASSWORD=secret,
    )
    assert [line.split(": ")[-1] for line in found] == [
        "secrets do not belong in files; set ALLOBOT_ESL_PASSWORD",
        "secrets do not belong in this variable; set ALLOBOT_ESL_PASSWORD",
        "secrets do not belong on a command line; set ALLOBOT_ESL_PASSWORD",
        "secrets do not belong on a command line; set ALLOBOT_LLM_API_KEY",
    ]
    assert not secret or secret not in "\n".join(found)


def test_unknown_variables_of_ours_are_refused() -> None:
    (line,) = faults(ALLOBOT_MODEL="x", HOME="/")
    assert line.startswith(
        "environment ALLOBOT_MODEL: unknown; did you mean ALLOBOT_MODELS? valid: ALLOBOT_SECTION__KEY"
    )
    assert faults(ALLOBOT_TUNR__X="1")[0].startswith(
        "environment ALLOBOT_TUNR__X: tunr: unknown key; did you mean turn?"
    )


def test_without_readable_defaults_only_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("robot.settings.load.config_dir", lambda: tmp_path)
    assert faults() == [f"{tmp_path / 'default.yaml'}: no such file"]
