"""Calls whose audio stream breaks: it is started again, the call goes on, and what was missed is silence."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from calls import MODEL, Call, Seen, dialogue_of, plan_file, settings_for, surroundings_for

from robot.app import open_robot
from robot.call.closing import FinishedCall
from robot.call.ears import PAUSES_S, STALL_S
from robot.lab.clock import run_virtual
from robot.media.connection import StreamConnection
from robot.media.stream import InboundStream

STEPS = """
  - wait: 300
  - say: "Allô ?"
  - wait_robot_speaks:
  - wait_robot_silent: {for_ms: 1200}
  - say: "Oui, je confirme."
  - wait_robot_speaks:
  - wait_robot_silent: {for_ms: 1200}
  - say: "Non merci, au revoir."
"""
HEARD = ("Allô ?", "Oui, je confirme.", "Non merci, au revoir.")
Harm = Callable[[StreamConnection], None]


def call_with(folder: Path, monkeypatch: pytest.MonkeyPatch, harm: Harm, *, first: int = 0, last: int = 0) -> Call:
    """A call whose connections from ``first`` to ``last`` come to ``harm`` 1.5 s after they began."""
    connected = InboundStream.connected
    count = 0

    def then_harmed(stream: InboundStream, peer: StreamConnection, now_s: float) -> None:
        nonlocal count
        connected(stream, peer, now_s)
        if first <= count <= last:
            asyncio.get_running_loop().call_later(1.5, harm, peer)
        count += 1

    monkeypatch.setattr(InboundStream, "connected", then_harmed)
    seen: list[Seen] = []
    settings = settings_for(folder, HEARD, MODEL, ())

    async def main() -> FinishedCall:
        async with open_robot(settings, surroundings_for(seen, 7)) as robot:
            dialogue = dialogue_of("appointment_fr")
            return await robot.call(f"lab:{plan_file(folder, STEPS)}", dialogue, dialogue.samples())

    return Call(run_virtual(main()), seen)


@pytest.mark.parametrize("harm", [StreamConnection.close, StreamConnection.abort])
def test_a_stream_that_ends_is_started_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, harm: Harm) -> None:
    """Closed by the server it needs a ``stop`` before the ``start``; lost, it is gone already."""
    record = call_with(tmp_path, monkeypatch, harm).finished.record
    assert record.disposition == "confirmed"
    assert (record.counters["stream_lost"], record.counters["stream_connections"]) == (1, 2)
    assert record.counters.get("stream_was_gone", 0) == (harm is StreamConnection.abort)
    assert 0 < record.counters["stream_frames_missed"] < 15
    assert record.counters["stream_bad_messages"] == 0
    assert record.counters["tape_gaps"] == 0


def test_a_stream_that_breaks_again_and_again_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record = call_with(tmp_path, monkeypatch, StreamConnection.abort, last=2).finished.record
    assert record.disposition == "confirmed"
    assert (record.counters["stream_lost"], record.counters["stream_connections"]) == (3, 4)
    assert record.counters["stream_frames_missed"] >= sum(PAUSES_S[:3]) * 50


def test_a_stream_that_cannot_be_kept_ends_the_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record = call_with(tmp_path, monkeypatch, StreamConnection.abort, last=1000).finished.record
    assert record.hangup is not None
    assert (record.hangup.cause, record.hangup.by) == ("NORMAL_TEMPORARY_FAILURE", "robot")
    assert any(error.endswith(f"given up after {len(PAUSES_S)} attempts to start it again") for error in record.errors)
    assert record.counters["stream_lost"] == len(PAUSES_S) + 1


def test_a_stream_that_only_goes_quiet_is_started_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half-open: the switch believes that it sends, nothing comes, and nobody is told."""

    def deafen(connection: StreamConnection) -> None:
        monkeypatch.setattr(connection, "_take_message", lambda data, stream: None)

    record = call_with(tmp_path, monkeypatch, deafen).finished.record
    assert record.disposition == "confirmed"
    assert (record.counters["stream_stalled"], record.counters["stream_connections"]) == (1, 2)
    assert record.counters["stream_frames_missed"] >= STALL_S * 50 - 1
