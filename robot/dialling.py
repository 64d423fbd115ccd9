"""The dial guard of a running robot: every call out passes here before anything is dialled.

Which numbers and how fast is decided by :mod:`robot.fsm.dial_guard`; this brings it the settings, the clock and the
counts. Calls at once and per second are counted in this process. Calls per day are counted in a small file, because
``allobot call`` is a process of its own each time: one byte is appended for each call, which the system does in one
piece for all processes, so that the length of the file is the count and nothing needs a lock.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Protocol, TypedDict
from urllib.parse import unquote

from robot.errors import ConfigError, DialRefused
from robot.fsm.dial_guard import NumberRules, Pace, PaceRules, Refusal, check_number
from robot.scenario.schema import Scenario
from robot.settings import Settings
from robot.targets import LAB, Target, parse_target

MIN_DIGITS = 7
"""as many in the user part of a dial string are a telephone number; fewer are an extension"""
_NOT_DIGITS = re.compile(r"[^0-9+]")
_LOCAL = ("lab/", "user/", "error/")
"""endpoints that reach nobody outside the switch"""


DIALLED_FOLDER = ".dialled"
"""in the folder of the records"""


class OutBy(TypedDict):
    """What the way out decides about a call's order."""

    dial_string: str
    caller_id_number: str
    caller_id_name: str
    ring_timeout_s: int | None


def out_by(target: Target) -> OutBy:
    """The dial string, and what the gateway says about callers and patience."""
    gateway = target.gateway
    return {
        "dial_string": target.dial_string,
        "caller_id_number": gateway.caller_id_number if gateway else "",
        "caller_id_name": gateway.caller_id_name if gateway else "",
        "ring_timeout_s": gateway.ring_timeout_s if gateway else None,
    }


class DayCount(Protocol):
    """How many calls were placed on a day. May be shared by several processes."""

    def add(self, day: str) -> int:
        """Counts one more; returns the count with it. Blocks. Raises ``ConfigError`` when it cannot be kept."""
        ...


class FileDayCount:
    """One file a day in ``folder``; its length is the count."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def add(self, day: str) -> int:
        """See :meth:`DayCount.add`."""
        path = self._folder / day
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
            try:
                os.write(descriptor, b".")
                return os.lseek(descriptor, 0, os.SEEK_CUR)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise ConfigError(f"guard: the day's calls cannot be counted in {path}: {error.strerror}") from error


class DialGuard:
    """One robot's guard."""

    def __init__(self, settings: Settings, count: DayCount, now: Callable[[], datetime]) -> None:
        guard = settings.guard
        self._enabled, self._per_day, self._switch = guard.enabled, guard.calls_per_day, settings.switch
        self._rules = NumberRules(
            guard.default_country,
            frozenset(guard.allowed_countries),
            guard.allowed_prefixes,
            guard.refused_prefixes,
            frozenset(guard.refused_kinds),
        )
        self._pace = Pace(PaceRules(guard.calls_per_second, settings.call.max_concurrent))
        self._count, self._now, self._stand_in = count, now, settings.lab.person

    def target(self, text: str) -> Target:
        """Where ``text`` leads. Raises ``ConfigError`` (what to write) and ``DialRefused`` (by which rule)."""
        if not self._enabled or text.startswith(LAB) or self._switch.kind == "embedded":
            return parse_target(text, self._switch)
        if "/" not in text:
            parse_target(text, self._switch)  # what cannot be dialled at all is told first
            return parse_target(text, self._switch, self._allowed(text))
        target = parse_target(text, self._switch)
        for number in _numbers_in(text):
            self._allowed(number)
        return target

    def people(self, scenario: Scenario) -> dict[str, str]:
        """Whom the scenario may hand a caller to → dial string. Raises as :meth:`target`.

        The embedded switch reaches no numbers: there a callee of the lab stands in for the person.
        """
        people = {transfer.to: transfer.to for transfer in scenario.transfers() if not transfer.extension}
        if self._switch.kind == "embedded":
            people = {to: to if to.startswith(LAB) else f"{LAB}{self._stand_in}" for to in people}
        return {to: self.target(text).dial_string for to, text in people.items()}

    @asynccontextmanager
    async def slot(self, target: Target) -> AsyncIterator[None]:
        """Counts a call for as long as the context lasts. Raises ``DialRefused``: too many.

        Callees of the lab, whom nobody pays for, count among the calls at once alone.
        """
        loop = asyncio.get_running_loop()
        outside = self._enabled and not target.dial_string.startswith(_LOCAL)
        if (refusal := self._pace.place(loop.time(), limited=outside)) is not None:
            raise DialRefused(refusal.rule, refusal.why)
        try:
            if outside:
                count = await loop.run_in_executor(None, self._count.add, f"{self._now():%Y-%m-%d}")
                if count > self._per_day:
                    raise DialRefused("guard.calls_per_day", f"{self._per_day} calls were placed today")
            yield
        finally:
            self._pace.end()

    def _allowed(self, number: str) -> str:
        """The number in E.164. Raises ``DialRefused``."""
        found = check_number(number, self._rules)
        if isinstance(found, Refusal):
            raise DialRefused(found.rule, f"{number} {found.why}; for a softphone write user/EXTENSION")
        return found.e164


def _numbers_in(dial_string: str) -> Iterable[str]:
    """The telephone number that a dial string leads to, as the guard is to read it; none for an extension.

    What is behind a gateway is always one, however short: 112 and premium short codes are dialled so.
    """
    if dial_string.startswith(_LOCAL):
        return []
    parts = unquote(dial_string).split("/")[1:]
    users = [part.removeprefix("sip:").partition("@")[0].partition(";")[0] for part in parts]
    if dial_string.startswith("sofia/gateway/"):
        return users[-1:]
    digits = [_NOT_DIGITS.sub("", user) for user in users]
    return [number for number in digits if len(number) >= MIN_DIGITS]
