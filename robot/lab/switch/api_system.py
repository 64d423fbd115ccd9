"""The api commands about the switch itself, and ``originate``."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from datetime import UTC, datetime

from robot.lab.switch.api_calls import NO_REPLY, OK, Api
from robot.lab.switch.calls import Calls
from robot.lab.switch.causes import cause_named
from robot.lab.switch.core import HOSTNAME, VERSION, number
from robot.lab.switch.originate import USAGE, parse_originate

MAX_SLEEP_MS = 3_600_000
_LOG_LEVELS = ("console", "alert", "crit", "err", "warning", "notice", "info", "debug")
_SHOW_USAGE = "-USAGE: calls [count]|channels [count|like <match string>]|…\n"
_FSCTL_USAGE = "[pause [inbound|outbound]|resume [inbound|outbound]|max_sessions [num]|sps [num]|shutdown|…]\n"


async def originate(calls: Calls, argument: str) -> str:
    """Places a call and waits for the answer, or for early media unless that is ignored."""
    request = parse_originate(argument)
    if request is None:
        return USAGE
    leg = calls.originate(request)
    return f"-ERR {leg}\n" if isinstance(leg, str) else await leg.outcome


async def hupall(calls: Calls, argument: str) -> str:
    """``[CAUSE]``: ends every call."""
    cause = cause_named(argument.split(" ")[0], "MANAGER_REQUEST")
    calls.hang_up_all(cause)
    return f"+OK hangup all channels with cause {cause}\n"


async def show(calls: Calls, argument: str) -> str:
    """``channels [count] [as json]`` and ``calls`` alike."""
    words = argument.split()
    if not words or words[0] not in ("channels", "calls"):
        return _SHOW_USAGE
    rows = calls.listing.rows()
    if words[-2:] == ["as", "json"]:
        if not rows:
            return '{"row_count": 0}\n'
        content = {"row_count": len(rows), "rows": [] if "count" in words else rows}
        return json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    if "count" in words or not rows:
        return f"\n{len(rows)} total.\n"
    lines = [",".join(rows[0]), *(",".join(row.values()) for row in rows)]
    return "\n".join(lines) + f"\n\n{len(rows)} total.\n"


def uptime(us: int) -> str:
    """``0 years, 0 days, 0 hours, 1 minute, 23 seconds, 250 milliseconds, 990 microseconds``"""
    parts = []
    for name, unit in (
        ("year", 365 * 86_400_000_000),
        ("day", 86_400_000_000),
        ("hour", 3_600_000_000),
        ("minute", 60_000_000),
        ("second", 1_000_000),
        ("millisecond", 1000),
        ("microsecond", 1),
    ):
        count, us = divmod(us, unit)
        parts.append(f"{count} {name}{'' if count == 1 else 's'}")
    return ", ".join(parts)


async def status(calls: Calls, argument: str) -> str:
    """As FreeSWITCH's, without its figures about the machine."""
    now, peak = len(calls.legs), calls.peak
    rate, highest = calls.per_second, calls.peak_per_second
    return (
        f"UP {uptime(calls.core.clock.uptime_us())}\n"
        f"FreeSWITCH (Version {VERSION} 64bit) is ready\n"
        f"{calls.started} session(s) since startup\n"
        f"{now} session(s) - peak {peak}, last 5min {peak} \n"
        f"{rate} session(s) per Sec out of max {calls.sessions_per_second}, peak {highest}, last 5min {highest} \n"
        f"{calls.max_sessions} session(s) max\n"
        "min idle cpu 0.00/100.00\n"
        "Current Stack Size/Max 240K/240K\n"
    )


async def version(calls: Calls, argument: str) -> str:
    """Says that this is the embedded switch."""
    return f"FreeSWITCH Version {VERSION} (embedded switch)\n"


async def global_getvar(calls: Calls, argument: str) -> str:
    """``core_uuid``, ``hostname``, ``switchname``, ``local_ip_v4``"""
    known: Mapping[str, str] = {
        "core_uuid": calls.core.uuid,
        "hostname": HOSTNAME,
        "switchname": HOSTNAME,
        "local_ip_v4": "127.0.0.1",
    }
    return known.get(argument.strip(), NO_REPLY)


async def strftime(calls: Calls, argument: str) -> str:
    """``[FORMAT]``, without a line feed."""
    moment = datetime.fromtimestamp(calls.core.clock.date_us(calls.core.clock.now_s()) / 1_000_000, UTC)
    return moment.strftime(argument or "%Y-%m-%d %H:%M:%S")


async def msleep(calls: Calls, argument: str) -> str:
    """``MS``"""
    ms = number(argument)
    await asyncio.sleep(min(ms or 0, MAX_SLEEP_MS) / 1000)
    return "+OK"


async def fsctl(calls: Calls, argument: str) -> str:
    """``pause``, ``resume``, ``max_sessions N``, ``sps N``, ``loglevel L``; ``shutdown`` is the server's."""
    action, _, value = argument.partition(" ")
    limit = number(value)
    match action:
        case "pause" | "resume":
            if value.strip() != "inbound":
                calls.paused = action == "pause"
            return OK
        case "max_sessions":
            calls.max_sessions = limit or calls.max_sessions
            return f"+OK max sessions: {calls.max_sessions}\n"
        case "sps":
            calls.sessions_per_second = limit or calls.sessions_per_second
            return f"+OK sessions per second: {calls.sessions_per_second}\n"
        case "loglevel" if value.lower() in _LOG_LEVELS:
            return f"+OK log level: {value.upper()} [{_LOG_LEVELS.index(value.lower())}]\n"
        case "loglevel" if limit is not None and limit < len(_LOG_LEVELS):
            return f"+OK log level: {_LOG_LEVELS[limit].upper()} [{limit}]\n"
        case "loglevel":
            return "-ERR syntax error, log level not set!\n"
        case "":
            return f"-USAGE: {_FSCTL_USAGE}"
        case _:
            return f"-ERR Invalid command\nUSAGE: fsctl {_FSCTL_USAGE}"


API: dict[str, Api] = {
    command.__name__: command
    for command in (originate, hupall, show, status, version, global_getvar, strftime, msleep, fsctl)
}
