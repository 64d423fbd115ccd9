"""``allobot freeswitch``: a real FreeSWITCH, configured."""

from __future__ import annotations

import os
import secrets
import shlex
from pathlib import Path
from typing import Annotated

import typer

from robot.cli.common import CONTEXT, ConfigFiles, JsonFlag, Overrides, err, out, print_json, settings_of
from robot.cli.freeswitch_check import check
from robot.freeswitch import Plan, gather_passwords, plan_folder, render, write_folder
from robot.freeswitch.diff import diff_of
from robot.freeswitch.folder import Kind
from robot.freeswitch.next_steps import NextSteps, next_steps
from robot.freeswitch.passwords import ALPHABET, LENGTH

app = typer.Typer(
    help="A real FreeSWITCH: write its configuration, check it.", no_args_is_help=True, context_settings=CONTEXT
)
app.command(epilog="Example: allobot freeswitch check --config my.yaml")(check)


@app.callback()
def freeswitch() -> None:
    """A real FreeSWITCH: write its configuration."""


@app.command("render", epilog="Example: allobot freeswitch render --to ~/allobot-freeswitch --config my.yaml")
def render_command(
    context: typer.Context,
    to: Annotated[Path, typer.Option("--to", metavar="DIR", help="The folder to write.", show_default=False)],
    diff: Annotated[bool, typer.Option("--diff", help="Show what would change, and write nothing.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite files that somebody has changed.")] = False,
    new_passwords: Annotated[bool, typer.Option("--new-passwords", help="Make up all passwords anew.")] = False,
    as_json: JsonFlag = False,
    config: ConfigFiles = None,
    overrides: Overrides = None,
) -> None:
    """Write a FreeSWITCH's configuration, with passwords of its own, from the settings."""
    settings = settings_of(context, config, overrides)
    folder = to.expanduser().absolute()
    passwords = gather_passwords(settings, folder, os.environ, _invent, renew=new_passwords)
    plan = plan_folder(folder, render(settings, passwords))
    if diff:
        _show_diff(plan, as_json)
        return
    write_folder(plan, force=force)
    steps = next_steps(settings, folder)
    if as_json:
        print_json(
            {**_summary(plan), "start": steps.start, "export": steps.export, "call": steps.call, "notes": steps.notes}
        )
    else:
        _show(plan, steps)


def _invent() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def _summary(plan: Plan) -> dict[str, object]:
    changed = {kind.value: plan.paths(kind) for kind in Kind}
    return {"folder": str(plan.folder), **changed}


def _show_diff(plan: Plan, as_json: bool) -> None:
    text = diff_of(plan)
    conflicts = {change.path: change.conflict for change in plan.conflicts}
    if as_json:
        print_json({**_summary(plan), "conflicts": conflicts, "diff": text})
        return
    typer.echo(text, nl=False)
    for path, why in conflicts.items():
        err.print(f"{path} {why}: only --force overwrites it", markup=False, highlight=False, soft_wrap=True)
    if not text:
        out.print("nothing would change")


def _show(plan: Plan, steps: NextSteps) -> None:
    counts = ", ".join(f"{len(paths)} {kind.value}" for kind in Kind if (paths := plan.paths(kind)))
    typer.echo(f"{plan.folder}: {counts}\n\nStart FreeSWITCH, as the user who may read that folder:\n  {steps.start}")
    typer.echo(f"\nLet the robot in:\n  {steps.export}\n\nTry it, with the same settings:\n  {steps.call}")
    for phone in steps.softphones:
        typer.echo(f"\nSoftphone {phone.user}: server {phone.server}, password: cat {shlex.quote(phone.password_file)}")
    for note in steps.notes:
        typer.echo(f"\nNote: {note}")
