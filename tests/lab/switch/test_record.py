"""uuid_record: the line as the switch sees it, in two channels, sample for sample."""

from __future__ import annotations

import asyncio
import wave
from pathlib import Path

import numpy as np
from switch_peer import Peer, lab, plan, tone, wav

from robot.lab.clock import run_virtual

IN_STEP = "RECORD_STEREO=true,RECORD_PRE_BUFFER_FRAMES=1"
SPEAKER = plan("speaker", steps=[{"beep": {"hz": 440.0, "ms": 10_000}}])


def samples_of(path: Path) -> np.ndarray[tuple[int, ...], np.dtype[np.int16]]:
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getframerate(), file.getsampwidth()) == (2, 8000, 2)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)


async def play_into(peer: Peer, folder: Path, target: Path) -> None:
    assert await peer.api(f"uuid_record u start {target}") == "+OK Success\n"
    await asyncio.sleep(0.5)
    await peer.play("u", wav(folder, "prompt.wav", 400))
    await peer.until_name("PLAYBACK_STOP")


def test_left_is_the_callee_right_is_what_we_play(tmp_path: Path) -> None:
    target = tmp_path / "new folder" / "call.wav"

    async def main() -> tuple[int, int, int]:
        async with lab(SPEAKER) as (_, peer):
            await peer.call("u", "speaker", IN_STEP)
            await play_into(peer, tmp_path, target)
            assert await peer.api(f"uuid_record u stop {target}") == "+OK Success\n"
            start, stop = await peer.until_name("RECORD_START"), await peer.until_name("RECORD_STOP")
            assert start.get("Record-File-Path") == stop.get("Record-File-Path") == str(target)
            assert len(samples_of(target)) == int(stop.get("variable_record_samples"))
            again = await peer.api(f"uuid_record u stop {target}")
            assert again == "-ERR Cannot stop record session!\n"
            played = await peer.until_name("PLAYBACK_START")
            answered = await peer.until_name("CHANNEL_ANSWER")
            return start.at_us, played.at_us, answered.at_us

    started_us, played_us, _ = run_virtual(main())
    sides = samples_of(target)
    begin = (played_us - started_us) // 125
    assert np.array_equal(sides[begin : begin + 3200, 1], tone(400))
    assert set(sides[:begin, 1].tolist()) == {-1}
    assert abs(int(sides[:, 0].max()) - 8192) < 200


def test_a_hangup_completes_the_file_before_it_is_told(tmp_path: Path) -> None:
    target = tmp_path / "call.wav"

    async def main() -> None:
        async with lab(SPEAKER) as (_, peer):
            await peer.call("u", "speaker", IN_STEP)
            await play_into(peer, tmp_path, target)
            await peer.api("uuid_kill u")
            stop = await peer.until_name("RECORD_STOP")
            assert len(samples_of(target)) == int(stop.get("variable_record_samples"))
            await peer.until_name("CHANNEL_HANGUP_COMPLETE")
            names = peer.names("u")
            assert names.index("CHANNEL_HANGUP") < names.index("RECORD_STOP") < names.index("CHANNEL_HANGUP_COMPLETE")

    run_virtual(main())


def test_what_cannot_be_recorded(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")

    async def main() -> None:
        async with lab() as (_, peer):
            await peer.originate("u")
            assert await peer.api(f"uuid_record u start {tmp_path}/a.wav") == "-ERR Cannot record session!\n"
            await peer.until_name("CHANNEL_PARK")
            assert await peer.api(f"uuid_record u start {tmp_path}/file/a.wav") == "-ERR Cannot record session!\n"
            assert await peer.api(f"uuid_record nobody start {tmp_path}/a.wav") == "-ERR Cannot locate session!\n"
            assert (await peer.api("uuid_record u")).startswith("-USAGE")

    run_virtual(main())


def test_an_echoing_channel_plays_what_it_heard_a_tick_before(tmp_path: Path) -> None:
    target = tmp_path / "call.wav"

    async def main() -> None:
        async with lab(SPEAKER) as (_, peer):
            await peer.originate("u", "speaker", IN_STEP, app="&echo()")
            await peer.until(lambda event: event.get("Application") == "echo")
            await peer.api(f"uuid_record u start {target}")
            await asyncio.sleep(0.5)
            await peer.api("uuid_kill u")
            await peer.until_name("RECORD_STOP")
            assert "CHANNEL_PARK" not in peer.names()

    run_virtual(main())
    sides = samples_of(target)
    assert np.array_equal(sides[160:, 1], sides[:-160, 0])
