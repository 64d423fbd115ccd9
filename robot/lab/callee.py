"""A callee on the line: plays its plan frame by frame, hearing what the robot says.

:class:`Callee` is pure: a tick is 20 ms, there is no clock. Each step is a generator of frames, so that a step reads as
what happens in time. What a person takes to react differs from call to call: after waiting for the robot, a callee is
up to 200 ms slower, by its seed. :func:`prepare` makes the sounds before the call, and is the only part that awaits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

import numpy as np

from robot.errors import ConfigError
from robot.lab.channel import FRAME_SAMPLES, LINE_RATE_HZ
from robot.lab.ear import Ear
from robot.lab.plan import Plan
from robot.lab.steps import (
    Beep,
    Dtmf,
    Hangup,
    Interrupt,
    Play,
    Record,
    Say,
    Sound,
    Step,
    Wait,
    WaitRobotSilent,
    WaitRobotSpeaks,
)
from services.audio import FRAME_MS, AudioChunk, Pcm, frames_of, ms_to_samples, read_audio, resample, to_pcm

REACTION_MS = 200
"""the most that a callee's reaction adds"""
DTMF_DIGIT_MS, DTMF_PAUSE_MS = 100, 100
BEEP_PEAK = 0.25
"""of full scale: -15 dBFS RMS, between speech and the loudest mailbox"""
_BEEP_RAMP_MS = 5
SPEECH_DBFS = -20.0
"""level of what is said while it is said (active speech level, ITU-T P.56, on a normal line)"""
_ACTIVE_WITHIN_DB = 25.0
"""frames quieter than the loudest by more than this are pauses"""
_HIGHEST_PEAK = 0.89
"""of full scale, -1 dBFS: the level gives way before the sound is clipped"""

Speak = Callable[[str, str, str], Awaitable[AudioChunk]]
"""(text, language, voice) → the speech; given by whoever owns a synthesiser"""

_SILENCE: Pcm = np.zeros(FRAME_SAMPLES, np.int16)
_SILENCE.flags.writeable = False


@dataclass(frozen=True, slots=True)
class Tick:
    """What a callee does in 20 ms."""

    pcm: Pcm
    """int16[160]"""
    dtmf: str | None = None
    """a key released in this tick"""
    by_info: bool = False
    """it came in a SIP message, not among the audio"""
    hangup: str | None = None
    """it hangs up now, with this cause"""


@dataclass(frozen=True, slots=True)
class TraceEvent:
    """A line in the callee's diary."""

    t_ms: int
    """since the answer"""
    name: str
    detail: str = ""


_SILENT = Tick(_SILENCE)
_Ticks = Generator[Tick, None, None]


class Callee:
    """One answered call: :meth:`tick` takes every frame from the answer on. Same seed, sounds and robot: same call."""

    def __init__(self, plan: Plan, sounds: Mapping[Sound, Pcm], seed: int) -> None:
        missing = [sound for sound in plan.sounds() if sound not in sounds]
        if missing:
            raise ConfigError(f"callee {plan.name!r}: no audio for {missing}; prepare() makes it")
        self.plan = plan
        self.events: list[TraceEvent] = []
        self.recorded: Pcm = np.zeros(0, np.int16)
        """what its last ``record`` step heard, int16[n] at 8 kHz"""
        self._sounds = sounds
        self._random = np.random.default_rng(seed)
        self._ear = Ear()
        self._heard = _SILENCE
        self._script: _Ticks | None = self._play_plan()

    @property
    def finished(self) -> bool:
        """Nothing more will come from it but silence."""
        return self._script is None

    def tick(self, heard: Pcm) -> Tick:
        """int16[160] that it hears, at 8 kHz → what it does in the same 20 ms."""
        was_speaking = self._ear.speaking
        self._heard = heard
        self._ear.push(heard)
        if self._ear.speaking != was_speaking:
            self._note("robot_speaks" if self._ear.speaking else "robot_silent")
        tick = None if self._script is None else next(self._script, None)
        if tick is None or tick.hangup is not None:
            self._script = None
        return tick or _SILENT

    def _note(self, name: str, detail: str = "") -> None:
        self.events.append(TraceEvent(self._ear.now_ms - FRAME_MS, name, detail))

    def _play_plan(self) -> _Ticks:
        for step in self.plan.steps:
            yield from self._play_step(step)
        self._note("finished")

    def _play_step(self, step: Step) -> _Ticks:
        match step:
            case Wait():
                yield from self._wait(step.ms)
            case Say() | Play():
                yield from self._sound(step)
            case WaitRobotSpeaks():
                yield from self._until(step.kind, lambda: self._ear.speaking, step.timeout_ms)
            case WaitRobotSilent():
                yield from self._wait_silent(step)
            case Interrupt():
                yield from self._interrupt(step)
            case Beep():
                self._note("beep", f"{step.hz:g} Hz {step.ms} ms")
                for frame in frames_of(_tone(step.hz, step.ms), LINE_RATE_HZ):
                    yield Tick(frame)
            case Dtmf():
                yield from self._press(step)
            case Record():
                yield from self._record(step)
            case Hangup():
                self._note("hangup", step.cause)
                yield Tick(_SILENCE, hangup=step.cause)
            case _:
                assert_never(step)

    def _wait(self, ms: int) -> _Ticks:
        for _ in range(round(ms / FRAME_MS)):
            yield _SILENT

    def _until(self, name: str, reached: Callable[[], bool], timeout_ms: int) -> Generator[Tick, None, bool]:
        """Silent until ``reached()`` and one reaction more, or the time is over. True: reached."""
        until_ms = self._ear.now_ms + timeout_ms
        while not reached():
            if self._ear.now_ms >= until_ms:
                self._note("timeout", name)
                return False
            yield _SILENT
        yield from self._wait(int(self._random.integers(0, REACTION_MS, endpoint=True)))
        return True

    def _wait_silent(self, step: WaitRobotSilent) -> _Ticks:
        begin_ms = self._ear.now_ms

        def silent() -> bool:
            return min(self._ear.silent_ms, self._ear.now_ms - begin_ms) >= step.for_ms

        yield from self._until(step.kind, silent, step.timeout_ms)

    def _interrupt(self, step: Interrupt) -> _Ticks:
        def speaking_long_enough() -> bool:
            return self._ear.speaking and self._ear.silent_ms == 0 and self._ear.speaking_ms >= step.after_ms

        if (yield from self._until(step.kind, speaking_long_enough, step.timeout_ms)):
            self._note("interrupt", f"robot speaking for {self._ear.speaking_ms} ms")
            yield from self._sound(step.sound)

    def _sound(self, sound: Sound) -> _Ticks:
        self._note(sound.kind, sound.text if isinstance(sound, Say) else sound.path)
        for frame in frames_of(self._sounds[sound], LINE_RATE_HZ):
            yield Tick(frame)
        self._note(f"{sound.kind}_done")

    def _press(self, step: Dtmf) -> _Ticks:
        for digit in step.digits:
            yield from self._wait(DTMF_DIGIT_MS - FRAME_MS)
            self._note("dtmf", digit)
            yield Tick(_SILENCE, dtmf=digit, by_info=step.by == "info")
            yield from self._wait(DTMF_PAUSE_MS)

    def _record(self, step: Record) -> _Ticks:
        begin_ms, kept = self._ear.now_ms, [np.zeros(0, np.int16)]
        self._note("record")
        while True:
            lasted_ms = self._ear.now_ms - begin_ms
            if lasted_ms >= step.max_ms or min(self._ear.silent_ms, lasted_ms) >= step.silence_ms:
                break
            yield _SILENT
            kept.append(self._heard.copy())
        self.recorded = np.concatenate(kept)
        self._note("recorded", f"{len(self.recorded) * 1000 // LINE_RATE_HZ} ms")


def _tone(hz: float, ms: int) -> Pcm:
    samples = ms_to_samples(ms, LINE_RATE_HZ)
    ramp = ms_to_samples(_BEEP_RAMP_MS, LINE_RATE_HZ)
    position = np.arange(samples)
    envelope = np.clip(np.minimum(position, samples - 1 - position) / ramp, 0, 1)
    return to_pcm(BEEP_PEAK * envelope * np.sin(2 * np.pi * hz * position / LINE_RATE_HZ))


async def prepare(plan: Plan, speak: Speak) -> Mapping[Sound, Pcm]:
    """Every sound of the plan as int16[n] at 8 kHz. What is said is brought to a telephone level, files keep theirs.

    Raises ``ConfigError`` when the synthesiser gives nothing for a text, and what ``speak`` and ``read_audio`` raise.
    """
    sounds: dict[Sound, Pcm] = {}
    for sound in plan.sounds():
        match sound:
            case Say():
                spoken = await speak(sound.text, plan.language, sound.voice or plan.voice)
                if not len(spoken.pcm):
                    raise ConfigError(f"callee {plan.name!r}: the synthesiser gave no sound for {sound.text!r}")
                sounds[sound] = speech_level(resample(spoken.pcm, spoken.rate_hz, LINE_RATE_HZ))
            case Play():
                file = await asyncio.to_thread(read_audio, Path(sound.path))
                sounds[sound] = resample(file.pcm, file.rate_hz, LINE_RATE_HZ)
            case _:
                assert_never(sound)
    return sounds


def speech_level(pcm: Pcm) -> Pcm:
    """int16[n] of speech at 8 kHz, brought to :data:`SPEECH_DBFS` over its active frames, below clipping."""
    signal = pcm.astype(np.float64) / 32768
    whole = signal[: len(signal) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    power = np.square(whole).mean(axis=1) if len(whole) else np.square(signal).mean(keepdims=True)
    if not power.max(initial=0.0) > 0:
        return pcm
    active = power[power > power.max() * 10 ** (-_ACTIVE_WITHIN_DB / 10)].mean()
    gain = min(10 ** (SPEECH_DBFS / 20) / np.sqrt(active), _HIGHEST_PEAK / np.abs(signal).max())
    return to_pcm(signal * gain)
