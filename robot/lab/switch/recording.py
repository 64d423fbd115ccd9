"""A recording of the line as the switch sees it: left what it received from the callee, right what it played.

Frames are written behind the media loop, a second at a time, so that a disk that hesitates delays nobody's voice.
"""

from __future__ import annotations

import asyncio
import wave
from concurrent.futures import Executor
from pathlib import Path

import numpy as np

from services.audio import Pcm

RATE_HZ = 8000
CHANNELS = 2
_WRITE_FRAMES = 50
_MAX_FRAMES = 3000
"""a minute: a disk that is further behind ends the recording, with an error"""


class LineRecording:
    """One WAV file being written. Create it with :meth:`open`; each 20 ms :meth:`push`; at the end :meth:`close`."""

    def __init__(self, path: str, file: wave.Wave_write, executor: Executor) -> None:
        self.path = path
        self.samples = 0
        self.announced = False
        """RECORD_START was sent: at the first frame, whose date it carries"""
        self.error = ""
        """why the file is not complete; empty while all is well"""
        self._file, self._executor = file, executor
        self._frames: list[bytes] = []
        self._writing: asyncio.Future[None] | None = None

    @classmethod
    async def open(cls, path: str, executor: Executor) -> LineRecording:
        """Creates the file, and its folder. Raises ``OSError``."""
        file = await asyncio.get_running_loop().run_in_executor(executor, _create, path)
        return cls(path, file, executor)

    def push(self, received: Pcm, played: Pcm) -> None:
        """One tick of the line: int16[160] from the callee, int16[160] to it. After an error nothing is kept."""
        if self.error:
            return
        if len(self._frames) >= _MAX_FRAMES:
            self.error = f"{self.path}: the disk is more than a minute behind"
            return
        self.samples += len(received)
        self._frames.append(np.stack([received, played], axis=1).astype("<i2").tobytes())
        if len(self._frames) >= _WRITE_FRAMES and (self._writing is None or self._writing.done()):
            self._write()

    async def close(self) -> None:
        """Writes what is left and completes the file."""
        if self._writing is not None:
            await asyncio.wait([self._writing])
        if self._frames and not self.error:
            await asyncio.wait([self._write()])
        self._note_error()
        try:
            await asyncio.get_running_loop().run_in_executor(self._executor, self._file.close)
        except OSError as error:
            self.error = self.error or f"{self.path}: {error}"

    def abandon(self) -> None:
        """The switch is being torn down: closes the file as it is, at once."""
        self._file.close()

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


def _create(path: str) -> wave.Wave_write:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    file = wave.open(path, "wb")  # noqa: SIM115 - open for as long as the recording lasts
    file.setnchannels(CHANNELS)
    file.setsampwidth(2)
    file.setframerate(RATE_HZ)
    return file
