"""Finds the beep after which a voicemail records: one pure tone that stands alone.

Each 32 ms window gives its strongest frequency, how much of the energy is in it (purity) and its level. A run of
windows that agree is a tone. It is a beep when it lasts between ``min_ms`` and ``max_ms``, is steady, is followed by
quiet, does not follow another tone closely, and repeats no cadence. Hence what is *not* a beep: speech (impure or
unsteady), music and information tones (another note follows), DTMF and North American tones (two frequencies at
once), dial tone and fax answer tone (too long), and network tones, known by frequency and length
(:data:`NETWORK_TONES`) or by their repetition.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from services.audio import Pcm, ms_to_samples
from services.errors import BadInput
from services.tones.base import ToneEnded
from services.tones.spectrum import ToneSpectrum, ToneWindow

NETWORK_TONES = (
    (425.0, 7.0, (200, 250, 500, 1_000)),
    (440.0, 7.0, (250, 500, 1_500)),
    (1_100.0, 38.0, (500,)),
)
"""frequency and tolerance in Hz, on-times in ms: congestion, busy and ringing tones (ITU-T E.180 supplement 2: 425 Hz
in most of Europe, 440 Hz in France), and the calling tone of a fax machine (ITU-T T.30)"""
_ON_TIME_TOLERANCE = 0.1
_CADENCE_MEMORY_MS = 5_000
_MIN_DENSITY = 0.75
"""share of a tone's windows that must be pure: two close frequencies, which beat, are pure every other window"""
_BRIDGE_MS = 60
_RATES_HZ = (8_000, 16_000)


@dataclass(slots=True)
class _Run:
    """Windows that agree on one frequency and level, in sums: a dial tone may last for ever."""

    start_sample: int
    end_sample: int
    frequency_hz: float
    level_dbfs: float
    follows_tone: bool
    windows: int = 1

    def has_pitch_of(self, window: ToneWindow, drift: float) -> bool:
        return abs(window.frequency_hz - self.frequency_hz) <= drift * self.frequency_hz

    def extend(self, window: ToneWindow) -> None:
        self.windows += 1
        self.end_sample = window.end_sample
        self.frequency_hz += (window.frequency_hz - self.frequency_hz) / self.windows
        self.level_dbfs += (window.level_dbfs - self.level_dbfs) / self.windows


class BeepDetector:
    """One call's detector (a :class:`services.tones.base.ToneDetector`)."""

    def __init__(
        self,
        rate_hz: int,
        *,
        min_ms: float = 120.0,
        max_ms: float = 2_500.0,
        low_hz: float = 380.0,
        high_hz: float = 2_050.0,
        min_purity: float = 0.85,
        min_level_dbfs: float = -45.0,
        drift: float = 0.015,
        level_step_db: float = 4.0,
        quiet_after_ms: float = 96.0,
        quiet_after_db: float = 8.0,
    ) -> None:
        """``min_purity``: share of the energy in one frequency. ``drift`` and ``level_step_db``: how far a window may
        lie from the run's mean frequency (as a fraction) and level. After a beep the line must stay ``quiet_after_db``
        below it for ``quiet_after_ms``, which is also how late the event comes.

        Raises ``BadInput``: a rate other than 8 or 16 kHz.
        """
        if rate_hz not in _RATES_HZ:
            raise BadInput(f"the beep detector takes 8000 or 16000 Hz, not {rate_hz}")
        self._rate_hz = rate_hz
        self._spectrum = ToneSpectrum(rate_hz)
        self._low_hz, self._high_hz = low_hz, high_hz
        self._min_purity, self._min_level_dbfs = min_purity, min_level_dbfs
        self._drift, self._level_step_db = drift, level_step_db
        self._quiet_after_db = quiet_after_db
        self._quiet_after = ms_to_samples(quiet_after_ms, rate_hz)
        self._min, self._max = ms_to_samples(min_ms, rate_hz), ms_to_samples(max_ms, rate_hz)
        self._bridge = ms_to_samples(_BRIDGE_MS, rate_hz)
        self._memory = ms_to_samples(_CADENCE_MEMORY_MS, rate_hz)
        self._run: _Run | None = None
        self._after_dbfs: deque[float] = deque(maxlen=1 + self._quiet_after // self._spectrum.hop_samples)
        self._last_tone_end = -self._rate_hz
        self._heard: deque[ToneEnded] = deque(maxlen=8)

    @property
    def rate_hz(self) -> int:
        return self._rate_hz

    def push(self, frame: Pcm) -> list[ToneEnded]:
        """int16[n] at ``rate_hz`` → the beeps, about 0.1 s after the end of each. Never raises on audio content."""
        events = (self._step(window) for window in self._spectrum.push(frame))
        return [event for event in events if event is not None]

    def _step(self, window: ToneWindow) -> ToneEnded | None:
        run, tonal = self._run, self._is_tonal(window)
        if run is None:
            self._run = self._begin(window) if tonal else None
            return None
        if tonal and self._continues(run, window):
            run.extend(window)
            self._after_dbfs.clear()
            return None
        if tonal and self._begins_anew(run, window):
            self._leave(run)
            self._run = self._begin(window)
            return None
        return self._follow(run, window)

    def _continues(self, run: _Run, window: ToneWindow) -> bool:
        near = window.start_sample - run.end_sample <= self._bridge
        steady = abs(window.level_dbfs - run.level_dbfs) <= self._level_step_db
        return near and steady and run.has_pitch_of(window, self._drift)

    def _begins_anew(self, run: _Run, window: ToneWindow) -> bool:
        """Another note, or the same one struck again; a weaker window of the same pitch is the tone's last moment."""
        if run.has_pitch_of(window, self._drift):
            return window.level_dbfs > run.level_dbfs - self._level_step_db
        return window.level_dbfs > run.level_dbfs - self._quiet_after_db

    def _follow(self, run: _Run, window: ToneWindow) -> ToneEnded | None:
        """After the tone: waits for ``quiet_after_ms`` of quiet, then judges."""
        if window.start_sample >= run.end_sample:
            self._after_dbfs.append(window.level_dbfs)
        if window.end_sample < run.end_sample + self._quiet_after:
            return None
        quiet = max(self._after_dbfs) <= run.level_dbfs - self._quiet_after_db
        tone = self._leave(run)
        return tone if quiet and tone is not None and self._is_beep(run, tone) else None

    def _is_tonal(self, window: ToneWindow) -> bool:
        in_range = self._low_hz <= window.frequency_hz <= self._high_hz
        return in_range and window.purity >= self._min_purity and window.level_dbfs >= self._min_level_dbfs

    def _begin(self, window: ToneWindow) -> _Run:
        follows_tone = window.start_sample - self._last_tone_end <= self._quiet_after
        self._after_dbfs.clear()
        return _Run(window.start_sample, window.end_sample, window.frequency_hz, window.level_dbfs, follows_tone)

    def _leave(self, run: _Run) -> ToneEnded | None:
        """Closes the run. A window or two that happened to be pure is no tone."""
        self._run = None
        edge = self._spectrum.hop_samples // 2
        start_sample, end_sample = run.start_sample + edge, run.end_sample - edge
        if end_sample - start_sample < self._min // 2:
            return None
        self._last_tone_end = run.end_sample
        return ToneEnded(start_sample, end_sample, run.frequency_hz)

    def _is_beep(self, run: _Run, tone: ToneEnded) -> bool:
        length = tone.end_sample - tone.start_sample
        repeats = any(self._same_cadence(earlier, tone) for earlier in self._heard)
        self._heard.append(tone)
        expected_windows = length / self._spectrum.hop_samples
        if run.follows_tone or repeats or not self._min <= length <= self._max:
            return False
        if run.windows < _MIN_DENSITY * expected_windows:
            return False
        return not _is_network_tone(tone.frequency_hz, length * 1_000 / self._rate_hz)

    def _same_cadence(self, earlier: ToneEnded, tone: ToneEnded) -> bool:
        lengths = (earlier.end_sample - earlier.start_sample, tone.end_sample - tone.start_sample)
        return (
            tone.start_sample - earlier.end_sample <= self._memory
            and abs(earlier.frequency_hz - tone.frequency_hz) <= self._drift * tone.frequency_hz
            and abs(lengths[0] - lengths[1]) <= 0.2 * max(lengths)
        )


def _is_network_tone(frequency_hz: float, length_ms: float) -> bool:
    return any(
        abs(frequency_hz - tone_hz) <= tolerance_hz
        and any(abs(length_ms - on_ms) <= max(_ON_TIME_TOLERANCE * on_ms, 20) for on_ms in on_times_ms)
        for tone_hz, tolerance_hz, on_times_ms in NETWORK_TONES
    )
