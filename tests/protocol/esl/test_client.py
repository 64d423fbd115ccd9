"""Hand-written server bytes into the client's end: whole, byte by byte, with something behind them, and broken."""

from __future__ import annotations

import pytest

from robot.errors import LocalProtocolError, RemoteProtocolError
from robot.protocol.esl import (
    ApiResponse,
    AuthRequest,
    ClientConnection,
    CommandReply,
    DisconnectNotice,
    Event,
    Limits,
    Rejected,
    ServerMessage,
)

AUTH = b"Content-Type: auth/request\n\n"
JOB = "b5f4e2c0-0001-4a7e-9f00-6d1c2f3a4b5c"

GOLDEN: list[tuple[bytes, ServerMessage]] = [
    (AUTH, AuthRequest()),
    (b"Content-Type: command/reply\nReply-Text: +OK accepted\n\n", CommandReply("+OK accepted")),
    (
        f"Content-Type: command/reply\nReply-Text: +OK Job-UUID: {JOB}\nJob-UUID: {JOB}\n\n".encode(),
        CommandReply(f"+OK Job-UUID: {JOB}", {"Job-UUID": JOB}),
    ),
    (b"Content-Type: api/response\nContent-Length: 6\n\n+OK 7\n", ApiResponse("+OK 7\n")),
    (b"Content-Type: api/response\nContent-Length: 0\n\n", ApiResponse("")),
    (b"Content-Type: api/response\nContent-Length: 8\n\nA: b\n\nC\n", ApiResponse("A: b\n\nC\n")),
    (
        b"Content-Length: 73\nContent-Type: text/event-plain\n\n"
        b"Event-Name: CUSTOM\nEvent-Subclass: lab%3A%3Aecho\nX-Note: d%C3%A9j%C3%A0\n\n",
        Event({"Event-Name": "CUSTOM", "Event-Subclass": "lab::echo", "X-Note": "déjà"}),
    ),
    (
        b"Content-Length: 62\nContent-Type: text/event-plain\n\n"
        b"Event-Name: BACKGROUND_JOB\nContent-Length: 15\n\n-ERR USER_BUSY\n",
        Event({"Event-Name": "BACKGROUND_JOB"}, "-ERR USER_BUSY\n"),
    ),
    (
        b"Content-Length: 74\nContent-Type: text/event-json\n\n"
        b'{"Event-Name":"DTMF","DTMF-Digit":"#","Content-Length":"3","_body":"\xc3\xa9\\n"}',
        Event({"Event-Name": "DTMF", "DTMF-Digit": "#"}, "é\n"),
    ),
    (
        b"Content-Type: text/disconnect-notice\nControlled-Session-UUID: u1\nContent-Length: 5\n\nBye.\n",
        DisconnectNotice("Bye.\n", {"Controlled-Session-UUID": "u1"}),
    ),
    (b"Content-Type: text/rude-rejection\nContent-Length: 9\n\nGo away.\n", Rejected("Go away.\n")),
]
STREAM = b"".join(data for data, _ in GOLDEN)
MESSAGES = [message for _, message in GOLDEN]


@pytest.mark.parametrize(("data", "message"), GOLDEN)
def test_one_message_whole(data: bytes, message: ServerMessage) -> None:
    connection = ClientConnection()
    assert connection.receive(data) == [message]
    assert connection.pending_bytes == 0
    connection.eof()


@pytest.mark.parametrize(("data", "message"), GOLDEN)
def test_one_message_with_the_beginning_of_the_next(data: bytes, message: ServerMessage) -> None:
    connection = ClientConnection()
    assert connection.receive(data + AUTH[:-1]) == [message]
    assert connection.pending_bytes == len(AUTH) - 1
    assert connection.receive(AUTH[-1:]) == [AuthRequest()]


def test_several_messages_in_one_read_and_byte_by_byte() -> None:
    assert ClientConnection().receive(STREAM) == MESSAGES
    connection = ClientConnection()
    assert [message for byte in STREAM for message in connection.receive(bytes([byte]))] == MESSAGES
    connection.eof()


@pytest.mark.parametrize("cut", [1, len(AUTH) - 1, len(STREAM) - 1])
def test_an_end_inside_a_message_is_an_error_and_told_once(cut: int) -> None:
    connection = ClientConnection()
    connection.receive(STREAM[:cut])
    with pytest.raises(RemoteProtocolError, match="inside a message"):
        connection.eof()
    connection.eof()
    with pytest.raises(LocalProtocolError):
        connection.receive(AUTH)


def test_properties_say_what_a_reply_means() -> None:
    assert CommandReply("+OK", {"Job-UUID": JOB}).job_uuid == JOB
    assert CommandReply("+OK").ok
    assert CommandReply("+OK").job_uuid == ""
    assert not CommandReply("-ERR invalid").ok
    assert ApiResponse("true").ok
    assert not ApiResponse("-ERR No such channel!\n").ok
    assert not ApiResponse("-USAGE: <uuid>\n").ok


def test_properties_of_an_event() -> None:
    event = Event({"Event-Name": "CUSTOM", "Event-Subclass": "a::b", "Unique-ID": "u", "Event-Date-Timestamp": "17"})
    assert (event.name, event.subclass, event.uuid, event.at_us) == ("CUSTOM", "a::b", "u", 17)
    assert (event.get("Nothing"), event.get("Nothing", "x")) == ("", "x")
    assert (Event({}).name, Event({}).uuid, Event({}).at_us) == ("", "", 0)
    for stamp in ("soon", "-1", "٣", "9" * 5000):
        assert Event({"Event-Date-Timestamp": stamp}).at_us == 0


@pytest.mark.parametrize(
    "data",
    [
        b"\n\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"No colon here\n\n",
        b": no name\n\n",
        b"Content-Type: text/html\nContent-Length: 1\n\nx",
        b"X-Only: header\n\n",
        b"Content-Type: command/reply\n\n",
        b"Content-Type: api/response\n\n",
        b"Content-Type: text/event-json\n\n",
        b"Content-Type: text/event-plain\n\n",
        b"Content-Type: api/response\nContent-Length: \n\n",
        b"Content-Type: api/response\nContent-Length: -1\n\n",
        b"Content-Type: api/response\nContent-Length: +1\n\nx",
        b"Content-Type: api/response\nContent-Length: 1_0\n\n",
        b"Content-Type: api/response\nContent-Length: 1.0\n\nx",
        b"Content-Type: api/response\nContent-Length: \xd9\xa3\n\nabc",
        b"Content-Type: api/response\nContent-Length: 8388609\n\n",
        b"Content-Type: api/response\nContent-Length: " + b"9" * 5000 + b"\n\n",
        b"Content-Type: api/response\nContent-Length: 1\ncontent-length: 2\n\nxx",
    ],
)
def test_what_breaks_the_protocol_is_refused_and_ends_the_connection(data: bytes) -> None:
    connection = ClientConnection()
    with pytest.raises(RemoteProtocolError):
        connection.receive(data)
    with pytest.raises(LocalProtocolError, match="ended"):
        connection.receive(AUTH)
    assert connection.pending_bytes == 0
    connection.eof()


@pytest.mark.parametrize("step", [3, 7, 1000])
def test_a_header_block_that_never_ends_is_refused_before_it_does(step: int) -> None:
    connection = ClientConnection(Limits(header_bytes=100))
    assert connection.receive(b"X-Long: " + b"a" * 92) == []
    with pytest.raises(RemoteProtocolError, match="longer than 100"):
        connection.receive(b"a" * step)


def test_limits_are_inclusive() -> None:
    head = b"Content-Type: api/response\nContent-Length: 3"
    limits = Limits(header_bytes=len(head), body_bytes=3)
    connection = ClientConnection(limits)
    message = head + b"\n\nabc"
    assert [found for byte in message for found in connection.receive(bytes([byte]))] == [ApiResponse("abc")]
    with pytest.raises(RemoteProtocolError):
        ClientConnection(Limits(header_bytes=len(head) - 1)).receive(message)
    with pytest.raises(RemoteProtocolError):
        ClientConnection(Limits(body_bytes=2)).receive(head + b"\n\n")


def test_names_sent_twice_values_left_out_and_bytes_that_are_not_utf8() -> None:
    data = b"Content-Type: command/reply\nReply-Text: +OK\nX: 1\nX: 2\nEmpty:\nAlso-Empty: \nBad: \xff\xe9\n\n"
    expected = {"X": "1", "Empty": "", "Also-Empty": "", "Bad": "��"}
    assert ClientConnection().receive(data) == [CommandReply("+OK", expected)]
    assert ClientConnection().receive(b"Content-Type: api/response\nContent-Length: 2\n\n\xc3\x28") == [
        ApiResponse("�(")
    ]


def test_a_big_body_in_small_pieces_is_counted_and_not_searched() -> None:
    size = 2_000_000
    connection = ClientConnection()
    connection.receive(f"Content-Type: api/response\nContent-Length: {size}\n\n".encode())
    piece = b"\n\n" * 500
    found = [message for _ in range(size // len(piece)) for message in connection.receive(piece)]
    assert found == [ApiResponse("\n" * size)]
