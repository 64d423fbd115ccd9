"""Limits, misuse and the end: what a bad client or a full switch gets, and that nobody else notices."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

import pytest
from switch_peer import CHANNEL_EVENTS, PASSWORD, Callees, Peer, lab, peer_of, plan, wav

from robot.errors import ConfigError
from robot.lab.clock import run_virtual
from robot.lab.switch import EmbeddedSwitch, esl_session
from robot.protocol import esl

REFUSED = "-ERR DESTINATION_OUT_OF_ORDER\n"
QUIET = "originate sofia/internal/quiet@127.0.0.1 &park()"


def test_a_full_a_paused_and_a_hurried_switch_refuse_without_a_channel() -> None:
    async def main() -> None:
        async with lab() as (_, peer):
            await peer.call("u")
            before = len(peer.events)
            assert await peer.api("originate {origination_uuid=u}sofia/internal/quiet@127.0.0.1 &park()") == REFUSED
            await peer.api("fsctl max_sessions 1")
            assert await peer.api(QUIET) == REFUSED
            await peer.api("fsctl max_sessions 1000")
            assert await peer.api("fsctl pause outbound") == "+OK\n"
            assert await peer.api(QUIET) == REFUSED
            assert await peer.api("fsctl resume outbound") == "+OK\n"
            await asyncio.sleep(0.1)
            assert len(peer.events) == before
            assert (await peer.api(QUIET)).startswith("+OK ")

    run_virtual(main())


def test_a_second_originate_in_one_second_is_refused_at_one_per_second() -> None:
    async def main() -> None:
        async with lab() as (_, peer):
            await peer.api("fsctl sps 2")
            await asyncio.sleep(1)
            await peer.originate("u1")
            await peer.originate("u2")
            job = await peer.until(lambda event: event.get("Job-UUID") == "job-u2")
            assert job.body == REFUSED
            await asyncio.sleep(1)
            await peer.call("u3")

    run_virtual(main())


@pytest.mark.parametrize(
    "garbage",
    [
        b"\xff\xfe\x00garbage" * 20_000,
        b"api status\nContent-Length: 99999999999\n\n",
        b"GET / HTTP/1.1\nContent-Length: -5\n\n",
    ],
    ids=["endless line", "huge body", "negative body"],
)
def test_garbage_closes_its_own_connection_only(garbage: bytes) -> None:
    async def main() -> None:
        async with lab() as (switch, peer):
            await peer.call("u")
            reader, writer = await asyncio.open_connection(switch.host, switch.port)
            writer.write(garbage)
            assert (await reader.read()).startswith(b"Content-Type: auth/request")
            writer.close()
            assert await peer.api("uuid_exists u") == "true"

    run_virtual(main())


def test_a_client_that_goes_in_the_middle_of_a_command_leaves_its_calls_up() -> None:
    async def main() -> None:
        async with lab() as (switch, peer):
            async with peer_of(switch) as other:
                await other.call("u")
                other.writer.write(b"api status")
            assert await peer.api("uuid_exists u") == "true"

    run_virtual(main())


def test_a_client_that_does_not_read_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(esl_session, "MAX_EVENTS", 50)
    monkeypatch.setattr(esl_session, "MAX_UNSENT_BYTES", 10_000)

    async def main() -> None:
        async with lab() as (switch, peer):
            reader, writer = await asyncio.open_connection(switch.host, switch.port, limit=1000)
            writer.write(esl.auth(PASSWORD) + esl.subscribe("plain", CHANNEL_EVENTS))
            for number in range(20):
                await peer.call(f"u{number}")
                await peer.api(f"uuid_kill u{number}")
            with contextlib.suppress(ConnectionResetError):
                await reader.read()
            writer.close()
            assert await peer.api("show channels count")

    run_virtual(main())


def test_shutdown_tells_hangs_up_and_says_goodbye(tmp_path: Path) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        switch = EmbeddedSwitch(Callees(plan("quiet")), password=PASSWORD)
        async with asyncio.TaskGroup() as group, switch:
            reader, writer = await asyncio.open_connection(switch.host, switch.port)
            peer = Peer(reader, writer)
            group.create_task(peer.read())
            await peer.reply()
            await peer.command(esl.auth(PASSWORD))
            await peer.command(esl.subscribe("plain", CHANNEL_EVENTS))
            await peer.call("u")
            await peer.play("u", wav(tmp_path, "a.wav", 5000))
            await asyncio.sleep(0.5)
            assert await peer.api("fsctl shutdown") == "+OK\n"
            await switch.stopping.wait()
            down_s = loop.time()
        await peer.ended.wait()
        assert loop.time() - down_s == pytest.approx(1.5, abs=0.05)
        assert peer.notice == "The system is being shut down.\n"
        names = [event.name for event in peer.events]
        assert names[names.index("SHUTDOWN") :] == [
            "SHUTDOWN",
            "CHANNEL_HANGUP",
            "PLAYBACK_STOP",
            "CHANNEL_EXECUTE_COMPLETE",
            "CHANNEL_UNPARK",
            "CHANNEL_EXECUTE_COMPLETE",
            "CHANNEL_STATE",
            "CHANNEL_CALLSTATE",
            "CHANNEL_STATE",
            "CHANNEL_HANGUP_COMPLETE",
            "CHANNEL_DESTROY",
            "CHANNEL_STATE",
        ]
        causes = {event.get("Hangup-Cause") for event in peer.events if event.name.startswith("CHANNEL_HANGUP")}
        assert causes == {"SYSTEM_SHUTDOWN"}
        writer.close()

    run_virtual(main())


def test_a_client_that_does_not_read_does_not_hold_up_the_end() -> None:
    async def main() -> float:
        async with EmbeddedSwitch(Callees(plan("quiet")), password=PASSWORD, shutdown_notice_s=0.1) as switch:
            reader, writer = await asyncio.open_connection(switch.host, switch.port, limit=1000)
            writer.write(esl.auth(PASSWORD) + esl.subscribe("plain", CHANNEL_EVENTS))
            async with peer_of(switch) as peer:
                for number in range(20):
                    await peer.call(f"u{number}")
                    await peer.api(f"uuid_kill u{number}")
            left_s = asyncio.get_running_loop().time()
        with contextlib.suppress(ConnectionResetError):
            await reader.read()
        writer.close()
        return asyncio.get_running_loop().time() - left_s

    assert run_virtual(main()) == pytest.approx(1.1, abs=0.05)


def test_leaving_by_an_error_drops_everything() -> None:
    async def fail() -> None:
        async with lab() as (_, peer):
            await peer.call("u")
            await peer.command("bgapi msleep 100000")
            raise ValueError("the owner's own")

    async def main() -> None:
        with pytest.raises(ExceptionGroup):
            await fail()
        assert len(asyncio.all_tasks()) == 1

    run_virtual(main())


def test_an_empty_password_and_a_taken_port() -> None:
    with pytest.raises(ConfigError, match="password"):
        EmbeddedSwitch(Callees(), password="")

    async def main() -> None:
        async with EmbeddedSwitch(Callees(), password="x") as first:
            with pytest.raises(ConfigError, match="cannot listen"):
                async with EmbeddedSwitch(Callees(), password="x", port=first.port):
                    pass

    asyncio.run(main())


def test_a_queue_of_too_many_applications_is_counted_not_grown() -> None:
    async def main() -> None:
        async with lab() as (switch, peer):
            await peer.call("u")
            leg = switch.calls.legs["u"]
            peer.send(esl.execute("u", "set", "a=b") * 1001)
            for _ in range(1001):
                await peer.reply()
            assert leg.executions_dropped == 1

    run_virtual(main())


def test_a_tag_or_a_variable_replaces_no_header_of_the_switch(tmp_path: Path) -> None:
    async def main() -> None:
        async with lab() as (_, peer):
            await peer.call("u", variables="Unique-ID=other")
            tags = "{Unique-ID=other,Event-Name=CHANNEL_ANSWER,Playback-Status=break,mine=1}"
            await peer.play("u", tags + wav(tmp_path, "a.wav", 100))
            stop = await peer.until_name("PLAYBACK_STOP")
            assert (stop.uuid, stop.get("Playback-Status"), stop.get("mine")) == ("u", "done", "1")
            assert stop.get("variable_Unique-ID") == "other"

    run_virtual(main())


def test_leaving_while_being_cancelled_still_ends_everything() -> None:
    async def main() -> None:
        async def own() -> None:
            async with lab() as (_, peer):
                await peer.call("u")

        async with asyncio.TaskGroup() as group:
            task = group.create_task(own())
            await asyncio.sleep(0.23)
            task.cancel()
        assert len(asyncio.all_tasks()) == 1

    run_virtual(main())


def test_a_call_in_real_time_has_no_more_ticks_than_its_clock() -> None:
    async def main() -> None:
        async with lab() as (switch, peer):
            await peer.call("u")
            await asyncio.sleep(0.2)
            await peer.api("uuid_kill u")
            hangup = await peer.until_name("CHANNEL_HANGUP_COMPLETE")
            answer = await peer.until_name("CHANNEL_ANSWER")
            await peer.until(lambda event: event.get("Channel-State") == "CS_DESTROY")
            (finished,) = switch.calls.finished
            assert 0 < finished.punctuality.ticks <= (hangup.at_us - answer.at_us) // 20_000

    asyncio.run(main())
