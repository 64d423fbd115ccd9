"""The call of a switch to itself, on the embedded switch in virtual time."""

from __future__ import annotations

import random
from pathlib import Path

from robot.freeswitch.findings import Finding
from robot.freeswitch.self_call import Measured, findings_of, self_call
from robot.lab.clock import run_virtual
from robot.lab.directory import Directory
from robot.lab.switch import EmbeddedSwitch
from robot.media.server import MediaAddress, MediaServer
from robot.telephony.esl_address import EslAddress
from robot.telephony.esl_client import EslSwitch

PASSWORD = "a long one"


def check_call(folder: Path, plan: str) -> dict[str, Finding]:
    path = folder / "echo.yaml"
    path.write_text(f"name: echo\nlanguage: en\nseed: 1\n{plan}", encoding="utf-8")

    async def main() -> list[Finding]:
        async with (
            EmbeddedSwitch(Directory(), password=PASSWORD, wall_us=lambda: 0) as lab,
            MediaServer(MediaAddress("127.0.0.1", 0, "", "", ""), max_connections=1) as server,
            EslSwitch(
                EslAddress("127.0.0.1", lab.port, PASSWORD, 3, 5, 100, 0.1, 1, 3, 30), random.Random(1)
            ) as switch,
        ):
            with server.stream("check", "token", 8000, 3000) as (url, source):
                return [one async for one in self_call(switch, f"lab/{path}", "check", url, source, folder)]

    return {finding.what: finding for finding in run_virtual(main())}


def test_what_is_played_comes_back(tmp_path: Path) -> None:
    line = "line: {echo_db: -3, echo_delay_ms: 20}\nsteps:\n  - wait: 60000\n"
    found = check_call(tmp_path, line)
    assert {name: finding.state for name, finding in found.items()} == dict.fromkeys(
        ("self-call", "stream", "playback", "break"), "ok"
    )


def test_a_line_without_echo_says_so(tmp_path: Path) -> None:
    found = check_call(tmp_path, "steps:\n  - wait: 60000\n")
    assert (found["playback"].state, found["playback"].found) == ("problem", "nothing was heard")


def test_a_call_that_is_refused_says_why(tmp_path: Path) -> None:
    found = check_call(tmp_path, "outcome: {kind: busy, after_ms: 100}\nsteps:\n  - wait: 1000\n")
    assert found["self-call"].state == "problem"
    assert "USER_BUSY" in found["self-call"].found


def test_slowness_is_a_warning() -> None:
    found = {one.what: one.state for one in findings_of(Measured(400.0, 300.0, 100, 250, 3))}
    assert found == {"stream": "warning", "playback": "warning", "break": "warning"}
    (nothing,) = findings_of(Measured(None, None, 0, 0, 0))
    assert (nothing.what, nothing.state) == ("stream", "problem")
