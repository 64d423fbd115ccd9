"""The robot's speech on its way to the line: pieces played first in first out, and what of them was heard.

An utterance (one clause of speech) is cut into chunks; a few are with the switch, the others wait here. Only the switch
knows what it played: what was heard is the sum of the played milliseconds of its own events. A break empties the
switch's queue; what had not begun gives no event at all, so nothing here waits for one without a limit.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np

from robot.errors import SwitchError
from robot.events import PlaybackFailed, PlaybackStarted, PlaybackStopped, StreamConnected, StreamLost, StreamPlay
from robot.log import get_logger
from robot.media.base import Heard, Played, PlayoutCounters, SpeechEvent
from robot.media.delivery import LINE_RATE_HZ, Delivery
from robot.media.utterance import Utterance, sum_heard
from services.audio import AudioChunk, Pcm, Resampler, ms_to_samples, samples_to_ms

log = get_logger(__name__)


class Player(Protocol):
    """The part of a switch that playout needs."""

    async def play(self, uuid: str, path: Path, tag: str) -> None: ...

    async def break_(self, uuid: str, *, everything: bool = True) -> None: ...


@dataclass(frozen=True, slots=True, eq=False)
class _Chunk:
    order: int
    tag: str
    """of this attempt to play it: what is said of an earlier one does not count"""
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
        delivery: Delivery,
        on_played: Played,
        *,
        chunk_ms: int,
        queue_ahead: int,
        break_timeout_ms: int,
    ) -> None:
        self._player, self._uuid, self._delivery, self._on_played = player, uuid, delivery, on_played
        self._chunk_samples = ms_to_samples(chunk_ms, LINE_RATE_HZ)
        self._ahead = queue_ahead
        self._break_timeout_s = break_timeout_ms / 1000
        self._waiting: deque[_Chunk] = deque()
        self._given: dict[str, _Chunk] = {}
        self._files: dict[str, Path] = {}
        """of chunks that the switch was told to play"""
        self._condemned: dict[str, _Chunk] = {}
        """were with the switch when a break was sent, and have not ended yet"""
        self._unheard: list[_Chunk] = []
        """what a break left of the chunks that were with the switch"""
        self._spent: list[Path] = []
        self._said: list[Utterance] = []
        self._playing: PlaybackStarted | None = None
        self._suspended = self._stream_lost = self._broke = False
        self._cutting = asyncio.Lock()
        self._changed, self._stopped, self._idle = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._idle.set()
        self._order = self._tags = 0
        self.counters = PlayoutCounters()

    @property
    def queued_ms(self) -> float:
        """Speech that has not been played to its end, the piece that plays now counted whole."""
        chunks = [*self._waiting, *self._given.values()]
        if self._suspended or self._stream_lost:
            chunks += [*self._condemned.values(), *self._unheard]
        return samples_to_ms(sum(len(chunk.pcm) for chunk in chunks), LINE_RATE_HZ)

    def enqueue(self, chunk: AudioChunk, label: str = "") -> None:
        """Adds speech at any rate behind what is already there. ``chunk.text`` is what it says."""
        pcm = _at_line_rate(chunk)
        if not len(pcm):
            return
        utterance = Utterance(label, chunk.text, samples_to_ms(len(pcm), LINE_RATE_HZ))
        self._said.append(utterance)
        for start in range(0, len(pcm), self._chunk_samples):
            self._order += 1
            piece = pcm[start : start + self._chunk_samples]
            self._waiting.append(_Chunk(self._order, self._new_tag(), piece, utterance))
        self._idle.clear()
        self._changed.set()

    async def run(self) -> None:
        """Feeds the switch for as long as the call lasts. Raises ``SwitchError`` when it cannot be fed.

        A chunk that the switch refuses is counted as failed: as a rule the caller has just hung up.
        """
        while True:
            await self._changed.wait()
            self._changed.clear()
            while self._waiting and not self._held and len(self._given) <= self._ahead:
                await self._give(self._waiting.popleft())
            if self._stream_lost:
                await self._take_back()
                self._stream_lost = False
                self._settle()
            spent, self._spent = self._spent, []
            if spent:
                await self._delivery.remove(spent)

    async def _give(self, chunk: _Chunk) -> None:
        self._given[chunk.tag] = chunk
        path = await self._delivery.put(chunk.tag, chunk.pcm)
        if chunk.tag not in self._given:
            self._spent += [path] if path is not None else []
        elif path is not None:
            self._files[chunk.tag] = path
            await self._play(chunk, path)
        elif not self._stream_lost:
            self.on_event(PlaybackFailed(0, chunk.tag, "not stored"))

    async def _play(self, chunk: _Chunk, path: Path) -> None:
        try:
            await self._player.play(self._uuid, path, chunk.tag)
        except SwitchError as error:  # the end of a call whose switch is gone comes as an event, not from here
            log.warning("speech_refused", call=self._uuid, reason=str(error))
            self.on_event(PlaybackFailed(0, chunk.tag, str(error)))

    def on_event(self, event: SpeechEvent) -> str:
        """What the switch says of a chunk; of chunks it does not know of, nothing is made.

        Gives the text of a clause whose first sound this is, else "".
        """
        match event:
            case PlaybackStarted():
                if (chunk := self._find(event.tag)) is not None:
                    self._playing = event
                    return chunk.utterance.text if chunk.utterance.started(event.at_us) else ""
            case PlaybackStopped():
                self._on_stopped(event)
            case PlaybackFailed():
                self._on_failed(event)
            case StreamConnected() | StreamLost() | StreamPlay():
                self._delivery.on_event(event)
                if isinstance(event, StreamLost) and self._delivery.volatile:
                    self._stream_lost = True
                    self._changed.set()
        return ""

    async def clear(self) -> list[Heard]:
        """Silences the robot at once and forgets what was queued. Gives what was heard since the last :meth:`take`."""
        self.counters.breaks += 1
        self._waiting.clear()
        async with self._cutting:
            await self._cut()
            self._waiting.clear()
            self._suspended = False
        self._settle()
        return self.take()

    async def suspend(self) -> None:
        """Silences the robot at once and keeps what was not heard, for :meth:`resume`. Twice is once.

        To the sample, as far as the switch says in time what it played; what it does not say is played again.
        """
        if not self._suspended:
            self.counters.suspensions += 1
            self._suspended = True
            await self._take_back()

    def resume(self) -> None:
        """Goes on from the first sample that was not heard. Without a :meth:`suspend` before it, nothing."""
        self._suspended = False
        self._settle()

    async def wait_idle(self) -> None:
        """Returns when nothing plays and nothing waits."""
        await self._idle.wait()

    def take(self) -> list[Heard]:
        """What was heard since the last call of this: one entry per label, in the order they were said."""
        said, self._said = self._said, []
        return sum_heard(said)

    @property
    def _held(self) -> bool:
        return self._suspended or self._stream_lost or self._cutting.locked()

    async def _take_back(self) -> None:
        """What is with the switch is silenced, and what was not heard of it waits again, in front."""
        async with self._cutting:
            unheard = sorted(await self._cut(), key=lambda chunk: chunk.order, reverse=True)
            self._waiting.extendleft(replace(chunk, tag=self._new_tag()) for chunk in unheard)
        self._settle()

    async def _cut(self) -> list[_Chunk]:
        """Ends what is with the switch, waits until it has said what was heard, and gives what was not."""
        for tag, chunk in self._given.items():
            if tag in self._files:
                self._condemned[tag] = chunk
            else:
                self._unheard.append(chunk)
        self._given, self._broke = {}, False
        self._delivery.forget()
        try:
            await self._player.break_(self._uuid)
            async with asyncio.timeout(self._break_timeout_s):
                while self._condemned and not self._broke:
                    self._stopped.clear()
                    await self._stopped.wait()
        except SwitchError as error:
            log.warning("break_refused", call=self._uuid, reason=str(error))
        except TimeoutError:
            log.info("stop_not_told", call=self._uuid, playing=self._playing is not None)
        self._playing = None
        unheard = [*self._unheard, *self._condemned.values()]
        for tag in self._condemned:
            self._spent.append(self._files.pop(tag))
        self._condemned, self._unheard = {}, []
        return unheard

    def _on_stopped(self, event: PlaybackStopped) -> None:
        started = self._playing
        condemned = event.tag in self._condemned
        if (chunk := self._finish(event.tag)) is None:
            return
        self.counters.chunks_played += 1
        played = ms_to_samples(event.played_ms, LINE_RATE_HZ)
        chunk.utterance.heard(event.played_ms, event.at_us)
        if started is not None and started.tag == event.tag:
            self._on_played(chunk.pcm[:played], LINE_RATE_HZ, started.at_us)
        if condemned and event.interrupted:
            self._broke = True
            if played < len(chunk.pcm):
                self._unheard.append(replace(chunk, pcm=chunk.pcm[played:]))

    def _on_failed(self, event: PlaybackFailed) -> None:
        """A chunk that a broken stream took with it comes again; any other is lost."""
        taken_back = self._stream_lost or (event.tag in self._condemned and self._delivery.volatile)
        if (chunk := self._find(event.tag)) is None:
            return
        if taken_back:
            self._unheard.append(chunk)
        else:
            self.counters.chunks_failed += 1
        self._finish(event.tag)

    def _find(self, tag: str) -> _Chunk | None:
        return self._given.get(tag) or self._condemned.get(tag)

    def _finish(self, tag: str) -> _Chunk | None:
        chunk = self._given.pop(tag, None) or self._condemned.pop(tag, None)
        if chunk is not None and (path := self._files.pop(tag, None)) is not None:
            self._spent.append(path)
        if self._playing is not None and tag == self._playing.tag:
            self._playing = None
        self._stopped.set()
        self._settle()
        return chunk

    def _settle(self) -> None:
        if not self._waiting and not self._given and not self._cutting.locked() and not self._stream_lost:
            self._idle.set()
        self._changed.set()

    def _new_tag(self) -> str:
        self._tags += 1
        return f"c{self._tags}"


def _at_line_rate(chunk: AudioChunk) -> Pcm:
    resampler = Resampler(chunk.rate_hz, LINE_RATE_HZ)
    tail = np.zeros(-(-resampler.delay_samples * chunk.rate_hz // LINE_RATE_HZ), np.int16)
    return resampler.push(np.concatenate([chunk.pcm, tail]))[resampler.delay_samples :]
