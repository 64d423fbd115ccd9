"""Frames of any length → windows of one length → probabilities → events: what is alike in every voice detector."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from services.audio import Pcm
from services.vad.base import VoiceEvent
from services.vad.segmenter import Segmenter


class WindowedVoice:
    """One call's detector (a :class:`services.vad.base.VoiceActivity`) over ``probability(window)``.

    A window is judged when its last sample arrives. One that is mostly exact zeros is passed on as unheard.
    """

    def __init__(
        self, rate_hz: int, window_samples: int, probability: Callable[[Pcm], float], segmenter: Segmenter
    ) -> None:
        self._rate_hz, self._window_samples = rate_hz, window_samples
        self._probability, self._segmenter = probability, segmenter
        self._rest: Pcm = np.zeros(0, np.int16)
        self._samples_seen = 0

    @property
    def rate_hz(self) -> int:
        return self._rate_hz

    @property
    def speaking(self) -> bool:
        return self._segmenter.speaking

    @property
    def samples_seen(self) -> int:
        return self._samples_seen

    def push(self, frame: Pcm) -> list[VoiceEvent]:
        """int16[n] → the events that became certain. See :class:`services.vad.base.VoiceActivity`."""
        self._samples_seen += len(frame)
        events: list[VoiceEvent] = []
        for window in self._windows(frame):
            heard = 2 * np.count_nonzero(window) >= self._window_samples
            events += self._segmenter.push(self._probability(window) if heard else None, self._window_samples)
        return events

    def _windows(self, frame: Pcm) -> Sequence[Pcm]:
        """The windows that are now whole. As a rule a frame is one."""
        if not len(self._rest) and len(frame) == self._window_samples:
            return (frame,)
        pending = np.concatenate([self._rest, frame])
        whole = len(pending) - len(pending) % self._window_samples
        self._rest = pending[whole:].copy()
        return list(pending[:whole].reshape(-1, self._window_samples))
