"""TCP in memory: transports joined two by two, for the virtual clock's loop.

A kernel socket would bring real time back in: when its bytes arrive depends on the machine. Here bytes move by
``call_soon``, so two runs of a program see the same reads in the same order. What programs rely on in TCP is kept:
writes made close together arrive as one read, a reader that pauses fills first the window and then the writer's buffer,
closing with unread bytes resets the peer, and writing to a closed peer resets the writer.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Callable
from enum import Enum, auto
from typing import cast

Address = tuple[str, int]

WINDOW_BYTES = 256 * 1024
"""what the "kernel" keeps for a reader that does not read, before the writer's own buffer fills"""
READ_BYTES = 256 * 1024
"""the most one ``data_received`` gets, as in asyncio's own socket transport"""


class _End(Enum):
    """What comes after the last byte that arrived."""

    EOF = auto()
    RESET = auto()


class LoopbackSocket:
    """What ``get_extra_info("socket")`` and ``Server.sockets`` give: addresses, and options that do nothing."""

    def __init__(self, sockname: Address, peername: Address | None = None) -> None:
        self._sockname, self._peername = sockname, peername
        self.family = socket.AF_INET6 if ":" in sockname[0] else socket.AF_INET
        self.type = socket.SOCK_STREAM
        self.proto = socket.IPPROTO_TCP

    def getsockname(self) -> Address:
        return self._sockname

    def getpeername(self) -> Address:
        if self._peername is None:
            raise OSError(errno.ENOTCONN, "not connected")
        return self._peername

    def fileno(self) -> int:
        return -1

    def setsockopt(self, level: int, option: int, value: object) -> None:
        """Accepted and without effect: nothing in memory waits for an ACK."""

    def getsockopt(self, level: int, option: int) -> int:
        return 0


class MemoryTransport(asyncio.Transport):
    """One end of a connection in memory. Made in pairs by :func:`connected_pair`; lives after :meth:`start`."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        sockname: Address,
        peername: Address,
        on_lost: Callable[[MemoryTransport], None],
    ) -> None:
        super().__init__(
            {"sockname": sockname, "peername": peername, "socket": LoopbackSocket(sockname, peername)},
        )
        self._loop, self._on_lost = loop, on_lost
        self._protocol: asyncio.Protocol | None = None
        self._peer: MemoryTransport | None = None
        self._buffer = bytearray()  # written here, not yet taken by the peer's window
        self._inbox = bytearray()  # arrived, not yet read
        self._end: _End | None = None
        self._delivery_due = False
        self._paused = self._closing = self._losing = self._gone = False
        self._eof_written = self._eof_read = self._writing_paused = False
        self._low, self._high = 16 * 1024, 64 * 1024

    def __repr__(self) -> str:
        state = "closed" if self._gone else "closing" if self._closing else "open"
        ends = f"{self.get_extra_info('sockname')} → {self.get_extra_info('peername')}"
        return f"<MemoryTransport {ends} {state}, {len(self._buffer)} bytes to write>"

    # life

    def start(self, protocol: asyncio.BaseProtocol) -> None:
        """Tells ``protocol`` that the connection is made and begins to read."""
        self.set_protocol(protocol)
        if self._losing:
            return
        try:
            protocol.connection_made(self)
        finally:
            self._deliver_soon()

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        if isinstance(protocol, asyncio.BufferedProtocol):
            raise TypeError("the in-memory transport feeds asyncio.Protocol (data_received), not BufferedProtocol")
        self._protocol = cast(asyncio.Protocol, protocol)

    def get_protocol(self) -> asyncio.BaseProtocol:
        assert self._protocol is not None, "the transport was not started"
        return self._protocol

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        if self._closing:
            return
        self._closing = True
        if not self._buffer:
            self._lose_soon(None)

    def abort(self) -> None:
        self._force_close(None)

    def _force_close(self, error: Exception | None) -> None:
        self._buffer.clear()
        self._closing = True
        self._lose_soon(error)

    def _lose_soon(self, error: Exception | None) -> None:
        if not self._losing:
            self._losing = True
            self._loop.call_soon(self._lose, error)

    def _lose(self, error: Exception | None) -> None:
        """The socket is closed: the protocol learns it, and the peer gets EOF, or a reset if bytes were left unread."""
        self._gone = True
        peer = self._peer
        assert peer is not None
        try:
            if self._protocol is not None:
                self._protocol.connection_lost(error)
        finally:
            peer.end(_End.RESET if self._inbox else _End.EOF)
            self._inbox.clear()
            if peer._buffer:
                self._loop.call_soon(peer.flush)
            self._on_lost(self)

    # reading

    def is_reading(self) -> bool:
        return not (self._closing or self._paused or self._protocol is None)

    def pause_reading(self) -> None:
        self._paused = True

    def resume_reading(self) -> None:
        self._paused = False
        self._deliver_soon()

    def take(self, written: bytes | bytearray | memoryview) -> int:
        """Bytes arriving from the peer: how many the window had room for. A closed end answers with a reset."""
        assert self._peer is not None
        if self._gone:
            self._peer.end(_End.RESET)
            return len(written)
        room = min(WINDOW_BYTES - len(self._inbox), len(written))
        self._inbox += written[:room]
        self._deliver_soon()
        return room

    def end(self, end: _End) -> None:
        """The peer will send no more. A reset outranks an EOF that is already here."""
        if self._end is not _End.RESET:
            self._end = end
            self._deliver_soon()

    def _deliver_soon(self) -> None:
        news = self._inbox or self._end is _End.RESET or (self._end is _End.EOF and not self._eof_read)
        if news and self.is_reading() and not self._delivery_due:
            self._delivery_due = True
            self._loop.call_soon(self._deliver)

    def _deliver(self) -> None:
        self._delivery_due = False
        if not self.is_reading():
            return
        assert self._protocol is not None
        assert self._peer is not None
        try:
            if self._inbox:
                read = bytes(self._inbox[:READ_BYTES])
                del self._inbox[: len(read)]
                if self._peer._buffer:
                    self._loop.call_soon(self._peer.flush)
                self._protocol.data_received(read)
            elif self._end is _End.RESET:
                self._force_close(ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"))
            elif not self._eof_read:
                self._eof_read = True
                if not self._protocol.eof_received():
                    self.close()
        except Exception as error:  # a protocol's bug ends its connection and is reported, as asyncio does
            self._report(error, "Fatal error: protocol callback failed.")
            self._force_close(error)
        self._deliver_soon()

    # writing

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not isinstance(data, bytes | bytearray | memoryview):
            raise TypeError(f"data argument must be a bytes-like object, not {type(data).__name__!r}")
        if self._eof_written:
            raise RuntimeError("Cannot call write() after write_eof()")
        if self._losing:
            return
        self._buffer += data
        self.flush()
        if len(self._buffer) > self._high and not self._writing_paused:
            self._writing_paused = True
            self._tell(lambda protocol: protocol.pause_writing())

    def flush(self) -> None:
        """Moves what was written into the peer's window, as far as there is room."""
        if self._losing:
            return
        assert self._peer is not None
        if self._buffer:
            del self._buffer[: self._peer.take(self._buffer)]
        if self._writing_paused and len(self._buffer) <= self._low:
            self._writing_paused = False
            self._tell(lambda protocol: protocol.resume_writing())
        if not self._buffer:
            if self._closing:
                self._lose_soon(None)
            elif self._eof_written:
                self._peer.end(_End.EOF)

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        if not (self._closing or self._eof_written):
            self._eof_written = True
            self.flush()

    def get_write_buffer_size(self) -> int:
        return len(self._buffer)

    def get_write_buffer_limits(self) -> tuple[int, int]:
        return self._low, self._high

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        if high is None:
            high = 64 * 1024 if low is None else 4 * low
        if low is None:
            low = high // 4
        if not high >= low >= 0:
            raise ValueError(f"high ({high!r}) must be >= low ({low!r}) must be >= 0")
        self._low, self._high = low, high

    def _tell(self, call: Callable[[asyncio.Protocol], None]) -> None:
        if self._protocol is None:
            return
        try:
            call(self._protocol)
        except Exception as error:
            self._report(error, "protocol flow-control callback failed")

    def _report(self, error: Exception, message: str) -> None:
        context = {"message": message, "exception": error, "transport": self, "protocol": self._protocol}
        self._loop.call_exception_handler(context)


def connected_pair(
    loop: asyncio.AbstractEventLoop, client: Address, server: Address, on_lost: Callable[[MemoryTransport], None]
) -> tuple[MemoryTransport, MemoryTransport]:
    """The two ends of one connection: the client's, then the server's."""
    near, far = MemoryTransport(loop, client, server, on_lost), MemoryTransport(loop, server, client, on_lost)
    near._peer, far._peer = far, near
    return near, far
