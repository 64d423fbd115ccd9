"""Chunks of a reply, as different servers write them."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.errors import BadInput, BadReply, Overloaded, ServiceError, Unavailable
from services.llm.chat_delta import ChatDelta, excerpt, read_delta, refusal

CHUNKS = [
    ({"choices": [{"delta": {"role": "assistant", "content": ""}}]}, ChatDelta()),
    ({"choices": [{"delta": {"role": "assistant", "content": None}}]}, ChatDelta()),
    ({"choices": [{"delta": {"content": "Hi"}, "finish_reason": None}]}, ChatDelta("Hi")),
    ({"choices": [{"delta": {}, "finish_reason": "stop"}]}, ChatDelta("", "stop")),
    ({"choices": [{"delta": None, "finish_reason": "length"}]}, ChatDelta("", "length")),
    ({"choices": [{"delta": {"content": "!"}, "finish_reason": "stop"}]}, ChatDelta("!", "stop")),
    ({"choices": [{"delta": {"reasoning_content": "hm"}}]}, ChatDelta()),
    ({"choices": [], "usage": {"total_tokens": 5}}, ChatDelta()),
    ({"choices": None, "usage": {}}, ChatDelta()),
    ({"choices": [{}], "error": None}, ChatDelta()),
]


@pytest.mark.parametrize(("chunk", "delta"), CHUNKS)
def test_chunks(chunk: object, delta: ChatDelta) -> None:
    assert read_delta(chunk) == delta


@pytest.mark.parametrize(
    "chunk",
    [
        [],
        "text",
        None,
        {"choices": {"delta": {}}},
        {"choices": ["text"]},
        {"choices": [{"delta": "text"}]},
        {"choices": [{"delta": {"content": ["text"]}}]},
    ],
)
def test_another_shape_is_a_bad_reply(chunk: object) -> None:
    with pytest.raises(BadReply, match="chat model sent"):
        read_delta(chunk)


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (400, {"message": "too long"}, BadInput),
        (422, "too long", BadInput),
        (401, {"message": "too long"}, Unavailable),
        (404, {"message": "too long"}, Unavailable),
        (429, {"message": "too long"}, Overloaded),
        (500, {"message": "too long"}, Unavailable),
        (0, {"message": "too long", "code": 400}, BadInput),
        (0, {"message": "too long", "code": "insufficient_quota"}, Unavailable),
        (0, "too long", Unavailable),
    ],
)
def test_refusals(status: int, error: object, kind: type[ServiceError]) -> None:
    refused = refusal(status, error)
    assert type(refused) is kind
    assert "too long" in str(refused)


def test_an_error_in_the_stream_is_raised() -> None:
    with pytest.raises(BadInput, match="context"):
        read_delta({"error": {"code": 400, "message": "exceeds the context"}})


def test_an_excerpt_is_one_short_line() -> None:
    assert excerpt("a\n  b") == "a b"
    assert len(excerpt("x" * 5000)) < 250


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["choices", "delta", "content", "error", "code", "message"]), inner)
    ),
)


@given(JSON)
def test_any_json_is_a_delta_or_a_service_error(chunk: object) -> None:
    with suppress(ServiceError):
        assert isinstance(read_delta(chunk), ChatDelta)
