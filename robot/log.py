"""Logs: static event names with fields, on stderr; personal data hidden unless asked for, secrets always.

Every logger ends in the standard library's logging, so that a program which has not called :func:`configure_log` (a
test, a library user) gets nothing on stdout, and other packages' lines come out in the same shape. Personal data
travels as :class:`Pii`, which hides itself wherever it is printed; only the last step before writing may uncover it.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TextIO, cast

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

LEVELS = ("debug", "info", "warning", "error")
FORMATS = ("console", "json")
_SECRET = re.compile(r"pass(word|wd)|secret|token$|api_?key|authorization|credential", re.IGNORECASE)

_SHARED: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]
_CHAIN: list[Processor] = [
    structlog.stdlib.filter_by_level,
    *_SHARED,
    structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
]


@dataclass(frozen=True, slots=True, repr=False)
class Pii:
    """A person's data. Prints as ``<pii:6 chars>``."""

    value: object

    def __repr__(self) -> str:
        return f"<pii:{len(str(self.value))} chars>"


def pii(value: object) -> Pii:
    """Marks a phone number, a name, or what a person said, as a field of a log line."""
    return Pii(value)


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """A module's logger: ``log = get_logger(__name__)``, then ``log.info("call answered", call=uuid, ring_ms=840)``.

    Cheap and without side effects; what :func:`configure_log` sets later applies to it.
    """
    logger = structlog.wrap_logger(
        logging.getLogger(name), processors=_CHAIN, wrapper_class=structlog.stdlib.BoundLogger
    )
    return cast(structlog.stdlib.BoundLogger, logger)


def configure_log(
    *, level: str = "warning", format: str = "console", show_pii: bool = False, stream: TextIO | None = None
) -> None:
    """Sets where and how log lines go: once, at the start of a program; a second call replaces the first.

    ``level`` is one of ``LEVELS`` (of other packages never less than warnings), ``format`` one of ``FORMATS``,
    ``stream`` stderr unless given. Raises ``ValueError`` for another level or format.
    """
    if level not in LEVELS or format not in FORMATS:
        raise ValueError(f"log: level must be one of {LEVELS} and format one of {FORMATS}, not {level!r}, {format!r}")
    out = stream or sys.stderr
    handler = logging.StreamHandler(out)
    handler.set_name("allobot")
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                _Curtain(show_pii),
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_ending(format, out.isatty()),
            ],
            foreign_pre_chain=_SHARED,
        )
    )
    root = logging.getLogger()
    root.handlers = [known for known in root.handlers if known.get_name() != "allobot"] + [handler]
    root.setLevel(max(logging.WARNING, _number(level)))
    for package in ("robot", "services"):
        logging.getLogger(package).setLevel(_number(level))
    structlog.configure(
        processors=_CHAIN,
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
    )


def _number(level: str) -> int:
    return int(getattr(logging, level.upper()))


def _ending(format: str, colors: bool) -> list[Processor]:
    # Tracebacks as plain text: with their local variables they would print what was hidden.
    if format == "json":
        return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]
    # Text as repr: a line break or an escape sequence in what a caller sent must not forge a line of the log.
    plain = structlog.dev.plain_traceback
    return [structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=plain, repr_native_str=True)]


class _Curtain:
    """Hides secrets by the name of their field, and personal data by its mark; or uncovers the latter."""

    def __init__(self, show_pii: bool) -> None:
        self._show_pii = show_pii

    def __call__(self, logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
        return {key: self._seen(key, value) for key, value in event.items()}

    def _seen(self, key: str, value: Any) -> Any:
        if _SECRET.search(key) and value:
            return "<secret>"
        match value:
            case Pii():
                return self._seen(key, value.value) if self._show_pii else repr(value)
            case Mapping():
                return {name: self._seen(str(name), item) for name, item in value.items()}
            case list() | tuple():
                return [self._seen(key, item) for item in value]
            case _:
                return value
