"""Limits of the switch: sessions, calls per second, pauses, everything hung up at once. Each case undoes its own."""

from __future__ import annotations

import asyncio

from conformance import Lab, Run

REFUSED = "-ERR DESTINATION_OUT_OF_ORDER\n"


async def originate(lab: Lab, uuid: str) -> str:
    """What ``originate`` prints for one more call."""
    dial = lab.callees.format(name="quiet")
    return await lab.esl.api(f"originate {{origination_uuid={uuid}}}{dial} &park()")


def test_no_more_sessions(run: Run) -> None:
    async def case(lab: Lab) -> None:
        held = await lab.call()
        assert await lab.esl.api("fsctl max_sessions 0") == "+OK max sessions: 1000\n"
        assert await lab.esl.api("fsctl max_sessions 1") == "+OK max sessions: 1\n"
        try:
            assert await originate(lab, "u") == REFUSED
            assert await lab.esl.api(f"uuid_exists {held}") == "true"
        finally:
            assert await lab.esl.api("fsctl max_sessions 1000") == "+OK max sessions: 1000\n"
        await asyncio.sleep(0.1)
        assert lab.esl.names("u") == []
        await lab.hang_up(held)
        await lab.hang_up(await lab.call())

    run(case)


def test_too_many_calls_in_one_second(run: Run) -> None:
    async def case(lab: Lab) -> None:
        assert await lab.esl.api("fsctl sps 3") == "+OK sessions per second: 3\n"
        await asyncio.sleep(1.1)  # it counts from the next second on, and allows one less than it says
        try:
            dial = lab.callees.format(name="no_answer")
            for nth in range(8):
                await lab.esl.command(f"bgapi originate {{originate_timeout=2}}{dial} &park()\nJob-UUID: job-{nth}")
            texts = [await lab.esl.job(f"job-{nth}") for nth in range(8)]
        finally:
            assert await lab.esl.api("fsctl sps 100") == "+OK sessions per second: 100\n"
        assert 4 <= texts.count(REFUSED) < 8
        await asyncio.sleep(1.1)

    run(case)


def test_paused(run: Run) -> None:
    async def case(lab: Lab) -> None:
        before = await lab.call()
        assert await lab.esl.api("fsctl pause outbound") == "+OK\n"
        try:
            assert await originate(lab, "u") == REFUSED
            assert await lab.esl.api(f"uuid_exists {before}") == "true"
        finally:
            assert await lab.esl.api("fsctl resume outbound") == "+OK\n"
        await lab.hang_up(before)
        await lab.hang_up(await lab.call())

    run(case)


def test_everything_hung_up(run: Run) -> None:
    async def case(lab: Lab) -> None:
        parked, ringing = await lab.call(), await lab.originate("no_answer")
        await lab.esl.until_name("CHANNEL_PROGRESS", ringing)
        assert await lab.esl.api("hupall USER_BUSY") == "+OK hangup all channels with cause USER_BUSY\n"
        for uuid in (parked, ringing):
            assert (await lab.ended(uuid)).get("Hangup-Cause") == "USER_BUSY"
        assert await lab.esl.job(f"job-{ringing}") == "-ERR USER_BUSY\n"

    run(case)


def test_status(run: Run) -> None:
    async def case(lab: Lab) -> None:
        lines = (await lab.esl.api("status")).splitlines()
        assert lines[0].startswith("UP 0 years, 0 days, ")
        assert lines[1].startswith("FreeSWITCH (Version 1.10.")
        assert lines[1].endswith(" is ready")
        assert any(line.endswith("session(s) max") for line in lines)
        assert (await lab.esl.api("version")).startswith("FreeSWITCH Version 1.10.")
        core_uuid = await lab.esl.api("global_getvar core_uuid")
        uuid = await lab.call()
        assert (await lab.esl.until_name("CHANNEL_PARK", uuid)).get("Core-UUID") == core_uuid
        await lab.hang_up(uuid)

    run(case)
