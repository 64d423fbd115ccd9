"""Findings as a table."""

from __future__ import annotations

from collections.abc import Iterable

from rich.table import Table

from robot.freeswitch.findings import Finding

_COLOURS = {"ok": "green", "warning": "yellow", "problem": "red"}


def table_of(findings: Iterable[Finding]) -> Table:
    """A line for each: how it is, what it is, what was found, what to do."""
    table = Table(show_header=False, box=None)
    for finding in findings:
        table.add_row(f"[{_COLOURS[finding.state]}]{finding.state}[/]", finding.what, finding.found, finding.todo)
    return table
