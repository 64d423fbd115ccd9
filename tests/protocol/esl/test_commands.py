"""The client's encoders: what they write, and that nothing passed to them adds a header or a command."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robot.errors import LocalProtocolError
from robot.protocol.esl import (
    Command,
    ServerConnection,
    api,
    auth,
    bgapi,
    encode_command,
    event_filter,
    execute,
    exit_,
    subscribe,
)

TEXT = st.text(st.characters(codec=None) | st.sampled_from("\r\n\0: "), max_size=20)
"""half surrogate pairs and line breaks among it"""


def test_what_is_written() -> None:
    assert auth("ClueCon") == b"auth ClueCon\n\n"
    assert auth(" with spaces ") == b"auth  with spaces \n\n"
    assert api("status") == b"api status\n\n"
    assert api("uuid_break", "u1 all") == b"api uuid_break u1 all\n\n"
    assert bgapi("originate", "a/b &park()") == b"bgapi originate a/b &park()\n\n"
    assert bgapi("status", job_uuid="j1") == b"bgapi status\nJob-UUID: j1\n\n"
    assert subscribe("json", ["DTMF", "CHANNEL_ANSWER"]) == b"event json DTMF CHANNEL_ANSWER\n\n"
    assert subscribe("plain", ["DTMF"], ["m::a", "m::b"]) == b"event plain DTMF CUSTOM m::a m::b\n\n"
    assert subscribe("plain", [], ["m::a"]) == b"event plain CUSTOM m::a\n\n"
    assert event_filter("Unique-ID", "u 1") == b"filter Unique-ID u 1\n\n"
    assert exit_() == b"exit\n\n"
    assert execute("u1", "playback", "/a b.wav", event_uuid="turn-1") == (
        b"sendmsg u1\ncall-command: execute\nexecute-app-name: playback\nexecute-app-arg: /a b.wav\n"
        b"event-lock: true\nEvent-UUID: turn-1\n\n"
    )
    assert execute("u1", "answer", "", event_lock=False) == (
        b"sendmsg u1\ncall-command: execute\nexecute-app-name: answer\n\n"
    )
    assert encode_command(Command("sendmsg u1", {"a": "b"}, "é")) == b"sendmsg u1\na: b\nContent-Length: 2\n\n\xc3\xa9"


@pytest.mark.parametrize(
    "write",
    [
        lambda: auth(""),
        lambda: auth("x\n\napi shutdown"),
        lambda: api("status\n\napi shutdown"),
        lambda: api("status x"),
        lambda: api(""),
        lambda: api("uuid_kill", "u\r\n"),
        lambda: api("uuid_kill", "u\0"),
        lambda: bgapi("status", "x\nJob-UUID: forged"),
        lambda: bgapi("status", job_uuid="a b"),
        lambda: bgapi("status", job_uuid="a\nb"),
        lambda: subscribe("json", []),
        lambda: subscribe("json", ["DTMF ALL"]),
        lambda: subscribe("json", ["CUSTOM", "DTMF"]),
        lambda: subscribe("json", ["custom"]),
        lambda: subscribe("json", [], [""]),
        lambda: event_filter("delete", "all"),
        lambda: event_filter("DELETE", "all"),
        lambda: event_filter("Unique-ID", " "),
        lambda: event_filter("Unique ID", "x"),
        lambda: event_filter("Unique-ID", "x\n\nexit"),
        lambda: execute("u 1", "playback", "x"),
        lambda: execute("", "playback", "x"),
        lambda: execute("u", "play back", "x"),
        lambda: execute("u", "playback", "x\nevent-lock: false"),
        lambda: execute("u", "playback", "x", event_uuid="a\nb"),
        lambda: execute("u", "playback", "/tmp/${system(id)}"),
        lambda: execute("u", "set", "a=$${b}"),
        lambda: encode_command(Command("")),
        lambda: encode_command(Command(" ")),
        lambda: encode_command(Command("a\nb")),
        lambda: encode_command(Command("a", {"b": "c\nd"})),
        lambda: encode_command(Command("a", {"b:": "c"})),
        lambda: encode_command(Command("a", {"": "c"})),
        lambda: encode_command(Command("a", {"b c": "d"})),
        lambda: encode_command(Command("a", {"CONTENT-LENGTH": "3"})),
        lambda: encode_command(Command("a", {}, "\ud800")),
        lambda: api("x", "\ud800"),
    ],
)
def test_what_would_add_a_header_or_a_command_is_refused(write: Callable[[], bytes]) -> None:
    with pytest.raises(LocalProtocolError):
        write()


def test_the_error_does_not_show_the_password() -> None:
    with pytest.raises(LocalProtocolError) as caught:
        auth("s3cret\n")
    assert "s3cret" not in str(caught.value)


def read_one(write: Callable[[], bytes]) -> Command | None:
    """The one command in what was written; None when nothing was."""
    try:
        data = write()
    except LocalProtocolError:
        return None
    connection = ServerConnection()
    (command,) = connection.receive(data)
    assert connection.pending_bytes == 0
    return command


@given(TEXT, TEXT, TEXT)
def test_whatever_is_passed_one_command_or_none_arrives(one: str, two: str, three: str) -> None:
    command = read_one(lambda: api(one, two))
    assert command is None or command in (Command(f"api {one} {two}"), Command(f"api {one}"))
    command = read_one(lambda: bgapi(one, two, three))
    assert command is None or set(command.headers.items()) <= {("Job-UUID", three)}
    command = read_one(lambda: auth(one))
    assert command is None or (command.verb, command.argument) == ("auth", one)
    command = read_one(lambda: subscribe("json", [one], [two]))
    assert command is None or command == Command(f"event json {one} CUSTOM {two}")
    command = read_one(lambda: event_filter(one, two))
    assert command is None or command == Command(f"filter {one} {two}")
    command = read_one(lambda: execute(one, two, three))
    assert command is None or command.headers == {
        "call-command": "execute",
        "execute-app-name": two,
        "event-lock": "true",
    } | ({"execute-app-arg": three} if three else {})


@given(
    st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), min_size=1),
    st.dictionaries(st.from_regex(r"[A-Za-z][A-Za-z0-9_\-]{0,12}", fullmatch=True), TEXT, max_size=4),
    st.text(),
)
def test_a_command_comes_back_as_it_was(line: str, headers: dict[str, str], body: str) -> None:
    command = Command(line, headers, body)
    assert read_one(lambda: encode_command(command)) in (None, command)
