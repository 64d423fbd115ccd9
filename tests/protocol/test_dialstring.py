"""Variables before a dial string: what is written, what a switch makes of it, and that no value adds a variable."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from robot.errors import LocalProtocolError, RemoteProtocolError
from robot.protocol.dialstring import file_variables, originate_variables, parse_file_variables, parse_variables

NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_.\-]{0,12}", fullmatch=True)
AWKWARD = st.text("'\\,={}[]<>^ |:_\"nrsté", max_size=12)
VALUES = st.text(max_size=12) | AWKWARD
MAPPINGS = st.dictionaries(NAMES, VALUES, max_size=5)
ENDPOINT = "sofia/gateway/carrier/33123456789 &park()"


def written(write: Callable[[Mapping[str, str]], str], variables: Mapping[str, str]) -> str | None:
    try:
        return write(variables)
    except LocalProtocolError:
        return None


@given(MAPPINGS)
@example({"a": ""})
@example({"a": " "})
@example({"a": "'", "b": "'"})
@example({"a": "\\", "b": "\\'"})
@example({"a": "x\\,b=forged"})
@example({"a": "',b=forged,'"})
@example({"a": '{"A":"b","C":"d e"}'})
def test_what_is_written_is_what_the_switch_reads(variables: dict[str, str]) -> None:
    text = written(originate_variables, variables)
    if text is not None:
        assert parse_variables(text + ENDPOINT) == (variables, ENDPOINT)
    text = written(file_variables, variables)
    if text is not None:
        assert parse_file_variables(f"{text}/srv/it's here/a b.wav") == (variables, "/srv/it's here/a b.wav")


@given(st.dictionaries(NAMES, st.text("'\\,= \"nrsté€", max_size=12), max_size=5))
def test_only_braces_several_calls_and_control_characters_are_refused(variables: dict[str, str]) -> None:
    distinct = {name.lower(): value for name, value in variables.items()}
    assert parse_variables(originate_variables(distinct)) == (distinct, "")


def test_the_text() -> None:
    assert originate_variables({}) == ""
    assert originate_variables({"a": "b", "c": "d e"}) == "{a=b,c='d e'}"
    assert originate_variables({"url": "ws://h:1/x"}) == "{url=ws://h:1/x}"
    assert originate_variables({"h": '{"A":"b","C":"d"}'}) == r"""{h='{"A":"b"\,"C":"d"}'}"""
    assert originate_variables({"name": "O'Brien"}) == "{name='O" + "\\" * 7 + "'Brien'}"
    assert file_variables({"tag": "turn 1", "b": "c,d"}) == r"{tag=turn 1,b=c\,d}"


@pytest.mark.parametrize(
    "variables",
    [
        {"": "x"},
        {"a b": "x"},
        {"a=b": "x"},
        {"a,b": "x"},
        {"a}": "x"},
        {"^^": "x"},
        {"'a": "x"},
        {"é": "x"},
        {"1a": "x"},
        {"a\n": "x"},
        {"origination_uuid": "x", "Origination_UUID": "y"},
        {"a": "x\ny"},
        {"a": "x\r"},
        {"a": "x\ty"},
        {"a": "x\0"},
        {"a": "x\x7f"},
        {"a": "x\x85y"},
        {"a": "\ud800"},
        {"a": "}sofia/gateway/carrier/1900"},
        {"a": "{"},
        {"a": "}{"},
        {"a": r"\}"},
        {"a": "'}'"},
        {"a": "x:_:sofia/gateway/carrier/1900"},
    ],
)
@pytest.mark.parametrize("write", [originate_variables, file_variables])
def test_what_cannot_be_written_is_refused(
    write: Callable[[Mapping[str, str]], str], variables: dict[str, str]
) -> None:
    with pytest.raises(LocalProtocolError):
        write(variables)


@pytest.mark.parametrize(
    ("text", "variables", "rest"),
    [
        ("sofia/x &park()", {}, "sofia/x &park()"),
        ("", {}, ""),
        ("{}sofia/x", {}, "sofia/x"),
        ("{a=b}{c=d} sofia/x", {"a": "b", "c": "d"}, " sofia/x"),
        ("  {a=b}sofia/x", {"a": "b"}, "sofia/x"),
        ("{a=b,a=c}x", {"a": "c"}, "x"),
        ("{a=b=c}x", {"a": "b=c"}, "x"),
        ("{a=,b,,d=e}x", {"d": "e"}, "x"),
        ("{a='b, c',d=e}x", {"a": "b", "d": "e"}, "x"),
        (r"{a='b\, c',d=e}x", {"a": "b, c", "d": "e"}, "x"),
        ("{a='b  c ',d=it's}x", {"a": "b  c", "d": "it's"}, "x"),
        (r"{a=b\,c,d=\\}x", {"a": "b,c", "d": "\\"}, "x"),
        (r"{a=b\sc\sd}x", {"a": "b c d"}, "x"),
        ("{a={b},c=d}x", {"a": "{b}", "c": "d"}, "x"),
        ("{a=b}'x y' z", {"a": "b"}, "x y z"),
    ],
)
def test_what_a_switch_makes_of_it(text: str, variables: dict[str, str], rest: str) -> None:
    assert parse_variables(text) == (variables, rest)


@pytest.mark.parametrize("text", ["{", "{a=b", "{a=b, c=d}x", "{a={b}x"])
def test_braces_that_do_not_close(text: str) -> None:
    with pytest.raises(RemoteProtocolError, match="close"):
        parse_variables(text)


@pytest.mark.parametrize("text", ["{=c}x", r"{a\\\\nb=c}x", "{a: b=c}x", "{1=c}x"])
def test_names_that_no_event_could_carry(text: str) -> None:
    with pytest.raises(RemoteProtocolError):
        parse_variables(text)


@given(AWKWARD | st.text())
def test_noise_raises_protocol_errors_only(text: str) -> None:
    for parse in (parse_variables, parse_file_variables):
        try:
            parse("{" + text)
        except RemoteProtocolError:
            continue
