"""What goes wrong between the robot and a switch: calls that fail, commands too late, a switch that vanishes."""

from __future__ import annotations

import asyncio
import random
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from esl_calls import PASSWORD, Call, address_of, in_call, originate, robot_on, with_switch
from switch_peer import DIAL, QUIET, Callees, plan

from robot.errors import CommandFailed, LocalProtocolError, NotConnected
from robot.events import CallEvent, HungUp, Parked
from robot.lab.clock import run_virtual
from robot.lab.switch import EmbeddedSwitch
from robot.protocol import esl
from robot.telephony.esl_client import EslSwitch
from robot.telephony.switch import Originate


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        ({"kind": "busy"}, ("USER_BUSY", 17, "sip:486")),
        ({"kind": "reject"}, ("CALL_REJECTED", 21, "sip:603")),
        ({"kind": "unallocated"}, ("UNALLOCATED_NUMBER", 1, "sip:404")),
    ],
)
def test_a_call_that_fails_ends_once_with_its_cause(outcome: dict[str, object], expected: tuple[str, int, str]) -> None:
    async def program(call: Call) -> None:
        await call.end()
        await asyncio.sleep(5)

    call = in_call(program, plan("x", outcome))
    ends = call.of(HungUp)
    assert [(end.cause, end.q850, end.sip) for end in ends if isinstance(end, HungUp)] == [expected]


def test_nobody_answers_in_the_time_allowed() -> None:
    async def program(call: Call) -> None:
        await call.end()

    call = in_call(program, plan("x", {"kind": "no_answer"}), request=Originate("u", DIAL.format("x"), 3))
    assert [(end.cause, end.q850) for end in call.of(HungUp) if isinstance(end, HungUp)] == [("NO_ANSWER", 19)]


def test_a_call_that_never_gets_a_channel_ends_with_the_answer_to_originate() -> None:
    async def program(call: Call) -> None:
        await call.end()

    call = in_call(program, plan("x"), request=Originate("u", "sofia/nowhere/x@127.0.0.1", 30))
    assert [(end.cause, end.q850) for end in call.of(HungUp) if isinstance(end, HungUp)] == [("INVALID_PROFILE", 0)]


def test_hanging_up_what_is_gone_is_no_error() -> None:
    async def program(call: Call) -> None:
        await call.until(Parked)
        await call.switch.hangup("u", "USER_BUSY")
        await call.end()
        await call.switch.hangup("u")
        await call.switch.hangup("never-was")

    (end,) = [event for event in in_call(program, plan("x")).seen if isinstance(event, HungUp)]
    assert end.cause == "USER_BUSY"


@pytest.mark.parametrize("command", ["break", "play", "record", "stream", "dtmf", "transfer"])
def test_other_commands_to_what_is_gone_fail(command: str, tmp_path: Path) -> None:
    async def program(switch: EslSwitch, lab: EmbeddedSwitch) -> None:
        does = {
            "break": lambda: switch.break_("gone"),
            "play": lambda: switch.play("gone", tmp_path / "a.wav", "a"),
            "record": lambda: switch.start_recording("gone", tmp_path / "a.wav"),
            "stream": lambda: switch.start_stream("gone", "ws://127.0.0.1:1/x", rate_hz=8000),
            "dtmf": lambda: switch.send_dtmf("gone", "1"),
            "transfer": lambda: switch.transfer("gone", "5000"),
        }
        with pytest.raises(CommandFailed, match="-ERR"):
            await does[command]()

    with_switch(program)


@pytest.mark.parametrize(
    "dial_string",
    ["", "a b", "x'y", 'x"y', "x\\y", "{a=b}sofia/internal/x", "[a=b]user/x", "<a=b>user/x", "x\ny", "x\0y", "x\ty",
     "user/a:_:user/b", "x\u2028y"],
)  # fmt: skip
def test_a_dial_string_that_is_more_than_one_is_not_sent(dial_string: str) -> None:
    async def program(switch: EslSwitch, lab: EmbeddedSwitch) -> None:
        async with switch.call("u"):
            with pytest.raises(LocalProtocolError):
                await switch.originate(Originate("u", dial_string, 30))
        assert lab.calls.started == 0

    with_switch(program)


def test_the_answer_to_originate_may_overtake_the_channel_s_own_end() -> None:
    """As a real switch does for NO_ANSWER: the cause of the protocol comes with the channel's last event."""

    async def main() -> list[CallEvent]:
        switch = EslSwitch(address_of(0), random.Random(1))
        async with switch.call("u") as events:
            with pytest.raises(NotConnected):
                await switch.originate(originate("u"))
            for name, body in (
                ("CHANNEL_CREATE", ""),
                ("BACKGROUND_JOB", "-ERR NO_ANSWER\n"),
                ("CHANNEL_HANGUP_COMPLETE", ""),
            ):
                headers = {"Event-Name": name, "Unique-ID": "u", "Hangup-Cause": "NO_ANSWER"}
                if name == "BACKGROUND_JOB":
                    headers = {"Event-Name": name, "Job-UUID": "originate-u"}
                switch._on_event(esl.Event({**headers, "variable_hangup_cause_q850": "19"}, body))
            return [event async for event in events]

    assert run_virtual(main()) == [HungUp(0, "NO_ANSWER", 19)]


@pytest.mark.parametrize("body", ["-USAGE: <call url> …", "-ERR what now", "-ERR"])
def test_an_originate_that_is_not_understood_ends_the_call(body: str) -> None:
    async def main() -> list[CallEvent]:
        switch = EslSwitch(address_of(0), random.Random(1))
        async with switch.call("u") as events:
            with pytest.raises(NotConnected):
                await switch.originate(originate("u"))
            switch._on_event(esl.Event({"Event-Name": "BACKGROUND_JOB", "Job-UUID": "originate-u"}, body))
            return [event async for event in events]

    assert run_virtual(main()) == [HungUp(0, "UNKNOWN")]


def test_a_wrong_password() -> None:
    async def main() -> None:
        async with EmbeddedSwitch(Callees(QUIET), password=PASSWORD) as lab:
            with pytest.raises(CommandFailed, match="ALLOBOT_ESL_PASSWORD"):
                async with robot_on(lab, password="wrong"):
                    pytest.fail("was let in")

    run_virtual(main())


def test_an_error_of_its_user_leaves_as_it_came() -> None:
    async def program(switch: EslSwitch, lab: EmbeddedSwitch) -> None:
        with pytest.raises(ZeroDivisionError):
            async with robot_on(lab):
                raise ZeroDivisionError

    with_switch(program)


def test_a_switch_that_shuts_down_ends_every_call() -> None:
    """Calls get their own end first; what comes after is NotConnected."""

    async def main() -> str:
        down = AsyncExitStack()
        lab = await down.enter_async_context(EmbeddedSwitch(Callees(QUIET, plan("x")), password=PASSWORD))
        async with robot_on(lab) as switch:
            call = Call(switch, lab, "u")
            async with switch.call("u") as events, asyncio.TaskGroup() as group:
                group.create_task(call.read(events))
                await switch.originate(originate("u"))
                await call.until(Parked)
                await down.aclose()
                end = await call.end()
            with pytest.raises(NotConnected):
                await switch.hangup("u")
            return end.cause

    assert run_virtual(main()) == "SYSTEM_SHUTDOWN"


def test_a_call_that_does_not_read_is_ended_alone_and_leaves_no_channel() -> None:
    async def program(switch: EslSwitch, lab: EmbeddedSwitch) -> None:
        async with switch.call("deaf") as events:
            await switch.originate(originate("deaf"))
            await asyncio.sleep(3)
            seen = [event async for event in events]
            assert "deaf" in lab.calls.legs
        assert [type(event).__name__ for event in seen] == ["Progress", "Answered", "HungUp"]
        assert isinstance(seen[-1], HungUp)
        assert seen[-1].cause == "SWITCH_LOST"
        await asyncio.sleep(1)
        assert not lab.calls.legs

    with_switch(program, plan("x"), queue=2)
