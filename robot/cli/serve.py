"""``allobot serve``: answers the calls that come in, until it is told to stop."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Mapping, Sequence
from typing import Annotated

import typer

from robot.app import Robot, open_robot, real_surroundings, system_now
from robot.call.closing import FinishedCall
from robot.cli.call import report_saving
from robot.cli.common import ConfigFiles, JsonFlag, Overrides, err, print_json, run, scenario_of, settings_of
from robot.cli.live import LiveView
from robot.errors import ConfigError, ScenarioError
from robot.reception import Stop, reception_of
from robot.scenario.engine import lead_values
from robot.scenario.schema import Scenario
from robot.settings import Settings
from robot.targets import LAB, parse_target


def serve(
    context: typer.Context,
    rehearse: Annotated[
        list[str] | None,
        typer.Option(
            "--rehearse",
            metavar="NUMBER=lab:CALLEE",
            help="On the embedded switch: this callee dials NUMBER; ends with the last such call. May be repeated.",
            show_default=False,
        ),
    ] = None,
    as_json: JsonFlag = False,
    config: ConfigFiles = None,
    overrides: Overrides = None,
) -> None:
    """Answer calls, each with the scenario of the number dialled. A first SIGTERM or Ctrl-C drains, a second ends."""
    settings = settings_of(context, config, overrides)
    scenarios = scenarios_of(settings)
    if not scenarios:
        raise ConfigError(
            "inbound: no number, no extension and no inbound.unknown has a scenario: nobody would be answered"
        )
    callers = [_rehearsal(text, settings) for text in rehearse or ()]
    if settings.switch.kind == "embedded" and not callers:
        raise ConfigError("the embedded switch has no telephones: let callees dial with --rehearse NUMBER=lab:CALLEE")
    finished = run(_serve(settings, scenarios, callers))
    if as_json:
        print_json([one.record.model_dump(mode="json") for one in finished])


def scenarios_of(settings: Settings) -> dict[str, Scenario]:
    """Every scenario that ``inbound`` names; says which fields of the lead its dialplan has to give."""
    inbound = settings.inbound
    named = {*inbound.numbers.values(), *inbound.extensions.values(), inbound.unknown, inbound.closed, inbound.overload}
    scenarios = {name: scenario_of(name) for name in sorted(named - {""})}
    for scenario in scenarios.values():
        try:
            lead_values(scenario, {"caller": "", "called": ""})
        except ScenarioError as error:
            err.print(f"[yellow]{error}, or set the variable allobot_lead_NAME in the dialplan[/]")
    return scenarios


def _rehearsal(text: str, settings: Settings) -> tuple[str, str]:
    number, equals, target = text.partition("=")
    if not equals or not number or not target.startswith(LAB):
        raise ConfigError(f"--rehearse {text}: write NUMBER={LAB}CALLEE, e.g. --rehearse 100={LAB}person_fr")
    place = parse_target(target, settings.switch)
    return number, str(place.callee.resolve()) if place.callee is not None else target.removeprefix(LAB)


async def _serve(
    settings: Settings, scenarios: Mapping[str, Scenario], callers: Sequence[tuple[str, str]]
) -> list[FinishedCall]:
    finished: list[FinishedCall] = []
    stop, loop = Stop(), asyncio.get_running_loop()

    async def done(call: FinishedCall) -> None:
        report_saving(call)
        err.print(f"[dim]record: {call.folder}[/]")
        finished.append(call)
        if callers and len(finished) == len(callers):
            stop.drain.set()

    async with open_robot(settings, real_surroundings(LiveView(err, numbered=True))) as robot:
        reception = reception_of(robot, settings.inbound, scenarios, done, system_now)
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, stop.ask)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(reception.run(stop), name="reception")
                err.print("[dim]ready for calls[/]")
                _dial_in(robot, callers)
        finally:
            for name in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(name)
    return finished


def _dial_in(robot: Robot, callers: Sequence[tuple[str, str]]) -> None:
    for number, callee in callers:
        if robot.lab is None:
            raise ConfigError("--rehearse: only on the embedded switch (switch.kind: embedded)")
        robot.lab.ring_in(callee, number)
