"""The chat client against a server that speaks, stammers, falls silent or lies, on a real socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import pytest

from services.errors import BadInput, BadReply, Overloaded, ServiceError, Timeout, Unavailable
from services.llm.base import Message
from services.llm.openai_compatible import OpenAICompatible

KEY = "sk-very-secret"
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"
Writer = asyncio.StreamWriter
Answer = Callable[[Writer], Awaitable[None]]


@dataclass
class Stub:
    """A server that gives every request the same answer."""

    port: int
    requests: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    """head and body"""
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    """a client closed its connection"""


def delta(content: str | None, **more: object) -> bytes:
    return b"data: " + json.dumps({"choices": [{"index": 0, "delta": {"content": content}, **more}]}).encode() + b"\n\n"


def sending(*pieces: bytes) -> Answer:
    async def answer(writer: Writer) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()

    return answer


def refusing(status: str, body: bytes, kind: str = "application/json") -> Answer:
    head = f"HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n\r\n"
    return sending(head.encode() + body)


@asynccontextmanager
async def serving(answer: Answer) -> AsyncIterator[Stub]:
    """At its end every connection is closed; so the client must have left."""
    silent = getattr(answer, "silent", False)
    handlers: list[asyncio.Task[Any] | None] = []

    async def connected(reader: asyncio.StreamReader, writer: Writer) -> None:
        handlers.append(asyncio.current_task())
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = int(head.lower().split("content-length:")[1].split()[0])
        stub.requests.append((head, json.loads(await reader.readexactly(length))))
        await answer(writer)
        if silent:
            await reader.read()
            stub.gone.set()
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    stub = Stub(server.sockets[0].getsockname()[1])
    async with server:
        try:
            yield stub
        finally:
            await asyncio.gather(*(handler for handler in handlers if handler))


def holding(*pieces: bytes) -> Answer:
    """Sends, then says nothing more until the client leaves."""
    answer = sending(*pieces)
    answer.silent = True  # type: ignore[attr-defined]
    return answer


def client(port: int, **settings: Any) -> OpenAICompatible:
    return OpenAICompatible(f"http://127.0.0.1:{port}/v1/", "some-model", api_key=KEY, **settings)


async def ask(chat: OpenAICompatible, **options: Any) -> list[str]:
    messages = [Message("system", "Be brief."), Message("user", "Hello")]
    return [piece async for piece in chat.stream(messages, max_tokens=9, **options)]


def run(answer: Answer, **settings: Any) -> list[str]:
    async def scenario() -> list[str]:
        async with serving(answer) as stub:
            chat = client(stub.port, **settings)
            try:
                return await ask(chat)
            finally:
                await chat.aclose()

    return asyncio.run(scenario())


OLLAMA = HEAD + delta("Hel") + delta("lo") + delta("", finish_reason="stop") + b"data: [DONE]\n\n"
VLLM = (
    HEAD
    + b'data: {"choices":[{"delta":{"role":"assistant","content":""}}]}\n\n'
    + b": keep-alive\n\n"
    + (delta("Hel") + delta("lo") + delta(None, finish_reason="stop")).replace(b"\n", b"\r\n")
    + b'data: {"choices":[],"usage":{"total_tokens":3}}\n\ndata: [DONE]\n\n'
)
LLAMA_SERVER = HEAD + delta(None) + delta("Hel") + delta("lo", finish_reason="length")
CHUNKED_BODY = delta("Hel") + delta("lo") + b"data: [DONE]\n\n"
CHUNKED = (
    HEAD.replace(b"connection: close", b"transfer-encoding: chunked")
    + f"{len(CHUNKED_BODY):x}\r\n".encode()
    + CHUNKED_BODY
    + b"\r\n0\r\n\r\n"
)


@pytest.mark.parametrize("wire", [OLLAMA, VLLM, LLAMA_SERVER, CHUNKED], ids=["ollama", "vllm", "llama", "chunked"])
def test_each_servers_dialect(wire: bytes) -> None:
    assert run(sending(wire)) == ["Hel", "lo"]


def test_a_reply_cut_in_every_byte() -> None:
    wire = HEAD + delta("été €") + delta("!") + b"data: [DONE]\n\n"
    wire = wire.replace(b"\\u00e9", "é".encode())
    assert "".join(run(sending(*(bytes([byte]) for byte in wire)))) == "été €!"


def test_the_request() -> None:
    async def scenario() -> Stub:
        async with serving(sending(OLLAMA)) as stub:
            chat = client(stub.port)
            await ask(chat, temperature=0.3, stop=["\n"])
            await chat.aclose()
            return stub

    ((head, body),) = asyncio.run(scenario()).requests
    assert head.startswith("POST /v1/chat/completions ")
    assert f"authorization: Bearer {KEY}\r\n" in head.lower().replace("bearer", "Bearer")
    assert body == {
        "model": "some-model",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"}],
        "max_tokens": 9,
        "temperature": 0.3,
        "stream": True,
        "stop": ["\n"],
    }


def test_the_connection_is_used_again() -> None:
    async def scenario() -> None:
        left = asyncio.Event()

        async def twice(reader: asyncio.StreamReader, writer: Writer) -> None:
            for _ in range(2):
                head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
                await reader.readexactly(int(head.split("content-length:")[1].split()[0]))
                writer.write(CHUNKED)
            writer.close()
            await writer.wait_closed()
            left.set()

        async with await asyncio.start_server(twice, "127.0.0.1", 0) as server:
            chat = client(server.sockets[0].getsockname()[1], retries=0)
            assert await ask(chat) == await ask(chat) == ["Hel", "lo"]
            await left.wait()
            await chat.aclose()

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("answer", "kind", "message"),
    [
        (refusing("401 Unauthorized", f'{{"error":{{"message":"bad key {KEY}"}}}}'.encode()), Unavailable, "bad key"),
        (refusing("404 Not Found", b'{"error":"model not found, try pulling it"}'), Unavailable, "try pulling"),
        (refusing("400 Bad Request", b'{"error":{"message":"context too long"}}'), BadInput, "context too long"),
        (refusing("429 Too Many Requests", b"{}"), Overloaded, "429"),
        (refusing("500 Internal Server Error", b"<html>oops</html>", "text/html"), Unavailable, "oops"),
        (refusing("200 OK", b"<html>a router</html>", "text/html"), BadReply, "text/html"),
        (sending(HEAD + b"data: {garbage\n\n"), BadReply, "garbage"),
        (sending(HEAD + b"data: 5\n\n"), BadReply, "chunk"),
        (sending(HEAD + b'data: {"error":{"code":500,"message":"out of memory"}}\n\n'), Unavailable, "out of memory"),
        (sending(HEAD + b'error: {"code":400,"message":"too long"}\n\n'), BadInput, "too long"),
        (sending(HEAD), BadReply, "event-stream"),
        (sending(b"garbage\r\n\r\n"), Unavailable, "broke"),
        (sending(b""), Unavailable, "broke"),
        (sending(CHUNKED[: CHUNKED.index(b"lo")]), Unavailable, "broke off"),
        (sending(HEAD + delta("Hel")), Unavailable, "broke off"),
        (holding(), Timeout, "did not answer"),
        (holding(HEAD), Timeout, "in time"),
        (holding(HEAD + delta("Hel")), Timeout, "in time"),
        (holding(b"HTTP/1.1 500 Oh\r\ncontent-length: 9\r\n\r\n"), Unavailable, "did not arrive"),
    ],
)
def test_what_goes_wrong(answer: Answer, kind: type[ServiceError], message: str) -> None:
    with pytest.raises(ServiceError, match=message) as caught:
        run(answer, first_token_timeout_s=0.1, token_timeout_s=0.05)
    assert type(caught.value) is kind
    assert KEY not in str(caught.value)


def test_keep_alive_comments_do_not_stand_for_text() -> None:
    async def answer(writer: Writer) -> None:
        writer.write(HEAD)
        while not writer.is_closing():
            writer.write(b": still thinking\n\n")
            try:
                await writer.drain()
            except ConnectionError:
                return
            await asyncio.sleep(0.005)

    with pytest.raises(Timeout):
        run(answer, first_token_timeout_s=0.1)


def test_a_server_that_ends_without_closing_is_not_waited_for() -> None:
    assert run(holding(HEAD + delta("Hel") + delta("lo", finish_reason="stop"))) == ["Hel", "lo"]


def test_cancelling_closes_the_connection() -> None:
    async def scenario() -> None:
        async with serving(holding(HEAD + delta("Hel"))) as stub:
            chat = client(stub.port)
            reply = chat.stream([Message("user", "Hello")], max_tokens=9)
            assert await anext(reply) == "Hel"
            await reply.aclose()
            await stub.gone.wait()
            await chat.aclose()

    asyncio.run(scenario())


def test_only_connecting_is_tried_again() -> None:
    async def scenario() -> int:
        async with serving(sending(b"")) as stub:
            chat = client(stub.port, retries=3)
            with pytest.raises(Unavailable):
                await ask(chat)
            await chat.aclose()
            return len(stub.requests)

    assert asyncio.run(scenario()) == 1


def test_nobody_there() -> None:
    async def scenario() -> None:
        async with serving(sending()) as stub:
            port = stub.port
        chat = client(port)
        with pytest.raises(Unavailable, match=f"no chat server at http://127.0.0.1:{port}"):
            await ask(chat)
        await chat.aclose()

    asyncio.run(scenario())


def test_too_many_at_a_time() -> None:
    async def scenario() -> None:
        async with serving(holding(HEAD + delta("Hel"))) as stub:
            chat = client(stub.port, max_connections=1, connect_timeout_s=0.05)
            reply = chat.stream([Message("user", "Hello")], max_tokens=9)
            await anext(reply)
            with pytest.raises(Overloaded, match="max_connections"):
                await ask(chat)
            await reply.aclose()
            await chat.aclose()

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "url", ["", "localhost:11434", "ftp://x/v1", "http://", "http://me:pass@host/v1", "http://h:x/v1", "http://["]
)
def test_an_address_that_is_none(url: str) -> None:
    with pytest.raises(BadInput, match="base_url"):
        OpenAICompatible(url, "some-model")


def test_a_key_that_is_none() -> None:
    with pytest.raises(BadInput, match="ALLOBOT_LLM_API_KEY") as caught:
        OpenAICompatible("http://127.0.0.1:1/v1", "some-model", api_key=f"{KEY}\n")
    assert KEY not in str(caught.value)


def test_the_key_is_in_no_representation() -> None:
    chat = OpenAICompatible("http://127.0.0.1:1/v1", "some-model", api_key=KEY)
    assert KEY not in repr(chat)
    assert KEY not in repr(chat.info)
    asyncio.run(chat.aclose())
