"""The way every call of a process speaks: the same player, the same delivery, one line per call."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal, assert_never

from robot.media.base import Played
from robot.media.delivery import Delivery, SpoolDelivery, StreamDelivery
from robot.media.playout import Player, Playout
from robot.media.server import MediaServer


@dataclass(frozen=True, slots=True)
class SpeechLines:
    """Opens a line per call."""

    player: Player
    media: MediaServer
    way: Literal["files", "stream"]
    """through a folder that switch and robot both see, or through the call's WebSocket"""
    chunk_ms: int
    queue_ahead: int
    break_timeout_ms: int
    store_timeout_ms: int

    def open(self, uuid: str, folder: Path, on_played: Played) -> Playout:
        """The line of one call; ``folder`` is where its files go, if any."""
        delivery: Delivery
        match self.way:
            case "files":
                delivery = SpoolDelivery(folder)
            case "stream":
                delivery = StreamDelivery(partial(self.media.send_sound, uuid), self.store_timeout_ms / 1000)
            case way:
                assert_never(way)
        return Playout(
            self.player,
            uuid,
            delivery,
            on_played,
            chunk_ms=self.chunk_ms,
            queue_ahead=self.queue_ahead,
            break_timeout_ms=self.break_timeout_ms,
        )
