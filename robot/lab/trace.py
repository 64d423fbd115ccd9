"""Recorded conversations with a real switch, run through our parsers: the proof that they read what it says.

A trace is a gzip of JSON lines: a header, then one line per read of a recording TCP proxy. Its name tells what was
recorded: ``*.esl.jsonl.gz`` the event socket, ``*.ws.jsonl.gz`` mod_audio_stream's WebSocket. Each direction of each
connection is parsed twice, in one piece and byte by byte; both must give the same, and leave no byte.
"""

from __future__ import annotations

import gzip
import zlib
from base64 import b64decode
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeVar, assert_never

from pydantic import BaseModel, ConfigDict

from robot.errors import ConfigError, ProtocolError
from robot.lab.websocket_bytes import Binary, Closing, Message, Ping, Pong, Text, WebSocketBytes
from robot.protocol.audio_stream import StreamReceiver, StreamSender
from robot.protocol.esl import ClientConnection, Event, ServerConnection

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

_FROM_CLIENT, _FROM_SERVER = "c2s", "s2c"
_ESL, _WEBSOCKET = ".esl.jsonl.gz", ".ws.jsonl.gz"
_MESSAGES_PER_SECOND = 50
_SAMPLE_BYTES = 2
_SILENT_RATE_HZ = 8000
"""for a stream without audio, where it does not matter"""


@dataclass(frozen=True, slots=True)
class TraceReport:
    """What a trace holds."""

    path: Path
    connections: int
    messages: Mapping[str, int]
    """by type, both directions"""
    events: Mapping[str, int]
    """by name; those of ``CUSTOM`` by subclass"""
    bytes_read: int
    left_over: int
    """bytes of messages that the trace cuts"""
    errors: tuple[str, ...]

    @property
    def ok(self) -> bool:
        return not self.errors and not self.left_over


def replay(path: Path) -> TraceReport:
    """Parses one trace. Raises :class:`ConfigError` when the file cannot be read or is no trace."""
    if not path.name.endswith((_ESL, _WEBSOCKET)):
        raise ConfigError(f"{path}: the name of a trace ends in {_ESL} or {_WEBSOCKET}")
    parse = _parse_esl if path.name.endswith(_ESL) else _parse_websocket
    streams = _streams(path)
    tally = _Tally()
    for (connection, direction), data in streams.items():
        try:
            parse(direction, data, tally)
        except ProtocolError as error:
            tally.errors.append(f"connection {connection} {direction}: {error}")
    return TraceReport(
        path=path,
        connections=len({connection for connection, _ in streams}),
        messages=tally.messages,
        events=tally.events,
        bytes_read=sum(map(len, streams.values())),
        left_over=tally.left_over,
        errors=tuple(tally.errors),
    )


@dataclass(slots=True)
class _Tally:
    messages: Counter[str] = field(default_factory=Counter)
    events: Counter[str] = field(default_factory=Counter)
    left_over: int = 0
    errors: list[str] = field(default_factory=list)

    def count(self, messages: Iterable[object]) -> None:
        for message in messages:
            self.messages[type(message).__name__] += 1
            if isinstance(message, Event):
                self.events[message.subclass or message.name] += 1


class _Parser(Protocol[T_co]):
    @property
    def pending_bytes(self) -> int: ...

    def receive(self, data: bytes) -> Sequence[T_co]: ...


def _parse_esl(direction: str, data: bytes, tally: _Tally) -> None:
    if direction == _FROM_CLIENT:
        tally.count(_parse_twice(ServerConnection, data, tally))
    else:
        tally.count(_parse_twice(ClientConnection, data, tally))


def _parse_websocket(direction: str, data: bytes, tally: _Tally) -> None:
    from_switch = direction == _FROM_CLIENT
    messages = _parse_twice(lambda: WebSocketBytes(from_client=from_switch), data, tally)
    tally.count(_stream_events(messages) if from_switch else _requests(messages))


def _parse_twice(make: Callable[[], _Parser[T]], data: bytes, tally: _Tally) -> Sequence[T]:
    whole, by_byte = make(), make()
    messages = whole.receive(data)
    tally.left_over += whole.pending_bytes
    singly = [message for at in range(len(data)) for message in by_byte.receive(data[at : at + 1])]
    if singly != messages or by_byte.pending_bytes != whole.pending_bytes:
        raise ProtocolError("read byte by byte it gives other messages than in one piece")
    return messages


def _stream_events(messages: Sequence[Message]) -> Iterator[object]:
    """What the switch streamed. The rate is not on the wire: the first audio is taken for 20 ms of one channel."""
    sizes = (len(message.data) for message in messages if isinstance(message, Binary))
    size = next(sizes, _SILENT_RATE_HZ // _MESSAGES_PER_SECOND * _SAMPLE_BYTES)
    receiver = StreamReceiver(size * _MESSAGES_PER_SECOND // _SAMPLE_BYTES)
    for message in messages:
        match message:
            case Text(text):
                yield from receiver.text(text)
            case Binary(data):
                yield from receiver.binary(data)
            case Closing(code, reason):
                yield from receiver.closed(code, reason)
            case Ping() | Pong():
                yield message
            case _:
                assert_never(message)


def _requests(messages: Sequence[Message]) -> Iterator[object]:
    """What the server said; audio in binary messages, which the switch ignores, stays what it is."""
    sender = StreamSender(_SILENT_RATE_HZ)
    for message in messages:
        yield sender.parse(message.text) if isinstance(message, Text) else message


class _Header(BaseModel):
    """The first line of a trace."""

    model_config = ConfigDict(extra="forbid")

    trace: str
    epoch_at_t0: float


class _Read(BaseModel):
    """One read, or the opening or end of a connection."""

    model_config = ConfigDict(extra="forbid")

    t: float
    """seconds since the trace began"""
    conn: int
    dir: str
    text: str | None = None
    b64: str | None = None
    """instead of ``text`` where the read is not UTF-8"""


def _streams(path: Path) -> dict[tuple[int, str], bytes]:
    """The bytes of each connection and direction."""
    streams: dict[tuple[int, str], bytearray] = {}
    try:
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            _Header.model_validate_json(lines.readline())
            for line in lines:
                read = _Read.model_validate_json(line)
                if read.dir in (_FROM_CLIENT, _FROM_SERVER):
                    stream = streams.setdefault((read.conn, read.dir), bytearray())
                    stream += (read.text or "").encode() if read.b64 is None else b64decode(read.b64, validate=True)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise ConfigError(f"{path}: cannot be read as a trace, a gzip of JSON lines: {error}") from error
    return {key: bytes(stream) for key, stream in streams.items()}
