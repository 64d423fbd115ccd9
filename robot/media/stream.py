"""One call's inbound audio: whatever the switch sends, out come 20 ms frames at 16 kHz, counted in samples.

Arrival times say nothing about the audio: after a stall the switch sends its backlog in one burst. So media time is the
number of samples since the stream began, and lateness is only counted.
"""

from __future__ import annotations

import asyncio
from collections import deque

import numpy as np

from robot.media.base import RATE_HZ, StreamCounters
from services.audio import FRAME_MS, Pcm, Resampler, ms_to_samples

FRAME_SAMPLES = ms_to_samples(FRAME_MS, RATE_HZ)
LATE_S = 0.1


class InboundStream:
    """Written by the media server, read by one call. Full queue: the oldest frame is dropped and counted."""

    def __init__(self, switch_rate_hz: int, queue_ms: int) -> None:
        self.switch_rate_hz = switch_rate_hz
        self.counters = StreamCounters()
        self._resampler = Resampler(switch_rate_hz, RATE_HZ)
        self._partial = np.zeros(0, np.int16)
        self._frames: deque[Pcm] = deque(maxlen=max(1, queue_ms // FRAME_MS))
        self._wake = asyncio.Event()
        self._closed = False
        self._last_arrival_s: float | None = None
        self.first_frame_s: float | None = None
        """``loop.time()`` at the first sample"""

    def connected(self) -> None:
        """The switch opened a connection for this stream (again)."""
        self.counters.connections += 1
        self._last_arrival_s = None

    def push(self, pcm: Pcm, now_s: float) -> None:
        """int16[n] at the switch's rate, any n; ``now_s`` is ``loop.time()``."""
        if self._closed:
            return
        if self.first_frame_s is None:
            self.first_frame_s = now_s - len(pcm) / self.switch_rate_hz
        self._count_gap(now_s)
        block = np.concatenate([self._partial, self._resampler.push(pcm)])
        whole = len(block) - len(block) % FRAME_SAMPLES
        for start in range(0, whole, FRAME_SAMPLES):
            if len(self._frames) == self._frames.maxlen:
                self.counters.frames_dropped += 1
            self._frames.append(block[start : start + FRAME_SAMPLES])
            self.counters.frames_in += 1
        self._partial = block[whole:]
        self._wake.set()

    def close(self) -> None:
        """No more audio: the reader ends after the frames it has."""
        self._closed = True
        self._wake.set()

    def __aiter__(self) -> InboundStream:
        return self

    async def __anext__(self) -> Pcm:
        while not self._frames:
            if self._closed:
                raise StopAsyncIteration
            self._wake.clear()
            await self._wake.wait()
        return self._frames.popleft()

    def _count_gap(self, now_s: float) -> None:
        if self._last_arrival_s is not None:
            gap_s = now_s - self._last_arrival_s
            self.counters.longest_gap_ms = max(self.counters.longest_gap_ms, round(gap_s * 1000))
            self.counters.frames_late += gap_s > LATE_S
        self._last_arrival_s = now_s
