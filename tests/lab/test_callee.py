"""Callees against a robot made of noise bursts: what they say and when, and what they hear."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from robot.errors import ConfigError
from robot.lab.callee import REACTION_MS, Callee, Tick
from robot.lab.channel import FRAME_SAMPLES
from robot.lab.plan import Plan
from robot.lab.steps import (
    Beep,
    Dtmf,
    Hangup,
    Interrupt,
    Record,
    Say,
    Sound,
    Step,
    Wait,
    WaitRobotSilent,
    WaitRobotSpeaks,
)
from services.audio import Pcm, level_dbfs

HELLO, STOP = Say(text="Hello?"), Say(text="Stop")
SOUNDS: dict[Sound, Pcm] = {
    HELLO: np.full(5 * FRAME_SAMPLES, 1000, np.int16),
    STOP: np.full(3 * FRAME_SAMPLES + 10, 2000, np.int16),
}
VOICE = np.random.default_rng(5).normal(0, 3000, FRAME_SAMPLES).astype(np.int16)
QUIET = np.zeros(FRAME_SAMPLES, np.int16)

Robot = Callable[[int], bool]
"""does the robot speak at this ms?"""


def mute(_: int) -> bool:
    return False


def speaks(*spans: tuple[int, int]) -> Robot:
    return lambda t_ms: any(begin <= t_ms < end for begin, end in spans)


def callee(*steps: Step, seed: int = 1) -> Callee:
    return Callee(Plan(name="test", steps=steps), SOUNDS, seed)


def run(subject: Callee, robot: Robot = mute, ms: int = 5000) -> list[Tick]:
    return [subject.tick(VOICE if robot(t_ms) else QUIET) for t_ms in range(0, ms, 20)]


def when(subject: Callee, name: str) -> int:
    return next(event.t_ms for event in subject.events if event.name == name)


def loud(ticks: list[Tick]) -> list[int]:
    """The ms of the ticks with sound in them."""
    return [20 * i for i, tick in enumerate(ticks) if tick.pcm.any()]


def test_wait_then_say_is_exact() -> None:
    subject = callee(Wait(ms=300), HELLO)
    ticks = run(subject)
    assert loud(ticks) == [300, 320, 340, 360, 380]
    assert all(tick.pcm.shape == (FRAME_SAMPLES,) and tick.pcm.dtype == np.int16 for tick in ticks)
    assert [(event.t_ms, event.name, event.detail) for event in subject.events] == [
        (300, "say", "Hello?"),
        (400, "say_done", ""),
        (400, "finished", ""),
    ]


def test_after_the_last_step_it_is_silent_and_does_not_hang_up() -> None:
    subject = callee(HELLO)
    finished = [subject.finished]
    ticks = run(subject)
    assert [*finished, subject.finished] == [False, True]
    assert not any(tick.hangup or tick.dtmf for tick in ticks)


def test_no_steps_at_all() -> None:
    subject = callee()
    assert loud(run(subject, speaks((0, 5000)))) == []
    assert subject.finished


def test_the_last_frame_of_a_sound_is_filled_up() -> None:
    ticks = run(callee(STOP))
    assert np.count_nonzero(np.concatenate([tick.pcm for tick in ticks])) == len(SOUNDS[STOP])
    assert len(loud(ticks)) == 4


def test_it_waits_for_the_robot_to_speak() -> None:
    subject = callee(WaitRobotSpeaks(), HELLO)
    run(subject, speaks((1000, 3000)))
    assert 1000 + 60 <= when(subject, "robot_speaks") + 20 <= 1000 + 100
    assert 0 <= when(subject, "say") - when(subject, "robot_speaks") <= REACTION_MS


def test_waiting_for_speech_gives_up() -> None:
    subject = callee(WaitRobotSpeaks(timeout_ms=700), HELLO)
    run(subject)
    assert when(subject, "timeout") == when(subject, "say") == 700


def test_a_click_is_not_speech() -> None:
    subject = callee(WaitRobotSpeaks(timeout_ms=2000), HELLO)
    run(subject, speaks((500, 540)))
    assert when(subject, "say") == 2000


def test_it_waits_for_the_robot_to_finish() -> None:
    subject = callee(WaitRobotSpeaks(), WaitRobotSilent(for_ms=700), HELLO)
    run(subject, speaks((200, 1000), (1300, 2000)))
    assert 2700 <= when(subject, "say") <= 2700 + 20 + REACTION_MS


def test_silence_counts_from_the_step_on() -> None:
    subject = callee(Wait(ms=1000), WaitRobotSilent(for_ms=700), HELLO)
    run(subject)
    assert 1700 <= when(subject, "say") <= 1700 + REACTION_MS


def test_waiting_for_silence_gives_up() -> None:
    subject = callee(WaitRobotSilent(for_ms=700, timeout_ms=2000), HELLO)
    run(subject, speaks((0, 5000)))
    assert when(subject, "timeout") == when(subject, "say") == 2000


def test_it_interrupts_after_the_robot_spoke_long_enough() -> None:
    subject = callee(Interrupt(after_ms=800, say=STOP))
    ticks = run(subject, speaks((100, 500), (1500, 4000)))
    assert 1500 + 800 <= when(subject, "interrupt") + 20 <= 1500 + 800 + 40 + REACTION_MS
    assert loud(ticks)[0] == when(subject, "say") == when(subject, "interrupt")


def test_pauses_between_words_do_not_restart_the_count() -> None:
    subject = callee(Interrupt(after_ms=1500, say=STOP))
    run(subject, speaks((0, 600), (900, 1300), (1600, 4000)))
    assert 1500 <= when(subject, "interrupt") <= 1500 + 40 + REACTION_MS


def test_no_interruption_when_the_robot_never_speaks() -> None:
    subject = callee(Interrupt(after_ms=800, timeout_ms=1000, say=STOP), HELLO)
    run(subject)
    assert [event.name for event in subject.events] == ["timeout", "say", "say_done", "finished"]
    assert subject.events[1].detail == "Hello?"


def test_a_robot_that_has_just_stopped_is_not_interrupted() -> None:
    subject = callee(Wait(ms=2200), Interrupt(after_ms=800, timeout_ms=1000, say=STOP))
    run(subject, speaks((0, 2000)))
    assert [event.name for event in subject.events][-2:] == ["timeout", "finished"]


@pytest.mark.parametrize("noise_dbfs", [-65, -50, -42])
def test_line_noise_is_not_the_robot(noise_dbfs: int) -> None:
    random = np.random.default_rng(1)
    subject = callee(WaitRobotSpeaks(timeout_ms=20_000), HELLO)

    def noise() -> Pcm:
        return np.rint(random.normal(0, 32768 * 10 ** (noise_dbfs / 20), FRAME_SAMPLES)).astype(np.int16)

    for t_ms in range(0, 6000, 20):
        speech = VOICE if 4000 <= t_ms < 5000 else QUIET
        gone = t_ms % 500 == 0  # a lost packet now and then must not make the rest seem loud
        subject.tick(QUIET if gone else speech + noise())
    assert [event.name for event in subject.events][:1] == ["robot_speaks"]
    assert 4000 <= when(subject, "robot_speaks") <= 4100


def test_a_long_tone_stays_speech() -> None:
    tone = np.rint(4000 * np.sin(2 * np.pi * 440 * np.arange(FRAME_SAMPLES) / 8000)).astype(np.int16)
    subject = callee(Interrupt(after_ms=8000, say=STOP))
    for _ in range(600):
        subject.tick(tone)
    assert 8000 <= when(subject, "interrupt") <= 8000 + 40 + REACTION_MS


def test_beep_has_its_pitch_length_and_soft_edges() -> None:
    ticks = run(callee(Beep(hz=1000, ms=400)), ms=400)
    pcm = np.concatenate([tick.pcm for tick in ticks])
    spectrum = np.abs(np.fft.rfft(pcm))
    assert np.argmax(spectrum) * 8000 / len(pcm) == pytest.approx(1000, abs=3)
    assert level_dbfs(pcm) == pytest.approx(-15, abs=0.5)
    assert abs(int(pcm[1])) < 500
    assert not run(callee(Beep(ms=400)))[20].pcm.any()


def test_dtmf_one_key_after_the_other() -> None:
    ticks = run(callee(Wait(ms=100), Dtmf(digits="1#")))
    assert [(20 * i, tick.dtmf) for i, tick in enumerate(ticks) if tick.dtmf] == [(180, "1"), (380, "#")]


def test_hanging_up_happens_once_and_is_the_end() -> None:
    subject = callee(Wait(ms=200), Hangup(cause="USER_BUSY"), HELLO)
    ticks = run(subject)
    assert [(20 * i, tick.hangup) for i, tick in enumerate(ticks) if tick.hangup] == [(200, "USER_BUSY")]
    assert subject.finished
    assert loud(ticks) == []


def test_a_mailbox_keeps_the_message_until_the_robot_falls_silent() -> None:
    subject = callee(Record(silence_ms=1000, max_ms=30_000), Hangup())
    robot = speaks((500, 2000), (2300, 3000))
    ticks = run(subject, robot)
    hung_up_ms = next(20 * i for i, tick in enumerate(ticks) if tick.hangup)
    assert 4000 - 20 <= hung_up_ms <= 4000 + 20
    heard = subject.recorded.reshape(-1, FRAME_SAMPLES)
    assert len(heard) * 20 == when(subject, "recorded") - when(subject, "record")
    assert np.array_equal(heard[500 // 20 : 1500 // 20], np.tile(VOICE, (50, 1)))


def test_a_mailbox_is_full_at_some_time() -> None:
    subject = callee(Record(silence_ms=1000, max_ms=2000), Hangup())
    run(subject, speaks((0, 5000)))
    assert len(subject.recorded) == 2000 * 8


def test_the_same_seed_gives_the_same_call_and_seeds_differ() -> None:
    steps = (WaitRobotSpeaks(), HELLO, WaitRobotSilent(), Interrupt(say=STOP), Dtmf(digits="5"), Hangup())
    robot = speaks((300, 1200), (3000, 5000))

    def trace(seed: int) -> tuple[list[object], bytes]:
        subject = callee(*steps, seed=seed)
        ticks = run(subject, robot, 8000)
        return list(subject.events), b"".join(tick.pcm.tobytes() for tick in ticks)

    assert trace(3) == trace(3)
    assert len({str(trace(seed)) for seed in range(6)}) > 1


def test_missing_audio_is_an_error_at_once() -> None:
    with pytest.raises(ConfigError, match=r"prepare\(\)"):
        Callee(Plan(name="test", steps=(Say(text="Unknown"),)), SOUNDS, 1)
