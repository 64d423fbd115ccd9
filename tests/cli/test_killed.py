"""A robot that is killed in the middle of a call leaves a record marked interrupted, and nothing else for long."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from robot.settings import data_folder
from robot.spool import sweep

SCRIPT = """
import os, signal, sys
from robot.cli import live, main
class Kill(live.LiveView):
    def __call__(self, uuid, t_ms, name, fields):
        if name == 'speaking': os.kill(os.getpid(), signal.SIGKILL)
sys.modules['robot.cli.call'].LiveView = Kill
main()
"""
SETTINGS = (
    "asr.engine=scripted",
    "asr.scripted.replies=['Hello?']",
    "vad.engine=energy",
    "tts.engine=tone",
    "llm.engine=scripted",
    "record.min_free_mb=0",
)


def test_kill_9_leaves_a_record_marked_interrupted(tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    spool.mkdir()
    plan = tmp_path / "callee.yaml"
    plan.write_text(
        "name: callee\nlanguage: en\nseed: 1\noutcome: {kind: answer, after_ms: 100}\nsteps:\n  - say: Hello?\n",
        encoding="utf-8",
    )
    settings = [word for one in (*SETTINGS, f"playout.spool_folder={spool}") for word in ("--set", one)]
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, "call", f"lab:{plan}", "--scenario", "appointment_en", *settings],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(data_folder())},
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    (path,) = (tmp_path / "runs").glob("*/*/record.json")
    record = json.loads(path.read_text(encoding="utf-8"))
    assert (record["interrupted"], record["disposition"], record["target"]) == (True, "interrupted", f"lab:{plan}")
    assert {file.name for file in path.parent.iterdir()} <= {"record.json", "events.jsonl"}
    (left,) = spool.iterdir()
    assert sweep(spool) == [left]
    assert list(spool.iterdir()) == []


def test_only_spools_of_processes_that_are_gone_are_swept(tmp_path: Path) -> None:
    ours, other = tmp_path / f"allobot-{os.getpid()}-abc", tmp_path / "allobot-notes"
    gone = tmp_path / "allobot-4194304-xyz"
    for folder in (ours, other, gone):
        folder.mkdir()
    (gone / "c1.wav").touch()
    assert sweep(tmp_path) == [gone]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([ours.name, other.name])
    assert sweep(tmp_path / "missing") == []
