"""What mod_audio_stream and a server say to each other over a WebSocket, for both ends.

The switch is the WebSocket's client, the robot its server. The switch sends one text of metadata, which can come after
the first audio when the server was slow to accept, then the callee's audio as binary messages of L16 little-endian, one
per 20 ms unless told to gather more. The server may send ``streamAudio`` with a sound, which the switch only stores and
announces, and any other text, which the switch passes on as an event. WebSocket framing is the library's: messages
here.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robot.errors import LocalProtocolError, RemoteProtocolError
from services.audio import FRAME_MS, Pcm, ms_to_samples

PLAYABLE_RATES_HZ = (8000, 16_000)
"""raw rates that the switch plays back as they are: its 24 kHz files come out at 70 % of their length"""
STREAM_RATE_STEP_HZ = 8000
NORMAL_CLOSURE = 1000
_SAMPLE_BYTES = 2
_STREAM_AUDIO = "streamAudio"
_L16 = np.dtype("<i2")


@dataclass(frozen=True, slots=True)
class StreamLimits:
    """The longest messages that are taken."""

    audio_ms: int = 10_000
    text_chars: int = 65_536


_LIMITS = StreamLimits()


@dataclass(frozen=True, slots=True)
class Metadata:
    """The first text: what was given with ``start``. It may come late: know a call by the path of the URL instead."""

    text: str
    json: Mapping[str, Any] | None
    """when ``text`` is a JSON object; quotes and backslashes do not survive the switch's argument parsing"""


@dataclass(frozen=True, slots=True, eq=False)
class Audio:
    """Audio of the callee: any multiple of 20 ms."""

    pcm: NDArray[np.int16]
    """int16[n], or int16[n, 2]: left the callee, right what the switch plays; a view of the message, read it only"""


@dataclass(frozen=True, slots=True)
class TextEvent:
    """A later text: what was given with ``send_text`` or ``stop``."""

    text: str


@dataclass(frozen=True, slots=True)
class Closed:
    """The WebSocket is closed; nothing follows."""

    code: int
    """of the CLOSE frame; 1006 when there was none"""
    reason: str
    normal: bool
    """the switch closed it, after ``stop`` or at the end of the call"""


StreamEvent = Metadata | Audio | TextEvent | Closed


@dataclass(frozen=True, slots=True)
class PlayRequest:
    """A sound to store and announce."""

    audio: bytes
    audio_type: str
    """``raw`` (L16 little-endian mono), or the name of a file format: ``wav``, ``mp3``, …"""
    rate_hz: int

    @property
    def pcm(self) -> Pcm:
        """int16[n], a view of ``audio``, of ``raw`` audio. Raises :class:`RemoteProtocolError` for another type."""
        if self.audio_type != "raw":
            raise RemoteProtocolError(f"a sound of type {self.audio_type!r} holds no plain samples")
        return np.frombuffer(self.audio, _L16)


@dataclass(frozen=True, slots=True)
class OtherText:
    """Any other text: the switch fires ``mod_audio_stream::json`` with it, verbatim."""

    text: str


class StreamReceiver:
    """The server's end of one stream: messages in, events out. After an error or a close it refuses further ones."""

    def __init__(self, rate_hz: int, channels: int = 1, limits: StreamLimits = _LIMITS) -> None:
        self._frame = _Frame(rate_hz, channels)
        self._limits = limits
        self._metadata_seen = False
        self._ended = False

    def text(self, message: str) -> list[StreamEvent]:
        """Raises :class:`RemoteProtocolError` when it is longer than the limit."""
        self._check_open()
        if len(message) > self._limits.text_chars:
            raise self._end(f"a text message is longer than {self._limits.text_chars} characters")
        if self._metadata_seen:
            return [TextEvent(message)]
        self._metadata_seen = True
        return [Metadata(message, _json_object(message))]

    def binary(self, message: bytes) -> list[StreamEvent]:
        """Raises :class:`RemoteProtocolError` unless it is a multiple of 20 ms, at least one, at most the limit."""
        self._check_open()
        frames, odd_bytes = divmod(len(message), self._frame.size_bytes)
        if not frames or odd_bytes:
            raise self._end(f"an audio message of {len(message)} bytes is no multiple of {self._frame}")
        if frames * FRAME_MS > self._limits.audio_ms:
            raise self._end(f"an audio message of {frames * FRAME_MS} ms is longer than {self._limits.audio_ms} ms")
        return [Audio(np.frombuffer(message, _L16).reshape(-1, *self._frame.sample_shape))]

    def closed(self, code: int, reason: str) -> list[StreamEvent]:
        """The connection ended, with the close code and reason of the peer."""
        self._check_open()
        self._ended = True
        return [Closed(code, reason, normal=code == NORMAL_CLOSURE)]

    def _check_open(self) -> None:
        if self._ended:
            raise LocalProtocolError("this audio stream has ended: it takes no further messages")

    def _end(self, reason: str) -> RemoteProtocolError:
        self._ended = True
        return RemoteProtocolError(reason)


class StreamSender:
    """The switch's end of one stream."""

    def __init__(self, rate_hz: int, channels: int = 1) -> None:
        self._frame = _Frame(rate_hz, channels)
        self._metadata_sent = False

    def metadata(self, text: str) -> str:
        """The text message with the metadata. Raises :class:`LocalProtocolError` for a second one."""
        if self._metadata_sent:
            raise LocalProtocolError("the metadata of a stream is sent once")
        self._metadata_sent = True
        return text

    def frame(self, pcm: NDArray[np.int16]) -> bytes:
        """The binary message for int16[n] or, in stereo, int16[n, 2]: any multiple of 20 ms, at least one."""
        if pcm.dtype != np.int16 or pcm.shape[1:] != self._frame.sample_shape:
            raise LocalProtocolError("audio must be int16[n] for one channel and int16[n, 2] for two")
        if not pcm.size or pcm.size * _SAMPLE_BYTES % self._frame.size_bytes:
            raise LocalProtocolError(f"audio of {pcm.size * _SAMPLE_BYTES} bytes is no multiple of {self._frame}")
        return pcm.astype(_L16).tobytes()

    def parse(self, message: str) -> PlayRequest | OtherText:
        """A text from the server. Raises :class:`RemoteProtocolError` for a ``streamAudio`` without a usable sound."""
        content = _json_object(message)
        if content is None or content.get("type") != _STREAM_AUDIO:
            return OtherText(message)
        match content.get("data"):
            case {"audioDataType": str(kind), "audioData": str(encoded), **others}:
                return _play_request(kind, encoded, others.get("sampleRate", PLAYABLE_RATES_HZ[0]))
            case _:
                raise RemoteProtocolError("streamAudio has no data with audioDataType and audioData")


def encode_stream_audio(pcm: Pcm, rate_hz: int) -> str:
    """The text message that hands a sound to the switch, which answers with the event ``mod_audio_stream::play``.

    int16[n] at 8000 or 16,000 Hz, not empty; else raises :class:`LocalProtocolError`.
    """
    if rate_hz not in PLAYABLE_RATES_HZ:
        raise LocalProtocolError(f"the switch plays raw audio right at {PLAYABLE_RATES_HZ} Hz only, not at {rate_hz}")
    if pcm.dtype != np.int16 or pcm.ndim != 1 or not pcm.size:
        raise LocalProtocolError("a sound for the switch must be int16[n] and not empty")
    encoded = base64.b64encode(pcm.astype(_L16).tobytes()).decode("ascii")
    sound = {"audioDataType": "raw", "sampleRate": rate_hz, "audioData": encoded}
    return json.dumps({"type": _STREAM_AUDIO, "data": sound}, separators=(",", ":"))


def encode_text(text: str) -> str:
    """A text for the switch to pass on as an event. Raises :class:`LocalProtocolError` for one that it would play."""
    content = _json_object(text)
    if content is not None and content.get("type") == _STREAM_AUDIO:
        raise LocalProtocolError("this text is a streamAudio message, which the switch would take for a sound")
    return text


@dataclass(frozen=True, slots=True)
class _Frame:
    """20 ms of a stream."""

    rate_hz: int
    channels: int

    def __post_init__(self) -> None:
        if self.rate_hz <= 0 or self.rate_hz % STREAM_RATE_STEP_HZ or self.channels not in (1, 2):
            raise LocalProtocolError("an audio stream has a multiple of 8000 Hz and one or two channels")

    @property
    def size_bytes(self) -> int:
        return ms_to_samples(FRAME_MS, self.rate_hz) * self.channels * _SAMPLE_BYTES

    @property
    def sample_shape(self) -> tuple[int, ...]:
        return () if self.channels == 1 else (self.channels,)

    def __str__(self) -> str:
        return f"{FRAME_MS} ms ({self.size_bytes} bytes at {self.rate_hz} Hz, {self.channels} channel(s))"


def _json_object(text: str) -> dict[str, Any] | None:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None


def _play_request(kind: str, encoded: str, rate_hz: object) -> PlayRequest:
    try:
        audio = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise RemoteProtocolError("streamAudio holds no valid base64") from error
    if type(rate_hz) is not int or rate_hz <= 0 or not audio:
        raise RemoteProtocolError("streamAudio has no sound or a sample rate that is no positive number")
    if kind == "raw" and len(audio) % _SAMPLE_BYTES:
        raise RemoteProtocolError("streamAudio holds raw audio with half a sample")
    return PlayRequest(audio, kind, rate_hz)
