"""The messages of FreeSWITCH's event socket: what a server says, and what a client commands.

Plain values that say what arrived, after framing and decoding; they hold no bytes and know no connection. The headers
that only carry the framing (``Content-Type``, ``Content-Length``, and for events the body) are not among ``headers``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

EventFormat = Literal["json", "plain"]
"""both carry the same headers; ``json`` is parsed two to three times as fast"""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a peer may make us hold before a message is complete."""

    header_bytes: int = 65_536
    """the header block, without the empty line that ends it"""
    body_bytes: int = 8_388_608
    """``Content-Length``; the longest are listings such as ``show channels``"""


@dataclass(frozen=True, slots=True)
class AuthRequest:
    """The server's first word: it wants ``auth PASSWORD``."""


@dataclass(frozen=True, slots=True)
class CommandReply:
    """The answer to every command but ``api``. Replies carry no id: they come in the order of the commands."""

    text: str
    """``Reply-Text``"""
    headers: Mapping[str, str] = field(default_factory=dict)
    """the further headers, ``Job-UUID`` among them"""

    @property
    def ok(self) -> bool:
        return self.text.startswith("+OK")

    @property
    def job_uuid(self) -> str:
        """The id that the ``BACKGROUND_JOB`` event will carry; empty unless this answers ``bgapi``."""
        return self.headers.get("Job-UUID", "")


@dataclass(frozen=True, slots=True)
class ApiResponse:
    """What an ``api`` command printed."""

    body: str
    """as sent: most end with a line feed, some do not"""

    @property
    def ok(self) -> bool:
        return not self.body.startswith(("-ERR", "-USAGE"))


@dataclass(frozen=True, slots=True)
class Event:
    """An event of the switch."""

    headers: Mapping[str, str]
    """decoded; of a name sent twice the first value counts, as inside FreeSWITCH; a list is ``ARRAY::a|:b``"""
    body: str = ""

    @property
    def name(self) -> str:
        return self.headers.get("Event-Name", "")

    @property
    def subclass(self) -> str:
        """``module::what`` of a ``CUSTOM`` event, else empty."""
        return self.headers.get("Event-Subclass", "")

    @property
    def uuid(self) -> str:
        """The channel it is about; empty when it is about none."""
        return self.headers.get("Unique-ID", "")

    @property
    def at_us(self) -> int:
        """The switch's own clock in microseconds since 1970; 0 when absent or not a number."""
        stamp = self.headers.get("Event-Date-Timestamp", "")
        return int(stamp) if stamp.isascii() and stamp.isdigit() and len(stamp) < 20 else 0

    def get(self, name: str, default: str = "") -> str:
        return self.headers.get(name, default)


@dataclass(frozen=True, slots=True)
class DisconnectNotice:
    """The server closes the connection: after ``exit``, after a wrong password, or because it shuts down."""

    text: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rejected:
    """The server's access list refuses our address; it closes."""

    text: str


ServerMessage = AuthRequest | CommandReply | ApiResponse | Event | DisconnectNotice | Rejected


@dataclass(frozen=True, slots=True)
class Command:
    """What a client sends: a command line, then for some headers and a body."""

    line: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""

    @property
    def verb(self) -> str:
        """The first word in lower case, as the switch compares it."""
        return self.line.partition(" ")[0].lower()

    @property
    def argument(self) -> str:
        """All that follows the first space, exactly: a password may begin with a space."""
        return self.line.partition(" ")[2]
