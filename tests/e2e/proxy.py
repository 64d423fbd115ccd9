"""A TCP proxy that can be cut, stalled, closed and led elsewhere: the network between the robot and a switch."""

from __future__ import annotations

import asyncio
from types import TracebackType


class Proxy:
    """Listens on a free loopback port and forwards to ``target``, a port that may be changed."""

    def __init__(self, port: int) -> None:
        self.target = port
        self.refusing = False
        """new connections are reset"""
        self.accepted = 0
        self._writers: list[asyncio.StreamWriter] = []
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._stalled: list[asyncio.Event] = []
        self.port = 0

    async def __aenter__(self) -> Proxy:
        self._group = await asyncio.TaskGroup().__aenter__()
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        self.cut()
        for flowing in (*self._stalled, self._flowing):
            flowing.set()
        await self._group.__aexit__(kind, error, trace)

    def cut(self) -> None:
        """Every connection is gone, without a word."""
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    def stall(self, *, later: bool = True) -> None:
        """Nothing passes any more, and nobody is told; not ``later``: only connections there are now."""
        self._flowing.clear()
        if not later:
            self._stalled.append(self._flowing)
            self._flowing = asyncio.Event()
            self._flowing.set()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        if self.refusing:
            writer.transport.abort()
            return
        try:
            there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        self._writers += [writer, there_writer]
        self._group.create_task(self._pump(reader, there_writer, self._flowing))
        self._group.create_task(self._pump(there_reader, writer, self._flowing))

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, flowing: asyncio.Event) -> None:
        try:
            while data := await reader.read(65_536):
                await flowing.wait()
                writer.write(data)
        except ConnectionError:
            pass
        finally:
            writer.transport.abort()
