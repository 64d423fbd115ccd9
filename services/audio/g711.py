"""G.711 A-law and µ-law by table (ITU-T G.711). One byte per 8 kHz sample."""

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


def _nearest_codes(levels: Pcm) -> _Bytes:
    """For each of the 65,536 PCM values the code whose level is nearest."""
    order = np.argsort(levels, kind="stable")
    ranked = levels[order].astype(np.int32)
    edges = (ranked[:-1] + ranked[1:]) / 2
    return order[np.searchsorted(edges, np.arange(-32768, 32768))].astype(np.uint8)


_ALAW_LEVELS, _ULAW_LEVELS = _alaw_levels(), _ulaw_levels()
_ALAW_CODES, _ULAW_CODES = _nearest_codes(_ALAW_LEVELS), _nearest_codes(_ULAW_LEVELS)


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
