"""The server's end: commands as clients really send them, and messages that the client's end reads back."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from robot.errors import LocalProtocolError, RemoteProtocolError
from robot.protocol.esl import (
    ApiResponse,
    AuthRequest,
    ClientConnection,
    Command,
    CommandReply,
    DisconnectNotice,
    Event,
    Limits,
    Rejected,
    ServerConnection,
    api_response,
    auth_request,
    command_reply,
    disconnect_notice,
    event_message,
    rude_rejection,
)

GOLDEN = [
    (b"auth Secret word\n\n", Command("auth Secret word")),
    (b"bgapi status\nJob-UUID: job-1\n\n", Command("bgapi status", {"Job-UUID": "job-1"})),
    (b"api uuid_exists x\r\n\r\n", Command("api uuid_exists x")),
    (b"\n\r\nnoevents\n\r\n", Command("noevents")),
    (
        b"sendmsg u1\ncall-command: execute\nexecute-app-name: log\ncontent-length: 7\n\nINFO a\n",
        Command("sendmsg u1", {"call-command": "execute", "execute-app-name": "log"}, "INFO a\n"),
    ),
    (b"exit\n\n", Command("exit")),
]
STREAM = b"".join(data for data, _ in GOLDEN)
COMMANDS = [command for _, command in GOLDEN]


@pytest.mark.parametrize(("data", "command"), GOLDEN)
def test_one_command_whole_and_with_trailing_data(data: bytes, command: Command) -> None:
    connection = ServerConnection()
    assert connection.receive(data + b"exi") == [command]
    assert connection.pending_bytes == 3
    assert connection.receive(b"t\n\n") == [Command("exit")]
    connection.eof()


def test_pipelined_commands_in_one_read_and_byte_by_byte() -> None:
    assert ServerConnection().receive(STREAM) == COMMANDS
    connection = ServerConnection()
    assert [command for byte in STREAM for command in connection.receive(bytes([byte]))] == COMMANDS
    connection.eof()


def test_empty_lines_before_the_end_are_no_command() -> None:
    connection = ServerConnection()
    assert connection.receive(b"exit\n\n\n\r\n\n") == [Command("exit")]
    assert connection.pending_bytes == 0
    connection.eof()


def test_verb_and_argument() -> None:
    command = Command("API uuid_kill  u1 USER_BUSY")
    assert (command.verb, command.argument) == ("api", "uuid_kill  u1 USER_BUSY")
    assert (Command("exit").verb, Command("exit").argument) == ("exit", "")
    assert Command("auth  x ").argument == " x "


@pytest.mark.parametrize(
    "data",
    [
        b"sendmsg u\nno colon\n\n",
        b"sendmsg u\nContent-Length: x\n\n",
        b"sendmsg u\nContent-Length: 99\n\n",
        b"api " + b"x" * 200,
    ],
)
def test_broken_commands_end_the_connection(data: bytes) -> None:
    connection = ServerConnection(Limits(header_bytes=100, body_bytes=50))
    with pytest.raises(RemoteProtocolError):
        connection.receive(data)
    with pytest.raises(LocalProtocolError):
        connection.receive(b"exit\n\n")


def test_an_end_inside_a_command() -> None:
    connection = ServerConnection()
    connection.receive(b"api sta")
    with pytest.raises(RemoteProtocolError, match="after 7 bytes"):
        connection.eof()


def test_messages_are_written_as_the_switch_writes_them() -> None:
    assert auth_request() == b"Content-Type: auth/request\n\n"
    assert command_reply("+OK Job-UUID: j", {"Job-UUID": "j"}) == (
        b"Content-Type: command/reply\nReply-Text: +OK Job-UUID: j\nJob-UUID: j\n\n"
    )
    assert api_response("é\n") == b"Content-Type: api/response\nContent-Length: 3\n\n\xc3\xa9\n"
    assert disconnect_notice("Bye") == b"Content-Type: text/disconnect-notice\nContent-Length: 3\n\nBye"
    assert rude_rejection("No") == b"Content-Type: text/rude-rejection\nContent-Length: 2\n\nNo"
    assert event_message(Event({"Event-Name": "HEARTBEAT"}), "plain") == (
        b"Content-Length: 23\nContent-Type: text/event-plain\n\nEvent-Name: HEARTBEAT\n\n"
    )
    assert event_message(Event({"Event-Name": "E"}, "b"), "json") == (
        b'Content-Length: 51\nContent-Type: text/event-json\n\n{"Event-Name":"E","Content-Length":"1","_body":"b"}'
    )


def test_the_client_reads_back_what_the_server_wrote() -> None:
    stream = auth_request() + command_reply("-ERR invalid") + api_response("+OK\n")
    stream += disconnect_notice("Bye.\n") + rude_rejection("Go.\n")
    assert ClientConnection().receive(stream) == [
        AuthRequest(),
        CommandReply("-ERR invalid"),
        ApiResponse("+OK\n"),
        DisconnectNotice("Bye.\n"),
        Rejected("Go.\n"),
    ]


@pytest.mark.parametrize(
    "write",
    [
        lambda: command_reply("+OK\nJob-UUID: forged"),
        lambda: command_reply("+OK\r"),
        lambda: command_reply("+OK\0"),
        lambda: command_reply("\ud800"),
        lambda: command_reply("+OK", {"X": "a\n\nContent-Type: auth/request"}),
        lambda: command_reply("+OK", {"X\nY": "a"}),
        lambda: command_reply("+OK", {"X: Y": "a"}),
        lambda: command_reply("+OK", {"": "a"}),
        lambda: command_reply("+OK", {"Content-length": "5"}),
        lambda: command_reply("+OK", {"Reply-Text": "-ERR"}),
        lambda: command_reply("+OK", {"Content-Type": "api/response"}),
        lambda: api_response("\udfff"),
        lambda: disconnect_notice("\udfff"),
        lambda: rude_rejection("\udfff"),
    ],
)
def test_no_encoder_lets_a_header_or_a_message_in(write: Callable[[], bytes]) -> None:
    with pytest.raises(LocalProtocolError):
        write()
