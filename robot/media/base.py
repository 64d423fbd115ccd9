"""The contracts of media, as a call sees them: audio in, speech out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Protocol

from robot.events import PlaybackFailed, PlaybackStarted, PlaybackStopped, StreamConnected, StreamLost, StreamPlay
from services.audio import AudioChunk, Pcm

RATE_HZ = 16_000
"""of the audio a call hears"""
Played = Callable[[Pcm, int, int], None]
"""(int16[n] that was played, its rate in Hz, switch time of its first sample in µs)"""
PlaybackEvent = PlaybackStarted | PlaybackStopped | PlaybackFailed
SpeechEvent = PlaybackEvent | StreamConnected | StreamLost | StreamPlay


@dataclass(slots=True)
class StreamCounters:
    """What happened to the frames of one call."""

    frames_in: int = 0
    frames_dropped: int = 0
    """not listened to in time: the queue was full, the oldest went"""
    frames_late: int = 0
    """more than 100 ms after the frame before"""
    frames_missed: int = 0
    """between two connections of a stream that broke; silence stands for them"""
    longest_gap_ms: int = 0
    connections: int = 0
    bad_messages: int = 0


@dataclass(slots=True)
class PlayoutCounters:
    """What happened to the robot's speech in one call."""

    chunks_played: int = 0
    chunks_failed: int = 0
    breaks: int = 0
    suspensions: int = 0


class AudioSource(Protocol):
    """One call's inbound audio: 20 ms frames at 16 kHz, until the stream is closed for good."""

    counters: StreamCounters
    first_frame_s: float | None
    """``loop.time()`` at the first sample"""
    last_arrival_s: float | None
    """``loop.time()`` of the newest audio"""

    def __aiter__(self) -> AsyncIterator[Pcm]: ...


@dataclass(frozen=True, slots=True)
class HeardClause:
    """One clause of speech, as far as it was played."""

    text: str
    heard_ms: float
    total_ms: float
    started_us: int
    """switch time of its first sample"""
    ended_us: int


@dataclass(frozen=True, slots=True)
class Heard:
    """What the caller really heard of what the robot said under one label."""

    label: str
    """as given to ``enqueue``"""
    text: str
    ms: float
    complete: bool
    """nothing that was said under this label went unheard"""
    started_us: int | None
    """switch time of the first sample; None when nothing was heard"""
    ended_us: int | None
    clauses: tuple[HeardClause, ...]
    """those of which something was heard"""


class SpeechLine(Protocol):
    """One call's way to say something. :meth:`run` must be running in the call's task group."""

    counters: PlayoutCounters

    @property
    def queued_ms(self) -> float:
        """Speech that has not been played to its end, the piece that plays now counted whole."""
        ...

    async def run(self) -> None:
        """Feeds the switch for as long as the call lasts. Raises ``SwitchError`` when it cannot be fed."""
        ...

    def on_event(self, event: SpeechEvent) -> str:
        """Takes what the switch says of a playback or of the audio stream.

        Gives the text of a clause whose first sound this is, else "".
        """
        ...

    def enqueue(self, chunk: AudioChunk, label: str = "") -> None:
        """Adds speech at any rate behind what is already there. ``chunk.text`` is what it says."""
        ...

    async def clear(self) -> list[Heard]:
        """Silences the robot at once and forgets what was queued. Gives what was heard since the last :meth:`take`."""
        ...

    async def suspend(self) -> None:
        """Silences the robot at once and keeps what was not heard, for :meth:`resume` or :meth:`clear`. Twice is once.

        Speech may be enqueued meanwhile. To the sample, as far as the switch says in time what it played.
        """
        ...

    def resume(self) -> None:
        """Goes on from the first sample that was not heard. Without a :meth:`suspend` before it, nothing."""
        ...

    async def wait_idle(self) -> None:
        """Returns when nothing plays, nothing waits, and nothing is suspended."""
        ...

    def take(self) -> list[Heard]:
        """What was heard since the last call of this: one entry per label, in the order they were said."""
        ...
