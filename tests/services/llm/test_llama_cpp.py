"""The bridge from llama.cpp's thread to the event loop, with a server that waits to be let go; then its errors."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from services.errors import BadInput, Overloaded, ServiceError, Unavailable
from services.llm.base import Message
from services.llm.llama_cpp import LlamaCpp

HELLO = [Message("user", "Hello")]


class SlowServer:
    """Makes a token for each permit, until it is told to stop or has made as many as were asked for."""

    def __init__(self) -> None:
        self.permits, self._begun = threading.Semaphore(0), threading.Semaphore(0)
        self.requests: list[dict[str, Any]] = []
        self.tokens_made: list[int] = []

    async def begun(self) -> None:
        """Waits until the next request is being worked on."""
        await asyncio.to_thread(self._begun.acquire)

    def handle_chat_completions(self, request: dict[str, Any], callback: Callable[[object], bool]) -> None:
        self.requests.append(request)
        self._begun.release()
        callback({"choices": [{"delta": {"role": "assistant", "content": None}}], "prompt_progress": {}})
        for made in range(1, request["max_tokens"] + 1):
            self.permits.acquire()
            if callback({"choices": [{"delta": {"content": f" {made}"}}]}):
                break
        self.tokens_made.append(made)


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> SlowServer:
    server = SlowServer()
    monkeypatch.setattr(LlamaCpp, "_load", lambda _: server)
    return server


def engine(**settings: Any) -> LlamaCpp:
    return LlamaCpp(Path("some.gguf"), sha256="abc", **settings)


async def collect(llama: LlamaCpp, max_tokens: int = 3) -> list[str]:
    return [piece async for piece in llama.stream(HELLO, max_tokens=max_tokens)]


async def outcome(llama: LlamaCpp) -> ServiceError | None:
    try:
        await collect(llama)
    except ServiceError as error:
        return error
    return None


def test_tokens_arrive_one_by_one(slow: SlowServer) -> None:
    async def scenario() -> None:
        llama = engine(seed=7)
        reply = llama.stream(HELLO, max_tokens=3, temperature=0.5, stop=["\n"])
        for expected in (" 1", " 2", " 3"):
            slow.permits.release()
            assert await anext(reply) == expected
        assert [piece async for piece in reply] == []
        await llama.aclose()

    asyncio.run(scenario())
    (request,) = slow.requests
    assert request["messages"] == [{"role": "user", "content": "Hello"}]
    assert (request["max_tokens"], request["temperature"], request["seed"], request["stop"]) == (3, 0.5, 7, ["\n"])


def test_closing_a_reply_stops_it_at_its_next_token(slow: SlowServer) -> None:
    async def scenario() -> None:
        llama = engine()
        reply = llama.stream(HELLO, max_tokens=500)
        slow.permits.release()
        await anext(reply)
        await reply.aclose()
        slow.permits.release(4)
        assert await collect(llama) == [" 1", " 2", " 3"]
        await llama.aclose()

    asyncio.run(scenario())
    stopped_after, whole = slow.tokens_made
    assert stopped_after <= 2, "one token was read; at most one more was under way when the reply was closed"
    assert whole == 3


def test_a_cancelled_request_that_waits_is_never_made(slow: SlowServer) -> None:
    async def scenario() -> None:
        llama = engine()
        async with asyncio.TaskGroup() as tg:
            first = tg.create_task(collect(llama))
            await slow.begun()
            second = tg.create_task(collect(llama))
            await asyncio.sleep(0)
            second.cancel()
            await asyncio.sleep(0)
            slow.permits.release(3)
        assert first.result() == [" 1", " 2", " 3"]
        await llama.aclose()

    asyncio.run(scenario())
    assert len(slow.requests) == 1


def test_a_full_queue_is_overloaded(slow: SlowServer) -> None:
    async def scenario() -> None:
        llama = engine(queue_limit=1)
        async with asyncio.TaskGroup() as tg:
            replies = [tg.create_task(collect(llama)) for _ in range(2)]
            await slow.begun()
            assert isinstance(await outcome(llama), Overloaded)
            slow.permits.release(6)
        assert [reply.result() for reply in replies] == [[" 1", " 2", " 3"]] * 2
        await llama.aclose()

    asyncio.run(scenario())


def test_slots_work_side_by_side(slow: SlowServer) -> None:
    async def scenario() -> None:
        llama = engine(slots=2)
        async with asyncio.TaskGroup() as tg:
            replies = [tg.create_task(collect(llama, max_tokens=1)) for _ in range(2)]
            await slow.begun()
            await slow.begun()
            slow.permits.release(2)
        assert [reply.result() for reply in replies] == [[" 1"]] * 2
        await llama.aclose()

    asyncio.run(scenario())


def test_closing_the_engine_ends_what_runs_and_what_waits(slow: SlowServer) -> None:
    async def scenario() -> None:
        llama = engine()
        async with asyncio.TaskGroup() as tg:
            running = tg.create_task(outcome(llama))
            await slow.begun()
            waiting = tg.create_task(outcome(llama))
            await asyncio.sleep(0)
            tg.create_task(llama.aclose())
            await asyncio.sleep(0)
            slow.permits.release()
        assert isinstance(running.result(), Unavailable)
        assert isinstance(waiting.result(), Unavailable)

    asyncio.run(scenario())
    assert slow.tokens_made == [1]


def test_an_error_of_the_server_comes_through(slow: SlowServer, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(request: object, callback: Callable[[object], bool]) -> None:
        assert callback({"error": {"code": 400, "message": "exceeds the available context size"}})

    monkeypatch.setattr(slow, "handle_chat_completions", refuse)
    with pytest.raises(BadInput, match="context size"):
        asyncio.run(collect(engine()))


def test_settings_are_checked() -> None:
    with pytest.raises(BadInput, match="slots"):
        engine(slots=0)
    with pytest.raises(BadInput, match="max_tokens"):
        asyncio.run(collect(engine(), max_tokens=0))


def test_a_missing_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"none\.gguf.*allobot models pull"):
        asyncio.run(LlamaCpp(tmp_path / "none.gguf").load())


@pytest.mark.parametrize("content", [b"", b"GGUF", b"not a model" * 100])
def test_a_damaged_model_is_named(tmp_path: Path, content: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    model = tmp_path / "some.gguf"
    model.write_bytes(content)
    with pytest.raises(Unavailable, match=r"some\.gguf.*allobot models verify"):
        asyncio.run(LlamaCpp(model).load())
    assert capfd.readouterr().err == ""
