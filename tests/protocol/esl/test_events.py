"""Both formats of an event: what they look like, that every value comes back, and that no value becomes a header."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robot.errors import LocalProtocolError, RemoteProtocolError
from robot.protocol.esl import ClientConnection, Event, EventFormat, event_message

FORMATS: list[EventFormat] = ["plain", "json"]
NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9_.\-]{0,20}", fullmatch=True).filter(lambda name: name != "Content-Length")
AWKWARD = st.sampled_from(["%0AUnique-ID: X", "a\n\nb", "_undef_", "%", "%4", "%zz", "{'\"}", "\r\n", "\0", " ", ": "])


def event_bytes(body: bytes, kind: str) -> bytes:
    return f"Content-Length: {len(body)}\nContent-Type: text/event-{kind}\n\n".encode() + body


def read(body: bytes, kind: EventFormat = "plain") -> Event:
    (event,) = ClientConnection().receive(event_bytes(body, kind))
    assert isinstance(event, Event)
    return event


@given(
    st.dictionaries(NAMES, st.text() | AWKWARD, min_size=1, max_size=8), st.text() | AWKWARD, st.sampled_from(FORMATS)
)
def test_every_event_comes_back_as_it_was(headers: dict[str, str], body: str, form: EventFormat) -> None:
    event = Event(headers, body)
    assert ClientConnection().receive(event_message(event, form)) == [event]


def test_plain_values_are_percent_encoded_as_the_switch_does() -> None:
    printable = "".join(map(chr, range(32, 127)))
    body = event_message(Event({"X": printable + "é\n"}), "plain").partition(b"\n\n")[2]
    assert body == (
        b"X: %20!%22%23$%25%26'()*%2B,-./0123456789%3A%3B%3C%3D%3E%3F%40ABCDEFGHIJKLMNOPQRSTUVWXYZ"
        b"%5B%5C%5D%5E_%60abcdefghijklmnopqrstuvwxyz%7B%7C%7D~%C3%A9%0A\n\n"
    )


def test_an_empty_value_is_undef_in_plain_and_empty_in_json() -> None:
    event = Event({"Event-Name": "E", "Empty": ""})
    assert b"\nEmpty: _undef_\n" in event_message(event, "plain")
    assert b'"Empty":""' in event_message(event, "json")


def test_the_body_of_a_plain_event_is_raw_behind_its_own_length() -> None:
    message = event_message(Event({"Event-Name": "E", "Content-Length": "99"}, "a b\n\né"), "plain")
    assert message.endswith(b"\n\nEvent-Name: E\nContent-Length: 7\n\na b\n\n\xc3\xa9")


@pytest.mark.parametrize(
    "body",
    [
        b"Event-Name: E\nUnique-ID: real\nvariable_x: a%0AUnique-ID: forged\n\n",
        b"Event-Name: E\nUnique-ID: real\nvariable_x: a%0A%0AUnique-ID%3A%20forged\n\n",
        b"Event-Name: E\nUnique-ID: real\nUnique-ID: forged\n\n",
        b"Event-Name: E\nUnique-ID: real\nContent-Length: 17\n\nUnique-ID: forged",
    ],
)
def test_nothing_in_a_plain_event_replaces_its_uuid(body: bytes) -> None:
    event = read(body)
    assert (event.uuid, event.name) == ("real", "E")


def test_the_first_of_a_name_counts_in_json_too() -> None:
    body = b'{"Unique-ID":"real","Hangup-Cause":"A","Unique-ID":"forged","Hangup-Cause":"A"}'
    assert read(body, "json") == Event({"Unique-ID": "real", "Hangup-Cause": "A"})


def test_a_json_list_is_written_as_in_plain() -> None:
    assert read(b'{"variable_DP_MATCH":["a","b"],"X":[],"Y":"c"}', "json") == Event(
        {"variable_DP_MATCH": "ARRAY::a|:b", "X": "ARRAY::", "Y": "c"}
    )


def test_a_header_line_without_a_value() -> None:
    assert read(b"Event-Name: E\nA:\nB: \nC:d\n\n") == Event({"Event-Name": "E", "A": "", "B": "", "C": "d"})


def test_bytes_that_are_no_text_are_replaced() -> None:
    assert read(b"X: \xff%FF%C3\nContent-Length: 1\n\n\xfe") == Event({"X": "���"}, "�")
    assert read(b'{"X":"\xff"}', "json") == Event({"X": "�"})
    half = read(rb'{"X":"a\ud800b","Y":"\ud83d\ude00","_body":"\udfff"}', "json")
    assert half == Event({"X": "a?b", "Y": "😀"}, "?")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\n",
        b"\n\n",
        b"Event-Name: E",
        b"Event-Name: E\n",
        b"no colon\n\n",
        b"Event-Name: E\n\nbody without a length",
        b"Event-Name: E\nContent-Length: 3\n\nab",
        b"Event-Name: E\nContent-Length: 1\n\nab",
        b"Event-Name: E\nContent-Length: -1\n\nab",
        b"Event-Name: E\nContent-Length: 99999999999\n\nab",
    ],
)
def test_broken_plain_events(body: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        read(body)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"text"',
        b'{"X":1}',
        b'{"X":null}',
        b'{"X":true}',
        b'{"X":{"Y":"Z"}}',
        b'{"X":["a",1]}',
        b'{"X":[["a"]]}',
        b'{"_body":{}}',
        b'{"X":NaN}',
        b'{"X":"a"',
        b'{"X":"a"} trailing',
        b'{"X":"raw\nline break"}',
        b"[" * 200_000,
        b'{"X":' + b"9" * 5000 + b"}",
    ],
)
def test_broken_json_events(body: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        read(body, "json")


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(
    "event",
    [
        Event({}),
        Event({"": "x"}),
        Event({"A: B": "x"}),
        Event({"A\nB": "x"}),
        Event({"_body": "x"}),
        Event({"A": "\ud800"}),
        Event({"\ud800": "x"}),
        Event({"A": "x"}, "\udfff"),
    ],
)
def test_an_event_that_would_not_come_back_is_refused(event: Event, form: EventFormat) -> None:
    with pytest.raises(LocalProtocolError):
        event_message(event, form)


def test_json_is_written_without_escaping_text() -> None:
    body = event_message(Event({"X": 'é"\n'}, "b"), "json").partition(b"\n\n")[2]
    assert body == '{"X":"é\\"\\n","Content-Length":"1","_body":"b"}'.encode()
    assert list(json.loads(body)) == ["X", "Content-Length", "_body"]
