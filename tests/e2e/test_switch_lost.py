"""The connection to the switch is lost in the middle of a call: the call lives on, or ends in time with its record."""

from __future__ import annotations

from pathlib import Path

import pytest
from calls import Call, hold_call_across, plan_file
from proxy import Proxy

from robot.call.record import load_record

HEARD = ("Allô ?", "Attendez une minute", "Oui, je confirme.")
TALKS = """
  - wait: 300
  - say: "Allô ?"
  - wait_robot_speaks:
  - interrupt: {after_ms: 2000, say: "Attendez une minute"}
  - wait_robot_speaks:
  - wait_robot_silent: {for_ms: 1600}
  - say: "Oui, je confirme."
"""
LIMIT_MS = 3000.0
"""``esl.lost_call_after_s``"""
TIMEOUT_MS = 5000.0
"""``esl.command_timeout_s``"""
MOMENTS = ["answered", "amd_verdict", "speaking", "spoken", "barge_in"]


def meddled(tmp_path: Path, moment: str, what: str) -> Call:
    """A call in which ``what`` happens to the network at the first event of that name."""
    done: list[str] = []

    def meddle(name: str, proxy: Proxy) -> None:
        if name == moment and not done:
            done.append(name)
            proxy.refusing = what == "gone"
            if what == "half-open":
                proxy.stall(later=False)
            elif what == "stalled":
                proxy.stall()
            else:
                proxy.cut()

    call = hold_call_across(plan_file(tmp_path, TALKS), tmp_path, meddle, heard=HEARD)
    assert done == [moment]
    assert load_record(call.finished.folder) == call.finished.record
    assert list(tmp_path.glob("allobot-*")) == [], "nothing is left in the spool"
    return call


def ended_after_ms(call: Call, moment: str) -> float:
    return call.named("hangup")[0].t_ms - call.named(moment)[0].t_ms


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_call_outlives_a_connection_that_comes_back(tmp_path: Path, moment: str) -> None:
    record = meddled(tmp_path, moment, "cut").finished.record
    assert record.hangup is not None
    assert (record.hangup.cause, record.hangup.by) == ("NORMAL_CLEARING", "robot")
    assert record.disposition in ("confirmed", "no_input")
    assert record.amd is not None
    assert record.amd.verdict == "human"


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_switch_that_stays_away_ends_the_call_in_time(tmp_path: Path, moment: str) -> None:
    call = meddled(tmp_path, moment, "gone")
    record = call.finished.record
    assert record.hangup is not None
    assert (record.hangup.cause, record.hangup.by) == ("SWITCH_LOST", "switch")
    assert ended_after_ms(call, moment) <= LIMIT_MS + 50


def test_a_half_open_connection_is_replaced(tmp_path: Path) -> None:
    call = meddled(tmp_path, "amd_verdict", "half-open")
    record = call.finished.record
    assert record.hangup is not None
    assert record.hangup.cause == "NORMAL_CLEARING"


def test_a_switch_that_stalls_is_given_up(tmp_path: Path) -> None:
    """Noticed when a command is not answered, or the question whether it is there; then it is looked for."""
    call = meddled(tmp_path, "amd_verdict", "stalled")
    record = call.finished.record
    assert record.hangup is not None
    assert (record.hangup.cause, record.hangup.by) == ("SWITCH_LOST", "switch")
    assert ended_after_ms(call, "amd_verdict") <= 2 * TIMEOUT_MS + LIMIT_MS + 50
