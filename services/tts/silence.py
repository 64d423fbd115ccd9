"""The silence around a synthesised clause: cut to a fixed margin, so that clauses joined end to end sound like one
breath.

Models put 0.1–0.5 s of silence around whatever they say. Within a sentence that is a hole; after a sentence a pause is
wanted, but a constant one. The margin depends on the clause alone, so that a clause may be kept and said again
anywhere.
"""

from __future__ import annotations

import numpy as np

from services.audio import Samples, ms_to_samples

LEAD_MS = 30
"""kept before the first sound; with TAIL_MS it makes the longest gap between two clauses of a sentence, 110 ms"""
TAIL_MS = 80
"""kept after the last sound, for the decay of a final consonant"""
SENTENCE_PAUSE_MS = 180
"""added after a clause that ends a sentence"""

_FRAME_MS = 10
_QUIET_BELOW_PEAK = 10 ** (-42 / 20)
"""a frame this far under the loudest one is silence: under a weak final consonant, over a quantised model's noise"""


def trim(samples: Samples, rate_hz: int) -> Samples:
    """float32[n] → its part from LEAD_MS before the first sound to TAIL_MS after the last; empty without a sound."""
    size = ms_to_samples(_FRAME_MS, rate_hz)
    count = -(-len(samples) // size)
    if not count:
        return samples
    frames = np.pad(samples, (0, count * size - len(samples))).reshape(count, size)
    levels = np.sqrt(np.mean(np.square(frames, dtype=np.float64), axis=1))
    loud = np.flatnonzero(levels > max(levels.max() * _QUIET_BELOW_PEAK, 1e-5))
    if not len(loud):
        return samples[:0]
    start = max(0, int(loud[0]) * size - ms_to_samples(LEAD_MS, rate_hz))
    end = (int(loud[-1]) + 1) * size + ms_to_samples(TAIL_MS, rate_hz)
    return samples[start:end]
