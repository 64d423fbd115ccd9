"""How fast a peer may send: a bucket of bytes that fills at a steady rate. Pure: time comes in as a value.

A switch that was not read for a while sends its whole backlog at once, and that is right; a peer that goes on sending
faster than any audio is not a switch.
"""

from __future__ import annotations


class Allowance:
    """``burst`` bytes at once, and ``rate`` bytes per second for as long as it lasts."""

    def __init__(self, rate: float, burst: float, now_s: float) -> None:
        self._rate, self._burst = rate, burst
        self._left, self._at_s = burst, now_s

    def take(self, size: int, now_s: float) -> bool:
        """Whether ``size`` more bytes are allowed at ``now_s``; refused bytes are not counted."""
        left = min(self._burst, self._left + (now_s - self._at_s) * self._rate)
        self._at_s = now_s
        self._left = left - size if size <= left else left
        return size <= left
