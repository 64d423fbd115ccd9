"""The journal: the same events give the same bytes, and no disk error reaches the call."""

from __future__ import annotations

import errno
import json
import threading
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from robot.call.journal import Journal


class Verdict(Enum):
    HUMAN = "human"


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_lines_have_a_fixed_form(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "events.jsonl")
    journal.write(2300, "amd", verdict=Verdict.HUMAN, score=-0.12345678, text="allô", matches=("b", "a"))
    journal.write(2300.0, "frame", zeta=None, alpha=True, levels={"y": 1.0, "x": np.float32(0.5)}, n=np.int64(3))
    journal.write(0.1 + 0.2, "odd", value=float("inf"))
    journal.flush()
    assert (tmp_path / "events.jsonl").read_text(encoding="utf-8").splitlines() == [
        '{"t_ms":2300,"name":"amd","matches":["b","a"],"score":-0.123,"text":"allô","verdict":"human"}',
        '{"t_ms":2300,"name":"frame","alpha":true,"levels":{"x":0.5,"y":1},"n":3,"zeta":null}',
        '{"t_ms":0.3,"name":"odd","value":"inf"}',
    ]


def test_two_runs_give_the_same_bytes_whatever_the_flushes(tmp_path: Path) -> None:
    for name, every in (("a", 1), ("b", 7)):
        journal = Journal(tmp_path / name)
        for index in range(40):
            fields: list[tuple[str, float | str]] = [("b", index / 3), ("a", str(index))]
            journal.write(index * 20.000001, "frame", **dict(fields if every == 1 else reversed(fields)))
            if index % every == 0:
                journal.flush()
        journal.flush()
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_text_with_line_breaks_or_broken_unicode_stays_on_its_line(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "events.jsonl")
    journal.write(0, "asr", text="a\nb\u2028c")
    journal.write(0, "asr", text="\udcff")
    journal.flush()
    assert len((tmp_path / "events.jsonl").read_bytes().splitlines()) == 2
    assert json.loads((tmp_path / "events.jsonl").read_bytes().splitlines()[0])["text"] == "a\nb\u2028c"


def test_a_value_that_json_cannot_hold_is_a_bug(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="set"):
        Journal(tmp_path / "x").write(0, "bad", value={1})  # type: ignore[arg-type]


def test_when_full_new_lines_are_dropped_and_counted(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "events.jsonl", max_waiting=3)
    for index in range(5):
        journal.write(index, "x")
    assert journal.dropped == 2
    journal.flush()
    journal.write(5, "x")
    journal.flush()
    assert [line["t_ms"] for line in _lines(tmp_path / "events.jsonl")] == [0, 1, 2, 5]
    assert journal.errors == ("events: 2 lines are missing from events.jsonl",)


def test_a_disk_error_is_kept_and_the_lines_are_tried_again(tmp_path: Path) -> None:
    path = tmp_path / "later" / "events.jsonl"
    journal = Journal(path)
    journal.write(1, "a")
    journal.flush()
    journal.flush()
    assert journal.failed_flushes == 2
    assert "2 writes failed" in journal.errors[0]
    assert journal.errors[1] == "events: 1 lines are missing from events.jsonl"
    path.parent.mkdir()
    journal.write(2, "b")
    journal.flush()
    assert [line["name"] for line in _lines(path)] == ["a", "b"]
    assert len(journal.errors) == 1


def test_lines_that_wait_for_a_lost_disk_are_bounded(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "nowhere" / "events.jsonl", max_waiting=4)
    for index in range(10):
        journal.write(index, "x")
        journal.flush()
    assert journal.dropped == 6
    assert journal.errors[1] == "events: 10 lines are missing from events.jsonl"


def test_half_a_line_left_by_a_full_disk_is_written_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "events.jsonl"
    journal = Journal(path)
    journal.write(1, "a")
    journal.flush()
    journal.write(2, "b")
    append = Journal._append

    def half(self: Journal, data: bytes) -> None:
        with path.open("ab") as file:
            file.write(data[:5])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Journal, "_append", half)
    journal.flush()
    monkeypatch.setattr(Journal, "_append", append)
    journal.flush()
    assert [line["name"] for line in _lines(path)] == ["a", "b"]


def test_flushing_in_another_thread_loses_nothing(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "events.jsonl")
    done = threading.Event()

    def flush() -> None:
        while not done.is_set():
            journal.flush()

    thread = threading.Thread(target=flush)
    thread.start()
    for index in range(2000):
        journal.write(index, "x")
    done.set()
    thread.join()
    journal.flush()
    assert [line["t_ms"] for line in _lines(tmp_path / "events.jsonl")] == list(range(2000))
