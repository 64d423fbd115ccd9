"""A switch's playback queue as playout sees it: files in, events out a little later, in virtual time."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from pathlib import Path

import numpy as np

from robot.errors import CommandFailed
from robot.events import PlaybackFailed, PlaybackStarted, PlaybackStopped
from robot.lab.clock import run_virtual
from robot.media.base import PlaybackEvent
from robot.media.delivery import LINE_RATE_HZ, SpoolDelivery
from robot.media.playout import Playout
from services.audio import AudioChunk, Pcm, read_audio

EVENT_S = 0.02
"""from what happens to the news of it"""


class Line:
    """Plays one file after the other. ``faults`` name what goes wrong."""

    def __init__(self, *faults: str) -> None:
        self.faults = set(faults)
        self.played: list[tuple[str, Pcm]] = []
        """(tag, samples played) in the order they ended"""
        self.files: list[Path] = []
        self.broken = 0
        self._queue: deque[tuple[str, Pcm | None]] = deque()
        self._arrived, self._break = asyncio.Event(), asyncio.Event()
        self.playout: Playout | None = None

    async def play(self, uuid: str, path: Path, tag: str) -> None:
        if "refused" in self.faults:
            raise CommandFailed("playback", "-ERR invalid session id [u]")
        missing = f"missing {tag}" in self.faults
        self._queue.append((tag, None if missing else read_audio(path).pcm))
        self.files.append(path)
        self._arrived.set()

    async def break_(self, uuid: str, *, everything: bool = True) -> None:
        assert everything
        self.broken += 1
        self._queue.clear()
        self._break.set()
        if "gone" in self.faults:
            raise CommandFailed("uuid_break", "-ERR No such channel!")

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            while not self._queue:
                self._arrived.clear()
                await self._arrived.wait()
            tag, pcm = self._queue.popleft()
            if pcm is None:
                self._tell(PlaybackFailed(self._now_us(), tag, "FILE NOT FOUND"))
                continue
            self._break.clear()
            start_s = loop.time()
            self._tell(PlaybackStarted(self._now_us(), tag))
            broken = True
            try:
                async with asyncio.timeout(len(pcm) / LINE_RATE_HZ):
                    await self._break.wait()
            except TimeoutError:
                broken = False
            heard_ms = round((loop.time() - start_s) * 1000)
            self.played.append((tag, pcm[: heard_ms * LINE_RATE_HZ // 1000]))
            if "no stop" not in self.faults:
                self._tell(PlaybackStopped(self._now_us(), tag, heard_ms, broken))

    def _tell(self, event: PlaybackEvent) -> None:
        assert self.playout is not None
        asyncio.get_running_loop().call_later(EVENT_S, self.playout.on_event, event)

    @staticmethod
    def _now_us() -> int:
        return round(asyncio.get_running_loop().time() * 1_000_000)


Heard = list[tuple[Pcm, int]]
"""what playout says was played: samples and the switch time of the first"""


def speech(ms: int, text: str = "", rate_hz: int = LINE_RATE_HZ) -> AudioChunk:
    """A tone that says ``text``."""
    wave = 8000 * np.sin(2 * np.pi * 300 * np.arange(ms * rate_hz // 1000) / rate_hz)
    return AudioChunk(np.rint(wave).astype(np.int16), rate_hz, text)


def on_line(
    program: Callable[[Playout, Line], Awaitable[None]], spool: Path, *faults: str
) -> tuple[Playout, Line, Heard]:
    """Runs ``program`` with a playout that feeds a line."""

    async def main() -> tuple[Playout, Line, Heard]:
        line, heard = Line(*faults), Heard()

        def note(pcm: Pcm, rate_hz: int, at_us: int) -> None:
            assert rate_hz == LINE_RATE_HZ
            heard.append((pcm, at_us))

        playout = Playout(line, "u", SpoolDelivery(spool), note, chunk_ms=400, queue_ahead=2, break_timeout_ms=200)
        line.playout = playout
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(playout.run()), group.create_task(line.run())]
            await program(playout, line)
            for task in tasks:
                task.cancel()
        return playout, line, heard

    return run_virtual(main(), limit_s=100)
