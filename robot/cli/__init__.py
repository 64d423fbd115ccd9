"""The command line: ``allobot …``, also ``python -m robot``. Thin: parse, call, print."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from robot import __version__
from robot.cli import bench, freeswitch, models
from robot.cli.call import call
from robot.cli.common import CONTEXT, ConfigFiles, Overrides, RootOptions, err
from robot.cli.demo import demo
from robot.cli.doctor import doctor
from robot.cli.lab_switch import lab_switch_command
from robot.cli.scenario import app as scenario_app
from robot.cli.serve import serve
from robot.cli.softphone import softphone
from robot.cli.trace import replay_trace
from robot.engines import open_speech
from robot.errors import RobotError, errors_in
from robot.settings import load_settings
from services.errors import BadInput, ServiceError

app = typer.Typer(
    name="allobot",
    help="A telephone voice robot for FreeSWITCH, with a switch of its own to rehearse on.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings=CONTEXT,
)
lab_app = typer.Typer(help="The embedded switch and its instruments.", no_args_is_help=True, context_settings=CONTEXT)
lab_app.command("switch", epilog="Example: allobot lab switch --esl 127.0.0.1:8021 --password secret")(
    lab_switch_command(lambda: open_speech(load_settings()))
)
lab_app.command("replay-trace", epilog="Example: allobot lab replay-trace 01_basic_call.esl.jsonl.gz")(replay_trace)

app.command(epilog="Example: allobot call lab:person_fr --scenario appointment_fr --lead first_name=Marie")(call)
app.command(epilog="Example: allobot demo")(demo)
app.command(epilog="Example: allobot serve --config config/my.local.yaml")(serve)
app.command(epilog="Example: allobot softphone --rendered /etc/allobot-switch")(softphone)
app.command(epilog="Example: allobot doctor")(doctor)
app.add_typer(lab_app, name="lab")
app.add_typer(models.app, name="models")
app.add_typer(bench.app, name="bench")
app.add_typer(scenario_app, name="scenario")
app.add_typer(freeswitch.app, name="freeswitch")


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"allobot {__version__}")
        raise typer.Exit


@app.callback()
def root(
    context: typer.Context,
    config: ConfigFiles = None,
    overrides: Overrides = None,
    allow_insecure: Annotated[
        bool,
        typer.Option(
            "--allow-insecure",
            help="Use a switch with the default password or an event socket open to other machines all the same.",
        ),
    ] = False,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """A telephone voice robot for FreeSWITCH, with a switch of its own to rehearse on."""
    insecure = ("esl.allow_insecure=true",) if allow_insecure else ()
    context.obj = RootOptions(tuple(Path(file) for file in config or ()), (*(overrides or ()), *insecure))


def main() -> None:
    """Runs the command line. Exit codes: 0 done, 1 a run failed, 2 wrong usage or input, 130 interrupted."""
    try:
        app()
    except RobotError as error:
        _say(str(error))
        sys.exit(error.exit_code)
    except ServiceError as error:
        _say(str(error))
        sys.exit(_code(error))
    except BaseExceptionGroup as group:
        sys.exit(_report(group))


def _report(group: BaseExceptionGroup[BaseException]) -> int:
    """Several errors at once, one line each; anything that is not ours is a bug and keeps its traceback."""
    known, unknown = group.split((RobotError, ServiceError))
    if unknown is not None or known is None:
        raise group
    errors = list(errors_in(known))
    for error in errors:
        _say(str(error))
    return max(_code(error) for error in errors)


def _code(error: BaseException) -> int:
    if isinstance(error, RobotError):
        return error.exit_code
    return 2 if isinstance(error, BadInput) else 1


def _say(text: str) -> None:
    err.print(Text.assemble(("error: ", "bold red"), text), soft_wrap=True)
