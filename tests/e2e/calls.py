"""Whole calls in virtual time with scripted engines: robot, embedded switch, callee, sockets, in milliseconds."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from proxy import Proxy

from robot.app import Surroundings, open_robot
from robot.call.closing import FinishedCall
from robot.lab.clock import run_virtual
from robot.lab.directory import Directory
from robot.lab.switch import EmbeddedSwitch
from robot.scenario.loader import load_scenario
from robot.scenario.schema import Scenario
from robot.settings import Settings, data_folder, load_settings
from services.audio import AudioChunk

MODEL = ("Le cabinet est au douze, rue des Lilas.",)
PASSWORD = "a long one"
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


def plan_file(
    folder: Path, steps: str, *, language: str = "fr", outcome: str = "{kind: answer, after_ms: 400}"
) -> Path:
    """A callee's plan, written where the embedded switch finds it."""
    path = folder / "callee.yaml"
    path.write_text(
        f"name: callee\nlanguage: {language}\nseed: 3\noutcome: {outcome}\nsteps:\n{steps}", encoding="utf-8"
    )
    return path


Meddle = Callable[[str, Proxy], None]
"""(event name, the network between robot and switch): what goes wrong, and when"""


def settings_for(folder: Path, heard: Sequence[str], model: Sequence[str], overrides: Sequence[str]) -> Settings:
    return load_settings(
        overrides=[
            *SCRIPTED,
            f"record.folder={folder / 'runs'}",
            f"playout.spool_folder={folder}",
            f"asr.scripted.replies={list(heard)!r}",
            f"llm.scripted.replies={list(model)!r}",
            *overrides,
        ],
        environment={"ALLOBOT_ESL_PASSWORD": PASSWORD},
    )


def hold_call(
    plan: Path | str,
    folder: Path,
    *,
    heard: Sequence[str] = (),
    model: Sequence[str] = MODEL,
    scenario: str = "appointment_fr",
    overrides: Sequence[str] = (),
    seed: int = 7,
) -> Call:
    """Places one call to ``plan``; ``heard`` are the recogniser's texts in order, ``model`` the language model's."""
    settings = settings_for(folder, heard, model, overrides)
    seen: list[Seen] = []

    async def main() -> FinishedCall:
        async with open_robot(settings, surroundings_for(seen, seed)) as robot:
            dialogue = dialogue_of(scenario)
            return await robot.call(f"lab:{plan}", dialogue, dialogue.samples())

    return Call(run_virtual(main()), seen)


def hold_call_across(
    plan: Path, folder: Path, meddle: Meddle, *, heard: Sequence[str] = (), overrides: Sequence[str] = ()
) -> Call:
    """The same on a switch of its own, as a FreeSWITCH would be: with a network between, which ``meddle`` can break."""
    seen: list[Seen] = []

    async def speak(text: str, language: str, voice: str) -> AudioChunk:
        pcm = np.tile(np.array([6000, 6000, -6000, -6000] * 10, np.int16), 6 * len(text))
        return AudioChunk(pcm, 8000, text)

    async def main() -> FinishedCall:
        directory = Directory(speak)
        async with (
            EmbeddedSwitch(directory, password=PASSWORD, wall_us=lambda: 1_767_605_400_000_000) as switch,
            Proxy(switch.port) as proxy,
        ):
            settings = settings_for(
                folder, heard, MODEL, [*overrides, "switch.kind=freeswitch", f"esl.port={proxy.port}"]
            )
            around = surroundings_for(seen, 7, lambda name: meddle(name, proxy))
            async with open_robot(settings, around) as robot:
                dialogue = dialogue_of("appointment_fr")
                return await robot.call(f"lab/{plan}", dialogue, dialogue.samples())

    return Call(run_virtual(main()), seen)


def dialogue_of(name: str) -> Scenario:
    return load_scenario(data_folder() / "scenarios" / f"{name}.yaml")


def surroundings_for(seen: list[Seen], seed: int, then: Callable[[str], None] = lambda name: None) -> Surroundings:
    def observe(uuid: str, t_ms: float, name: str, fields: Mapping[str, object]) -> None:
        seen.append(Seen(t_ms, name, fields))
        then(name)

    return Surroundings(random.Random(seed), lambda: START, observe)
