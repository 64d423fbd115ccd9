"""uuid_record: events and their headers, when the file is complete, and whether its two sides are in step."""

from __future__ import annotations

import asyncio
import wave
from pathlib import Path

import numpy as np
import pytest
from conformance import Lab, Run

OK = "+OK Success\n"
IN_STEP = "RECORD_STEREO=true,RECORD_PRE_BUFFER_FRAMES=1"
Sides = np.ndarray[tuple[int, ...], np.dtype[np.int16]]


def sides_of(path: Path, channels: int = 2) -> Sides:
    """int16[n, channels] of a finished recording at 8 kHz."""
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getframerate(), file.getsampwidth()) == (channels, 8000, 2)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, channels)


def onset_ms(side: Sides) -> float:
    """When something loud begins."""
    return float(np.flatnonzero(np.abs(side.astype(np.int32)) > 1000)[0]) / 8


async def record(lab: Lab, uuid: str, name: str = "call.wav") -> Path:
    path = lab.folder / name
    assert await lab.esl.api(f"uuid_record {uuid} start {path}") == OK
    await lab.esl.until_name("RECORD_START", uuid)
    return path


def test_events_and_headers(run: Run) -> None:
    async def case(lab: Lab) -> None:
        uuid = await lab.call("tone", IN_STEP)
        path = await record(lab, uuid)
        assert await lab.esl.api(f"uuid_record {uuid} start {path}") == OK
        await asyncio.sleep(1.0)
        assert await lab.esl.api(f"uuid_record {uuid} stop {path}") == OK
        stop = await lab.esl.until_name("RECORD_STOP", uuid)
        start = await lab.esl.until_name("RECORD_START", uuid)
        assert start.get("Record-File-Path") == stop.get("Record-File-Path") == str(path)
        assert stop.get("Record-Completion-Cause") == "success-maxtime"
        await lab.esl.until_name("MEDIA_BUG_STOP", uuid)
        order = [event.name for event in lab.esl.about(uuid) if "RECORD" in event.name or "BUG" in event.name]
        assert order == ["RECORD_START", "MEDIA_BUG_START", "RECORD_STOP", "MEDIA_BUG_STOP"]
        bug = await lab.esl.until_name("MEDIA_BUG_START", uuid)
        assert (bug.get("Media-Bug-Function"), bug.get("Media-Bug-Target")) == ("session_record", str(path))
        assert await lab.esl.api(f"uuid_record {uuid} stop {path}") == "-ERR Cannot stop record session!\n"
        await lab.hang_up(uuid)

    run(case)


def test_the_file_is_complete_when_its_end_is_told(run: Run) -> None:
    async def case(lab: Lab) -> None:
        uuid = await lab.call("tone", IN_STEP)
        path = await record(lab, uuid)
        await asyncio.sleep(1.0)
        assert path.is_file()
        await lab.esl.api(f"uuid_kill {uuid}")
        stop = await lab.esl.until_name("RECORD_STOP", uuid)
        sides = sides_of(path)
        assert stop.get("variable_record_samples") == str(len(sides))
        assert stop.get("variable_record_ms") == str(len(sides) // 8)
        assert stop.get("variable_record_file_size") == str(path.stat().st_size)
        assert stop.get("Record-Completion-Cause") == "success-silence"
        done = await lab.ended(uuid)
        assert done.get("variable_record_ms") == stop.get("variable_record_ms")
        names = [event.name for event in lab.esl.about(uuid)]
        assert names.index("CHANNEL_HANGUP") < names.index("CHANNEL_UNPARK") < names.index("RECORD_STOP")
        assert names.index("RECORD_STOP") < names.index("CHANNEL_HANGUP_COMPLETE")

    run(case)


@pytest.mark.parametrize("callee", ["tone", "quiet"])
def test_in_step_with_a_pre_buffer_of_one(run: Run, callee: str) -> None:
    async def case(lab: Lab) -> None:
        uuid = await lab.call(callee, IN_STEP)
        path = await record(lab, uuid)
        await asyncio.sleep(0.8)
        await lab.play(uuid, lab.wav("one.wav", 500))
        stopped = await lab.esl.until_name("PLAYBACK_STOP", uuid)
        await asyncio.sleep(0.5)
        await lab.hang_up(uuid)
        begun = await lab.esl.until_name("RECORD_START", uuid)
        played = await lab.esl.until_name("PLAYBACK_START", uuid)
        ended = await lab.esl.until_name("RECORD_STOP", uuid)
        sides = sides_of(path)
        assert abs(onset_ms(sides[:, 1]) - (played.at_us - begun.at_us) / 1000) <= 45
        assert abs(len(sides) / 8 - (ended.at_us - begun.at_us) / 1000) <= 65
        assert stopped.at_us > played.at_us
        idle = sides[: int(8 * onset_ms(sides[:, 1])) - 160, 1]
        assert set(idle.tolist()) <= {-1, 0}

    run(case)


def test_out_of_step_by_default(run: Run) -> None:
    async def case(lab: Lab) -> None:
        uuid = await lab.call("tone", "RECORD_STEREO=true")
        path = await record(lab, uuid)
        await asyncio.sleep(1.0)
        await lab.play(uuid, lab.wav("one.wav", 500))
        await lab.esl.until_name("PLAYBACK_STOP", uuid)
        await asyncio.sleep(0.5)
        await lab.hang_up(uuid)
        begun = await lab.esl.until_name("RECORD_START", uuid)
        played = await lab.esl.until_name("PLAYBACK_START", uuid)
        ended = await lab.esl.until_name("RECORD_STOP", uuid)
        sides = sides_of(path)
        early_ms = (played.at_us - begun.at_us) / 1000 - onset_ms(sides[:, 1])
        assert 430 <= early_ms <= 530
        short_ms = (ended.at_us - begun.at_us) / 1000 - len(sides) / 8
        assert 430 <= short_ms <= 560

    run(case)


def test_one_side_unless_stereo_is_asked_for(run: Run) -> None:
    async def case(lab: Lab) -> None:
        uuid = await lab.call("tone", "RECORD_PRE_BUFFER_FRAMES=1")
        path = await record(lab, uuid)
        await asyncio.sleep(0.5)
        await lab.hang_up(uuid)
        assert onset_ms(sides_of(path, 1)[:, 0]) < 60

    run(case)


def test_what_cannot_be_recorded(run: Run) -> None:
    async def case(lab: Lab) -> None:
        ringing = await lab.originate("no_answer")
        await lab.esl.until_name("CHANNEL_PROGRESS", ringing)
        path = lab.folder / "call.wav"
        assert await lab.esl.api(f"uuid_record {ringing} start {path}") == "-ERR Cannot record session!\n"
        await lab.hang_up(ringing)
        uuid = await lab.call()
        (lab.folder / "file").write_text("no folder")
        assert await lab.esl.api(f"uuid_record {uuid} start {lab.folder}/file/a.wav") == "-ERR Cannot record session!\n"
        assert await lab.esl.api(f"uuid_record {uuid} stop {path}") == "-ERR Cannot stop record session!\n"
        assert await lab.esl.api(f"uuid_record {uuid} mask {path}") == "-ERR Cannot mask recording session!\n"
        without_path = await lab.esl.api(f"uuid_record {uuid} start")
        assert without_path.startswith("-USAGE: <uuid> [start|stop|mask|unmask] <path>")
        await lab.hang_up(uuid)
        assert not {"RECORD_START", "RECORD_STOP"} & set(lab.esl.names())

    run(case)


def test_a_folder_that_does_not_exist_yet(run: Run) -> None:
    async def case(lab: Lab) -> None:
        uuid = await lab.call("tone", IN_STEP)
        path = await record(lab, uuid, "new/call.wav")
        await asyncio.sleep(0.3)
        await lab.hang_up(uuid)
        assert len(sides_of(path)) > 800

    run(case)
