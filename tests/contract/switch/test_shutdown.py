"""The switch goes away: told beforehand, or not at all."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
from conformance import START_US, Callees, Lab, run_real
from stream_sink import sink
from wire import Address, listening

from robot.lab.clock import run_virtual
from robot.lab.switch import EmbeddedSwitch

NOTICE = "The system is being shut down.\n"


async def shutting_down(lab: Lab) -> None:
    """A call with playback and stream while the switch is told to shut down."""
    async with sink() as server:
        uuid = await lab.call("tone")
        await lab.esl.api(f"uuid_audio_stream {uuid} start {server.url} mono 8k")
        await server.until_frames(3)
        await lab.play(uuid, lab.wav("long.wav", 5000))
        await lab.esl.until_name("PLAYBACK_START", uuid)
        assert (await lab.esl.api("fsctl shutdown")).startswith("+OK")
        done = await lab.ended(uuid)
        assert done.get("Hangup-Cause") == "SYSTEM_SHUTDOWN"
        await server.wait("closed")
        assert server.close_code == 1000
        async with asyncio.timeout(15):
            await lab.esl.ended.wait()
    names = [event.subclass or event.name for event in lab.esl.events if event.uuid in ("", uuid)]
    order = ["SHUTDOWN", "CHANNEL_HANGUP", "PLAYBACK_STOP", "CHANNEL_UNPARK", "CHANNEL_HANGUP_COMPLETE"]
    assert [name for name in names if name in order] == order
    assert lab.playbacks(uuid) == ["START long.wav", "STOP long.wav done"]
    assert lab.esl.notice == NOTICE


def test_the_embedded_one_shuts_down(tmp_path: Path) -> None:
    async def main() -> None:
        switch = EmbeddedSwitch(Callees(), password="a long one", wall_us=lambda: START_US)

        async def live() -> None:
            async with switch:
                started.set()
                await switch.stopping.wait()

        started = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(live())
            await started.wait()
            address = Address(switch.host, switch.port, switch.password)
            async with listening(address) as wire:
                await shutting_down(Lab(address, wire, "sofia/external/{name}@127.0.0.1:5080", tmp_path))

    run_virtual(main())


if os.environ.get("ALLOBOT_TEST_SHUTDOWN") == "1":

    @pytest.mark.freeswitch
    def test_a_real_one_shuts_down(tmp_path: Path) -> None:
        run_real(shutting_down, tmp_path)


def test_a_crash_is_an_end_of_file_without_a_word(tmp_path: Path) -> None:
    class Crash(Exception):
        pass

    async def main() -> None:
        switch = EmbeddedSwitch(Callees(), password="a long one", wall_us=lambda: START_US)
        async with asyncio.TaskGroup() as group:
            crash = asyncio.Event()

            async def live() -> None:
                try:
                    async with switch:
                        started.set()
                        await crash.wait()
                        raise Crash
                except Crash:
                    return

            started = asyncio.Event()
            group.create_task(live())
            await started.wait()
            address = Address(switch.host, switch.port, switch.password)
            async with listening(address) as wire:
                lab = Lab(address, wire, "sofia/external/{name}@127.0.0.1:5080", tmp_path)
                uuid = await lab.call()
                crash.set()
                await wire.ended.wait()
                assert wire.notice == ""
                assert "CHANNEL_HANGUP" not in wire.names(uuid)
                assert "SHUTDOWN" not in wire.names()

    run_virtual(main())
