"""One call as an ESL client follows it: its queue of events, and what must be known of it to mend a gap in them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from robot.events import Answered, CallEvent, HungUp, Parked, PlaybackFailed, PlaybackStarted, PlaybackStopped
from robot.telephony.call_events import CallEvents

SWITCH_LOST = "SWITCH_LOST"


class LiveCall:
    """A call that somebody listens to."""

    def __init__(self, uuid: str, limit: int) -> None:
        self.uuid, self.events = uuid, CallEvents(limit)
        self.placing = False
        """asked for and without a channel yet: the originate's own answer says why it never gets one"""
        self.known = False
        """the switch was asked for it, or spoke of it: there is, or was, a channel"""
        self.answered = self.parked = self.over = False
        self.ending = ""
        """the cause with which we asked for its end"""
        self.playing: dict[str, Path] = {}
        """tag → file of what the switch took and has not told the end of, first in first out"""
        self._lengths_ms: dict[str, int] = {}
        """of those that were playing or queued while nobody listened: their end may have been missed"""
        self._timer: asyncio.TimerHandle | None = None

    def take(self, event: CallEvent) -> None:
        """Hands an event on; what was told before, by the switch or in its place, is not told again."""
        match event:
            case Answered():
                if self.answered:
                    return
                self.answered = True
            case Parked():
                self.parked = True
            case PlaybackStarted():
                self._end_before(event)
            case PlaybackStopped() | PlaybackFailed():
                self.playing.pop(event.tag, None)
                self._lengths_ms.pop(event.tag, None)
            case HungUp():
                self.forget()
                self.over = True
            case _:
                pass
        self.known = True
        self.events.put(event)

    def lose(self, at_us: int, cause: str = SWITCH_LOST) -> None:
        """The call is over as far as anybody can tell: with the cause that we asked for, else ``cause``."""
        self.take(HungUp(at_us, self.ending or cause))

    def later(self, delay_s: float, callback: Callable[[], None]) -> None:
        """Calls ``callback`` then, unless the call is over, or something else is to be done later."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(delay_s, callback)

    def missed(self, lengths_ms: dict[str, int]) -> None:
        """These playbacks were with the switch while nobody listened; their files last this long."""
        self._lengths_ms |= {tag: length_ms for tag, length_ms in lengths_ms.items() if tag in self.playing}

    def presume_played(self, at_us: int) -> None:
        """Time enough has passed for all that was missed: nobody broke it off, so it was played to its end."""
        for tag, length_ms in list(self._lengths_ms.items()):
            self.take(PlaybackStopped(at_us, tag, length_ms, interrupted=False))

    def forget(self) -> None:
        """Nothing plays and nothing is to come of what did."""
        self.playing.clear()
        self._lengths_ms.clear()
        if self._timer is not None:
            self._timer.cancel()

    def _end_before(self, started: PlaybackStarted) -> None:
        """First in, first out: what was queued before this one has been played."""
        if started.tag not in self.playing:
            return
        for tag in list(self.playing):
            if tag == started.tag:
                break
            if (length_ms := self._lengths_ms.get(tag)) is not None:
                self.take(PlaybackStopped(started.at_us, tag, length_ms, interrupted=False))
