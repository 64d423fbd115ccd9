"""``show channels``: the core's own database of channels, which trails them by a fifth of a second.

It is written by a thread that gathers changes: a new call is not in it at once, and one that ended stays a while.
Whoever wants to know whether a channel lives asks ``uuid_exists``.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from robot.lab.switch.core import HOSTNAME, CoreClock, stamp
from robot.lab.switch.leg import Leg
from robot.protocol.esl import Event

LAG_S = 0.2
"""100 to 200 ms were measured for a new channel, 170 to 180 ms for one that ended"""
_CHANGES = frozenset(
    {"CHANNEL_CREATE", "CHANNEL_STATE", "CHANNEL_CALLSTATE", "CHANNEL_EXECUTE", "CHANNEL_EXECUTE_COMPLETE"}
)
Row = dict[str, str]


class Listing:
    """The rows as they were :data:`LAG_S` ago."""

    def __init__(self, clock: CoreClock, legs: Mapping[str, Leg]) -> None:
        self._clock, self._legs = clock, legs
        self._rows: dict[str, Row] = {}
        self._coming: deque[tuple[float, str, Row | None]] = deque()

    def note(self, event: Event) -> None:
        """Takes what an event changes."""
        self._settle()
        leg = self._legs.get(event.uuid)
        if event.name == "CHANNEL_DESTROY":
            self._coming.append((self._clock.now_s(), event.uuid, None))
        elif leg is not None and event.name in _CHANGES and event.get("Channel-State") != "CS_DESTROY":
            self._coming.append((self._clock.now_s(), event.uuid, channel_row(leg)))

    def rows(self) -> list[Row]:
        """One for each channel that is listed."""
        self._settle()
        return list(self._rows.values())

    def _settle(self) -> None:
        until_s = self._clock.now_s() - LAG_S
        while self._coming and self._coming[0][0] <= until_s:
            _, uuid, row = self._coming.popleft()
            if row is None:
                self._rows.pop(uuid, None)
            else:
                self._rows[uuid] = row


def channel_row(leg: Leg) -> dict[str, str]:
    """A channel as a row of ``show channels``."""
    state = leg.state
    created_us = state.times.created
    codec = {"codec": "PCMA", "rate": "8000", "bit_rate": "64000"} if state.has_media else {}
    return {
        "uuid": leg.uuid,
        "direction": state.direction,
        "created": stamp(created_us),
        "created_epoch": str(created_us // 1_000_000),
        "name": state.name,
        "state": state.run_state.value[0],
        "cid_name": state.caller_name,
        "cid_num": state.caller_number,
        "ip_addr": "127.0.0.1" if state.has_network else "",
        "dest": state.destination,
        "application": state.application,
        "application_data": state.application_data,
        "dialplan": "",
        "context": "default",
        **{
            f"{side}_{name}": codec.get(name, "")
            for side in ("read", "write")
            for name in ("codec", "rate", "bit_rate")
        },
        "secure": "",
        "hostname": HOSTNAME,
        "presence_id": "",
        "presence_data": "",
        "accountcode": "",
        "callstate": state.call_state.name,
        "callee_name": "Outbound Call",
        "callee_num": state.destination,
        "callee_direction": "",
        "call_uuid": leg.uuid,
        "sent_callee_name": "",
        "sent_callee_num": "",
        "initial_cid_name": state.caller_name,
        "initial_cid_num": state.caller_number,
        "initial_ip_addr": "",
        "initial_dest": state.destination,
        "initial_dialplan": "",
        "initial_context": "default",
    }
