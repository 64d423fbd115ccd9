"""What can be asked about a channel, and set on it."""

from __future__ import annotations

import asyncio
import json

from conformance import Lab, Run

LISTED_S = 0.6
"""the list trails the channels by up to a fifth of a second"""


def test_whether_it_exists(run: Run) -> None:
    async def case(lab: Lab) -> None:
        uuid = await lab.call()
        assert await lab.esl.api(f"uuid_exists {uuid}") == "true"
        await lab.hang_up(uuid)
        assert await lab.esl.api(f"uuid_exists {uuid}") == "false"

    run(case)


def test_variables(run: Run) -> None:
    async def case(lab: Lab) -> None:
        uuid = await lab.call("quiet", "my_var=x")
        assert await lab.esl.api(f"uuid_getvar {uuid} my_var") == "x"
        assert await lab.esl.api(f"uuid_getvar {uuid} no_such_variable") == "_undef_"
        value = '{"a": "b, c", "d": "it\'s"}'
        assert await lab.esl.api(f"uuid_setvar {uuid} my_var {value}") == "+OK\n"
        assert await lab.esl.api(f"uuid_getvar {uuid} my_var") == value
        assert await lab.esl.api(f"uuid_setvar {uuid} my_var") == "+OK\n"
        assert await lab.esl.api(f"uuid_getvar {uuid} my_var") == "_undef_"
        assert (await lab.esl.api(f"uuid_setvar {uuid}")).startswith("-USAGE: <uuid> <var> [value]")
        assert await lab.esl.api(f"uuid_setvar {uuid} later 1") == "+OK\n"
        await lab.hang_up(uuid)
        hangup = await lab.esl.until_name("CHANNEL_HANGUP", uuid)
        assert hangup.get("variable_later") == "1"
        assert "variable_my_var" not in hangup.headers

    run(case)


def test_the_list_of_channels(run: Run) -> None:
    async def case(lab: Lab) -> None:
        uuid = await lab.call("quiet", "origination_caller_id_number=33123456789")
        await asyncio.sleep(LISTED_S)
        listed = json.loads(await lab.esl.api("show channels as json"))
        assert listed["row_count"] == len(listed["rows"])
        row = next(row for row in listed["rows"] if row["uuid"] == uuid)
        wanted = {
            "direction": "outbound",
            "state": "CS_EXECUTE",
            "callstate": "ACTIVE",
            "application": "park",
            "read_codec": "PCMA",
            "read_rate": "8000",
            "call_uuid": uuid,
        }
        assert {name: row[name] for name in wanted} == wanted
        assert row["created_epoch"].isdecimal()
        as_text = await lab.esl.api("show channels")
        assert as_text.startswith("uuid,direction,created,created_epoch,name,state,cid_name,cid_num,ip_addr,dest,")
        assert as_text.endswith(f"\n\n{len(listed['rows'])} total.\n")
        assert await lab.esl.api("show channels count") == f"\n{len(listed['rows'])} total.\n"
        await lab.hang_up(uuid)

    run(case)


def test_an_empty_list(run: Run) -> None:
    async def case(lab: Lab) -> None:
        await asyncio.sleep(LISTED_S)
        assert await lab.esl.api("show channels count") == "\n0 total.\n"
        assert await lab.esl.api("show channels") == "\n0 total.\n"
        assert await lab.esl.api("show channels as json") == '{"row_count": 0}\n'

    run(case)


def test_the_list_trails_the_channels(run: Run) -> None:
    async def case(lab: Lab) -> None:
        uuid = await lab.originate("quiet")
        assert uuid not in await lab.esl.api("show channels as json")
        assert await lab.esl.api(f"uuid_exists {uuid}") == "true"
        await asyncio.sleep(LISTED_S)
        assert uuid in await lab.esl.api("show channels as json")
        await lab.hang_up(uuid)
        assert uuid in await lab.esl.api("show channels as json")
        assert await lab.esl.api(f"uuid_exists {uuid}") == "false"
        await asyncio.sleep(LISTED_S)
        assert uuid not in await lab.esl.api("show channels as json")

    run(case)


def test_a_ringing_channel_is_listed(run: Run) -> None:
    async def case(lab: Lab) -> None:
        uuid = await lab.originate("no_answer")
        await lab.esl.until_name("CHANNEL_PROGRESS", uuid)
        await asyncio.sleep(LISTED_S)
        rows = json.loads(await lab.esl.api("show channels as json"))["rows"]
        row = next(row for row in rows if row["uuid"] == uuid)
        assert (row["state"], row["callstate"]) == ("CS_CONSUME_MEDIA", "RINGING")
        assert await lab.esl.api(f"uuid_exists {uuid}") == "true"
        await lab.hang_up(uuid)

    run(case)


def test_a_dump(run: Run) -> None:
    async def case(lab: Lab) -> None:
        uuid = await lab.call("quiet", "my_var=x")
        whole = json.loads(await lab.esl.api(f"uuid_dump {uuid} json"))
        wanted = {
            "Event-Name": "CHANNEL_DATA",
            "Unique-ID": uuid,
            "Answer-State": "answered",
            "Channel-Call-State": "ACTIVE",
            "Channel-State": "CS_EXECUTE",
            "variable_my_var": "x",
        }
        assert {name: whole[name] for name in wanted} == wanted
        plain = await lab.esl.api(f"uuid_dump {uuid}")
        assert f"Unique-ID: {uuid}\n" in plain
        assert "variable_my_var: x\n" in plain
        await lab.hang_up(uuid)

    run(case)


def test_transfers(run: Run) -> None:
    async def case(lab: Lab) -> None:
        uuid = await lab.call()
        assert (await lab.esl.api(f"uuid_transfer {uuid} park inline")).startswith("+OK")
        await lab.esl.until_name("CHANNEL_PARK", uuid, nth=2)
        await lab.play(uuid, lab.wav("one.wav", 200))
        await lab.esl.until_name("PLAYBACK_STOP", uuid)
        assert (await lab.esl.api(f"uuid_transfer {uuid} hangup:USER_BUSY inline")).startswith("+OK")
        assert (await lab.ended(uuid)).get("Hangup-Cause") == "USER_BUSY"

    run(case)


def test_applications_by_message(run: Run) -> None:
    async def case(lab: Lab) -> None:
        uuid = await lab.call()
        head = f"sendmsg {uuid}\ncall-command: execute\nexecute-app-name: "
        assert await lab.esl.command(f"{head}set\nexecute-app-arg: my_var=y\nEvent-UUID: one") == "+OK"
        done = await lab.esl.until(lambda event: event.get("Application-UUID") == "one", "the application")
        assert (done.name, done.get("Application"), done.get("Application-Data")) == (
            "CHANNEL_EXECUTE",
            "set",
            "my_var=y",
        )
        await lab.esl.until(
            lambda event: event.name == "CHANNEL_EXECUTE_COMPLETE" and event.get("Application-UUID") == "one", "its end"
        )
        assert await lab.esl.api(f"uuid_getvar {uuid} my_var") == "y"
        assert await lab.esl.command(f"sendmsg {uuid}\ncall-command: hangup\nhangup-cause: USER_BUSY") == "+OK"
        assert (await lab.ended(uuid)).get("Hangup-Cause") == "USER_BUSY"

    run(case)
