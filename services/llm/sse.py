"""Server-sent events: bytes → events, without a socket (WHATWG HTML, "event stream interpretation").

Bytes may be cut anywhere, inside a UTF-8 character or between CR and LF. Two liberties, both seen in the wild: an event
still open at the end of the stream is given out, and ``error:`` is taken as a field that names the event and holds its
data.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass

from services.errors import BadReply

MAX_EVENT_CHARS = 1_000_000
"""an event longer than this is not a piece of a reply"""


@dataclass(frozen=True, slots=True)
class SseEvent:
    """One event."""

    data: str
    name: str = "message"


class SseDecoder:
    """One stream's decoder."""

    def __init__(self) -> None:
        self._utf8 = codecs.getincrementaldecoder("utf-8-sig")(errors="replace")
        self._line = ""
        self._data: list[str] = []
        self._name = ""
        self._size = 0
        self._after_cr = False

    def feed(self, data: bytes) -> list[SseEvent]:
        """Any piece of the stream → the events that it completes. Raises ``BadReply`` for an event without an end."""
        return self._read(self._utf8.decode(data))

    def close(self) -> list[SseEvent]:
        """The end of the stream → the event that was left open, if any."""
        return self._read(self._utf8.decode(b"", final=True) + "\n\n")

    def _read(self, text: str) -> list[SseEvent]:
        if self._after_cr and text:
            text = text.removeprefix("\n")
            self._after_cr = False
        self._after_cr = self._after_cr or text.endswith("\r")
        *lines, rest = (self._line + text).replace("\r\n", "\n").replace("\r", "\n").split("\n")
        self._line = rest
        events = [event for line in lines if (event := self._take(line))]
        if self._size + len(rest) > MAX_EVENT_CHARS:
            raise BadReply(f"the server sent an event of more than {MAX_EVENT_CHARS} characters")
        return events

    def _take(self, line: str) -> SseEvent | None:
        if not line:
            return self._dispatch()
        self._size += len(line)
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        match field:
            case "data":
                self._data.append(value)
            case "event":
                self._name = value
            case "error":
                self._name = "error"
                self._data.append(value)
            case _:  # a comment (empty field), id, retry: of no use here
                pass
        return None

    def _dispatch(self) -> SseEvent | None:
        event = SseEvent("\n".join(self._data), self._name or "message") if self._data else None
        self._data, self._name, self._size = [], "", 0
        return event
