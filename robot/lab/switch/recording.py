"""A recording of the line as the switch sees it: left what it received from the callee, right what it played.

The real one pairs what it plays with what it received some frames before, half a second by default, and loses as much
at the end; only with a pre-buffer of one frame are the two sides in step. While nothing is played the right side is -1.
Frames are written behind the media loop, so that a disk that hesitates delays nobody's voice.
"""

from __future__ import annotations

import asyncio
import wave
from collections import deque
from collections.abc import Mapping
from concurrent.futures import Executor
from pathlib import Path

import numpy as np

from robot.lab.switch.core import number
from services.audio import Pcm

RATE_HZ = 8000
PRE_BUFFER_FRAMES = 25
_IDLE = -1
_WRITE_FRAMES = 100
_HEADER_BYTES = 44
_MAX_FRAMES = 3000
"""a minute: a disk that is further behind ends the recording, with an error"""


class LineRecording:
    """One WAV file being written. Create it with :meth:`open`; each 20 ms :meth:`push`; at the end :meth:`close`."""

    def __init__(self, path: str, file: wave.Wave_write, pre_buffer: int, executor: Executor) -> None:
        self.path = path
        self._pre_buffer = pre_buffer
        self._received: deque[Pcm] = deque()
        self.samples = 0
        self.announced = False
        """RECORD_START was sent: at the first frame, whose date it carries"""
        self.error = ""
        """why the file is not complete; empty while all is well"""
        self._file, self._executor = file, executor
        self._frames: list[bytes] = []
        self._writing: asyncio.Future[None] | None = None

    @classmethod
    async def open(cls, path: str, variables: Mapping[str, str], executor: Executor) -> LineRecording:
        """Creates the file, and its folder; the channel's ``variables`` say how. Raises ``OSError``."""
        channels = 2 if variables.get("RECORD_STEREO") == "true" else 1
        file = await asyncio.get_running_loop().run_in_executor(executor, _create, path, channels)
        return cls(path, file, number(variables.get("RECORD_PRE_BUFFER_FRAMES", "")) or PRE_BUFFER_FRAMES, executor)

    @property
    def file_size(self) -> int:
        """Bytes of the complete file."""
        return _HEADER_BYTES + self.samples * 2 * self._file.getnchannels()

    def push(self, received: Pcm, played: Pcm | None) -> None:
        """One tick of the line: int16[160] from the callee, int16[160] to it or nothing. After an error it is lost."""
        if self.error:
            return
        if len(self._frames) >= _MAX_FRAMES:
            self.error = f"{self.path}: the disk is more than a minute behind"
            return
        self._received.append(received)
        if len(self._received) < self._pre_buffer:
            return
        self.samples += len(received)
        right = np.full_like(received, _IDLE) if played is None else played
        self._frames.append(self._mixed(self._received.popleft(), right).astype("<i2").tobytes())
        if len(self._frames) >= _WRITE_FRAMES and (self._writing is None or self._writing.done()):
            self._write()

    async def close(self) -> None:
        """Writes what is left and completes the file; one without any sound is removed."""
        if self._writing is not None:
            await asyncio.wait([self._writing])
        if self._frames and not self.error:
            await asyncio.wait([self._write()])
        self._note_error()
        try:
            await asyncio.get_running_loop().run_in_executor(self._executor, self._complete)
        except OSError as error:
            self.error = self.error or f"{self.path}: {error}"

    def abandon(self) -> None:
        """The switch is being torn down: closes the file as it is, at once."""
        self._file.close()

    def _complete(self) -> None:
        self._file.close()
        if not self.samples:
            Path(self.path).unlink()

    def _mixed(self, left: Pcm, right: Pcm) -> Pcm:
        if self._file.getnchannels() == 2:
            return np.stack([left, right], axis=1)
        total: Pcm = np.clip(left.astype(np.int32) + right, -32768, 32767).astype(np.int16)
        return total

    def _write(self) -> asyncio.Future[None]:
        self._note_error()
        block = b"".join(self._frames)
        self._frames.clear()
        self._writing = asyncio.get_running_loop().run_in_executor(self._executor, self._file.writeframesraw, block)
        return self._writing

    def _note_error(self) -> None:
        writing, self._writing = self._writing, None
        if writing is not None and not writing.cancelled() and (error := writing.exception()) is not None:
            self.error = self.error or f"{self.path}: {error}"


def _create(path: str, channels: int) -> wave.Wave_write:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    file = wave.open(path, "wb")  # noqa: SIM115 - open for as long as the recording lasts
    file.setnchannels(channels)
    file.setsampwidth(2)
    file.setframerate(RATE_HZ)
    return file
