"""Business hours."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from robot.errors import ConfigError
from robot.fsm.opening import opening_hours

WEEK = {"mon": ["09:00-12:30", "14:00-18:00"], "sat": ["00:00-24:00"]}


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        (datetime(2026, 1, 5, 7, 59, tzinfo=UTC), False),
        (datetime(2026, 1, 5, 8, 0, tzinfo=UTC), True),
        (datetime(2026, 1, 5, 11, 29, 59, tzinfo=UTC), True),
        (datetime(2026, 1, 5, 11, 30, tzinfo=UTC), False),
        (datetime(2026, 1, 5, 13, 0, tzinfo=UTC), True),
        (datetime(2026, 7, 6, 7, 0, tzinfo=UTC), True),  # summer time: 9:00 in Paris
        (datetime(2026, 7, 6, 16, 0, tzinfo=UTC), False),
        (datetime(2026, 1, 6, 10, 0, tzinfo=UTC), False),
        (datetime(2026, 1, 9, 23, 30, tzinfo=UTC), True),  # Saturday in Paris already
        (datetime(2026, 1, 10, 23, 0, tzinfo=UTC), False),
    ],
)
def test_hours_are_local(moment: datetime, is_open: bool) -> None:
    assert opening_hours(WEEK, "Europe/Paris").open_at(moment) is is_open


def test_no_hours_is_always_open() -> None:
    assert opening_hours({}, "Europe/Paris", lambda day: True).open_at(datetime(2026, 1, 1, tzinfo=UTC))


def test_holidays_are_closed() -> None:
    hours = opening_hours(WEEK, "Europe/Paris", lambda day: day == date(2026, 1, 5))
    assert not hours.open_at(datetime(2026, 1, 5, 9, 0, tzinfo=UTC))


@pytest.mark.parametrize(
    ("hours", "zone", "said"),
    [
        ({"lundi": []}, "Europe/Paris", "inbound.hours.lundi: not a day; valid: mon"),
        ({"mon": ["9-12"]}, "Europe/Paris", "'9-12' is not a span"),
        ({"mon": ["12:00-09:00"]}, "Europe/Paris", "does not end after it begins"),
        ({"mon": ["20:00-24:30"]}, "Europe/Paris", "does not end after it begins"),
        ({}, "Paris", "not a time zone"),
        ({}, "../etc/passwd", "not a time zone"),
    ],
)
def test_what_cannot_be_read_is_said(hours: dict[str, list[str]], zone: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        opening_hours(hours, zone)
    assert said in str(caught.value)
