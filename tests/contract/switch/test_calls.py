"""From originate to the last event: order of events and job, variables, states, who hung up."""

from __future__ import annotations

import asyncio

from conformance import Lab, Run

from robot.protocol import esl

ANSWERED = [
    "CHANNEL_OUTGOING",
    "CHANNEL_STATE CS_INIT",
    "CHANNEL_CREATE",
    "CHANNEL_ORIGINATE",
    "CHANNEL_STATE CS_ROUTING",
    "CHANNEL_STATE CS_CONSUME_MEDIA",
    "CHANNEL_PROGRESS",
    "CHANNEL_CALLSTATE RINGING",
    "CHANNEL_ANSWER",
    "CHANNEL_CALLSTATE ACTIVE",
    "CHANNEL_STATE CS_EXECUTE",
    "CHANNEL_EXECUTE park",
    "CHANNEL_PARK",
]
HUNG_UP = [
    "CHANNEL_HANGUP",
    "CHANNEL_UNPARK",
    "CHANNEL_EXECUTE_COMPLETE park",
    "CHANNEL_STATE CS_HANGUP",
    "CHANNEL_CALLSTATE HANGUP",
    "CHANNEL_STATE CS_REPORTING",
    "CHANNEL_HANGUP_COMPLETE",
    "CHANNEL_DESTROY",
    "CHANNEL_STATE CS_DESTROY",
]


def told(event: esl.Event) -> str:
    """An event's name, and what tells it from others of that name."""
    match event.name:
        case "CHANNEL_STATE":
            return f"{event.name} {event.get('Channel-State')}"
        case "CHANNEL_CALLSTATE":
            return f"{event.name} {event.get('Channel-Call-State')}"
        case "CHANNEL_EXECUTE" | "CHANNEL_EXECUTE_COMPLETE":
            return f"{event.name} {event.get('Application')}"
        case _:
            return event.name


def story(lab: Lab, uuid: str) -> list[str]:
    """The channel's events in order, without the job's, whose place among them varies."""
    return [told(event) for event in lab.esl.events if event.uuid == uuid]


def test_an_answered_call_that_we_hang_up(run: Run) -> None:
    async def case(lab: Lab) -> None:
        uuid = await lab.call()
        await lab.hang_up(uuid)
        assert story(lab, uuid) == [*ANSWERED, *HUNG_UP]
        names = [event.name for event in lab.esl.about(uuid)]
        assert names.index("CHANNEL_ANSWER") < names.index("BACKGROUND_JOB") < names.index("CHANNEL_HANGUP")
        assert await lab.esl.job(f"job-{uuid}") == f"+OK {uuid}\n"
        sequence = [int(event.get("Event-Sequence")) for event in lab.esl.about(uuid)]
        dates = [event.at_us for event in lab.esl.about(uuid)]
        assert sequence == sorted(sequence)
        assert dates == sorted(dates)

    run(case)


def test_states_that_the_events_tell(run: Run) -> None:
    async def case(lab: Lab) -> None:
        uuid = await lab.call()
        await lab.hang_up(uuid)
        states = {
            told(event): (event.get("Channel-Call-State"), event.get("Answer-State"))
            for event in lab.esl.about(uuid)
            if event.name != "BACKGROUND_JOB"
        }
        assert states["CHANNEL_CREATE"] == ("DOWN", "ringing")
        assert states["CHANNEL_PROGRESS"] == ("DOWN", "ringing")
        assert states["CHANNEL_ANSWER"] == ("RINGING", "answered")
        assert states["CHANNEL_PARK"] == ("ACTIVE", "answered")
        assert states["CHANNEL_HANGUP"] == ("ACTIVE", "hangup")
        assert states["CHANNEL_HANGUP_COMPLETE"] == ("HANGUP", "hangup")

    run(case)


def test_headers_of_a_call(run: Run) -> None:
    async def case(lab: Lab) -> None:
        uuid = await lab.call("quiet", "origination_caller_id_number=33123456789,my_var='x y'")
        created = await lab.esl.until_name("CHANNEL_CREATE", uuid)
        assert created.get("Call-Direction") == "outbound"
        assert created.get("Caller-Destination-Number") == "quiet"
        assert created.get("Caller-Caller-ID-Number") == "33123456789"
        assert created.get("Channel-Call-UUID") == uuid
        parked = await lab.esl.until_name("CHANNEL_PARK", uuid)
        assert parked.get("Caller-Caller-ID-Number") == "quiet"
        assert parked.get("Caller-Orig-Caller-ID-Number") == "33123456789"
        assert parked.get("Channel-Read-Codec-Rate") == "8000"
        for name in ("CHANNEL_CREATE", "CHANNEL_ANSWER", "CHANNEL_PARK"):
            event = await lab.esl.until_name(name, uuid)
            assert event.get("variable_my_var") == "x y", name
            assert event.get("variable_origination_uuid") == event.get("variable_uuid") == uuid
        brief = await lab.esl.until_name("CHANNEL_CALLSTATE", uuid)
        assert "variable_my_var" not in brief.headers
        await lab.hang_up(uuid)

    run(case)


def test_figures_of_an_ended_call(run: Run) -> None:
    async def case(lab: Lab) -> None:
        uuid = await lab.call()
        await lab.hang_up(uuid)
        hangup = await lab.esl.until_name("CHANNEL_HANGUP", uuid)
        done = await lab.esl.until_name("CHANNEL_HANGUP_COMPLETE", uuid)
        assert hangup.get("Hangup-Cause") == done.get("Hangup-Cause") == "NORMAL_CLEARING"
        assert "variable_hangup_cause" not in hangup.headers
        assert done.get("variable_hangup_cause") == "NORMAL_CLEARING"
        assert done.get("variable_hangup_cause_q850") == "16"
        assert done.get("variable_sip_hangup_disposition") == "send_bye"
        assert "variable_sip_term_status" not in done.headers
        assert int(done.get("variable_answer_epoch")) > 0
        total, talk, wait = (int(done.get(f"variable_{name}")) for name in ("mduration", "billmsec", "answermsec"))
        assert abs(total - talk - wait) <= 1
        assert 140 <= wait <= 400
        assert done.get("variable_last_app") == "park"
        for name in ("rtp_audio_in_packet_count", "rtp_audio_in_mos", "rtp_audio_out_packet_count", "end_stamp"):
            assert done.get(f"variable_{name}"), name

    run(case)


def test_the_callee_hangs_up(run: Run) -> None:
    async def case(lab: Lab) -> None:
        uuid = await lab.call("hangs_up")
        done = await lab.ended(uuid)
        assert story(lab, uuid) == [*ANSWERED, *HUNG_UP]
        assert done.get("Hangup-Cause") == "NORMAL_CLEARING"
        assert done.get("variable_sip_hangup_disposition") == "recv_bye"
        assert done.get("variable_sip_term_status") == "200"
        assert done.get("variable_proto_specific_hangup_cause") == "sip:200"

    run(case)


def test_early_media_is_no_answer(run: Run) -> None:
    async def case(lab: Lab) -> None:
        uuid = await lab.call("early_media")
        told_all = story(lab, uuid)
        assert "CHANNEL_PROGRESS" not in told_all
        early = told_all.index("CHANNEL_PROGRESS_MEDIA")
        assert told_all[early + 1 : early + 4] == [
            "CHANNEL_CALLSTATE EARLY",
            "CHANNEL_ANSWER",
            "CHANNEL_CALLSTATE ACTIVE",
        ]
        names = [event.name for event in lab.esl.about(uuid)]
        assert names.index("CHANNEL_ANSWER") < names.index("BACKGROUND_JOB")
        await lab.hang_up(uuid)

    run(case)


def test_early_media_taken_for_an_answer(run: Run) -> None:
    async def case(lab: Lab) -> None:
        uuid = await lab.call("early_media", "ignore_early_media=false")
        names = [event.name for event in lab.esl.about(uuid)]
        assert "CHANNEL_ANSWER" not in names
        assert await lab.esl.job(f"job-{uuid}") == f"+OK {uuid}\n"
        parked = await lab.esl.until_name("CHANNEL_PARK", uuid)
        assert (parked.get("Answer-State"), parked.get("Channel-Call-State")) == ("early", "EARLY")
        await lab.esl.until_name("CHANNEL_ANSWER", uuid)
        await lab.hang_up(uuid)

    run(case)


def test_a_cause_of_our_own(run: Run) -> None:
    async def case(lab: Lab) -> None:
        uuid = await lab.call()
        assert await lab.esl.api(f"uuid_kill {uuid} CALL_REJECTED") == "+OK\n"
        assert (await lab.ended(uuid)).get("variable_hangup_cause_q850") == "21"
        assert await lab.esl.api(f"uuid_kill {uuid}") == "-ERR No such channel!\n"

    run(case)


def test_a_file_as_application_ends_the_call(run: Run) -> None:
    async def case(lab: Lab) -> None:
        uuid = await lab.originate("quiet", app=f"&playback({lab.wav('one.wav', 400)})")
        done = await lab.ended(uuid)
        assert done.get("Hangup-Cause") == "NORMAL_CLEARING"
        assert lab.playbacks(uuid) == ["START one.wav", "STOP one.wav done"]
        assert "CHANNEL_PARK" not in lab.esl.names(uuid)

    run(case)


def test_calls_beside_each_other(run: Run) -> None:
    async def case(lab: Lab) -> None:
        uuids = [await lab.originate("quiet") for _ in range(5)]
        for uuid in uuids:
            await lab.esl.until_name("CHANNEL_PARK", uuid)
        await asyncio.sleep(0.1)
        for uuid in reversed(uuids):
            await lab.hang_up(uuid)
        for uuid in uuids:
            assert story(lab, uuid) == [*ANSWERED, *HUNG_UP]

    run(case)
