"""The connection to a real FreeSWITCH breaks with calls up (the twins of this are in test_esl_gap.py).

``ALLOBOT_TEST_ESL=host:port:password`` names the switch; it calls itself by ``ALLOBOT_TEST_DIAL``, a dial string of
something that answers and stays, by default the loopback to the application ``park``.
"""

from __future__ import annotations

import asyncio
import os
import random
import uuid
from dataclasses import replace

import pytest
from esl_calls import LOST_CALL_AFTER_S, address_of
from proxy import Proxy

from robot.events import Answered, CallEvent, HungUp, Parked
from robot.telephony.esl_client import EslSwitch
from robot.telephony.switch import Originate

pytestmark = pytest.mark.freeswitch
CALLS = 5
LIMIT_S = 60.0
DIAL = os.environ.get("ALLOBOT_TEST_DIAL", "loopback/answer,park/default/inline")


def on_real(away_s: float) -> list[list[CallEvent]]:
    """Cuts every connection while calls are up, for so long; gives what each call saw, hung up in the end."""
    host, port, password = os.environ["ALLOBOT_TEST_ESL"].split(":", 2)
    assert host in ("127.0.0.1", "localhost"), "the proxy forwards to this machine"

    async def main() -> list[list[CallEvent]]:
        async with asyncio.timeout(LIMIT_S), Proxy(int(port)) as proxy:
            address = replace(address_of(proxy.port), password=password)
            async with EslSwitch(address, random.Random()) as switch, asyncio.TaskGroup() as group:
                up = [asyncio.Event() for _ in range(CALLS)]
                calls = [group.create_task(hold(switch, event), name=str(uuid.uuid4())) for event in up]
                for event in up:
                    await event.wait()
                proxy.refusing = True
                proxy.cut()
                await asyncio.sleep(away_s)
                proxy.refusing = False
                for lane in (switch._events, switch._commands):
                    await lane._up.wait()
                names = [call.get_name() for call in calls]
                for name in names:
                    if name in switch._calls:
                        await switch.hangup(name)
                await asyncio.sleep(1)
                assert [await switch._api("uuid_exists", name) for name in names] == ["false"] * CALLS
            return [call.result() for call in calls]

    return asyncio.run(main())


async def hold(switch: EslSwitch, up: asyncio.Event) -> list[CallEvent]:
    """A call named as its task."""
    seen: list[CallEvent] = []
    task = asyncio.current_task()
    assert task is not None
    name = task.get_name()
    async with switch.call(name) as events:
        await switch.originate(Originate(name, DIAL, 20))
        async for event in events:
            seen.append(event)
            if isinstance(event, Parked):
                up.set()
    return seen


def causes(calls: list[list[CallEvent]]) -> list[str]:
    return [event.cause for seen in calls for event in seen if isinstance(event, HungUp)]


def test_calls_outlive_a_connection_that_comes_back() -> None:
    calls = on_real(1.0)
    assert causes(calls) == ["NORMAL_CLEARING"] * CALLS
    assert [sum(isinstance(event, Answered) for event in seen) for seen in calls] == [1] * CALLS


def test_a_connection_that_stays_away_ends_them_and_leaves_no_channel() -> None:
    assert causes(on_real(LOST_CALL_AFTER_S + 1)) == ["SWITCH_LOST"] * CALLS
