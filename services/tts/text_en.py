"""English as it is written → English as it is said, for a synthesiser that reads digits and abbreviations badly.

A list of rules applied in order, each a pattern and a function of its match: telephone numbers, hours, dates and prices
before bare numbers, since all of them hold digits. Dates with slashes are read month first, as in the United States.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import cast

from num2words import num2words

_Rule = tuple[re.Pattern[str], Callable[[re.Match[str]], str]]

_MONTHS = [
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
]  # fmt: skip
_MONTH = "|".join([*_MONTHS, *(f"{month[:3]}\\.?" for month in _MONTHS), "Sept\\.?"])
_TITLES = {
    "Mr": "mister", "Mrs": "missus", "Ms": "miz", "Dr": "doctor", "Prof": "professor", "St": "saint", "Mt": "mount",
    "Rev": "reverend", "Capt": "captain",
}  # fmt: skip
"""before a capital; after a name "Dr." and "St." are a drive and a street"""
_STREETS = {
    "St": "street",
    "Dr": "drive",
    "Ave": "avenue",
    "Rd": "road",
    "Blvd": "boulevard",
    "Ln": "lane",
    "Hwy": "highway",
}
_SHORT = {
    "e.g.": "for example", "i.e.": "that is", "etc.": "et cetera", "vs.": "versus", "approx.": "approximately",
    "Apt.": "apartment", "apt.": "apartment", "Inc.": "incorporated", "Ltd.": "limited", "dept.": "department",
    "ASAP": "as soon as possible",
    "a.m.": "a m", "p.m.": "p m", "max.": "maximum", "min.": "minimum", "w/": "with",
}  # fmt: skip
_UNITS = {
    "mph": "miles per hour", "km/h": "kilometers per hour", "km": "kilometers", "cm": "centimeters",
    "mm": "millimeters", "kg": "kilograms", "lbs": "pounds", "lb": "pounds", "oz": "ounces", "ft": "feet",
    "mi": "miles", "min": "minutes", "mins": "minutes", "hrs": "hours", "hr": "hours",
    "GB": "gigabytes", "MB": "megabytes", "°F": "degrees",
    "°C": "degrees", "°": "degrees", "%": "percent",
}  # fmt: skip
_CURRENCIES = {"$": ("dollar", "dollars", "cent"), "£": ("pound", "pounds", "pence"), "€": ("euro", "euros", "cent")}
_FRACTIONS = {"1/2": "one half", "1/3": "one third", "2/3": "two thirds", "1/4": "one quarter", "3/4": "three quarters"}
_GROUPED = r"(?:\d{1,3}(?:,\d{3}){1,4}(?!\d)|\d+)"
"""a whole number, its thousands perhaps apart: 1250 or 1,250"""
MAX_CARDINAL_DIGITS = 6
"""a longer run of digits is a reference, said digit by digit"""


def cardinal(value: int) -> str:
    """A whole number in words."""
    return cast(str, num2words(value, lang="en")).replace(",", "")


def ordinal(value: int) -> str:
    """A rank in words: 21 → twenty-first."""
    return cast(str, num2words(value, lang="en", to="ordinal"))


def year(value: int) -> str:
    """A year in words: 1998 → nineteen ninety-eight."""
    return cast(str, num2words(value, lang="en", to="year"))


def _whole(digits: str) -> int:
    return int(digits.replace(",", ""))


def _digits(text: str) -> str:
    return " ".join(cardinal(int(digit)) for digit in text if digit.isdigit())


def _telephone(match: re.Match[str]) -> str:
    """Digit by digit, a breath between the groups as they were written."""
    groups = [_digits(group) for group in re.findall(r"\d+", match[0])]
    return ("plus " if match[0].startswith("+") else "") + ", ".join(groups)


def _hour(match: re.Match[str]) -> str:
    hours, minutes, half = int(match["h"]), int(match["m"] or 0), (match["ap"] or "").lower()
    said = [cardinal(hours)]
    if minutes:
        said.append(f"oh {cardinal(minutes)}" if minutes < 10 else cardinal(minutes))
    elif not half:
        said.append("o'clock" if 0 < hours <= 12 else "hundred hours")
    return " ".join([*said, *([f"{half} m"] if half else [])])


def _date(match: re.Match[str]) -> str:
    month, day = int(match["mo"]), int(match["d"])
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return match[0]
    said = f"{_MONTHS[month - 1]} {ordinal(day)}"
    return f"{said}, {year(int(match['y']) + (2000 if len(match['y']) == 2 else 0))}" if match["y"] else said


def _month_and_day(match: re.Match[str]) -> str:
    name = next((month for month in _MONTHS if month.startswith(match["mo"][:3])), match["mo"])
    said = f"{name} {ordinal(int(match['d']))}"
    return f"{said}, {year(int(match['y']))}" if match["y"] else said


def _money(match: re.Match[str]) -> str:
    one, many, small = _CURRENCIES[match["cur"]]
    units, cents = _whole(match["n"]), int((match["c"] or "0").ljust(2, "0"))
    if match["big"]:
        tail = f" point {_digits(match['c'])}" if match["c"] else ""
        return f"{cardinal(units)}{tail} {match['big']} {many}"
    cents_said = f"{cardinal(cents)} {small}{'s' if small == 'cent' and cents > 1 else ''}"
    if not units and cents:
        return cents_said
    said = f"{cardinal(units)} {one if units == 1 else many}"
    return f"{said} and {cents_said}" if cents else said


def _decimal(match: re.Match[str]) -> str:
    return f"{cardinal(_whole(match['n']))} point {_digits(match['f'])}"


def _number(match: re.Match[str]) -> str:
    digits = match[0]
    if digits.isdigit() and (len(digits) > MAX_CARDINAL_DIGITS or (digits[0] == "0" and len(digits) > 1)):
        return _digits(digits)
    return year(int(digits)) if re.fullmatch(r"1[1-9]\d\d|20\d\d", digits) else cardinal(_whole(digits))


def _address(match: re.Match[str]) -> str:
    text = re.sub(r"^https?://", "", match[0])
    for mark, word in (("@", "at"), (".", "dot"), ("-", "dash"), ("_", "underscore"), ("/", "slash")):
        text = text.replace(mark, f" {word} ")
    return text


def _any_of(words: Mapping[str, object]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


_RULES: tuple[_Rule, ...] = (
    (re.compile(r"\d{16,}"), lambda m: _digits(m[0])),
    (re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+|(?:https?://|www\.)[\w-]+(?:\.[\w-]+)+(?:/[\w/-]*)?"), _address),
    (
        re.compile(rf"(?<=[a-z]) ({_any_of(_STREETS)})\b\.?(?! [A-Z][a-z]+ [A-Z])(?=\W|$)"),
        lambda m: f" {_STREETS[m[1]]}",
    ),
    (re.compile(rf"(?<![\w.])({_any_of(_TITLES)})\b\.? (?=[A-Z]|and )"), lambda m: f"{_TITLES[m[1]]} "),
    (re.compile(r"(?:\+\d{1,3}[ .-]?)?(?<!\d)\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}(?!\d)"), _telephone),
    (re.compile(r"\+\d{1,3}(?:[ .-]?\d){7,11}(?!\d)"), _telephone),
    (re.compile(r"(?<![\d-])(?:0\d{2,4}[ -]\d{3,4}[ -]?\d{3,4}|\d{3}-\d{4})(?![\d-])"), _telephone),
    (re.compile(r"\b24/7\b"), lambda _: "twenty-four seven"),
    (re.compile(r"(?:(?<=\d)|(?<=[ap]m)) ?[-–] ?(?=\d{1,2}(?::\d\d)? ?[ap]\.?m\b)", re.IGNORECASE), lambda _: " to "),
    (re.compile(r"(?<![\d:.,])(?P<h>\d{1,2})(?::(?P<m>[0-5]\d))? ?(?P<ap>[ap])\.?m\b\.?", re.IGNORECASE), _hour),
    (re.compile(r"(?<![\d:])(?P<h>[01]?\d|2[0-3]):(?P<m>[0-5]\d)(?P<ap>)(?![\d:])"), _hour),
    (re.compile(rf"(?<!\w)({_any_of(_SHORT)})(?!\w)"), lambda m: _SHORT[m[1]]),
    (re.compile(rf"(?<![\d/])({_any_of(_FRACTIONS)})(?![\d/])"), lambda m: _FRACTIONS[m[1]]),
    (re.compile(r"(?<![\d/])(?P<mo>\d{1,2})/(?P<d>\d{1,2})(?:/(?P<y>\d{4}|\d{2}))?(?![\d/])"), _date),
    (re.compile(r"(?<!\d)(?P<y>\d{4})-(?P<mo>\d{2})-(?P<d>\d{2})(?!\d)"), _date),
    (
        re.compile(rf"\b(?P<mo>{_MONTH}) (?P<d>\d{{1,2}})(?:st|nd|rd|th)?\b(?!:)(?:,? (?P<y>\d{{4}})\b)?"),
        _month_and_day,
    ),
    (
        re.compile(
            rf"(?P<cur>[$£€])(?P<n>{_GROUPED})(?:\.(?P<c>\d{{1,2}})(?!\d))?(?: (?P<big>[mb]illion|thousand)\b)?"
        ),
        _money,
    ),
    (re.compile(rf"(?P<n>{_GROUPED})(?:\.(?P<c>\d{{1,2}}))? ?(?P<cur>[$£€])(?P<big>)"), _money),
    (re.compile(r"\b(\d+)(?:st|nd|rd|th)\b"), lambda m: ordinal(int(m[1]))),
    (re.compile(r"\b[Nn]o\. ?(?=\d)|#(?=\d)"), lambda _: "number "),
    (re.compile(rf"(?<=\d) ?({_any_of(_UNITS)})(?!\w)"), lambda m: f" {_UNITS[m[1]]}"),
    (re.compile(r"(?<=\d) ?[-–] ?(?=\d)"), lambda _: " to "),
    (re.compile(r"(?<!\S)[-−](?=\d)"), lambda _: "minus "),
    (re.compile(r"(?<=\d)/(?=\d)"), lambda _: " over "),
    (re.compile(r"(?<=\d)(?=[^\W\d_])|(?<=[^\W\d_])(?=\d)"), lambda _: " "),
    (re.compile(rf"(?<![\d.])(?P<n>{_GROUPED})\.(?P<f>\d+)(?![\d.]*\d)"), _decimal),
    (re.compile(r"(?<=\d)\.(?=\d)"), lambda _: " point "),
    (re.compile(_GROUPED), _number),
    (re.compile(r" ?& ?"), lambda _: " and "),
)


def written_out(text: str) -> str:
    """One clause of English, single spaces, with everything in words. Never raises on content."""
    for pattern, said in _RULES:
        text = pattern.sub(said, text)
    return text
