"""What a switch says of itself, and what the check makes of it."""

from __future__ import annotations

import json

import pytest

from robot.freeswitch import check
from robot.freeswitch.findings import Finding

STATUS = """UP 0 years, 1 day, 0 hours, 2 minutes, 7 seconds, 17 milliseconds, 556 microseconds
FreeSWITCH (Version 1.10.12-release  64bit) is ready
0 session(s) since startup
500 session(s) max
"""
SOCKET = '<configuration><settings>\n<param name="listen-ip" value="{ip}"></param>\n{more}</settings>'


def modules(*present: str) -> str:
    return json.dumps({"row_count": len(present), "rows": [{"type": "api", "ikey": name} for name in present]})


def test_the_version_is_read() -> None:
    assert check.status_finding(STATUS) == Finding("version", "ok", "1.10.12-release")
    assert check.uptime_finding(STATUS).found == "1 day 2 minutes 7 seconds; at most 500 sessions"


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (STATUS.replace("1.10.12", "1.8.7"), "warning"),
        (STATUS.replace("is ready", "is not ready"), "problem"),
        ("", "warning"),
    ],
)
def test_another_version_is_said(status: str, state: str) -> None:
    finding = check.status_finding(status)
    assert finding.state == state
    assert finding.todo


def test_missing_modules_are_named_with_what_they_are_for() -> None:
    found = {one.what: one for one in check.modules_findings(modules(*(set(check.MODULES) - {"mod_audio_stream"})))}
    assert {one.state for one in found.values()} == {"ok", "problem"}
    assert found["mod_audio_stream"].state == "problem"
    assert "load mod_audio_stream" in found["mod_audio_stream"].todo


@pytest.mark.parametrize("listing", ["", "-ERR", "{}", "[]", '{"rows": 3}', '{"rows": [1]}'])
def test_a_listing_that_cannot_be_read(listing: str) -> None:
    (finding,) = check.modules_findings(listing)
    assert finding.state == "warning"


@pytest.mark.parametrize(
    ("ip", "more", "state"),
    [
        ("127.0.0.1", "", "ok"),
        ("::1", "", "ok"),
        ("0.0.0.0", '<param name="apply-inbound-acl" value="robots"></param>', "ok"),
        ("0.0.0.0", "", "problem"),
        ("::", "", "problem"),
        ("192.168.1.10", "", "problem"),
    ],
)
def test_an_open_event_socket_is_a_problem(ip: str, more: str, state: str) -> None:
    finding = check.listening_finding("127.0.0.1", check.params_of(SOCKET.format(ip=ip, more=more)))
    assert finding.state == state
    assert bool(finding.todo) is (state == "problem")


@pytest.mark.parametrize(("password", "state"), [("ClueCon", "problem"), ("hunter2", "warning"), ("a" * 24, "ok")])
def test_passwords(password: str, state: str) -> None:
    finding = check.password_finding(password)
    assert finding.state == state
    assert password not in finding.found + finding.todo


@pytest.mark.parametrize(
    ("first", "last", "state"), [("16384", "32768", "ok"), ("20000", "20100", "warning"), ("x", "1", "warning")]
)
def test_rtp_ports(first: str, last: str, state: str) -> None:
    assert check.rtp_finding({"rtp-start-port": first, "rtp-end-port": last}).state == state


@pytest.mark.parametrize(
    ("epoch", "state"), [("1000", "ok"), ("1001\n", "ok"), ("1010", "warning"), ("-ERR", "warning")]
)
def test_clocks(epoch: str, state: str) -> None:
    assert check.clock_finding(epoch, 1000.0).state == state


def test_codecs() -> None:
    every = '{"rows":[{"name":"G.711 alaw"},{"name":"G.711 ulaw"},{"name":"OPUS (STANDARD)"}]}'
    assert check.codecs_finding(every).found == "PCMA, PCMU, OPUS"
    assert check.codecs_finding(every.replace("alaw", "x")).state == "problem"
    assert check.codecs_finding("").state == "warning"


@pytest.mark.parametrize(
    ("usage", "state"),
    [
        ("-USAGE: <uuid> [start | stop | send_text | pause | resume ] [wss-url | path] [mono | mixed | stereo]", "ok"),
        ("-USAGE: <uuid> [start | stop]", "warning"),
        ("", "problem"),
    ],
)
def test_editions(usage: str, state: str) -> None:
    assert check.edition_finding(usage).state == state
