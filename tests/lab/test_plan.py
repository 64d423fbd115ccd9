"""Plan files: what they say, and what is said about a wrong one."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from robot.errors import ConfigError
from robot.lab.channel import LineModel
from robot.lab.plan import Outcome, Plan, load_plan, plan_from_audio
from robot.lab.steps import (
    Beep,
    Dtmf,
    Hangup,
    Interrupt,
    Play,
    Record,
    Say,
    Wait,
    WaitRobotSilent,
    WaitRobotSpeaks,
)
from services.audio import write_wav

SHIPPED = sorted(Path(__file__).parents[2].joinpath("robot/lab/callees").glob("*.yaml"))

EVERYTHING = """
name: everything
language: fr
voice: bf_emma
seed: 4
line: {codec: ulaw, noise_dbfs: null, loss_pct: 1, band_limit: false}
outcome: {kind: answer, after_ms: 1500, early_media_ms: 500}
steps:
  - wait: 300
  - say: No
  - say: {text: "Oui, c'est moi.", voice: am_michael}
  - play: ring.wav
  - wait_robot_speaks:
  - wait_robot_speaks: {timeout_ms: 5000}
  - wait_robot_silent: {for_ms: 900}
  - interrupt: {after_ms: 500, say: "Stop"}
  - interrupt: {play: ring.wav}
  - beep: {hz: 440}
  - dtmf: "12#"
  - record: {max_ms: 9000}
  - hangup:
  - hangup: USER_BUSY
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_wav(tmp_path / "ring.wav", np.zeros(800, np.int16), 8000)
    return tmp_path


def written(folder: Path, text: str) -> Path:
    path = folder / "plan.yaml"
    path.write_text(text, "utf-8")
    return path


def test_every_field_and_step(folder: Path) -> None:
    ring = Play(path=str(folder.resolve() / "ring.wav"))
    assert load_plan(written(folder, EVERYTHING)) == Plan(
        name="everything",
        language="fr",
        voice="bf_emma",
        seed=4,
        line=LineModel(codec="ulaw", noise_dbfs=None, loss_pct=1, band_limit=False),
        outcome=Outcome(kind="answer", after_ms=1500, early_media_ms=500),
        steps=(
            Wait(ms=300),
            Say(text="No"),
            Say(text="Oui, c'est moi.", voice="am_michael"),
            ring,
            WaitRobotSpeaks(),
            WaitRobotSpeaks(timeout_ms=5000),
            WaitRobotSilent(for_ms=900),
            Interrupt(after_ms=500, say=Say(text="Stop")),
            Interrupt(play=ring),
            Beep(hz=440),
            Dtmf(digits="12#"),
            Record(max_ms=9000),
            Hangup(),
            Hangup(cause="USER_BUSY"),
        ),
    )


def test_sounds_are_listed_once_in_order(folder: Path) -> None:
    plan = load_plan(written(folder, EVERYTHING + '  - say: "Stop"\n'))
    kinds = [sound.text if isinstance(sound, Say) else "ring" for sound in plan.sounds()]
    assert kinds == ["No", "Oui, c'est moi.", "ring", "Stop"]


def test_a_plan_is_frozen_and_has_defaults() -> None:
    plan = Plan(name="short")
    assert {plan: 1} == {Plan(name="short"): 1}
    assert (plan.language, plan.outcome.kind, plan.line, plan.steps) == ("en", "answer", LineModel(), ())
    with pytest.raises(ValueError, match="frozen"):
        plan.name = "other"  # type: ignore[misc]


@pytest.mark.parametrize(("kind", "status"), [("answer", None), ("no_answer", None), ("busy", 486), ("reject", 603)])
def test_refusals_have_a_sip_status(kind: str, status: int | None) -> None:
    assert Outcome.model_validate({"kind": kind}).sip_status == status


QUOTES = "; put it between quotes"
MISTAKES = [
    ("name: x\nvolume: 3\n", r":2: volume: unknown key; valid: name, language, voice, seed, line, outcome, steps$"),
    ("language: fr\n", r":1: name: is required$"),
    ("name: 3\n", rf":1: name: should be a valid string, not 3{QUOTES}$"),
    ("name: ' '\n", r":1: name: must not be empty$"),
    ("name: x\nlanguage: de\n", r":2: language: should be 'fr' or 'en', not 'de'$"),
    ("name: x\nseed: -1\n", r":2: seed: should be .*0, not -1$"),
    ("name: x\nline: {hum: 3}\n", r":2: line\.hum: unknown key; valid: codec, gain_db, "),
    ("name: x\nline:\n  loss_pct: 200\n", r":3: line\.loss_pct: should be .*100, not 200$"),
    ("name: x\nline: {band_limit: off}\n", r":2: line\.band_limit: .*boolean, not 'off'; write true or false$"),
    ("name: x\nline: 8\n", r":2: line: should be a mapping, not 8; valid keys: codec, gain_db, "),
    ("name: x\noutcome: {kind: fax}\n", r":2: outcome\.kind: should be 'answer'.*'busy'.*, not 'fax'$"),
    ("name: x\noutcome: {kind: bussy}\n", r":2: outcome\.kind: .*, not 'bussy'; did you mean busy\?$"),
    ("name: x\noutcome: {cause: X}\n", r":2: outcome\.cause: unknown key; valid: kind, after_ms, early_media_ms$"),
    ("name: x\noutcome: {after_ms: 5, early_media_ms: 6}\n", r":2: outcome: early_media_ms is part of after_ms"),
    ("name: x\nsteps: {say: A}\n", r":2: steps: should be a list, not a mapping; start each item with a dash$"),
    ("name: x\nsteps:\n  - wait: 5\n  - sing: A\n", r":4: steps\.1: unknown step 'sing'; valid: wait, say, play, "),
    ("name: x\nsteps:\n  - wiat: 5\n", r":3: steps\.0: unknown step 'wiat'; did you mean wait\? valid: wait, say, "),
    ("name: x\nsteps:\n  - {say: A, wait: 3}\n", r":3: steps\.0: a step is exactly one of wait, .*, not say, wait$"),
    ("name: x\nsteps:\n  - say\n", r":3: steps\.0: a step is exactly one of .*, not 'say'$"),
    ("name: x\nsteps:\n  - say: ''\n", r":3: steps\.0\.say\.text: must not be empty$"),
    ("name: x\nsteps:\n  - say: 12\n", rf":3: steps\.0\.say\.text: should be a valid string, not 12{QUOTES}$"),
    ("name: x\nsteps:\n  - say:\n", r":3: steps\.0\.say\.text: is required$"),
    ("name: x\nsteps:\n  - say:\n      txt: A\n", r":4: steps\.0\.say\.txt: unknown key; .*text\? valid: text, voice$"),
    ("name: x\nsteps:\n  - wait: -1\n", r":3: steps\.0\.wait\.ms: should be .*0, not -1$"),
    ("name: x\nsteps:\n  - wait: 1.5\n", r":3: steps\.0\.wait\.ms: should be a valid integer, not 1\.5$"),
    ("name: x\nsteps:\n  - wait: true\n", r":3: steps\.0\.wait\.ms: should be a valid integer, not true$"),
    ("name: x\nsteps:\n  - play: no.wav\n", r":3: steps\.0\.play\.path: no such sound file: .*no\.wav$"),
    ("name: x\nsteps:\n  - dtmf: 12\n", rf":3: steps\.0\.dtmf\.digits: should be a valid string, not 12{QUOTES}$"),
    ("name: x\nsteps:\n  - dtmf: 1x\n", r":3: steps\.0\.dtmf\.digits: should match .*, not '1x'$"),
    ("name: x\nsteps:\n  - beep: 3\n", r":3: steps\.0: 'beep' takes fields: hz, ms$"),
    ("name: x\nsteps:\n  - hangup: {cause: busy}\n", r":3: steps\.0\.hangup\.cause: .*, not 'busy'$"),
    ("name: x\nsteps:\n  - interrupt: {after_ms: 5}\n", r":3: steps\.0\.interrupt: .*either 'say' or 'play'$"),
    ("name: x\nsteps:\n  - interrupt: {say: A, play: ring.wav}\n", r":3: steps\.0\.interrupt: .*either"),
    ("name: x\nsteps:\n  - interrupt: {say: {a: 1}}\n", r"0\.interrupt\.say\.a: unknown key; valid: text, voice$"),
    ("name: x\nsteps:\n  - interrupt: {sai: A}\n", r"interrupt\.sai: .* say\? valid: after_ms, timeout_ms, say, play$"),
    ("name: x\nname: y\n", r":2: name: written twice, first in line 1$"),
    ("name: [x\nseed: 1\n", r":\d: not valid YAML: "),
    ("name: x\nsteps: &a\n  - *a\n", r":3: not valid YAML: aliases \(\*name\) are not read: write it out$"),
    ("- name\n", r":1: should be a mapping, not a list; valid keys: name, language, "),
    ("", r":1: should be a mapping, not nothing; valid keys: name, "),
    ("[" * 5000, r":1: not valid YAML: nested too deeply$"),
    ("name: \x01", r":1: not valid YAML: the character U\+0001 is not allowed$"),
]


@pytest.mark.parametrize(("text", "message"), MISTAKES)
def test_a_wrong_plan_names_file_line_and_field(folder: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_plan(written(folder, text))
    assert re.search(rf"plan\.yaml.*{message}", str(caught.value), re.MULTILINE), str(caught.value)


def test_every_mistake_is_listed(folder: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_plan(written(folder, "language: de\nsteps:\n  - wait: -1\n  - say: 3\n"))
    assert len(str(caught.value).splitlines()) == 4


def test_files_that_are_no_plan(tmp_path: Path) -> None:
    sound = tmp_path / "sound.yaml"
    write_wav(sound, np.arange(-500, 500, dtype=np.int16), 8000)
    with pytest.raises(ConfigError, match="not a text file in UTF-8"):
        load_plan(sound)
    with pytest.raises(ConfigError, match="is a folder"):
        load_plan(tmp_path)
    with pytest.raises(ConfigError, match="no such file"):
        load_plan(tmp_path / "absent.yaml")


def test_a_sound_file_as_a_plan(folder: Path) -> None:
    plan = plan_from_audio(folder / "ring.wav")
    assert plan.name == "ring"
    assert plan.outcome.kind == "answer"
    assert plan.steps == (Play(path=str(folder.resolve() / "ring.wav")),)
    with pytest.raises(ConfigError, match="no such sound file"):
        plan_from_audio(folder / "absent.wav")


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_plans_load(path: Path) -> None:
    assert load_plan(path).name == path.stem


def test_the_shipped_plans_are_these() -> None:
    names = ["busy", "machine_fr", "no_answer", "person_en", "person_fr", "reject", "silent"]
    assert [path.stem for path in SHIPPED] == names
