"""Any way of cutting the stream gives the same messages, and no bytes raise anything but a protocol error."""

from __future__ import annotations

import contextlib
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from robot.errors import ProtocolError
from robot.protocol.esl import (
    ClientConnection,
    Command,
    Event,
    ServerConnection,
    api_response,
    auth_request,
    command_reply,
    disconnect_notice,
    encode_command,
    event_message,
)

HEADERS = st.dictionaries(st.sampled_from(["Event-Name", "Unique-ID", "variable_x"]), st.text(max_size=20), min_size=1)
EVENTS = st.builds(Event, HEADERS, st.text(max_size=20))
LINES = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), max_size=20)
MESSAGES = st.one_of(
    st.just(auth_request()),
    st.builds(command_reply, LINES),
    st.builds(api_response, st.text(max_size=40)),
    st.builds(disconnect_notice, st.text(max_size=40)),
    st.builds(event_message, EVENTS, st.sampled_from(["plain", "json"])),
)
COMMANDS = st.builds(Command, st.sampled_from(["api status", "exit"]), st.just({"a": "b"}), st.text(max_size=20))
WORDS = [b"Content-Type: ", b"Content-Length: ", b"text/event-json", b"text/event-plain", b"api/response", b"12", b"{"]
NOISE = st.lists(st.sampled_from([*WORDS, b"\n", b"\n\n", b"\r\n", b": ", b'"']) | st.binary(max_size=8)).map(b"".join)


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


@given(st.lists(MESSAGES, max_size=8), st.lists(st.integers(0, 10_000), max_size=30))
def test_any_cut_of_a_server_stream(parts: list[bytes], places: list[int]) -> None:
    stream = b"".join(parts)
    connection = ClientConnection()
    messages = [message for piece in cut(stream, places) for message in connection.receive(piece)]
    assert messages == ClientConnection().receive(stream)
    assert len(messages) == len(parts)
    connection.eof()


@given(st.lists(COMMANDS, max_size=8), st.lists(st.integers(0, 10_000), max_size=30))
def test_any_cut_of_a_client_stream(commands: list[Command], places: list[int]) -> None:
    stream = b"".join(map(encode_command, commands))
    connection = ServerConnection()
    assert [found for piece in cut(stream, places) for found in connection.receive(piece)] == commands
    connection.eof()


@given(NOISE, st.lists(st.integers(0, 10_000), max_size=5))
def test_noise_raises_protocol_errors_only(noise: bytes, places: list[int]) -> None:
    for connection in (ClientConnection(), ServerConnection()):
        with contextlib.suppress(ProtocolError):
            for piece in cut(noise, places):
                connection.receive(piece)
            connection.eof()


@given(st.binary(max_size=200), st.sampled_from(["json", "plain"]))
def test_noise_in_an_event_raises_protocol_errors_only(noise: bytes, kind: str) -> None:
    head = f"Content-Length: {len(noise)}\nContent-Type: text/event-{kind}\n\n".encode()
    with contextlib.suppress(ProtocolError):
        ClientConnection().receive(head + noise)
