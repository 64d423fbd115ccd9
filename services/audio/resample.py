"""Sample-rate conversion: a stateful polyphase FIR for streams, the same filter for whole signals.

A converter that is restarted at each chunk breaks the wave at the seams; this one keeps the filter's memory, so that
any chunking gives the same samples. The price is a constant delay of ``delay_samples`` output samples (about 2 ms).
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.signal import firwin, resample_poly

from services.audio.frames import Pcm

_HALF_TAPS = 16
"""half length of the filter, in samples of the slower side: 2 ms at 8 kHz"""


@lru_cache(maxsize=16)
def _filter(up: int, down: int) -> NDArray[np.float64]:
    longest = max(up, down)
    taps = firwin(2 * _HALF_TAPS * longest + 1, 0.92 / longest, window=("kaiser", 7.0))
    return np.asarray(taps * up, np.float64)


class Resampler:
    """Converts a stream of int16 chunks from ``from_hz`` to ``to_hz``. One per stream and direction."""

    def __init__(self, from_hz: int, to_hz: int) -> None:
        ratio = Fraction(to_hz, from_hz)
        self._up, self._down = ratio.numerator, ratio.denominator
        self._identity = from_hz == to_hz
        taps = np.zeros(1) if self._identity else _filter(self._up, self._down)
        self._per_phase = -(-len(taps) // self._up)
        padded = np.pad(taps, (0, self._per_phase * self._up - len(taps)))
        self._phases = padded.reshape(self._per_phase, self._up).T[:, ::-1].copy()
        self._history = np.zeros(self._per_phase - 1)
        self._next = 0
        self.delay_samples = 0 if self._identity else (len(taps) - 1) // 2 // self._down

    def push(self, pcm: Pcm) -> Pcm:
        """int16[n] at the input rate → int16[about n·to/from] at the output rate."""
        if self._identity:
            return pcm
        block = np.concatenate([self._history, pcm])
        self._history = block[len(block) - (self._per_phase - 1) :]
        if not len(pcm):
            return np.zeros(0, np.int16)
        out = np.rint(self._filtered(block, len(pcm)))
        np.maximum(out, -32768, out=out)
        np.minimum(out, 32767, out=out)
        return out.astype(np.int16)

    def _filtered(self, block: NDArray[np.float64], samples: int) -> NDArray[np.float64]:
        """The output samples that ``samples`` more of input make, behind the history that ``block`` begins with.

        Where one rate is a multiple of the other, a correlation does it in a fifth of the time of the general way.
        """
        if self._up == 1:
            whole = np.correlate(block, self._phases[0], "valid")[self._next :: self._down]
            self._next += len(whole) * self._down - samples
            return whole
        if self._down == 1:
            return np.stack([np.correlate(block, phase, "valid") for phase in self._phases], axis=1).reshape(-1)
        positions = np.arange(self._next, samples * self._up, self._down)
        self._next += len(positions) * self._down - samples * self._up
        windows = np.lib.stride_tricks.sliding_window_view(block, self._per_phase)[positions // self._up]
        out: NDArray[np.float64] = np.einsum("ij,ij->i", windows, self._phases[positions % self._up])
        return out


def resample(pcm: Pcm, from_hz: int, to_hz: int) -> Pcm:
    """A whole signal, without delay: int16[n] → int16[ceil(n·to/from)]."""
    if from_hz == to_hz or not len(pcm):
        return pcm
    ratio = Fraction(to_hz, from_hz)
    out: NDArray[np.float64] = resample_poly(pcm.astype(np.float64), ratio.numerator, ratio.denominator)
    return np.clip(np.rint(out), -32768, 32767).astype(np.int16)
