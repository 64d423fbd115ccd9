"""The bounded queue between the switch's connection and one call."""

from __future__ import annotations

import asyncio
from collections import deque

from robot.events import CallEvent, HungUp


class CallEvents:
    """An async iterator of one call's events that ends after ``HungUp``.

    When ``limit`` events wait unread, the queue takes no more: the call ends with ``SWITCH_LOST`` after those it has,
    because a history with a hole would be worse.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._waiting: deque[CallEvent] = deque()
        self._wake = asyncio.Event()
        self._closed = False
        self.overflowed = False

    def put(self, event: CallEvent) -> None:
        """Adds an event; after ``HungUp`` nothing is taken any more."""
        if self._closed:
            return
        if len(self._waiting) >= self._limit and not isinstance(event, HungUp):
            self.overflowed = True
            event = HungUp(event.at_us, "SWITCH_LOST")
        self._closed = isinstance(event, HungUp)
        self._waiting.append(event)
        self._wake.set()

    def __aiter__(self) -> CallEvents:
        return self

    async def __anext__(self) -> CallEvent:
        while not self._waiting:
            if self._closed:
                raise StopAsyncIteration
            self._wake.clear()
            await self._wake.wait()
        return self._waiting.popleft()
