"""``replay-trace`` as a user runs it."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import typer
from typer.testing import CliRunner

from robot.cli.trace import replay_trace

APP = typer.Typer()
APP.command()(replay_trace)


def trace(folder: Path, text: str) -> Path:
    path = folder / "call.esl.jsonl.gz"
    lines = [{"trace": "call", "epoch_at_t0": 0.0}, {"t": 0.1, "conn": 1, "dir": "s2c", "text": text}]
    path.write_bytes(gzip.compress("\n".join(map(json.dumps, lines)).encode()))
    return path


def test_a_good_trace_gives_a_table(tmp_path: Path) -> None:
    result = CliRunner().invoke(APP, [str(trace(tmp_path, "Content-Type: auth/request\n\n"))])
    assert result.exit_code == 0
    assert "AuthRequest" in result.output


def test_json(tmp_path: Path) -> None:
    path = trace(tmp_path, "Content-Type: auth/request\n\n")
    result = CliRunner().invoke(APP, ["--json", str(path), str(path)])
    assert result.exit_code == 0
    first, second = map(json.loads, result.output.splitlines())
    assert first == second
    assert first == {
        "path": str(path),
        "ok": True,
        "connections": 1,
        "messages": {"AuthRequest": 1},
        "events": {},
        "bytes_read": 28,
        "left_over": 0,
        "errors": [],
    }


def test_left_over_and_broken_bytes_exit_with_1(tmp_path: Path) -> None:
    result = CliRunner().invoke(APP, [str(trace(tmp_path, "Content-Type: auth"))])
    assert result.exit_code == 1
    result = CliRunner().invoke(APP, [str(trace(tmp_path, "GET / HTTP/1.1\n\n"))])
    assert result.exit_code == 1
    assert "call.esl.jsonl.gz: connection 1 s2c: " in result.output
