"""The websockets library over the virtual loop: what the robot's media path is made of."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosedError, ConnectionClosedOK, InvalidStatus

from robot.lab.clock import run_virtual

Handler = Callable[[ServerConnection], Awaitable[None]]
Program = Callable[[ClientConnection], Awaitable[None]]


async def talk(handler: Handler, program: Program) -> None:
    """A server and one client of it, on a port of the loop's choice."""
    async with serve(handler, "127.0.0.1", 0, max_size=None, compression=None) as server:
        port = server.sockets[0].getsockname()[1]
        uri = f"ws://127.0.0.1:{port}/call/42"
        async with connect(uri, max_size=None, compression=None, proxy=None) as client:
            await program(client)


async def echo(websocket: ServerConnection) -> None:
    async for message in websocket:
        await websocket.send(message)


def test_text_and_binary_both_ways_in_order() -> None:
    async def program(client: ClientConnection) -> None:
        sent: list[str | bytes] = ["metadata", bytes(640), "é", b""]
        for message in sent:
            await client.send(message)
        assert [await client.recv() for _ in sent] == sent

    run_virtual(talk(echo, program))


def test_the_path_is_seen_by_the_server() -> None:
    paths: list[str] = []

    async def handler(websocket: ServerConnection) -> None:
        assert websocket.request is not None
        paths.append(websocket.request.path)

    async def program(client: ClientConnection) -> None:
        await client.wait_closed()

    run_virtual(talk(handler, program))
    assert paths == ["/call/42"]


def test_a_big_message_crosses_every_buffer() -> None:
    big = bytes(range(256)) * 20_000

    async def program(client: ClientConnection) -> None:
        await client.send(big)
        assert await client.recv() == big

    run_virtual(talk(echo, program))


def test_close_code_and_reason_from_the_client() -> None:
    seen: list[tuple[int | None, str | None]] = []

    async def handler(websocket: ServerConnection) -> None:
        await websocket.wait_closed()
        seen.append((websocket.close_code, websocket.close_reason))

    async def program(client: ClientConnection) -> None:
        await client.close(1000, "Normal closure")

    run_virtual(talk(handler, program))
    assert seen == [(1000, "Normal closure")]


def test_close_code_from_the_server() -> None:
    async def handler(websocket: ServerConnection) -> None:
        await websocket.close(1011, "broken")

    async def program(client: ClientConnection) -> None:
        with pytest.raises(ConnectionClosedError) as caught:
            await client.recv()
        assert caught.value.rcvd is not None
        assert (caught.value.rcvd.code, caught.value.rcvd.reason) == (1011, "broken")

    run_virtual(talk(handler, program))


def test_a_server_that_returns_closes_normally() -> None:
    async def handler(websocket: ServerConnection) -> None:
        await websocket.send("bye")

    async def program(client: ClientConnection) -> None:
        assert await client.recv() == "bye"
        with pytest.raises(ConnectionClosedOK):
            await client.recv()

    run_virtual(talk(handler, program))


def test_an_aborted_connection_is_1006() -> None:
    async def handler(websocket: ServerConnection) -> None:
        websocket.transport.abort()

    async def program(client: ClientConnection) -> None:
        with pytest.raises(ConnectionClosedError) as caught:
            await client.recv()
        assert caught.value.rcvd is None
        assert client.close_code == 1006

    run_virtual(talk(handler, program))


def test_a_refused_upgrade_is_an_error() -> None:
    async def main() -> None:
        async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n")
            await reader.read()
            writer.close()

        server = await asyncio.start_server(refuse, "127.0.0.1", 8765)
        with pytest.raises(InvalidStatus, match="404"):
            await connect("ws://127.0.0.1:8765/", proxy=None)
        server.close()
        await server.wait_closed()

    run_virtual(main())


def test_a_peer_that_never_answers_close_costs_the_close_timeout() -> None:
    async def main() -> tuple[float, int | None]:
        async def deaf(websocket: ServerConnection) -> None:
            websocket.transport.pause_reading()
            await websocket.wait_closed()

        async with serve(deaf, "127.0.0.1", 8765, ping_interval=None) as server:
            client = await connect("ws://127.0.0.1:8765/", proxy=None, close_timeout=1, ping_interval=None)
            await client.close()
            took_s = asyncio.get_running_loop().time()
            for connection in server.connections:
                connection.transport.abort()
        return took_s, client.close_code

    assert run_virtual(main()) == (1.0, 1006)


def test_keepalive_finds_a_dead_peer_in_virtual_time() -> None:
    async def handler(websocket: ServerConnection) -> None:
        websocket.transport.pause_reading()
        await websocket.wait_closed()

    async def program(client: ClientConnection) -> None:
        with pytest.raises(ConnectionClosedError, match="keepalive ping timeout"):
            await client.recv()
        assert asyncio.get_running_loop().time() == 40.0  # a ping after 20 s, given up 20 s later

    run_virtual(talk(handler, program))


def test_a_paced_stream_is_received_on_its_own_grid() -> None:
    arrivals: list[float] = []

    async def handler(websocket: ServerConnection) -> None:
        async for _ in websocket:
            arrivals.append(asyncio.get_running_loop().time())

    async def program(client: ClientConnection) -> None:
        for number in range(50):
            await asyncio.sleep(0.02 * (number + 1) - asyncio.get_running_loop().time())
            await client.send(bytes(640))

    run_virtual(talk(handler, program))
    assert arrivals == pytest.approx([0.02 * (number + 1) for number in range(50)], abs=1e-9)


def test_many_connections_are_scheduled_alike_in_two_runs() -> None:
    async def main(trace: list[object]) -> None:
        async def handler(websocket: ServerConnection) -> None:
            async for message in websocket:
                trace.append((message, websocket.remote_address, asyncio.get_running_loop().time()))
                await websocket.send(f"got {message!r}")

        async def caller(port: int, number: int) -> None:
            async with connect(f"ws://127.0.0.1:{port}/{number}", compression=None, proxy=None) as client:
                for turn in range(5):
                    await client.send(f"{number}.{turn}")
                    trace.append(await client.recv())
                    await asyncio.sleep(0.02 * (1 + number % 2))

        async with serve(handler, "127.0.0.1", 0, compression=None) as server:
            port = server.sockets[0].getsockname()[1]
            async with asyncio.TaskGroup() as tg:
                for number in range(12):
                    tg.create_task(caller(port, number))

    first: list[object] = []
    second: list[object] = []
    run_virtual(main(first))
    run_virtual(main(second))
    assert first == second
    assert len(first) == 12 * 5 * 2
