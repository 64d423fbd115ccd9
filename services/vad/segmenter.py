"""Voice probabilities → speech segments: the state machine that the voice detectors share.

Pure: no model, no clock, only samples counted. Hysteresis on the probability (it takes ``threshold`` to begin, less
than ``exit_threshold`` to end) and on time (``min_speech_ms``, ``min_silence_ms``), as in Silero's own
``VADIterator``.

Digital silence (exact zeros) no longer than ``bridge_ms`` tells nothing about the speaker: a switch drops about 40 ms
when a playback starts or stops. Such a window comes as ``None`` and counts as what was heard just before it; once the
zeros last longer, they count as silence from their first sample.
"""

from __future__ import annotations

from dataclasses import dataclass

from services.audio import ms_to_samples
from services.errors import BadInput
from services.vad.base import SpeechEnded, SpeechStarted, VoiceEvent


@dataclass(frozen=True, slots=True)
class Hysteresis:
    """When a row of probabilities becomes speech."""

    threshold: float
    """0–1; at or above it a voice begins"""
    exit_threshold: float
    """0–1, at most ``threshold``; below it a voice pauses"""
    min_speech_ms: float
    """a voice is believed once it has lasted this long"""
    min_silence_ms: float
    """its end is believed once the pause has lasted this long"""
    onset_pad_ms: float = 0.0
    """the onset lies this much before the first window over the threshold"""
    end_pad_ms: float = 0.0
    """the end lies this much after the start of the pause; negative for a model that lets go late"""
    bridge_ms: float = 60.0
    """digital silence up to this long is no pause"""

    def __post_init__(self) -> None:
        if not 0.0 < self.exit_threshold <= self.threshold < 1.0:
            raise BadInput(
                f"voice thresholds must satisfy 0 < exit_threshold <= threshold < 1, "
                f"got exit_threshold={self.exit_threshold}, threshold={self.threshold}"
            )
        if min(self.min_speech_ms, self.min_silence_ms, self.onset_pad_ms, self.bridge_ms) < 0:
            raise BadInput("min_speech_ms, min_silence_ms, onset_pad_ms and bridge_ms must not be negative")


class Segmenter:
    """One stream's state. Feed it every window, in order, each one once."""

    def __init__(self, rate_hz: int, rules: Hysteresis) -> None:
        self._rules = rules
        self._min_speech = ms_to_samples(rules.min_speech_ms, rate_hz)
        self._min_silence = ms_to_samples(rules.min_silence_ms, rate_hz)
        self._onset_pad = ms_to_samples(rules.onset_pad_ms, rate_hz)
        self._end_pad = ms_to_samples(rules.end_pad_ms, rate_hz)
        self._bridge = ms_to_samples(rules.bridge_ms, rate_hz)
        self._position = 0
        self._unheard = 0
        self._last_probability = 0.0
        self._last_boundary = 0
        self._onset: int | None = None
        self._pause: int | None = None
        self.speaking = False

    def push(self, probability: float | None, samples: int) -> list[VoiceEvent]:
        """The next window, ``samples`` long, and the probability of a voice in it; ``None``: it is digital silence."""
        start = self._position
        self._position += samples
        if probability is None:
            return self._push_unheard(start, samples)
        events: list[VoiceEvent] = []
        if 0 < self._unheard <= self._bridge:
            events += self._decide(self._last_probability, start - self._unheard, start)
        self._unheard = 0
        self._last_probability = probability
        return events + self._decide(probability, start, self._position)

    def _push_unheard(self, start: int, samples: int) -> list[VoiceEvent]:
        begin = start - self._unheard
        already_silence = self._unheard > self._bridge
        self._unheard += samples
        if self._unheard <= self._bridge:
            return []
        self._last_probability = 0.0
        return self._decide(0.0, start if already_silence else begin, self._position)

    def _decide(self, probability: float, start: int, end: int) -> list[VoiceEvent]:
        return self._in_speech(probability, start, end) if self.speaking else self._in_quiet(probability, start, end)

    def _in_quiet(self, probability: float, start: int, end: int) -> list[VoiceEvent]:
        if probability < self._rules.exit_threshold:
            self._onset = None
        elif self._onset is None and probability >= self._rules.threshold:
            self._onset = start
        if self._onset is None or end - self._onset < self._min_speech:
            return []
        at_sample = max(self._onset - self._onset_pad, self._last_boundary)
        self._onset, self._pause, self.speaking, self._last_boundary = None, None, True, at_sample
        return [SpeechStarted(at_sample)]

    def _in_speech(self, probability: float, start: int, end: int) -> list[VoiceEvent]:
        if probability >= self._rules.threshold:
            self._pause = None
        elif self._pause is None and probability < self._rules.exit_threshold:
            self._pause = start
        if self._pause is None or end - self._pause < self._min_silence:
            return []
        at_sample = min(max(self._pause + self._end_pad, self._last_boundary), end)
        self._pause, self.speaking, self._last_boundary = None, False, at_sample
        return [SpeechEnded(at_sample)]
