"""The queue between the switch and one call."""

from __future__ import annotations

import asyncio

from robot.events import Answered, CallEvent, HungUp, Parked
from robot.lab.clock import run_virtual
from robot.telephony.call_events import CallEvents


async def drain(events: CallEvents) -> list[CallEvent]:
    return [event async for event in events]


def test_in_order_up_to_the_hangup() -> None:
    async def main() -> list[CallEvent]:
        events = CallEvents(10)
        for event in (Answered(1), Parked(2), HungUp(3, "X"), Parked(4), HungUp(5, "Y")):
            events.put(event)
        return await drain(events)

    assert run_virtual(main()) == [Answered(1), Parked(2), HungUp(3, "X")]


def test_a_reader_waits_for_what_comes() -> None:
    async def main() -> tuple[list[CallEvent], float]:
        events = CallEvents(10)
        async with asyncio.TaskGroup() as group:
            reader = group.create_task(drain(events))
            await asyncio.sleep(1)
            events.put(Answered(1))
            await asyncio.sleep(1)
            events.put(HungUp(2, "X"))
        return reader.result(), asyncio.get_running_loop().time()

    assert run_virtual(main()) == ([Answered(1), HungUp(2, "X")], 2.0)


def test_a_full_queue_ends_the_call_behind_what_it_has() -> None:
    async def main() -> tuple[list[CallEvent], bool]:
        events = CallEvents(2)
        for number in range(5):
            events.put(Parked(number))
        return await drain(events), events.overflowed

    assert run_virtual(main()) == ([Parked(0), Parked(1), HungUp(2, "SWITCH_LOST")], True)


def test_the_hangup_itself_always_fits() -> None:
    async def main() -> tuple[list[CallEvent], bool]:
        events = CallEvents(1)
        events.put(Parked(0))
        events.put(HungUp(1, "USER_BUSY"))
        return await drain(events), events.overflowed

    assert run_virtual(main()) == ([Parked(0), HungUp(1, "USER_BUSY")], False)
