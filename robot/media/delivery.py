"""How a chunk of speech gets to where the switch can read it: as a file of ours, or through the call's WebSocket.

The switch plays nothing by itself in either way: it is told to play the file, by its path as the switch sees it.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from robot.errors import SwitchError
from robot.events import StreamConnected, StreamLost, StreamPlay
from robot.log import get_logger
from services.audio import Pcm, write_wav

log = get_logger(__name__)
LINE_RATE_HZ = 8000
_NUMBER = re.compile(r"_(\d+)\.tmp\.[a-z0-9]+$")
"""in the name of a file that the switch made of a sound: which one of its connection, from 0"""

SendSound = Callable[[Pcm, int], bool]
"""int16[n] and its rate in Hz → whether it went out"""
StreamEvent = StreamConnected | StreamLost | StreamPlay


class Delivery(Protocol):
    """One call's way to hand chunks over."""

    @property
    def volatile(self) -> bool:
        """What was handed over is gone with the audio stream."""
        ...

    async def put(self, name: str, pcm: Pcm) -> Path | None:
        """int16[n] at 8 kHz → its file; None when nothing came of it in time, or :meth:`forget` or a loss came first.

        Raises ``SwitchError`` when nothing can be handed over any more.
        """
        ...

    def forget(self) -> None:
        """What is on its way is not wanted any more."""
        ...

    def on_event(self, event: StreamEvent) -> None:
        """What the switch says of the stream and of the sounds that it got."""
        ...

    async def remove(self, paths: Sequence[Path]) -> None:
        """These were played, or never will be."""
        ...


class SpoolDelivery:
    """Files in a folder that robot and switch both see, best in memory; ours to remove."""

    volatile = False

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def put(self, name: str, pcm: Pcm) -> Path | None:
        """See :class:`Delivery`."""
        path = self._folder / f"{name}.wav"
        try:
            await asyncio.get_running_loop().run_in_executor(None, write_wav, path, pcm, LINE_RATE_HZ)
        except OSError as error:
            raise SwitchError(f"cannot write speech to {self._folder}: {error}") from error
        return path

    def forget(self) -> None:
        """A file does no harm until it is played."""

    def on_event(self, event: StreamEvent) -> None:
        """The audio stream is not needed."""

    async def remove(self, paths: Sequence[Path]) -> None:
        """See :class:`Delivery`."""
        await asyncio.get_running_loop().run_in_executor(None, _unlink, list(paths))


class StreamDelivery:
    """Sounds through the WebSocket: the switch stores each, numbered within its connection, and says where.

    One at a time is on its way. Another number than the one that is waited for belongs to speech that was interrupted:
    nobody acts on it, so it is never played. Files are the switch's own: it removes them with the stream.
    """

    volatile = True

    def __init__(self, send: SendSound, timeout_s: float) -> None:
        self._send, self._timeout_s = send, timeout_s
        self._connected = False
        self._numbers = 0
        """sounds that went out on this connection"""
        self._pcm: Pcm | None = None
        """waits for a connection"""
        self._expected: int | None = None
        self._stored: asyncio.Future[Path | None] | None = None

    async def put(self, name: str, pcm: Pcm) -> Path | None:
        """See :class:`Delivery`. Waits for a stream when there is none, and for the switch to store it."""
        self._pcm, self._expected = pcm, None
        self._stored = asyncio.get_running_loop().create_future()
        self._send_waiting()
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._stored
        except TimeoutError:
            log.warning("speech_not_stored", chunk=name, connected=self._connected)
            return None
        finally:
            self._pcm = self._expected = self._stored = None

    def forget(self) -> None:
        """See :class:`Delivery`. What was sent keeps its number, and what comes of it is not waited for any more."""
        self._resolve(None)

    def on_event(self, event: StreamEvent) -> None:
        """See :class:`Delivery`."""
        match event:
            case StreamConnected():
                self._connected, self._numbers = True, 0
                self._send_waiting()
            case StreamLost():
                self._connected = False
                self._resolve(None)
            case StreamPlay():
                number = _NUMBER.search(event.file)
                if number is None:
                    log.warning("stored_sound_without_number", file=event.file)
                elif int(number[1]) == self._expected:
                    self._resolve(Path(event.file))

    def _send_waiting(self) -> None:
        """A connection that does not take it is as good as gone: the next one does."""
        if self._pcm is None or not self._connected:
            return
        self._connected = self._send(self._pcm, LINE_RATE_HZ)
        if self._connected:
            self._pcm, self._expected = None, self._numbers
            self._numbers += 1

    async def remove(self, paths: Sequence[Path]) -> None:
        """The switch does it at the end of the stream."""

    def _resolve(self, path: Path | None) -> None:
        if self._stored is not None and not self._stored.done():
            self._stored.set_result(path)


def _unlink(paths: list[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
