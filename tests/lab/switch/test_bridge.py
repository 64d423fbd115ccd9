"""Two channels that hear each other, as a real switch tells it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import numpy as np
import soundfile
from switch_peer import DIAL, Peer, lab, plan

from robot.lab.clock import run_virtual
from robot.lab.plan import Plan
from robot.lab.switch import EmbeddedSwitch
from robot.protocol import esl

EVENTS = ["CHANNEL_BRIDGE", "CHANNEL_UNBRIDGE"]
TALKS = plan("talks", steps=[{"wait": 600}, {"beep": {"hz": 700, "ms": 2000}}, {"wait": 60_000}])
LEAVES = plan("leaves", steps=[{"wait": 3000}, {"hangup": "NORMAL_CLEARING"}])
BUSY = plan("busy", {"kind": "busy", "after_ms": 200})
RINGS = plan("rings", {"after_ms": 2000})


def on_switch(program: Callable[[EmbeddedSwitch, Peer], Awaitable[None]], *plans: Plan) -> None:
    async def main() -> None:
        async with lab(*plans) as (switch, peer):
            await peer.command(esl.subscribe("plain", EVENTS))
            await program(switch, peer)

    run_virtual(main(), limit_s=300)


def told(peer: Peer) -> list[str]:
    """What was told of A and B from the bridge on."""
    wanted = ("CHANNEL_UNPARK", "CHANNEL_BRIDGE", "CHANNEL_UNBRIDGE", "CHANNEL_HANGUP_COMPLETE")
    return [f"{event.name} {event.uuid}" for event in peer.events if event.name in wanted]


def test_two_calls_are_connected_and_hear_each_other(tmp_path: Path) -> None:
    path = tmp_path / "line.wav"

    async def program(switch: EmbeddedSwitch, peer: Peer) -> None:
        await peer.call("A", "talks")
        await peer.call("B")
        assert await peer.api("uuid_bridge A B") == "+OK B\n"
        bridged = await peer.until_name("CHANNEL_BRIDGE")
        assert (bridged.uuid, bridged.get("Other-Leg-Unique-ID")) == ("A", "B")
        assert (bridged.get("Bridge-A-Unique-ID"), bridged.get("Bridge-B-Unique-ID")) == ("A", "B")
        await peer.api("uuid_setvar B RECORD_STEREO true")
        assert await peer.api(f"uuid_record B start {path}") == "+OK Success\n"
        await peer.until_name("RECORD_START")
        await asyncio.sleep(1)
        await peer.api("uuid_kill A")
        await peer.until_name("CHANNEL_HANGUP_COMPLETE", "B")
        assert switch.calls.legs == {}

    on_switch(program, TALKS)
    line, _ = soundfile.read(path, dtype="int16")
    assert np.abs(line[:, 1]).max() > 1000, "what A says goes out to B"
    assert np.abs(line[:, 0]).max() < 10


def test_who_hangs_up_takes_the_other_along() -> None:
    async def program(switch: EmbeddedSwitch, peer: Peer) -> None:
        await peer.call("A")
        await peer.call("B", "leaves")
        await peer.api("uuid_bridge A B")
        await peer.until_name("CHANNEL_HANGUP_COMPLETE", "A")
        assert sorted(told(peer)[:2]) == ["CHANNEL_UNPARK A", "CHANNEL_UNPARK B"]
        assert told(peer)[2:4] == ["CHANNEL_BRIDGE A", "CHANNEL_UNBRIDGE A"]
        ends = [event for event in peer.events if event.name == "CHANNEL_HANGUP_COMPLETE"]
        assert {event.get("Hangup-Cause") for event in ends} == {"NORMAL_CLEARING"}

    on_switch(program, LEAVES)


def test_what_cannot_be_bridged() -> None:
    async def program(switch: EmbeddedSwitch, peer: Peer) -> None:
        await peer.call("A")
        await peer.originate("R", "rings")
        for argument in ("A nobody", "nobody A", "A A", "A R"):
            assert await peer.api(f"uuid_bridge {argument}") == "-ERR Invalid uuid\n"

    on_switch(program, RINGS)


def test_the_dialplan_bridges_to_somebody_who_answers() -> None:
    async def program(switch: EmbeddedSwitch, peer: Peer) -> None:
        await peer.call("A")
        assert await peer.api(f"uuid_transfer A bridge:{DIAL.format('rings')} inline") == "+OK\n"
        bridged = await peer.until_name("CHANNEL_BRIDGE")
        assert bridged.uuid == "A"
        assert len(switch.calls.legs) == 2
        await peer.api("uuid_kill A")
        await peer.until_name("CHANNEL_DESTROY", bridged.get("Other-Leg-Unique-ID"))

    on_switch(program, RINGS)


def test_the_dialplan_s_bridge_fails_with_the_callee_s_cause() -> None:
    async def program(switch: EmbeddedSwitch, peer: Peer) -> None:
        await peer.call("A")
        await peer.api(f"uuid_transfer A bridge:{DIAL.format('busy')} inline")
        end = await peer.until_name("CHANNEL_HANGUP_COMPLETE", "A")
        assert end.get("Hangup-Cause") == "USER_BUSY"

    on_switch(program, BUSY)


def test_a_caller_who_does_not_wait_cancels_the_ringing() -> None:
    async def program(switch: EmbeddedSwitch, peer: Peer) -> None:
        await peer.call("A")
        await peer.api(f"uuid_transfer A bridge:{DIAL.format('rings')} inline")
        await peer.until(
            lambda event: event.name == "CHANNEL_PROGRESS" and event.get("Caller-Destination-Number") == "rings"
        )
        await peer.api("uuid_kill A")
        other = await peer.until(lambda event: event.name == "CHANNEL_HANGUP_COMPLETE" and event.uuid != "A")
        assert other.get("Hangup-Cause") == "ORIGINATOR_CANCEL"

    on_switch(program, RINGS)


def test_tones_go_on_until_a_break() -> None:
    async def program(switch: EmbeddedSwitch, peer: Peer) -> None:
        await peer.call("A")
        await peer.play("A", "tone_stream://%(100,100,440);loops=-1")
        await peer.until_name("PLAYBACK_START")
        await peer.api("uuid_break A all")
        stop = await peer.until_name("PLAYBACK_STOP")
        assert stop.get("Playback-Status") == "break"

    on_switch(program)
