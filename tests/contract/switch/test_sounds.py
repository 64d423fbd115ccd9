"""Sound files: which formats play, for how long, and what of them is heard."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conformance import Lab, Run, tone

from services.audio import write_wav

Write = Callable[[Path], None]


def _wav(rate_hz: int) -> Write:
    return lambda path: write_wav(path, tone(800, rate_hz), rate_hz)


def _raw(rate_hz: int) -> Write:
    return lambda path: path.write_bytes(tone(800, rate_hz).astype("<i2").tobytes()) and None


@pytest.mark.parametrize(
    ("name", "write", "lasts_ms"),
    [
        ("8.wav", _wav(8000), 800),
        ("16.wav", _wav(16_000), 800),
        ("24.wav", _wav(24_000), 800),
        ("8.r8", _raw(8000), 800),
        ("8.raw", _raw(8000), 800),
        ("16.r16", _raw(16_000), 800),
    ],
)
def test_a_format(run: Run, name: str, write: Write, lasts_ms: int) -> None:
    async def case(lab: Lab) -> None:
        path = lab.folder / name
        write(path)
        async with lab.streaming("quiet", "stereo 8k") as (uuid, server):
            await lab.play(uuid, str(path))
            stop = await lab.esl.until_name("PLAYBACK_STOP", uuid)
            start = await lab.esl.until_name("PLAYBACK_START", uuid)
            await asyncio.sleep(0.3)
            played = np.concatenate([np.frombuffer(frame, "<i2").reshape(-1, 2)[:, 1] for frame in server.frames])
            assert abs((stop.at_us - start.at_us) / 1000 - lasts_ms) <= 60
            loud = np.flatnonzero(np.abs(played.astype(np.int32)) > 2000)
            assert abs((loud[-1] - loud[0]) / 8 - lasts_ms) <= 60
            middle = played[loud[0] + 1600 : loud[0] + 1600 + 3200].astype(float)
            assert 6500 <= np.sqrt(2 * np.mean(middle**2)) <= 9000
            assert np.argmax(np.abs(np.fft.rfft(middle))) == 400

    run(case)


def test_a_growing_file_ends_where_it_ended_when_opened(run: Run) -> None:
    async def case(lab: Lab) -> None:
        path = lab.folder / "growing.r8"
        path.write_bytes(tone(400).astype("<i2").tobytes())
        uuid = await lab.call()
        await lab.play(uuid, str(path))
        start = await lab.esl.until_name("PLAYBACK_START", uuid)
        with path.open("ab") as file:
            file.write(tone(2000).astype("<i2").tobytes())
        stop = await lab.esl.until_name("PLAYBACK_STOP", uuid)
        assert (stop.at_us - start.at_us) / 1000 <= 900
        await lab.hang_up(uuid)

    run(case)


@pytest.mark.parametrize("content", [b"", b"RIFF", b"this is no sound at all" * 100])
def test_no_sound_in_the_file(run: Run, content: bytes) -> None:
    async def case(lab: Lab) -> None:
        path = lab.folder / "broken.wav"
        path.write_bytes(content)
        uuid = await lab.call()
        await lab.play(uuid, str(path), "broken")
        done = await lab.esl.until(
            lambda event: event.name == "CHANNEL_EXECUTE_COMPLETE" and event.get("Application-UUID") == "broken", "end"
        )
        assert done.get("Application-Response") == "FILE NOT FOUND"
        assert lab.playbacks(uuid) == []
        await lab.hang_up(uuid)

    run(case)


def test_an_empty_sound(run: Run) -> None:
    async def case(lab: Lab) -> None:
        uuid = await lab.call()
        await lab.play(uuid, lab.wav("empty.wav", 0), "empty")
        await lab.play(uuid, lab.wav("one.wav", 200), "one")
        await lab.esl.until(
            lambda event: event.name == "PLAYBACK_STOP" and event.get("Playback-File-Path").endswith("one.wav"), "end"
        )
        assert lab.playbacks(uuid)[-2:] == ["START one.wav", "STOP one.wav done"]
        await lab.hang_up(uuid)

    run(case)


def test_chunks_follow_each_other_without_a_gap(run: Run) -> None:
    async def case(lab: Lab) -> None:
        async with lab.streaming("quiet", "stereo 8k") as (uuid, server):
            whole = tone(2000)
            for nth in range(10):
                path = lab.folder / f"{nth}.wav"
                write_wav(path, whole[nth * 1600 : (nth + 1) * 1600], 8000)
                await lab.play(uuid, str(path), str(nth))
            await lab.esl.until_name("PLAYBACK_STOP", uuid, nth=10)
            await asyncio.sleep(0.3)
            played = np.concatenate([np.frombuffer(frame, "<i2").reshape(-1, 2)[:, 1] for frame in server.frames])
            loud = np.flatnonzero(np.abs(played.astype(np.int32)) > 2000)
            assert abs(loud[-1] - loud[0] - 16_000) <= 16
            assert np.diff(loud).max() < 8

    run(case)
