"""Keys by both ways, music, bridges and transfers: the robot's end against the embedded switch."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from esl_calls import Call, in_call, originate, with_switch
from switch_peer import DIAL, plan, wav

from robot.errors import CommandFailed
from robot.events import Bridged, CallEvent, Dtmf, HungUp, Parked, Unbridged
from robot.lab.switch import EmbeddedSwitch
from robot.telephony.esl_client import EslSwitch


def test_keys_tell_how_they_came() -> None:
    async def program(call: Call) -> None:
        await call.until(Dtmf, 3)

    keys = in_call(program, plan("x", steps=[{"dtmf": "7"}, {"dtmf": {"digits": "4#", "by": "info"}}])).of(Dtmf)
    assert [(key.digit, key.duration_ms, key.source) for key in keys if isinstance(key, Dtmf)] == [
        ("7", 120, "RTP"),
        ("4", 250, "ENDPOINT"),
        ("#", 250, "ENDPOINT"),
    ]


@pytest.mark.parametrize("sound", ["tone_stream://%(100,100,440)", "FILE"])
def test_music_plays_until_a_break_and_nothing_comes_after(tmp_path: Path, sound: str) -> None:
    async def program(call: Call) -> None:
        await call.until(Parked)
        await call.switch.hold("u", wav(tmp_path, "music.wav", 300) if sound == "FILE" else sound)
        await asyncio.sleep(2)
        leg = call.lab.calls.legs["u"]
        assert leg.queue.playing
        await call.switch.break_("u")
        await asyncio.sleep(0.1)
        assert not leg.queue.playing

    in_call(program, plan("x"))


def both(first: str, second: str) -> dict[str, list[CallEvent]]:
    """Bridges a call to ``first`` with one to ``second`` and lets them go on until both have ended."""
    seen: dict[str, list[CallEvent]] = {}

    async def program(switch: EslSwitch, lab: EmbeddedSwitch) -> None:
        calls = {uuid: Call(switch, lab, uuid) for uuid in ("a", "b")}
        async with switch.call("a") as a, switch.call("b") as b, asyncio.TaskGroup() as group:
            for uuid, events, name in (("a", a, first), ("b", b, second)):
                group.create_task(calls[uuid].read(events))
                await switch.originate(originate(uuid, name))
                await calls[uuid].until(Parked)
            await switch.bridge("a", "b")
            for call in calls.values():
                await call.end()
        seen.update({uuid: call.seen for uuid, call in calls.items()})

    stays, leaves = plan("stays"), plan("leaves", steps=[{"wait": 3000}, {"hangup": "NORMAL_CLEARING"}])
    with_switch(program, stays, leaves)
    return seen


@pytest.mark.parametrize(("first", "second"), [("stays", "leaves"), ("leaves", "stays")])
def test_two_calls_are_bridged_and_end_together(first: str, second: str) -> None:
    seen = both(first, second)
    (bridged,) = [event for event in seen["a"] if isinstance(event, Bridged)]
    assert bridged.other == "b"
    assert [type(event) for event in seen["a"]][-2:] in ([Unbridged, HungUp], [HungUp])
    assert isinstance(seen["b"][-1], HungUp)


def test_a_bridge_with_nobody_is_refused() -> None:
    async def program(call: Call) -> None:
        await call.until(Parked)
        with pytest.raises(CommandFailed, match="Invalid uuid"):
            await call.switch.bridge("u", "nobody")

    in_call(program, plan("x"))


def test_the_switch_calls_somebody_for_us() -> None:
    async def program(call: Call) -> None:
        await call.until(Parked)
        await call.switch.transfer_out("u", DIAL.format("x"))
        await call.until(Bridged)

    assert in_call(program, plan("x")).names()[-1] == "HungUp"
