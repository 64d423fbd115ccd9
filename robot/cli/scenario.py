"""``allobot scenario``: check dialogue files before anybody is called with them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from robot.cli.common import CONTEXT, JsonFlag, err, out, print_json
from robot.documents import Severity
from robot.scenario.loader import check_scenario

app = typer.Typer(help="Scenarios: check a dialogue file.", no_args_is_help=True, context_settings=CONTEXT)


@app.callback()
def scenario() -> None:
    """Scenarios: check a dialogue file."""


@app.command(epilog="Example: allobot scenario check scenarios/appointment_fr.yaml")
def check(
    files: Annotated[list[Path], typer.Argument(help="Dialogue files.", show_default=False)], as_json: JsonFlag = False
) -> None:
    """Report everything that is wrong in dialogue files, with file, line and field."""
    problems = [problem for file in files for problem in check_scenario(file)]
    wrong = [problem for problem in problems if problem.severity is Severity.ERROR]
    if as_json:
        print_json(
            [
                {
                    "file": problem.place.source,
                    "line": problem.place.line,
                    "field": problem.field,
                    "what": problem.what,
                    "severity": problem.severity.value,
                }
                for problem in problems
            ]
        )
    else:
        for problem in problems:
            err.print(str(problem), markup=False, highlight=False, soft_wrap=True)
        if not wrong:
            out.print(f"[green]{len(files)} file{'s' if len(files) > 1 else ''} ready[/]")
    if wrong:
        raise typer.Exit(2)
