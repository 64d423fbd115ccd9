"""Whole calls in virtual time with scripted engines: robot, embedded switch, callee, sockets, in milliseconds."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from robot.app import Surroundings, open_robot
from robot.call.closing import FinishedCall
from robot.lab.clock import run_virtual
from robot.scenario.loader import load_scenario
from robot.settings import data_folder, load_settings

START = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)
SCRIPTED = (
    "asr.engine=scripted",
    "vad.engine=energy",
    "tts.engine=tone",
    "llm.engine=scripted",
    "record.timeline=false",
    "record.min_free_mb=0",
)


@dataclass(frozen=True, slots=True)
class Seen:
    """One line of what an observer saw."""

    t_ms: float
    name: str
    fields: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Call:
    """A finished call and what was seen of it."""

    finished: FinishedCall
    seen: Sequence[Seen]

    def named(self, name: str) -> list[Seen]:
        return [one for one in self.seen if one.name == name]


def plan_file(folder: Path, steps: str, *, language: str = "fr", outcome: str = "{kind: answer, after_ms: 400}") -> Path:
    """A callee's plan, written where the embedded switch finds it."""
    path = folder / "callee.yaml"
    path.write_text(
        f"name: callee\nlanguage: {language}\nseed: 3\noutcome: {outcome}\nsteps:\n{steps}", encoding="utf-8"
    )
    return path


def hold_call(
    plan: Path,
    folder: Path,
    *,
    heard: Sequence[str] = (),
    model: Sequence[str] = ("Le cabinet est au douze, rue des Lilas.",),
    scenario: str = "appointment_fr",
    overrides: Sequence[str] = (),
    seed: int = 7,
) -> Call:
    """Places one call to ``plan``; ``heard`` are the recogniser's texts in order, ``model`` the language model's."""
    settings = load_settings(
        overrides=[
            *SCRIPTED,
            f"record.folder={folder / 'runs'}",
            f"playout.spool_folder={folder}",
            f"asr.scripted.replies={list(heard)!r}",
            f"llm.scripted.replies={list(model)!r}",
            *overrides,
        ],
        environment={},
    )
    dialogue = load_scenario(data_folder() / "scenarios" / f"{scenario}.yaml")
    seen: list[Seen] = []

    async def main() -> FinishedCall:
        surroundings = Surroundings(
            random.Random(seed), lambda: START, lambda uuid, t_ms, name, fields: seen.append(Seen(t_ms, name, fields))
        )
        async with open_robot(settings, surroundings) as robot:
            return await robot.call(f"lab:{plan}", dialogue, dialogue.samples())

    return Call(run_virtual(main()), seen)
