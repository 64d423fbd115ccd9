"""The robot's speech on its way to the line: short files, played first in first out, and what of them was really heard.

An utterance (one clause of speech) is cut into chunks; a few are with the switch, the others wait here. Only the switch
knows what it played: what was heard is the sum of the played milliseconds of its own events. A break empties the
switch's queue; what had not begun gives no event at all, so nothing here waits for one without a limit.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from robot.errors import CommandFailed, SwitchError
from robot.events import PlaybackFailed, PlaybackStarted, PlaybackStopped
from robot.log import get_logger
from robot.media.base import Heard, PlaybackEvent, Played, PlayoutCounters
from robot.media.utterance import Utterance, sum_heard
from services.audio import AudioChunk, Pcm, Resampler, ms_to_samples, samples_to_ms, write_wav

log = get_logger(__name__)
LINE_RATE_HZ = 8000


class Player(Protocol):
    """The part of a switch that playout needs."""

    async def play(self, uuid: str, path: Path, tag: str) -> None: ...

    async def break_(self, uuid: str, *, everything: bool = True) -> None: ...


@dataclass(frozen=True, slots=True, eq=False)
class _Chunk:
    tag: str
    path: Path
    pcm: Pcm
    utterance: Utterance


class Playout:
    """One call's speech. :meth:`run` must be running in the call's task group; events come in by :meth:`on_event`.

    Its queue is bounded by the length of a reply: whoever enqueues waits for :meth:`wait_idle` between replies.
    """

    def __init__(
        self,
        player: Player,
        uuid: str,
        spool: Path,
        on_played: Played,
        *,
        chunk_ms: int,
        queue_ahead: int,
        break_timeout_ms: int,
    ) -> None:
        self._player, self._uuid, self._spool, self._on_played = player, uuid, spool, on_played
        self._chunk_samples = ms_to_samples(chunk_ms, LINE_RATE_HZ)
        self._ahead = queue_ahead
        self._break_timeout_s = break_timeout_ms / 1000
        self._waiting: deque[_Chunk] = deque()
        self._given: dict[str, _Chunk] = {}
        self._condemned: dict[str, _Chunk] = {}
        self._spent: list[Path] = []
        self._said: list[Utterance] = []
        self._playing: PlaybackStarted | None = None
        self._changed, self._stopped, self._idle = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._idle.set()
        self._number = 0
        self.counters = PlayoutCounters()

    @property
    def queued_ms(self) -> float:
        """Speech that has not been played to its end, the piece that plays now counted whole."""
        chunks = [*self._waiting, *self._given.values()]
        return samples_to_ms(sum(len(chunk.pcm) for chunk in chunks), LINE_RATE_HZ)

    def enqueue(self, chunk: AudioChunk, label: str = "") -> None:
        """Adds speech at any rate behind what is already there. ``chunk.text`` is what it says."""
        pcm = _at_line_rate(chunk)
        if not len(pcm):
            return
        utterance = Utterance(label, chunk.text, samples_to_ms(len(pcm), LINE_RATE_HZ))
        self._said.append(utterance)
        for start in range(0, len(pcm), self._chunk_samples):
            self._number += 1
            tag = f"c{self._number}"
            piece = pcm[start : start + self._chunk_samples]
            self._waiting.append(_Chunk(tag, self._spool / f"{tag}.wav", piece, utterance))
        self._idle.clear()
        self._changed.set()

    async def run(self) -> None:
        """Feeds the switch for as long as the call lasts. Raises ``SwitchError`` when it cannot be fed.

        A chunk that the switch refuses is counted as failed: as a rule the caller has just hung up.
        """
        loop = asyncio.get_running_loop()
        while True:
            await self._changed.wait()
            self._changed.clear()
            while self._waiting and len(self._given) <= self._ahead:
                chunk = self._waiting.popleft()
                self._given[chunk.tag] = chunk
                try:
                    await loop.run_in_executor(None, write_wav, chunk.path, chunk.pcm, LINE_RATE_HZ)
                except OSError as error:
                    raise SwitchError(f"cannot write speech to {self._spool}: {error}") from error
                if chunk.tag in self._given:
                    await self._play(chunk)
            spent, self._spent = self._spent, []
            if spent:
                await loop.run_in_executor(None, _remove, spent)

    async def _play(self, chunk: _Chunk) -> None:
        try:
            await self._player.play(self._uuid, chunk.path, chunk.tag)
        except CommandFailed as error:
            log.warning("speech_refused", call=self._uuid, reason=error.reply)
            self.on_event(PlaybackFailed(0, chunk.tag, error.reply))

    def on_event(self, event: PlaybackEvent) -> str:
        """What the switch says of a chunk; of chunks it does not know of, nothing is made.

        Gives the text of a clause whose first sound this is, else "".
        """
        match event:
            case PlaybackStarted():
                if (chunk := self._find(event.tag)) is not None:
                    self._playing = event
                    return chunk.utterance.text if chunk.utterance.started(event.at_us) else ""
            case PlaybackStopped():
                started = self._playing
                if (chunk := self._finish(event.tag)) is not None:
                    self.counters.chunks_played += 1
                    chunk.utterance.heard(event.played_ms, event.at_us)
                    if started is not None and started.tag == event.tag:
                        heard = chunk.pcm[: ms_to_samples(event.played_ms, LINE_RATE_HZ)]
                        self._on_played(heard, LINE_RATE_HZ, started.at_us)
            case PlaybackFailed():
                if self._finish(event.tag) is not None:
                    self.counters.chunks_failed += 1
        return ""

    async def clear(self) -> list[Heard]:
        """Silences the robot at once and forgets what was queued. Gives what was heard since the last :meth:`take`."""
        self._waiting.clear()
        self._condemned, self._given = self._given, {}
        self.counters.breaks += 1
        try:
            await self._player.break_(self._uuid)
            async with asyncio.timeout(self._break_timeout_s):
                while self._playing is not None:
                    self._stopped.clear()
                    await self._stopped.wait()
        except CommandFailed as error:
            log.warning("break_refused", call=self._uuid, reason=error.reply)
        except TimeoutError:
            log.warning("stop_not_told", call=self._uuid)
        self._playing = None
        self._spent += [chunk.path for chunk in self._condemned.values()]
        self._condemned = {}
        self._settle()
        return self.take()

    async def wait_idle(self) -> None:
        """Returns when nothing plays and nothing waits."""
        await self._idle.wait()

    def take(self) -> list[Heard]:
        """What was heard since the last call of this: one entry per label, in the order they were said."""
        said, self._said = self._said, []
        return sum_heard(said)

    def _find(self, tag: str) -> _Chunk | None:
        return self._given.get(tag) or self._condemned.get(tag)

    def _finish(self, tag: str) -> _Chunk | None:
        chunk = self._given.pop(tag, None) or self._condemned.pop(tag, None)
        if chunk is not None:
            self._spent.append(chunk.path)
        if self._playing is not None and tag == self._playing.tag:
            self._playing = None
            self._stopped.set()
        self._settle()
        return chunk

    def _settle(self) -> None:
        if not self._waiting and not self._given:
            self._idle.set()
        self._changed.set()


def _at_line_rate(chunk: AudioChunk) -> Pcm:
    resampler = Resampler(chunk.rate_hz, LINE_RATE_HZ)
    tail = np.zeros(-(-resampler.delay_samples * chunk.rate_hz // LINE_RATE_HZ), np.int16)
    return resampler.push(np.concatenate([chunk.pcm, tail]))[resampler.delay_samples :]


def _remove(paths: list[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
