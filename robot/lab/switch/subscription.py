"""Which events one ESL client gets, and in which format. Pure.

As in FreeSWITCH: ``ALL`` is everything; ``CUSTOM`` needs its subclasses, which are all the words after it; filters
apply to every event, a BACKGROUND_JOB among them, and one that matches is enough.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from robot.protocol.esl import Event, EventFormat

MAX_NAMES = 1000
"""event names, subclasses and filters of one client"""

_EVENTS = """
    API ALL BACKGROUND_JOB CALL_DETAIL CALL_SECURE CALL_SETUP_REQ CALL_SETUP_RESULT CALL_UPDATE CHANNEL_ANSWER
    CHANNEL_APPLICATION CHANNEL_BRIDGE CHANNEL_CALLSTATE CHANNEL_CREATE CHANNEL_DATA CHANNEL_DESTROY
    CHANNEL_EXECUTE CHANNEL_EXECUTE_COMPLETE CHANNEL_HANGUP CHANNEL_HANGUP_COMPLETE CHANNEL_HOLD
    CHANNEL_ORIGINATE CHANNEL_OUTGOING CHANNEL_PARK CHANNEL_PROGRESS CHANNEL_PROGRESS_MEDIA CHANNEL_STATE
    CHANNEL_UNBRIDGE CHANNEL_UNHOLD CHANNEL_UNPARK CHANNEL_UUID CLONE CODEC COMMAND CONFERENCE_DATA CUSTOM
    DETECTED_SPEECH DETECTED_TONE DTMF FAILURE GENERAL HEARTBEAT LOG MEDIA_BUG_START MEDIA_BUG_STOP MESSAGE
    MESSAGE_QUERY MESSAGE_WAITING MODULE_LOAD MODULE_UNLOAD NAT NOTALK NOTIFY NOTIFY_IN PHONE_FEATURE
    PLAYBACK_START PLAYBACK_STOP PRESENCE_IN PRESENCE_OUT PRESENCE_PROBE PRIVATE_COMMAND QUEUE_LEN RECORD_START
    RECORD_STOP RECV_INFO RECV_MESSAGE RECV_RTCP_MESSAGE REQUEST_PARAMS RE_SCHEDULE ROSTER SEND_INFO
    SEND_MESSAGE SESSION_HEARTBEAT SHUTDOWN STARTUP SUBCLASS_ANY TALK TEXT TRAP UNPUBLISH
"""
_NAMES = frozenset(_EVENTS.split())
"""the events that FreeSWITCH has"""


@dataclass(slots=True)
class Subscription:
    """One client's wishes; empty at first."""

    format: EventFormat = "plain"
    names: set[str] = field(default_factory=set)
    subclasses: set[str] = field(default_factory=set)
    filters: list[tuple[str, str]] = field(default_factory=list)

    def add(self, words: list[str]) -> bool:
        """The words after ``event``: an optional format (else the one so far), names, ``CUSTOM`` and subclasses.

        False without any name that the switch knows; one that it does not know is passed over.
        """
        form = self.format
        if words and words[0].lower() in ("plain", "json"):
            form = "json" if words[0].lower() == "json" else "plain"
            words = words[1:]
        names, subclasses = _split(words)
        if not names or len(self.names) + len(self.subclasses) + len(words) > MAX_NAMES:
            return False
        self.format = form
        self.names |= names
        self.subclasses |= subclasses
        return True

    def remove(self, words: list[str]) -> bool:
        """The words after ``nixevent``: names, ``CUSTOM`` and subclasses. False without any name."""
        names, subclasses = _split(words)
        self.names -= names - {"CUSTOM"}
        self.subclasses -= subclasses
        return bool(names)

    def clear(self) -> None:
        """No events any more; filters stay."""
        self.names.clear()
        self.subclasses.clear()

    def add_filter(self, header: str, value: str) -> bool:
        """False when there are too many already."""
        if len(self.filters) >= MAX_NAMES:
            return False
        self.filters.append((header, value))
        return True

    def delete_filter(self, header: str, value: str) -> None:
        """``header`` may be ``all``; an empty ``value`` means all filters on ``header``."""
        if header == "all":
            self.filters.clear()
        else:
            self.filters = [pair for pair in self.filters if pair[0] != header or (value and pair[1] != value)]

    def wants(self, event: Event) -> bool:
        """Whether the client gets ``event``."""
        if "ALL" not in self.names:
            if event.name not in self.names:
                return False
            if event.name == "CUSTOM" and event.subclass not in self.subclasses:
                return False
        return not self.filters or any(event.get(header) == value for header, value in self.filters)


def _split(words: list[str]) -> tuple[set[str], set[str]]:
    """Words → known event names, subclasses."""
    names = [word.upper() for word in words]
    end = names.index("CUSTOM") + 1 if "CUSTOM" in names else len(names)
    return {name for name in names[:end] if name in _NAMES}, set(words[end:])
