"""What is wrong in a user's file, and where: the words that every kind of file shares."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from enum import Enum
from typing import Protocol

from robot.errors import ConfigError

Location = tuple[str | int, ...]
"""of a field in a document, e.g. ``("nodes", "greet", "say", "text")``"""
_MAX_SHOWN = 60
_NEAR = 0.65
"""likeness of a name that is suggested: « sai » is near « say », « volume » is not near « outcome »"""


class Severity(Enum):
    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value was given."""

    source: str
    """a file's path, or what stands in for one: ``environment NAME``, ``--set KEY``"""
    line: int | None = None
    """counted from 1; none where there are no lines"""

    def __str__(self) -> str:
        return self.source if self.line is None else f"{self.source}:{self.line}"


class Places(Protocol):
    """Whatever knows where each value was given."""

    def place(self, location: Location) -> Place:
        """Of the value at ``location``, or of the nearest part around it that was given."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong in a document."""

    place: Place
    field: str
    """dotted location; empty when the whole document is meant"""
    what: str
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        field = "" if self.place.source == f"--set {self.field}" else self.field
        warning = "warning" if self.severity is Severity.WARNING else ""
        return ": ".join([*filter(None, (str(self.place), field, warning)), self.what])


def dotted(location: Iterable[str | int]) -> str:
    """``("steps", 0, "say")`` → ``steps.0.say``."""
    return ".".join(map(str, location))


def shown(value: object) -> str:
    """A value as its author wrote it, more or less; what is long is cut, collections are only named."""
    match value:
        case dict():
            return "a mapping"
        case list() | tuple():
            return "a list"
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
    text = repr(value)
    return text if len(text) <= _MAX_SHOWN else f"{text[: _MAX_SHOWN - 1]}…"


def choices(wrong: str, valid: Iterable[str]) -> str:
    """``; did you mean NAME? valid: NAME, …``, to follow a complaint about ``wrong``."""
    names = list(valid)
    if not names:
        return "; none is defined"
    return f"; {did_you_mean(wrong, names)}valid: {', '.join(names)}"


def did_you_mean(wrong: str, valid: Iterable[str]) -> str:
    """``did you mean NAME? `` for the nearest name, if one is near."""
    near = get_close_matches(wrong, list(valid), n=1, cutoff=_NEAR)
    return f"did you mean {near[0]}? " if near else ""


def in_order(problems: Iterable[Problem]) -> list[Problem]:
    """Of one document, by line, each once."""
    return sorted(dict.fromkeys(problems), key=lambda problem: problem.place.line or 0)


def raise_errors(problems: Iterable[Problem], kind: type[ConfigError] = ConfigError) -> None:
    """Raises ``kind`` with every error, one to a line, if there is one. Warnings pass."""
    errors = [str(problem) for problem in problems if problem.severity is Severity.ERROR]
    if errors:
        raise kind("\n".join(errors))
