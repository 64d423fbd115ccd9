"""``allobot bench esl``: our ESL client beside two others, on the same stream, in the same run."""

from __future__ import annotations

import importlib.util
import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated, Any

import typer
from rich.table import Table

from robot.cli.common import JsonFlag, err, out, print_json
from robot.errors import RobotError

OTHERS = ("greenswitch", "genesis")
LIMIT_S = 300.0
WANTED_RATIO = 4.0
"""over greenswitch"""
WANTED_P99_MS = 5.0


def bench_esl(
    events: Annotated[int, typer.Option("--events", min=1000, max=10_000_000, help="Events for each client.")] = 50_000,
    as_json: JsonFlag = False,
) -> None:
    """Measure our ESL client: events per second, and how long a command takes, beside greenswitch and genesis.

    The others are optional: pip install greenswitch genesis. What a CPU second gives does not depend on the other work
    of this machine, so the ratio is taken from it.
    """
    figures: dict[str, Any] = {}
    with _feeder() as port:
        for client in ("native", *OTHERS):
            if client != "native" and importlib.util.find_spec(client) is None:
                figures[client] = None
                continue
            err.print(f"[dim]{client}[/]")
            figures[client] = _run(client, port, events)
    ratios = {
        client: figures["native"]["events_per_cpu_s"] / figures[client]["events_per_cpu_s"]
        for client in OTHERS
        if figures[client] is not None
    }
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    if as_json:
        print_json({"machine": machine, "events": events, "clients": figures, "ratio_to_native": ratios})
        return
    out.print(_table(figures, ratios, machine))
    for client in OTHERS:
        if figures[client] is None:
            out.print(f"{client} is not installed: pip install {client}")


def _table(figures: dict[str, Any], ratios: dict[str, float], machine: str) -> Table:
    table = Table(title=f"ESL clients ({machine}); command round trips in ms", caption=_verdict(figures, ratios))
    for heading in ("client", "events/s", "per CPU s", "ours is", "idle p50", "p95", "p99", "busy p50", "p95", "p99"):
        table.add_column(heading, justify="left" if heading == "client" else "right")
    for client, one in figures.items():
        if one is not None:
            times = [f"{one[state][p]:.2f}" for state in ("idle_ms", "busy_ms") for p in ("p50", "p95", "p99")]
            ratio = f"{ratios[client]:.1f} ×" if client in ratios else ""
            table.add_row(
                _named(client), f"{one['events_per_s']:,.0f}", f"{one['events_per_cpu_s']:,.0f}", ratio, *times
            )
    return table


def _verdict(figures: dict[str, Any], ratios: dict[str, float]) -> str:
    p99_ms = figures["native"]["busy_ms"]["p99"]
    told = [f"p99 beside 1,000 events/s {'≤' if p99_ms <= WANTED_P99_MS else '>'} {WANTED_P99_MS:g} ms"]
    if "greenswitch" in ratios:
        told.append(f"{'≥' if ratios['greenswitch'] >= WANTED_RATIO else '<'} {WANTED_RATIO:g} × greenswitch")
    return ", ".join(told)


def _named(client: str) -> str:
    try:
        return client if client == "native" else f"{client} {version(client)}"
    except PackageNotFoundError:
        return client


@contextmanager
def _feeder() -> Iterator[int]:
    """The peer, in a process of its own; gives its port."""
    with subprocess.Popen(
        [sys.executable, "-m", "robot.bench.esl_feeder"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            if not line:
                raise RobotError("the bench's switch did not start")
            yield int(line)
        finally:
            process.stdin.close()


def _run(client: str, port: int, events: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "robot.bench.esl_measure", client, str(port), str(events)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=True)
    except subprocess.CalledProcessError as error:
        raise RobotError(f"{client} failed: {error.stderr.strip()[-500:]}") from error
    except subprocess.TimeoutExpired as error:
        raise RobotError(f"{client} did not finish within {LIMIT_S:g} s") from error
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures
