"""Background jobs under way: who waits for which answer. A job's id is ours, so its end is known by its event alone."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count

from robot.errors import NotConnected


@dataclass(frozen=True, slots=True)
class Job:
    """One job; its id names it in the switch."""

    uuid: str
    _ends: asyncio.Future[str]
    _timeout_s: float

    async def result(self) -> str:
        """What it printed. Raises ``NotConnected`` when that cannot be known, or did not come in time."""
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._ends
        except TimeoutError as error:
            raise NotConnected(f"the switch did not end a background job within {self._timeout_s:g} s") from error


class Jobs:
    """The jobs of one client. Their number is bounded by that of the commands that may wait."""

    def __init__(self, timeout_s: float, chance: random.Random) -> None:
        self._timeout_s = timeout_s
        self._client = f"{chance.getrandbits(64):016x}"  # every client of a switch hears of all jobs
        self._numbers = count(1)
        self._under_way: dict[str, asyncio.Future[str]] = {}

    def __len__(self) -> int:
        return len(self._under_way)

    @contextmanager
    def new(self) -> Iterator[Job]:
        """A job to be sent inside the context."""
        uuid = f"job-{self._client}-{next(self._numbers)}"
        ends: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._under_way[uuid] = ends
        try:
            yield Job(uuid, ends, self._timeout_s)
        finally:
            del self._under_way[uuid]
            if ends.done() and not ends.cancelled():
                ends.exception()  # marks it as seen: nobody may have come to wait

    def done(self, uuid: str, body: str) -> None:
        """The switch told a job's end; of a job that is not ours, nothing is made."""
        ends = self._under_way.get(uuid)
        if ends is not None and not ends.done():
            ends.set_result(body)

    def fail(self, reason: str) -> None:
        """The events' connection is gone: no end will be told."""
        for ends in self._under_way.values():
            if not ends.done():
                ends.set_exception(NotConnected(reason))
