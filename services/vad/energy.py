"""A voice detector without a model: level in the telephone band over an adaptive noise floor.

For calls whose audio is scripted (virtual time, rehearsals) and as a fall-back where no model can run. It hears any
sound that stands out of the background as a voice, tones and music included; a real line deserves Silero.

The floor is the lowest short-term level of the last seconds (minimum statistics: R. Martin, IEEE Trans. Speech and
Audio Processing 9(5), 2001): speech dips below its own level several times a second, steady noise never does. Digital
silence says nothing of the line's noise and leaves the floor alone.
"""

from __future__ import annotations

import math
from collections import deque

import numpy as np

from services.audio import Pcm, ms_to_samples
from services.errors import BadInput
from services.info import EngineInfo
from services.vad.base import VoiceActivity
from services.vad.segmenter import Hysteresis, Segmenter
from services.vad.windows import WindowedVoice

BAND_HZ = (300.0, 3_400.0)
WINDOW_MS = 20
_RATES_HZ = range(8_000, 48_001)
_SMOOTHING_WINDOWS = 3
_FIRST_FLOOR_DBFS = -60.0


class EnergyEngine:
    """Opens a detector per call; holds nothing but its settings."""

    def __init__(
        self,
        *,
        margin_db: float = 10.0,
        exit_margin_db: float = 6.0,
        min_level_dbfs: float = -48.0,
        floor_memory_ms: float = 3_000.0,
        min_speech_ms: float = 80.0,
        min_silence_ms: float = 300.0,
        bridge_ms: float = 60.0,
    ) -> None:
        """A voice stands ``margin_db`` over the floor, and over ``min_level_dbfs``; it pauses under ``exit_margin_db``.

        ``floor_memory_ms``: how far back the floor is looked for, hence how long a new steady noise passes for a voice.
        """
        if not 0 < exit_margin_db <= margin_db or floor_memory_ms < WINDOW_MS:
            raise BadInput(
                f"the energy detector needs 0 < exit_margin_db <= margin_db and floor_memory_ms >= {WINDOW_MS}, "
                f"got {exit_margin_db}, {margin_db}, {floor_memory_ms}"
            )
        self._margin_db, self._min_level_dbfs = margin_db, min_level_dbfs
        self._floor_windows = int(floor_memory_ms / WINDOW_MS)
        exit_threshold = 0.5 * exit_margin_db / margin_db
        self._rules = Hysteresis(0.5, exit_threshold, min_speech_ms, min_silence_ms, bridge_ms=bridge_ms)

    @property
    def info(self) -> EngineInfo:
        return EngineInfo("energy")

    def load(self) -> None:
        """Nothing to load."""

    def open(self, rate_hz: int) -> VoiceActivity:
        """A fresh detector. Raises ``BadInput`` for a rate outside 8,000–48,000 Hz."""
        if rate_hz not in _RATES_HZ:
            raise BadInput(f"the energy detector takes {_RATES_HZ.start}–{_RATES_HZ.stop - 1} Hz, not {rate_hz}")
        level = _LevelOverFloor(rate_hz, self._margin_db, self._min_level_dbfs, self._floor_windows)
        window_samples = ms_to_samples(WINDOW_MS, rate_hz)
        return WindowedVoice(rate_hz, window_samples, level.probability, Segmenter(rate_hz, self._rules))


class _LevelOverFloor:
    """One stream's noise floor, and how far each window rises over it."""

    def __init__(self, rate_hz: int, margin_db: float, min_level_dbfs: float, floor_windows: int) -> None:
        self._margin_db, self._min_level_dbfs = margin_db, min_level_dbfs
        samples = ms_to_samples(WINDOW_MS, rate_hz)
        frequencies = np.fft.rfftfreq(samples, 1 / rate_hz)
        inside = np.flatnonzero((frequencies >= BAND_HZ[0]) & (frequencies <= BAND_HZ[1]))
        self._band = slice(int(inside[0]), int(inside[-1]) + 1)
        self._taper = np.hanning(samples)
        self._full_scale = 32_768.0**2 * samples * float(np.sum(np.square(self._taper))) / 2
        self._powers: deque[float] = deque(maxlen=_SMOOTHING_WINDOWS)
        self._smooth_levels: deque[float] = deque([_FIRST_FLOOR_DBFS] * floor_windows, maxlen=floor_windows)

    def probability(self, window: Pcm) -> float:
        """int16[20 ms], the next window → 0.5 at ``margin_db`` over the floor, linear in dB, 0–1."""
        spectrum = np.fft.rfft(window * self._taper)[self._band]
        power = float(np.vdot(spectrum, spectrum).real) / self._full_scale + 1e-12
        level_dbfs = 10 * math.log10(power)
        self._powers.append(power)
        self._smooth_levels.append(10 * math.log10(sum(self._powers) / len(self._powers)))
        if level_dbfs < self._min_level_dbfs:
            return 0.0
        over_floor_db = level_dbfs - min(self._smooth_levels)
        return min(1.0, max(0.0, over_floor_db / (2 * self._margin_db)))
