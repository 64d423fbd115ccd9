"""Audio types and the arithmetic between samples and milliseconds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Pcm = NDArray[np.int16]
"""int16[n], mono, full scale ±32768"""
Samples = NDArray[np.float32]
"""float32[n], mono, full scale ±1.0"""

FRAME_MS = 20
"""the telephone's packet: every frame in the project is this long"""

SILENCE_DBFS = -120.0


@dataclass(frozen=True, slots=True)
class AudioChunk:
    """A piece of mono audio and, for speech made by the robot, the words it says."""

    pcm: Pcm
    """int16[n]"""
    rate_hz: int
    text: str = ""
    """what is spoken in it; empty when unknown"""

    @property
    def duration_ms(self) -> float:
        return samples_to_ms(len(self.pcm), self.rate_hz)


def ms_to_samples(ms: float, rate_hz: int) -> int:
    """The number of samples in ``ms`` milliseconds, rounded to the nearest."""
    return round(ms * rate_hz / 1000)


def samples_to_ms(samples: int, rate_hz: int) -> float:
    """The duration of ``samples`` samples, in milliseconds."""
    return samples * 1000 / rate_hz


def to_float(pcm: Pcm) -> Samples:
    """int16[n] → float32[n] in [-1, 1)."""
    return pcm.astype(np.float32) / np.float32(32768.0)


def to_pcm(samples: NDArray[np.floating]) -> Pcm:
    """float[n] → int16[n], rounded, clipped at full scale."""
    scaled = np.rint(np.asarray(samples, np.float64) * 32768.0)
    return np.clip(scaled, -32768, 32767).astype(np.int16)


def level_dbfs(pcm: Pcm) -> float:
    """RMS level relative to a full-scale square wave; -120 for silence or nothing."""
    if not len(pcm):
        return SILENCE_DBFS
    rms = float(np.sqrt(np.mean(np.square(pcm.astype(np.float64)))))
    return max(SILENCE_DBFS, 20 * float(np.log10(rms / 32768.0))) if rms > 0 else SILENCE_DBFS


def frames_of(pcm: Pcm, rate_hz: int) -> Iterator[Pcm]:
    """``pcm`` in 20 ms frames; the last one is filled up with zeros."""
    size = ms_to_samples(FRAME_MS, rate_hz)
    for start in range(0, len(pcm), size):
        frame = pcm[start : start + size]
        yield frame if len(frame) == size else np.pad(frame, (0, size - len(frame)))
