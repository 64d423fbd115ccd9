"""Calls that go wrong: each ends with its reason and its record, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import errno
from pathlib import Path

import pytest
from calls import MODEL, dialogue_of, hold_call, plan_file, settings_for, surroundings_for

from robot.app import open_robot
from robot.call.record import load_record
from robot.errors import ConfigError, NotConnected, ScenarioError
from robot.lab.clock import run_virtual
from services.errors import Unavailable

TALKS = """
  - wait: 300
  - say: "Allô ?"
"""


@pytest.mark.parametrize(
    ("outcome", "cause", "by", "disposition"),
    [
        ("{kind: busy, after_ms: 300}", "USER_BUSY", "caller", "busy"),
        ("{kind: reject, after_ms: 300}", "CALL_REJECTED", "caller", "rejected"),
        ("{kind: no_answer}", "NO_ANSWER", "robot", "no_answer"),
        ("{kind: unallocated, after_ms: 100}", "UNALLOCATED_NUMBER", "caller", "unallocated"),
    ],
)
def test_a_call_that_is_not_answered_has_its_cause(
    tmp_path: Path, outcome: str, cause: str, by: str, disposition: str
) -> None:
    call = hold_call(plan_file(tmp_path, TALKS, outcome=outcome), tmp_path, overrides=["call.ring_timeout_s=5"])
    record = call.finished.record
    assert record.hangup is not None
    assert (record.hangup.cause, record.hangup.by, record.disposition) == (cause, by, disposition)
    assert (record.answered_at, record.amd, record.turns, record.errors) == (None, None, (), ())
    assert "audio" not in record.files


def test_early_media_is_no_answer(tmp_path: Path) -> None:
    plan = plan_file(tmp_path, TALKS, outcome="{kind: answer, after_ms: 4000, early_media_ms: 3000}")
    call = hold_call(plan, tmp_path, heard=("Allô ?",))
    (progress,) = [one for one in call.named("progress") if one.fields["early_media"]]
    assert -3200 < progress.t_ms < -2800
    assert call.finished.record.amd is not None


def test_the_caller_hangs_up_while_the_robot_speaks(tmp_path: Path) -> None:
    steps = TALKS + "  - wait_robot_speaks:\n  - wait: 2000\n  - hangup:\n"
    record = hold_call(plan_file(tmp_path, steps), tmp_path, heard=("Allô ?",)).finished.record
    assert record.hangup is not None
    assert (record.hangup.by, record.disposition) == ("caller", "incomplete")
    assert record.files["audio"] == "call.wav"
    assert record.errors == ()


def test_a_call_that_lasts_too_long_is_ended(tmp_path: Path) -> None:
    call = hold_call(plan_file(tmp_path, TALKS), tmp_path, heard=("Allô ?",), overrides=["call.max_duration_s=10"])
    record = call.finished.record
    assert record.hangup is not None
    assert (record.hangup.cause, record.hangup.by) == ("ALLOTTED_TIMEOUT", "robot")


def test_nobody_at_that_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no callee of that name; valid: .*person_fr"):
        hold_call("nobody", tmp_path)


def test_the_record_is_written_when_the_robot_is_stopped(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, ("Allô ?",), MODEL, ())
    plan = plan_file(tmp_path, TALKS)

    async def main() -> None:
        async with open_robot(settings, surroundings_for([], 7)) as robot:
            dialogue = dialogue_of("appointment_fr")
            async with asyncio.timeout(6):
                await robot.call(f"lab:{plan}", dialogue, dialogue.samples())

    with pytest.raises(TimeoutError):
        run_virtual(main())
    (path,) = (tmp_path / "runs").glob("*/*/record.json")
    record = load_record(path)
    assert record.interrupted
    assert record.amd is not None
    assert list(tmp_path.glob("allobot-*")) == []


def test_the_disk_is_full_when_speech_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("robot.media.delivery.write_wav", full)
    record = hold_call(plan_file(tmp_path, TALKS), tmp_path, heard=("Allô ?",)).finished.record
    assert any("No space left on device" in error for error in record.errors)
    assert record.hangup is None or record.hangup.by == "robot"


def test_a_full_disk_refuses_the_call_before_it_is_placed(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"record\.folder"):
        hold_call(plan_file(tmp_path, TALKS), tmp_path, overrides=["record.min_free_mb=999999999"])


def test_a_model_that_fails_is_replaced_by_the_fallback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = (
        TALKS
        + """  - wait_robot_speaks:
  - wait_robot_silent: {for_ms: 1200}
  - say: "Où se trouve le cabinet ?"
"""
    )

    def broken(*_: object, **__: object) -> None:
        raise Unavailable("the model's server is gone")

    monkeypatch.setattr("services.llm.scripted.ScriptedChat.stream", broken)
    call = hold_call(plan_file(tmp_path, steps), tmp_path, heard=("Allô ?", "Où se trouve le cabinet ?"))
    record = call.finished.record
    answered = next(turn for turn in record.turns if turn.node == "answer_confirm")
    assert answered.heard_text.startswith("Je ne sais pas vous répondre.")
    assert any("the model's server is gone" in error for error in record.errors)


def test_a_recogniser_that_fails_is_a_turn_without_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise Unavailable("the recogniser broke")

    monkeypatch.setattr("services.asr.scripted.ScriptedRecognizer.transcribe", broken)
    steps = (
        TALKS
        + """  - wait_robot_speaks:
  - wait_robot_silent: {for_ms: 1200}
  - say: "Oui, je confirme."
"""
    )
    record = hold_call(plan_file(tmp_path, steps), tmp_path).finished.record
    assert record.amd is not None
    assert record.amd.verdict == "human"
    assert record.disposition == "no_input"
    assert sum("the recogniser broke" in error for error in record.errors) == 2


def test_a_voice_that_fails_ends_the_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise Unavailable("the voice broke")

    monkeypatch.setattr("services.tts.tone.ToneSynthesizer._speak", broken)
    record = hold_call(plan_file(tmp_path, "  - wait: 10000\n"), tmp_path).finished.record
    assert record.hangup is not None
    assert record.hangup.cause == "NORMAL_TEMPORARY_FAILURE"
    assert any("the voice broke" in error for error in record.errors)


def test_a_lead_without_its_name_is_refused(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, (), MODEL, ())

    async def main() -> None:
        async with open_robot(settings, surroundings_for([], 7)) as robot:
            await robot.call("lab:silent", dialogue_of("appointment_fr"), {})

    with pytest.raises(ScenarioError, match=r"lead\.first_name"):
        run_virtual(main())
    assert not list((tmp_path / "runs").glob("*/*"))


def test_no_switch_there_says_so(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, (), MODEL, ["switch.kind=freeswitch", "esl.port=9"])

    async def main() -> None:
        async with open_robot(settings, surroundings_for([], 7)):
            pass

    with pytest.raises(NotConnected, match=r"cannot reach the switch at 127\.0\.0\.1:9"):
        run_virtual(main())
