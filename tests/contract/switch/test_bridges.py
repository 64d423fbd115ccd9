"""Two channels that are made to hear each other, the dialplan's own bridge, and tones without an end."""

from __future__ import annotations

import asyncio

import pytest
from conformance import Lab, Run

from robot.protocol import esl

TOLD = (
    "CHANNEL_UNPARK",
    "CHANNEL_EXECUTE",
    "CHANNEL_BRIDGE",
    "CHANNEL_UNBRIDGE",
    "CHANNEL_HANGUP",
    "CHANNEL_HANGUP_COMPLETE",
)


async def told_of_bridges(lab: Lab) -> None:
    await lab.esl.command(esl.subscribe("plain", ["CHANNEL_BRIDGE", "CHANNEL_UNBRIDGE"]))


def story(lab: Lab, uuid: str, since: int) -> list[str]:
    """What was told of one channel after the first ``since`` events."""
    return [event.name for event in lab.esl.about(uuid)[since:] if event.name in TOLD]


@pytest.mark.parametrize("leaver", [0, 1])
def test_two_channels_are_bridged_and_end_together(run: Run, leaver: int) -> None:
    async def case(lab: Lab) -> None:
        await told_of_bridges(lab)
        first, second = await lab.call("tone"), await lab.call()
        before = [len(lab.esl.about(uuid)) for uuid in (first, second)]
        assert await lab.esl.api(f"uuid_bridge {first} {second}") == f"+OK {second}\n"
        bridged = await lab.esl.until_name("CHANNEL_BRIDGE", first)
        assert bridged.get("Bridge-A-Unique-ID") == first
        assert bridged.get("Bridge-B-Unique-ID") == bridged.get("Other-Leg-Unique-ID") == second
        await asyncio.sleep(0.2)
        await lab.esl.api(f"uuid_kill {(first, second)[leaver]}")
        ends = [await lab.ended(uuid) for uuid in (first, second)]
        assert [end.get("Hangup-Cause") for end in ends] == ["NORMAL_CLEARING"] * 2
        begins = ["CHANNEL_UNPARK", "CHANNEL_EXECUTE"]
        told = story(lab, first, before[0])
        assert told[:3] == [*begins, "CHANNEL_BRIDGE"]
        assert sorted(told[3:]) == ["CHANNEL_HANGUP", "CHANNEL_HANGUP_COMPLETE", "CHANNEL_UNBRIDGE"]
        assert story(lab, second, before[1]) == [*begins, "CHANNEL_HANGUP", "CHANNEL_HANGUP_COMPLETE"]

    run(case)


def test_what_cannot_be_bridged(run: Run) -> None:
    async def case(lab: Lab) -> None:
        uuid = await lab.call()
        for pair in (f"{uuid} nobody", f"nobody {uuid}"):
            assert await lab.esl.api(f"uuid_bridge {pair}") == "-ERR Invalid uuid\n"
        assert await lab.esl.api(f"uuid_bridge {uuid}") == "-USAGE: <uuid> <other_uuid>\n"
        await lab.hang_up(uuid)

    run(case)


def test_a_bridge_ends_what_plays(run: Run) -> None:
    async def case(lab: Lab) -> None:
        await told_of_bridges(lab)
        first, second = await lab.call(), await lab.call()
        await lab.play(first, lab.wav("long.wav", 5000), "long")
        await lab.esl.until_name("PLAYBACK_START", first)
        await lab.esl.api(f"uuid_bridge {first} {second}")
        await lab.esl.until_name("CHANNEL_BRIDGE", first)
        assert lab.playbacks(first) == ["START long.wav", "STOP long.wav done"]
        await lab.esl.api(f"uuid_kill {first}")
        await lab.ended(second)

    run(case)


def test_the_dialplan_bridges_with_whom_it_calls(run: Run) -> None:
    async def case(lab: Lab) -> None:
        await told_of_bridges(lab)
        uuid = await lab.call()
        dial = lab.callees.format(name="ring_then_answer")
        assert await lab.esl.api(f"uuid_transfer {uuid} bridge:{dial} inline") == "+OK\n"
        bridged = await lab.esl.until_name("CHANNEL_BRIDGE", uuid)
        other = bridged.get("Other-Leg-Unique-ID")
        assert other != uuid
        await lab.esl.api(f"uuid_kill {uuid}")
        await lab.ended(uuid)
        await lab.ended(other)

    run(case)


@pytest.mark.parametrize(
    ("callee", "cause"), [("busy", "USER_BUSY"), ("reject", "CALL_REJECTED"), ("unallocated", "UNALLOCATED_NUMBER")]
)
def test_the_dialplan_s_bridge_fails_with_the_callee_s_cause(run: Run, callee: str, cause: str) -> None:
    async def case(lab: Lab) -> None:
        uuid = await lab.call()
        await lab.esl.api(f"uuid_transfer {uuid} bridge:{lab.callees.format(name=callee)} inline")
        assert (await lab.ended(uuid)).get("Hangup-Cause") == cause

    run(case)


def test_tones_go_on_until_a_break(run: Run) -> None:
    async def case(lab: Lab) -> None:
        uuid = await lab.call()
        tones = "tone_stream://%(100,100,440);loops=-1"
        await lab.play(uuid, tones, "music")
        await lab.esl.until_name("PLAYBACK_START", uuid)
        await asyncio.sleep(1)
        await lab.esl.api(f"uuid_break {uuid} all")
        stop = await lab.esl.until_name("PLAYBACK_STOP", uuid)
        assert stop.get("Playback-Status") == "break"
        assert [event.name for event in lab.esl.about(uuid) if event.name.startswith("PLAYBACK")] == [
            "PLAYBACK_START",
            "PLAYBACK_STOP",
        ]
        await lab.hang_up(uuid)

    run(case)
