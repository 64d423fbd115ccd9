"""The command line as a user meets it: what it says and how it exits, each as a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from robot.settings import data_folder

_QUICK = (
    "asr.engine=scripted",
    "vad.engine=energy",
    "tts.engine=tone",
    "llm.engine=scripted",
    "record.timeline=false",
    "record.min_free_mb=0",
)
QUICK = [word for setting in _QUICK for word in ("--set", setting)]


def allobot(*arguments: str, folder: Path | None = None, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ALLOBOT_")}
    return subprocess.run(
        [sys.executable, "-m", "robot", *arguments],
        cwd=folder,
        env=environment | {"PYTHONPATH": str(data_folder()), "COLUMNS": "200"} | variables,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "Usage"),
        (["--version"], "allobot 0."),
        (["call", "--help"], "Example: allobot call lab:person_fr"),
        (["demo", "--help"], "Example: allobot demo"),
        (["lab", "switch", "--help"], "Example: allobot lab switch"),
        (["scenario", "check", "--help"], "Example: allobot scenario check"),
        (["bench", "call", "--help"], "Example: allobot bench call"),
        (["bench", "switch", "--help"], "Example: allobot bench switch"),
    ],
)
def test_help_has_an_example(arguments: list[str], said: str) -> None:
    done = allobot(*arguments)
    assert said in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["frob"], "No such command"),
        (["call"], "Missing argument"),
        (["call", "lab:nothing.wav"], "nothing.wav: no such file"),
        (["call", "lab:nobody"], "no callee of that name; valid: "),
        (["call", "0612345678"], "set switch.kind to freeswitch"),
        (["call", "lab:silent", "--set", "turn.bargein_ms=3"], "did you mean barge_in_ms?"),
        (["call", "lab:silent", "--set", "esl.password=x"], "ALLOBOT_ESL_PASSWORD"),
        (["call", "lab:silent", "--config", "missing.yaml"], "missing.yaml: no such file"),
        (["call", "lab:silent", "--scenario", "nope"], "valid: appointment_en, appointment_fr"),
        (["call", "lab:silent", "--lead", "Marie"], "write name=value"),
        (["call", "lab:silent", "--set", "record.folder=/proc/nowhere"], "set record.folder"),
        (["call", "lab:empty.wav"], "the file is empty (0 bytes)"),
        (["call", "lab:noise.flac"], "not a readable sound file"),
        (["call", "lab:plan.yaml"], "steps.0: "),
        (["scenario", "check", "plan.yaml"], "plan.yaml:"),
        (["models", "pull", "whisper-bse"], "whisper-base"),
    ],
)
def test_wrong_usage_and_input(arguments: list[str], said: str, tmp_path: Path) -> None:
    (tmp_path / "empty.wav").touch()
    (tmp_path / "noise.flac").write_bytes(bytes(range(256)) * 20)
    (tmp_path / "plan.yaml").write_text("name: x\nlanguage: fr\nsteps:\n  - sing: lalala\n", encoding="utf-8")
    quick = QUICK if arguments[0] == "call" else []
    done = allobot(*arguments, *quick, folder=tmp_path)
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.returncode == 2
    assert done.stdout == ""


def test_a_call_gives_its_record_as_json(tmp_path: Path) -> None:
    done = allobot("call", "lab:busy", "--json", "--quiet", *QUICK, folder=tmp_path)
    record = json.loads(done.stdout)
    assert done.returncode == 0, done.stderr
    assert (record["schema_version"], record["hangup"]["cause"]) == ("1", "USER_BUSY")
    assert len(list((tmp_path / "runs").glob("*/*/record.json"))) == 1


def test_ctrl_c_ends_the_call_and_writes_its_record(tmp_path: Path) -> None:
    script = (
        "import os, signal, sys\n"
        "from robot.cli import live, main\n"
        "class Stop(live.LiveView):\n"
        "    def __call__(self, uuid, t_ms, name, fields):\n"
        "        if name == 'answered': os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.modules['robot.cli.call'].LiveView = Stop\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, "call", "lab:silent", *QUICK],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(data_folder())},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 130, done.stderr
    assert "Traceback" not in done.stderr
    (path,) = (tmp_path / "runs").glob("*/*/record.json")
    record = json.loads(path.read_text(encoding="utf-8"))
    assert record["interrupted"]
    assert record["hangup"]["by"] == "robot"


def test_the_doctor_looks_at_the_machine(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = allobot("doctor", "--json", "--set", "record.folder=file/runs", folder=tmp_path)
    findings = {finding["what"]: finding for finding in json.loads(done.stdout)}
    assert {"Python", "processor", "memory", "records", "media port"} <= set(findings)
    assert findings["records"]["state"] == "problem"
    assert findings["records"]["todo"]
    assert done.returncode == 1


def test_a_missing_model_says_how_to_get_it(tmp_path: Path) -> None:
    done = allobot("call", "lab:silent", folder=tmp_path, ALLOBOT_MODELS=str(tmp_path / "models"))
    assert "run: allobot models pull whisper-base" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.returncode == 1
