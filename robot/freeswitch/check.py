"""Is this FreeSWITCH fit for the robot? Looked at from outside, through its event socket, line by line.

What a switch says of itself is read by pure functions (``…_finding``); only :func:`look` asks it.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from ipaddress import ip_address

from robot.errors import CommandFailed, NotConnected
from robot.freeswitch.findings import Finding
from robot.protocol import esl
from robot.telephony.esl_link import EslLink

DEFAULT_PASSWORD = "ClueCon"
MODULES: Mapping[str, str] = {
    "mod_sofia": "SIP",
    "mod_dptools": "answer, park, playback",
    "mod_commands": "uuid_… commands",
    "mod_dialplan_xml": "the dialplan",
    "mod_sndfile": "WAV files: the robot's speech",
    "mod_native_file": "headerless files: speech through the stream",
    "mod_audio_stream": "the caller's audio",
}
CODECS: Mapping[str, str] = {"G.711 alaw": "PCMA", "G.711 ulaw": "PCMU"}
MIN_RTP_PORTS = 400
"""four a call: a hundred calls"""
MAX_CLOCK_OFFSET_S = 2
_VERSION = re.compile(r"FreeSWITCH \(Version ([^)]+)\)")
_UPTIME = re.compile(r"^UP (.+)$", re.MULTILINE)
_PARAM = re.compile(r'<param name="([^"]+)" value="([^"]*)"')


async def look(link: EslLink, host: str, password: str, now_s: float) -> AsyncIterator[Finding]:
    """Everything that can be asked without a call. ``now_s``: this machine's clock, seconds since 1970."""
    status = await _ask(link, "status")
    yield status_finding(status)
    yield uptime_finding(status)
    yield password_finding(password)
    for finding in modules_findings(await _ask(link, "show modules as json")):
        yield finding
    yield edition_finding(await _ask(link, "uuid_audio_stream"))
    yield codecs_finding(await _ask(link, "show codecs as json"))
    socket = params_of(await _ask(link, "xml_locate configuration configuration name event_socket.conf"))
    yield listening_finding(host, socket)
    yield rtp_finding(params_of(await _ask(link, "xml_locate configuration configuration name switch.conf")))
    yield clock_finding(await _ask(link, "strepoch"), now_s)


async def _ask(link: EslLink, command: str) -> str:
    """What the switch prints; empty when it does not know the command."""
    verb, _, argument = command.partition(" ")
    try:
        reply = await link.send(esl.api(verb, argument))
    except CommandFailed:
        return ""
    return reply.body if isinstance(reply, esl.ApiResponse) and not reply.body.startswith("-ERR") else ""


def status_finding(status: str) -> Finding:
    """Version and readiness, from ``status``."""
    version = _VERSION.search(status)
    if version is None:
        return Finding(
            "version", "warning", "unknown: is this a FreeSWITCH?", "FreeSWITCH 1.10 is what the robot knows"
        )
    number = version[1].split()[0]
    if "is ready" not in status:
        return Finding("version", "problem", f"{number}, not ready", "wait until it has started, or look at its log")
    known = number.startswith("1.10.")
    return Finding("version", "ok" if known else "warning", number, "" if known else "only 1.10 was tried")


def uptime_finding(status: str) -> Finding:
    """How long it has been up, and its limits."""
    uptime = _UPTIME.search(status)
    limits = re.search(r"^(\d+) session\(s\) max", status, re.MULTILINE)
    found = uptime[1].split(", ")[:5] if uptime else ["unknown"]
    said = " ".join(part for part in found if not part.startswith("0 "))
    return Finding("uptime", "ok", f"{said or 'just started'}; at most {limits[1] if limits else '?'} sessions")


def password_finding(password: str) -> Finding:
    if password == DEFAULT_PASSWORD:
        return Finding(
            "password", "problem", "the default one", "set another in event_socket.conf.xml and ALLOBOT_ESL_PASSWORD"
        )
    short = len(password) < 12
    return Finding("password", "warning" if short else "ok", "short" if short else "not the default one")


def modules_findings(listing: str) -> Iterator[Finding]:
    """One for each module that the robot needs."""
    try:
        present = {str(row.get("ikey", "")) for row in json.loads(listing)["rows"]}
    except (ValueError, KeyError, TypeError, AttributeError):
        yield Finding("modules", "warning", "the switch does not tell", "show modules as json should work")
        return
    for module, purpose in MODULES.items():
        if module in present:
            yield Finding(module, "ok", "loaded")
        else:
            yield Finding(
                module, "problem", f"not loaded: {purpose}", f"load it in modules.conf.xml, or: load {module}"
            )


def edition_finding(usage: str) -> Finding:
    """Which mod_audio_stream, by what it says of its own use."""
    if "uuid" not in usage:
        return Finding("audio stream", "problem", "uuid_audio_stream is unknown", "build and load mod_audio_stream")
    if "[wss-url | path]" in usage and "pause" in usage:
        return Finding("audio stream", "ok", "community edition")
    return Finding(
        "audio stream", "warning", f"another edition: {usage.strip()[:60]}", "only the community one was tried"
    )


def codecs_finding(listing: str) -> Finding:
    missing = [name for codec, name in CODECS.items() if codec not in listing]
    if not listing:
        return Finding("codecs", "warning", "the switch does not tell")
    if missing:
        return Finding("codecs", "problem", f"missing: {', '.join(missing)}", "every telephone speaks PCMA and PCMU")
    more = [name for mark, name in (("G.722", "G722"), ("OPUS", "OPUS")) if mark in listing]
    return Finding("codecs", "ok", ", ".join(["PCMA", "PCMU", *more]))


def listening_finding(host: str, params: Mapping[str, str]) -> Finding:
    """Who may reach the event socket: whoever does may do anything."""
    address, acl = params.get("listen-ip", ""), params.get("apply-inbound-acl", "")
    if not address:
        return Finding(
            "event socket", "warning", "the switch does not tell where it listens", "see event_socket.conf.xml"
        )
    if _is_loopback(address):
        return Finding("event socket", "ok", f"listens on {address} alone")
    if acl:
        return Finding("event socket", "ok", f"listens on {address}, list {acl} guards it")
    return Finding(
        "event socket",
        "problem",
        f"listens on {address} without a list",
        "set listen-ip to 127.0.0.1 or apply-inbound-acl",
    )


def rtp_finding(params: Mapping[str, str]) -> Finding:
    first, last = params.get("rtp-start-port", "16384"), params.get("rtp-end-port", "32768")
    if not (first.isdigit() and last.isdigit()):
        return Finding("RTP ports", "warning", "the switch does not tell")
    enough = int(last) - int(first) >= MIN_RTP_PORTS
    todo = "" if enough else "widen rtp-start-port and rtp-end-port: four ports a call"
    return Finding("RTP ports", "ok" if enough else "warning", f"{first}–{last}", todo)


def clock_finding(epoch: str, now_s: float) -> Finding:
    if not epoch.strip().isdigit():
        return Finding("clock", "warning", "the switch does not tell")
    offset_s = int(epoch.strip()) - now_s
    good = abs(offset_s) <= MAX_CLOCK_OFFSET_S
    return Finding(
        "clock", "ok" if good else "warning", f"{offset_s:+.0f} s from ours", "" if good else "run NTP on both machines"
    )


def params_of(xml: str) -> dict[str, str]:
    """``<param name= value=/>`` of a configuration section."""
    return dict(_PARAM.findall(xml))


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"


async def connect(host: str, port: int, password: str, timeout_s: float) -> EslLink:
    """A link that is open and not yet logged in. Raises ``NotConnected``."""
    if not password:
        raise NotConnected("the switch's password is empty: set ALLOBOT_ESL_PASSWORD")
    return await EslLink.open(host, port, connect_timeout_s=timeout_s, timeout_s=timeout_s, on_event=lambda event: None)
