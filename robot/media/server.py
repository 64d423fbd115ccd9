"""The WebSocket that switches stream the callers' audio to: one listener for all calls.

A call is named by a random token in the path, valid for that call alone, because the module's metadata may come after
its first audio. A CLOSE is answered at once by the library: otherwise the switch delays the hangup by a second.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from types import TracebackType

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from robot.errors import ConfigError, RemoteProtocolError
from robot.log import get_logger
from robot.media.stream import InboundStream
from robot.protocol.audio_stream import Audio, StreamReceiver

log = get_logger(__name__)
PATH = "/media/"
MAX_MESSAGE_BYTES = 1_000_000
MAX_MESSAGES_QUEUED = 64
POLICY_VIOLATION, UNSUPPORTED_DATA = 1008, 1003


class MediaServer:
    """An async context manager: listening inside it. ``port`` 0 takes any free port."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._streams: dict[str, InboundStream] = {}
        self._server: Server | None = None

    async def __aenter__(self) -> MediaServer:
        try:
            self._server = await serve(
                self._receive,
                self._host,
                self._port,
                process_request=self._admit,
                compression=None,
                max_size=MAX_MESSAGE_BYTES,
                max_queue=MAX_MESSAGES_QUEUED,
                ping_interval=None,
                close_timeout=1,
            )
        except OSError as error:
            raise ConfigError(
                f"media.port: cannot listen on {self._host}:{self._port} ({error.strerror or error}); "
                "another program may be using it: choose another port, or 0 for any free one"
            ) from error
        self._port = next(iter(self._server.sockets)).getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    @contextmanager
    def stream(self, token: str, switch_rate_hz: int, queue_ms: int) -> Iterator[tuple[str, InboundStream]]:
        """Expects one call's audio for as long as the context lasts; gives the URL for the switch and the frames."""
        stream = self._streams[token] = InboundStream(switch_rate_hz, queue_ms)
        try:
            yield f"ws://{self._host}:{self._port}{PATH}{token}", stream
        finally:
            del self._streams[token]
            stream.close()

    def _admit(self, connection: ServerConnection, request: Request) -> Response | None:
        if request.path.removeprefix(PATH) in self._streams and request.path.startswith(PATH):
            return None
        log.warning("media_refused", peer=str(connection.remote_address))
        return connection.respond(HTTPStatus.NOT_FOUND, "no call expects audio here\n")

    async def _receive(self, connection: ServerConnection) -> None:
        request = connection.request
        stream = self._streams.get(request.path.removeprefix(PATH)) if request else None
        if stream is None:
            await connection.close(POLICY_VIOLATION, "no such call")
            return
        stream.connected()
        receiver = StreamReceiver(stream.switch_rate_hz)
        loop = asyncio.get_running_loop()
        try:
            async for message in connection:
                events = receiver.text(message) if isinstance(message, str) else receiver.binary(message)
                for event in events:
                    if isinstance(event, Audio):
                        stream.push(event.pcm, loop.time())
        except RemoteProtocolError as error:
            stream.counters.bad_messages += 1
            log.warning("media_bad_message", error=str(error))
            await connection.close(UNSUPPORTED_DATA, "not an audio stream")
        except ConnectionClosed as closed:
            log.info("media_connection_lost", error=str(closed))
