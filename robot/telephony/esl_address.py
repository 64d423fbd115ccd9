"""Where a switch's event socket is, and how patient its clients are with it."""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EslAddress:
    """An event socket. The password is never shown."""

    host: str
    port: int
    password: str
    connect_timeout_s: float
    command_timeout_s: float
    event_queue: int
    """events of one call that may wait unread"""
    reconnect_min_s: float
    """the pause before the first attempt to reconnect; it doubles with each attempt …"""
    reconnect_max_s: float
    """… up to this"""
    lost_call_after_s: float
    """how long calls live, and commands wait, without a connection"""
    keepalive_s: float
    """a connection silent for this long is asked whether it is there"""

    def __repr__(self) -> str:
        return f"EslAddress({self.host}:{self.port})"


def backoff_s(address: EslAddress, attempt: int, chance: random.Random) -> float:
    """The pause before reconnection ``attempt`` (from 0): half of it certain, half of it by chance.

    Doubling spares a switch that starts; chance keeps many robots from knocking at the same moment.
    """
    ceiling_s = min(address.reconnect_max_s, address.reconnect_min_s * 2.0 ** min(attempt, 30))
    return ceiling_s / 2 + chance.uniform(0, ceiling_s / 2)
