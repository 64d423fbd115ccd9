"""One direction of a WebSocket connection, from its upgrade on."""

from __future__ import annotations

import pytest
from websockets.frames import Frame, Opcode

from robot.errors import RemoteProtocolError
from robot.lab.websocket_bytes import Binary, Closing, Message, Ping, Pong, Text, WebSocketBytes

REQUEST = b"GET /m?call=1 HTTP/1.1\r\nHost:127.0.0.1\r\nUpgrade:websocket\r\n\r\n"
RESPONSE = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"


def frame(opcode: Opcode, data: bytes, *, fin: bool = True, mask: bool = True) -> bytes:
    return Frame(opcode, data, fin=fin).serialize(mask=mask)


CLOSE = b"\x03\xe8bye"
FRAMES: list[tuple[Opcode, bytes, bool]] = [
    (Opcode.TEXT, "é".encode(), True),
    (Opcode.BINARY, bytes(700), True),
    (Opcode.BINARY, b"ab", False),
    (Opcode.PING, b"ping", True),
    (Opcode.CONT, b"cd", False),
    (Opcode.CONT, b"", True),
    (Opcode.PONG, b"", True),
    (Opcode.CLOSE, CLOSE, True),
]
MESSAGES: list[Message] = [
    Text("é"),
    Binary(bytes(700)),
    Ping(b"ping"),
    Binary(b"abcd"),
    Pong(b""),
    Closing(1000, "bye"),
]


@pytest.mark.parametrize("from_client", [True, False])
def test_whole_and_byte_by_byte(from_client: bool) -> None:
    head = REQUEST if from_client else RESPONSE
    stream = head + b"".join(frame(opcode, data, fin=fin, mask=from_client) for opcode, data, fin in FRAMES)
    whole, by_byte = WebSocketBytes(from_client=from_client), WebSocketBytes(from_client=from_client)
    assert whole.receive(stream) == MESSAGES
    assert [message for byte in stream for message in by_byte.receive(bytes([byte]))] == MESSAGES
    assert whole.pending_bytes == by_byte.pending_bytes == 0


@pytest.mark.parametrize("cut", range(1, len(REQUEST)))
def test_a_cut_head_is_pending(cut: int) -> None:
    stream = WebSocketBytes(from_client=True)
    assert stream.receive(REQUEST[:cut]) == []
    assert stream.pending_bytes == cut


def test_a_cut_frame_is_pending() -> None:
    message = frame(Opcode.BINARY, bytes(640))
    for cut in (1, 3, 7, len(message) - 1):
        stream = WebSocketBytes(from_client=True)
        assert stream.receive(REQUEST + message[:cut]) == []
        assert stream.pending_bytes == cut


def test_an_answer_that_refuses_the_upgrade_has_no_frames() -> None:
    stream = WebSocketBytes(from_client=False)
    assert stream.receive(b"HTTP/1.1 404 Not Found\r\n\r\nnot here") == []
    assert stream.receive(b" at all") == []
    assert stream.pending_bytes == 0


@pytest.mark.parametrize(
    "data",
    [
        frame(Opcode.BINARY, b"not masked", mask=False),
        frame(Opcode.CONT, b"continues nothing"),
        frame(Opcode.TEXT, b"a", fin=False) + frame(Opcode.TEXT, b"b"),
        frame(Opcode.TEXT, b"\xff"),
        frame(Opcode.CLOSE, b"\x03"),
        b"\x83\x80\x00\x00\x00\x00",
    ],
)
def test_what_is_no_websocket(data: bytes) -> None:
    with pytest.raises(RemoteProtocolError, match="WebSocket"):
        WebSocketBytes(from_client=True).receive(REQUEST + data)


def test_a_line_without_end_is_refused() -> None:
    with pytest.raises(RemoteProtocolError):
        WebSocketBytes(from_client=True).receive(b"GET /" + b"a" * 10_000)
