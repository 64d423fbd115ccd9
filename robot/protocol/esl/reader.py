"""Cuts a stream of bytes into blocks: header lines, an empty line, and ``Content-Length`` bytes of body where there is
one.

Both roles frame alike, so both use this one reader; what a block means is the caller's ``decode``. Bytes that arrive
are appended once and looked at once: the search for the empty line goes on where it stopped, and a body is only
counted.

Text is decoded with U+FFFD for what is not UTF-8. A caller chooses bytes of SIP headers that come back in events, so
such bytes are ordinary; kept as lone surrogates they would pass here, and raise where a log or a record is written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from robot.errors import LocalProtocolError, RemoteProtocolError
from robot.protocol.esl.messages import Limits

T = TypeVar("T")

_EMPTY_LINE = re.compile(rb"\n\r?\n")
_LONGEST_PARTIAL = 2
"""how much of an empty line may have come: ``\\n\\r``"""
_LENGTH_DIGITS = 12
_EVENT_HEAD = re.compile(rb"Content-Length: ([0-9]+)\nContent-Type: (text/event-(?:json|plain))\n\n")
"""how FreeSWITCH begins every event: worth a way of its own, for of what arrives nearly all are events"""


@dataclass(frozen=True, slots=True)
class Block:
    """One message as framed."""

    start_line: str
    """the command line of a client; empty for a server's messages, which have none"""
    headers: dict[str, str]
    """the first value of each name, without ``Content-Length``"""
    body: bytes | None
    """None when no ``Content-Length`` was given"""


@dataclass(frozen=True, slots=True)
class _Head:
    start_line: str
    headers: dict[str, str]
    body_bytes: int | None
    size: int
    """bytes up to the body"""


class Reader(Generic[T]):
    """A byte stream in, decoded blocks out. After an error it refuses further data."""

    def __init__(self, decode: Callable[[Block], T], limits: Limits, *, start_line: bool) -> None:
        self._decode, self._limits, self._start_line = decode, limits, start_line
        self._buffer = bytearray()
        self._at = 0
        self._scanned = 0
        self._head: _Head | None = None
        self._ended = False

    @property
    def pending_bytes(self) -> int:
        """Bytes received of a message that is not complete."""
        return len(self._buffer)

    def receive(self, data: bytes) -> list[T]:
        """The messages that ``data`` completes.

        Raises :class:`RemoteProtocolError` for bytes that break the protocol; messages before them in the same ``data``
        are lost with the connection. Raises :class:`LocalProtocolError` when called after that or after :meth:`eof`.
        """
        if self._ended:
            raise LocalProtocolError("this connection has ended: open a new one for further bytes")
        self._buffer += data
        messages: list[T] = []
        try:
            while (block := self._next_block()) is not None:
                messages.append(self._decode(block))
        except RemoteProtocolError:
            self._ended = True
            self._buffer.clear()
            raise
        del self._buffer[: self._at]
        self._scanned = max(0, self._scanned - self._at)
        self._at = 0
        return messages

    def eof(self) -> None:
        """The peer closed. Raises :class:`RemoteProtocolError` when that cut a message."""
        cut = len(self._buffer) if not self._ended else 0
        self._ended = True
        if cut:
            raise RemoteProtocolError(f"the connection closed inside a message, after {cut} bytes of it")

    def _next_block(self) -> Block | None:
        if self._head is None:
            self._head = self._next_head()
        if self._head is None:
            return None
        head = self._head
        body_at = self._at + head.size
        end = body_at + (head.body_bytes or 0)
        if len(self._buffer) < end:
            return None
        self._head, self._at = None, end
        return Block(
            head.start_line, head.headers, None if head.body_bytes is None else bytes(self._buffer[body_at:end])
        )

    def _next_head(self) -> _Head | None:
        if self._start_line:
            self._skip_empty_lines()
        event = _EVENT_HEAD.match(self._buffer, self._at)
        if event is not None and event.end() - 2 - self._at <= self._limits.header_bytes and not self._start_line:
            size = content_length(event[1].decode(), self._limits.body_bytes)
            return _Head("", {"Content-Type": event[2].decode()}, size, event.end() - self._at)
        found = _EMPTY_LINE.search(self._buffer, max(self._at, self._scanned))
        size = (found.start() if found else len(self._buffer) - _LONGEST_PARTIAL) - self._at
        if size > self._limits.header_bytes:
            raise RemoteProtocolError(f"a header block is longer than {self._limits.header_bytes} bytes")
        if found is None:
            self._scanned = max(self._at, len(self._buffer) - _LONGEST_PARTIAL)
            return None
        text = self._buffer[self._at : found.start()].decode("utf-8", "replace")
        lines = [line.removesuffix("\r") for line in text.split("\n")]
        start_line = lines.pop(0) if self._start_line else ""
        headers, body_bytes = _headers(lines, self._limits)
        return _Head(start_line, headers, body_bytes, found.end() - self._at)

    def _skip_empty_lines(self) -> None:
        """A terminal sends ``\\r\\n`` and often one too many; FreeSWITCH skips them before a command, and so do we."""
        while self._at < len(self._buffer) and self._buffer[self._at] in b"\r\n":
            self._at += 1


def split_header(line: str) -> tuple[str, str]:
    """``Name: value`` at the first ``": "``; ``Name:`` has an empty value. Raises :class:`RemoteProtocolError`."""
    name, separator, value = line.partition(": ")
    if not separator:
        name, separator, value = line.partition(":")
    if not separator or not name:
        raise RemoteProtocolError("a header line is not of the form Name: value")
    return name, value


def _headers(lines: Iterable[str], limits: Limits) -> tuple[dict[str, str], int | None]:
    headers: dict[str, str] = {}
    lengths: set[str] = set()
    for line in lines:
        name, value = split_header(line)
        if name.lower() == "content-length":
            lengths.add(value)
        else:
            headers.setdefault(name, value)
    if len(lengths) > 1:
        raise RemoteProtocolError("a message has two different values of Content-Length")
    return headers, content_length(lengths.pop(), limits.body_bytes) if lengths else None


def content_length(value: str, most: int) -> int:
    """The number in a ``Content-Length``. Raises :class:`RemoteProtocolError` unless it is one from 0 to ``most``."""
    if not (value.isascii() and value.isdigit()):
        raise RemoteProtocolError("Content-Length is not a number of bytes")
    if len(value) > _LENGTH_DIGITS or int(value) > most:
        raise RemoteProtocolError(f"Content-Length is more than the {most} bytes allowed here")
    return int(value)
