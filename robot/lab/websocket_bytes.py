"""The bytes of one direction of a WebSocket connection, from the HTTP upgrade to the CLOSE, as messages.

For recorded bytes: there is nobody to answer, so neither handshake nor closing is checked against the other direction,
and what comes after a CLOSE is still read. The frames are the ``websockets`` library's.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

from websockets.exceptions import WebSocketException
from websockets.frames import Close, Frame, Opcode
from websockets.streams import StreamReader

from robot.errors import RemoteProtocolError

_LINE_BYTES = 8192
_UPGRADED = b" 101 "
_CONTROL = (Opcode.CLOSE, Opcode.PING, Opcode.PONG)


@dataclass(frozen=True, slots=True)
class Text:
    text: str


@dataclass(frozen=True, slots=True)
class Binary:
    data: bytes


@dataclass(frozen=True, slots=True)
class Closing:
    """A CLOSE frame."""

    code: int
    reason: str


@dataclass(frozen=True, slots=True)
class Ping:
    data: bytes


@dataclass(frozen=True, slots=True)
class Pong:
    data: bytes


Message = Text | Binary | Closing | Ping | Pong


class WebSocketBytes:
    """One direction of a connection: bytes in, messages out."""

    def __init__(self, *, from_client: bool) -> None:
        self._from_client = from_client
        self._reader = StreamReader()
        self._messages: list[Message] = []
        self._fed = self._used = 0
        self._parser = self._parse()
        next(self._parser)

    @property
    def pending_bytes(self) -> int:
        """Bytes received of a head or a frame that is not complete."""
        return self._fed - self._used

    def receive(self, data: bytes) -> list[Message]:
        """The messages that ``data`` completes. Raises :class:`RemoteProtocolError`."""
        self._reader.feed_data(data)
        self._fed += len(data)
        try:
            next(self._parser)
        except (WebSocketException, UnicodeDecodeError, RuntimeError) as error:
            raise RemoteProtocolError(f"no WebSocket: {error}") from error
        messages, self._messages = self._messages, []
        return messages

    def _parse(self) -> Generator[None, None, None]:
        first = line = yield from self._reader.read_line(_LINE_BYTES)
        while line.strip():
            line = yield from self._reader.read_line(_LINE_BYTES)
        self._mark_used()
        while not self._from_client and _UPGRADED not in first:
            self._reader.discard()
            self._mark_used()
            yield
        while True:
            yield from self._parse_message()
            self._mark_used()

    def _parse_message(self) -> Generator[None, None, None]:
        """One message in one frame or several, and the control frames that come between those."""
        opcode: Opcode | None = None
        data = bytearray()
        while True:
            frame = yield from Frame.parse(self._reader.read_exact, mask=self._from_client)
            if frame.opcode in _CONTROL:
                self._messages.append(_message(frame.opcode, bytes(frame.data)))
                if opcode is None:
                    return
                continue
            if (frame.opcode is Opcode.CONT) == (opcode is None):
                raise RemoteProtocolError(
                    "no WebSocket: a message is continued that has not begun, or begun inside one"
                )
            opcode = opcode or frame.opcode
            data += frame.data
            if frame.fin:
                self._messages.append(_message(opcode, bytes(data)))
                return

    def _mark_used(self) -> None:
        self._used = self._fed - len(self._reader.buffer)


def _message(opcode: Opcode, data: bytes) -> Message:
    match opcode:
        case Opcode.TEXT:
            return Text(data.decode())
        case Opcode.BINARY:
            return Binary(data)
        case Opcode.PING:
            return Ping(data)
        case Opcode.PONG:
            return Pong(data)
        case _:
            close = Close.parse(data)
            return Closing(close.code, close.reason)
