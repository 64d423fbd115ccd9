"""Calls that come in, on their way from the event socket to whoever answers them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from robot.protocol.esl import Event
from robot.telephony.switch import Incoming

LIMIT = 100
"""calls that came in and nobody has looked at"""
_VARIABLE = "variable_"


class IncomingCalls:
    """A bounded queue. Nothing is taken before somebody reads."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Incoming] = asyncio.Queue(LIMIT)
        self.wanted = False

    async def read(self) -> AsyncIterator[Incoming]:
        """Every call from now on."""
        self.wanted = True
        try:
            while True:
                yield await self._queue.get()
        finally:
            self.wanted = False

    def put(self, call: Incoming) -> bool:
        """False when there is no room."""
        if self._queue.full():
            return False
        self._queue.put_nowait(call)
        return True


def incoming_of(event: Event) -> Incoming | None:
    """The call that a CHANNEL_PARK tells of, when it came in; None for one that was placed."""
    if event.name != "CHANNEL_PARK" or event.get("Call-Direction") != "inbound":
        return None
    variables = {
        name.removeprefix(_VARIABLE): value for name, value in event.headers.items() if name.startswith(_VARIABLE)
    }
    return Incoming(
        event.uuid,
        event.get("Caller-Destination-Number"),
        event.get("Caller-Caller-ID-Number"),
        event.at_us,
        variables,
    )
