from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from robot.cli import models
from services.models import ModelStore

BODY = b"weights" * 1000


@pytest.fixture
def allobot(shelf: Any, hub: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    shelf.add("one", "a.bin", BODY, hub.add("a.bin", BODY))
    shelf.add("two", "b.bin", BODY, hub.add("b.bin", BODY))
    shelf.models["two"]["sets"] = ["more"]
    (tmp_path / "models.lock.yaml").write_text(yaml.safe_dump({"models": shelf.models}))
    monkeypatch.setattr(models, "config_dir", lambda: tmp_path)
    monkeypatch.setenv("ALLOBOT_MODELS", str(shelf.folder))
    monkeypatch.setenv("HF_ENDPOINT", hub.url)

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(models.app, list(arguments))

    return run


def states(allobot: Any) -> dict[str, str]:
    return {row["name"]: row["state"] for row in json.loads(allobot("list", "--json").stdout)["models"]}


def test_pull_brings_the_default_set_then_finds_nothing_to_do(allobot: Any) -> None:
    assert states(allobot) == {"one": "absent", "two": "absent"}
    first = allobot("pull")
    assert (first.exit_code, "1 files fetched" in first.stdout) == (0, True)
    assert states(allobot) == {"one": "ready", "two": "absent"}
    again = allobot("pull", "--json")
    assert (again.exit_code, json.loads(again.stdout)["fetched"]) == (0, [])


def test_pull_by_name_and_by_set(allobot: Any) -> None:
    assert json.loads(allobot("pull", "one", "--set", "more", "--json").stdout)["models"] == ["one", "two"]
    assert states(allobot) == {"one": "ready", "two": "ready"}


def test_list_is_a_table_for_people(allobot: Any) -> None:
    shown = allobot("list")
    assert shown.exit_code == 0
    assert all(word in shown.stdout for word in ("one", "two", "MIT", "absent", "default", "more"))


def test_verify_names_the_damaged_file_and_the_remedy(allobot: Any, shelf: Any) -> None:
    assert "no model is in" in allobot("verify").stdout
    allobot("pull")
    assert allobot("verify").stdout == "all right: one\n"
    (shelf.folder / "one" / "a.bin").write_bytes(b"short")
    bad = allobot("verify")
    assert bad.exit_code == 1
    assert "one/a.bin has 5 bytes instead of 7000; run: allobot models pull one" in bad.stderr
    answer = json.loads(allobot("verify", "--json").stdout)
    assert answer["damages"][0]["state"] == "damaged"


@pytest.mark.parametrize(
    "arguments", [["pull", "tow"], ["verify", "tow"], ["pull", "--set", "nope"], ["pull", "--jobs", "0"]]
)
def test_what_was_asked_wrongly_is_code_2(allobot: Any, arguments: list[str]) -> None:
    wrong = allobot(*arguments)
    assert wrong.exit_code == 2
    assert "Traceback" not in wrong.output


def test_what_failed_is_code_1_and_one_clear_line(allobot: Any, hub: Any) -> None:
    hub.files.clear()
    failed = allobot("pull")
    assert failed.exit_code == 1
    assert "error: one/a.bin: no source has it: hub: it answered 404 Not Found" in failed.stderr
    assert "Traceback" not in failed.output


def test_an_interrupted_pull_says_how_to_go_on(allobot: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> list[str]:
        raise KeyboardInterrupt

    monkeypatch.setattr(ModelStore, "pull", interrupted)
    stopped = allobot("pull")
    assert stopped.exit_code == 130
    assert "the same command goes on from here" in stopped.stderr


def test_a_broken_lock_is_code_2(allobot: Any, tmp_path: Path) -> None:
    (tmp_path / "models.lock.yaml").write_text("models: {one: {}}")
    broken = allobot("list")
    assert broken.exit_code == 2
    assert "models.one.files: Field required" in broken.stderr


@pytest.mark.parametrize("command", ["list", "pull", "verify"])
def test_help_has_an_example(allobot: Any, command: str) -> None:
    assert "allobot models" in allobot(command, "--help").stdout
