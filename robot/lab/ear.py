"""How a callee knows that the robot speaks: by the level of what it hears, as a person knows it before any word.

The threshold follows the noise of the line, found as the quietest moment of the last seconds, and stays between two
limits: below the lower one a clean line's hiss would count as speech, and without the upper one a long tone would teach
the ear that it is noise.
"""

from __future__ import annotations

from collections import deque

from services.audio import FRAME_MS, Pcm, level_dbfs

_LOWEST_DBFS, _HIGHEST_DBFS = -50.0, -32.0
"""limits of the threshold; speech on the telephone is at about -20 dBFS, 15 dB less on a bad line"""
_ABOVE_NOISE_DB = 9.0
_NO_PACKET_DBFS = -100.0
"""a frame this quiet is a gap in the packets, and says nothing about the line's noise"""
_NOISE_WINDOW_FRAMES = 150
"""3 s: nobody speaks that long without a pause of one frame"""
_ONSET_FRAMES = 3
"""60 ms above the threshold: a click or a lost packet's edge is shorter"""
_HANGOVER_MS = 500
"""the pause between two sentences is shorter; after a longer one the robot has finished"""


class Ear:
    """Told each 20 ms frame; says whether the robot speaks and for how long it has or has not."""

    def __init__(self) -> None:
        self.now_ms = 0
        """heard so far"""
        self._levels: deque[float] = deque(maxlen=_NOISE_WINDOW_FRAMES)
        self._loud_frames = 0
        self._last_loud_ms = 0
        self._since_ms: int | None = None

    def push(self, heard: Pcm) -> None:
        """int16[160] at 8 kHz."""
        level = level_dbfs(heard)
        if level > _NO_PACKET_DBFS:
            self._levels.append(level)
        noise = min(self._levels, default=_NO_PACKET_DBFS)
        threshold = min(max(noise + _ABOVE_NOISE_DB, _LOWEST_DBFS), _HIGHEST_DBFS)
        self._loud_frames = self._loud_frames + 1 if level > threshold else 0
        self.now_ms += FRAME_MS
        if self._loud_frames >= _ONSET_FRAMES or (self._loud_frames and self.speaking):
            self._last_loud_ms = self.now_ms
            if self._since_ms is None:
                self._since_ms = self.now_ms - self._loud_frames * FRAME_MS
        elif self.now_ms - self._last_loud_ms > _HANGOVER_MS:
            self._since_ms = None

    @property
    def speaking(self) -> bool:
        return self._since_ms is not None

    @property
    def speaking_ms(self) -> int:
        """From its first sound to its last one, short pauses included; 0 when it is silent."""
        return 0 if self._since_ms is None else self._last_loud_ms - self._since_ms

    @property
    def silent_ms(self) -> int:
        """How long ago its last sound was."""
        return self.now_ms - self._last_loud_ms
