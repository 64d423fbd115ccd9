"""``allobot bench switch``: how quick and how even a switch and the robot's media path are, with many calls at once."""

from __future__ import annotations

import asyncio
import os
import platform
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import chain, pairwise
from typing import Annotated

import typer
from rich.table import Table

from robot.app import Robot, Surroundings, open_robot, real_surroundings
from robot.call.tools import CallTools
from robot.cli.common import ConfigFiles, JsonFlag, Overrides, RootOptions, err, out, print_json, run, settings_of
from robot.cli.figure import Figure
from robot.cli.switch_load import BenchCall
from robot.errors import ConfigError
from robot.settings import Settings
from robot.targets import parse_target
from services.audio import FRAME_MS

SCRIPTED = ("asr.engine=scripted", "vad.engine=energy", "tts.engine=tone", "llm.engine=scripted")
BETWEEN_CALLS_S = 0.03
LEVEL_S = 120.0
MAX_CALLS = 1000


@dataclass(frozen=True, slots=True)
class Level:
    """What was measured with so many calls at once."""

    calls: int
    failed: int
    figures: dict[str, Figure | None]
    """in ms"""
    frames: int
    frames_missing: int
    """that never came"""
    frames_dropped: int
    """that the robot had no time for"""
    unheard: int
    """pieces of speech that were never on the line"""
    clock_ms: float
    """by which the switch's clock is behind ours, at the least, for nothing plays before it is told to; added above"""
    cpu_percent: float
    """of one core: this process, and with it the embedded switch, if it is that one"""
    errors: tuple[str, ...]


def switch(
    context: typer.Context,
    calls: Annotated[str, typer.Option(help="How many at once, one level after the other.")] = "1,10,50",
    target: Annotated[
        str, typer.Option(help="Whom to call: someone who answers and stays, e.g. sofia/internal/echo@10.0.0.1.")
    ] = "lab:silent",
    rounds: Annotated[int, typer.Option(min=1, max=100, help="Interruptions in each call.")] = 4,
    as_json: JsonFlag = False,
    config: ConfigFiles = None,
    overrides: Overrides = None,
) -> None:
    """Measure the configured switch: speech to the line, interruption to silence, gaps, frames, CPU.

    Engines are scripted. The switch must run on this machine: its clock is compared with ours.
    """
    root = context.obj if isinstance(context.obj, RootOptions) else RootOptions()
    context.obj = RootOptions(root.config, (*SCRIPTED, "playout.lead_ms=0", *root.overrides))
    settings = settings_of(context, config, overrides)
    levels = run(measure(settings, real_surroundings(), target, parse_levels(calls), rounds))
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    if as_json:
        print_json({"machine": machine, "switch": settings.switch.kind, "levels": [asdict(level) for level in levels]})
        return
    for level in levels:
        out.print(_table(level, f"{settings.switch.kind}, speech by {settings.playout.way} ({machine})"))
    if any(level.failed for level in levels):
        raise typer.Exit(1)


def parse_levels(text: str) -> list[int]:
    """``1,10,50`` → the numbers. Raises ``ConfigError``."""
    parts = text.split(",")
    if not all(part.strip().isdecimal() and 0 < int(part) <= MAX_CALLS for part in parts):
        raise ConfigError(f"--calls {text}: write numbers from 1 to {MAX_CALLS}, e.g. 1,10,50")
    return [int(part) for part in parts]


async def measure(
    settings: Settings, surroundings: Surroundings, target: str, levels: Sequence[int], rounds: int
) -> list[Level]:
    """Holds the calls of each level, one level after the other. Raises as :func:`open_robot`."""
    dial_string = parse_target(target, settings.switch).dial_string
    measured = []
    async with open_robot(settings, surroundings) as robot:
        for count in levels:
            err.print(f"[dim]{count} calls[/]")
            measured.append(await _level(robot, dial_string, count, rounds))
    return measured


async def _level(robot: Robot, dial_string: str, count: int, rounds: int) -> Level:
    tools: CallTools = robot.tools
    go, end = asyncio.Event(), asyncio.Event()
    calls = [BenchCall(tools, dial_string, number, rounds) for number in range(count)]
    async with asyncio.timeout(LEVEL_S + count), asyncio.TaskGroup() as group:
        for call in calls:
            group.create_task(call.run(go, end))
            await asyncio.sleep(BETWEEN_CALLS_S)
        for call in calls:
            await call.ready.wait()
        begun_s, begun_cpu_s = asyncio.get_running_loop().time(), time.process_time()
        go.set()
        for call in calls:
            await call.finished.wait()
        ended_s, ended_cpu_s = asyncio.get_running_loop().time(), time.process_time()
        end.set()
    return _summed(calls, begun_s, ended_s, (ended_cpu_s - begun_cpu_s) / (ended_s - begun_s))


def _summed(calls: Sequence[BenchCall], begun_s: float, ended_s: float, cpu: float) -> Level:
    good = [call for call in calls if not call.error and call.sounds is not None]
    sounds = [call.sounds for call in good if call.sounds is not None]
    arrivals = [[at_s for at_s in call.arrivals_s if begun_s <= at_s < ended_s] for call in good]
    intervals = [(after - before) * 1000 for times in arrivals for before, after in pairwise(times)]
    dropped = sum(call.source.counters.frames_dropped for call in good if call.source is not None)
    expected = sum(round((times[-1] - times[0]) * 1000 / FRAME_MS) + 1 for times in arrivals if times)
    came = sum(map(len, arrivals))
    clock_ms = max(0.0, -min(chain.from_iterable(one.started for one in sounds), default=0.0))
    figures = {
        "speech → first sound on the line": _figure([one.heard for one in sounds], clock_ms),
        "speech → PLAYBACK_START": _figure([one.started for one in sounds], clock_ms),
        "interruption → last sound on the line": _figure([one.silent for one in sounds], clock_ms),
        "interruption → PLAYBACK_STOP": _figure([one.stopped for one in sounds], clock_ms),
        "holes between two chunks": _figure([one.gaps for one in sounds]),
        "from frame to frame": Figure.of(intervals),
        "event's date → its arrival": _figure([call.ages_ms for call in good], -clock_ms),
    }
    return Level(
        calls=len(calls),
        failed=len(calls) - len(good),
        figures=figures,
        frames=came,
        frames_missing=max(0, expected - came - dropped - len(arrivals)),
        frames_dropped=dropped,
        unheard=sum(one.unheard for one in sounds),
        clock_ms=clock_ms,
        cpu_percent=100 * cpu,
        errors=tuple(sorted({call.error for call in calls if call.error})),
    )


def _figure(values: Sequence[Sequence[float]], offset_ms: float = 0.0) -> Figure | None:
    return Figure.of([value + offset_ms for value in chain.from_iterable(values)])


def _table(level: Level, title: str) -> Table:
    words = [
        f"{level.failed} failed",
        f"{level.frames} frames, {level.frames_missing} never came, {level.frames_dropped} dropped",
        f"{level.unheard} pieces of speech unheard",
        f"CPU {level.cpu_percent:.0f} % of a core",
        f"switch's clock {level.clock_ms:.0f} ms behind",
        *level.errors,
    ]
    table = Table(title=f"{level.calls} calls, {title}; ms", caption="; ".join(words))
    for heading in ("measure", "n", "min", "p50", "p95", "max"):
        table.add_column(heading, justify="left" if heading == "measure" else "right")
    for name, figure in level.figures.items():
        if figure is None:
            table.add_row(name, "0", "", "", "", "")
        else:
            values = (figure.minimum, figure.p50, figure.p95, figure.maximum)
            table.add_row(name, str(figure.n), *(f"{value:.1f}" for value in values))
    return table
