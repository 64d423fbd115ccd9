"""The connection to the switch is lost with calls up: what lives on, what ends, when, and with which cause."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from esl_calls import LOST_CALL_AFTER_S, Call, originate
from gap import Scene, across
from switch_peer import START_US, plan, wav

from robot.errors import NotConnected
from robot.events import Answered, HungUp, Parked, PlaybackStarted, PlaybackStopped
from robot.telephony.live_call import LiveCall

AWAY_S = 1.0


def now_s() -> float:
    return asyncio.get_running_loop().time()


async def away(scene: Scene, seconds: float = AWAY_S) -> None:
    """The network is gone for a while."""
    scene.proxy.refusing = True
    scene.proxy.cut()
    await asyncio.sleep(seconds)
    scene.proxy.refusing = False


def ends(call: Call) -> list[str]:
    return [event.cause for event in call.seen if isinstance(event, HungUp)]


@pytest.mark.parametrize("lane", ["commands", "events"])
def test_a_connection_that_breaks_costs_no_call(lane: str, tmp_path: Path) -> None:
    async def program(scene: Scene) -> None:
        async with scene.call() as call:
            scene.lose(lane)
            await asyncio.sleep(1)
            await scene.switch.play("u", Path(wav(tmp_path, "a.wav", 200)), "a")
            await call.until(PlaybackStopped)
        assert call.names() == ["Progress", "Answered", "Parked", "PlaybackStarted", "PlaybackStopped", "HungUp"]
        assert ends(call) == ["NORMAL_CLEARING"]

    across(program, plan("x"))


def test_calls_outlive_a_network_that_comes_back() -> None:
    async def program(scene: Scene) -> None:
        async with scene.call("a") as one, scene.call("b") as two:
            await away(scene)
            await asyncio.sleep(10)
            assert ends(one) == ends(two) == []
            assert scene.switch._giving_up is None
        assert (ends(one), ends(two)) == (["NORMAL_CLEARING"], ["NORMAL_CLEARING"])

    across(program, plan("x"))


def test_a_switch_that_does_not_come_back_ends_every_call_in_time() -> None:
    async def program(scene: Scene) -> None:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(live(scene, uuid)) for uuid in ("a", "b", "c")]
            await asyncio.sleep(3)
            scene.proxy.refusing = True
            scene.proxy.cut()
        assert [task.result() for task in tasks] == [("SWITCH_LOST", 3 + LOST_CALL_AFTER_S)] * 3

    async def live(scene: Scene, uuid: str) -> tuple[str, float]:
        call = Call(scene.switch, scene.lab, uuid)
        async with scene.switch.call(uuid) as events, asyncio.TaskGroup() as group:
            group.create_task(call.read(events))
            await scene.switch.originate(originate(uuid))
            end = await call.end()
            ended_s = round(now_s(), 3)
            with pytest.raises(NotConnected):
                await scene.switch.hangup(uuid)
        return end.cause, ended_s

    across(program, plan("x"))


def test_another_switch_at_the_same_place_has_none_of_the_calls() -> None:
    async def program(scene: Scene) -> None:
        async with scene.call() as call:
            lost_s = now_s()
            await scene.replace_switch()
            assert (await call.end()).cause == "SWITCH_LOST"
            assert now_s() - lost_s < LOST_CALL_AFTER_S
        async with scene.call("again") as next_call:
            pass
        assert ends(next_call) == ["NORMAL_CLEARING"]

    across(program, plan("x"))


def test_an_answer_that_was_missed_is_told_once_with_its_own_time() -> None:
    async def program(scene: Scene) -> None:
        async with scene.call(parked=False) as call:
            await asyncio.sleep(0.1)
            await away(scene)
            await call.until(Parked)
            await asyncio.sleep(1)
        (answered,) = call.of(Answered)
        assert answered.at_us == START_US + 500_000
        assert call.names() == ["Progress", "Answered", "Parked", "HungUp"]

    across(program, plan("x", {"after_ms": 500}))


def test_a_call_that_ended_meanwhile_is_over() -> None:
    async def program(scene: Scene) -> None:
        async with scene.call() as call:
            await away(scene, 2)
            assert (await call.end()).cause == "SWITCH_LOST"
            assert not scene.lab.calls.legs

    across(program, plan("x", steps=[{"wait": 1000}, {"hangup": None}]))


def test_a_call_that_never_was_placed_is_over() -> None:
    """The events are not there while the switch refuses it."""

    async def program(scene: Scene) -> None:
        async with scene.call(parked=False) as call:
            scene.proxy.refusing = True
            scene.lose("events")
            await asyncio.sleep(1)
            scene.proxy.refusing = False
            assert (await call.end()).cause == "SWITCH_LOST"

    across(program, plan("x", {"kind": "busy", "after_ms": 100}))


def test_the_end_that_we_asked_for_has_our_cause() -> None:
    """Commands get through while nobody hears the events."""

    async def program(scene: Scene) -> None:
        async with scene.call() as call:
            scene.proxy.refusing = True
            scene.lose("events")
            await asyncio.sleep(0.1)
            await scene.switch.hangup("u", "ALLOTTED_TIMEOUT")
            await asyncio.sleep(0.5)
            scene.proxy.refusing = False
            assert (await call.end()).cause == "ALLOTTED_TIMEOUT"

    across(program, plan("x"))


def test_a_call_that_came_in_is_not_answered_again() -> None:
    """Its answer was before its first event here."""

    async def program(scene: Scene) -> None:
        await scene.switch.originate(originate("u"))
        call = LiveCall("u", 10)
        call.known = call.answered = True
        scene.switch._calls["u"] = call
        await asyncio.sleep(1)
        await away(scene)
        await asyncio.sleep(2)
        await scene.switch.hangup("u")
        async with scene.switch.call("u") as events:
            names = [type(event).__name__ async for event in events]
        assert "Answered" not in names

    across(program, plan("x"))


def test_what_was_played_meanwhile_is_told(tmp_path: Path) -> None:
    async def program(scene: Scene) -> None:
        async with scene.call() as call:
            for tag in ("a", "b"):
                await scene.switch.play("u", Path(wav(tmp_path, f"{tag}.wav", 400)), tag)
            await call.until(PlaybackStarted)
            await away(scene, 1.5)
            await call.until(PlaybackStopped, 2)
            await scene.switch.play("u", Path(wav(tmp_path, "c.wav", 200)), "c")
            await call.until(PlaybackStopped, 3)
        stops = [event for event in call.seen if isinstance(event, PlaybackStopped)]
        assert [(stop.tag, stop.played_ms) for stop in stops] == [("a", 400), ("b", 400), ("c", 200)]

    across(program, plan("x"))


def test_a_later_start_tells_that_the_earlier_has_been_played(tmp_path: Path) -> None:
    async def program(scene: Scene) -> None:
        async with scene.call() as call:
            for tag, length_ms in (("a", 400), ("b", 1400), ("c", 400)):
                await scene.switch.play("u", Path(wav(tmp_path, f"{tag}.wav", length_ms)), tag)
            await call.until(PlaybackStarted)
            await away(scene)
            await call.until(PlaybackStopped, 3)
        stops = [event for event in call.seen if isinstance(event, PlaybackStopped)]
        assert sorted((stop.tag, stop.played_ms) for stop in stops) == [("a", 400), ("b", 1400), ("c", 400)]
        assert stops[0].at_us < stops[2].at_us

    across(program, plan("x"))


def test_a_peer_that_vanished_without_a_word_is_noticed() -> None:
    """Half-open: nothing arrives, nothing is refused. Asked after 5 s, given up after 5 more."""

    async def program(scene: Scene) -> None:
        async with scene.call() as call:
            before = scene.proxy.accepted
            scene.proxy.stall(later=False)
            await asyncio.sleep(9)
            assert scene.proxy.accepted == before
            await asyncio.sleep(3)
            assert scene.proxy.accepted == before + 2
        assert ends(call) == ["NORMAL_CLEARING"]

    across(program, plan("x"))


def test_leaving_a_switch_that_does_not_read_takes_no_time() -> None:
    async def program(scene: Scene) -> None:
        scene.proxy.stall()

    across(program)
