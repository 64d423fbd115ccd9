"""``allobot freeswitch render`` as an operator uses it: a first time, again, and after somebody edited a file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from robot.cli import app
from robot.errors import ConfigError
from robot.settings import data_folder


def render(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["freeswitch", "render", "--to", str(folder), *arguments])


def password(folder: Path) -> str:
    return (folder / "passwords/esl").read_text(encoding="utf-8").strip()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("ALLOBOT_ESL_PASSWORD", raising=False)
    return tmp_path / "with space"


def test_the_next_steps_are_told(folder: Path) -> None:
    done = render(folder)
    assert done.exit_code == 0, done.output
    assert f"freeswitch -nonat -nc -conf '{folder}' -log '{folder}/var/log'" in done.stdout
    assert f"export ALLOBOT_ESL_PASSWORD=\"$(cat '{folder}/passwords/esl')\"" in done.stdout
    assert all((folder / "var" / name).is_dir() for name in ("log", "db", "run", "temp"))
    assert "Softphone 1001: server 127.0.0.1:5060" in done.stdout
    assert "nobody can call the robot yet" in done.stdout
    assert password(folder) not in done.output


def test_again_nothing_changes_and_passwords_stay(folder: Path) -> None:
    render(folder)
    before = password(folder)
    assert render(folder, "--diff").stdout.strip() == "nothing would change"
    again = json.loads(render(folder, "--json").stdout)
    assert (again["created"], again["updated"], again["removed"]) == ([], [], [])
    assert password(folder) == before


def test_new_passwords(folder: Path) -> None:
    render(folder)
    before = password(folder)
    assert render(folder, "--new-passwords").exit_code == 0
    assert password(folder) != before


def test_a_diff_writes_nothing_and_shows_no_password(folder: Path) -> None:
    first = render(folder, "--diff")
    assert "+++ freeswitch.xml" in first.stdout
    assert not folder.exists()
    render(folder)
    shown = render(folder, "--diff", "--new-passwords", "--set", "freeswitch.rtp_end=30000")
    assert '-    <param name="rtp-end-port" value="32768"/>' in shown.stdout
    assert '+    <param name="rtp-end-port" value="30000"/>' in shown.stdout
    assert password(folder) not in shown.output


def test_an_edited_file_is_kept_unless_forced(folder: Path) -> None:
    render(folder)
    (folder / "vars.xml").write_text("<include/>", encoding="utf-8")
    refused = render(folder)
    assert isinstance(refused.exception, ConfigError)
    assert "vars.xml: was changed since it was written" in str(refused.exception)
    assert "vars.xml was changed since it was written: only --force" in render(folder, "--diff").stderr
    assert render(folder, "--force").exit_code == 0
    assert "STREAM_BUFFER_SIZE" in (folder / "vars.xml").read_text(encoding="utf-8")


def test_every_template_is_shipped() -> None:
    project = (data_folder() / "pyproject.toml").read_text(encoding="utf-8")
    folders = {path.parent for path in (data_folder() / "freeswitch_conf").rglob("*.xml*")}
    for folder in folders:
        relative = folder.relative_to(data_folder()).as_posix()
        assert f'"share/allobot/{relative}" = ["{relative}/*.xml*"]' in project
