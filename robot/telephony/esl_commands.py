"""What a robot asks of a switch over ESL, as bytes, and how a switch says no. Pure; shared by every ESL client.

Nothing that a caller passes in can add a command, a header, a variable or a second call: the codec refuses line breaks,
and every argument is held to its kind by :mod:`robot.telephony.arguments`.
"""

from __future__ import annotations

import re
from pathlib import Path

from robot.errors import CommandFailed
from robot.protocol import esl
from robot.protocol.dialstring import file_variables, originate_variables
from robot.telephony.arguments import (
    caller_name_of,
    caller_number_of,
    dial_string_of,
    path_of,
    sound_of,
    uuid_of,
    variables_of,
)
from robot.telephony.switch import Originate
from robot.telephony.translate import TAG_VARIABLE

Reply = esl.CommandReply | esl.ApiResponse
RATES = {8000: "8k", 16000: "16k", 24000: "24000"}
JOB = "originate-"
"""a call's uuid with this before it names the background job that places it"""
HOLD_REPEATS = 30
"""times that a file of music is queued: five minutes, the longest ring time-out, for one of ten seconds"""
_GONE = ("No such channel", "invalid session id")
_CAUSE = re.compile(r"[A-Z0-9_]+")


def originate(request: Originate) -> bytes:
    """The background job that places a call. Raises ``LocalProtocolError`` for a dial string that is more than one."""
    variables = {
        "origination_uuid": uuid_of(request.uuid),
        "ignore_early_media": "true",
        "originate_timeout": str(request.ring_timeout_s),
        "playback_terminators": "none",
        "RECORD_STEREO": "true",
        "RECORD_PRE_BUFFER_FRAMES": "1",  # without it the robot's side of a recording is half a second early
        **variables_of(request.variables),
    }
    if request.longest_s:
        variables["execute_on_answer"] = f"sched_hangup +{request.longest_s} ALLOTTED_TIMEOUT"
    if request.caller_id_number:
        variables["origination_caller_id_number"] = caller_number_of(request.caller_id_number)
    if request.caller_id_name:
        variables["origination_caller_id_name"] = caller_name_of(request.caller_id_name)
    argument = f"{originate_variables(variables)}{dial_string_of(request.dial_string)} &park()"
    return esl.bgapi("originate", argument, f"{JOB}{request.uuid}")


def play(uuid: str, path: Path, tag: str) -> bytes:
    """Queues a file on a channel, behind those queued before."""
    argument = f"{file_variables({TAG_VARIABLE: tag})}{path_of(path)}"
    return esl.execute(uuid, "playback", argument, event_lock=True, event_uuid=tag)


def hold(uuid: str, sound: str) -> list[bytes]:
    """Queues a sound again and again, until a break empties the queue. (A break does not end ``endless_playback``.)"""
    if sound.startswith("tone_stream://"):
        endless = sound if ";loops=" in sound else f"{sound};loops=-1"
        return [esl.execute(uuid, "playback", sound_of(endless), event_lock=True)]
    return [esl.execute(uuid, "playback", sound_of(sound), event_lock=True)] * HOLD_REPEATS


def checked(command: str, reply: Reply) -> str:
    """What the switch printed. Raises ``CommandFailed`` when that is a refusal."""
    text = reply.text if isinstance(reply, esl.CommandReply) else reply.body
    if not reply.ok:
        raise CommandFailed(command, text.strip())
    return text


def is_gone(error: CommandFailed) -> bool:
    """Whether the switch refused because the channel is not there (any more)."""
    return any(gone in error.reply for gone in _GONE)


def failed_cause(event: esl.Event) -> str | None:
    """The hangup cause in the answer of an ``originate`` job; None when the call was placed."""
    if not event.body.startswith("-"):
        return None
    cause = event.body.removeprefix("-ERR").strip()
    return cause if _CAUSE.fullmatch(cause) else "UNKNOWN"
