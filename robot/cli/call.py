"""``allobot call``: one call, live on screen, its record at the end."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from robot.app import open_robot, real_surroundings
from robot.call.closing import FinishedCall
from robot.call.record import CallRecord, RecordUnsaved
from robot.cli.common import (
    ConfigFiles,
    JsonFlag,
    Overrides,
    err,
    lead_of,
    out,
    print_json,
    run,
    scenario_of,
    settings_of,
)
from robot.cli.live import LiveView
from robot.scenario.schema import Scenario
from robot.settings import Settings
from robot.targets import LAB

FAILED_CAUSES = frozenset({"SWITCH_LOST", "NORMAL_TEMPORARY_FAILURE", "DESTINATION_OUT_OF_ORDER", "INVALID_PROFILE"})


def call(
    context: typer.Context,
    target: Annotated[
        str,
        typer.Argument(
            help="lab:FILE (a sound file or a callee plan) or lab:NAME on the embedded switch; a number or a dial "
            "string on a FreeSWITCH.",
            show_default=False,
        ),
    ],
    scenario: Annotated[str, typer.Option("--scenario", "-s", help="Name or file.")] = "appointment_fr",
    lead: Annotated[
        list[str] | None,
        typer.Option("--lead", "-l", metavar="NAME=VALUE", help="A field of the lead.", show_default=False),
    ] = None,
    as_json: JsonFlag = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No live view.")] = False,
    config: ConfigFiles = None,
    overrides: Overrides = None,
) -> None:
    """Place one call and show what happens."""
    settings = settings_of(context, config, overrides)
    dialogue = scenario_of(scenario)
    fields = lead_of(lead or [])
    if target.startswith(LAB):
        fields = dialogue.samples() | fields
    finished = run(_call(settings, target, dialogue, fields, quiet=quiet))
    report_saving(finished)
    if as_json:
        print_json(finished.record.model_dump(mode="json"))
    else:
        out.print(summary(finished.record, finished.folder))
    if failed(finished.record):
        raise typer.Exit(1)


async def _call(
    settings: Settings, target: str, scenario: Scenario, lead: dict[str, str], *, quiet: bool
) -> FinishedCall:
    observe = None if quiet else LiveView(err)
    async with open_robot(settings, real_surroundings(observe)) as robot:
        return await robot.call(target, scenario, lead)


def failed(record: CallRecord) -> bool:
    """Whether the call was not carried out; busy or no answer is an outcome, not a failure."""
    return record.interrupted or record.hangup is None or record.hangup.cause in FAILED_CAUSES


def report_saving(finished: FinishedCall) -> None:
    """Says where the record went when it is not where it belongs."""
    saved = finished.saved
    if isinstance(saved, RecordUnsaved):
        err.print(f"[red]the record could not be saved ({saved.problem}); here it is:[/]")
        err.print(saved.text, markup=False, highlight=False, soft_wrap=True)
    elif saved.problem:
        err.print(f"[red]{saved.problem}; the record was rescued to {saved.path}[/]")


def summary(record: CallRecord, folder: Path) -> Table:
    """A call in a few lines."""
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_row("disposition", f"[bold]{record.disposition}[/]")
    if record.amd is not None:
        table.add_row("verdict", f"{record.amd.verdict} at {record.amd.decided_at_ms:.0f} ms ({record.amd.reason})")
    responses = [turn.response_ms for turn in record.turns if turn.response_ms is not None]
    table.add_row("turns", str(len(record.turns)))
    if responses:
        table.add_row("response", ", ".join(f"{value:.0f} ms" for value in responses))
    for barge_in in record.barge_ins:
        lag = barge_in.onset_to_silence_ms
        table.add_row("barge-in", "-" if lag is None else f"silent {lag:.0f} ms after the onset")
    if record.hangup is not None:
        table.add_row("hangup", f"{record.hangup.cause} by {record.hangup.by}")
    for error in record.errors:
        table.add_row("[red]error[/]", error)
    table.add_row("record", str(folder))
    return table
