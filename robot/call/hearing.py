"""What one call hears: the last half minute of audio, the voices in it and the tones in it, on the call's media time.

The detectors listen at the telephone's 8 kHz, whatever the recogniser gets: on audio that came over a line they find
more voices there (of 44 recorded pick-ups, 42 instead of 38).

Media time is milliseconds since the answer, counted in samples: ``offset_ms`` (the stream starts a little after the
answer) plus the samples heard.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from robot.media.base import RATE_HZ
from services.audio import Pcm, Resampler, Samples, ms_to_samples, samples_to_ms, to_float
from services.tones.base import ToneDetector
from services.vad.base import SpeechStarted, VoiceActivity

LINE_RATE_HZ = 8_000
"""of the detectors"""
KEEP_MS = 32_000


@dataclass(frozen=True, slots=True)
class VoiceChange:
    """A voice started or ended at ``at_ms``."""

    at_ms: int
    started: bool


@dataclass(frozen=True, slots=True)
class ToneHeard:
    start_ms: int
    end_ms: int
    frequency_hz: float


@dataclass(frozen=True, slots=True)
class Heard20:
    """What 20 ms of audio brought."""

    now_ms: int
    voices: tuple[VoiceChange, ...]
    tones: tuple[ToneHeard, ...]


class Hearing:
    """Fed with frames in order; remembers the last 32 s of them."""

    def __init__(self, offset_ms: int, voice: VoiceActivity, tones: ToneDetector) -> None:
        self._offset_ms, self._voice, self._tones = offset_ms, voice, tones
        self._resampler = Resampler(RATE_HZ, LINE_RATE_HZ)
        self.narrow: Pcm = np.zeros(0, np.int16)
        """the newest frame at the line's rate, late by :attr:`narrow_delay_ms`"""
        self.narrow_delay_ms = samples_to_ms(self._resampler.delay_samples, LINE_RATE_HZ)
        self._ring = np.zeros(ms_to_samples(KEEP_MS, RATE_HZ), np.int16)
        self._samples = 0
        self._last_voice: VoiceChange | None = None

    @property
    def now_ms(self) -> int:
        return self._to_ms(self._samples)

    @property
    def voice(self) -> VoiceChange | None:
        """The last thing known of the caller's voice; None when none was heard yet."""
        return self._last_voice

    def push(self, frame: Pcm) -> Heard20:
        """int16[n] at 16 kHz → the voices and tones that became certain."""
        self._keep(frame)
        narrow = self.narrow = self._resampler.push(frame)
        voices = tuple(
            VoiceChange(self._heard_ms(event.at_sample), isinstance(event, SpeechStarted))
            for event in self._voice.push(narrow)
        )
        self._last_voice = voices[-1] if voices else self._last_voice
        tones = tuple(
            ToneHeard(self._heard_ms(tone.start_sample), self._heard_ms(tone.end_sample), tone.frequency_hz)
            for tone in self._tones.push(narrow)
        )
        return Heard20(self.now_ms, voices, tones)

    def audio(self, start_ms: int, end_ms: int) -> Samples:
        """float32[n] at 16 kHz between two media times, cut to what is still remembered."""
        first = max(self._to_sample(start_ms), self._samples - len(self._ring), 0)
        last = min(self._to_sample(end_ms), self._samples)
        start, count = first % len(self._ring), max(0, last - first)
        head = self._ring[start : start + count]
        return to_float(np.concatenate([head, self._ring[: count - len(head)]]))

    def _keep(self, frame: Pcm) -> None:
        """Into the ring, in one piece or, at its seam, in two."""
        start = self._samples % len(self._ring)
        self._samples += len(frame)
        room = len(self._ring) - start
        self._ring[start : start + len(frame)] = frame[:room]
        if len(frame) > room:
            self._ring[: len(frame) - room] = frame[room:]

    def _heard_ms(self, sample: int) -> int:
        """Of a detector's sample."""
        return self._offset_ms + (sample - self._resampler.delay_samples) * 1000 // LINE_RATE_HZ

    def _to_ms(self, sample: int) -> int:
        return self._offset_ms + sample * 1000 // RATE_HZ

    def _to_sample(self, ms: int) -> int:
        return ms_to_samples(ms - self._offset_ms, RATE_HZ)
