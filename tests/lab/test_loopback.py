"""TCP in memory: what its transports tell their protocols."""

from __future__ import annotations

import asyncio
import socket

import pytest

from robot.lab.clock import run_virtual
from robot.lab.loopback import WINDOW_BYTES
from robot.lab.ports import FIRST_FREE_PORT


class Witness(asyncio.Protocol):
    """Notes what the transport tells it."""

    def __init__(self, *, keep_open: bool = False) -> None:
        self.told: list[object] = []
        self.keep_open = keep_open

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.told.append(data)

    def eof_received(self) -> bool:
        self.told.append("eof")
        return self.keep_open

    def pause_writing(self) -> None:
        self.told.append("pause")

    def resume_writing(self) -> None:
        self.told.append("resume")

    def connection_lost(self, exc: Exception | None) -> None:
        self.told.append(("lost", exc))


async def connected(*, keep_open: bool = False) -> tuple[Witness, Witness]:
    """A client's and a server's protocol at the two ends of one connection."""
    accepted: list[Witness] = []

    def accept() -> Witness:
        accepted.append(Witness(keep_open=keep_open))
        return accepted[-1]

    loop = asyncio.get_running_loop()
    server = await loop.create_server(accept, "127.0.0.1", 0)
    _, client = await loop.create_connection(Witness, "127.0.0.1", server.sockets[0].getsockname()[1])
    server.close()
    return client, accepted[0]


async def settle() -> None:
    await asyncio.sleep(0.001)


def test_ports_are_counted_and_addresses_agree() -> None:
    async def main() -> None:
        client, server = await connected()
        near, far = client.transport, server.transport
        assert near.get_extra_info("peername") == far.get_extra_info("sockname") == ("127.0.0.1", FIRST_FREE_PORT)
        assert near.get_extra_info("sockname") == far.get_extra_info("peername") == ("127.0.0.1", FIRST_FREE_PORT + 1)
        sock = near.get_extra_info("socket")
        assert sock.family == socket.AF_INET
        assert sock.getpeername() == ("127.0.0.1", FIRST_FREE_PORT)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        near.close()
        await settle()

    run_virtual(main())


def test_writes_of_one_turn_arrive_as_one_read() -> None:
    async def main() -> None:
        client, server = await connected()
        for piece in (b"a", b"", bytearray(b"b"), memoryview(b"c")):
            client.transport.write(piece)
        await settle()
        assert server.told == [b"abc"]
        client.transport.close()
        await settle()

    run_virtual(main())


def test_closing_gives_the_peer_eof_after_the_last_byte() -> None:
    async def main() -> None:
        client, server = await connected()
        client.transport.write(b"bye")
        client.transport.close()
        assert client.transport.is_closing()
        await settle()
        assert server.told == [b"bye", "eof", ("lost", None)]
        assert client.told == [("lost", None)]

    run_virtual(main())


def test_half_closed_connections_still_carry_the_other_way() -> None:
    async def main() -> None:
        client, server = await connected(keep_open=True)
        client.transport.write_eof()
        with pytest.raises(RuntimeError, match="write_eof"):
            client.transport.write(b"late")
        await settle()
        assert server.told == ["eof"]
        server.transport.write(b"answer")
        server.transport.close()
        await settle()
        assert client.told == [b"answer", "eof", ("lost", None)]

    run_virtual(main())


def test_abort_drops_what_was_not_sent() -> None:
    async def main() -> None:
        client, server = await connected()
        server.transport.pause_reading()
        client.transport.write(bytes(WINDOW_BYTES + 1))
        client.transport.abort()
        server.transport.resume_reading()
        await settle()
        assert client.told == [("lost", None)]
        assert server.told == [bytes(WINDOW_BYTES), "eof", ("lost", None)]

    run_virtual(main())


def test_closing_with_unread_bytes_resets_the_peer() -> None:
    async def main() -> None:
        client, server = await connected()
        server.transport.pause_reading()
        client.transport.write(b"never read")
        server.transport.close()
        await settle()
        assert isinstance(client.told[-1], tuple)
        assert isinstance(client.told[-1][1], ConnectionResetError)

    run_virtual(main())


def test_writing_to_a_closed_peer_resets_the_writer() -> None:
    async def main() -> None:
        client, server = await connected(keep_open=True)
        client.transport.close()
        await settle()
        assert server.told == ["eof"]
        server.transport.write(b"into the void")
        await settle()
        assert isinstance(server.told[-1], tuple)
        assert isinstance(server.told[-1][1], ConnectionResetError)

    run_virtual(main())


def test_a_reader_that_pauses_stops_the_writer() -> None:
    async def main() -> None:
        client, server = await connected()
        server.transport.pause_reading()
        client.transport.set_write_buffer_limits(high=1000, low=100)
        client.transport.write(bytes(WINDOW_BYTES))
        assert client.transport.get_write_buffer_size() == 0
        client.transport.write(bytes(1000))
        assert client.told == []
        client.transport.write(bytes(1))
        assert client.told == ["pause"]
        assert client.transport.get_write_buffer_size() == 1001
        await settle()
        assert server.told == []
        server.transport.resume_reading()
        await settle()
        assert client.told == ["pause", "resume"]
        assert sum(len(data) for data in server.told if isinstance(data, bytes)) == WINDOW_BYTES + 1001
        client.transport.close()
        await settle()

    run_virtual(main())


def test_a_protocol_that_raises_loses_its_connection_only() -> None:
    class Broken(Witness):
        def data_received(self, data: bytes) -> None:
            raise ValueError("bug")

    async def main() -> list[str]:
        loop, reports = asyncio.get_running_loop(), list[str]()
        loop.set_exception_handler(lambda _, context: reports.append(context["message"]))
        server = await loop.create_server(Broken, "127.0.0.1", 0)
        _, client = await loop.create_connection(Witness, "127.0.0.1", server.sockets[0].getsockname()[1])
        client.transport.write(b"x")
        await settle()
        assert client.told == ["eof", ("lost", None)]
        server.close()
        await server.wait_closed()
        return reports

    assert run_virtual(main()) == ["Fatal error: protocol callback failed."]


def test_a_factory_that_raises_refuses_its_client() -> None:
    def broken() -> asyncio.Protocol:
        raise ValueError("bug")

    async def main() -> list[object]:
        loop, reports = asyncio.get_running_loop(), list[str]()
        loop.set_exception_handler(lambda _, context: reports.append(context["message"]))
        server = await loop.create_server(broken, "127.0.0.1", 0)
        _, client = await loop.create_connection(Witness, "127.0.0.1", server.sockets[0].getsockname()[1])
        await settle()
        server.close()
        assert len(reports) == 1
        return client.told

    assert run_virtual(main()) == ["eof", ("lost", None)]


def test_a_forgotten_connection_is_reported() -> None:
    async def main() -> None:
        await connected()

    with pytest.warns(ResourceWarning, match="never closed"):
        run_virtual(main())
