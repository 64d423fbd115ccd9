"""One WebSocket connection of a switch, over the sans-I/O core of ``websockets``.

Audio goes from the socket into the call's queue in one step, without a task or a queue of its own in between: a hundred
calls bring five thousand messages a second. The core answers CLOSE and PING by itself, in the same step; a late answer
to CLOSE would delay the switch's hangup by a second.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol

from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol

from robot.errors import RemoteProtocolError
from robot.log import get_logger
from robot.media.allowance import Allowance
from robot.media.stream import InboundStream
from robot.protocol.audio_stream import Audio, StreamReceiver

log = get_logger(__name__)
MAX_MESSAGE_BYTES = 1_000_000
MAX_UNSENT_BYTES = 2_000_000
"""of sounds for a switch that does not read: more, and the connection is given up"""
BURST_S = 30.0
"""of audio at once: what a switch keeps while it is not read"""
MAX_SPEED = 4.0
"""times real time, for as long as it lasts"""
CLOSE_S = 1.0
"""for the peer to close its side after we closed ours"""
MAX_REASON_CHARS = 100
_SAMPLE_BYTES = 2
_FRAME_COST_BYTES = 64
"""counted for each message, so that empty ones are not free"""
_GOING_AWAY, _UNSUPPORTED_DATA, _INVALID_TEXT, _POLICY_VIOLATION = 1001, 1003, 1007, 1008


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a handshake is turned down."""

    status: HTTPStatus
    reason: str


class Gate(Protocol):
    """Whoever decides on connections: the server."""

    def arrived(self, connection: StreamConnection) -> None:
        """A TCP connection that has not said yet which call it is for."""
        ...

    def admit(self, connection: StreamConnection, path: str) -> InboundStream | Refusal: ...

    def left(self, connection: StreamConnection) -> None: ...


class StreamConnection(asyncio.Protocol):
    """From the TCP connection to its end. ``stream`` is None until the handshake."""

    def __init__(self, gate: Gate, now_s: Callable[[], float]) -> None:
        self._gate, self._now_s = gate, now_s
        self._core = ServerProtocol(max_size=MAX_MESSAGE_BYTES)
        self._transport: asyncio.Transport | None = None
        self._last_resort: asyncio.TimerHandle | None = None
        self._fragments: list[bytes] = []
        self._is_text = self._refused = False
        self.stream: InboundStream | None = None

    @property
    def open(self) -> bool:
        """Neither side has begun to close."""
        return self._core.state is State.OPEN

    @property
    def peer(self) -> str:
        return str(self._transport.get_extra_info("peername")) if self._transport else ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._gate.arrived(self)

    def data_received(self, data: bytes) -> None:
        self._core.receive_data(data)
        for event in self._core.events_received():
            if isinstance(event, Request):
                self._shake_hands(event)
            elif isinstance(event, Frame) and self.stream is not None:
                self._take(event, self.stream)
        self._send()

    def eof_received(self) -> None:
        self._core.receive_eof()

    def connection_lost(self, error: Exception | None) -> None:
        if self._last_resort is not None:
            self._last_resort.cancel()
        if self.stream is not None:
            self.stream.disconnected(self)
        self._gate.left(self)

    def send_text(self, text: str) -> bool:
        """See :class:`robot.media.stream.Peer`."""
        transport = self._transport
        if transport is None or not self.open:
            return False
        if transport.get_write_buffer_size() > MAX_UNSENT_BYTES:
            log.warning("media_peer_does_not_read", peer=self.peer)
            self.abort()
            return False
        self._core.send_text(text.encode())
        self._send()
        return True

    def close(self) -> None:
        """The server stops: says so, and goes."""
        self._core.fail(_GOING_AWAY, "the robot is stopping")
        self._send()

    def abort(self) -> None:
        """Gone at once, without a word."""
        if self.stream is not None:
            self.stream.disconnected(self)
        if self._transport is not None:
            self._transport.abort()

    def _shake_hands(self, request: Request) -> None:
        response = self._core.accept(request)
        if response.status_code == HTTPStatus.SWITCHING_PROTOCOLS:
            match self._gate.admit(self, request.path):
                case Refusal(status=status, reason=reason):
                    log.warning("media_refused", peer=self.peer, reason=reason)
                    response = self._core.reject(status, f"{reason}\n")
                case stream:
                    self.stream = stream
                    nominal = stream.switch_rate_hz * _SAMPLE_BYTES
                    self._allowance = Allowance(MAX_SPEED * nominal, BURST_S * nominal, self._now_s())
                    self._receiver = StreamReceiver(stream.switch_rate_hz)
                    stream.connected(self, self._now_s())
        self._core.send_response(response)

    def _take(self, frame: Frame, stream: InboundStream) -> None:
        if self._refused:
            return
        data = bytes(frame.data)
        if not self._allowance.take(len(data) + _FRAME_COST_BYTES, self._now_s()):
            self._refuse(_POLICY_VIOLATION, "faster than audio", stream)
            return
        if frame.opcode in (Opcode.TEXT, Opcode.BINARY):
            self._is_text = frame.opcode is Opcode.TEXT
        elif frame.opcode is not Opcode.CONT:
            return
        if self._fragments or not frame.fin:
            self._fragments.append(data)
            if not frame.fin:
                return
            data = b"".join(self._fragments)
            self._fragments.clear()
        self._take_message(data, stream)

    def _take_message(self, data: bytes, stream: InboundStream) -> None:
        try:
            events = self._receiver.text(data.decode()) if self._is_text else self._receiver.binary(data)
        except UnicodeDecodeError:
            self._refuse(_INVALID_TEXT, "a text that is no UTF-8", stream)
            return
        except RemoteProtocolError as error:
            self._refuse(_UNSUPPORTED_DATA, str(error), stream)
            return
        for event in events:
            if isinstance(event, Audio):
                stream.push(event.pcm, self._now_s())

    def _refuse(self, code: int, reason: str, stream: InboundStream) -> None:
        self._refused = True
        stream.counters.bad_messages += 1
        log.warning("media_bad_message", peer=self.peer, reason=reason)
        self._core.fail(code, reason[:MAX_REASON_CHARS])

    def _send(self) -> None:
        """Writes what the core has to say; its empty piece means that our side ends there."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        for piece in self._core.data_to_send():
            if piece:
                transport.write(piece)
            else:
                self._end(transport)

    def _end(self, transport: asyncio.Transport) -> None:
        if self.stream is not None:
            self.stream.disconnected(self)
        if self._core.close_rcvd is not None or not transport.can_write_eof():
            transport.close()
            return
        transport.write_eof()
        self._last_resort = asyncio.get_running_loop().call_later(CLOSE_S, transport.abort)
