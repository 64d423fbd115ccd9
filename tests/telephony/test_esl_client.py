"""The robot's end of the event socket against the embedded switch: whole calls in virtual time."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest
import soundfile
from esl_calls import Call, in_call, originate, with_switch
from switch_peer import DIAL, START_US, plan, wav
from websockets.asyncio.server import ServerConnection, serve

from robot.errors import CommandFailed
from robot.events import (
    Answered,
    Dtmf,
    HungUp,
    Parked,
    PlaybackFailed,
    PlaybackStarted,
    PlaybackStopped,
    RecordingStarted,
    RecordingStopped,
    StreamConnected,
)
from robot.lab.switch import EmbeddedSwitch
from robot.telephony.esl_client import EslSwitch
from robot.telephony.switch import Originate


async def nothing(call: Call) -> None:
    await call.until(Parked)


def test_a_call_from_the_order_to_its_end() -> None:
    call = in_call(nothing, plan("x", {"after_ms": 200}))
    assert call.names() == ["Progress", "Answered", "Parked", "HungUp"]
    (answered,) = call.of(Answered)
    assert answered.at_us == START_US + 200_000
    assert call.of(HungUp)[0] == HungUp(call.of(HungUp)[0].at_us, "NORMAL_CLEARING", 16)


def test_early_media_is_no_answer() -> None:
    call = in_call(nothing, plan("x", {"after_ms": 3000, "early_media_ms": 1000}))
    assert [getattr(event, "early_media", None) for event in call.seen][:3] == [False, True, None]


def test_the_version_is_asked_once() -> None:
    async def program(switch: EslSwitch, lab: EmbeddedSwitch) -> None:
        assert switch.version

    with_switch(program)


def test_caller_id_and_variables_reach_the_switch_whole() -> None:
    text = """l'été, "à 8 h" \\ {sûr} = oui"""
    seen: dict[str, str] = {}

    async def program(call: Call) -> None:
        await call.until(Parked)
        leg = call.lab.calls.legs[call.uuid]
        seen.update(leg.state.variables, name=leg.state.caller_name)

    order = Originate("u", DIAL.format("x"), 30, "+33 1 23", "Docteur, d'Été", {"my_text": text})
    in_call(program, plan("x"), request=order)
    assert seen["my_text"] == text
    assert (seen["origination_caller_id_number"], seen["origination_caller_id_name"]) == ("+33 1 23", "Docteur, d'Été")
    assert (seen["originate_timeout"], seen["RECORD_STEREO"]) == ("30", "true")


def test_playbacks_are_played_in_order_and_named_by_their_tags(tmp_path: Path) -> None:
    async def program(call: Call) -> None:
        await call.until(Parked)
        for number in range(3):
            await call.switch.play("u", Path(wav(tmp_path, f"it's {number}.wav", 100 * (number + 1))), f"t{number}")
        await call.until(PlaybackStopped, 3)

    call = in_call(program, plan("x"))
    assert [
        (type(event).__name__, getattr(event, "tag", "")) for event in call.of(PlaybackStarted, PlaybackStopped)
    ] == [(kind, f"t{number}") for number in range(3) for kind in ("PlaybackStarted", "PlaybackStopped")]
    stops = [event for event in call.seen if isinstance(event, PlaybackStopped)]
    starts = [event for event in call.seen if isinstance(event, PlaybackStarted)]
    assert [stop.played_ms for stop in stops] == [100, 200, 300]
    assert not any(stop.interrupted for stop in stops)
    assert [after.at_us for after in starts[1:]] == [before.at_us for before in stops[:2]], "without a gap"


def test_a_break_tells_what_was_heard_and_drops_the_rest(tmp_path: Path) -> None:
    async def program(call: Call) -> None:
        await call.until(Parked)
        for tag in ("a", "b"):
            await call.switch.play("u", Path(wav(tmp_path, f"{tag}.wav", 1000)), tag)
        await call.until(PlaybackStarted)
        await asyncio.sleep(0.3)
        await call.switch.break_("u")
        await call.until(PlaybackStopped)
        await asyncio.sleep(2)

    call = in_call(program, plan("x"))
    (stop,) = [event for event in call.seen if isinstance(event, PlaybackStopped)]
    assert stop.interrupted
    assert stop.tag == "a"
    assert 280 <= stop.played_ms <= 380
    assert len(call.of(PlaybackStarted)) == 1


def test_a_break_of_one_lets_the_next_play(tmp_path: Path) -> None:
    async def program(call: Call) -> None:
        await call.until(Parked)
        for tag in ("a", "b"):
            await call.switch.play("u", Path(wav(tmp_path, f"{tag}.wav", 1000)), tag)
        await call.until(PlaybackStarted)
        await call.switch.break_("u", everything=False)
        await call.until(PlaybackStopped, 2)

    stops = [event for event in in_call(program, plan("x")).seen if isinstance(event, PlaybackStopped)]
    assert [(stop.tag, stop.interrupted) for stop in stops] == [("a", True), ("b", False)]


def test_a_missing_file_is_told_by_its_tag(tmp_path: Path) -> None:
    async def program(call: Call) -> None:
        await call.until(Parked)
        await call.switch.play("u", tmp_path / "missing.wav", "lost")
        await call.until(PlaybackFailed)

    (failed,) = in_call(program, plan("x")).of(PlaybackFailed)
    assert failed == PlaybackFailed(failed.at_us, "lost", "FILE NOT FOUND")


def test_audio_is_streamed_from_the_answer_to_the_stop() -> None:
    received: list[int] = []

    async def take(connection: ServerConnection) -> None:
        received.extend([len(message) async for message in connection if isinstance(message, bytes)])

    async def program(call: Call) -> None:
        async with serve(take, "127.0.0.1", 8765, compression=None, ping_interval=None):
            await call.until(Answered)
            await call.switch.start_stream("u", "ws://127.0.0.1:8765/media/token", rate_hz=16_000, metadata='{"a":1}')
            await call.until(StreamConnected)
            await asyncio.sleep(1)
            await call.switch.stop_stream("u")
            with pytest.raises(CommandFailed):
                await call.switch.stop_stream("u")

    call = in_call(program, plan("x"))
    assert set(received) == {640}
    assert 45 <= len(received) <= 55
    assert call.names()[-2:] == ["Parked", "HungUp"], "our own stop is no loss"


def test_the_line_is_recorded_in_stereo(tmp_path: Path) -> None:
    path = tmp_path / "line.wav"

    async def program(call: Call) -> None:
        await call.until(Parked)
        await call.switch.start_recording("u", path)
        await call.until(RecordingStarted)
        await call.switch.play("u", Path(wav(tmp_path, "a.wav", 500)), "a")
        await call.until(PlaybackStopped)
        await call.switch.stop_recording("u", path)
        await call.until(RecordingStopped)

    call = in_call(program, plan("x"))
    line, rate_hz = soundfile.read(path, dtype="int16")
    assert (rate_hz, line.shape[1]) == (8000, 2)
    assert np.count_nonzero(line[:, 1]) > 2500, "the robot is on the right"
    assert call.of(RecordingStopped)[0] == RecordingStopped(call.of(RecordingStopped)[0].at_us, str(path))


def test_keys_both_ways() -> None:
    sent: list[str] = []

    async def program(call: Call) -> None:
        await call.until(Dtmf, 2)
        await call.switch.send_dtmf("u", "42#")
        sent.extend(call.lab.calls.legs["u"].digits_sent)

    call = in_call(program, plan("x", steps=[{"dtmf": "7*"}]))
    assert [event.digit for event in call.seen if isinstance(event, Dtmf)] == ["7", "*"]
    assert sent == ["42#"]


def test_a_transfer_leaves_the_call_to_the_dialplan() -> None:
    async def program(call: Call) -> None:
        await call.until(Parked)
        await call.switch.transfer("u", "5000")

    (end,) = [event for event in in_call(program, plan("x")).seen if isinstance(event, HungUp)]
    assert end.cause == "NO_ROUTE_DESTINATION"


def test_two_calls_never_see_each_other() -> None:
    async def one(switch: EslSwitch, lab: EmbeddedSwitch, uuid: str) -> Call:
        call = Call(switch, lab, uuid)
        async with switch.call(uuid) as events, asyncio.TaskGroup() as group:
            group.create_task(call.read(events))
            await switch.originate(originate(uuid))
            await call.until(Parked)
            await asyncio.sleep(1 if uuid == "a" else 2)
            await switch.hangup(uuid, "USER_BUSY" if uuid == "a" else "NORMAL_CLEARING")
        return call

    async def program(switch: EslSwitch, lab: EmbeddedSwitch) -> None:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(switch, lab, uuid)) for uuid in ("a", "b")]
        causes = [[end.cause for end in task.result().seen if isinstance(end, HungUp)] for task in tasks]
        assert causes == [["USER_BUSY"], ["NORMAL_CLEARING"]]

    with_switch(program, plan("x"))
