"""The bench of ESL clients: its peer, its arithmetic, and what is said of a client that is not there."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from rich.console import Console

from robot.bench import esl_measure
from robot.bench.esl_feeder import Feeder, events
from robot.cli.bench_esl import _table
from robot.telephony.translate import EVENT_NAMES, translate


def measured(count: int) -> dict[str, Any]:
    async def main() -> dict[str, Any]:
        server = await asyncio.start_server(Feeder().serve, "127.0.0.1", 0)
        async with asyncio.timeout(30), server:
            return await esl_measure.native(server.sockets[0].getsockname()[1], count)

    return asyncio.run(main())


def test_every_event_is_counted_and_every_command_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(esl_measure, "COMMANDS", 20)
    figures = measured(1200)
    assert figures["events"] == 1201, "and the one that ends the stream"
    assert figures["events_per_s"] > 0
    for state in ("idle_ms", "busy_ms"):
        assert 0 < figures[state]["p50"] <= figures[state]["p95"] <= figures[state]["p99"]


def test_the_stream_is_made_of_what_a_call_gets() -> None:
    stream = events(90)
    assert {event.name for event in stream} <= set(EVENT_NAMES)
    assert sum(translate(event) is not None for event in stream) == 80, "all but the ends of applications"
    assert len({event.uuid for event in stream}) == 90


def test_percentiles_are_in_milliseconds() -> None:
    assert esl_measure.percentiles([number / 1000 for number in range(100)]) == {"p50": 50.0, "p95": 95.0, "p99": 99.0}


def test_the_table_tells_the_ratio_and_whether_it_is_enough() -> None:
    def client(rate: float) -> dict[str, Any]:
        times = {"p50": 0.1, "p95": 0.2, "p99": 0.3}
        return {"events_per_s": rate, "events_per_cpu_s": rate, "idle_ms": times, "busy_ms": times}

    figures = {"native": client(30_000), "greenswitch": client(6_000), "genesis": None}
    console = Console(width=200, record=True)
    with console.capture() as shown:
        console.print(_table(figures, {"greenswitch": 5.0}, "this machine"))
    assert "5.0 ×" in shown.get()
    assert "≥ 4 × greenswitch" in shown.get()
    assert "genesis" not in shown.get()
