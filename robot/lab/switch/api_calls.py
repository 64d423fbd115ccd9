"""The api commands about one call: ``uuid_…``. Each takes its arguments as one text and returns what it prints.

``+OK`` means taken, not done: what happened comes as events.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

from robot.lab.switch.bridge import bridge_out, uuid_bridge
from robot.lab.switch.calls import Calls
from robot.lab.switch.causes import cause_named
from robot.lab.switch.leg import Leg
from robot.lab.switch.playback import BROADCAST_LEAD_TICKS, Execution
from robot.lab.switch.quoting import first_word, unquoted
from robot.lab.switch.stream_request import STREAM_USAGE, parse_stream_start
from robot.lab.switch.usage import usage
from robot.log import get_logger
from robot.protocol.esl.events import encode_event

log = get_logger(__name__)

OK = "+OK\n"
SUCCESS = "+OK Success\n"
FAILED = "-ERR Operation Failed\n"
NO_CHANNEL = "-ERR No such channel!\n"
NO_SESSION = "-ERR Cannot locate session!\n"
NO_REPLY = "-ERR no reply\n"
LATE_METADATA_RATE = 0.05
"""share of the streams whose first audio overtakes the metadata; two of forty did on a real switch"""

_DIGITS = re.compile(r"[0-9A-Da-d*#FWwf]+(@\d+)?")

Api = Callable[[Calls, str], Awaitable[str]]


async def uuid_kill(calls: Calls, argument: str) -> str:
    """``U [CAUSE]``"""
    uuid, _, cause = argument.partition(" ")
    leg = calls.legs.get(uuid)
    if leg is None:
        return NO_CHANNEL
    leg.hang_up(cause_named(cause))
    return OK


async def uuid_exists(calls: Calls, argument: str) -> str:
    """``U``; without a line feed, as the switch prints it."""
    return "true" if argument in calls.legs else "false"


async def uuid_break(calls: Calls, argument: str) -> str:
    """``U [all]``: +OK whether anything plays or not."""
    uuid, _, scope = argument.partition(" ")
    leg = calls.legs.get(uuid)
    if leg is None:
        return NO_CHANNEL
    leg.queue.break_(everything=scope.strip() == "all")
    return OK


async def uuid_getvar(calls: Calls, argument: str) -> str:
    """``U NAME``"""
    uuid, _, name = argument.partition(" ")
    leg = calls.legs.get(uuid)
    return NO_CHANNEL if leg is None else leg.state.variables.get(name.strip(), "_undef_")


async def uuid_setvar(calls: Calls, argument: str) -> str:
    """``U NAME [VALUE]``; without a value the variable goes."""
    uuid, _, rest = argument.partition(" ")
    name, _, value = rest.partition(" ")
    leg = calls.legs.get(uuid)
    if leg is None:
        return NO_CHANNEL
    leg.set_variable(name, unquoted(value))
    return OK


async def uuid_dump(calls: Calls, argument: str) -> str:
    """``U [json|plain]``"""
    uuid, _, form = argument.partition(" ")
    leg = calls.legs.get(uuid)
    if leg is None:
        return NO_CHANNEL
    event = calls.core.make("CHANNEL_DATA", leg.state.headers("CHANNEL_DATA"))
    return encode_event(event, "json" if form.strip() == "json" else "plain").decode()


async def uuid_send_dtmf(calls: Calls, argument: str) -> str:
    """``U DIGITS[@MS]``: the callee's end hears of it by RFC 2833, which is no sound."""
    uuid, _, digits = argument.partition(" ")
    leg = calls.legs.get(uuid)
    if leg is None or leg.hung.is_set():
        return NO_SESSION
    if not _DIGITS.fullmatch(digits):
        return "-ERR Operation failed\n"
    leg.digits_sent.append(digits.partition("@")[0])
    return f"+OK {uuid} sent DTMF {digits}.\n"


async def uuid_broadcast(calls: Calls, argument: str) -> str:
    """``U FILE [aleg]``: played after 100 ms, in which a break is lost."""
    uuid, _, rest = argument.partition(" ")
    leg = calls.legs.get(uuid)
    if leg is None:
        return "-ERR invalid uuid\n"
    path, _, side = rest.rpartition(" ")
    if side not in ("aleg", "bleg", "both"):
        path = rest
    leg.execute(_broadcast(leg, path))
    return "+OK Message sent\n"


def _broadcast(leg: Leg, path: str) -> Execution:
    return Execution("playback", path, leg.core.new_uuid(), locked=True, lead_ticks=BROADCAST_LEAD_TICKS)


async def uuid_transfer(calls: Calls, argument: str) -> str:
    """``U DESTINATION [inline]``: parks anew, hangs up or bridges; to any extension nobody is there."""
    uuid, _, destination = argument.partition(" ")
    leg = calls.legs.get(uuid)
    if leg is None:
        return NO_CHANNEL
    application, _, dialplan = destination.strip("'").partition(" ")
    name, _, data = application.partition(":")
    if dialplan.startswith("inline") and name == "park":
        leg.repark = True
    elif dialplan.startswith("inline") and name == "bridge" and data and leg.group is not None:
        leg.bridge_to = data
        leg.group.create_task(bridge_out(calls, leg, data), name="bridge")
    elif dialplan.startswith("inline") and name == "hangup":
        leg.hang_up(cause_named(data))
    else:
        log.info("transfer leads nowhere", call=uuid)
        leg.hang_up("NO_ROUTE_DESTINATION")
    return OK


async def uuid_record(calls: Calls, argument: str) -> str:
    """``U start|stop PATH``: a stereo WAV at 8 kHz, left the callee, right what we play."""
    uuid, _, rest = argument.partition(" ")
    action, _, path = rest.partition(" ")
    leg = calls.legs.get(uuid)
    if leg is None:
        return NO_SESSION
    if action in ("mask", "unmask"):
        return f"-ERR Cannot {action} recording session!\n"
    if action not in ("start", "stop"):
        return usage("uuid_record", "")
    if action == "stop":
        return SUCCESS if await leg.stop_recording(path) else "-ERR Cannot stop record session!\n"
    if not leg.state.has_media or leg.hung.is_set():
        return "-ERR Cannot record session!\n"
    try:
        await leg.start_recording(path)
    except OSError as error:
        log.error("recording cannot be written", call=uuid, reason=str(error))
        return "-ERR Cannot record session!\n"
    return SUCCESS


async def uuid_audio_stream(calls: Calls, argument: str) -> str:
    """``U start URL MIX RATE [METADATA]``, ``U stop [TEXT]``, ``U send_text TEXT``, ``U pause``, ``U resume``"""
    uuid, _, rest = argument.partition(" ")
    action, _, text = rest.partition(" ")
    if not action:
        return STREAM_USAGE
    leg = calls.legs.get(uuid)
    if leg is None:
        return FAILED
    stream = leg.stream
    match action:
        case "start":
            return _start_stream(calls, leg, text)
        case "stop":
            return SUCCESS if await leg.stop_stream(unquoted(first_word(text))) else FAILED
        case "pause" | "resume" if stream is not None:
            stream.pause(action == "pause")
            return SUCCESS
        case "send_text" if not text:
            return NO_REPLY
        case "send_text" if stream is not None:
            stream.send_text(unquoted(first_word(text)))
            return SUCCESS
        case _:
            return FAILED


def _start_stream(calls: Calls, leg: Leg, text: str) -> str:
    late = calls.core.random.random() < LATE_METADATA_RATE
    request = parse_stream_start(text, leg.state.variables, metadata_late=late)
    if isinstance(request, str):
        return request
    if leg.hung.is_set():
        return FAILED
    if not leg.state.has_media:
        calls.violate(leg.uuid, "uuid_audio_stream start before the channel has media")
        return FAILED
    return SUCCESS if leg.start_stream(request) else FAILED


API: dict[str, Api] = {
    command.__name__: command
    for command in (
        uuid_kill,
        uuid_exists,
        uuid_break,
        uuid_getvar,
        uuid_setvar,
        uuid_dump,
        uuid_send_dtmf,
        uuid_broadcast,
        uuid_transfer,
        uuid_bridge,
        uuid_record,
        uuid_audio_stream,
    )
}
