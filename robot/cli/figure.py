"""One measure over many cases, as the benches print it."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One measure over all calls, in ms."""

    n: int
    minimum: float
    p50: float
    p95: float
    maximum: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Figure | None:
        """None when there is nothing to measure."""
        if not values:
            return None
        ordered = sorted(values)
        p95 = ordered[min(len(ordered) - 1, round(0.95 * (len(ordered) - 1)))]
        return cls(len(ordered), ordered[0], statistics.median(ordered), p95, ordered[-1])
