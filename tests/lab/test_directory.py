"""Who answers a dial string."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest

from robot.errors import ConfigError
from robot.lab.channel import LineModel
from robot.lab.directory import SHIPPED, Directory, NoRoute, Prepared, Route, UnknownCallee, route
from robot.lab.plan import load_plan
from services.audio import AudioChunk, write_wav


class Voice:
    """Says everything as one second of a constant; counts."""

    def __init__(self) -> None:
        self.said: list[str] = []

    async def speak(self, text: str, language: str, voice: str) -> AudioChunk:
        self.said.append(text)
        return AudioChunk(np.full(16_000, 1000, np.int16), 16_000, text)


def find(directory: Directory, dial_string: str) -> Prepared:
    leads = route(dial_string)
    assert isinstance(leads, Route)
    with ThreadPoolExecutor(1) as executor:
        return asyncio.run(directory.find(leads, executor))


@pytest.mark.parametrize(
    ("dial_string", "cause"),
    [
        ("sofia/nosuch/x@127.0.0.1:5090", "INVALID_PROFILE"),
        ("sofia/internal/", "DESTINATION_OUT_OF_ORDER"),
        ("user/1000", "SUBSCRIBER_ABSENT"),
        ("foo/bar", "CHAN_NOT_IMPLEMENTED"),
        ("lab/", "CHAN_NOT_IMPLEMENTED"),
    ],
)
def test_what_cannot_even_be_tried(dial_string: str, cause: str) -> None:
    assert route(dial_string) == NoRoute(cause)


@pytest.mark.parametrize(
    ("dial_string", "number", "target"),
    [
        ("sofia/internal/busy@127.0.0.1:5090", "busy", "busy"),
        ("sofia/gateway/carrier/33123456789", "33123456789", "33123456789"),
        ("lab/busy", "busy", "busy"),
        ("lab//tmp/with%20space.wav", "with space.wav", "/tmp/with space.wav"),
    ],
)
def test_routes(dial_string: str, number: str, target: str) -> None:
    leads = route(dial_string)
    assert isinstance(leads, Route)
    assert (leads.number, leads.target, leads.channel_name) == (number, target, dial_string)


def test_sound_files_and_plans_by_path(tmp_path: Path) -> None:
    sound = tmp_path / "bonjour à tous.wav"
    write_wav(sound, np.full(800, 5, np.int16), 8000)
    (tmp_path / "callee.yaml").write_text("name: someone\nsteps: [{play: 'bonjour à tous.wav'}]\n", encoding="utf-8")
    for path in (sound, tmp_path / "callee.yaml"):
        prepared = find(Directory(), f"lab/{quote(str(path))}")
        (pcm,) = prepared.sounds.values()
        assert len(pcm) == 800


def test_a_file_that_changed_is_read_again(tmp_path: Path) -> None:
    sound, directory = tmp_path / "a.wav", Directory()
    lengths = []
    for samples in (800, 1600):
        write_wav(sound, np.full(samples, 5, np.int16), 8000)
        sound.touch()
        lengths.append(len(next(iter(find(directory, f"lab/{sound}").sounds.values()))))
    assert lengths == [800, 1600]


def test_what_is_said_is_synthesised_once() -> None:
    voice = Voice()
    directory = Directory(voice.speak)
    first = find(directory, "lab/person_fr")
    said = len(voice.said)
    assert said > 0
    assert find(directory, "sofia/internal/person_fr@127.0.0.1") is first
    assert len(voice.said) == said


def test_a_callee_that_speaks_without_a_voice() -> None:
    with pytest.raises(ConfigError, match="no voice"):
        find(Directory(), "lab/person_fr")


@pytest.mark.parametrize(
    "dial_string", ["sofia/internal/nobody@x", "lab/nobody", "lab//nowhere/x.wav", "lab/..%2Fplan"]
)
def test_nobody(dial_string: str) -> None:
    with pytest.raises(UnknownCallee):
        find(Directory(), dial_string)


def test_names_of_ones_own_and_a_line_for_all() -> None:
    line = LineModel(codec="ulaw", loss_pct=3)
    directory = Directory(named={"33123456789": SHIPPED / "busy.yaml"}, line=line)
    prepared = find(directory, "sofia/gateway/carrier/33123456789")
    assert prepared.plan.outcome.kind == "busy"
    assert prepared.plan.line == line


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_shipped_callee_can_be_called(path: Path) -> None:
    prepared = find(Directory(Voice().speak), f"lab/{path.stem}")
    assert prepared.plan == load_plan(path)
