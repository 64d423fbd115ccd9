"""G.711 A-law and µ-law by table. One byte per 8 kHz sample.

Levels and decision values are those of ITU-T G.711; what a value exactly between two levels becomes is as in the ITU's
reference code (G.191, ``g711.c``), which works on the one's complement of negative values.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from services.audio.frames import Pcm

_Bytes = NDArray[np.uint8]


def _alaw_levels() -> Pcm:
    code = np.arange(256) ^ 0x55
    segment, mantissa = (code >> 4) & 7, code & 15
    magnitude = np.where(segment == 0, (mantissa << 4) + 8, ((mantissa << 4) + 0x108) << np.maximum(segment - 1, 0))
    return np.where(code & 0x80, magnitude, -magnitude).astype(np.int16)


def _ulaw_levels() -> Pcm:
    code = ~np.arange(256) & 0xFF
    magnitude = ((((code & 15) << 3) + 0x84) << ((code >> 4) & 7)) - 0x84
    return np.where(code & 0x80, -magnitude, magnitude).astype(np.int16)


def _alaw_codes() -> _Bytes:
    """The code of each PCM value from -32768 to 32767."""
    magnitude = np.where(_EVERY < 0, ~_EVERY, _EVERY) >> 4
    segment = np.maximum(_bit_length(magnitude) - 4, 0)
    mantissa = (magnitude >> np.maximum(segment - 1, 0)) & 15
    codes: _Bytes = ((np.where(_EVERY < 0, 0, 0x80) | segment << 4 | mantissa) ^ 0x55).astype(np.uint8)
    return codes


def _ulaw_codes() -> _Bytes:
    magnitude = np.minimum((np.where(_EVERY < 0, ~_EVERY, _EVERY) >> 2) + 33, 0x1FFF)
    segment = _bit_length(magnitude) - 6
    mantissa = (magnitude >> (segment + 1)) & 15
    codes: _Bytes = (~(np.where(_EVERY < 0, 0x80, 0) | segment << 4 | mantissa) & 0xFF).astype(np.uint8)
    return codes


def _bit_length(magnitude: NDArray[np.int64]) -> NDArray[np.int32]:
    return np.frexp(magnitude.astype(np.float64))[1]


_EVERY = np.arange(-32768, 32768)
_ALAW_LEVELS, _ULAW_LEVELS = _alaw_levels(), _ulaw_levels()
_ALAW_CODES, _ULAW_CODES = _alaw_codes(), _ulaw_codes()


def alaw_encode(pcm: Pcm) -> bytes:
    """int16[n] → n bytes of A-law."""
    return _ALAW_CODES[pcm.astype(np.int32) + 32768].tobytes()


def alaw_decode(data: bytes) -> Pcm:
    """n bytes of A-law → int16[n]."""
    return _ALAW_LEVELS[np.frombuffer(data, np.uint8)]


def ulaw_encode(pcm: Pcm) -> bytes:
    """int16[n] → n bytes of µ-law."""
    return _ULAW_CODES[pcm.astype(np.int32) + 32768].tobytes()


def ulaw_decode(data: bytes) -> Pcm:
    """n bytes of µ-law → int16[n]."""
    return _ULAW_LEVELS[np.frombuffer(data, np.uint8)]
