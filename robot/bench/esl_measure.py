"""One ESL client under measure, in a process of its own: ``python -m robot.bench.esl_measure CLIENT PORT EVENTS``.

Every client does the same: events as fast as they come, each decoded and given to a handler; then the time from a
command to its reply, on a connection of its own, idle and beside 1,000 events a second on another. Ours also makes of
each event what a call is told. Prints one line of JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from robot.protocol import esl
from robot.telephony.esl_link import EslLink
from robot.telephony.translate import EVENT_NAMES, translate

RATE = 1000
COMMANDS = 1000
PAUSE_S = 0.004
"""between two commands: with that many, about four seconds"""
HOST, PASSWORD, PATIENCE_S = "127.0.0.1", "bench", 300.0
NAMES = " ".join((*EVENT_NAMES, "HEARTBEAT"))
Figures = dict[str, Any]


class Count:
    """Events seen, from when they were asked for to when the last was handled."""

    def __init__(self) -> None:
        self.seen = 0
        self.first_s = self.last_s = self.first_cpu_s = self.last_cpu_s = 0.0

    def start(self) -> None:
        """They are asked for now: a client may read all of them before it hands the first one out."""
        self.first_s, self.first_cpu_s = time.perf_counter(), time.process_time()

    def event(self, last: bool) -> bool:
        """Counts one; whether it was the last."""
        self.seen += 1
        if last:
            self.last_s, self.last_cpu_s = time.perf_counter(), time.process_time()
        return last

    def figures(self) -> Figures:
        return {
            "events": self.seen,
            "events_per_s": self.seen / (self.last_s - self.first_s),
            "events_per_cpu_s": self.seen / (self.last_cpu_s - self.first_cpu_s),
        }


def percentiles(seconds: list[float]) -> dict[str, float]:
    """→ ms"""
    ordered = sorted(seconds)
    return {f"p{p}": 1000 * ordered[min(len(ordered) - 1, len(ordered) * p // 100)] for p in (50, 95, 99)}


async def native(port: int, count: int) -> Figures:
    """Our own client's connection, with the translation that its calls get."""

    async def connect(group: asyncio.TaskGroup, on_event: Callable[[esl.Event], None]) -> EslLink:
        link = await EslLink.open(HOST, port, connect_timeout_s=5, timeout_s=PATIENCE_S, on_event=on_event)
        group.create_task(link.read())
        await link.authenticate(PASSWORD)
        return link

    done = asyncio.Event()
    counts = Count()

    def take(event: esl.Event) -> None:
        translate(event)
        if counts.event(event.name == "HEARTBEAT"):
            done.set()

    async with asyncio.TaskGroup() as group:
        events, commands = await connect(group, take), await connect(group, take)
        await events.send(esl.subscribe("json", (*EVENT_NAMES, "HEARTBEAT")))

        async def ask(command: str) -> None:
            await commands.send(esl.api(command))

        async def feed(number: int, rate: int) -> None:
            await events.send(esl.api("feed", f"{number} {rate}"))

        figures = await _measure(ask, feed, done, counts, count)
        events.close()
        commands.close()
    return figures


async def genesis(port: int, count: int) -> Figures:
    """The PyPI package of that name."""
    from genesis import Inbound

    done, counts = asyncio.Event(), Count()

    def take(event: Any) -> None:
        if counts.event(event.get("Event-Name") == "HEARTBEAT"):
            done.set()

    async with Inbound(HOST, port, PASSWORD) as events, Inbound(HOST, port, PASSWORD) as commands:
        events.on("*", take)
        await events.send(f"event plain {NAMES}")

        async def ask(command: str) -> None:
            await commands.send(f"api {command}")

        async def feed(number: int, rate: int) -> None:
            await events.send(f"api feed {number} {rate}")

        return await _measure(ask, feed, done, counts, count)


async def _measure(ask: Any, feed: Any, done: asyncio.Event, counts: Count, count: int) -> Figures:
    counts.start()
    await feed(count, 0)
    await done.wait()
    figures = counts.figures()
    figures["idle_ms"] = percentiles(await _round_trips(ask))
    done.clear()
    await feed(round(COMMANDS * PAUSE_S * 2 * RATE), RATE)
    figures["busy_ms"] = percentiles(await _round_trips(ask))
    return figures


async def _round_trips(ask: Any) -> list[float]:
    out: list[float] = []
    for _ in range(COMMANDS):
        with _timed(out):
            await ask("status")
        await asyncio.sleep(PAUSE_S)
    return out


@contextmanager
def _timed(out: list[float]) -> Iterator[None]:
    start_s = time.perf_counter()
    yield
    out.append(time.perf_counter() - start_s)


def greenswitch(port: int, count: int) -> Figures:
    """As its own documentation uses it, in the main thread: no thread of ours between."""
    import gevent
    from gevent.event import Event
    from greenswitch import InboundESL

    done, counts = Event(), Count()

    def take(event: Any) -> None:
        if counts.event(event.headers.get("Event-Name") == "HEARTBEAT"):
            done.set()

    def round_trips() -> list[float]:
        out: list[float] = []
        for _ in range(COMMANDS):
            with _timed(out):
                commands.send("api status")
            gevent.sleep(PAUSE_S)
        return out

    with InboundESL(HOST, port, PASSWORD) as events, InboundESL(HOST, port, PASSWORD) as commands:
        events.register_handle("*", take)
        events.send(f"event plain {NAMES}")
        counts.start()
        events.send(f"api feed {count} 0")
        done.wait()
        figures = counts.figures()
        figures["idle_ms"] = percentiles(round_trips())
        events.send(f"api feed {round(COMMANDS * PAUSE_S * 2 * RATE)} {RATE}")
        figures["busy_ms"] = percentiles(round_trips())
        print(json.dumps(figures), flush=True)
        for connection in (events, commands):
            connection.connected = False
            connection.sock.close()
            gevent.killall([connection._receive_events_greenlet, connection._process_events_greenlet])
    return figures


def main(client: str, port: int, count: int) -> None:
    """Measures and prints."""
    match client:
        case "native":
            print(json.dumps(asyncio.run(native(port, count))))
        case "genesis":
            print(json.dumps(asyncio.run(genesis(port, count))))
        case _:
            greenswitch(port, count)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
