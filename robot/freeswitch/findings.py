"""One thing looked at, how it is, and what to do about it. What a doctor says, in data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "warning", "problem"]


@dataclass(frozen=True, slots=True)
class Finding:
    """A line of a check."""

    what: str
    state: State
    found: str
    todo: str = ""
