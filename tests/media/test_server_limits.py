"""What the media server does not put up with: strangers, twins, floods, garbage, and peers that never finish."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from robot.errors import ConfigError
from robot.lab.clock import run_virtual
from robot.media.server import HANDSHAKE_S, STALE_S, MediaAddress, MediaServer
from robot.media.stream import InboundStream

FRAME = bytes(320)
RATE_HZ = 8000
HERE = MediaAddress("127.0.0.1", 0)
SECOND = np.ones(RATE_HZ, np.int16)
TLS = Path(__file__).parent / "tls"
UPGRADE = (
    b"GET %b HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


def dial(url: str) -> connect:
    return connect(url, compression=None, proxy=None, ping_interval=None)


@asynccontextmanager
async def expecting(max_connections: int = 100) -> AsyncIterator[tuple[MediaServer, str, InboundStream]]:
    async with MediaServer(HERE, max_connections=max_connections) as server:
        with server.stream("call", "token", RATE_HZ, 60_000) as (url, stream):
            yield server, url, stream


def port_of(url: str) -> int:
    return int(url.split(":")[2].split("/")[0])


async def closed(client: ClientConnection) -> int | None:
    with pytest.raises(ConnectionClosed):
        await client.recv()
    return client.close_code


def test_a_twin_is_refused_while_the_stream_lives() -> None:
    async def main() -> None:
        async with expecting() as (server, url, stream), dial(url) as client:
            await client.send(FRAME)
            await anext(stream)
            with pytest.raises(InvalidStatus, match="409"):
                await dial(url)
            await client.send(FRAME)
            await anext(stream)
            assert (stream.counters.connections, server.refused) == (1, 1)

    run_virtual(main())


def test_a_connection_that_went_dead_makes_room_for_the_next() -> None:
    async def main() -> None:
        async with expecting() as (_, url, stream), dial(url) as old:
            await old.send(FRAME)
            await asyncio.sleep(STALE_S + 0.1)
            async with dial(url) as new:
                await new.send(FRAME)
                assert len([await anext(stream) for _ in range(2)]) == 2
                assert await closed(old) == 1006
            assert stream.counters.connections == 2

    run_virtual(main())


def test_more_streams_than_allowed_are_refused() -> None:
    async def main() -> None:
        async with expecting(max_connections=1) as (server, url, _), dial(url):
            with server.stream("other", "another", RATE_HZ, 1000) as (other, _):
                with pytest.raises(InvalidStatus, match="503"):
                    await dial(other)
                assert server.refused == 1

    run_virtual(main())


def test_a_backlog_passes_and_a_flood_does_not() -> None:
    async def main() -> None:
        async with expecting() as (_, url, stream), dial(url) as client:
            for _ in range(250):
                await client.send(FRAME)
            for _ in range(250):
                await anext(stream)
            assert stream.counters.bad_messages == 0
            for _ in range(5):
                with suppress(ConnectionClosed):
                    for _ in range(500):
                        await client.send(FRAME)
                await asyncio.sleep(0.1)
            assert client.close_code == 1008
            assert stream.counters.bad_messages == 1

    run_virtual(main())


def test_empty_messages_in_pieces_are_a_flood_too() -> None:
    async def main() -> None:
        async with expecting() as (_, url, stream):
            reader, writer = await asyncio.open_connection("127.0.0.1", port_of(url))
            writer.write(UPGRADE % b"/media/token" + b"\x02\x80\0\0\0\0" + b"\x00\x80\0\0\0\0" * 20_000)
            assert b"faster than audio" in await reader.read()
            assert stream.counters.frames_in == 0
            writer.close()

    run_virtual(main())


def test_a_message_in_pieces_is_put_together() -> None:
    async def main() -> None:
        async with expecting() as (_, url, stream), dial(url) as client:
            await client.send([FRAME[:100], FRAME[100:200], FRAME[200:]])
            await anext(stream)
            await client.send(["{", '"late": "metadata"', "}"])
            await client.send(FRAME)
            await anext(stream)
            assert (stream.counters.frames_in, stream.counters.bad_messages) == (2, 0)

    run_virtual(main())


def test_a_text_that_is_no_text_is_refused() -> None:
    async def main() -> None:
        async with expecting() as (_, url, stream):
            reader, writer = await asyncio.open_connection("127.0.0.1", port_of(url))
            writer.write(UPGRADE % b"/media/token" + b"\x81\x81\0\0\0\0\xff")
            assert b"no UTF-8" in await reader.read()
            assert stream.counters.bad_messages == 1
            writer.close()

    run_virtual(main())


def test_who_does_not_say_what_he_wants_is_sent_away() -> None:
    async def main() -> float:
        async with expecting() as (_, url, _):
            reader, writer = await asyncio.open_connection("127.0.0.1", port_of(url))
            writer.write(b"GET /media/token HTTP/1.1\r\n")
            assert await reader.read() == b""
            writer.close()
            return asyncio.get_running_loop().time()

    assert run_virtual(main()) == pytest.approx(HANDSHAKE_S)


def test_the_undecided_do_not_keep_a_call_out() -> None:
    async def main() -> None:
        async with expecting(max_connections=10) as (server, url, stream):
            idlers = [await asyncio.open_connection("127.0.0.1", port_of(url)) for _ in range(15)]
            async with dial(url) as client:
                await client.send(FRAME)
                await anext(stream)
            assert server.refused >= 5
            for _, writer in idlers:
                writer.close()

    run_virtual(main())


@pytest.mark.parametrize("line", [b"POST /media/token HTTP/1.1", b"GET /media/token HTTP/1.1", b"\0\1\2\3"])
def test_what_is_no_websocket_is_refused(line: bytes) -> None:
    async def main() -> None:
        async with expecting() as (_, url, stream):
            reader, writer = await asyncio.open_connection("127.0.0.1", port_of(url))
            writer.write(line + b"\r\n\r\n")
            assert b" 101 " not in await reader.read(1000)
            assert stream.counters.connections == 0
            writer.close()

    run_virtual(main())


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(max_size=300), max_size=8), st.booleans())
def test_garbage_never_harms_the_server(pieces: list[bytes], upgraded: bool) -> None:
    async def main() -> None:
        async with expecting() as (_, url, stream):
            _, writer = await asyncio.open_connection("127.0.0.1", port_of(url))
            for piece in [UPGRADE % b"/media/token", *pieces] if upgraded else pieces:
                writer.write(piece)
                await asyncio.sleep(0.001)
            writer.close()
            await asyncio.sleep(2 * STALE_S)
            async with dial(url) as client:
                await client.send(FRAME)
                await anext(stream)

    run_virtual(main())


def test_a_sound_reaches_the_switch_only_while_it_is_connected() -> None:
    async def main() -> None:
        async with expecting() as (server, url, stream):
            assert not server.send_sound("call", SECOND, RATE_HZ)
            assert not server.send_sound("nobody", SECOND, RATE_HZ)
            async with dial(url) as client:
                assert server.send_sound("call", SECOND, RATE_HZ)
                assert '"type":"streamAudio"' in str(await client.recv())
            await asyncio.sleep(0)
            assert stream.peer is None
            assert not server.send_sound("call", SECOND, RATE_HZ)

    run_virtual(main())


def test_a_switch_that_does_not_read_is_given_up() -> None:
    async def main() -> None:
        async with expecting() as (server, url, stream):
            reader, writer = await asyncio.open_connection("127.0.0.1", port_of(url))
            writer.write(UPGRADE % b"/media/token")
            await reader.readuntil(b"\r\n\r\n")
            sent = 0
            while server.send_sound("call", SECOND, RATE_HZ):
                sent += 1
                assert sent < 5000
            assert stream.peer is None
            writer.close()

    asyncio.run(main())


def test_tls() -> None:
    async def main() -> None:
        address = MediaAddress("127.0.0.1", 0, "localhost", str(TLS / "certificate.pem"), str(TLS / "key.pem"))
        trust = ssl.create_default_context(cafile=TLS / "certificate.pem")
        async with MediaServer(address, max_connections=5) as server:
            with server.stream("call", "token", RATE_HZ, 1000) as (url, stream):
                assert url.startswith("wss://localhost:")
                async with connect(url, ssl=trust, compression=None, proxy=None, host="127.0.0.1") as client:
                    await client.send(FRAME)
                    await anext(stream)

    asyncio.run(main())


def test_a_certificate_that_cannot_be_used_says_so() -> None:
    async def main() -> None:
        async with MediaServer(MediaAddress("127.0.0.1", 0, "", str(TLS / "none.pem")), max_connections=5):
            pass

    with pytest.raises(ConfigError, match=r"media\.tls_certificate"):
        run_virtual(main())


@pytest.mark.parametrize(("host", "public"), [("0.0.0.0", ""), ("::1", ""), ("127.0.0.1", "a_b"), ("127.0.0.1", "x/y")])
def test_a_name_that_the_switch_cannot_use_is_refused(host: str, public: str) -> None:
    with pytest.raises(ConfigError, match=r"media\.public_host"):
        MediaAddress(host, 0, public)


def test_the_switch_is_told_the_public_name() -> None:
    async def main() -> str:
        async with MediaServer(MediaAddress("127.0.0.1", 0, "robot.example.net"), max_connections=5) as server:
            with server.stream("call", "token", RATE_HZ, 1000) as (url, _):
                return url

    assert run_virtual(main()).startswith("ws://robot.example.net:")
