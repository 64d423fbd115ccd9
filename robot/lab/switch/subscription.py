"""Which events one ESL client gets, and in which format. Pure.

As in FreeSWITCH: ``ALL`` is everything; ``CUSTOM`` needs its subclasses, which are all the words after it; filters
apply to every event, a BACKGROUND_JOB among them, and one that matches is enough.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from robot.protocol.esl import Event, EventFormat

MAX_NAMES = 1000
"""event names, subclasses and filters of one client"""


@dataclass(slots=True)
class Subscription:
    """One client's wishes; empty at first."""

    format: EventFormat = "plain"
    names: set[str] = field(default_factory=set)
    subclasses: set[str] = field(default_factory=set)
    filters: list[tuple[str, str]] = field(default_factory=list)

    def add(self, words: list[str]) -> bool:
        """The words after ``event``: an optional format, names, ``CUSTOM`` and subclasses. False without any name."""
        form: EventFormat = "plain"
        if words and words[0].lower() in ("plain", "json"):
            form = "json" if words[0].lower() == "json" else "plain"
            words = words[1:]
        names = [word.upper() for word in words]
        end = names.index("CUSTOM") + 1 if "CUSTOM" in names else len(names)
        if not names or len(self.names) + len(self.subclasses) + len(names) > MAX_NAMES:
            return False
        self.format = form
        self.names.update(names[:end])
        self.subclasses.update(words[end:])
        return True

    def clear(self) -> None:
        """No events any more; filters stay."""
        self.names.clear()
        self.subclasses.clear()

    def add_filter(self, header: str, value: str) -> bool:
        """False when there are too many already."""
        if len(self.filters) >= MAX_NAMES:
            return False
        self.filters.append((header, value))
        return True

    def delete_filter(self, header: str, value: str) -> None:
        """``header`` may be ``all``; an empty ``value`` means all filters on ``header``."""
        if header == "all":
            self.filters.clear()
        else:
            self.filters = [pair for pair in self.filters if pair[0] != header or (value and pair[1] != value)]

    def wants(self, event: Event) -> bool:
        """Whether the client gets ``event``."""
        if "ALL" not in self.names:
            if event.name not in self.names:
                return False
            if event.name == "CUSTOM" and event.subclass not in self.subclasses:
                return False
        return not self.filters or any(event.get(header) == value for header, value in self.filters)
