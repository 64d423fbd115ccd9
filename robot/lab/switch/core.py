"""The switch's core: its 20 ms clock, its identity, and the stamp that every event carries.

FreeSWITCH dates events by a clock that advances in 20 ms steps, the same steps at which channels read and write audio.
All media loops here run on that one grid, so that differences between event dates are exact to the tick.
"""

from __future__ import annotations

import asyncio
import math
import random
import re
import time
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from robot.protocol.esl import Event

TICK_S = 0.02
HEADER_NAME = re.compile(r"[\w.\-]+")
"""what a client may call a variable or a tag: anything else would not come back as a header"""
HOSTNAME = "allobot-lab"
VERSION = "1.10.12-allobot-lab"
_US = 1_000_000


def system_wall_us() -> int:
    """Microseconds since 1970 by this machine's clock."""
    return time.time_ns() // 1000


class CoreClock:
    """The 20 ms grid on ``loop.time()``, and the wall clock on it.

    The wall clock is read once: dates then advance with the loop, so that they never jump back and follow virtual time.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, wall_us: Callable[[], int]) -> None:
        self._loop = loop
        self._origin_s = loop.time()
        self._origin_us = wall_us()

    def now_s(self) -> float:
        """``loop.time()``."""
        return self._loop.time()

    def uptime_us(self) -> int:
        """Microseconds since the switch started."""
        return round((self._loop.time() - self._origin_s) * _US)

    def tick_s(self) -> float:
        """The last tick at or before now, as ``loop.time()``."""
        return self._origin_s + math.floor((self._loop.time() - self._origin_s) / TICK_S + 1e-6) * TICK_S

    def next_tick_s(self) -> float:
        """The first tick strictly after now, as ``loop.time()``."""
        return self.tick_s() + TICK_S

    def tick_at_or_after(self, at_s: float) -> float:
        """The first tick that is not before ``at_s``, as ``loop.time()``."""
        return self._origin_s + math.ceil((at_s - self._origin_s) / TICK_S - 1e-6) * TICK_S

    def date_us(self, at_s: float | None = None) -> int:
        """The date of ``at_s`` (by default: of the last tick), microseconds since 1970."""
        moment = self.tick_s() if at_s is None else at_s
        return self._origin_us + round((moment - self._origin_s) * _US)


def number(text: str) -> int | None:
    """A number as clients write it, up to nine digits; None for anything else."""
    text = text.strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


def stamp(date_us: int) -> str:
    """``2026-11-20 04:20:15``, in UTC: the switch has no local time."""
    return datetime.fromtimestamp(date_us / _US, UTC).strftime("%Y-%m-%d %H:%M:%S")


class Core:
    """Makes the events. ``seed`` decides every identifier, so that two runs with one seed give the same events."""

    def __init__(self, clock: CoreClock, seed: int) -> None:
        self.clock = clock
        self.random = random.Random(seed)
        self.uuid = self.new_uuid()
        self._sequence = 0
        self._listeners: list[Callable[[Event], None]] = []

    def new_uuid(self) -> str:
        """A random UUID from the seed."""
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def listen(self, listener: Callable[[Event], None]) -> None:
        """``listener`` gets every event from now on."""
        self._listeners.append(listener)

    def fire(self, name: str, headers: Mapping[str, str], *, body: str = "", at_s: float | None = None) -> None:
        """Makes an event and gives it to all listeners."""
        event = self.make(name, headers, body=body, at_s=at_s)
        for listener in self._listeners:
            listener(event)

    def make(self, name: str, headers: Mapping[str, str], *, body: str = "", at_s: float | None = None) -> Event:
        """An event that nobody gets yet. The name ``CUSTOM x::y`` is a CUSTOM event of that subclass.

        ``headers`` come after the event's own, and replace none of them.
        """
        self._sequence += 1
        date_us = self.clock.date_us(at_s)
        name, _, subclass = name.partition(" ")
        own = {
            **({"Event-Subclass": subclass} if subclass else {}),
            "Event-Name": name,
            "Core-UUID": self.uuid,
            "FreeSWITCH-Hostname": HOSTNAME,
            "FreeSWITCH-Switchname": HOSTNAME,
            "FreeSWITCH-IPv4": "127.0.0.1",
            "FreeSWITCH-IPv6": "::1",
            "Event-Date-Local": stamp(date_us),
            "Event-Date-GMT": datetime.fromtimestamp(date_us / _US, UTC).strftime("%a, %d %b %Y %H:%M:%S GMT"),
            "Event-Date-Timestamp": str(date_us),
            "Event-Sequence": str(self._sequence),
        }
        return Event({**own, **headers, **own}, body)
