"""What the commands share: their options, and how an error becomes one clear line and an exit code."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console

from robot.errors import ConfigError
from robot.log import configure_log
from robot.scenario.loader import find_scenario, load_scenario
from robot.scenario.schema import Scenario
from robot.settings import Settings, data_folder, load_settings

T = TypeVar("T")
out = Console()
err = Console(stderr=True)

JsonFlag = Annotated[bool, typer.Option("--json", help="Answer in JSON on stdout.")]
ConfigFiles = Annotated[
    list[Path] | None,
    typer.Option(
        "--config", metavar="FILE", help="Settings over the defaults; may be given again.", show_default=False
    ),
]
Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="One setting, e.g. turn.barge_in_ms=300; may be given again.",
        show_default=False,
    ),
]
CONTEXT = {"help_option_names": ["-h", "--help"]}


@dataclass(frozen=True, slots=True)
class RootOptions:
    """Options written before the command."""

    config: tuple[Path, ...] = ()
    overrides: tuple[str, ...] = ()


def settings_of(context: typer.Context, config: Sequence[Path] | None, overrides: Sequence[str] | None) -> Settings:
    """The settings that this command line asks for; logging is set up as they say. Raises ``ConfigError``."""
    root = context.obj if isinstance(context.obj, RootOptions) else RootOptions()
    settings = load_settings([*root.config, *(config or ())], [*root.overrides, *(overrides or ())])
    configure_log(level=settings.log.level, format=settings.log.format, show_pii=settings.log.show_pii)
    return settings


def scenario_of(name: str) -> Scenario:
    """A scenario by name or path. Raises ``ScenarioError``."""
    return load_scenario(find_scenario(name, [Path("scenarios"), data_folder() / "scenarios"]))


def lead_of(pairs: Sequence[str]) -> dict[str, str]:
    """``["first_name=Marie"]`` → a lead. Raises ``ConfigError``."""
    lead: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name.strip():
            raise ConfigError(f"--lead {pair}: write name=value, e.g. --lead first_name=Marie")
        lead[name.strip().removeprefix("lead.")] = value
    return lead


def print_json(value: Any) -> None:
    """``value`` on stdout, for another program."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))


def run(main: Coroutine[Any, Any, T]) -> T:
    """Runs a command's coroutine. Ctrl-C cancels it, so that calls end and their records are written: exit code 130."""
    try:
        return asyncio.run(main)
    except KeyboardInterrupt:
        err.print("interrupted")
        raise typer.Exit(130) from None
