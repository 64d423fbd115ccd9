"""Hangup causes → dispositions: every cause that was measured, and any text at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robot.fsm.dispositions import MEANINGS, disposition_of
from robot.lab.switch.causes import cause_named


@pytest.mark.parametrize(
    ("cause", "disposition"),
    [
        ("USER_BUSY", "busy"),
        ("CALL_REJECTED", "rejected"),
        ("UNALLOCATED_NUMBER", "unallocated"),
        ("NO_USER_RESPONSE", "unreachable"),
        ("INCOMPATIBLE_DESTINATION", "incompatible"),
        ("NORMAL_TEMPORARY_FAILURE", "congestion"),
        ("NUMBER_CHANGED", "number_changed"),
        ("RECOVERY_ON_TIMER_EXPIRE", "unreachable"),
        ("NO_ANSWER", "no_answer"),
        ("NORMAL_CLEARING", "cancelled"),
        ("ORIGINATOR_CANCEL", "cancelled"),
        ("MEDIA_TIMEOUT", "media_lost"),
        ("SYSTEM_SHUTDOWN", "switch_down"),
        ("SWITCH_LOST", "switch_down"),
        ("DESTINATION_OUT_OF_ORDER", "congestion"),
        ("INVALID_PROFILE", "misrouted"),
        ("SUBSCRIBER_ABSENT", "unreachable"),
        ("CHAN_NOT_IMPLEMENTED", "misrouted"),
        ("NORMAL_CIRCUIT_CONGESTION", "congestion"),
        ("OUTGOING_CALL_BARRED", "blocked"),
        ("INVALID_NUMBER_FORMAT", "invalid_number"),
    ],
)
def test_a_call_that_was_not_answered(cause: str, disposition: str) -> None:
    assert disposition_of(cause, answered=False) == disposition


@pytest.mark.parametrize(
    ("cause", "disposition"),
    [
        ("NORMAL_CLEARING", "hung_up"),
        ("USER_BUSY", "hung_up"),
        ("ALLOTTED_TIMEOUT", "time_limit"),
        ("MEDIA_TIMEOUT", "media_lost"),
        ("SWITCH_LOST", "switch_down"),
        ("BLIND_TRANSFER", "transferred"),
        ("NORMAL_TEMPORARY_FAILURE", "congestion"),
    ],
)
def test_a_call_that_was_answered(cause: str, disposition: str) -> None:
    assert disposition_of(cause, answered=True) == disposition


@pytest.mark.parametrize("number", [1, 2, 3, 6, 16, 17, 18, 19, 20, 21, 22, 25, 27, 28, 34, 38, 41, 42, 44, 57, 102])
def test_what_the_embedded_switch_can_say_has_a_name(number: int) -> None:
    assert disposition_of(cause_named(str(number)), answered=False) != "failed"


@given(st.text(), st.booleans())
def test_any_cause_has_a_documented_disposition(cause: str, answered: bool) -> None:
    assert disposition_of(cause, answered=answered) in MEANINGS
