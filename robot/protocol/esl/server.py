"""The server's end: a client's bytes become commands, and what a switch says becomes bytes.

What FreeSWITCH 1.10 writes, header for header in its order.
"""

from __future__ import annotations

from collections.abc import Mapping

from robot.errors import LocalProtocolError
from robot.protocol.esl.events import encode_event
from robot.protocol.esl.messages import Command, Event, EventFormat, Limits
from robot.protocol.esl.reader import Block, Reader
from robot.protocol.lines import one_line, one_word, utf8

_LIMITS = Limits()


class ServerConnection:
    """One client's connection, from its first byte. Pass in what was received, in any pieces; get its commands."""

    def __init__(self, limits: Limits = _LIMITS) -> None:
        self._reader = Reader(_command, limits, start_line=True)

    @property
    def pending_bytes(self) -> int:
        """Bytes received of a command that is not complete."""
        return self._reader.pending_bytes

    def receive(self, data: bytes) -> list[Command]:
        """The commands that ``data`` completes; errors as of ``ClientConnection.receive``."""
        return self._reader.receive(data)

    def eof(self) -> None:
        """The client closed. Raises :class:`RemoteProtocolError` when that cut a command."""
        self._reader.eof()


def _command(block: Block) -> Command:
    return Command(block.start_line, block.headers, (block.body or b"").decode("utf-8", "replace"))


def auth_request() -> bytes:
    """The first message of a connection."""
    return b"Content-Type: auth/request\n\n"


def command_reply(text: str, headers: Mapping[str, str] | None = None) -> bytes:
    """The answer to any command but ``api``. Raises :class:`LocalProtocolError` for what would add a header."""
    lines = ["Content-Type: command/reply", f"Reply-Text: {one_line('a reply', text)}"]
    for name, value in (headers or {}).items():
        if ":" in name or name.lower() in {"content-type", "content-length", "reply-text"}:
            raise LocalProtocolError("a reply's header must not have ':' in its name or repeat one of the reply's own")
        lines.append(f"{one_word('the name of a header', name)}: {one_line('the value of a header', value)}")
    return utf8("a reply", "\n".join(lines)) + b"\n\n"


def api_response(body: str) -> bytes:
    """The answer to ``api``."""
    return _with_body("api/response", body)


def event_message(event: Event, format: EventFormat) -> bytes:
    """An event as a client subscribed to it. Raises :class:`LocalProtocolError`: no headers, or an unusable name."""
    body = encode_event(event, format)
    return f"Content-Length: {len(body)}\nContent-Type: text/event-{format}\n\n".encode() + body


def disconnect_notice(text: str) -> bytes:
    """The last message before the server closes."""
    return _with_body("text/disconnect-notice", text)


def rude_rejection(text: str) -> bytes:
    """The only message to an address that the access list refuses."""
    return _with_body("text/rude-rejection", text)


def _with_body(kind: str, text: str) -> bytes:
    body = utf8("a message's body", text)
    return f"Content-Type: {kind}\nContent-Length: {len(body)}\n\n".encode() + body
