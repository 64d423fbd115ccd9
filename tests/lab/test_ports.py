"""Servers and clients of the virtual loop, through asyncio's streams."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Awaitable, Callable

import pytest

from robot.lab.clock import run_virtual

Served = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while line := await reader.readline():
        writer.write(line.upper())
        await writer.drain()
    writer.close()
    await writer.wait_closed()


async def listening(served: Served, port: int = 0) -> tuple[asyncio.Server, int]:
    server = await asyncio.start_server(served, "127.0.0.1", port)
    return server, server.sockets[0].getsockname()[1]


def test_streams_talk_both_ways_and_end() -> None:
    async def main() -> list[bytes]:
        server, port = await listening(echo)
        async with server:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            answers = []
            for line in (b"un\n", b"deux\n"):
                writer.write(line)
                answers.append(await reader.readline())
            writer.write_eof()
            answers.append(await reader.read())
            writer.close()
            await writer.wait_closed()
        return answers

    assert run_virtual(main()) == [b"UN\n", b"DEUX\n", b""]


def test_a_megabyte_arrives_whole_and_in_order() -> None:
    sent = bytes(range(256)) * 4096

    async def main() -> bytes:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(await reader.readexactly(len(sent)))
            await writer.drain()
            writer.close()

        server, port = await listening(serve)
        async with server:
            reader, writer = await asyncio.open_connection("localhost", port)
            writer.write(sent)
            await writer.drain()
            received = await reader.read()
            writer.close()
            await writer.wait_closed()
        return received

    assert run_virtual(main()) == sent


def test_nobody_listens() -> None:
    async def main() -> None:
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", 8021)
        server, port = await listening(echo)
        server.close()
        await server.wait_closed()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)

    run_virtual(main())


def test_a_port_is_taken_once_and_free_again_after_close() -> None:
    async def main() -> None:
        first, port = await listening(echo, 8021)
        with pytest.raises(OSError, match="in use") as caught:
            await listening(echo, port)
        assert caught.value.errno == errno.EADDRINUSE
        first.close()
        again, _ = await listening(echo, port)
        again.close()

    run_virtual(main())


def test_the_world_outside_does_not_exist() -> None:
    async def main() -> None:
        with pytest.raises(socket.gaierror, match="outside the loopback"):
            await asyncio.open_connection("example.org", 80)
        with pytest.raises(socket.gaierror):
            await asyncio.open_connection("192.0.2.1", 80)

    run_virtual(main())


def test_a_server_on_every_address_is_reached_by_each_name() -> None:
    async def main() -> None:
        server = await asyncio.start_server(echo, None, 9000)
        for host in ("127.0.0.1", "localhost", "::1"):
            _, writer = await asyncio.open_connection(host, 9000)
            writer.close()
            await writer.wait_closed()
        server.close()

    run_virtual(main())


def test_wait_closed_waits_for_the_connections() -> None:
    async def main() -> float:
        server, port = await listening(echo)
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        server.close()
        assert server.sockets == ()
        asyncio.get_running_loop().call_later(2, writer.close)
        await server.wait_closed()
        return asyncio.get_running_loop().time()

    assert run_virtual(main()) == 2.0


def test_serve_forever_ends_by_cancelling() -> None:
    async def main() -> None:
        server, port = await listening(echo)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await server.serve_forever()
        assert not server.is_serving()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)

    run_virtual(main())


def test_tls_is_refused_in_words() -> None:
    async def main() -> None:
        with pytest.raises(NotImplementedError, match="ssl"):
            await asyncio.open_connection("127.0.0.1", 1, ssl=True)

    run_virtual(main())
