"""A WebSocket server for a switch's audio streams: keeps what one stream sent, and misbehaves as it is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request

WAIT_S = 10.0


class Sink:
    """Everything that one stream sent."""

    def __init__(self, answers_close: bool) -> None:
        self._answers_close = answers_close
        self.port = 0
        self.path = ""
        self.headers: dict[str, str] = {}
        self.got: list[str | bytes] = []
        self.accepted = 0
        self.socket: ServerConnection | None = None
        self.close_code: int | None = None
        self.close_reason = ""
        self._open, self._closed, self._changed = asyncio.Event(), asyncio.Event(), asyncio.Event()

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/media/one?id=7"

    @property
    def frames(self) -> list[bytes]:
        return [message for message in self.got if isinstance(message, bytes)]

    @property
    def texts(self) -> list[str]:
        return [message for message in self.got if isinstance(message, str)]

    async def wait(self, what: str) -> None:
        """Until the stream is ``open`` or ``closed``."""
        async with asyncio.timeout(WAIT_S):
            await (self._open if what == "open" else self._closed).wait()

    async def until_frames(self, count: int) -> None:
        """Until that many binary messages came in all."""
        async with asyncio.timeout(WAIT_S):
            while len(self.frames) < count:
                self._changed.clear()
                await self._changed.wait()

    async def until_text(self, text: str) -> None:
        """Until that text came."""
        async with asyncio.timeout(WAIT_S):
            while text not in self.texts:
                self._changed.clear()
                await self._changed.wait()

    async def accept(self, socket: ServerConnection) -> None:
        assert socket.request is not None
        self.socket, self.path, self.headers = socket, socket.request.path, dict(socket.request.headers.raw_items())
        self.accepted += 1
        self._closed.clear()
        self._open.set()
        if not self._answers_close:
            socket.transport.pause_reading()
        try:
            while True:
                self.got.append(await socket.recv())
                self._changed.set()
        except ConnectionClosed as closed:
            if closed.rcvd is not None:
                self.close_code, self.close_reason = closed.rcvd.code, closed.rcvd.reason
        self._open.clear()
        self._closed.set()


@asynccontextmanager
async def sink(*, accept_after_s: float = 0.0, answers_close: bool = True) -> AsyncIterator[Sink]:
    """A listening server; ``accept_after_s`` is how long it thinks before it accepts a stream."""
    result = Sink(answers_close)

    async def think(socket: ServerConnection, request: Request) -> None:
        await asyncio.sleep(accept_after_s)

    server = serve(
        result.accept, "127.0.0.1", 0, process_request=think, compression=None, ping_interval=None, close_timeout=0.1
    )
    async with server as listening:
        result.port = next(iter(listening.sockets)).getsockname()[1]
        yield result
