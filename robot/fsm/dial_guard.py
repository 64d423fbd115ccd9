"""What may be dialled, and how fast. Pure: numbers, counts and times come in, an answer comes out.

A robot that dials a wrong number does it a thousand times, so everything is refused that is not plainly allowed: a
number must be valid for its country, in an allowed country, under an allowed prefix, and of a kind that costs what a
call costs. Emergency and other short numbers are never valid in this sense. Countries, validity and kinds are those of
Google's libphonenumber.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass, field
from typing import Literal

import phonenumbers
from phonenumbers import PhoneNumberType

NumberKind = Literal["premium_rate", "shared_cost", "personal_number", "pager", "uan", "voicemail", "toll_free", "voip"]
_KINDS: dict[int, NumberKind] = {
    PhoneNumberType.PREMIUM_RATE: "premium_rate",
    PhoneNumberType.SHARED_COST: "shared_cost",
    PhoneNumberType.PERSONAL_NUMBER: "personal_number",
    PhoneNumberType.PAGER: "pager",
    PhoneNumberType.UAN: "uan",
    PhoneNumberType.VOICEMAIL: "voicemail",
    PhoneNumberType.TOLL_FREE: "toll_free",
    PhoneNumberType.VOIP: "voip",
}
_WRITTEN = re.compile(r"\+?[0-9]{2,20}")
_SEPARATORS = re.compile(r"[ ().\-\u00a0]")
WINDOW_S = 1.0


@dataclass(frozen=True, slots=True)
class NumberRules:
    """Which numbers may be called."""

    default_country: str
    """ISO 3166 code of the country of numbers without ``+``"""
    allowed_countries: frozenset[str]
    """empty: all"""
    allowed_prefixes: tuple[str, ...] = ()
    """in E.164; empty: all"""
    refused_prefixes: tuple[str, ...] = ()
    refused_kinds: frozenset[NumberKind] = frozenset()


@dataclass(frozen=True, slots=True)
class PaceRules:
    """How many calls may be placed."""

    per_second: int
    at_once: int


@dataclass(frozen=True, slots=True)
class Allowed:
    """A number that may be called."""

    e164: str
    """e.g. ``+33123456789``"""
    country: str
    """ISO 3166 code"""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a call may not be placed."""

    rule: str
    """the setting that refuses"""
    why: str
    """in words that do not repeat the number"""


def check_number(written: str, rules: NumberRules) -> Allowed | Refusal:
    """The number as it is to be dialled, or the first rule that it breaks. Never raises, whatever the text is."""
    digits = _SEPARATORS.sub("", written)
    number = _parsed(digits, rules.default_country)
    if number is None or not phonenumbers.is_valid_number(number):
        return Refusal("guard.default_country", f"is no valid number, read as one of {rules.default_country}")
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    country = phonenumbers.region_code_for_number(number) or ""
    kind = _KINDS.get(phonenumbers.number_type(number))
    if (hit := _longest(rules.refused_prefixes, e164)) is not None:
        return Refusal("guard.refused_prefixes", f"begins with {hit}, which is refused")
    if kind in rules.refused_kinds:
        return Refusal("guard.refused_kinds", f"is a {kind} number, which is refused")
    if rules.allowed_countries and country not in rules.allowed_countries:
        known = ", ".join(sorted(rules.allowed_countries))
        return Refusal("guard.allowed_countries", f"is a number of {country or 'no country'}; allowed: {known}")
    if rules.allowed_prefixes and _longest(rules.allowed_prefixes, e164) is None:
        return Refusal("guard.allowed_prefixes", f"begins with none of {', '.join(rules.allowed_prefixes)}")
    return Allowed(e164, country)


@dataclass(slots=True)
class Pace:
    """The calls of one robot: those up now, and the moments of those placed in the last second."""

    rules: PaceRules
    up: int = 0
    _placed: deque[float] = field(default_factory=deque)

    def place(self, now_s: float, *, limited: bool = True) -> Refusal | None:
        """Counts a call placed at ``now_s``, or says why not; then nothing is counted.

        A call that is not ``limited`` (nobody is dialled) counts among those at once alone.
        """
        rules, placed = self.rules, self._placed
        if self.up >= rules.at_once:
            return Refusal("call.max_concurrent", f"{self.up} calls are up, which is the limit")
        if limited:
            while placed and placed[0] <= now_s - WINDOW_S:
                placed.popleft()
            if len(placed) >= rules.per_second:
                return Refusal("guard.calls_per_second", f"{len(placed)} calls were placed in the last second")
            placed.append(now_s)
        self.up += 1
        return None

    def end(self) -> None:
        """One call is over."""
        self.up -= 1


def _parsed(digits: str, country: str) -> phonenumbers.PhoneNumber | None:
    if not _WRITTEN.fullmatch(digits):
        return None
    try:
        return phonenumbers.parse(digits, country)
    except phonenumbers.NumberParseException:
        return None


def _longest(prefixes: tuple[str, ...], e164: str) -> str | None:
    return max((prefix for prefix in prefixes if e164.startswith(prefix)), key=len, default=None)
