"""The contract of a switch, as a call sees it. A reply of +OK promises nothing: what happened comes as events."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from robot.events import CallEvent


@dataclass(frozen=True, slots=True)
class Originate:
    """An outbound call to place."""

    uuid: str
    """the channel's uuid, chosen by us"""
    dial_string: str
    """endpoint as the switch wants it, e.g. ``sofia/gateway/carrier/33123456789`` or ``lab/PATH``"""
    ring_timeout_s: int
    caller_id_number: str = ""
    caller_id_name: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)
    """further channel variables; they come back in every event as ``variable_NAME``"""
    longest_s: int = 0
    """the switch itself ends the call this long after the answer; 0: never"""


@dataclass(frozen=True, slots=True)
class Incoming:
    """A call that came in: the dialplan answered it and parked it for us."""

    uuid: str
    number: str
    """that the caller dialled"""
    caller: str
    """the caller's number; empty when withheld"""
    at_us: int
    """switch time at which it was parked"""
    variables: Mapping[str, str] = field(default_factory=dict)
    """the channel's variables"""


class Switch(Protocol):
    """Call control. Every method raises ``NotConnected`` when the connection is lost and ``CommandFailed`` on ``-ERR``.

    A call's events are read by one reader, from a bounded queue; when it is full the call is ended with
    ``SWITCH_LOST`` rather than with a hole in its history.
    """

    version: str
    """as the switch names itself, known once connected"""

    def call(self, uuid: str) -> AbstractAsyncContextManager[AsyncIterator[CallEvent]]:
        """Subscribes to one call's events for as long as the context lasts. Enter it before :meth:`originate`.

        The iterator ends after ``HungUp``.
        """
        ...

    def incoming(self) -> AsyncIterator[Incoming]:
        """Calls that come in, one after the other. Its events are kept from here on: enter :meth:`call` soon.

        One reader. Bounded: calls beyond what it holds unread are hung up as NORMAL_CIRCUIT_CONGESTION and logged.
        """
        ...

    async def originate(self, request: Originate) -> None:
        """Starts the call and returns once the switch has taken the command. The outcome comes as events."""
        ...

    async def play(self, uuid: str, path: Path, tag: str) -> None:
        """Queues a sound file (8 kHz WAV) behind those already queued: first in, first out, without a gap."""
        ...

    async def hold(self, uuid: str, sound: str) -> None:
        """Plays ``sound`` (a file, or ``tone_stream://…``) again and again behind what is queued, until a break."""
        ...

    async def break_(self, uuid: str, *, everything: bool = True) -> None:
        """Stops what plays; with ``everything`` the queue is emptied too. What had not begun gives no event at all."""
        ...

    async def start_stream(self, uuid: str, url: str, *, rate_hz: int, metadata: str = "") -> None:
        """Streams the callee's audio (mono) to ``url``. Only after ``Answered``: earlier it kills a real FreeSWITCH."""
        ...

    async def stop_stream(self, uuid: str) -> None: ...

    async def start_recording(self, uuid: str, path: Path) -> None:
        """Records the line as the switch hears it into a stereo WAV: left the callee, right the robot."""
        ...

    async def stop_recording(self, uuid: str, path: Path) -> None: ...

    async def send_dtmf(self, uuid: str, digits: str) -> None: ...

    async def transfer(self, uuid: str, destination: str) -> None:
        """Hands the call over to the dialplan at ``destination``."""
        ...

    async def transfer_out(self, uuid: str, dial_string: str) -> None:
        """Lets the switch call ``dial_string`` and connect the call to it; when nobody answers, the call ends."""
        ...

    async def bridge(self, uuid: str, other: str) -> None:
        """Connects two answered calls with each other; whatever plays in them ends. ``Bridged`` follows as an event."""
        ...

    async def hangup(self, uuid: str, cause: str = "NORMAL_CLEARING") -> None:
        """Ends the call; one that is over already is no error."""
        ...
