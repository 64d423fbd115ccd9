"""The client's end: a switch's bytes become messages."""

from __future__ import annotations

from robot.errors import RemoteProtocolError
from robot.protocol.esl.events import decode_json, decode_plain
from robot.protocol.esl.messages import (
    ApiResponse,
    AuthRequest,
    CommandReply,
    DisconnectNotice,
    Limits,
    Rejected,
    ServerMessage,
)
from robot.protocol.esl.reader import Block, Reader

_LIMITS = Limits()


class ClientConnection:
    """One connection to a switch, from its first byte. Pass in what was received, in any pieces; get what it means."""

    def __init__(self, limits: Limits = _LIMITS) -> None:
        self._reader = Reader(_message, limits, start_line=False)

    @property
    def pending_bytes(self) -> int:
        """Bytes received of a message that is not complete."""
        return self._reader.pending_bytes

    def receive(self, data: bytes) -> list[ServerMessage]:
        """The messages that ``data`` completes.

        Raises :class:`RemoteProtocolError` for bytes that break the protocol; messages before them in the same ``data``
        are lost with the connection. Raises :class:`LocalProtocolError` when called after that or after :meth:`eof`.
        """
        return self._reader.receive(data)

    def eof(self) -> None:
        """The switch closed. Raises :class:`RemoteProtocolError` when that cut a message; a clean end is no error."""
        self._reader.eof()


def _message(block: Block) -> ServerMessage:
    headers = block.headers
    kind = headers.pop("Content-Type", "")
    match kind:
        case "text/event-json":
            return decode_json(_body(block, kind))
        case "text/event-plain":
            return decode_plain(_body(block, kind))
        case "command/reply":
            if "Reply-Text" not in headers:
                raise RemoteProtocolError("a command/reply has no Reply-Text")
            return CommandReply(headers.pop("Reply-Text"), headers)
        case "api/response":
            return ApiResponse(_text(_body(block, kind)))
        case "auth/request":
            return AuthRequest()
        case "text/disconnect-notice":
            return DisconnectNotice(_text(block.body or b""), headers)
        case "text/rude-rejection":
            return Rejected(_text(block.body or b""))
        case _:
            raise RemoteProtocolError(f"a message has the unknown Content-Type {kind[:80]!r}: is this an event socket?")


def _body(block: Block, kind: str) -> bytes:
    if block.body is None:
        raise RemoteProtocolError(f"a {kind} message has no Content-Length")
    return block.body


def _text(body: bytes) -> str:
    return body.decode("utf-8", "replace")
