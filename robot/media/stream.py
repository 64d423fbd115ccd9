"""One call's inbound audio: whatever the switch sends, out come 20 ms frames at 16 kHz, counted in samples.

Arrival times say nothing about the audio: after a stall the switch sends its backlog in one burst. So media time is the
number of samples since the stream began, and lateness is only counted. When a stream broke and goes on in another
connection, silence stands for what was missed, so that the count stays true.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Protocol

import numpy as np

from robot.media.base import RATE_HZ, StreamCounters
from services.audio import FRAME_MS, Pcm, Resampler, ms_to_samples

FRAME_SAMPLES = ms_to_samples(FRAME_MS, RATE_HZ)
LATE_S = 0.1
MAX_FILLED_S = 60.0
"""of silence for one outage: by then the call is over"""


class Peer(Protocol):
    """The switch's end of the connection that is open now."""

    def send_text(self, text: str) -> bool:
        """False when it cannot be sent: the connection is closing, or its peer does not read."""
        ...


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
        self._new_connection = False
        self.peer: Peer | None = None
        """None while no connection is open"""
        self.connected_s = 0.0
        self.last_arrival_s: float | None = None
        """``loop.time()`` of the newest audio"""
        self.first_frame_s: float | None = None
        """``loop.time()`` at the first sample"""

    def connected(self, peer: Peer, now_s: float) -> None:
        """The switch opened a connection for this stream (again), at ``loop.time()``."""
        self.counters.connections += 1
        self.peer, self.connected_s = peer, now_s
        self._new_connection = True

    def disconnected(self, peer: Peer) -> None:
        """That connection is gone; a newer one stays."""
        if self.peer is peer:
            self.peer = None

    def push(self, pcm: Pcm, now_s: float) -> None:
        """int16[n] at the switch's rate, any n; ``now_s`` is ``loop.time()``."""
        if self._closed:
            return
        begun_s = now_s - len(pcm) / self.switch_rate_hz
        if self.first_frame_s is None:
            self.first_frame_s = begun_s
        elif self._new_connection and self.last_arrival_s is not None:
            self._fill(begun_s - self.last_arrival_s)
        self._count_gap(now_s)
        block = self._resampler.push(pcm)
        if len(self._partial):
            block = np.concatenate([self._partial, block])
        whole = len(block) - len(block) % FRAME_SAMPLES
        for start in range(0, whole, FRAME_SAMPLES):
            self._put(block[start : start + FRAME_SAMPLES], 1)
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
        piece = self._frames.popleft()
        if len(piece) > FRAME_SAMPLES:
            self._frames.appendleft(piece[FRAME_SAMPLES:])
            return piece[:FRAME_SAMPLES]
        return piece

    def _put(self, piece: Pcm, frames: int) -> None:
        if len(self._frames) == self._frames.maxlen:
            self.counters.frames_dropped += len(self._frames[0]) // FRAME_SAMPLES
        self._frames.append(piece)
        self.counters.frames_in += frames

    def _fill(self, missed_s: float) -> None:
        """Silence for an outage: whole frames, one piece whatever its length."""
        frames = int(min(max(0.0, missed_s), MAX_FILLED_S) * 1000) // FRAME_MS
        if frames:
            self.counters.frames_missed += frames
            self._put(np.zeros(frames * FRAME_SAMPLES, np.int16), 0)

    def _count_gap(self, now_s: float) -> None:
        if self.last_arrival_s is not None and not self._new_connection:
            gap_s = now_s - self.last_arrival_s
            self.counters.longest_gap_ms = max(self.counters.longest_gap_ms, round(gap_s * 1000))
            self.counters.frames_late += gap_s > LATE_S
        self._new_connection = False
        self.last_arrival_s = now_s
