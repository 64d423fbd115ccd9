"""The picture: drawn for every kind of call, the same each time, from any thread, and leaving no global state."""

from __future__ import annotations

import struct
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from robot.call.record import (
    AmdEntry,
    AmdRevision,
    BargeInEntry,
    CallRecord,
    DtmfEntry,
    HangupEntry,
    SwitchEntry,
    TurnEntry,
    VoicemailEntry,
)
from robot.call.tape import LineAudio
from robot.call.timeline import MAX_WIDTH_PX, draw_timeline

NOW = datetime(2026, 3, 4, 10, 20, 30, tzinfo=UTC)


def record(**changes: Any) -> CallRecord:
    fields: dict[str, Any] = {
        "call_id": "5f0c2d1e",
        "direction": "outbound",
        "target": "+33612345678",
        "scenario": "appointment",
        "language": "fr",
        "started_at": NOW,
        "answered_at": NOW,
        "ended_at": NOW,
        "talk_ms": 20_000,
        "switch": SwitchEntry(kind="embedded"),
        "amd": AmdEntry(
            verdict="human", decided_at_ms=2300, revisions=(AmdRevision(verdict="machine", at_ms=2900),)
        ),
        "turns": (
            TurnEntry(index=0, caller_text="Allô $x^2$ 漢字 \U0001f600\n?", caller_start_ms=500, caller_end_ms=900),
            TurnEntry(
                index=1, heard_text="Bonjour " * 40, robot_start_ms=2500, robot_end_ms=7000, response_ms=1600,
                interrupted=True,
            ),
            TurnEntry(index=2, caller_text="oui", caller_start_ms=910, caller_end_ms=950),
        ),
        "barge_ins": (BargeInEntry(onset_ms=6600, silent_ms=7000), BargeInEntry(onset_ms=9000)),
        "voicemail": VoicemailEntry(beep_at_ms=3000, beep_hz=1000, message_start_ms=3100),
        "dtmf": (DtmfEntry(at_ms=3050, digit="5"),),
        "hangup": HangupEntry(cause="NORMAL_CLEARING", sip="sip:200", by="caller"),
        "disposition": "confirmed",
    }  # fmt: skip
    return CallRecord(**(fields | changes))


def line(seconds: float, start_ms: float = 0.0) -> LineAudio:
    noise = np.random.default_rng(1).normal(0, 3000, (round(seconds * 8000), 2))
    return LineAudio(noise.astype(np.int16), 8000, start_ms)


def size_of(path: Path) -> tuple[int, int]:
    data = path.read_bytes()
    assert data.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", data[16:24])
    return width, height


def test_the_same_record_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        draw_timeline(record(), line(20), tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert size_of(tmp_path / "a") == (1600, 600)


@pytest.mark.parametrize(("seconds", "width"), [(60, 1600), (180, 4394)])
def test_a_longer_call_makes_a_wider_picture(tmp_path: Path, seconds: float, width: int) -> None:
    draw_timeline(record(talk_ms=seconds * 1000), line(seconds), tmp_path / "t.png")
    assert size_of(tmp_path / "t.png") == (width, 600)


def test_a_very_long_call_still_fits_a_picture(tmp_path: Path) -> None:
    draw_timeline(record(talk_ms=3_600_000), line(1), tmp_path / "t.png")
    assert size_of(tmp_path / "t.png") == (MAX_WIDTH_PX, 600)


@pytest.mark.parametrize(
    "changes",
    [
        {"answered_at": None, "talk_ms": 0, "amd": None, "turns": (), "barge_ins": (), "voicemail": None, "dtmf": ()},
        {"hangup": None, "interrupted": True},
        {"voicemail": VoicemailEntry()},
    ],
)
def test_a_call_without_audio_is_drawn_too(tmp_path: Path, changes: dict[str, Any]) -> None:
    draw_timeline(record(**changes), LineAudio(np.zeros((0, 2), np.int16), 8000), tmp_path / "t.png")
    assert size_of(tmp_path / "t.png") == (1600, 600)


def test_a_recording_that_began_before_the_answer_is_drawn_from_its_start(tmp_path: Path) -> None:
    draw_timeline(record(), line(20, start_ms=-900), tmp_path / "a")
    draw_timeline(record(), line(20), tmp_path / "b")
    assert (tmp_path / "a").read_bytes() != (tmp_path / "b").read_bytes()


def test_threads_draw_the_same_picture_and_pyplot_is_never_touched(tmp_path: Path) -> None:
    pyplot_before = "matplotlib.pyplot" in sys.modules
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda name: draw_timeline(record(), line(20), tmp_path / name), "abc"))
    assert len({(tmp_path / name).read_bytes() for name in "abc"}) == 1
    assert ("matplotlib.pyplot" in sys.modules) == pyplot_before


def test_a_folder_that_is_gone_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        draw_timeline(record(), line(1), tmp_path / "gone" / "t.png")
