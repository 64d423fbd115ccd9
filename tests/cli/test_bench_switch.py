"""The switch bench: what it reads off a recording, and one short run on the embedded switch."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from robot.app import Surroundings
from robot.cli import switch_load
from robot.cli.bench_switch import SCRIPTED, measure, parse_levels
from robot.cli.switch_measures import Round, sounds_in
from robot.errors import ConfigError
from robot.events import PlaybackStarted, PlaybackStopped
from robot.lab.clock import run_virtual
from robot.settings import load_settings

BEGUN_US = 1_000_000
MS = 8


def line(*loud_ms: tuple[int, int], length_ms: int = 5000) -> np.ndarray:
    """The robot's side of a recording that is loud from … to …"""
    pcm = np.full(length_ms * MS, -1, np.int16)
    for start_ms, end_ms in loud_ms:
        pcm[start_ms * MS : end_ms * MS] = 6000
    return pcm


def at(ms: float) -> int:
    """Switch time of a moment of the recording."""
    return BEGUN_US + round(ms * 1000)


def test_what_was_heard_and_when_it_fell_silent() -> None:
    events = [
        PlaybackStarted(at(520), "c1"),
        PlaybackStopped(at(1510), "c1", 990, True),
        PlaybackStarted(at(2030), "c2"),
    ]
    rounds = [Round(at(500), at(1500)), Round(at(2000), None)]
    sounds = sounds_in(line((530, 1520), (2040, 3000)), BEGUN_US, rounds, events)
    assert (sounds.heard, sounds.started) == ((30, 40), (20, 30))
    assert (sounds.silent, sounds.stopped) == ((10,), (10,))
    assert (sounds.gaps, sounds.unheard) == ((), 0)


def test_a_hole_within_speech_is_told() -> None:
    sounds = sounds_in(line((530, 930), (950, 1520)), BEGUN_US, [Round(at(500), None)], [])
    assert [round(gap_ms) for gap_ms in sounds.gaps] == [20]


def test_speech_that_was_never_on_the_line_is_told() -> None:
    sounds = sounds_in(line(), BEGUN_US, [Round(at(500), at(900))], [])
    assert (sounds.unheard, sounds.heard, sounds.silent) == (1, (), ())


def test_an_event_dated_a_little_before_its_cause_belongs_to_it() -> None:
    assert sounds_in(line((500, 900)), BEGUN_US, [Round(at(500), None)], [PlaybackStarted(at(490), "c")]).started == (
        -10,
    )


@pytest.mark.parametrize("text", ["", "0", "1,,2", "a", "-1", "1001"])
def test_levels_that_are_none(text: str) -> None:
    with pytest.raises(ConfigError, match="--calls"):
        parse_levels(text)


def test_two_calls_on_the_embedded_switch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    start = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)
    settings = load_settings(
        overrides=[*SCRIPTED, f"playout.spool_folder={tmp_path}", f"record.folder={tmp_path}"], environment={}
    )

    def now_us() -> int:
        return round(start.timestamp() * 1e6 + asyncio.get_running_loop().time() * 1e6)

    monkeypatch.setattr(switch_load, "now_us", now_us)
    surroundings = Surroundings(random.Random(1), lambda: start)
    (level,) = run_virtual(measure(settings, surroundings, "lab:silent", [2], 2))
    assert (level.calls, level.failed, level.errors) == (2, 0, ())
    assert (level.frames_missing, level.frames_dropped, level.unheard) == (0, 0, 0)
    heard, silent = (
        level.figures["speech → first sound on the line"],
        level.figures["interruption → last sound on the line"],
    )
    assert heard is not None
    assert silent is not None
    assert (heard.n, silent.n) == (6, 4)
    assert 0 <= heard.minimum <= heard.maximum <= 41
    assert -20 <= silent.minimum <= silent.maximum <= 20
    assert level.figures["holes between two chunks"] is None
