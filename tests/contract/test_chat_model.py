"""What every chat model keeps to: the scripted one, one behind HTTP, and the real one inside the process."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import aclosing, asynccontextmanager
from functools import cache
from typing import Any

import pytest

from services.errors import Unavailable
from services.llm.base import ChatModel, Message
from services.llm.llama_cpp import LlamaCpp
from services.llm.openai_compatible import OpenAICompatible
from services.llm.scripted import ScriptedChat
from services.models import default_folder

ANSWER = "Ten green bottles hanging on the wall, and one more behind the door."
ENGINES = ["scripted", "openai_compatible", pytest.param("llama_cpp", marks=pytest.mark.models)]
QUESTION = [Message("system", "You answer in English."), Message("user", "Tell me a long story about a garage.")]

Use = Callable[[Callable[[ChatModel], Coroutine[Any, Any, None]]], None]


def new_llama() -> LlamaCpp:
    folder = default_folder()
    weights = sorted((folder / "qwen-0.5b").glob("*.gguf"))
    assert weights, f"no chat model in {folder}: run `allobot models pull`"
    return LlamaCpp(weights[0], context_tokens=512)


@cache
def shared_llama() -> LlamaCpp:
    """One for the whole file: loading is what takes time."""
    return new_llama()


@asynccontextmanager
async def chat_server() -> AsyncIterator[int]:
    """The port of a server that streams ANSWER as Ollama does, within the request's limits."""
    handlers: list[asyncio.Task[Any] | None] = []

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        handlers.append(asyncio.current_task())
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        request = json.loads(await reader.readexactly(int(head.split("content-length:")[1].split()[0])))
        text = min((ANSWER.split(mark)[0] for mark in request.get("stop", [])), key=len, default=ANSWER)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n")
        for word in text.split(" ")[: request["max_tokens"]]:
            chunk = {"choices": [{"index": 0, "delta": {"content": f"{word} "}, "finish_reason": None}]}
            writer.write(f"data: {json.dumps(chunk)}\n\n".encode())
        writer.write(b'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n')
        writer.close()
        await asyncio.gather(writer.wait_closed(), return_exceptions=True)

    async with await asyncio.start_server(connected, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]
        await asyncio.gather(*(handler for handler in handlers if handler))


@pytest.fixture(params=ENGINES)
def use(request: pytest.FixtureRequest) -> Use:
    """Runs a scenario on an engine."""

    async def over_http(scenario: Callable[[ChatModel], Coroutine[Any, Any, None]]) -> None:
        async with chat_server() as port:
            engine = OpenAICompatible(f"http://127.0.0.1:{port}/v1", "some-model")
            await scenario(engine)
            await engine.aclose()

    def run(scenario: Callable[[ChatModel], Coroutine[Any, Any, None]]) -> None:
        match request.param:
            case "openai_compatible":
                asyncio.run(over_http(scenario))
            case "llama_cpp":
                asyncio.run(scenario(shared_llama()))
            case _:
                asyncio.run(scenario(ScriptedChat([ANSWER])))

    return run


async def reply(engine: ChatModel, max_tokens: int = 8, stop: Sequence[str] = ()) -> list[str]:
    async with aclosing(engine.stream(QUESTION, max_tokens=max_tokens, stop=stop)) as pieces:
        return [piece async for piece in pieces]


def test_it_says_who_it_is(use: Use) -> None:
    async def scenario(engine: ChatModel) -> None:
        assert engine.info.engine in {"scripted", "openai_compatible", "llama_cpp"}

    use(scenario)


def test_loading_may_come_first_and_twice(use: Use) -> None:
    async def scenario(engine: ChatModel) -> None:
        await engine.load()
        await engine.load()

    use(scenario)


def test_the_reply_comes_in_pieces_none_of_them_empty(use: Use) -> None:
    async def scenario(engine: ChatModel) -> None:
        pieces = await reply(engine)
        assert len(pieces) > 3
        assert all(pieces)

    use(scenario)


def test_at_most_so_many_tokens(use: Use) -> None:
    async def scenario(engine: ChatModel) -> None:
        assert 1 <= len(await reply(engine, max_tokens=2)) <= 2

    use(scenario)


def test_nothing_from_a_stop_mark_on(use: Use) -> None:
    async def scenario(engine: ChatModel) -> None:
        full = "".join(await reply(engine))
        mark = full.split()[2]
        stopped = "".join(await reply(engine, stop=[mark])).strip()
        assert mark not in stopped
        assert full.startswith(stopped)

    use(scenario)


def test_at_temperature_zero_the_reply_is_the_same(use: Use) -> None:
    async def scenario(engine: ChatModel) -> None:
        assert await reply(engine) == await reply(engine)

    use(scenario)


def test_closing_stops_a_reply_and_leaves_the_engine_usable(use: Use) -> None:
    async def scenario(engine: ChatModel) -> None:
        pieces = engine.stream(QUESTION, max_tokens=400)
        await anext(pieces)
        await pieces.aclose()
        with pytest.raises(StopAsyncIteration):
            await anext(pieces)
        assert await reply(engine, max_tokens=2)

    use(scenario)


def test_cancelling_stops_a_reply_and_leaves_the_engine_usable(use: Use) -> None:
    async def scenario(engine: ChatModel) -> None:
        begun = asyncio.Event()

        async def listen() -> None:
            async with aclosing(engine.stream(QUESTION, max_tokens=400)) as pieces:
                async for _ in pieces:
                    begun.set()
                    await asyncio.Event().wait()

        async with asyncio.TaskGroup() as tg:
            listener = tg.create_task(listen())
            await begun.wait()
            listener.cancel()
        assert listener.cancelled()
        assert await reply(engine, max_tokens=2)

    use(scenario)


def test_two_calls_at_a_time(use: Use) -> None:
    async def scenario(engine: ChatModel) -> None:
        async with asyncio.TaskGroup() as tg:
            replies = [tg.create_task(reply(engine)) for _ in range(2)]
        assert replies[0].result() == replies[1].result() != []

    use(scenario)


@pytest.mark.parametrize("name", ENGINES)
def test_a_closed_engine_is_unavailable(name: str) -> None:
    async def scenario(engine: ChatModel) -> None:
        await engine.aclose()
        await engine.aclose()
        with pytest.raises(Unavailable, match="closed"):
            await reply(engine)

    match name:
        case "openai_compatible":
            asyncio.run(scenario(OpenAICompatible("http://127.0.0.1:9/v1", "some-model")))
        case "llama_cpp":
            asyncio.run(scenario(new_llama()))
        case _:
            asyncio.run(scenario(ScriptedChat([ANSWER])))
