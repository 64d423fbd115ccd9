"""Whole calls, from the order to the record, in virtual time with scripted engines."""

from __future__ import annotations

import json
from pathlib import Path

from calls import Call, hold_call, plan_file

from robot.call.record import load_record
from robot.call.tape import read_line

CONFIRMS = """
  - wait: 300
  - say: "Allô ?"
  - wait_robot_speaks:
  - wait_robot_silent: {for_ms: 1200}
  - say: "Oui, je confirme."
  - wait_robot_speaks:
  - wait_robot_silent: {for_ms: 1200}
  - say: "Non merci, au revoir."
"""
CONFIRMS_HEARD = ("Allô ?", "Oui, je confirme.", "Non merci, au revoir.")


def folder_of(call: Call) -> Path:
    return call.finished.folder


def test_a_person_confirms(tmp_path: Path) -> None:
    call = hold_call(plan_file(tmp_path, CONFIRMS), tmp_path, heard=CONFIRMS_HEARD)
    record = call.finished.record
    assert record.errors == ()
    assert (record.disposition, record.hangup and record.hangup.by) == ("confirmed", "robot")
    assert record.amd is not None
    assert (record.amd.verdict, record.amd.evidence.text) == ("human", "Allô ?")
    assert record.amd.decided_at_ms <= 2320
    assert [turn.caller_text for turn in record.turns] == ["", "Oui, je confirme.", "Non merci, au revoir."]
    assert [turn.heard_text for turn in record.turns] == [turn.robot_text for turn in record.turns]
    assert all(700 <= (turn.response_ms or 0) <= 1500 for turn in record.turns[1:])
    assert record.counters["stream_frames_dropped"] == record.counters["speech_gaps"] == 0
    assert load_record(folder_of(call)) == record


def test_the_audio_is_the_lines(tmp_path: Path) -> None:
    call = hold_call(plan_file(tmp_path, CONFIRMS), tmp_path, heard=CONFIRMS_HEARD)
    record, line = call.finished.record, read_line(folder_of(call) / "call.wav")
    assert "audio_from_tape" not in record.counters
    opening = record.turns[0]
    start = round((opening.robot_start_ms or 0) * 8)
    assert set(line.robot[: start - 400].tolist()) <= {0, -1}  # -1 is what the switch records while it plays nothing
    assert line.robot[start : start + 1600].any()
    assert abs(line.end_ms - record.talk_ms) < 200 or record.talk_ms == 0


def test_two_runs_give_the_same_events(tmp_path: Path) -> None:
    logs = []
    for run in ("a", "b"):
        folder = tmp_path / run
        folder.mkdir()
        call = hold_call(plan_file(folder, CONFIRMS), folder, heard=CONFIRMS_HEARD)
        logs.append((folder_of(call) / "events.jsonl").read_bytes())
    assert logs[0] == logs[1]
    assert len(logs[0].splitlines()) > 20


def test_the_caller_interrupts_and_asks(tmp_path: Path) -> None:
    steps = """
  - wait: 300
  - say: "Allô ?"
  - wait_robot_speaks:
  - wait: 6000
  - interrupt: {after_ms: 400, say: "Excusez-moi, où se trouve le cabinet ?"}
  - wait_robot_speaks:
  - wait_robot_silent: {for_ms: 1600}
  - say: "Oui, je confirme."
"""
    heard = ("Allô ?", "Excusez-moi, où se trouve le cabinet ?", "Oui, je confirme.")
    call = hold_call(plan_file(tmp_path, steps), tmp_path, heard=heard)
    record = call.finished.record
    opening, answered = record.turns[0], record.turns[1]
    assert opening.interrupted
    assert opening.robot_text.startswith(opening.heard_text)
    assert len(opening.heard_text) < len(opening.robot_text)
    (barge_in,) = record.barge_ins
    assert barge_in.onset_to_silence_ms is not None
    assert barge_in.onset_to_silence_ms <= 500
    assert answered.node == "answer_confirm"
    assert answered.robot_text.startswith("Le cabinet est au douze, rue des Lilas.")
    assert record.turns[2].intent == "confirm"


def test_a_machine_gets_its_message_after_the_beep(tmp_path: Path) -> None:
    steps = """
  - wait: 300
  - say: "Bonjour, vous êtes bien sur la messagerie de Marie Martin, laissez un message."
  - wait: 400
  - beep: {hz: 1000, ms: 400}
  - record: {silence_ms: 3000, max_ms: 60000}
  - hangup:
"""
    call = hold_call(plan_file(tmp_path, steps), tmp_path, heard=("Bonjour, vous êtes bien sur la messagerie",))
    record = call.finished.record
    assert record.amd is not None
    assert record.amd.verdict == "machine"
    assert record.disposition == "message_left"
    left = record.voicemail
    assert left is not None
    assert left.beep_at_ms is not None
    assert left.beep_hz is not None
    assert abs(left.beep_hz - 1000) < 30
    assert (left.message_start_ms or 0) >= left.beep_at_ms
    assert left.message_heard_text == record.turns[0].robot_text


def test_a_greeting_without_beep_is_followed_by_the_message(tmp_path: Path) -> None:
    steps = """
  - wait: 300
  - say: "Bonjour, vous êtes bien sur la messagerie de Marie Martin, laissez un message."
"""
    call = hold_call(plan_file(tmp_path, steps), tmp_path, heard=("Bonjour, vous êtes bien sur la messagerie",))
    record = call.finished.record
    (started,) = call.named("message_started")
    assert started.fields["cue"] == "greeting_end"
    assert record.disposition == "message_left"


def test_a_silent_line_is_never_transcribed(tmp_path: Path) -> None:
    call = hold_call(plan_file(tmp_path, "  - wait: 60000\n"), tmp_path, heard=("Merci d'avoir regardé.",))
    record = call.finished.record
    assert record.amd is not None
    assert (record.amd.verdict, record.amd.evidence.text, record.amd.compute_ms) == ("no_answer", "", 0)
    assert record.disposition == "no_answer"


def test_key_nine_opts_out(tmp_path: Path) -> None:
    steps = """
  - wait: 300
  - say: "Allô ?"
  - wait_robot_speaks:
  - wait: 1000
  - dtmf: "9"
"""
    call = hold_call(plan_file(tmp_path, steps), tmp_path, heard=("Allô ?",))
    record = call.finished.record
    assert record.disposition == "opt_out"
    assert [key.digit for key in record.dtmf] == ["9"]


def test_a_caller_who_says_nothing_is_asked_again_and_let_go(tmp_path: Path) -> None:
    steps = """
  - wait: 300
  - say: "Allô ?"
"""
    call = hold_call(plan_file(tmp_path, steps), tmp_path, heard=("Allô ?",))
    record = call.finished.record
    assert len(call.named("no_input")) == 3
    assert record.disposition == "no_input"


def test_a_sound_without_words_does_not_leave_the_robot_silent(tmp_path: Path) -> None:
    steps = """
  - wait: 300
  - say: "Allô ?"
  - wait_robot_speaks:
  - wait: 3000
  - interrupt: {after_ms: 200, say: "Hum hum hum hum"}
  - wait_robot_speaks:
  - wait_robot_silent: {for_ms: 1200}
  - say: "Oui, je confirme."
"""
    call = hold_call(plan_file(tmp_path, steps), tmp_path, heard=("Allô ?", "", "Oui, je confirme."))
    record = call.finished.record
    assert record.counters["empty_turns"] == 1
    assert [turn.caller_text for turn in record.turns if turn.caller_text] == ["Oui, je confirme."]
    assert record.disposition in ("confirmed", "no_input")


def test_the_schema_of_events(tmp_path: Path) -> None:
    call = hold_call(plan_file(tmp_path, CONFIRMS), tmp_path, heard=CONFIRMS_HEARD)
    rows = [json.loads(line) for line in (folder_of(call) / "events.jsonl").read_text().splitlines()]
    assert {"t_ms", "name"} <= set.intersection(*(set(row) for row in rows))
    times = [row["t_ms"] for row in rows]
    assert times == sorted(times)
    assert [row["name"] for row in rows if row["name"] in ("originate", "answered", "amd_verdict", "hangup")] == [
        "originate",
        "answered",
        "amd_verdict",
        "hangup",
    ]
