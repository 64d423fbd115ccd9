"""Streams that end or never begin through somebody else's doing: what is told, and what a new start then needs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from conformance import Lab, Run
from stream_sink import sink

OK = "+OK Success\n"
FAILED = "-ERR Operation Failed\n"
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def tcp_server(serve: Serve) -> AsyncIterator[str]:
    """The URL of a server that is no WebSocket server."""
    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/x"


async def fails(lab: Lab, url: str, code: int) -> None:
    """A stream to ``url`` fails with ``code``. A start may be repeated after a stop, whatever that answers.

    A connection that fails before the stream is in place leaves it there, dead, until it is stopped.
    """
    uuid = await lab.call("tone")
    for nth in (1, 2):
        assert await lab.esl.api(f"uuid_audio_stream {uuid} start {url} mono 8k") == OK
        error = json.loads((await lab.esl.until_name("mod_audio_stream::error", uuid, nth)).body)
        assert (error["status"], error["message"]["code"]) == ("error", code)
        assert error["message"]["error"]
        await asyncio.sleep(0.2)
        assert await lab.esl.api(f"uuid_audio_stream {uuid} stop") in (OK, FAILED)
    await lab.hang_up(uuid)
    assert "mod_audio_stream::connect" not in lab.esl.names(uuid)


@pytest.mark.parametrize("code", [1000, 1011, 4001])
def test_the_server_closes(run: Run, code: int) -> None:
    async def case(lab: Lab) -> None:
        async with lab.streaming("tone") as (uuid, server):
            await server.until_frames(5)
            assert server.socket is not None
            await server.socket.close(code, "why")
            event = await lab.esl.until_name("mod_audio_stream::disconnect", uuid)
            assert json.loads(event.body) == {"status": "disconnected", "message": {"code": code, "reason": "why"}}
            assert await lab.esl.api(f"uuid_audio_stream {uuid} start {server.url} mono 8k") == FAILED
            assert "MEDIA_BUG_STOP" not in lab.esl.names(uuid)
            assert await lab.esl.api(f"uuid_audio_stream {uuid} stop") == OK
            assert await lab.esl.api(f"uuid_audio_stream {uuid} start {server.url} mono 8k") == OK
            await lab.esl.until_name("mod_audio_stream::connect", uuid, nth=2)
            assert "mod_audio_stream::error" not in lab.esl.names(uuid)

    run(case)


def test_the_connection_is_lost(run: Run) -> None:
    async def case(lab: Lab) -> None:
        async with lab.streaming("tone") as (uuid, server):
            await server.until_frames(5)
            assert server.socket is not None
            server.socket.transport.abort()
            error = json.loads((await lab.esl.until_name("mod_audio_stream::error", uuid)).body)
            assert error["message"]["code"] == 1
            await lab.esl.until_name("MEDIA_BUG_STOP", uuid)
            assert await lab.esl.api(f"uuid_audio_stream {uuid} stop") == FAILED
            assert await lab.esl.api(f"uuid_audio_stream {uuid} start {server.url} mono 8k") == OK
            await lab.esl.until_name("mod_audio_stream::connect", uuid, nth=2)
            assert "mod_audio_stream::disconnect" not in lab.esl.names(uuid)

    run(case)


@pytest.mark.parametrize("port", [1, 99_999])
def test_nobody_listens(run: Run, port: int) -> None:
    async def case(lab: Lab) -> None:
        await fails(lab, f"ws://127.0.0.1:{port}/x", 6)

    run(case)


def test_a_host_that_does_not_exist(run: Run) -> None:
    async def case(lab: Lab) -> None:
        await fails(lab, "ws://no-such-host.invalid:1/x", 6)

    run(case)


def test_the_server_refuses_the_upgrade(run: Run) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()

    async def case(lab: Lab) -> None:
        async with tcp_server(serve) as url:
            await fails(lab, url, 6)

    run(case)


def test_the_server_takes_its_time(run: Run) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async def case(lab: Lab) -> None:
        async with tcp_server(serve) as url:
            await fails(lab, url, 10)

    run(case)


def test_metadata_after_the_first_frames_when_accepting_takes_time(run: Run) -> None:
    async def case(lab: Lab) -> None:
        async with sink(accept_after_s=0.4) as server:
            uuid = await lab.call("tone")
            assert await lab.esl.api(f"uuid_audio_stream {uuid} start {server.url} mono 8k late") == OK
            await server.until_text("late")
            await server.until_frames(25)
            assert server.got.index("late") > 3
            await lab.hang_up(uuid)

    run(case)


def test_a_server_that_does_not_answer_the_close_delays_the_hangup(run: Run) -> None:
    async def case(lab: Lab) -> None:
        async with sink(answers_close=False) as server:
            uuid = await lab.call("tone")
            assert await lab.esl.api(f"uuid_audio_stream {uuid} start {server.url} mono 8k") == OK
            await lab.esl.until_name("mod_audio_stream::connect", uuid)
            await lab.hang_up(uuid)
            hangup = await lab.esl.until_name("CHANNEL_HANGUP", uuid)
            done = await lab.esl.until_name("CHANNEL_HANGUP_COMPLETE", uuid)
            assert 900_000 <= done.at_us - hangup.at_us <= 1_300_000

    run(case)
