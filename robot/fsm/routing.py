"""Which dialogue answers a call that comes in. Pure: table, hour and load come in; a scenario or a refusal goes out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Answer:
    """Answer with this scenario."""

    scenario: str
    reason: str
    """number, extension, unknown, closed or overload"""


@dataclass(frozen=True, slots=True)
class Refuse:
    """Do not answer; hang up with ``cause``."""

    cause: str
    reason: str


@dataclass(frozen=True, slots=True)
class RoutingTable:
    """The ``inbound`` section of the settings. An empty scenario name means refusal."""

    numbers: Mapping[str, str]
    extensions: Mapping[str, str]
    unknown: str
    closed: str
    overload: str
    max_calls: int


def route(table: RoutingTable, dialled: str, *, is_open: bool, calls: int) -> Answer | Refuse:
    """``dialled`` number or extension → who answers, with ``calls`` calls up already.

    Numbers are compared without their plus sign and spaces, so that +33 1 23 and 33123 are one.
    """
    scenario, kind = _find(table, dialled)
    if not scenario:
        return Refuse("UNALLOCATED_NUMBER", "unknown")
    if calls >= table.max_calls:
        return Answer(table.overload, "overload") if table.overload else Refuse("NORMAL_CIRCUIT_CONGESTION", "overload")
    if not is_open and kind != "extension":
        return Answer(table.closed, "closed") if table.closed else Refuse("CALL_REJECTED", "closed")
    return Answer(scenario, kind)


def _find(table: RoutingTable, dialled: str) -> tuple[str, str]:
    if dialled in table.extensions:
        return table.extensions[dialled], "extension"
    numbers = {_bare(number): scenario for number, scenario in table.numbers.items()}
    if _bare(dialled) in numbers:
        return numbers[_bare(dialled)], "number"
    return table.unknown, "unknown"


def _bare(number: str) -> str:
    return "".join(number.split()).removeprefix("+").removeprefix("00")
