"""The sounds that a WebSocket server hands to the switch: stored in files, announced, removed when the stream ends.

The switch plays nothing by itself. A file is named after the channel and the number of the sound on its connection.
"""

from __future__ import annotations

import asyncio
import json
import re
from concurrent.futures import Executor
from pathlib import Path

from robot.errors import RemoteProtocolError
from robot.protocol.audio_stream import PlayRequest

MAX_FILES = 10_000
_NOT_IN_A_NAME = re.compile(r"[^\w\-]")
_RAW_SUFFIXES = {8000: "r8", 16_000: "r16", 24_000: "r24", 32_000: "r32", 48_000: "r48", 64_000: "r64"}
_FILE_SUFFIXES = {"wav": "wav", "mp3": "mp3", "ogg": "ogg", "pcmu": "pcmu", "pcma": "pcma"}


class StreamSpool:
    """The stored sounds of one stream."""

    def __init__(self, folder: Path, uuid: str, executor: Executor) -> None:
        self._folder, self.uuid, self._executor = folder, uuid, executor
        self._files: list[Path] = []

    async def store(self, request: PlayRequest) -> str:
        """Writes the sound and gives the body of ``mod_audio_stream::play``.

        Raises ``RemoteProtocolError`` for a type or rate that the module does not know or too many sounds, ``OSError``.
        """
        raw = request.audio_type == "raw"
        suffix = _RAW_SUFFIXES.get(request.rate_hz) if raw else _FILE_SUFFIXES.get(request.audio_type)
        if suffix is None:
            raise RemoteProtocolError(
                f"a sound of type {request.audio_type!r} at {request.rate_hz} Hz cannot be stored"
            )
        if len(self._files) >= MAX_FILES:
            raise RemoteProtocolError(f"more than {MAX_FILES} sounds in one stream")
        path = self._folder / f"{_NOT_IN_A_NAME.sub('_', self.uuid)}_{len(self._files)}.tmp.{suffix}"
        self._files.append(path)
        await asyncio.get_running_loop().run_in_executor(self._executor, path.write_bytes, request.audio)
        body: dict[str, str | int] = {"audioDataType": request.audio_type}
        if raw:
            body["sampleRate"] = request.rate_hz
        return json.dumps({**body, "file": str(path)}, separators=(",", ":"))

    async def remove(self) -> None:
        """Deletes all files."""
        files, self._files = self._files, []
        if files:
            await asyncio.get_running_loop().run_in_executor(self._executor, _unlink, files)


def _unlink(files: list[Path]) -> None:
    for file in files:
        file.unlink(missing_ok=True)
