"""Whole calls: the order of their events, their headers, and what each kind of end says."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest
from switch_peer import START_US, lab, plan

from robot.lab.clock import run_virtual
from robot.protocol.esl import Event

PLACED = [
    "CHANNEL_OUTGOING",
    "CHANNEL_STATE",
    "CHANNEL_CREATE",
    "CHANNEL_ORIGINATE",
    "CHANNEL_STATE",
    "CHANNEL_STATE",
]
PARKED = ["CHANNEL_STATE", "CHANNEL_EXECUTE", "CHANNEL_PARK"]
UNPARKED = ["CHANNEL_UNPARK", "CHANNEL_EXECUTE_COMPLETE"]
GONE = [
    "CHANNEL_STATE",
    "CHANNEL_CALLSTATE",
    "CHANNEL_STATE",
    "CHANNEL_HANGUP_COMPLETE",
    "CHANNEL_DESTROY",
    "CHANNEL_STATE",
]


def names_of(events: list[Event]) -> list[str]:
    return [event.name for event in events if event.name != "BACKGROUND_JOB"]


def place(
    variables: str = "",
    *,
    outcome: Mapping[str, object] | None = None,
    kill_after_s: float = 0.5,
    kill: str | None = None,
) -> list[Event]:
    """The events of one call to ``x``; an answered one is killed after a while."""

    async def main() -> list[Event]:
        async with lab(plan("x", outcome)) as (_, peer):
            await peer.originate("u", "x", variables)
            if kill is not None:
                await asyncio.sleep(kill_after_s)
                assert await peer.api(f"uuid_kill u {kill}".strip()) == "+OK\n"
            await peer.until(lambda event: event.get("Channel-State") == "CS_DESTROY")
            return peer.events

    return run_virtual(main())


def one(events: list[Event], name: str) -> Event:
    (event,) = [event for event in events if event.name == name]
    return event


def test_an_answered_call_and_our_hangup() -> None:
    events = place(kill="")
    assert names_of(events) == [
        *PLACED,
        "CHANNEL_PROGRESS",
        "CHANNEL_CALLSTATE",
        "CHANNEL_ANSWER",
        "CHANNEL_CALLSTATE",
        *PARKED,
        "CHANNEL_HANGUP",
        *UNPARKED,
        *GONE,
    ]
    assert one(events, "BACKGROUND_JOB").body == "+OK u\n"
    states = [event.get("Channel-State") for event in events if event.name == "CHANNEL_STATE"]
    assert states[:4] == ["CS_INIT", "CS_ROUTING", "CS_CONSUME_MEDIA", "CS_EXECUTE"]
    assert states[4:] == ["CS_HANGUP", "CS_REPORTING", "CS_DESTROY"]
    changes = [
        (event.get("Original-Channel-Call-State"), event.get("Channel-Call-State"))
        for event in events
        if event.name == "CHANNEL_CALLSTATE"
    ]
    assert changes == [("DOWN", "RINGING"), ("RINGING", "ACTIVE"), ("ACTIVE", "HANGUP")]
    answer, park = one(events, "CHANNEL_ANSWER"), one(events, "CHANNEL_PARK")
    assert (answer.at_us - START_US, park.at_us - answer.at_us) == (200_000, 20_000)
    complete = one(events, "CHANNEL_HANGUP_COMPLETE")
    assert complete.get("variable_sip_hangup_disposition") == "send_bye"
    assert (complete.get("Hangup-Cause"), complete.get("variable_hangup_cause_q850")) == ("NORMAL_CLEARING", "16")
    assert complete.get("variable_proto_specific_hangup_cause") == ""
    assert one(events, "CHANNEL_HANGUP").get("variable_hangup_cause") == ""


def test_headers_of_an_answered_call() -> None:
    events = place("origination_caller_id_number=0123,my_var='a b c'", kill="")
    assert [event.get("Event-Sequence") for event in events] == sorted(
        (event.get("Event-Sequence") for event in events), key=int
    )
    assert len({event.get("Core-UUID") for event in events}) == 1
    answer, park = one(events, "CHANNEL_ANSWER"), one(events, "CHANNEL_PARK")
    assert answer.get("variable_my_var") == "a b c"
    assert (answer.get("Answer-State"), answer.get("Channel-Call-State")) == ("answered", "RINGING")
    assert answer.get("Call-Direction") == "outbound"
    assert answer.get("Caller-Destination-Number") == "x"
    assert (answer.get("Caller-Caller-ID-Number"), park.get("Caller-Caller-ID-Number")) == ("0123", "x")
    assert (answer.get("Caller-Callee-ID-Number"), park.get("Caller-Callee-ID-Number")) == ("x", "0123")
    assert park.get("variable_endpoint_disposition") == "ANSWER"
    complete = one(events, "CHANNEL_HANGUP_COMPLETE")
    durations = {name: complete.get(f"variable_{name}") for name in ("mduration", "billmsec", "answermsec")}
    assert durations == {"mduration": "520", "billmsec": "320", "answermsec": "200"}
    assert complete.get("variable_answer_uepoch") == str(START_US + 200_000)
    assert complete.get("variable_start_stamp") == "2026-11-20 04:20:15"
    assert complete.get("variable_rtp_audio_in_packet_count") == "16"


@pytest.mark.parametrize(
    ("kind", "cause", "q850", "status", "phrase"),
    [
        ("busy", "USER_BUSY", "17", "486", "Busy Here"),
        ("reject", "CALL_REJECTED", "21", "603", "Decline"),
        ("unallocated", "UNALLOCATED_NUMBER", "1", "404", "Not Found"),
        ("congestion", "NORMAL_TEMPORARY_FAILURE", "41", "503", "Service Unavailable"),
        ("unavailable", "NO_USER_RESPONSE", "18", "480", "Temporarily Unavailable"),
        ("number_changed", "NUMBER_CHANGED", "22", "410", "Gone"),
        ("incompatible", "INCOMPATIBLE_DESTINATION", "88", "488", "Not Acceptable Here"),
    ],
)
def test_refusals(kind: str, cause: str, q850: str, status: str, phrase: str) -> None:
    events = place(outcome={"kind": kind, "after_ms": 300})
    assert names_of(events) == [*PLACED, "CHANNEL_PROGRESS", "CHANNEL_CALLSTATE", "CHANNEL_HANGUP", *GONE]
    assert one(events, "BACKGROUND_JOB").body == f"-ERR {cause}\n"
    complete = one(events, "CHANNEL_HANGUP_COMPLETE")
    assert complete.get("Hangup-Cause") == complete.get("variable_hangup_cause") == cause
    assert complete.get("variable_hangup_cause_q850") == complete.get("variable_sip_term_cause") == q850
    assert complete.get("variable_proto_specific_hangup_cause") == f"sip:{status}"
    assert complete.get("variable_sip_invite_failure_status") == complete.get("variable_sip_term_status") == status
    assert complete.get("variable_sip_invite_failure_phrase") == phrase
    assert complete.get("variable_sip_hangup_disposition") == "recv_refuse"
    assert complete.get("variable_answer_epoch") == "0"


def test_no_answer_ends_on_a_whole_second_of_the_core_clock() -> None:
    events = place("originate_timeout=3", outcome={"kind": "no_answer"})
    hangup = one(events, "CHANNEL_HANGUP")
    assert hangup.get("Hangup-Cause") == "NO_ANSWER"
    assert 2_000_000 < hangup.at_us - START_US < 2_220_000
    complete = one(events, "CHANNEL_HANGUP_COMPLETE")
    assert complete.get("variable_hangup_cause_q850") == "19"
    assert complete.get("variable_sip_hangup_disposition") == "send_cancel"
    assert complete.get("variable_sip_invite_failure_status") == "487"
    assert complete.get("variable_proto_specific_hangup_cause") == ""
    assert one(events, "BACKGROUND_JOB").body == "-ERR NO_ANSWER\n"


@pytest.mark.parametrize(("given", "cause"), [("", "NORMAL_CLEARING"), ("ORIGINATOR_CANCEL", "ORIGINATOR_CANCEL")])
def test_killed_while_ringing(given: str, cause: str) -> None:
    events = place(outcome={"kind": "no_answer"}, kill=given)
    assert names_of(events) == [*PLACED, "CHANNEL_PROGRESS", "CHANNEL_CALLSTATE", "CHANNEL_HANGUP", *GONE]
    complete = one(events, "CHANNEL_HANGUP_COMPLETE")
    assert (complete.get("Hangup-Cause"), complete.get("variable_hangup_cause_q850")) == (cause, "16")
    assert complete.get("variable_sip_hangup_disposition") == "send_cancel"
    assert one(events, "BACKGROUND_JOB").body == f"-ERR {cause}\n"


EARLY = {"after_ms": 1000, "early_media_ms": 1000}


def test_early_media_ignored_is_no_answer() -> None:
    events = place(outcome=EARLY, kill="", kill_after_s=2)
    assert names_of(events)[:13] == [
        *PLACED,
        "CHANNEL_PROGRESS_MEDIA",
        "CHANNEL_CALLSTATE",
        "CHANNEL_ANSWER",
        "CHANNEL_CALLSTATE",
        *PARKED,
    ]
    assert one(events, "BACKGROUND_JOB").at_us > one(events, "CHANNEL_ANSWER").at_us


def test_early_media_not_ignored_answers_originate_and_parks_before_the_answer() -> None:
    events = place("ignore_early_media=false", outcome=EARLY, kill="", kill_after_s=2)
    assert names_of(events)[:13] == [
        *PLACED,
        "CHANNEL_PROGRESS_MEDIA",
        "CHANNEL_CALLSTATE",
        *PARKED,
        "CHANNEL_ANSWER",
        "CHANNEL_CALLSTATE",
    ]
    job, answer = one(events, "BACKGROUND_JOB"), one(events, "CHANNEL_ANSWER")
    assert job.body == "+OK u\n"
    assert answer.at_us - job.at_us == 980_000
    changes = [event.get("Channel-Call-State") for event in events if event.name == "CHANNEL_CALLSTATE"]
    assert changes == ["EARLY", "ACTIVE", "HANGUP"]


def test_refused_in_early_media() -> None:
    events = place(outcome={"kind": "busy", **EARLY})
    assert "CHANNEL_PROGRESS_MEDIA" in names_of(events)
    assert one(events, "CHANNEL_HANGUP_COMPLETE").get("Hangup-Cause") == "USER_BUSY"


def test_ringing_turns_into_early_media() -> None:
    events = place(outcome={"after_ms": 1000, "early_media_ms": 400}, kill="", kill_after_s=2)
    changes = [event.get("Channel-Call-State") for event in events if event.name == "CHANNEL_CALLSTATE"]
    assert changes == ["RINGING", "EARLY", "ACTIVE", "HANGUP"]
    assert one(events, "CHANNEL_PROGRESS_MEDIA").at_us - START_US == 600_000


def test_the_callee_hangs_up() -> None:
    async def main() -> list[Event]:
        async with lab(plan("x", steps=[{"wait": 400}, {"hangup": "NORMAL_CLEARING"}])) as (switch, peer):
            await peer.originate("u", "x")
            await peer.until(lambda event: event.get("Channel-State") == "CS_DESTROY")
            (finished,) = switch.calls.finished
            assert finished.callee is not None
            assert finished.callee.events[-1].name == "hangup"
            assert (finished.answered_s, finished.punctuality.late) == (0.2, 0)
            return peer.events

    events = run_virtual(main())
    hangup, complete = one(events, "CHANNEL_HANGUP"), one(events, "CHANNEL_HANGUP_COMPLETE")
    assert hangup.at_us == complete.at_us == START_US + 600_000
    assert hangup.get("variable_sip_term_status") == "200"
    assert hangup.get("variable_sip_hangup_disposition") == ""
    assert complete.get("variable_proto_specific_hangup_cause") == "sip:200"
    assert complete.get("variable_sip_hangup_disposition") == "recv_bye"


def test_two_runs_with_one_seed_give_the_same_events() -> None:
    first, second = place(kill=""), place(kill="")
    assert [event.headers for event in first] == [event.headers for event in second]
