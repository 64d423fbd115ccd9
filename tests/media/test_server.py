"""The WebSocket that switches stream to, over the virtual loop."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable

import numpy as np
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from robot.errors import ConfigError
from robot.lab.clock import run_virtual
from robot.media.server import MediaAddress, MediaServer
from robot.media.stream import InboundStream

FRAME = bytes(640)
Program = Callable[[ClientConnection, InboundStream], Awaitable[None]]


def listening(port: int = 0, *, max_connections: int = 100) -> MediaServer:
    return MediaServer(MediaAddress("127.0.0.1", port), max_connections=max_connections)


def dial(url: str) -> connect:
    return connect(url, compression=None, proxy=None, ping_interval=None)


def streaming(program: Program, rate_hz: int = 16_000) -> InboundStream:
    """Runs ``program`` on a switch's connection, and gives the call's end of it."""

    async def main() -> InboundStream:
        async with listening() as server:
            with server.stream("call", "token", rate_hz, 3000) as (url, stream):
                async with dial(url) as client:
                    await program(client, stream)
            return stream

    return run_virtual(main())


async def close_code(client: ClientConnection) -> int | None:
    with pytest.raises(ConnectionClosed):
        await client.recv()
    return client.close_code


def test_audio_comes_through_whether_the_metadata_is_first_late_or_missing() -> None:
    async def program(client: ClientConnection, stream: InboundStream) -> None:
        for message in (FRAME, '{"call": 1}', FRAME * 3, "more text", FRAME):
            await client.send(message)
        for _ in range(5):
            assert not (await anext(stream)).any()

    counters = streaming(program).counters
    assert (counters.frames_in, counters.connections, counters.bad_messages) == (5, 1, 0)


def test_what_was_sent_is_what_is_heard() -> None:
    pcm = np.arange(-160, 160, dtype=np.int16)

    async def program(client: ClientConnection, stream: InboundStream) -> None:
        await client.send(pcm.astype("<i2").tobytes())
        assert np.array_equal(await anext(stream), pcm)

    streaming(program)


@pytest.mark.parametrize("message", [b"x", bytes(639), b"", bytes(640 * 501), "x" * 70_000])
def test_garbage_is_counted_and_ends_the_connection_but_not_the_call(message: str | bytes) -> None:
    async def program(client: ClientConnection, stream: InboundStream) -> None:
        await client.send(message)
        assert await close_code(client) == 1003

    stream = streaming(program)
    assert (stream.counters.bad_messages, stream.counters.frames_in) == (1, 0)


def test_a_message_beyond_all_bounds_is_refused_unread() -> None:
    async def program(client: ClientConnection, stream: InboundStream) -> None:
        await client.send(bytes(2_000_000))
        assert await close_code(client) == 1009

    assert streaming(program).counters.frames_in == 0


def test_a_stream_that_broke_goes_on_in_a_new_connection() -> None:
    async def main() -> InboundStream:
        async with listening() as server:
            with server.stream("call", "token", 8000, 3000) as (url, stream):
                for _ in range(2):
                    async with dial(url) as client:
                        await client.send(bytes(320))
                        await anext(stream)
                        client.transport.abort()
                return stream

    counters = run_virtual(main()).counters
    assert (counters.connections, counters.frames_in, counters.longest_gap_ms) == (2, 2, 0)


@pytest.mark.parametrize(
    "path", ["/media/wrong", "/media/", "/", "/token", "/media/token/", "/media/token?x=1", "/x/media/token"]
)
def test_a_path_without_the_token_of_a_call_is_not_found(path: str) -> None:
    async def main() -> None:
        async with listening() as server:
            with server.stream("call", "token", 8000, 3000) as (url, stream), pytest.raises(InvalidStatus, match="404"):
                await dial(url.replace("/media/token", path))
        assert stream.counters.connections == 0

    run_virtual(main())


def test_a_token_is_good_for_as_long_as_its_call() -> None:
    async def main() -> None:
        async with listening() as server:
            with server.stream("call", "token", 8000, 3000) as (url, stream):
                pass
            assert [frame async for frame in stream] == []
            with pytest.raises(InvalidStatus, match="404"):
                await dial(url)

    run_virtual(main())


def test_a_close_is_answered_at_once() -> None:
    async def program(client: ClientConnection, stream: InboundStream) -> None:
        await client.send(FRAME)
        before_s = asyncio.get_running_loop().time()
        await client.close(1000, "bye")
        assert asyncio.get_running_loop().time() == before_s
        assert client.close_code == 1000

    streaming(program)


def test_audio_that_nobody_listens_to_does_not_hold_up_a_close() -> None:
    async def program(client: ClientConnection, stream: InboundStream) -> None:
        for _ in range(1000):
            await client.send(FRAME)
        await client.close(1000, "bye")

    counters = streaming(program).counters
    assert (counters.frames_in, counters.frames_dropped) == (1000, 850)


def test_calls_at_the_same_time_never_mix() -> None:
    async def talk(server: MediaServer, value: int) -> set[int]:
        with server.stream(f"call{value}", f"token{value}", 16_000, 3000) as (url, stream):
            async with dial(url) as client:
                for _ in range(50):
                    await client.send(np.full(320, value, "<i2").tobytes())
                    await asyncio.sleep(0.02)
        return {int(sample) for frame in [frame async for frame in stream] for sample in frame}

    async def main() -> list[set[int]]:
        async with listening() as server, asyncio.TaskGroup() as group:
            calls = [group.create_task(talk(server, value)) for value in range(5)]
        return [call.result() for call in calls]

    assert run_virtual(main()) == [{value} for value in range(5)]


def test_the_end_of_the_server_ends_its_connections() -> None:
    async def main() -> int | None:
        async with listening() as server:
            with server.stream("call", "token", 8000, 3000) as (url, _):
                client = await dial(url)
        await client.wait_closed()
        return client.close_code

    assert run_virtual(main()) == 1001


def test_a_port_in_use_says_what_to_do() -> None:
    async def main(port: int) -> None:
        async with listening(port):
            pass

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(
            ConfigError, match=rf"media\.port: cannot listen on 127\.0\.0\.1:{port} .*or 0 for any free one"
        ):
            asyncio.run(main(port))
