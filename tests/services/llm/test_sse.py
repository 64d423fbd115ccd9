"""Server-sent events, cut in every way."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.errors import BadReply
from services.llm.sse import MAX_EVENT_CHARS, SseDecoder, SseEvent

STREAMS = {
    b"data: one\n\ndata: two\n\n": [SseEvent("one"), SseEvent("two")],
    b"data:one\r\n\r\ndata:two\r\n\r\n": [SseEvent("one"), SseEvent("two")],
    b"data: one\r\rdata: two\r\r": [SseEvent("one"), SseEvent("two")],
    b"data: a\ndata: b\n\n": [SseEvent("a\nb")],
    b"data:  two spaces\n\n": [SseEvent(" two spaces")],
    b": a comment\n\n:\n\ndata: x\n\n": [SseEvent("x")],
    b"event: ping\ndata: {}\n\ndata: x\n\n": [SseEvent("{}", "ping"), SseEvent("x")],
    b"event: empty\n\ndata: x\n\n": [SseEvent("x")],
    b"id: 1\nretry: 5\nunknown\ndata\n\n": [SseEvent("")],
    b'error: {"code":500}\n\n': [SseEvent('{"code":500}', "error")],
    b"\xef\xbb\xbfdata: bom\n\n": [SseEvent("bom")],
    "data: été à 5 €\n\n".encode(): [SseEvent("été à 5 €")],
    b"data: \xff broken\n\n": [SseEvent("\ufffd broken")],
    b"data: left open": [SseEvent("left open")],
    b"data: left open\n": [SseEvent("left open")],
    b"": [],
    b"\n\n\n": [],
}


def whole(stream: bytes) -> list[SseEvent]:
    decoder = SseDecoder()
    return [*decoder.feed(stream), *decoder.close()]


@pytest.mark.parametrize(("stream", "events"), STREAMS.items())
def test_whole_and_byte_by_byte(stream: bytes, events: list[SseEvent]) -> None:
    assert whole(stream) == events
    decoder = SseDecoder()
    pieces = [event for byte in stream for event in decoder.feed(bytes([byte]))]
    assert [*pieces, *decoder.close()] == events


def test_an_event_comes_out_with_its_last_byte() -> None:
    decoder = SseDecoder()
    assert decoder.feed(b"data: one\n") == []
    assert decoder.feed(b"\n") == [SseEvent("one")]
    assert decoder.feed(b"data: two\r\n\r") == [SseEvent("two")]
    assert decoder.feed(b"\ndata: three\n\n") == [SseEvent("three")]


@given(
    st.lists(st.sampled_from([b"data: ", "é€".encode(), b"\r", b"\n", b"\r\n", b":", b"event: a", b"x"])).map(b"".join)
    | st.binary(),
    st.lists(st.integers(1, 9), min_size=1),
)
def test_any_pieces_give_the_same_events(stream: bytes, sizes: list[int]) -> None:
    decoder, events, at, turn = SseDecoder(), [], 0, 0
    while at < len(stream):
        size = sizes[turn % len(sizes)]
        events += decoder.feed(stream[at : at + size])
        at, turn = at + size, turn + 1
    assert [*events, *decoder.close()] == whole(stream)


@pytest.mark.parametrize("piece", [b"x" * 100_000, b"data: " + b"x" * 100_000 + b"\n"])
def test_an_event_without_end_is_refused(piece: bytes) -> None:
    decoder = SseDecoder()
    for _ in range(MAX_EVENT_CHARS // len(piece) - 1):
        assert decoder.feed(piece) == []
    with pytest.raises(BadReply, match=str(MAX_EVENT_CHARS)):
        decoder.feed(piece * 2)
