"""Commands and a lost connection: which wait, which are sent again, which fail; and what is left of many calls."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest
from esl_calls import LOST_CALL_AFTER_S, address_of
from gap import Scene, across
from switch_peer import plan, wav

from robot.errors import NotConnected
from robot.events import HungUp, PlaybackStarted
from robot.protocol import esl
from robot.telephony.esl_address import backoff_s


def test_pauses_double_up_to_a_limit_and_half_of_each_is_chance() -> None:
    address, chance = address_of(1), random.Random(3)
    for attempt, ceiling_s in enumerate([0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]):
        pauses = [backoff_s(address, attempt, chance) for _ in range(200)]
        assert ceiling_s / 2 <= min(pauses) < 0.6 * ceiling_s
        assert 0.9 * ceiling_s < max(pauses) <= ceiling_s
    assert backoff_s(address, 10_000, chance) <= 5.0


def test_a_command_waits_for_the_connection() -> None:
    async def program(scene: Scene) -> None:
        scene.proxy.refusing = True
        scene.proxy.cut()
        await asyncio.sleep(0.5)
        async with asyncio.TaskGroup() as group:
            placed = group.create_task(place(scene))
            await asyncio.sleep(1)
            assert not placed.done()
            scene.proxy.refusing = False

    async def place(scene: Scene) -> None:
        async with scene.call():
            pass

    across(program, plan("x"))


def test_after_the_limit_commands_are_refused_at_once() -> None:
    async def program(scene: Scene) -> None:
        loop = asyncio.get_running_loop()
        scene.proxy.refusing = True
        scene.proxy.cut()
        start_s = loop.time()
        await asyncio.sleep(0.1)
        with pytest.raises(NotConnected):
            await scene.switch.send_dtmf("u", "1")
        assert loop.time() - start_s == pytest.approx(LOST_CALL_AFTER_S, abs=0.01)
        with pytest.raises(NotConnected):
            await scene.switch.send_dtmf("u", "1")
        assert loop.time() - start_s == pytest.approx(LOST_CALL_AFTER_S, abs=0.01)

    across(program)


def test_a_break_in_flight_is_sent_again(tmp_path: Path) -> None:
    async def program(scene: Scene) -> None:
        async with scene.call() as call:
            await scene.switch.play("u", Path(wav(tmp_path, "a.wav", 20_000)), "a")
            await call.until(PlaybackStarted)
            fired: list[esl.Event] = []
            scene.lab.core.listen(fired.append)
            scene.proxy.stall(later=False)
            await scene.switch.break_("u")
            await asyncio.sleep(0.1)
            assert [event.get("Playback-Status") for event in fired if event.name == "PLAYBACK_STOP"] == ["break"]

    across(program, plan("x"))


@pytest.mark.parametrize("command", ["play", "dtmf"])
def test_what_must_not_be_done_twice_fails_when_its_reply_is_lost(command: str, tmp_path: Path) -> None:
    async def program(scene: Scene) -> None:
        async with scene.call() as call:
            scene.proxy.stall(later=False)
            path = Path(wav(tmp_path, "a.wav", 200))
            doing = scene.switch.play("u", path, "a") if command == "play" else scene.switch.send_dtmf("u", "1")
            with pytest.raises(NotConnected, match="no reply within 5 s"):
                await doing
            await asyncio.sleep(1)
        assert [type(event) for event in call.seen].count(HungUp) == 1
        assert "SWITCH_LOST" not in [event.cause for event in call.seen if isinstance(event, HungUp)]

    across(program, plan("x"))


def test_a_hangup_that_could_not_be_told_is_told_later() -> None:
    """The robot has given the call up; the channel is not left behind."""

    async def program(scene: Scene) -> None:
        async with scene.switch.call("other"):
            with pytest.raises(ExceptionGroup):  # noqa: PT012 - the call's own end raises
                async with scene.call():
                    scene.proxy.refusing = True
                    scene.proxy.cut()
                    await asyncio.sleep(1)
            assert "u" in scene.lab.calls.legs
            scene.proxy.refusing = False
            await asyncio.sleep(10)
            assert not scene.lab.calls.legs
            assert not scene.switch._orphans

    across(program, plan("x"))


def test_an_order_whose_fate_is_unknown_leaves_no_channel() -> None:
    async def program(scene: Scene) -> None:
        scene.proxy.stall(later=False)
        with pytest.raises(ExceptionGroup) as caught:
            async with scene.call(parked=False):
                pytest.fail("was placed")
        assert isinstance(caught.value.exceptions[0], NotConnected)
        await scene.switch.hangup("u")
        await asyncio.sleep(1)
        assert not scene.lab.calls.legs

    across(program, plan("x"))


def test_a_thousand_calls_leave_nothing() -> None:
    async def program(scene: Scene) -> None:
        async def one(uuid: str) -> None:
            async with scene.call(uuid, parked=False):
                await asyncio.sleep(1)

        for tens in range(20):
            async with asyncio.TaskGroup() as group:
                for number in range(50):
                    group.create_task(one(f"u-{tens}-{number}"))
        switch = scene.switch
        assert (switch._calls, switch._orphans, len(switch._jobs)) == ({}, {}, 0)
        for lane in (switch._commands, switch._events):
            assert lane._link is not None
            assert not lane._link._pending
        assert len(asyncio.all_tasks()) < 20

    across(program, plan("x"))
