"""What the switch answers to each command, word for word."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable

import pytest
from switch_peer import PASSWORD, Callees, Peer, lab, peer_of, plan

from robot.lab.clock import run_virtual
from robot.lab.switch import EmbeddedSwitch
from robot.protocol import esl

USAGE = (
    "-USAGE: <call url> <exten>|&<application_name>(<app_args>) "
    "[<dialplan>] [<context>] [<cid_name>] [<cid_num>] [<timeout_sec>]\n"
)


def talk(program: Callable[[EmbeddedSwitch, Peer], Awaitable[None]]) -> None:
    async def main() -> None:
        async with lab(plan("busy", {"kind": "busy", "after_ms": 300})) as (switch, peer):
            await program(switch, peer)

    run_virtual(main())


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        ("nosuchcommand", "-ERR command not found"),
        ("event plain", "-ERR no keywords supplied"),
        ("event json CHANNEL_ANSWER", "+OK event listener enabled json"),
        ("noevents", "+OK no longer listening for events"),
        ("filter Unique-ID abc", "+OK filter added. [Unique-ID]=[abc]"),
        ("filter", "-ERR command not found"),
        ("filter delete all", "+OK filter deleted. [all][]"),
        ("linger", "-ERR not controlling a session"),
        ("sendmsg nobody\ncall-command: hangup", "-ERR invalid session id [nobody]"),
        ("exit", "+OK bye"),
    ],
)
def test_commands(line: str, reply: str) -> None:
    async def program(switch: EmbeddedSwitch, peer: Peer) -> None:
        assert await peer.command(line) == reply

    talk(program)


@pytest.mark.parametrize(
    ("line", "printed"),
    [
        ("nosuchapi x", "-ERR nosuchapi Command not found!\n"),
        ("uuid_kill nobody", "-ERR No such channel!\n"),
        ("uuid_break nobody all", "-ERR No such channel!\n"),
        ("uuid_getvar nobody x", "-ERR No such channel!\n"),
        ("uuid_dump nobody", "-ERR No such channel!\n"),
        ("uuid_broadcast nobody /x.wav aleg", "-ERR invalid uuid\n"),
        ("uuid_audio_stream nobody start ws://127.0.0.1:1/ mono 8k", "-ERR Operation Failed\n"),
        ("uuid_exists nobody", "false"),
        ("originate", USAGE),
        ("originate {a=b", USAGE),
        ("originate sofia/nosuch/x@127.0.0.1 &park()", "-ERR INVALID_PROFILE\n"),
        ("originate user/x &park()", "-ERR SUBSCRIBER_ABSENT\n"),
        ("originate foo/bar &park()", "-ERR CHAN_NOT_IMPLEMENTED\n"),
        ("originate sofia/internal/nobody@127.0.0.1 &park()", "-ERR UNALLOCATED_NUMBER\n"),
        ("originate sofia/internal/busy@127.0.0.1 &park()", "-ERR USER_BUSY\n"),
        ("msleep 100", "+OK"),
        ("strftime", "2026-11-20 04:20:15"),
        ("strftime %Y", "2026"),
        ("show channels", "\n0 total.\n"),
        ("show channels count", "\n0 total.\n"),
        ("show channels as json", '{"row_count": 0}\n'),
        ("fsctl max_sessions 5", "+OK max sessions: 5\n"),
        ("fsctl sps 7", "+OK sessions per second: 7\n"),
        ("fsctl loglevel warning", "+OK log level: WARNING [4]\n"),
        ("hupall", "+OK hangup all channels with cause MANAGER_REQUEST\n"),
        ("global_getvar nosuchvariable", "-ERR no reply\n"),
        ("version", "FreeSWITCH Version 1.10.12-allobot-lab (embedded switch)\n"),
    ],
)
def test_api(line: str, printed: str) -> None:
    async def program(switch: EmbeddedSwitch, peer: Peer) -> None:
        assert await peer.api(line) == printed

    talk(program)


def test_status_and_core_uuid() -> None:
    async def program(switch: EmbeddedSwitch, peer: Peer) -> None:
        await asyncio.sleep(83.25)
        status = (await peer.api("status")).split("\n")
        assert status[0].startswith("UP 0 years, 0 days, 0 hours, 1 minute, 23 seconds, 250 milliseconds")
        assert status[2:4] == ["0 session(s) since startup", "0 session(s) - peak 0, last 5min 0 "]
        assert await peer.api("global_getvar core_uuid") == peer.events[0].get("Core-UUID") == switch.core.uuid
        assert [event.name for event in peer.events] == ["HEARTBEAT"] * 4

    talk(program)


def test_variables_dump_and_show() -> None:
    async def program(switch: EmbeddedSwitch, peer: Peer) -> None:
        await peer.call("u", variables="origination_caller_id_number=123")
        assert await peer.api("uuid_exists u") == "true"
        assert await peer.api("uuid_getvar u nothing") == "_undef_"
        assert await peer.api("uuid_setvar u greeting bon jour") == "+OK\n"
        assert await peer.api("uuid_getvar u greeting") == "bon jour"
        assert "variable_greeting: bon%20jour\n" in await peer.api("uuid_dump u")
        assert json.loads(await peer.api("uuid_dump u json"))["variable_greeting"] == "bon jour"
        assert await peer.api("uuid_setvar u greeting") == "+OK\n"
        assert await peer.api("uuid_getvar u greeting") == "_undef_"
        await asyncio.sleep(0.3)
        shown = json.loads(await peer.api("show channels as json"))
        assert shown["row_count"] == 1
        row = shown["rows"][0]
        assert (row["uuid"], row["dest"], row["cid_num"], row["state"]) == ("u", "quiet", "123", "CS_EXECUTE")
        assert (row["application"], row["created"], row["callstate"]) == ("park", "2026-11-20 04:20:15", "ACTIVE")
        listing = (await peer.api("show channels")).split("\n")
        assert listing[0].startswith("uuid,direction,created,created_epoch,name,state,cid_name,cid_num,ip_addr,dest,")
        assert listing[1].startswith("u,outbound,")
        assert listing[-2] == "1 total."
        assert await peer.api("uuid_send_dtmf u 12#@100") == "+OK u sent DTMF 12#@100.\n"
        await peer.api("hupall USER_BUSY")
        event = await peer.until_name("CHANNEL_HANGUP_COMPLETE")
        assert event.get("Hangup-Cause") == "USER_BUSY"
        assert switch.calls.finished[0].digits_sent == "12#"

    talk(program)


def test_a_wrong_password_and_a_command_before_the_right_one() -> None:
    async def main() -> None:
        async with EmbeddedSwitch(Callees(), password=PASSWORD) as switch:
            for first, reply, leaves in (
                ("auth wrong", "-ERR invalid", True),
                ("api status", "-ERR command not found", False),
            ):
                reader, writer = await asyncio.open_connection(switch.host, switch.port)
                peer = Peer(reader, writer)
                async with asyncio.TaskGroup() as group:
                    group.create_task(peer.read())
                    assert await peer.reply() == esl.AuthRequest()
                    assert await peer.command(first) == reply
                    if not leaves:
                        assert await peer.command(f"auth {PASSWORD}") == "+OK accepted"
                        await peer.command("exit")
                    await peer.ended.wait()
                    assert peer.notice == "Disconnected, goodbye.\nSee you at ClueCon! http://www.cluecon.com/\n"
                    writer.close()

    run_virtual(main())


def test_background_jobs_keep_their_own_ids() -> None:
    async def program(switch: EmbeddedSwitch, peer: Peer) -> None:
        assert await peer.command("bgapi msleep 500\nJob-UUID: mine") == "+OK Job-UUID: mine"
        reply = await peer.command("bgapi status")
        event = await peer.until_name("BACKGROUND_JOB")
        assert reply == f"+OK Job-UUID: {event.get('Job-UUID')}"
        assert (event.get("Job-Command"), event.get("Job-Command-Arg")) == ("status", "")
        late = await peer.until(lambda event: event.get("Job-UUID") == "mine")
        assert (late.get("Job-Command-Arg"), late.body) == ("500", "+OK")

    talk(program)


def test_an_api_command_holds_back_events_of_its_own_connection_only() -> None:
    async def program(switch: EmbeddedSwitch, peer: Peer) -> None:
        async with peer_of(switch) as other:
            peer.send("api msleep 1000")
            await other.originate("u")
            await other.until_name("CHANNEL_PARK")
            assert peer.events == []
            await peer.reply()
            assert await peer.until_name("CHANNEL_PARK")
            assert peer.at_s[0] == pytest.approx(1.0)

    talk(program)


def test_replies_come_in_the_order_of_pipelined_commands() -> None:
    async def program(switch: EmbeddedSwitch, peer: Peer) -> None:
        peer.send(b"api strftime %Y\n\napi uuid_exists x\n\nnoevents\n\napi strftime %m\n\n")
        replies = [await peer.reply() for _ in range(4)]
        assert [getattr(reply, "body", "-") for reply in replies] == ["2026", "false", "-", "11"]

    talk(program)


def test_subscriptions_and_filters() -> None:
    async def program(switch: EmbeddedSwitch, peer: Peer) -> None:
        async with peer_of(switch, ()) as other:
            await other.command("event json CHANNEL_ANSWER BACKGROUND_JOB")
            await other.command("filter Unique-ID u2")
            await peer.call("u1")
            await peer.call("u2")
            await other.until_name("CHANNEL_ANSWER")
            assert [(event.name, event.uuid) for event in other.events] == [("CHANNEL_ANSWER", "u2")]
            assert await other.command("noevents") == "+OK no longer listening for events"
            assert await other.command("noevents") == "-ERR not listening for events"
            await peer.call("u3")
            assert len(other.events) == 1

    talk(program)


def test_sendmsg_hangup_and_other_applications() -> None:
    async def program(switch: EmbeddedSwitch, peer: Peer) -> None:
        await peer.call("u")
        for app, argument in (("set", "colour=red"), ("sleep", "100"), ("answer", "")):
            assert await peer.command(esl.execute("u", app, argument, event_uuid=f"id-{app}")) == "+OK"
        await peer.until(lambda e: e.name == "CHANNEL_EXECUTE_COMPLETE" and e.get("Application-UUID") == "id-answer")
        assert await peer.api("uuid_getvar u colour") == "red"
        assert await peer.command("sendmsg u\ncall-command: hangup\nhangup-cause: USER_BUSY") == "+OK"
        event = await peer.until_name("CHANNEL_HANGUP_COMPLETE")
        assert event.get("Hangup-Cause") == "USER_BUSY"

    talk(program)


@pytest.mark.parametrize(
    ("destination", "cause"),
    [("5000 XML default", "NO_ROUTE_DESTINATION"), ("hangup:CALL_REJECTED inline", "CALL_REJECTED")],
)
def test_transfer_out_of_the_switch(destination: str, cause: str) -> None:
    async def program(switch: EmbeddedSwitch, peer: Peer) -> None:
        await peer.call("u")
        assert await peer.api(f"uuid_transfer u {destination}") == "+OK\n"
        event = await peer.until_name("CHANNEL_HANGUP_COMPLETE")
        assert event.get("Hangup-Cause") == cause

    talk(program)


def test_transfer_back_into_park() -> None:
    async def program(switch: EmbeddedSwitch, peer: Peer) -> None:
        await peer.call("u")
        seen = len(peer.events)
        assert await peer.api("uuid_transfer u park inline") == "+OK\n"
        await peer.until(lambda event: event in peer.events[seen:] and event.name == "CHANNEL_PARK")
        assert [event.name for event in peer.events[seen:]] == [
            "CHANNEL_UNPARK",
            "CHANNEL_EXECUTE_COMPLETE",
            "CHANNEL_STATE",
            "CHANNEL_STATE",
            "CHANNEL_EXECUTE",
            "CHANNEL_PARK",
        ]

    talk(program)
