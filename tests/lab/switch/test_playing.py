"""Playbacks through the whole switch: events, their dates, and what the callee hears; every break race measured."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import numpy as np
import pytest
from switch_peer import START_US, Peer, lab, plan, tone, wav

from robot.lab.clock import run_virtual
from robot.protocol.esl import Event

PLAYING = ("PLAYBACK_START", "PLAYBACK_STOP")
EXECUTING = ("CHANNEL_EXECUTE", "CHANNEL_EXECUTE_COMPLETE")


def in_call(
    program: Callable[[Peer], Awaitable[None]], *, variables: str = "", steps: tuple[object, ...] = ()
) -> list[Event]:
    """The events after the channel was parked, up to its end."""

    async def main() -> list[Event]:
        async with lab(plan("x", {"after_ms": 200}, steps)) as (_, peer):
            await peer.call("u", "x", variables)
            seen = len(peer.events)
            await program(peer)
            await peer.api("uuid_kill u")
            await peer.until_name("CHANNEL_DESTROY", "u")
            return peer.events[seen:]

    return run_virtual(main())


def timeline(events: list[Event]) -> list[tuple[int, str]]:
    """(ms since the first of them, ``START a.wav``) of the playback events."""
    rows = [event for event in events if event.name in PLAYING]
    words = [
        " ".join([event.name[9:], Path(event.get("Playback-File-Path")).name, event.get("Playback-Status")]).strip()
        for event in rows
    ]
    return [((event.at_us - rows[0].at_us) // 1000, word) for event, word in zip(rows, words, strict=True)]


def test_locked_files_follow_each_other_without_a_gap(tmp_path: Path) -> None:
    async def program(peer: Peer) -> None:
        for number in range(3):
            await peer.play("u", wav(tmp_path, f"{number}.wav", 200), f"turn-{number}")
        await asyncio.sleep(1)

    events = in_call(program)
    assert timeline(events) == [
        (0, "START 0.wav"),
        (200, "STOP 0.wav done"),
        (200, "START 1.wav"),
        (400, "STOP 1.wav done"),
        (400, "START 2.wav"),
        (600, "STOP 2.wav done"),
    ]
    executed = [event for event in events if event.name in EXECUTING and event.get("Application") == "playback"]
    assert [event.get("Application-UUID") for event in executed] == [f"turn-{n}" for n in (0, 0, 1, 1, 2, 2)]
    assert [event.get("Application-Response") for event in executed][1::2] == ["FILE PLAYED"] * 3
    first = [event.name for event in events][:6]
    assert first == ["CHANNEL_EXECUTE", "PLAYBACK_START", "PLAYBACK_STOP", "CHANNEL_EXECUTE_COMPLETE", *first[:2]]


def test_a_started_playback_is_told_21_ms_after_the_command(tmp_path: Path) -> None:
    async def main() -> float:
        async with lab() as (_, peer):
            await peer.call("u")
            await asyncio.sleep(0.0137)
            sent_s = asyncio.get_running_loop().time()
            await peer.play("u", wav(tmp_path, "a.wav", 200))
            await peer.until_name("PLAYBACK_START")
            return asyncio.get_running_loop().time() - sent_s

    assert run_virtual(main()) == pytest.approx(0.021)


def test_unlocked_files_nest(tmp_path: Path) -> None:
    async def program(peer: Peer) -> None:
        await peer.play("u", wav(tmp_path, "long.wav", 600), lock=False)
        await asyncio.sleep(0.3)
        await peer.play("u", wav(tmp_path, "short.wav", 200), lock=False)
        await asyncio.sleep(1)

    rows = timeline(in_call(program))
    assert [word for _, word in rows] == [
        "START long.wav",
        "START short.wav",
        "STOP short.wav done",
        "STOP long.wav done",
    ]
    assert rows[-1][0] == 800


@pytest.mark.parametrize(
    ("scope", "then"),
    [("", ["STOP a.wav break", "START b.wav", "STOP b.wav done"]), (" all", ["STOP a.wav break"])],
)
def test_break_and_break_all(tmp_path: Path, scope: str, then: list[str]) -> None:
    async def program(peer: Peer) -> None:
        await peer.play("u", wav(tmp_path, "a.wav", 1000))
        await peer.play("u", wav(tmp_path, "b.wav", 200))
        await asyncio.sleep(0.5)
        assert await peer.api(f"uuid_break u{scope}") == "+OK\n"
        await asyncio.sleep(0.5)

    events = in_call(program)
    rows = timeline(events)
    assert [word for _, word in rows] == ["START a.wav", *then]
    if len(rows) > 2:
        assert rows[2][0] == rows[1][0] + 20
    stop = next(event for event in events if event.name == "PLAYBACK_STOP")
    played_ms = (stop.at_us - next(event.at_us for event in events if event.name == "PLAYBACK_START")) // 1000
    assert stop.get("variable_playback_last_offset_pos") == str(played_ms * 8)
    assert (stop.get("variable_playback_ms"), stop.get("variable_playback_samples")) == ("1000", "8000")


@pytest.mark.parametrize("wait_ms", [0, 5, 15, 25, 50])
def test_a_new_playback_right_after_break_all_plays_in_full(tmp_path: Path, wait_ms: int) -> None:
    async def program(peer: Peer) -> None:
        await peer.play("u", wav(tmp_path, "old.wav", 5000))
        await asyncio.sleep(0.5)
        await peer.api("uuid_break u all")
        await asyncio.sleep(wait_ms / 1000)
        await peer.play("u", wav(tmp_path, "new.wav", 400))
        await asyncio.sleep(1)

    rows = timeline(in_call(program))
    assert [word for _, word in rows] == ["START old.wav", "STOP old.wav break", "START new.wav", "STOP new.wav done"]
    assert rows[3][0] - rows[2][0] == 400


def test_queued_and_broken_before_the_tick_there_is_no_event_at_all(tmp_path: Path) -> None:
    async def program(peer: Peer) -> None:
        await asyncio.sleep(0.005)
        for name in "abc":
            await peer.play("u", wav(tmp_path, f"{name}.wav", 400))
        await asyncio.sleep(0.005)
        assert await peer.api("uuid_break u all") == "+OK\n"
        await asyncio.sleep(1)

    events = in_call(program)
    assert not [event for event in events if event.get("Application") == "playback" or event.name in PLAYING]


def test_a_missing_file_and_one_that_is_no_sound(tmp_path: Path) -> None:
    (tmp_path / "noise.wav").write_bytes(b"RIFF, but not really")

    async def program(peer: Peer) -> None:
        await peer.play("u", str(tmp_path / "missing.wav"), "gone")
        await peer.play("u", str(tmp_path / "noise.wav"), "bad")
        await asyncio.sleep(0.2)

    events = in_call(program)
    assert timeline(events) == []
    done = {
        event.get("Application-UUID"): event.get("Application-Response") for event in events if "COMPLETE" in event.name
    }
    assert (done["gone"], done["bad"]) == ("FILE NOT FOUND", "FILE NOT FOUND")


def test_tags_in_front_of_the_file_come_back_as_headers(tmp_path: Path) -> None:
    path = wav(tmp_path, "a.wav", 100)

    async def program(peer: Peer) -> None:
        await peer.play("u", f"{{my_tag=abc}}{path}")
        await asyncio.sleep(0.4)

    rows = [event for event in in_call(program) if event.name in PLAYING]
    assert [(event.get("my_tag"), event.get("Playback-File-Path")) for event in rows] == [
        ("abc", f"{{my_tag=abc}}{path}")
    ] * 2


def test_a_hangup_in_a_playback_says_done_before_unpark(tmp_path: Path) -> None:
    async def program(peer: Peer) -> None:
        await peer.play("u", wav(tmp_path, "a.wav", 5000))
        await asyncio.sleep(0.5)

    names = [event.name for event in in_call(program)]
    after = names[names.index("CHANNEL_HANGUP") :]
    assert after[1:5] == ["PLAYBACK_STOP", "CHANNEL_EXECUTE_COMPLETE", "CHANNEL_UNPARK", "CHANNEL_EXECUTE_COMPLETE"]


def test_before_the_channel_is_parked_nothing_is_played(tmp_path: Path) -> None:
    async def main() -> list[Event]:
        async with lab() as (_, peer):
            await peer.originate("u")
            await asyncio.sleep(0.1)
            await peer.play("u", wav(tmp_path, "a.wav", 200), "early")
            await peer.until_name("CHANNEL_PARK")
            return peer.events

    events = run_virtual(main())
    names = [event.name for event in events]
    at = names.index("CHANNEL_ANSWER")
    assert names[at + 2 :] == [
        "BACKGROUND_JOB",
        "CHANNEL_EXECUTE",
        "CHANNEL_EXECUTE_COMPLETE",
        "CHANNEL_STATE",
        "CHANNEL_EXECUTE",
        "CHANNEL_PARK",
    ]
    assert events[at + 4].get("Application-Response") == "PLAYBACK ERROR"


@pytest.mark.parametrize("break_after_ms", [30, 80])
def test_a_broadcast_starts_after_100_ms_and_a_break_before_is_lost(tmp_path: Path, break_after_ms: int) -> None:
    async def program(peer: Peer) -> None:
        path = wav(tmp_path, "a.wav", 300)
        assert await peer.api(f"uuid_broadcast u {path} aleg") == "+OK Message sent\n"
        await asyncio.sleep(break_after_ms / 1000)
        assert await peer.api("uuid_break u all") == "+OK\n"
        await asyncio.sleep(1)

    assert timeline(in_call(program)) == [(0, "START a.wav"), (300, "STOP a.wav done")]


@pytest.mark.parametrize(("variables", "status"), [("", "break"), ("playback_terminators=none", "done")])
def test_a_star_stops_a_playback_unless_told_otherwise(tmp_path: Path, variables: str, status: str) -> None:
    async def program(peer: Peer) -> None:
        await peer.play("u", wav(tmp_path, "a.wav", 1000))
        await asyncio.sleep(1.5)

    events = in_call(program, variables=variables, steps=({"wait": 300}, {"dtmf": "5*"}))
    digits = [(event.get("DTMF-Digit"), event.get("DTMF-Duration"), event.get("DTMF-Source")) for event in events]
    assert [row for row in digits if row[0]] == [("5", "960", "RTP"), ("*", "960", "RTP")]
    assert timeline(events)[1][1] == f"STOP a.wav {status}"


def test_playback_as_the_channels_own_application_ends_the_call(tmp_path: Path) -> None:
    async def main() -> list[Event]:
        async with lab() as (_, peer):
            await peer.originate("u", app=f"'&playback({wav(tmp_path, 'a.wav', 300)})'")
            await peer.until_name("CHANNEL_DESTROY")
            return peer.events

    events = run_virtual(main())
    assert timeline(events) == [(0, "START a.wav"), (300, "STOP a.wav done")]
    complete = next(event for event in events if event.name == "CHANNEL_HANGUP_COMPLETE")
    assert (complete.get("Hangup-Cause"), complete.at_us - START_US) == ("NORMAL_CLEARING", 520_000)


def test_a_growing_file_is_played_as_long_as_it_was_when_it_started(tmp_path: Path) -> None:
    path = tmp_path / "grow.r8"
    path.write_bytes(tone(200).astype("<i2").tobytes())

    async def program(peer: Peer) -> None:
        await peer.play("u", str(path))
        await peer.until_name("PLAYBACK_START")
        path.write_bytes(np.zeros(80_000, "<i2").tobytes())
        await asyncio.sleep(1)

    assert timeline(in_call(program))[-1] == (200, "STOP grow.r8 done")
