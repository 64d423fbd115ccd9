"""Recorded traffic: what a report says of a good trace, a cut one, a broken one, and a file that is none."""

from __future__ import annotations

import base64
import gzip
import json
from pathlib import Path

import numpy as np
import pytest
from websockets.frames import Frame, Opcode

from robot.errors import ConfigError
from robot.lab.trace import replay
from robot.protocol.audio_stream import encode_stream_audio
from robot.protocol.esl import Event, api, auth, auth_request, command_reply, event_message, exit_

UPGRADE = b"GET / HTTP/1.1\r\n\r\n"
UPGRADED = b"HTTP/1.1 101 Switching Protocols\r\n\r\n"
EVENTS = [
    Event({"Event-Name": "CUSTOM", "Event-Subclass": "mod_audio_stream::json", "X": "é"}, '{"a":"é"}'),
    Event({"Event-Name": "DTMF"}),
]
SERVER = auth_request() + command_reply("+OK accepted") + b"".join(event_message(event, "plain") for event in EVENTS)
CLIENT = auth("x") + api("status") + exit_()


def record(folder: Path, name: str, reads: list[tuple[int, str, bytes]]) -> Path:
    lines: list[dict[str, object]] = [{"trace": name, "epoch_at_t0": 0.5}, {"t": 0, "conn": 1, "dir": "open"}]
    for number, (connection, direction, data) in enumerate(reads):
        line: dict[str, object] = {"t": number / 50, "conn": connection, "dir": direction}
        try:
            line["text"] = data.decode()
        except UnicodeDecodeError:
            line["b64"] = base64.b64encode(data).decode()
        lines.append(line)
    lines.append({"t": 9.9, "conn": 1, "dir": "eof-c2s"})
    path = folder / name
    path.write_bytes(gzip.compress("\n".join(json.dumps(line) for line in lines).encode()))
    return path


def test_an_event_socket(tmp_path: Path) -> None:
    cut = SERVER.index("é".encode()) + 1
    reads = [(1, "s2c", SERVER[:cut]), (1, "c2s", CLIENT), (1, "s2c", SERVER[cut:]), (2, "s2c", auth_request())]
    report = replay(record(tmp_path, "a.esl.jsonl.gz", reads))
    assert report.ok
    assert report.connections == 2
    assert report.messages == {"AuthRequest": 2, "CommandReply": 1, "Event": 2, "Command": 3}
    assert report.events == {"mod_audio_stream::json": 1, "DTMF": 1}
    assert report.bytes_read == len(SERVER) + len(CLIENT) + len(auth_request())


@pytest.mark.parametrize(("rate_hz", "frames"), [(8000, 1), (16_000, 1), (24_000, 1), (8000, 5)])
def test_an_audio_stream(tmp_path: Path, rate_hz: int, frames: int) -> None:
    audio = Frame(Opcode.BINARY, bytes(rate_hz // 25 * frames)).serialize(mask=True)
    switch = [Frame(Opcode.TEXT, b"{}"), Frame(Opcode.PING, b"p"), Frame(Opcode.CLOSE, b"\x03\xe8")]
    sound = encode_stream_audio(np.ones(8, np.int16), 8000).encode()
    server = [Frame(Opcode.TEXT, sound), Frame(Opcode.TEXT, b"hi"), Frame(Opcode.BINARY, b"ignored")]
    reads = [
        (1, "c2s", UPGRADE + audio + b"".join(frame.serialize(mask=True) for frame in switch)),
        (1, "s2c", UPGRADED + b"".join(frame.serialize(mask=False) for frame in server)),
        (2, "c2s", UPGRADE + Frame(Opcode.TEXT, b"silent").serialize(mask=True)),
    ]
    report = replay(record(tmp_path, "a.ws.jsonl.gz", reads))
    assert report.errors == ()
    assert report.ok
    expected = {"Metadata": 2, "Audio": 1, "Ping": 1, "Closed": 1, "PlayRequest": 1, "OtherText": 1, "Binary": 1}
    assert (report.messages, report.events) == (expected, {})


def test_a_cut_message_is_left_over(tmp_path: Path) -> None:
    report = replay(record(tmp_path, "a.esl.jsonl.gz", [(1, "s2c", SERVER[:-3]), (1, "c2s", CLIENT[:-1])]))
    assert not report.ok
    assert report.left_over == len(event_message(EVENTS[1], "plain")) - 3 + len(exit_()) - 1
    assert report.errors == ()


def test_broken_bytes_are_an_error_of_their_connection_alone(tmp_path: Path) -> None:
    broken = b"Content-Type: api/response\n\n"
    report = replay(record(tmp_path, "a.esl.jsonl.gz", [(7, "s2c", broken), (8, "s2c", SERVER)]))
    assert not report.ok
    (error,) = report.errors
    assert error.startswith("connection 7 s2c: ")
    assert report.messages["Event"] == 2
    odd = Frame(Opcode.BINARY, bytes(33)).serialize(mask=True)
    assert replay(record(tmp_path, "b.ws.jsonl.gz", [(1, "c2s", UPGRADE + odd)])).errors


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no gzip",
        gzip.compress(b""),
        gzip.compress(b'{"trace":"x","epoch_at_t0":1}\n')[:-9],
        gzip.compress(b'{"trace":"x","epoch_at_t0":1}\nno json\n'),
        gzip.compress(b'{"trace":"x","epoch_at_t0":1}\n{"t":1,"conn":1,"dir":"c2s","txt":"x"}\n'),
        gzip.compress(b'{"trace":"x","epoch_at_t0":1}\n{"t":1,"conn":1,"dir":"c2s","b64":"%"}\n'),
        gzip.compress(b"\xff\xfe"),
    ],
    ids=range(8),
)
def test_a_file_that_is_no_trace(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.esl.jsonl.gz"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"x\.esl"):
        replay(path)


def test_a_name_that_says_nothing_and_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="ends in"):
        replay(tmp_path / "x.jsonl.gz")
    with pytest.raises(ConfigError, match="cannot be read"):
        replay(tmp_path / "x.ws.jsonl.gz")
