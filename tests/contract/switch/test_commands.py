"""The event socket's own commands: authentication, subscriptions, jobs, order of replies, and the error texts."""

from __future__ import annotations

import asyncio

import pytest
from conformance import Lab, Run
from wire import connected, listening

from robot.protocol import esl

GOODBYE = "Disconnected, goodbye.\nSee you at ClueCon! http://www.cluecon.com/\n"


def test_a_wrong_password(run: Run) -> None:
    async def case(lab: Lab) -> None:
        async with connected(lab.address) as wire:
            assert await wire.command("auth not this one") == "-ERR invalid"
            async with asyncio.timeout(5):
                await wire.ended.wait()
            assert wire.notice == GOODBYE

    run(case)


def test_nothing_before_the_password(run: Run) -> None:
    async def case(lab: Lab) -> None:
        async with connected(lab.address) as wire:
            assert await wire.command("api status") == "-ERR command not found"
            assert await wire.command("event plain ALL") == "-ERR command not found"
            assert await wire.command(esl.auth(lab.address.password)) == "+OK accepted"

    run(case)


def test_exit(run: Run) -> None:
    async def case(lab: Lab) -> None:
        async with listening(lab.address) as wire:
            assert await wire.command("exit") == "+OK bye"
            async with asyncio.timeout(5):
                await wire.ended.wait()
            assert wire.notice == GOODBYE

    run(case)


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("event plain", "-ERR no keywords supplied"),
        ("event", "-ERR no keywords supplied"),
        ("event plain CHANNEL_ANSWER", "+OK event listener enabled plain"),
        ("event json CUSTOM mod_audio_stream::json", "+OK event listener enabled json"),
        ("event CHANNEL_ANSWER", "+OK event listener enabled json"),
        ("noevents", "+OK no longer listening for events"),
        ("filter Unique-ID x", "+OK filter added. [Unique-ID]=[x]"),
        ("filter delete all", "+OK filter deleted. [all][]"),
        ("filter delete Unique-ID x", "+OK filter deleted. [Unique-ID][x]"),
        ("filter Unique-ID", "-ERR invalid syntax"),
        ("linger", "-ERR not controlling a session"),
        ("nolinger", "-ERR not controlling a session"),
        ("no_such_command", "-ERR command not found"),
        (
            "sendmsg 11111111-1111-1111-1111-111111111111",
            "-ERR invalid session id [11111111-1111-1111-1111-111111111111]",
        ),
        ("sendmsg nobody", "-ERR invalid session id [nobody]"),
        ("log 4", "+OK log level 4 [4]"),
        ("nolog", "-ERR not loging"),
        ("divert_events on", "-ERR not controlling a session."),
        ("api", "-ERR command not found"),
        ("bgapi", "-ERR command not found"),
        ("nixevent CHANNEL_ANSWER", "+OK events nixed"),
        ("event plain NO_SUCH_EVENT", "-ERR no keywords supplied"),
        ("event plain NO_SUCH_EVENT DTMF", "+OK event listener enabled plain"),
    ],
)
def test_a_command_and_its_answer(run: Run, said: str, answer: str) -> None:
    async def case(lab: Lab) -> None:
        assert await lab.esl.command(said) == answer

    run(case)


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("uuid_kill nobody", "-ERR No such channel!\n"),
        ("uuid_break nobody all", "-ERR No such channel!\n"),
        ("uuid_getvar nobody x", "-ERR No such channel!\n"),
        ("uuid_setvar nobody x y", "-ERR No such channel!\n"),
        ("uuid_dump nobody", "-ERR No such channel!\n"),
        ("uuid_exists nobody", "false"),
        ("uuid_broadcast nobody /x.wav aleg", "-ERR invalid uuid\n"),
        ("uuid_audio_stream nobody start ws://127.0.0.1:1/x mono 8k", "-ERR Operation Failed\n"),
        ("uuid_audio_stream nobody stop", "-ERR Operation Failed\n"),
        ("uuid_record nobody start /tmp/x.wav", "-ERR Cannot locate session!\n"),
        ("uuid_send_dtmf nobody 1", "-ERR Cannot locate session!\n"),
        ("uuid_transfer nobody park inline", "-ERR No such channel!\n"),
        ("no_such_api x", "-ERR no_such_api Command not found!\n"),
        ("msleep 5", "+OK"),
        ("global_getvar no_such_variable", "-ERR no reply\n"),
        ("fsctl loglevel warning", "+OK log level: WARNING [4]\n"),
    ],
)
def test_an_api_command_and_what_it_prints(run: Run, said: str, answer: str) -> None:
    async def case(lab: Lab) -> None:
        assert await lab.esl.api(said) == answer

    run(case)


@pytest.mark.parametrize(
    "said", ["uuid_kill", "uuid_break", "uuid_getvar", "uuid_setvar", "uuid_dump", "uuid_broadcast", "uuid_record"]
)
def test_an_api_command_without_arguments(run: Run, said: str) -> None:
    async def case(lab: Lab) -> None:
        assert (await lab.esl.api(said)).startswith("-USAGE: <uuid>")

    run(case)


def test_jobs(run: Run) -> None:
    async def case(lab: Lab) -> None:
        assert await lab.esl.command("bgapi uuid_exists nobody\nJob-UUID: mine") == "+OK Job-UUID: mine"
        assert await lab.esl.job("mine") == "false"
        text = await lab.esl.command("bgapi status")
        prefix, _, job = text.rpartition(" ")
        assert prefix == "+OK Job-UUID:"
        assert "UP 0 years" in await lab.esl.job(job)
        event = await lab.esl.until(lambda event: event.get("Job-UUID") == "mine", "the job")
        assert (event.get("Job-Command"), event.get("Job-Command-Arg")) == ("uuid_exists", "nobody")
        await lab.esl.command("bgapi no_such_api\nJob-UUID: other")
        assert await lab.esl.job("other") == "-ERR no_such_api Command not found!\n"

    run(case)


def test_replies_come_in_the_order_of_pipelined_commands(run: Run) -> None:
    async def case(lab: Lab) -> None:
        lab.esl.send("api uuid_exists a\n\napi no_such_api\n\nnoevents\n\napi msleep 20\n\napi uuid_exists b")
        got = [await lab.esl.reply() for _ in range(5)]
        texts = [reply.text if isinstance(reply, esl.CommandReply) else getattr(reply, "body", "") for reply in got]
        assert texts == [
            "false",
            "-ERR no_such_api Command not found!\n",
            "+OK no longer listening for events",
            "+OK",
            "false",
        ]

    run(case)


def test_an_api_command_holds_back_its_connections_events(run: Run) -> None:
    async def case(lab: Lab) -> None:
        async with listening(lab.address) as other:
            lab.esl.send("api msleep 500")
            await asyncio.sleep(0.05)
            await other.command("bgapi uuid_exists nobody\nJob-UUID: late")
            await other.job("late")
            assert lab.esl.names() == []
            await lab.esl.reply()
            await lab.esl.job("late")
            assert lab.esl.order[-2:] == ["reply", "BACKGROUND_JOB"]

    run(case)


def test_subscriptions_add_up_and_noevents_ends_them(run: Run) -> None:
    async def case(lab: Lab) -> None:
        async with listening(lab.address, ()) as wire:
            await wire.command("event json CHANNEL_ANSWER")
            await wire.command("event json CHANNEL_PARK")
            first = await lab.call()
            await wire.until_name("CHANNEL_PARK", first)
            assert wire.names(first) == ["CHANNEL_ANSWER", "CHANNEL_PARK"]
            await wire.command("noevents")
            await lab.hang_up(first)
            second = await lab.call()
            await lab.hang_up(second)
            assert wire.names(second) == []

    run(case)


def test_filters_are_alternatives(run: Run) -> None:
    async def case(lab: Lab) -> None:
        async with listening(lab.address) as wire:
            await wire.command("filter Event-Name CHANNEL_ANSWER")
            await wire.command("filter Event-Name CHANNEL_DESTROY")
            uuid = await lab.call()
            await lab.hang_up(uuid)
            await wire.until_name("CHANNEL_DESTROY", uuid)
            assert wire.names(uuid) == ["CHANNEL_ANSWER", "CHANNEL_DESTROY"]

    run(case)


def test_both_formats_say_the_same(run: Run) -> None:
    async def case(lab: Lab) -> None:
        async with listening(lab.address, form="plain") as plain:
            uuid = await lab.call("quiet", "my_var='é a/b(c) 100%'")
            parked = await lab.esl.until_name("CHANNEL_PARK", uuid)
            assert (await plain.until_name("CHANNEL_PARK", uuid)).headers == parked.headers
            assert parked.get("variable_my_var") == "é a/b(c) 100%"
            await lab.hang_up(uuid)

    run(case)
