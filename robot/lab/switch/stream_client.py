"""The switch's end of mod_audio_stream: a WebSocket client that sends one channel's audio.

``start`` only means "connecting": audio is kept from then on and sent once the server has accepted, so that after a
slow accept a backlog comes first and the metadata after it. A server that closes leaves the stream in place, silent,
until it is stopped; a lost connection ends it. Our own stop says goodbye with CLOSE 1000 and tells nobody.
"""

from __future__ import annotations

import asyncio
import errno
import json
import os
import socket as sockets
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

import numpy as np
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI

from robot.errors import RemoteProtocolError
from robot.lab.switch.stream_spool import StreamSpool
from robot.log import get_logger
from robot.protocol.audio_stream import OtherText, PlayRequest, StreamSender
from services.audio import Pcm, Resampler

log = get_logger(__name__)

HANDSHAKE_S = 1.0
CLOSE_S = 1.0
FIRST_FRAMES_S = 0.045
"""the real module's first frames leave this long after ``start``, two together"""
BUFFER_FRAMES = 1500
"""30 s of a server that does not read; the real module has no limit. Full: the oldest frame goes, counted"""
MAX_TEXT_BYTES = 16 * 1024 * 1024
_LINE_RATE_HZ = 8000


class Mix(Enum):
    """Which sides are streamed. ``MIXED`` and ``STEREO`` have frames only while the switch plays something."""

    MONO = "mono"
    MIXED = "mixed"
    STEREO = "stereo"


class _Phase(Enum):
    CONNECTING = auto()
    OPEN = auto()
    CLOSED_BY_SERVER = auto()
    ENDED = auto()


@dataclass(frozen=True, slots=True)
class StreamRequest:
    """What ``uuid_audio_stream start`` asked for."""

    url: str
    mix: Mix
    rate_hz: int
    metadata: str = ""
    frames_per_message: int = 1
    headers: Mapping[str, str] = field(default_factory=dict)
    metadata_late: bool = False
    """let the first audio message overtake the metadata, as it now and then does"""


class AudioStream:
    """One ``start``. :meth:`run` must be running in the channel's task group.

    ``tell(kind, body)`` fires ``mod_audio_stream::KIND``; ``lost()`` is called when the stream ended without ``stop``.
    """

    def __init__(
        self, request: StreamRequest, spool: StreamSpool, tell: Callable[[str, str], None], lost: Callable[[], None]
    ) -> None:
        self._request, self._spool, self._tell, self._lost = request, spool, tell, lost
        channels = 2 if request.mix is Mix.STEREO else 1
        self._sender = StreamSender(request.rate_hz, channels)
        self._resamplers = [Resampler(_LINE_RATE_HZ, request.rate_hz) for _ in range(channels)]
        self._gathered: list[Pcm] = []
        self._outbox: deque[bytes | str] = deque(maxlen=BUFFER_FRAMES)
        self._ready = asyncio.Event()
        self._phase = _Phase.CONNECTING
        self._paused = self._stopping = False
        self._socket: ClientConnection | None = None
        self._task: asyncio.Task[None] | None = None
        self.frames_dropped = 0

    @property
    def alive(self) -> bool:
        """Frames and texts have somewhere to go."""
        return self._phase in (_Phase.CONNECTING, _Phase.OPEN)

    def launch(self, group: asyncio.TaskGroup) -> None:
        """Begins to connect."""
        self._task = group.create_task(self._run(), name=f"audio stream {self._spool.uuid}")

    def push(self, received: Pcm, played: Pcm, *, playing: bool) -> None:
        """One tick of the line: int16[160] from the callee and int16[160] to it."""
        if not self.alive or self._paused or (self._request.mix is not Mix.MONO and not playing):
            return
        self._gathered.append(self._mixed(received, played))
        if len(self._gathered) >= self._request.frames_per_message:
            self._put(self._sender.frame(np.concatenate(self._gathered)))
            self._gathered.clear()

    def pause(self, paused: bool) -> None:
        """While paused no frames are made."""
        self._paused = paused

    def send_text(self, text: str) -> None:
        """Sends a text message after the audio that waits."""
        if self.alive:
            self._put(text)

    async def stop(self, text: str = "") -> None:
        """Ends the stream: an optional last text, CLOSE 1000, at most one second for the server's answer."""
        self._stopping = True
        socket, self._phase = self._socket, _Phase.ENDED
        if socket is None:
            if self._task is not None:
                self._task.cancel()
        else:
            try:
                async with asyncio.timeout(CLOSE_S):
                    if text:
                        await socket.send(text)
            except (ConnectionClosed, TimeoutError):
                log.info("stream's last text was not sent", call=self._spool.uuid)
            await socket.close(1000, "Normal closure")
        if self._task is not None:
            await asyncio.wait([self._task])
        await self._spool.remove()

    def _mixed(self, received: Pcm, played: Pcm) -> Pcm:
        match self._request.mix:
            case Mix.MONO:
                return self._resamplers[0].push(received)
            case Mix.MIXED:
                total = received.astype(np.int32) + played
                return self._resamplers[0].push(np.clip(total, -32768, 32767).astype(np.int16))
            case Mix.STEREO:
                left, right = self._resamplers
                return np.stack([left.push(received), right.push(played)], axis=1)

    def _put(self, message: bytes | str) -> None:
        if len(self._outbox) == self._outbox.maxlen:
            self.frames_dropped += 1
        self._outbox.append(message)
        self._ready.set()

    async def _run(self) -> None:
        started_s = asyncio.get_running_loop().time()
        try:
            self._socket = await self._connect()
        except TimeoutError:
            await self._fail(10, "Timeout")
            return
        except OSError as error:
            await self._fail(6, _system_error(error))
            return
        except (InvalidHandshake, InvalidURI, EOFError):
            await self._fail(6, "WebSocket upgrade failed")
            return
        except ValueError:  # a port beyond 65535
            await self._fail(6, _system_error(ConnectionRefusedError()))
            return
        self._phase = _Phase.OPEN
        self._tell("connect", '{"status":"connected"}')
        try:
            async with asyncio.TaskGroup() as group:
                sending = group.create_task(self._send(self._socket, started_s), name="audio stream send")
                try:
                    await self._receive(self._socket)
                except ConnectionClosed as closed:
                    await self._closed(closed)
                finally:
                    sending.cancel()
        finally:
            self._socket.transport.abort()

    async def _connect(self) -> ClientConnection:
        async with asyncio.timeout(HANDSHAKE_S):
            return await connect(
                self._request.url,
                additional_headers=dict(self._request.headers),
                user_agent_header=None,
                compression=None,
                open_timeout=None,
                ping_interval=None,
                close_timeout=CLOSE_S,
                max_size=MAX_TEXT_BYTES,
                proxy=None,
            )

    async def _send(self, socket: ClientConnection, started_s: float) -> None:
        loop = asyncio.get_running_loop()
        waited_s = loop.time() - started_s
        backlog = len(self._outbox) if waited_s > FIRST_FRAMES_S else int(self._request.metadata_late)
        try:
            if not backlog:
                await self._send_metadata(socket)
            await asyncio.sleep(max(0.0, started_s + FIRST_FRAMES_S - loop.time()))
            while True:
                while self._outbox:
                    await socket.send(self._outbox.popleft())
                    backlog -= 1
                    if backlog == 0:
                        await self._send_metadata(socket)
                self._ready.clear()
                await self._ready.wait()
        except ConnectionClosed:
            return

    async def _send_metadata(self, socket: ClientConnection) -> None:
        if self._request.metadata:
            await socket.send(self._sender.metadata(self._request.metadata))

    async def _receive(self, socket: ClientConnection) -> None:
        while True:
            message = await socket.recv()
            if isinstance(message, bytes):
                continue
            try:
                match self._sender.parse(message):
                    case PlayRequest() as request:
                        self._tell("play", await self._spool.store(request))
                    case OtherText(text=text):
                        self._tell("json", text)
            except (RemoteProtocolError, OSError) as error:
                log.error("stream's sound was not stored", call=self._spool.uuid, reason=str(error))

    async def _closed(self, closed: ConnectionClosed) -> None:
        if self._stopping:
            return
        if closed.rcvd is None:
            await self._fail(1, "Connection closed without WebSocket CLOSE (abnormal EOF)")
            return
        self._phase = _Phase.CLOSED_BY_SERVER
        message = {"code": closed.rcvd.code, "reason": closed.rcvd.reason}
        self._tell("disconnect", json.dumps({"status": "disconnected", "message": message}, separators=(",", ":")))

    async def _fail(self, code: int, reason: str) -> None:
        if self._stopping:
            return
        self._phase = _Phase.ENDED
        message = {"code": code, "error": reason}
        self._tell("error", json.dumps({"status": "error", "message": message}, separators=(",", ":")))
        await self._spool.remove()
        self._lost()


def _system_error(error: OSError) -> str:
    """A failed connection in the module's words; it reports an unknown host as a resource that is not there yet."""
    number = errno.EAGAIN if isinstance(error, sockets.gaierror) else error.errno or errno.ECONNREFUSED
    return f"{os.strerror(number)} (system error {number})"
