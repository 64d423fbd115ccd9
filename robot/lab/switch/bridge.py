"""Two channels that hear each other: ``uuid_bridge``, and the dialplan's ``bridge`` by ``uuid_transfer … inline``.

Each channel joins at a tick of its own: it leaves its application, and when both have, they are bridged. Whoever hangs
up takes the other along, as FreeSWITCH does with channels that have no dialplan to go back to.
"""

from __future__ import annotations

import asyncio

from robot.lab.switch.calls import Calls
from robot.lab.switch.channel_state import RunState
from robot.lab.switch.leg import Application, Leg
from robot.lab.switch.originate import OriginateRequest
from robot.lab.switch.playback import Execution
from services.audio import Pcm

INVALID = "-ERR Invalid uuid\n"


class Bridge:
    """The connection of ``first`` with ``second``."""

    def __init__(self, first: Leg, second: Leg) -> None:
        self.first, self.second = first, second
        self._joined: set[str] = set()
        self._sounds: dict[str, Pcm] = {}
        self._open = self._parted = False

    def other(self, leg: Leg) -> Leg:
        return self.second if leg is self.first else self.first

    def joins(self, leg: Leg) -> bool:
        """Whether ``leg`` has still to leave what it did."""
        return leg.uuid not in self._joined

    def join(self, leg: Leg, at_s: float) -> Execution:
        """``leg`` has left its application; gives the one that it runs from now on."""
        self._joined.add(leg.uuid)
        for state in (RunState.HIBERNATE, RunState.RESET, RunState.SOFT_EXECUTE):
            leg.enter(state, at_s=at_s)
        return Execution("uuid_bridge", self.other(leg).uuid, leg.core.new_uuid())

    def tick(self, leg: Leg, own: Execution, at_s: float) -> None:
        """Once both have joined they are connected, and told."""
        if self._open or len(self._joined) < 2 or leg is not self.first:
            return
        self._open = True
        if own.application == "uuid_bridge":
            leg.fire_execute(own, at_s=at_s)
            self.second.fire_execute(Execution("uuid_bridge", leg.uuid, leg.core.new_uuid()), at_s=at_s)
        leg.fire("CHANNEL_BRIDGE", self._headers(), at_s=at_s)
        self.second.enter(RunState.EXCHANGE_MEDIA, at_s=at_s)

    def hear(self, leg: Leg, received: Pcm) -> None:
        """What came in on ``leg``."""
        self._sounds[leg.uuid] = received

    def sound_for(self, leg: Leg) -> Pcm | None:
        """What goes out on ``leg``: what the other one sent last. None until they are connected."""
        return self._sounds.get(self.other(leg).uuid) if self._open else None

    def part(self, leg: Leg, at_s: float | None) -> None:
        """``leg`` has hung up: so does the other."""
        if self._parted:
            return
        self._parted = True
        if self._open:
            self.first.fire("CHANNEL_UNBRIDGE", self._headers(), at_s=at_s)
        self.other(leg).hang_up("NORMAL_CLEARING", at_s=at_s)

    def _headers(self) -> dict[str, str]:
        return {
            "Bridge-A-Unique-ID": self.first.uuid,
            "Bridge-B-Unique-ID": self.second.uuid,
            "Other-Type": "originatee",
            "Other-Leg-Unique-ID": self.second.uuid,
            "Other-Leg-Channel-Name": self.second.state.name,
        }


async def uuid_bridge(calls: Calls, argument: str) -> str:
    """``U OTHER``: both must be answered, and neither bridged."""
    uuid, _, other = argument.partition(" ")
    legs = [calls.legs.get(name) for name in (uuid, other.strip())]
    first, second = legs
    if first is None or second is None or first is second:
        return INVALID
    if any(leg.bridge is not None or leg.hung.is_set() or not leg.answered for leg in (first, second)):
        return INVALID
    first.bridge = second.bridge = Bridge(first, second)
    return f"+OK {second.uuid}\n"


async def _placed(leg: Leg) -> bool:
    return (await asyncio.shield(leg.outcome)).startswith("+OK")


async def bridge_out(calls: Calls, leg: Leg, dial_string: str) -> None:
    """The dialplan's ``bridge``: calls, connects when it is answered, and hangs up with the callee's cause if not."""
    variables = {"ignore_early_media": "true", "origination_caller_id_number": leg.state.caller_number}
    other = calls.originate(OriginateRequest(dial_string, Application("park"), variables))
    if isinstance(other, str):
        leg.hang_up(other)
        return
    async with asyncio.TaskGroup() as group:
        hung = group.create_task(leg.hung.wait(), name="caller hangs up")
        placed = group.create_task(_placed(other), name="callee answers")
        await asyncio.wait([hung, placed], return_when=asyncio.FIRST_COMPLETED)
        hung.cancel()
        placed.cancel()
    if leg.hung.is_set():
        other.hang_up("ORIGINATOR_CANCEL" if not other.answered else "NORMAL_CLEARING")
    elif other.hung.is_set():
        leg.hang_up(other.state.cause)
    else:
        leg.bridge = other.bridge = Bridge(leg, other)
