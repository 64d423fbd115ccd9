"""FreeSWITCH events → what a call needs to know. Pure: one event in, at most one call event out.

Tags: a playback is sent as ``{allobot_tag=TAG}FILE`` with ``Event-UUID: TAG``. PLAYBACK_START and _STOP repeat the
first as a header, CHANNEL_EXECUTE_COMPLETE the second as ``Application-UUID``; only the latter tells of a missing file.
"""

from __future__ import annotations

import json

from robot.events import (
    Answered,
    Bridged,
    CallEvent,
    Dtmf,
    HungUp,
    Parked,
    PlaybackFailed,
    PlaybackStarted,
    PlaybackStopped,
    Progress,
    RecordingStarted,
    RecordingStopped,
    StreamConnected,
    StreamLost,
    StreamPlay,
    Unbridged,
)
from robot.protocol.esl import Event

TAG_VARIABLE = "allobot_tag"
EVENT_NAMES = (
    "CHANNEL_CREATE",
    "CHANNEL_PROGRESS",
    "CHANNEL_PROGRESS_MEDIA",
    "CHANNEL_ANSWER",
    "CHANNEL_PARK",
    "CHANNEL_EXECUTE_COMPLETE",
    "CHANNEL_BRIDGE",
    "CHANNEL_UNBRIDGE",
    "CHANNEL_HANGUP_COMPLETE",
    "CHANNEL_DESTROY",
    "PLAYBACK_START",
    "PLAYBACK_STOP",
    "RECORD_START",
    "RECORD_STOP",
    "DTMF",
    "BACKGROUND_JOB",
    "SHUTDOWN",
)
STREAM = "mod_audio_stream::"
EVENT_SUBCLASSES = (f"{STREAM}connect", f"{STREAM}disconnect", f"{STREAM}error", f"{STREAM}play")
_DIGITS = frozenset("0123456789ABCD*#")
SAMPLES_PER_MS = 8
"""of the files that are played, and of the durations that the switch tells"""
_NOT_PLAYED = ("FILE NOT FOUND", "PLAYBACK ERROR")


def is_stillborn(event: Event) -> bool:
    """The end of a channel that never became a call (no such SIP profile): only the originate's answer says why."""
    return event.name == "CHANNEL_DESTROY" and not event.get("Hangup-Cause")


def translate(event: Event) -> CallEvent | None:
    """The call event that ``event`` stands for; None for one that no call needs."""
    at_us = event.at_us
    tag = event.get(TAG_VARIABLE)
    match event.name:
        case "CHANNEL_PROGRESS":
            return Progress(at_us, early_media=False)
        case "CHANNEL_PROGRESS_MEDIA":
            return Progress(at_us, early_media=True)
        case "CHANNEL_ANSWER":
            return Answered(at_us)
        case "CHANNEL_PARK":
            return Parked(at_us)
        case "PLAYBACK_START" if tag:
            return PlaybackStarted(at_us, tag)
        case "PLAYBACK_STOP" if tag:
            broken = event.get("Playback-Status") == "break"
            return PlaybackStopped(at_us, tag, _played_ms(event), broken)
        case "CHANNEL_EXECUTE_COMPLETE" if event.get("Application") == "playback":
            reason, uuid = event.get("Application-Response"), event.get("Application-UUID")
            return PlaybackFailed(at_us, uuid, reason) if uuid and reason in _NOT_PLAYED else None
        case "RECORD_START":
            return RecordingStarted(at_us, event.get("Record-File-Path"))
        case "RECORD_STOP":
            return RecordingStopped(at_us, event.get("Record-File-Path"))
        case "DTMF" if (digit := event.get("DTMF-Digit")) in _DIGITS:
            duration_ms = _number(event.get("DTMF-Duration")) // SAMPLES_PER_MS
            return Dtmf(at_us, digit, duration_ms, event.get("DTMF-Source"))
        case "CHANNEL_BRIDGE":
            return Bridged(at_us, event.get("Other-Leg-Unique-ID") or event.get("Bridge-B-Unique-ID"))
        case "CHANNEL_UNBRIDGE":
            return Unbridged(at_us)
        case "CHANNEL_DESTROY" if is_stillborn(event):
            return None
        case "CHANNEL_HANGUP_COMPLETE" | "CHANNEL_DESTROY":  # the latter counts when the former was missed
            return HungUp(
                at_us,
                event.get("Hangup-Cause") or event.get("variable_hangup_cause") or "NORMAL_CLEARING",
                _number(event.get("variable_hangup_cause_q850")),
                event.get("variable_proto_specific_hangup_cause"),
            )
        case "CUSTOM":
            return _stream_event(event)
        case _:
            return None


def _played_ms(event: Event) -> int:
    """What was played of a chunk: ``playback_last_offset_pos``, in samples of the file, which is always at 8 kHz.

    ``playback_ms`` counts what was read of the file, in blocks of up to two seconds.
    """
    return _number(event.get("variable_playback_last_offset_pos")) // SAMPLES_PER_MS


def _stream_event(event: Event) -> CallEvent | None:
    kind = event.subclass.removeprefix(STREAM)
    match kind:
        case "connect":
            return StreamConnected(event.at_us)
        case "disconnect" | "error":
            code, reason = _stream_end(event.body)
            return StreamLost(event.at_us, code, f"{kind}: {reason}")
        case "play" if file := _stored_file(event.body):
            return StreamPlay(event.at_us, file)
        case _:
            return None


def _stream_end(body: str) -> tuple[int, str]:
    """``{"status": …, "message": {"code": 6, "error"|"reason": "…"}}`` → (6, "…"); anything else → code 0."""
    try:
        message = json.loads(body)["message"]
        return _number(str(message["code"])), str(message.get("error") or message.get("reason") or "")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return 0, body[:200]


def _stored_file(body: str) -> str:
    """``{"audioDataType": …, "file": "…"}`` → the file; "" when there is none."""
    try:
        file = json.loads(body)["file"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""
    return file if isinstance(file, str) else ""


def _number(text: str) -> int:
    try:
        return int(float(text))
    except (ValueError, OverflowError):
        return 0
