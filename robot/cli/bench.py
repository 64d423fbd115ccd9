"""``allobot bench``: figures of this machine, from whole calls."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Table

from robot.app import open_robot, real_surroundings
from robot.call.record import CallRecord
from robot.cli.bench_esl import bench_esl
from robot.cli.bench_switch import switch
from robot.cli.common import (
    CONTEXT,
    ConfigFiles,
    JsonFlag,
    Overrides,
    err,
    out,
    print_json,
    run,
    scenario_of,
    settings_of,
)
from robot.cli.figure import Figure
from robot.settings import Settings
from robot.targets import LAB

app = typer.Typer(help="Benches: figures of this machine.", no_args_is_help=True, context_settings=CONTEXT)
app.command("esl", epilog="Example: allobot bench esl --events 50000 --json")(bench_esl)


@app.callback()
def bench() -> None:
    """Benches: figures of this machine."""


app.command(epilog="Example: allobot bench switch --calls 1,10,50 --json")(switch)


@app.command(epilog="Example: allobot bench call --runs 5 --json")
def call(
    context: typer.Context,
    target: Annotated[str, typer.Argument(help="A callee of the lab, as for allobot call.")] = "lab:person_en",
    scenario: Annotated[str, typer.Option("--scenario", "-s", help="Name or file.")] = "appointment_en",
    runs: Annotated[
        int, typer.Option("--runs", "-n", min=1, max=1000, help="How many calls, one after the other.")
    ] = 3,
    as_json: JsonFlag = False,
    config: ConfigFiles = None,
    overrides: Overrides = None,
) -> None:
    """Hold the same call several times, and say how quick the robot was, measured on the audio."""
    settings = settings_of(context, config, overrides)
    records = run(_hold(settings, target, scenario, runs))
    figures = {name: Figure.of(values) for name, values in _measures(records).items()}
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    if as_json:
        rows = {name: figure and asdict(figure) for name, figure in figures.items()}
        print_json({"machine": machine, "target": target, "runs": runs, "figures_ms": rows})
        return
    table = Table(title=f"{target}, {runs} calls ({machine}); ms")
    for heading in ("measure", "n", "min", "p50", "p95", "max"):
        table.add_column(heading, justify="left" if heading == "measure" else "right")
    for name, figure in figures.items():
        if figure is not None:
            values = (figure.minimum, figure.p50, figure.p95, figure.maximum)
            table.add_row(name, str(figure.n), *(f"{value:.0f}" for value in values))
    out.print(table)


async def _hold(settings: Settings, target: str, scenario_name: str, runs: int) -> list[CallRecord]:
    scenario = scenario_of(scenario_name)
    records: list[CallRecord] = []
    async with open_robot(settings, real_surroundings()) as robot:
        for number in range(1, runs + 1):
            err.print(f"[dim]call {number} of {runs}[/]")
            lead = scenario.samples() if target.startswith(LAB) else {}
            records.append((await robot.call(target, scenario, lead)).record)
    return records


def _measures(records: Sequence[CallRecord]) -> Mapping[str, Sequence[float]]:
    turns = [turn for record in records for turn in record.turns]
    barge_ins = [barge_in for record in records for barge_in in record.barge_ins]
    verdicts = [record.amd for record in records if record.amd is not None]
    return {
        "verdict, from the answer": [amd.decided_at_ms for amd in verdicts],
        "verdict, computing": [amd.compute_ms for amd in verdicts],
        "end of speech → robot on the line": [turn.response_ms for turn in turns if turn.response_ms is not None],
        "recognition of a turn": [turn.asr_compute_ms for turn in turns if turn.asr_compute_ms is not None],
        "barge-in → silence": [one.onset_to_silence_ms for one in barge_ins if one.onset_to_silence_ms is not None],
    }
