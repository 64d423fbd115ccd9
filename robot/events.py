"""What the switch tells about one call: a closed union.

``at_us`` is the switch's own clock (``Event-Date-Timestamp``, microseconds): differences between its events are
exact to the tick, whereas arrival is 20–50 ms late and jitters.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Progress:
    """The callee's network answers that it is working: ringing, or early media (never an answer)."""

    at_us: int
    early_media: bool


@dataclass(frozen=True, slots=True)
class Answered:
    """The call was answered. Media time counts from here."""

    at_us: int


@dataclass(frozen=True, slots=True)
class Parked:
    """The channel is parked: from now on playbacks are heard."""

    at_us: int


@dataclass(frozen=True, slots=True)
class StreamConnected:
    """The switch's audio stream reached our WebSocket."""

    at_us: int


@dataclass(frozen=True, slots=True)
class StreamLost:
    """The audio stream ended without our asking. The call goes on; the stream can be started again."""

    at_us: int
    code: int
    reason: str


@dataclass(frozen=True, slots=True)
class StreamPlay:
    """The switch has stored a sound that it was sent through the WebSocket. It plays nothing by itself."""

    at_us: int
    file: str
    """where, as the switch sees it"""


@dataclass(frozen=True, slots=True)
class PlaybackStarted:
    at_us: int
    tag: str
    """as given to ``Switch.play``"""


@dataclass(frozen=True, slots=True)
class PlaybackStopped:
    at_us: int
    tag: str
    played_ms: int
    interrupted: bool
    """ended by a break; a hangup counts as not interrupted, as the switch says it"""


@dataclass(frozen=True, slots=True)
class PlaybackFailed:
    """Nothing was played: file missing or unreadable, or the call was not ready."""

    at_us: int
    tag: str
    reason: str


@dataclass(frozen=True, slots=True)
class RecordingStarted:
    """The switch's own recording of the line began; its first sample is at ``at_us``."""

    at_us: int
    path: str


@dataclass(frozen=True, slots=True)
class RecordingStopped:
    """The recording's file is complete."""

    at_us: int
    path: str


@dataclass(frozen=True, slots=True)
class Dtmf:
    at_us: int
    digit: str
    """one of 0–9 A–D * #"""
    duration_ms: int
    source: str = ""
    """how it came: RTP (RFC 2833), ENDPOINT (SIP INFO), INBAND_AUDIO; empty when unknown"""


@dataclass(frozen=True, slots=True)
class Bridged:
    """The call is connected with another one: from now on the two hear each other, and nobody hears the robot."""

    at_us: int
    other: str
    """the other call's uuid"""


@dataclass(frozen=True, slots=True)
class Unbridged:
    """The connection with the other call has ended."""

    at_us: int


@dataclass(frozen=True, slots=True)
class HungUp:
    """The call is over, or never came to be. Always the last event of a call."""

    at_us: int
    cause: str
    """FreeSWITCH's name: NORMAL_CLEARING, USER_BUSY, NO_ANSWER, …; SWITCH_LOST when the switch vanished"""
    q850: int = 0
    sip: str = ""
    """e.g. ``sip:486``; empty when unknown"""


CallEvent = (
    Progress
    | Answered
    | Parked
    | StreamConnected
    | StreamLost
    | StreamPlay
    | PlaybackStarted
    | PlaybackStopped
    | PlaybackFailed
    | RecordingStarted
    | RecordingStopped
    | Dtmf
    | Bridged
    | Unbridged
    | HungUp
)
