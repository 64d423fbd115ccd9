"""What was on the line, as stereo audio: left the caller, right the robot, 8 kHz, sample 0 at the answer.

The switch's own recording is the better witness (:func:`adopt`). :class:`Tape` is what the robot knows when there is
none: the caller's frames as they came, and its own speech where the playout says it was played. Nothing here awaits:
adding a frame is microseconds, reading and writing files blocks and belongs on an executor.
"""

from __future__ import annotations

import contextlib
import wave
from collections import deque
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from robot.errors import SwitchError
from services.audio import FRAME_MS, Pcm, Resampler, ms_to_samples, resample, samples_to_ms, write_wav

RATE_HZ = 8000
MAX_MS = 3_600_000.0
"""of a tape: 115 MB of memory"""
_GROWTH_S = 30
_NEIGHBOURS = 64
"""pieces of the robot's speech that a new one is compared with: 400 ms each, only neighbours can touch"""


@dataclass(frozen=True, slots=True)
class LineAudio:
    """The two sides of a call."""

    stereo: Pcm
    """int16[n, 2]: left the caller, right the robot"""
    rate_hz: int
    start_ms: float = 0.0
    """of the first sample; 0 is the answer"""

    @property
    def caller(self) -> Pcm:
        return self.stereo[:, 0]

    @property
    def robot(self) -> Pcm:
        return self.stereo[:, 1]

    @property
    def end_ms(self) -> float:
        return self.start_ms + samples_to_ms(len(self.stereo), self.rate_hz)


class _Track:
    """One side: samples added at any place, silence where nothing was added."""

    def __init__(self, rate_hz: int, max_samples: int) -> None:
        self._pcm: Pcm = np.zeros(rate_hz * _GROWTH_S, np.int16)
        self._max_samples = max_samples
        self.end = 0
        self.lost = 0
        """samples before the answer or beyond the tape's end"""

    @property
    def pcm(self) -> Pcm:
        return self._pcm[: self.end]

    def add(self, pcm: Pcm, at: int) -> None:
        """Adds int16[n] at sample ``at``, mixed with what is there already, clipped at full scale."""
        head = min(max(0, -at), len(pcm))
        keep = max(head, min(len(pcm), self._max_samples - at))
        self.lost += len(pcm) - (keep - head)
        if keep == head:
            return
        start, stop = at + head, at + keep
        self._grow(stop)
        if start >= self.end:
            self._pcm[start:stop] = pcm[head:keep]
        else:
            mixed = self._pcm[start:stop].astype(np.int32) + pcm[head:keep]
            self._pcm[start:stop] = np.clip(mixed, -32768, 32767)
        self.end = max(self.end, stop)

    def _grow(self, samples: int) -> None:
        if samples > len(self._pcm):
            size = min(self._max_samples, max(samples, 2 * len(self._pcm)))
            self._pcm = np.concatenate([self._pcm, np.zeros(size - len(self._pcm), np.int16)])


class Tape:
    """Collects both sides of one call. Called from the call's own task; not thread-safe."""

    def __init__(self, rate_hz: int = RATE_HZ, *, max_ms: float = MAX_MS) -> None:
        self.rate_hz = rate_hz
        limit = ms_to_samples(max_ms, rate_hz)
        self._caller, self._robot = _Track(rate_hz, limit), _Track(rate_hz, limit)
        self._from_hz, self._resampler = rate_hz, Resampler(rate_hz, rate_hz)
        self._settling = 0
        self._caller_end: int | None = None
        self._robot_pieces: deque[tuple[int, int]] = deque(maxlen=_NEIGHBOURS)
        self._caller_gaps = self._robot_overlaps = 0

    @property
    def caller_gaps(self) -> int:
        """Times that the caller's stream jumped by more than half a frame."""
        return self._caller_gaps

    @property
    def robot_overlaps(self) -> int:
        """Pieces of the robot's speech that lay over another one by more than a frame."""
        return self._robot_overlaps

    @property
    def lost_ms(self) -> float:
        """Audio that found no place: before the answer, or beyond the maximum duration. Both sides together."""
        return samples_to_ms(self._caller.lost + self._robot.lost, self.rate_hz)

    def caller(self, pcm: Pcm, rate_hz: int, at_ms: float) -> None:
        """A frame of the caller: int16[n], its first sample at ``at_ms`` after the answer.

        Frames are joined by counting samples; only a jump of more than half a frame against ``at_ms`` leaves a gap, so
        that rounding makes no click and a lost frame does not shift what follows.
        """
        if rate_hz != self._from_hz:
            self._from_hz, self._resampler = rate_hz, Resampler(rate_hz, self.rate_hz)
            self._settling = self._resampler.delay_samples
        out = self._resampler.push(pcm)
        settling = min(self._settling, len(out))
        at = ms_to_samples(at_ms, self.rate_hz) - self._resampler.delay_samples + settling
        out, self._settling = out[settling:], self._settling - settling
        if self._caller_end is not None:
            if abs(at - self._caller_end) <= self._frame // 2:
                at = self._caller_end
            else:
                self._caller_gaps += 1
                at = max(at, self._caller_end)
        self._caller.add(out, at)
        self._caller_end = at + len(out)

    def robot(self, pcm: Pcm, rate_hz: int, at_ms: float) -> None:
        """A piece of the robot's speech as it was played: int16[n], only what was heard, in any order.

        A piece that begins within a frame of an earlier one's end is joined to it.
        """
        out = resample(pcm, rate_hz, self.rate_hz)
        at = ms_to_samples(at_ms, self.rate_hz)
        near = [end for _, end in self._robot_pieces if abs(end - at) <= self._frame]
        at = max(near, default=at)
        self._robot_overlaps += any(
            at < end - self._frame and start < at + len(out) - self._frame for start, end in self._robot_pieces
        )
        self._robot_pieces.append((at, at + len(out)))
        self._robot.add(out, at)

    def line(self) -> LineAudio:
        """Both sides, the shorter one filled up with silence."""
        stereo = np.zeros((max(self._caller.end, self._robot.end), 2), np.int16)
        stereo[: self._caller.end, 0] = self._caller.pcm
        stereo[: self._robot.end, 1] = self._robot.pcm
        return LineAudio(stereo, self.rate_hz)

    def write(self, path: Path) -> LineAudio:
        """Writes the stereo WAV, whole or not at all, and gives it back. Blocks. Raises ``OSError``."""
        line = self.line()
        _write_whole(path, line)
        return line

    @property
    def _frame(self) -> int:
        return ms_to_samples(FRAME_MS, self.rate_hz)


def adopt(recording: Path, destination: Path, offset_ms: float) -> LineAudio:
    """Makes the switch's stereo recording the call's audio: 8 kHz, sample 0 at the answer. Blocks.

    ``offset_ms`` is when its first sample was on the line, from the answer. Later than the answer: silence is put in
    front; earlier: nothing is cut, ``start_ms`` of the result is negative. The recording is removed once it is copied.
    Raises ``SwitchError`` when it is not a stereo 16-bit WAV with audio in it, ``OSError`` when it cannot be copied.
    """
    stereo, rate_hz = _read_stereo(recording)
    if rate_hz != RATE_HZ:
        stereo = np.stack([resample(stereo[:, side], rate_hz, RATE_HZ) for side in (0, 1)], axis=1)
    silence = np.zeros((ms_to_samples(max(0.0, offset_ms), RATE_HZ), 2), np.int16)
    line = LineAudio(np.concatenate([silence, stereo]), RATE_HZ, min(0.0, offset_ms))
    _write_whole(destination, line)
    if recording.resolve() != destination.resolve():
        with contextlib.suppress(OSError):  # it may belong to the switch's user; nothing is lost if it stays
            recording.unlink()
    return line


def read_line(path: Path, start_ms: float = 0.0) -> LineAudio:
    """Reads a ``call.wav`` again. Blocks. Raises ``SwitchError`` when it is not a stereo 16-bit WAV with audio."""
    stereo, rate_hz = _read_stereo(path)
    return LineAudio(stereo, rate_hz, start_ms)


def _read_stereo(path: Path) -> tuple[Pcm, int]:
    try:
        with wave.open(str(path), "rb") as reader:
            channels, width, rate_hz = reader.getnchannels(), reader.getsampwidth(), reader.getframerate()
            data = reader.readframes(reader.getnframes())
    except (wave.Error, EOFError, OSError) as error:
        raise SwitchError(f"{path}: the recording of the line cannot be read: {str(error) or 'cut short'}") from error
    if (channels, width) != (2, 2):
        raise SwitchError(
            f"{path}: expected a stereo 16-bit recording, found {channels} channel(s) of {8 * width} bits"
        )
    samples: NDArray[np.int16] = np.frombuffer(data[: len(data) // 4 * 4], "<i2").astype(np.int16).reshape(-1, 2)
    if not len(samples):
        raise SwitchError(f"{path}: the recording of the line holds no audio")
    return samples, rate_hz


def _write_whole(path: Path, line: LineAudio) -> None:
    part = path.with_name(f".{path.name}.part")
    try:
        write_wav(part, line.stereo, line.rate_hz)
        part.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise
