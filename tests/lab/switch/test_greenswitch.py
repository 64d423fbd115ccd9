"""A third party's client, greenswitch, drives a call over real sockets: the switch is not only understood by us."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from switch_peer import Callees, plan, wav

from robot.lab.switch import EmbeddedSwitch

SCRIPT = Path(__file__).with_name("greenswitch_peer.py")


def test_greenswitch_places_plays_breaks_and_hangs_up(tmp_path: Path) -> None:
    async def main() -> dict[str, Any]:
        async with EmbeddedSwitch(Callees(plan("quiet", {"after_ms": 100})), password="secret") as switch:
            sound = wav(tmp_path, "a.wav", 1000)
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-W", "ignore", str(SCRIPT), switch.host, str(switch.port), "secret", sound,
                stdout=asyncio.subprocess.PIPE,
            )  # fmt: skip
            output, _ = await process.communicate()
            assert process.returncode == 0
            result: dict[str, Any] = json.loads(output)
            return result

    result = asyncio.run(main())
    assert result["replies"] == [
        "+OK event listener enabled plain",
        "+OK Job-UUID:",
        "+OK",
        "+OK\n",
        "true",
        "+OK\n",
        "-ERR nosuch Command not found!\n",
    ]
    assert result["events"] == [
        "CHANNEL_CREATE",
        "CHANNEL_PROGRESS",
        "CHANNEL_ANSWER",
        "BACKGROUND_JOB",
        "CHANNEL_PARK",
        "PLAYBACK_START",
        "PLAYBACK_STOP",
        "CHANNEL_HANGUP",
        "CHANNEL_HANGUP_COMPLETE",
    ]
    details = result["details"]
    assert details["CHANNEL_ANSWER variable_greeting"] == "a: b c"
    assert details["PLAYBACK_STOP Playback-Status"] == "break"
    assert details["CHANNEL_HANGUP_COMPLETE variable_sip_hangup_disposition"] == "send_bye"
    assert details["CHANNEL_HANGUP_COMPLETE Hangup-Cause"] == "NORMAL_CLEARING"
