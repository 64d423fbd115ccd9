"""What only one of the voice detectors does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from services.audio import Pcm, to_pcm
from services.errors import BadInput, Unavailable
from services.vad.base import SpeechEnded, SpeechStarted, VoiceEvent
from services.vad.energy import EnergyEngine
from services.vad.silero import SileroEngine

RATE_HZ = 8_000


def noise(seconds: float, sigma: float, seed: int = 0) -> Pcm:
    return np.random.default_rng(seed).normal(0, sigma, int(seconds * RATE_HZ)).astype(np.int16)


def tone(seconds: float, frequency_hz: float, level: float = 0.2) -> Pcm:
    return to_pcm(level * np.sin(2 * np.pi * frequency_hz * np.arange(int(seconds * RATE_HZ)) / RATE_HZ))


def energy_events(*pieces: Pcm, **settings: float) -> list[VoiceEvent]:
    return EnergyEngine(**settings).open(RATE_HZ).push(np.concatenate(pieces))


def test_energy_gets_used_to_steady_noise() -> None:
    events = energy_events(noise(1, 10), noise(12, 800, 1))
    assert [type(event) for event in events] == [SpeechStarted, SpeechEnded]
    assert events[1].at_sample <= 5 * RATE_HZ


def test_energy_hears_a_sound_over_noise_it_is_used_to() -> None:
    events = energy_events(noise(8, 300), tone(1, 600, 0.2), noise(1, 300, 2))
    assert events[-2] == SpeechStarted(8 * RATE_HZ)
    assert abs(events[-1].at_sample - 9 * RATE_HZ) <= 160


@pytest.mark.parametrize("frequency_hz", [50, 3_900])
def test_energy_ignores_what_is_outside_the_telephone_band(frequency_hz: float) -> None:
    assert energy_events(noise(1, 10), tone(1, frequency_hz, 0.1), noise(1, 10, 1)) == []


def test_energy_does_not_learn_from_digital_silence() -> None:
    dropped_line = np.zeros(6 * RATE_HZ, np.int16)
    assert energy_events(noise(4, 60), dropped_line, noise(4, 60, 1)) == []


@pytest.mark.parametrize("settings", [{"margin_db": 0.0}, {"exit_margin_db": 20.0}, {"floor_memory_ms": 5.0}])
def test_energy_refuses_settings_that_make_no_sense(settings: dict[str, float]) -> None:
    with pytest.raises(BadInput, match="margin_db"):
        EnergyEngine(**settings)


def test_silero_without_its_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"silero\.onnx.*allobot models pull"):
        SileroEngine(tmp_path / "silero.onnx").open(RATE_HZ)


@pytest.mark.parametrize("content", [b"", b"not a model"])
def test_silero_with_a_damaged_file_says_what_to_do(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "silero.onnx"
    path.write_bytes(content)
    with pytest.raises(Unavailable, match=r"silero\.onnx.*allobot models verify"):
        SileroEngine(path).load()


def test_silero_refuses_a_rate_before_it_looks_for_its_file(tmp_path: Path) -> None:
    engine = SileroEngine(tmp_path / "silero.onnx", sha256="abc")
    with pytest.raises(BadInput, match="48000"):
        engine.open(48_000)
    assert (engine.info.engine, engine.info.sha256) == ("silero", "abc")
