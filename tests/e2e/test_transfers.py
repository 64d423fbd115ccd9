"""A caller is handed over to a person: two callees on one switch, in virtual time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from calls import MODEL, Call, Seen, settings_for, surroundings_for

from robot.app import open_robot
from robot.call.agent_hook import FILE_NAME
from robot.call.closing import FinishedCall
from robot.call.record import load_record
from robot.call.tape import read_line
from robot.lab.clock import run_virtual
from robot.scenario.loader import load_scenario

SCENARIO = """\
name: helpdesk
language: fr
on_verdict: {{human: talk}}
start: greeting
recover:
  no_input: {{text: "Vous êtes là ?", max: 1, next: bye}}
  not_understood: {{text: "Pardon ?", max: 1, next: bye}}
nodes:
  greeting: {{say: {{text: "Bonjour, je suis un robot.", disclosure: true, next: question}}}}
  question:
    ask:
      text: "Voulez-vous parler à quelqu'un ?"
      intents:
        through: {{keywords: [oui], next: person}}
        done: {{keywords: [non], next: bye, disposition: refused_person}}
        code: {{keywords: [code], next: code}}
  code: {{keys: {{digits: "12#", next: question}}}}
  person: {{transfer: {{to: "{to}", kind: {kind}, text: Un instant., otherwise: {{text: Personne., next: question}}}}}}
  bye: {{hangup: {{text: Au revoir.}}}}
"""
WANTS = """
  - wait: 300
  - say: "Allô ?"
  - wait_robot_speaks:
  - wait_robot_silent: {for_ms: 1200}
  - say: "Oui."
"""
PATIENT = """
  - wait_robot_silent: {for_ms: 8000}
  - wait_robot_speaks:
  - wait_robot_silent: {for_ms: 1200}
  - say: "Non."
"""
AGENT = """
  - wait: 2000
  - beep: {hz: 600, ms: 3000}
  - wait: 1000
  - hangup: NORMAL_CLEARING
"""


def plan(folder: Path, name: str, steps: str, outcome: str = "{kind: answer, after_ms: 400}") -> Path:
    path = folder / f"{name}.yaml"
    text = f"name: {name}\nlanguage: fr\nseed: 3\noutcome: {outcome}\nsteps:\n{steps}"
    path.write_text(text, encoding="utf-8")
    return path


def hold(
    folder: Path,
    to: str,
    *,
    steps: str = WANTS,
    kind: str = "attended",
    heard: Sequence[str] = ("Allô ?", "Oui.", "Non."),
    limit_s: float = 600,
    overrides: Sequence[str] = (),
) -> Call:
    """A call to somebody who wants a person."""
    seen: list[Seen] = []
    settings = settings_for(folder, heard, MODEL, overrides)
    file = folder / "helpdesk.yaml"
    file.write_text(SCENARIO.format(to=to, kind=kind), encoding="utf-8")

    async def main() -> FinishedCall:
        async with open_robot(settings, surroundings_for(seen, 7)) as robot:
            async with asyncio.timeout(limit_s):
                return await robot.call(f"lab:{plan(folder, 'caller', steps)}", load_scenario(file), {})

    return Call(run_virtual(main()), seen)


def test_a_person_takes_the_caller(tmp_path: Path) -> None:
    agent = plan(tmp_path, "agent", AGENT)
    record = (call := hold(tmp_path, f"lab:{agent}")).finished.record
    assert record.errors == ()
    assert record.disposition == "transferred"
    assert record.hangup is not None
    assert record.hangup.cause == "NORMAL_CLEARING"
    (transfer,) = record.transfers
    assert (transfer.kind, transfer.outcome) == ("attended", "handed_over")
    assert transfer.handed_over_at_ms is not None
    assert transfer.asked_at_ms is not None
    assert 400 <= transfer.handed_over_at_ms - transfer.asked_at_ms <= 800
    (over,) = call.named("handed_over")
    (end,) = call.named("hangup")
    assert 5500 <= end.t_ms - over.t_ms <= 7000, "the talk lasts until the person hangs up"


def test_the_person_sees_what_was_said(tmp_path: Path) -> None:
    finished = hold(tmp_path, f"lab:{plan(tmp_path, 'agent', AGENT)}").finished
    offer = json.loads((finished.folder / FILE_NAME).read_text(encoding="utf-8"))
    assert (offer["call_id"], offer["scenario"]) == (finished.record.call_id, "helpdesk")
    assert offer["agent_call_id"] == finished.record.transfers[0].agent_call_id
    assert [(line["role"], line["text"]) for line in offer["transcript"]][-2:] == [
        ("caller", "Oui."),
        ("robot", "Un instant."),
    ]


def test_the_caller_hears_music_and_then_is_no_longer_recorded(tmp_path: Path) -> None:
    finished = hold(tmp_path, f"lab:{plan(tmp_path, 'agent', AGENT, '{kind: answer, after_ms: 3000}')}").finished
    line, (transfer,) = read_line(finished.folder / "call.wav"), finished.record.transfers
    assert transfer.asked_at_ms is not None
    assert transfer.handed_over_at_ms is not None
    first = round((transfer.asked_at_ms - finished.record.audio_start_ms) * 8)
    music = line.robot[first : first + 8000].astype(np.float64)
    assert np.abs(music).max() > 1000, "tones while the person's telephone rings"
    assert line.end_ms <= transfer.handed_over_at_ms + 200


@pytest.mark.parametrize(
    ("outcome", "why"),
    [
        ("{kind: busy, after_ms: 300}", "busy"),
        ("{kind: reject, after_ms: 300}", "rejected"),
        ("{kind: no_answer}", "no_answer"),
    ],
)
def test_when_nobody_takes_the_caller_the_dialogue_goes_on(tmp_path: Path, outcome: str, why: str) -> None:
    steps = WANTS + PATIENT
    agent = plan(tmp_path, "agent", AGENT, outcome)
    record = hold(tmp_path, f"lab:{agent}", steps=steps, overrides=["transfer.ring_timeout_s=6"]).finished.record
    assert [transfer.outcome for transfer in record.transfers] == [why]
    assert "Personne." in " ".join(turn.heard_text for turn in record.turns)
    assert record.disposition in ("refused_person", "completed")
    assert record.hangup is not None
    assert record.hangup.by == "robot"


def test_a_caller_who_does_not_wait_leaves_no_ringing_behind(tmp_path: Path) -> None:
    agent = plan(tmp_path, "agent", AGENT, "{kind: no_answer}")
    steps = WANTS + "  - wait: 6000\n  - hangup: NORMAL_CLEARING\n"
    record = hold(tmp_path, f"lab:{agent}", steps=steps).finished.record
    assert record.hangup is not None
    assert record.hangup.by == "caller"
    assert [transfer.outcome for transfer in record.transfers] == [""]


def test_the_switch_takes_the_caller_alone(tmp_path: Path) -> None:
    record = hold(tmp_path, f"lab:{plan(tmp_path, 'agent', AGENT)}", kind="blind").finished.record
    assert (record.disposition, record.transfers[0].outcome) == ("transferred", "handed_over")
    assert record.hangup is not None
    assert record.hangup.cause == "NORMAL_CLEARING"
    assert record.errors == ()


def test_an_extension_of_the_dialplan(tmp_path: Path) -> None:
    record = hold(tmp_path, "1000", kind="blind").finished.record
    assert record.disposition == "transferred"
    assert record.hangup is not None
    assert record.hangup.cause == "NO_ROUTE_DESTINATION"


def test_a_robot_that_is_stopped_leaves_the_two_talking(tmp_path: Path) -> None:
    agent = plan(tmp_path, "agent", "  - wait: 60000\n")
    with pytest.raises(TimeoutError):
        hold(tmp_path, f"lab:{agent}", limit_s=20)
    (path,) = (tmp_path / "runs").glob("*/*/record.json")
    record = load_record(path)
    assert (record.interrupted, record.disposition, record.hangup) == (True, "transferred", None)


def test_a_number_is_rehearsed_with_a_callee_of_the_lab(tmp_path: Path) -> None:
    call = hold(tmp_path, "+33123456789", overrides=["lab.person=silent", "transfer.max_duration_s=10"])
    assert [transfer.outcome for transfer in call.finished.record.transfers] == ["handed_over"]


def test_keys_count_by_both_ways(tmp_path: Path) -> None:
    steps = WANTS + '  - dtmf: "1"\n  - dtmf: {digits: "2", by: info}\n  - wait: 500\n  - hangup: NORMAL_CLEARING\n'
    record = hold(tmp_path, "+33123456789", steps=steps).finished.record
    assert [(key.digit, key.source) for key in record.dtmf] == [("1", "RTP"), ("2", "ENDPOINT")]


def test_keys_are_sent(tmp_path: Path) -> None:
    steps = WANTS.replace("Oui.", "Le code.")
    call = hold(tmp_path, "1000", kind="blind", steps=steps, heard=("Allô ?", "Le code."))
    (sent,) = call.named("keys_sent")
    assert sent.fields["digits"] == "12#"


def test_the_longest_time_ends_a_talk_too(tmp_path: Path) -> None:
    agent = plan(tmp_path, "agent", "  - wait: 60000\n")
    record = hold(tmp_path, f"lab:{agent}", overrides=["transfer.max_duration_s=10"]).finished.record
    assert record.hangup is not None
    assert (record.hangup.cause, record.hangup.by) == ("ALLOTTED_TIMEOUT", "robot")
