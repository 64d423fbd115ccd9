"""A WebSocket server for the switch's audio streams, and a call that streams to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from switch_peer import Peer, lab, plan
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from robot.lab.clock import run_virtual

SPEAKER = plan("speaker", steps=[{"beep": {"hz": 440.0, "ms": 10_000}}])
NEVER_LATE = 3
"""a seed whose first streams send their metadata first"""


class Sink:
    """A WebSocket server: everything that one stream sent, with loop times."""

    def __init__(self) -> None:
        self.port = 0
        self.path = ""
        self.headers: dict[str, str] = {}
        self.got: list[tuple[float, str | bytes]] = []
        self.socket: ServerConnection | None = None
        self.connected, self.closed = asyncio.Event(), asyncio.Event()
        self.close_code: int | None = None

    @property
    def frames(self) -> list[bytes]:
        return [message for _, message in self.got if isinstance(message, bytes)]

    @property
    def texts(self) -> list[str]:
        return [message for _, message in self.got if isinstance(message, str)]

    async def accept(self, socket: ServerConnection) -> None:
        assert socket.request is not None
        self.socket, self.path, self.headers = socket, socket.request.path, dict(socket.request.headers.raw_items())
        self.closed.clear()
        self.connected.set()
        loop = asyncio.get_running_loop()
        try:
            while True:
                message = await socket.recv()
                self.got.append((loop.time(), message))
        except ConnectionClosed as closed:
            self.close_code = closed.rcvd.code if closed.rcvd is not None else None
        self.closed.set()


@asynccontextmanager
async def sink() -> AsyncIterator[Sink]:
    result = Sink()
    async with serve(result.accept, "127.0.0.1", 0, compression=None, ping_interval=None) as server:
        result.port = server.sockets[0].getsockname()[1]
        yield result


def streaming(
    program: Callable[[Peer, Sink], Awaitable[None]], *, arguments: str = "mono 8k", variables: str = ""
) -> None:
    """Runs ``program`` in a call that streams to a sink."""

    async def main() -> None:
        async with sink() as server, lab(SPEAKER, seed=NEVER_LATE) as (_, peer):
            await peer.call("u", "speaker", variables)
            started = await peer.api(f"uuid_audio_stream u start ws://127.0.0.1:{server.port}/media?id=7 {arguments}")
            assert started == "+OK Success\n"
            await server.connected.wait()
            await program(peer, server)
            await peer.api("uuid_kill u")
            await peer.until_name("CHANNEL_DESTROY")

    run_virtual(main())
