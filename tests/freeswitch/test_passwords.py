"""Where each password comes from, and which are refused."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import Any

import pytest

from robot.errors import ConfigError
from robot.freeswitch import Passwords, gather_passwords, plan_folder, render, write_folder
from robot.settings import Settings

CARRIER = {"CARRIER_PASSWORD": "c4rrier"}


def invent() -> Any:
    numbers = count(1)
    return lambda: f"made-up-number-{next(numbers)}"


def rendered(settings: Settings, folder: Path, *, renew: bool = False, made_up: str = "first") -> Passwords:
    passwords = gather_passwords(settings, folder, CARRIER, lambda: f"{made_up}-made-up", renew=renew)
    write_folder(plan_folder(folder, render(settings, passwords)))
    return passwords


def test_each_is_made_up_once(settings: Settings, tmp_path: Path) -> None:
    passwords = gather_passwords(settings, tmp_path, CARRIER, invent())
    assert len({passwords.esl, *passwords.softphones.values()}) == 3
    assert set(passwords.softphones) == {"alice", "1002"}
    assert passwords.gateways == {"carrier": "c4rrier"}


def test_they_are_kept(settings: Settings, tmp_path: Path) -> None:
    first = rendered(settings, tmp_path / "fs")
    assert rendered(settings, tmp_path / "fs", made_up="second") == first


def test_new_ones_replace_all_but_the_carriers(make_settings: Any, tmp_path: Path) -> None:
    rendered(make_settings(), tmp_path / "fs")
    settings = make_settings(ALLOBOT_ESL_PASSWORD="of-the-environment")
    second = rendered(settings, tmp_path / "fs", renew=True, made_up="second")
    assert second.esl == "second-made-up"
    assert set(second.softphones.values()) == {"second-made-up"}
    assert second.gateways == {"carrier": "c4rrier"}


def test_the_environment_chooses_the_event_sockets(make_settings: Any, tmp_path: Path) -> None:
    settings = make_settings(ALLOBOT_ESL_PASSWORD="of-the-environment")
    assert gather_passwords(settings, tmp_path, CARRIER, invent()).esl == "of-the-environment"


def test_an_edited_file_chooses_a_softphones(settings: Settings, tmp_path: Path) -> None:
    rendered(settings, tmp_path)
    (tmp_path / "passwords/softphones/alice").write_text("chosen by hand".replace(" ", "-"), encoding="utf-8")
    assert rendered(settings, tmp_path).softphones["alice"] == "chosen-by-hand"
    assert "chosen-by-hand" in (tmp_path / "directory/default.xml").read_text(encoding="utf-8")


@pytest.mark.parametrize("bad", ["short", "ClueCon", "with a space in it", "dollars-$${domain}", "dollars-${x}-more"])
def test_what_cannot_be_a_password(make_settings: Any, tmp_path: Path, bad: str) -> None:
    with pytest.raises(ConfigError, match="ALLOBOT_ESL_PASSWORD"):
        gather_passwords(make_settings(ALLOBOT_ESL_PASSWORD=bad), tmp_path, CARRIER, invent())
    file = tmp_path / "passwords/esl"
    file.parent.mkdir()
    file.write_text(bad, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        gather_passwords(make_settings(), tmp_path, CARRIER, invent())
    assert str(caught.value).startswith(f"{file}: ")
    assert bad not in str(caught.value)


@pytest.mark.parametrize(
    ("environment", "said"), [({}, "is expected in CARRIER_PASSWORD"), ({"CARRIER_PASSWORD": "a\nb"}, "line breaks")]
)
def test_a_carriers_is_in_the_environment(
    settings: Settings, tmp_path: Path, environment: dict[str, str], said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        gather_passwords(settings, tmp_path, environment, invent())


def test_they_are_never_printed(passwords: Passwords) -> None:
    assert "secret" not in repr(passwords)
