"""Who answers a call that comes in."""

from __future__ import annotations

from dataclasses import replace

import pytest

from robot.fsm.routing import Answer, Refuse, RoutingTable, route

TABLE = RoutingTable(
    numbers={"+33 1 23": "appointment_fr"},
    extensions={"100": "appointment_en"},
    unknown="",
    closed="",
    overload="",
    max_calls=2,
)


@pytest.mark.parametrize("dialled", ["+33123", "33123", "0033123", "+33 1 23"])
def test_a_number_in_any_form(dialled: str) -> None:
    assert route(TABLE, dialled, is_open=True, calls=0) == Answer("appointment_fr", "number")


def test_an_extension_has_no_hours() -> None:
    assert route(TABLE, "100", is_open=False, calls=0) == Answer("appointment_en", "extension")


@pytest.mark.parametrize(
    ("table", "dialled", "is_open", "calls", "expected"),
    [
        (TABLE, "999", True, 0, Refuse("UNALLOCATED_NUMBER", "unknown")),
        (replace(TABLE, unknown="other"), "999", True, 0, Answer("other", "unknown")),
        (TABLE, "+33123", False, 0, Refuse("CALL_REJECTED", "closed")),
        (replace(TABLE, closed="night"), "+33123", False, 0, Answer("night", "closed")),
        (TABLE, "+33123", True, 2, Refuse("NORMAL_CIRCUIT_CONGESTION", "overload")),
        (replace(TABLE, overload="busy"), "+33123", True, 2, Answer("busy", "overload")),
        (replace(TABLE, overload="busy"), "999", True, 2, Refuse("UNALLOCATED_NUMBER", "unknown")),
    ],
)
def test_the_rest(table: RoutingTable, dialled: str, is_open: bool, calls: int, expected: Answer | Refuse) -> None:
    assert route(table, dialled, is_open=is_open, calls=calls) == expected
