"""``allobot softphone``: what to enter in a softphone, and what to dial."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from robot.cli.common import ConfigFiles, JsonFlag, Overrides, out, print_json, settings_of
from robot.errors import ConfigError
from robot.freeswitch.next_steps import next_steps


def softphone(
    context: typer.Context,
    rendered: Annotated[
        Path,
        typer.Option("--rendered", metavar="DIR", help="The folder of allobot freeswitch render.", show_default=False),
    ],
    as_json: JsonFlag = False,
    config: ConfigFiles = None,
    overrides: Overrides = None,
) -> None:
    """Print what to enter in a softphone (Linphone, Zoiper, MicroSIP), and which extension reaches which scenario."""
    settings = settings_of(context, config, overrides)
    phones = next_steps(settings, rendered.absolute()).softphones
    if not phones:
        raise ConfigError("freeswitch.softphones: none is named; add e.g. [{user: '1001'}] and render again")
    missing = [phone.password_file for phone in phones if not Path(phone.password_file).is_file()]
    if missing:
        raise ConfigError(f"{missing[0]}: no such password; run: allobot freeswitch render --to {rendered}")
    extensions = dict(settings.inbound.extensions)
    if as_json:
        print_json({"softphones": [asdict(phone) for phone in phones], "extensions": extensions})
        return
    accounts = Table(title="Enter in the softphone", box=None)
    for heading in ("user", "domain / server", "transport", "password: see the file"):
        accounts.add_column(heading, overflow="fold")
    for phone in phones:
        accounts.add_row(phone.user, phone.server, "UDP or TCP", phone.password_file)
    out.print(accounts)
    dialled = Table(title="Dial", box=None)
    dialled.add_column("extension")
    dialled.add_column("answers")
    dialled.add_row(settings.freeswitch.echo_extension, "echo: hear yourself")
    for extension, scenario in extensions.items():
        dialled.add_row(extension, scenario)
    out.print(dialled)
    if not extensions:
        out.print("[yellow]no extension reaches the robot: set inbound.extensions, render again, then allobot serve[/]")
