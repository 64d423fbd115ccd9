"""The WebSocket that switches stream the callers' audio to: one listener for all calls.

A call is named by a random token in the path, because the module's metadata may come after its first audio. A token is
good for one connection at a time, for as long as its call: a stream that broke gets in again with the same URL, while a
second connection beside one that brings audio is refused.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from types import TracebackType

from robot.errors import ConfigError
from robot.log import get_logger
from robot.media.connection import Refusal, StreamConnection
from robot.media.stream import InboundStream
from robot.protocol.audio_stream import encode_stream_audio
from services.audio import Pcm

log = get_logger(__name__)
PATH = "/media/"
HANDSHAKE_S = 2.0
STALE_S = 1.0
"""a connection that brought nothing for so long is taken for dead when another one comes for its call"""
_ANY_ADDRESS = ("0.0.0.0", "::", "")


@dataclass(frozen=True, slots=True)
class MediaAddress:
    """Where to listen, and how the switch gets there."""

    host: str
    port: int
    """0 takes any free one"""
    public_host: str = ""
    """what the switch is told instead of ``host``"""
    tls_certificate: str = ""
    """a PEM file; empty: no TLS"""
    tls_key: str = ""
    """a PEM file; empty: the key is in the certificate's file"""

    def __post_init__(self) -> None:
        name = self.public_host or self.host
        if name in _ANY_ADDRESS:
            raise ConfigError(f"media.public_host: say by which name the switch reaches {self.host or 'this machine'}")
        if not all(letter.isascii() and (letter.isalnum() or letter in ".-") for letter in name):
            raise ConfigError(f"media.public_host: {name}: the switch takes a host name or an IPv4 address, no other")

    def tls(self) -> ssl.SSLContext | None:
        """Reads the certificate. Blocks. Raises ``ConfigError``."""
        if not self.tls_certificate:
            return None
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            context.load_cert_chain(Path(self.tls_certificate), self.tls_key or None)
        except (OSError, ssl.SSLError) as error:
            raise ConfigError(f"media.tls_certificate, media.tls_key: cannot be used: {error}") from error
        return context


class MediaServer:
    """An async context manager: listening inside it.

    At most ``max_connections`` streams; more are refused. As many connections may not have said yet which call they are
    for; with one more, the oldest of them goes.
    """

    def __init__(self, address: MediaAddress, *, max_connections: int) -> None:
        self._address, self._max_connections = address, max_connections
        self._port = address.port
        self._streams: dict[str, InboundStream] = {}
        self._of_call: dict[str, InboundStream] = {}
        self._handshakes: dict[StreamConnection, asyncio.TimerHandle] = {}
        self._connections: set[StreamConnection] = set()
        self._empty = asyncio.Event()
        self.refused = 0
        """connections turned down, for whatever reason"""

    async def __aenter__(self) -> MediaServer:
        loop, address = asyncio.get_running_loop(), self._address
        context = await loop.run_in_executor(None, address.tls)
        try:
            self._server = await loop.create_server(
                lambda: StreamConnection(self, loop.time), address.host, address.port, ssl=context
            )
        except OSError as error:
            raise ConfigError(
                f"media.port: cannot listen on {address.host}:{address.port} ({error.strerror or error}); "
                "another program may be using it: choose another port, or 0 for any free one"
            ) from error
        self._port = next(iter(self._server.sockets)).getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for waiting in list(self._handshakes):
            waiting.abort()
        for connection in list(self._connections):
            connection.close()
        try:
            async with asyncio.timeout(2 * STALE_S):
                while self._handshakes or self._connections:
                    self._empty.clear()
                    await self._empty.wait()
        except TimeoutError:
            for connection in list(self._connections):
                connection.abort()
        await self._server.wait_closed()

    @contextmanager
    def stream(self, uuid: str, token: str, switch_rate_hz: int, queue_ms: int) -> Iterator[tuple[str, InboundStream]]:
        """Expects one call's audio for as long as the context lasts; gives the URL for the switch and the frames."""
        stream = self._streams[token] = self._of_call[uuid] = InboundStream(switch_rate_hz, queue_ms)
        scheme = "wss" if self._address.tls_certificate else "ws"
        try:
            yield f"{scheme}://{self._address.public_host or self._address.host}:{self._port}{PATH}{token}", stream
        finally:
            del self._streams[token], self._of_call[uuid]
            stream.close()
            if isinstance(stream.peer, StreamConnection):
                stream.peer.close()

    def send_sound(self, uuid: str, pcm: Pcm, rate_hz: int) -> bool:
        """Hands a sound to the switch through the call's connection: int16[n] at 8 or 16 kHz, not empty.

        False when the call has no connection that can take it.
        """
        stream = self._of_call.get(uuid)
        if stream is None or stream.peer is None:
            return False
        return stream.peer.send_text(encode_stream_audio(pcm, rate_hz))

    def arrived(self, connection: StreamConnection) -> None:
        """See :class:`robot.media.connection.Gate`."""
        if len(self._handshakes) >= self._max_connections:
            self.refused += 1
            next(iter(self._handshakes)).abort()
        loop = asyncio.get_running_loop()
        self._handshakes[connection] = loop.call_later(HANDSHAKE_S, connection.abort)

    def admit(self, connection: StreamConnection, path: str) -> InboundStream | Refusal:
        """See :class:`robot.media.connection.Gate`."""
        stream = self._streams.get(path.removeprefix(PATH)) if path.startswith(PATH) else None
        if stream is None:
            return self._refuse(HTTPStatus.NOT_FOUND, "no call expects audio here")
        if _lives(stream):
            return self._refuse(HTTPStatus.CONFLICT, "this call's audio is already coming")
        if len(self._connections) >= self._max_connections:
            return self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, "too many streams")
        if isinstance(stream.peer, StreamConnection):
            stream.peer.abort()
        self._forget(connection)
        self._connections.add(connection)
        return stream

    def left(self, connection: StreamConnection) -> None:
        """See :class:`robot.media.connection.Gate`."""
        self._forget(connection)
        self._connections.discard(connection)
        self._empty.set()

    def _refuse(self, status: HTTPStatus, reason: str) -> Refusal:
        self.refused += 1
        return Refusal(status, reason)

    def _forget(self, connection: StreamConnection) -> None:
        if (timer := self._handshakes.pop(connection, None)) is not None:
            timer.cancel()


def _lives(stream: InboundStream) -> bool:
    """The stream's connection is open and has brought audio lately."""
    if not isinstance(stream.peer, StreamConnection) or not stream.peer.open:
        return False
    since_s = asyncio.get_running_loop().time() - max(stream.last_arrival_s or 0.0, stream.connected_s)
    return since_s <= STALE_S
