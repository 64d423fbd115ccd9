"""Chunks through the WebSocket: numbered, waited for, and forgotten in time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import numpy as np
import pytest
from playout_line import Line, speech

from robot.events import StreamConnected, StreamLost, StreamPlay
from robot.lab.clock import run_virtual
from robot.media.allowance import Allowance
from robot.media.delivery import StreamDelivery
from robot.media.playout import Playout
from services.audio import Pcm

LIMIT_S = 2.0
CHUNK = np.ones(160, np.int16)


class Wire:
    """A connection to a switch that stores what it gets, unless it is told not to."""

    def __init__(self) -> None:
        self.sent = 0
        self.takes = True
        self.delivery = StreamDelivery(self.send, LIMIT_S)

    def send(self, pcm: Pcm, rate_hz: int) -> bool:
        self.sent += self.takes
        return self.takes

    def connect(self) -> None:
        self.delivery.on_event(StreamConnected(0))

    def stored(self, number: int) -> None:
        self.delivery.on_event(StreamPlay(0, f"/tmp/uuid_{number}.tmp.r8"))


def with_wire(program: Callable[[Wire, asyncio.TaskGroup], Awaitable[None]]) -> None:
    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            await program(Wire(), group)

    run_virtual(main())


def test_a_chunk_is_the_file_that_the_switch_made_of_it() -> None:
    async def program(wire: Wire, group: asyncio.TaskGroup) -> None:
        wire.connect()
        for number in range(3):
            put = group.create_task(wire.delivery.put("c", CHUNK))
            await asyncio.sleep(0.01)
            wire.stored(number)
            assert await put == Path(f"/tmp/uuid_{number}.tmp.r8")

    with_wire(program)


def test_a_sound_of_an_interrupted_turn_is_not_taken_for_the_next_one() -> None:
    async def program(wire: Wire, group: asyncio.TaskGroup) -> None:
        wire.connect()
        old = group.create_task(wire.delivery.put("old", CHUNK))
        await asyncio.sleep(0.01)
        wire.delivery.forget()
        assert await old is None
        new = group.create_task(wire.delivery.put("new", CHUNK))
        await asyncio.sleep(0.01)
        wire.stored(0)
        await asyncio.sleep(0.01)
        assert not new.done()
        wire.stored(1)
        assert await new == Path("/tmp/uuid_1.tmp.r8")

    with_wire(program)


def test_a_chunk_waits_for_the_stream_and_counting_begins_anew_with_each_connection() -> None:
    async def program(wire: Wire, group: asyncio.TaskGroup) -> None:
        for _ in range(2):
            put = group.create_task(wire.delivery.put("c", CHUNK))
            await asyncio.sleep(0.5)
            assert not put.done()
            wire.connect()
            wire.stored(0)
            assert await put == Path("/tmp/uuid_0.tmp.r8")
            wire.delivery.on_event(StreamLost(0, 1, "gone"))
        assert wire.sent == 2

    with_wire(program)


def test_a_loss_gives_the_chunk_back_at_once() -> None:
    async def program(wire: Wire, group: asyncio.TaskGroup) -> None:
        wire.connect()
        put = group.create_task(wire.delivery.put("c", CHUNK))
        await asyncio.sleep(0.01)
        wire.delivery.on_event(StreamLost(0, 1, "gone"))
        assert await put is None
        assert asyncio.get_running_loop().time() == pytest.approx(0.01)

    with_wire(program)


def test_a_connection_that_takes_nothing_is_waited_out() -> None:
    async def program(wire: Wire, group: asyncio.TaskGroup) -> None:
        wire.takes = False
        wire.connect()
        put = group.create_task(wire.delivery.put("c", CHUNK))
        await asyncio.sleep(0.1)
        wire.takes = True
        wire.connect()
        wire.stored(0)
        assert await put is not None
        assert wire.sent == 1

    with_wire(program)


@pytest.mark.parametrize("file", ["", "/tmp/sound.r8", "/tmp/u_9.tmp.r8", "/tmp/u_-1.tmp.r8"])
def test_what_never_comes_costs_its_time_limit(file: str) -> None:
    async def program(wire: Wire, group: asyncio.TaskGroup) -> None:
        wire.connect()
        put = group.create_task(wire.delivery.put("c", CHUNK))
        await asyncio.sleep(0.01)
        wire.delivery.on_event(StreamPlay(0, file))
        assert await put is None
        assert asyncio.get_running_loop().time() == pytest.approx(LIMIT_S)

    with_wire(program)


def test_a_chunk_that_is_never_stored_is_counted_and_the_rest_goes_on() -> None:
    async def program(wire: Wire, group: asyncio.TaskGroup) -> None:
        wire.connect()
        playout = Playout(
            Line(), "u", wire.delivery, lambda pcm, rate_hz, at_us: None,
            chunk_ms=400, queue_ahead=1, break_timeout_ms=200,
        )  # fmt: skip
        task = group.create_task(playout.run())
        playout.enqueue(speech(800, "one two"))
        await playout.wait_idle()
        assert (wire.sent, playout.counters.chunks_failed) == (2, 2)
        assert [one.complete for one in playout.take()] == [False]
        task.cancel()

    with_wire(program)


def test_an_allowance_is_a_burst_and_then_a_rate() -> None:
    allowance = Allowance(rate=100, burst=1000, now_s=0)
    assert [allowance.take(600, 0), allowance.take(600, 0), allowance.take(400, 0)] == [True, False, True]
    assert [allowance.take(100, 0.9), allowance.take(100, 1.0)] == [False, True]
    assert [allowance.take(1001, 1e6), allowance.take(1000, 1e6)] == [False, True]
