"""When calls are taken: business hours by weekday, in a time zone, without holidays. Pure: the moment comes in.

Hours are written as people do: ``{mon: ["09:00-12:30", "14:00-18:00"], sat: ["09:00-12:00"]}``; a day that is not named
is closed, and no hours at all means always open.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from robot.errors import ConfigError

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SPAN = re.compile(r"([01]\d|2[0-4]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")
_MINUTES_A_DAY = 24 * 60


@dataclass(frozen=True, slots=True)
class OpeningHours:
    """Made by :func:`opening_hours`."""

    spans: Mapping[int, tuple[tuple[int, int], ...]]
    """weekday, 0 is Monday → (first minute, minute after the last), of the local day"""
    zone: ZoneInfo
    holiday: Callable[[date], bool]

    def open_at(self, moment: datetime) -> bool:
        """Whether calls are taken at ``moment``, which must know its time zone."""
        if not self.spans:
            return True
        local = moment.astimezone(self.zone)
        if self.holiday(local.date()):
            return False
        minute = _minutes(local.time())
        return any(first <= minute < end for first, end in self.spans.get(local.weekday(), ()))


def opening_hours(
    hours: Mapping[str, Sequence[str]], zone: str, holiday: Callable[[date], bool] = lambda day: False
) -> OpeningHours:
    """Reads the hours. Raises ``ConfigError`` naming the day and what is wrong with it, or the time zone."""
    try:
        where = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ConfigError(f"inbound.timezone: {zone!r} is not a time zone; write e.g. Europe/Paris") from error
    spans: dict[int, tuple[tuple[int, int], ...]] = {}
    for day, written in hours.items():
        if day not in DAYS:
            raise ConfigError(f"inbound.hours.{day}: not a day; valid: {', '.join(DAYS)}")
        spans[DAYS.index(day)] = tuple(_span(day, text) for text in written)
    return OpeningHours(spans, where, holiday)


def _span(day: str, text: str) -> tuple[int, int]:
    match = _SPAN.fullmatch(text.replace(" ", ""))
    if match is None:
        raise ConfigError(f"inbound.hours.{day}: {text!r} is not a span of time; write e.g. 09:00-12:30")
    first, end = int(match[1]) * 60 + int(match[2]), int(match[3]) * 60 + int(match[4])
    if not first < end <= _MINUTES_A_DAY:
        raise ConfigError(f"inbound.hours.{day}: {text!r} does not end after it begins, within the day")
    return first, end


def _minutes(at: time) -> int:
    return at.hour * 60 + at.minute
