"""``replay-trace``: recorded conversations with a switch, run through our parsers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from robot.lab.trace import TraceReport, replay


def replay_trace(
    files: Annotated[list[Path], typer.Argument(help="Traces: *.esl.jsonl.gz or *.ws.jsonl.gz")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per trace and line.")] = False,
) -> None:
    """Parses recorded switch traffic, whole and byte by byte; exit code 1 when a byte is left over or wrong."""
    reports = [replay(path) for path in files]
    if as_json:
        for report in reports:
            print(json.dumps(_fields(report), ensure_ascii=False))
    else:
        Console().print(_table(reports))
        for report in reports:
            for error in report.errors:
                print(f"{report.path.name}: {error}")
    if not all(report.ok for report in reports):
        raise typer.Exit(1)


def _fields(report: TraceReport) -> dict[str, object]:
    return {
        "path": str(report.path),
        "ok": report.ok,
        "connections": report.connections,
        "messages": dict(report.messages),
        "events": dict(report.events),
        "bytes_read": report.bytes_read,
        "left_over": report.left_over,
        "errors": list(report.errors),
    }


def _table(reports: list[TraceReport]) -> Table:
    table = Table("trace", "connections", "messages", "bytes", "left over", "errors")
    for report in reports:
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(report.messages.items()))
        row = (report.connections, kinds, report.bytes_read, report.left_over, len(report.errors))
        table.add_row(report.path.name, *map(str, row))
    return table
