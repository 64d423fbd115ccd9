"""What a user writes → what is dialled, and nothing that is more than one number."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from robot.errors import ConfigError
from robot.settings.schema import SwitchSettings
from robot.targets import parse_target

EMBEDDED = SwitchSettings(kind="embedded", dial_template="{target}", gateways={})
FREESWITCH = SwitchSettings(kind="freeswitch", dial_template="sofia/gateway/carrier/{target}", gateways={})
HARMFUL = re.compile(r"[\s,'\"{}\[\]<>|()&$^`\\\x00-\x1f\x7f]|:_:")


def refused(text: str, switch: SwitchSettings) -> str:
    with pytest.raises(ConfigError) as caught:
        parse_target(text, switch)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "dialled"),
    [
        ("0612345678", "sofia/gateway/carrier/0612345678"),
        ("+33612345678", "sofia/gateway/carrier/+33612345678"),
        ("*98#", "sofia/gateway/carrier/*98#"),
        ("alice@example.org", "sofia/gateway/carrier/alice@example.org"),
        ("user/1000", "user/1000"),
        ("sofia/internal/1000@10.0.0.1:5060;transport=tcp", "sofia/internal/1000@10.0.0.1:5060;transport=tcp"),
    ],
)
def test_numbers_and_dial_strings(text: str, dialled: str) -> None:
    assert parse_target(text, FREESWITCH).dial_string == dialled


@pytest.mark.parametrize(
    "text",
    ["", " ", "06 12", "06,07", "{a=b}06", "06|07", "06'", '06"', "06\n", "06\\", "06 &park()", "user/a:_:user/b",
     "06:_:07", "${x}", "٠٦", "<a=b>06", "[a=b]06", "-\x7f"],
)  # fmt: skip
def test_what_is_more_than_a_number_is_refused(text: str) -> None:
    assert "only letters, digits and" in refused(text, FREESWITCH)


def test_a_number_and_its_template_together_make_one_call() -> None:
    template = SwitchSettings(kind="freeswitch", dial_template="a:{target}", gateways={})
    assert "several calls" in refused("_:b", template)


@given(st.one_of(st.text(), st.text("0123456789:_/ ,'\"{}\n", max_size=12)))
def test_nothing_harmful_passes(text: str) -> None:
    assume(not text.startswith("lab:"))
    try:
        dial_string = parse_target(text, FREESWITCH).dial_string
    except ConfigError:
        return
    assert not HARMFUL.search(dial_string)
    assert dial_string.isascii()


@given(st.one_of(st.text(), st.text("ab:_/ ,'\"{}\n\0é", max_size=300)))
def test_nothing_harmful_passes_as_a_name_of_the_lab(text: str) -> None:
    try:
        dial_string = parse_target(f"lab:{text}", EMBEDDED).dial_string
    except ConfigError:
        return
    assert dial_string.startswith("lab/")
    assert not HARMFUL.search(dial_string)
    assert unquote(dial_string.removeprefix("lab/")) == text or Path(text).is_file()


def test_a_number_needs_a_real_switch() -> None:
    assert "set switch.kind to freeswitch" in refused("0612345678", EMBEDDED)


def test_the_lab_needs_the_embedded_switch() -> None:
    assert "set switch.kind to embedded" in refused("lab:person_fr", FREESWITCH)


def test_a_file_is_dialled_by_its_whole_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "l'été {1}, à 8 h:_:.wav"
    file.touch()
    dialled = parse_target(f"lab:{file.name}", EMBEDDED).dial_string
    assert unquote(dialled) == f"lab/{file}"
    assert not HARMFUL.search(dialled)


def test_a_callee_by_name() -> None:
    assert parse_target("lab:person_fr", EMBEDDED).dial_string == "lab/person_fr"


@pytest.mark.parametrize("text", ["lab:missing.wav", "lab:no/such", "lab:/", "lab:.", "lab:tests"])
def test_files_that_are_not_there(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tests").mkdir()
    assert refused(text, EMBEDDED).endswith("no such file")


@pytest.mark.parametrize("text", ["lab:" + "x" * 5000, "lab:\udc80"])
def test_names_that_no_file_can_have(text: str) -> None:
    assert "cannot be the name" in refused(text, EMBEDDED)


def test_whom_to_call() -> None:
    assert "say whom to call" in refused("lab:", EMBEDDED)
