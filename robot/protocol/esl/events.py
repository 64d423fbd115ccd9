"""The body of an event message, in the two formats a client can subscribe to.

``text/event-plain``: header lines with percent-encoded values, an empty line, and where the last line is
``Content-Length`` that many bytes of body, raw. ``text/event-json``: one object of strings, the body under ``_body``.
Values are decoded after the lines are split, and the first value of a name stays: the switch writes its own headers
first, so nothing that a caller puts in a variable, ``%0AUnique-ID: X`` or a second ``Unique-ID``, replaces what the
switch says.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote, unquote

from robot.errors import LocalProtocolError, RemoteProtocolError
from robot.protocol.esl.messages import Event, EventFormat
from robot.protocol.esl.reader import content_length, split_header
from robot.protocol.lines import one_line, utf8

_BODY = "_body"
_LENGTH = "Content-Length"
_EMPTY = "_undef_"
"""what the switch writes for an empty value in the plain format"""
_UNENCODED = "!$'()*,/"
"""with letters, digits and ``-._~`` all that the switch leaves as it is (its ``switch_url_encode``)"""


def decode_plain(body: bytes) -> Event:
    """The body of a ``text/event-plain`` message. Raises :class:`RemoteProtocolError`."""
    head, blank, inner = body.partition(b"\n\n")
    if not blank:
        raise RemoteProtocolError("a plain event does not end its headers with an empty line")
    lines = head.decode("utf-8", "replace").split("\n")
    name, value = split_header(lines[-1])
    declared = content_length(value, len(body)) if name == _LENGTH else 0
    if declared != len(inner):
        raise RemoteProtocolError("the body of a plain event is not as long as its Content-Length says")
    headers: dict[str, str] = {}
    for line in lines:
        name, separator, value = line.partition(": ")
        if not separator:
            name, value = split_header(line)
        if name not in headers:
            headers[name] = unquote(value) if "%" in value else "" if value == _EMPTY else value
    headers.pop(_LENGTH, None)
    return Event(headers, inner.decode("utf-8", "replace"))


def decode_json(body: bytes) -> Event:
    """The body of a ``text/event-json`` message. Raises :class:`RemoteProtocolError` unless it is an object of strings.

    A list of strings, which the switch writes for a variable that was pushed to (``variable_DP_MATCH``), becomes the
    ``ARRAY::a|:b`` of the plain format.
    """
    text = body.decode("utf-8", "replace")
    try:
        headers = _DECODER.decode(text)
    except (ValueError, RecursionError) as error:
        raise RemoteProtocolError("a JSON event is not valid JSON") from error
    if type(headers) is not dict:
        raise RemoteProtocolError("a JSON event is not an object")
    if not set(map(type, headers.values())) <= {str}:
        headers = {name: _string(value) for name, value in headers.items()}
    if b"\\" in body and b"\\u" in body:  # the first search is fifty times as fast as the second, and mostly enough
        headers = {_whole(name): _whole(value) for name, value in headers.items()}
    headers.pop(_LENGTH, None)
    return Event(headers, headers.pop(_BODY, ""))


def _first_of_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    headers = dict(pairs)
    return headers if len(headers) == len(pairs) else headers | dict(reversed(pairs))


_DECODER = json.JSONDecoder(object_pairs_hook=_first_of_each)


def _string(value: object) -> str:
    match value:
        case str():
            return value
        case list() if all(isinstance(item, str) for item in value):
            return "ARRAY::" + "|:".join(value)
        case _:
            raise RemoteProtocolError("a JSON event holds a value that is no string")


def _whole(text: str) -> str:
    """JSON can escape half a surrogate pair; see :mod:`robot.protocol.esl.reader` for why it does not stay."""
    return text.encode("utf-8", "replace").decode()


def encode_event(event: Event, format: EventFormat) -> bytes:
    """The body of an event message. Raises :class:`LocalProtocolError`: no header, or a name that would not come back.

    The switch leaves a ``%41`` that is already in a value as it is, so what it means cannot be told; here ``%`` is
    always encoded, and every value comes back as it was.
    """
    headers = {_name(name): value for name, value in event.headers.items() if name != _LENGTH}
    if not headers:
        raise LocalProtocolError("an event has no headers")
    body = utf8("an event's body", event.body)
    if event.body:
        headers[_LENGTH] = str(len(body))
    if format == "json":
        fields = headers | {_BODY: event.body} if event.body else headers
        return utf8("an event", json.dumps(fields, ensure_ascii=False, separators=(",", ":")))
    lines = "".join(f"{name}: {_plain_value(value)}\n" for name, value in headers.items())
    return utf8("an event", lines) + b"\n" + body


def _name(name: str) -> str:
    if not name or ": " in name or name == _BODY:
        raise LocalProtocolError("the name of an event header must not be empty, hold ': ' or be _body")
    return one_line("the name of an event header", name)


def _plain_value(value: str) -> str:
    if not value:
        return _EMPTY
    try:
        return "%5Fundef_" if value == _EMPTY else quote(value, safe=_UNENCODED)
    except UnicodeEncodeError:
        raise LocalProtocolError("an event's value holds half a surrogate pair, which UTF-8 cannot write") from None
