"""The sounds of a callee, made before the call."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest

from robot.errors import ConfigError
from robot.lab.callee import Callee, prepare, speech_level
from robot.lab.plan import Plan, plan_from_audio
from robot.lab.steps import Interrupt, Play, Say
from services.audio import AudioChunk, level_dbfs, write_wav

HELLO = Say(text="Hello?")


def test_prepare_speaks_each_text_once_and_reads_files(tmp_path: Path) -> None:
    write_wav(tmp_path / "ring.wav", np.full(1600, 123, np.int16), 16_000)
    ring = Play(path=str(tmp_path / "ring.wav"))
    loud_one = Say(text="Loud", voice="bf_emma")
    plan = Plan(
        name="test", language="fr", voice="am_michael", steps=(HELLO, loud_one, ring, HELLO, Interrupt(say=HELLO))
    )
    asked: list[tuple[str, str, str]] = []

    async def speak(text: str, language: str, voice: str) -> AudioChunk:
        asked.append((text, language, voice))
        seconds = np.arange(24_000) / 24_000
        peak = 20_000 if text == "Loud" else 500
        return AudioChunk(np.rint(peak * np.sin(2 * np.pi * 300 * seconds)).astype(np.int16), 24_000, text)

    sounds = asyncio.run(prepare(plan, speak))
    assert asked == [("Hello?", "fr", "am_michael"), ("Loud", "fr", "bf_emma")]
    assert set(sounds) == {HELLO, loud_one, ring}
    assert len(sounds[HELLO]) == 8000
    assert level_dbfs(sounds[HELLO]) == pytest.approx(-20, abs=0.3)
    assert level_dbfs(sounds[loud_one]) == pytest.approx(-20, abs=0.3)
    assert len(sounds[ring]) == 800
    assert abs(int(sounds[ring][400]) - 123) <= 1
    assert not Callee(plan, sounds, 1).finished


def test_prepare_says_which_text_gave_no_sound() -> None:
    async def speak(text: str, language: str, voice: str) -> AudioChunk:
        return AudioChunk(np.zeros(0, np.int16), 24_000, text)

    with pytest.raises(ConfigError, match=r"no sound for 'Hello\?'"):
        asyncio.run(prepare(Plan(name="test", steps=(HELLO,)), speak))


def test_speech_level_counts_what_is_spoken_not_the_pauses() -> None:
    speech = np.random.default_rng(2).normal(0, 300, 8000).astype(np.int16)
    with_pauses = np.concatenate([np.zeros(8000, np.int16), speech, np.zeros(16_000, np.int16)])
    assert level_dbfs(speech_level(with_pauses)[8000:16_000]) == pytest.approx(-20, abs=0.2)


def test_speech_level_never_clips_and_leaves_silence() -> None:
    spiky = np.zeros(8000, np.int16)
    spiky[::80] = 1000
    assert np.abs(speech_level(spiky).astype(int)).max() <= 0.9 * 32768
    assert not speech_level(np.zeros(500, np.int16)).any()
    assert len(speech_level(np.ones(7, np.int16))) == 7


def test_a_sound_file_callee_plays_and_stays(tmp_path: Path) -> None:
    write_wav(tmp_path / "voice.wav", np.full(320, 700, np.int16), 8000)
    plan = plan_from_audio(tmp_path / "voice.wav")

    async def speak(text: str, language: str, voice: str) -> AudioChunk:
        raise AssertionError("nothing to say")

    subject = Callee(plan, asyncio.run(prepare(plan, speak)), 1)
    ticks = [subject.tick(np.zeros(160, np.int16)) for _ in range(10)]
    assert [bool(tick.pcm.any()) for tick in ticks] == [True] * 2 + [False] * 8
    assert subject.finished
