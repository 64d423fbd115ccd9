"""Calls that are not answered: causes, SIP statuses, dispositions, and the job's word for each."""

from __future__ import annotations

import asyncio

import pytest
from conformance import Lab, Run

REFUSALS = [
    ("busy", "USER_BUSY", "17", "486"),
    ("reject", "CALL_REJECTED", "21", "603"),
    ("unallocated", "UNALLOCATED_NUMBER", "1", "404"),
    ("unavailable", "NO_USER_RESPONSE", "18", "480"),
    ("incompatible", "INCOMPATIBLE_DESTINATION", "88", "488"),
    ("congestion", "NORMAL_TEMPORARY_FAILURE", "41", "503"),
    ("number_changed", "NUMBER_CHANGED", "22", "410"),
]


@pytest.mark.parametrize(("callee", "cause", "q850", "status"), REFUSALS)
def test_a_refusal(run: Run, callee: str, cause: str, q850: str, status: str) -> None:
    async def case(lab: Lab) -> None:
        uuid = await lab.originate(callee)
        done = await lab.ended(uuid)
        assert await lab.esl.job(f"job-{uuid}") == f"-ERR {cause}\n"
        wanted = {
            "Hangup-Cause": cause,
            "Answer-State": "hangup",
            "variable_hangup_cause": cause,
            "variable_hangup_cause_q850": q850,
            "variable_sip_term_status": status,
            "variable_sip_term_cause": q850,
            "variable_sip_invite_failure_status": status,
            "variable_proto_specific_hangup_cause": f"sip:{status}",
            "variable_sip_hangup_disposition": "recv_refuse",
            "variable_answer_epoch": "0",
            "variable_billsec": "0",
        }
        assert {name: done.get(name) for name in wanted} == wanted
        names = [event.name for event in lab.esl.about(uuid)]
        assert not {"CHANNEL_ANSWER", "CHANNEL_PARK", "CHANNEL_EXECUTE"} & set(names)
        assert names[-1] == "CHANNEL_STATE" or names[-1] == "BACKGROUND_JOB"

    run(case)


def test_nobody_answers(run: Run) -> None:
    async def case(lab: Lab) -> None:
        uuid = await lab.originate("no_answer", "originate_timeout=2")
        done = await lab.ended(uuid)
        assert await lab.esl.job(f"job-{uuid}") == "-ERR NO_ANSWER\n"
        wanted = {
            "Hangup-Cause": "NO_ANSWER",
            "variable_hangup_cause_q850": "19",
            "variable_sip_hangup_disposition": "send_cancel",
            "variable_sip_invite_failure_status": "487",
            "variable_answer_epoch": "0",
        }
        assert {name: done.get(name) for name in wanted} == wanted
        waited_ms = int(done.get("variable_mduration"))
        assert 900 <= waited_ms <= 2200

    run(case)


@pytest.mark.parametrize(
    ("said", "cause"), [("", "NORMAL_CLEARING"), (" ORIGINATOR_CANCEL", "ORIGINATOR_CANCEL"), (" 17", "USER_BUSY")]
)
def test_hung_up_while_ringing(run: Run, said: str, cause: str) -> None:
    async def case(lab: Lab) -> None:
        uuid = await lab.originate("no_answer")
        await lab.esl.until_name("CHANNEL_PROGRESS", uuid)
        assert await lab.esl.api(f"uuid_kill {uuid}{said}") == "+OK\n"
        done = await lab.ended(uuid)
        assert await lab.esl.job(f"job-{uuid}") == f"-ERR {cause}\n"
        assert done.get("Hangup-Cause") == cause
        assert done.get("variable_sip_hangup_disposition") == "send_cancel"
        assert done.get("variable_sip_invite_failure_status") == "487"
        names = [event.name for event in lab.esl.about(uuid) if event.name != "BACKGROUND_JOB"]
        tail = names[names.index("CHANNEL_HANGUP") :]
        assert [name for name in tail if name not in ("CHANNEL_STATE", "CHANNEL_CALLSTATE")] == [
            "CHANNEL_HANGUP",
            "CHANNEL_HANGUP_COMPLETE",
            "CHANNEL_DESTROY",
        ]

    run(case)


@pytest.mark.parametrize(
    ("dial", "cause"),
    [
        ("sofia/no_such_profile/x@127.0.0.1", "INVALID_PROFILE"),
        ("user/nobody", "SUBSCRIBER_ABSENT"),
        ("no_such_endpoint/x", "CHAN_NOT_IMPLEMENTED"),
    ],
)
def test_a_dial_string_that_leads_nowhere(run: Run, dial: str, cause: str) -> None:
    async def case(lab: Lab) -> None:
        assert await lab.esl.api(f"originate {{origination_uuid=u}}{dial} &park()") == f"-ERR {cause}\n"
        await asyncio.sleep(0.1)
        told = lab.esl.about("u")
        stillborn = ["CHANNEL_DESTROY", "CHANNEL_STATE"] if cause == "INVALID_PROFILE" else []
        assert [event.name for event in told] == stillborn
        assert not any("Hangup-Cause" in event.headers for event in told)

    run(case)


@pytest.mark.parametrize("line", ["originate", "originate sofia/internal/x"])
def test_originate_without_all_its_words(run: Run, line: str) -> None:
    async def case(lab: Lab) -> None:
        assert (await lab.esl.api(line)).startswith("-USAGE: <call url> <exten>|&<application_name>(<app_args>)")

    run(case)


def test_a_uuid_that_is_taken(run: Run) -> None:
    async def case(lab: Lab) -> None:
        uuid = await lab.call()
        dial = lab.callees.format(name="quiet")
        assert await lab.esl.api(f"originate {{origination_uuid={uuid}}}{dial} &park()") == (
            "-ERR DESTINATION_OUT_OF_ORDER\n"
        )
        assert await lab.esl.api(f"uuid_exists {uuid}") == "true"
        await lab.hang_up(uuid)

    run(case)
