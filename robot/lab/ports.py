"""Who listens where, inside one virtual loop: ports, servers and connections, all of them on the loopback.

Ports for 0 and for clients are counted up from a fixed number, so that two runs of a program print the same addresses.
"""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import itertools
import os
import socket
from collections.abc import Callable
from typing import cast

from robot.lab.loopback import Address, LoopbackSocket, MemoryTransport, connected_pair

ProtocolFactory = Callable[[], asyncio.BaseProtocol]

FIRST_FREE_PORT = 49152
"""start of the dynamic range (RFC 6335)"""
_ANY = ("0.0.0.0", "::")


def loopback_address(host: str | None) -> str:
    """``host`` as an address this network has. Raises ``socket.gaierror`` for anything outside the loopback."""
    match host:
        case None | "" | "0.0.0.0":
            return "0.0.0.0"
        case "localhost":
            return "127.0.0.1"
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        address = None
    if address is None or not (address.is_loopback or address.is_unspecified):
        raise socket.gaierror(socket.EAI_NONAME, f"{host}: a virtual loop has no network outside the loopback")
    return str(address)


class MemoryServer(asyncio.AbstractServer):
    """What ``create_server`` gives. ``wait_closed`` waits for the connections too, as Python 3.12 and later do."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, ports: Ports, factory: ProtocolFactory, addresses: list[Address]
    ) -> None:
        self.factory = factory
        self._loop, self._ports, self._addresses = loop, ports, addresses
        self._connections: dict[MemoryTransport, None] = {}
        self._serving = self._closed = False
        self._waiters: list[asyncio.Future[None]] = []
        self._forever: asyncio.Future[None] | None = None

    @property
    def sockets(self) -> tuple[socket.socket, ...]:
        return () if self._closed else tuple(cast(socket.socket, LoopbackSocket(a)) for a in self._addresses)

    def get_loop(self) -> asyncio.AbstractEventLoop:
        return self._loop

    def is_serving(self) -> bool:
        return self._serving

    def listen(self) -> None:
        if self._closed:
            raise RuntimeError(f"server on {self._addresses} is closed")
        self._serving = True

    async def start_serving(self) -> None:
        self.listen()
        await asyncio.sleep(0)

    async def serve_forever(self) -> None:
        self.listen()
        if self._forever is not None:
            raise RuntimeError(f"server on {self._addresses} is already being awaited on serve_forever()")
        self._forever = self._loop.create_future()
        try:
            await self._forever
        except asyncio.CancelledError:
            self.close()
            await self.wait_closed()
            raise
        finally:
            self._forever = None

    def close(self) -> None:
        if self._closed:
            return
        self._closed, self._serving = True, False
        self._ports.release(self._addresses)
        if self._forever is not None:
            self._forever.cancel()
        self._wake()

    def close_clients(self) -> None:
        for transport in tuple(self._connections):
            transport.close()

    def abort_clients(self) -> None:
        for transport in tuple(self._connections):
            transport.abort()

    async def wait_closed(self) -> None:
        if self._closed and not self._connections:
            return
        waiter = self._loop.create_future()
        self._waiters.append(waiter)
        await waiter

    def accept(self, transport: MemoryTransport) -> None:
        """Gives the new connection its protocol; a factory that fails ends the connection, as asyncio does."""
        self._connections[transport] = None
        try:
            protocol = self.factory()
        except Exception as error:
            self._loop.call_exception_handler(
                {"message": "Error on transport creation for incoming connection", "exception": error}
            )
            transport.abort()
            return
        transport.start(protocol)

    def forget(self, transport: MemoryTransport) -> None:
        self._connections.pop(transport, None)
        self._wake()

    def _wake(self) -> None:
        if self._closed and not self._connections:
            for waiter in self._waiters:
                _resolve(waiter)
            self._waiters.clear()


class Ports:
    """The listening servers of one loop and every connection between its programs."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._free = itertools.count(FIRST_FREE_PORT)
        self._listening: dict[Address, MemoryServer] = {}
        self._servers: dict[MemoryTransport, MemoryServer] = {}
        self._transports: dict[MemoryTransport, None] = {}

    @property
    def open_transports(self) -> list[MemoryTransport]:
        """Connections that nobody has closed."""
        return [transport for transport in self._transports if not transport.is_closing()]

    def serve(self, factory: ProtocolFactory, hosts: list[str | None], port: int) -> MemoryServer:
        """A server bound to each of ``hosts``, not yet listening. Raises ``OSError`` (EADDRINUSE, unknown host)."""
        chosen = port or self._next_port()
        addresses = [(loopback_address(host), chosen) for host in hosts]
        for address in addresses:
            if self._find(*address) is not None:
                text = f"error while attempting to bind on address {address}: {os.strerror(errno.EADDRINUSE)}"
                raise OSError(errno.EADDRINUSE, text)
        server = MemoryServer(self._loop, self, factory, addresses)
        self._listening.update(dict.fromkeys(addresses, server))
        return server

    def release(self, addresses: list[Address]) -> None:
        for address in addresses:
            del self._listening[address]

    async def connect(
        self, factory: ProtocolFactory, host: str, port: int
    ) -> tuple[MemoryTransport, asyncio.BaseProtocol]:
        """A connection to whoever listens there. Raises ``ConnectionRefusedError`` when nobody does."""
        address = loopback_address(host).replace("0.0.0.0", "127.0.0.1")
        server = self._find(address, port)
        if server is None or not server.is_serving():
            await asyncio.sleep(0)
            raise ConnectionRefusedError(errno.ECONNREFUSED, f"Connect call failed {(address, port)}")
        protocol = factory()
        client, accepted = connected_pair(self._loop, (address, self._next_port()), (address, port), self._lost)
        self._transports.update({client: None, accepted: None})
        self._servers[accepted] = server
        made = self._loop.create_future()
        self._loop.call_soon(server.accept, accepted)
        self._loop.call_soon(client.start, protocol)
        self._loop.call_soon(_resolve, made)
        try:
            await made
        except asyncio.CancelledError:
            client.abort()
            raise
        return client, protocol

    def _lost(self, transport: MemoryTransport) -> None:
        del self._transports[transport]
        server = self._servers.pop(transport, None)
        if server is not None:
            server.forget(transport)

    def _find(self, address: str, port: int) -> MemoryServer | None:
        for host in (address, *_ANY):
            if (host, port) in self._listening:
                return self._listening[host, port]
        return None

    def _next_port(self) -> int:
        taken = {port for _, port in self._listening}
        return next(port for port in self._free if port not in taken)


def _resolve(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
