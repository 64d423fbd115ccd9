"""Calls that come in: answered by the scenario of the number, refused, drained; in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from calls import MODEL, Seen, dialogue_of, plan_file, settings_for, surroundings_for

from robot.app import open_robot
from robot.call.closing import FinishedCall
from robot.call.record import CallRecord, load_record
from robot.lab.clock import run_virtual
from robot.reception import Reception, Stop, reception_of

NUMBERS = ("inbound.numbers={'33123': reception_fr}", "inbound.extensions={'100': reception_fr}", "inbound.max_calls=2")
ASKS = """
  - wait_robot_speaks:
  - wait_robot_silent: {for_ms: 1200}
  - say: "Je voudrais un rendez-vous."
  - wait_robot_speaks:
  - wait_robot_silent: {for_ms: 1200}
  - say: "Jeudi matin."
"""
HEARD = ("Je voudrais un rendez-vous.", "Jeudi matin.")


def receive(
    folder: Path,
    callers: Sequence[tuple[Path, str]],
    *,
    overrides: Sequence[str] = (),
    drain_after_s: float | None = None,
    end_after_s: float | None = None,
) -> tuple[list[CallRecord], Reception]:
    """Lets each of ``callers`` (plan, number dialled) ring in at once; stops when all calls are over."""
    settings = settings_for(folder, HEARD, MODEL, [*NUMBERS, *overrides])
    finished: list[CallRecord] = []
    seen: list[Seen] = []
    around = surroundings_for(seen, 7)

    async def done(call: FinishedCall) -> None:
        finished.append(call.record)

    async def main() -> Reception:
        stop = Stop()
        async with open_robot(settings, around) as robot:
            assert robot.lab is not None
            scenarios = {"reception_fr": dialogue_of("reception_fr")}
            reception = reception_of(robot, settings.inbound, scenarios, done, around.now)
            async with asyncio.TaskGroup() as group:
                group.create_task(reception.run(stop))
                for plan, number in callers:
                    robot.lab.ring_in(str(plan), number)
                if drain_after_s is None:
                    await asyncio.sleep(60)
                else:
                    await asyncio.sleep(drain_after_s)
                stop.ask()
                if end_after_s is not None:
                    await asyncio.sleep(end_after_s)
                    stop.ask()
        return reception

    return finished, run_virtual(main())


@pytest.mark.parametrize("number", ["33123", "+33123", "100"])
def test_the_scenario_of_the_number_answers(tmp_path: Path, number: str) -> None:
    (record,), _ = receive(tmp_path, [(plan_file(tmp_path, ASKS), number)])
    assert record.errors == ()
    assert (record.direction, record.scenario, record.disposition) == ("inbound", "reception_fr", "booking")
    assert record.amd is None
    assert [turn.caller_text for turn in record.turns] == ["", *HEARD]
    assert record.turns[0].heard_text.startswith("Cabinet du docteur Morel, bonjour.")


def test_an_unknown_number_is_refused(tmp_path: Path) -> None:
    records, reception = receive(tmp_path, [(plan_file(tmp_path, ASKS), "999")])
    assert records == []
    assert reception.refused == {"unknown": 1}


def test_outside_the_hours_only_softphones_are_answered(tmp_path: Path) -> None:
    plan = plan_file(tmp_path, "  - wait: 2000\n  - hangup:\n")
    closed = ("inbound.hours={'sun': ['00:00-24:00']}",)  # it is a Monday
    records, reception = receive(tmp_path, [(plan, "33123"), (plan, "100")], overrides=closed)
    assert reception.refused == {"closed": 1}
    assert len(records) == 1


def test_more_calls_than_allowed_are_refused(tmp_path: Path) -> None:
    plan = plan_file(tmp_path, "  - wait: 20000\n  - hangup:\n")
    records, reception = receive(tmp_path, [(plan, "33123")] * 4)
    assert reception.refused == {"overload": 2}
    assert len(records) == 2


def test_draining_lets_calls_finish_and_takes_no_more(tmp_path: Path) -> None:
    plan = plan_file(tmp_path, "  - wait: 20000\n  - hangup:\n")
    (record,), _ = receive(tmp_path, [(plan, "33123")], drain_after_s=5)
    assert record.hangup is not None
    assert record.hangup.by == "caller"
    assert not record.interrupted


def test_the_grace_period_ends(tmp_path: Path) -> None:
    plan = plan_file(tmp_path, "  - wait: 200000\n  - hangup:\n")
    records, _ = receive(tmp_path, [(plan, "33123")], drain_after_s=5, overrides=["inbound.grace_s=8.0"])
    assert records == []
    (path,) = (tmp_path / "runs").glob("*/*/record.json")
    assert load_record(path).interrupted


def test_the_second_word_to_stop_ends_at_once(tmp_path: Path) -> None:
    plan = plan_file(tmp_path, "  - wait: 200000\n  - hangup:\n")
    receive(tmp_path, [(plan, "33123")], drain_after_s=5, end_after_s=1)
    (path,) = (tmp_path / "runs").glob("*/*/record.json")
    record = load_record(path)
    assert record.interrupted
    assert record.hangup is not None
    assert record.hangup.by == "robot"


def test_a_scenario_that_needs_a_lead_is_refused_and_said(tmp_path: Path) -> None:
    plan = plan_file(tmp_path, "  - wait: 20000\n  - hangup:\n")
    settings = settings_for(tmp_path, (), MODEL, ["inbound.unknown=appointment_fr"])
    finished: list[FinishedCall] = []
    around = surroundings_for([], 7)

    async def done(call: FinishedCall) -> None:
        finished.append(call)

    async def main() -> int:
        stop = Stop()
        async with open_robot(settings, around) as robot:
            assert robot.lab is not None
            scenarios = {"appointment_fr": dialogue_of("appointment_fr")}
            reception = reception_of(robot, settings.inbound, scenarios, done, around.now)
            async with asyncio.TaskGroup() as group:
                group.create_task(reception.run(stop))
                robot.lab.ring_in(str(plan), "1")
                await asyncio.sleep(5)
                stop.ask()
            return len(robot.lab.calls.legs)

    assert run_virtual(main()) == 0
    assert finished == []
