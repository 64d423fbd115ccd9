"""``allobot demo``: four calls on the embedded switch with real models, each held against what should have happened."""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import typer
from rich.table import Table

from robot.app import Robot, open_robot, real_surroundings
from robot.call.closing import FinishedCall
from robot.call.record import CallRecord
from robot.cli.call import report_saving
from robot.cli.common import ConfigFiles, JsonFlag, Overrides, err, out, print_json, run, scenario_of, settings_of
from robot.cli.live import LiveView
from robot.settings import Settings
from robot.targets import LAB

Check = Callable[[CallRecord], bool]


@dataclass(frozen=True, slots=True)
class DemoCall:
    """One call of the demonstration, and what it has to show."""

    title: str
    callee: str
    scenario: str
    checks: dict[str, Check]


def _verdict(wanted: str) -> Check:
    return lambda record: record.amd is not None and record.amd.verdict == wanted


def _disposition(wanted: str) -> Check:
    return lambda record: record.disposition == wanted


def _stopped_when_interrupted(record: CallRecord) -> bool:
    return any(one.onset_to_silence_ms is not None for one in record.barge_ins)


def _message_after_beep(record: CallRecord) -> bool:
    left = record.voicemail
    return (
        left is not None
        and left.beep_at_ms is not None
        and left.message_start_ms is not None
        and left.message_start_ms > left.beep_at_ms
        and left.message_heard_text == record.turns[-1].robot_text
    )


CLEAN: dict[str, Check] = {
    "no errors": lambda record: not record.errors,
    "no gap or overlap in the robot's speech": lambda record: (
        record.counters["speech_gaps"] == 0 and record.counters["speech_overlaps"] == 0
    ),
    "no audio lost": lambda record: record.counters["stream_frames_dropped"] == 0,
}

CALLS = (
    DemoCall(
        "interrupts (fr)",
        "person_fr",
        "appointment_fr",
        {
            "taken for a person": _verdict("human"),
            "robot fell silent when interrupted": _stopped_when_interrupted,
            "question answered by the language model": lambda record: any(
                turn.node.startswith("answer") for turn in record.turns
            ),
            "appointment confirmed": _disposition("confirmed"),
        },
    ),
    DemoCall(
        "moves it (en)",
        "person_en",
        "appointment_en",
        {"taken for a person": _verdict("human"), "appointment to be moved": _disposition("to_move")},
    ),
    DemoCall(
        "machine (fr)",
        "machine_fr",
        "appointment_fr",
        {
            "taken for a machine": _verdict("machine"),
            "message left after the beep, heard whole": _message_after_beep,
            "message counted as left": _disposition("message_left"),
        },
    ),
    DemoCall(
        "silent line",
        "silent",
        "appointment_fr",
        {"taken for nobody": _verdict("no_answer"), "hung up": _disposition("no_answer")},
    ),
)


def demo(
    context: typer.Context, as_json: JsonFlag = False, config: ConfigFiles = None, overrides: Overrides = None
) -> None:
    """Hold four calls on the embedded switch with the real models, and check each."""
    settings = settings_of(context, config, overrides)
    finished = run(_hold_all(settings))
    faults = [_faults(call, one.record) for call, one in zip(CALLS, finished, strict=True)]
    if as_json:
        print_json(
            [
                {
                    "title": call.title,
                    "faults": missed,
                    "folder": str(one.folder),
                    "record": one.record.model_dump(mode="json"),
                }
                for call, one, missed in zip(CALLS, finished, faults, strict=True)
            ]
        )
    else:
        out.print(_table(finished, faults))
        for number, one in enumerate(finished, 1):
            out.print(f"{number} {one.folder}", highlight=False, soft_wrap=True)
        for call, missed in zip(CALLS, faults, strict=True):
            for fault in missed:
                err.print(f"[red]not as planned[/]: {call.title}: {fault}")
    if any(faults):
        raise typer.Exit(1)


async def _hold_all(settings: Settings) -> list[FinishedCall]:
    """The first call alone, because the language model works in it; the others at the same time."""
    err.print("[dim]loading the models[/]")
    async with open_robot(settings, real_surroundings(LiveView(err, numbered=True))) as robot:
        first = await _hold(robot, 1)
        async with asyncio.TaskGroup() as group:
            others = [group.create_task(_hold(robot, number)) for number in range(2, len(CALLS) + 1)]
    return [first, *(task.result() for task in others)]


async def _hold(robot: Robot, number: int) -> FinishedCall:
    call = CALLS[number - 1]
    err.print(f"[bold]{number}[/] {call.title}")
    scenario = scenario_of(call.scenario)
    finished = await robot.call(f"{LAB}{call.callee}", scenario, scenario.samples())
    report_saving(finished)
    return finished


def _faults(call: DemoCall, record: CallRecord) -> list[str]:
    return [name for name, check in (call.checks | CLEAN).items() if not check(record)]


def _table(finished: Sequence[FinishedCall], faults: Sequence[Sequence[str]]) -> Table:
    table = Table(
        title="Four calls on the embedded switch",
        box=None,
        caption="response: caller's last sound → robot's first, p50",
    )
    for heading in ("", "call", "verdict", "at", "turns", "response", "barge-in", "disposition", "ok"):
        table.add_column(heading, overflow="fold")
    for number, (call, one, missed) in enumerate(zip(CALLS, finished, faults, strict=True), 1):
        record = one.record
        responses = [turn.response_ms for turn in record.turns if turn.response_ms is not None]
        silences = [one.onset_to_silence_ms for one in record.barge_ins if one.onset_to_silence_ms is not None]
        table.add_row(
            str(number),
            call.title,
            record.amd.verdict if record.amd else "-",
            f"{record.amd.decided_at_ms / 1000:.2f} s" if record.amd else "-",
            str(len(record.turns)),
            f"{statistics.median(responses) / 1000:.2f} s" if responses else "-",
            f"{max(silences):.0f} ms" if silences else "-",
            record.disposition,
            "[red]no[/]" if missed else "[green]yes[/]",
        )
    return table
