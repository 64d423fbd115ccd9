"""The faults of greenswitch 0.0.19 that its client is documented with: asserted, so that a mended one is noticed."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable

import pytest
from switch_peer import DIAL, PASSWORD, QUIET, Callees, plan

from robot.errors import ConfigError, NotConnected
from robot.events import CallEvent, HungUp, Parked, Progress, StreamLost
from robot.lab.switch import EmbeddedSwitch
from robot.telephony.esl_address import EslAddress
from robot.telephony.esl_client import EslSwitch
from robot.telephony.greenswitch_client import GreenSwitch, event_of
from robot.telephony.switch import Originate

LIMIT_S = 30.0
Client = EslSwitch | GreenSwitch


def address_of(port: int) -> EslAddress:
    return EslAddress("127.0.0.1", port, PASSWORD, 3.0, 5.0, 1000, 0.05, 1.0, 2.0, 5.0)


def make(kind: str, port: int) -> Client:
    return GreenSwitch(address_of(port)) if kind == "greenswitch" else EslSwitch(address_of(port), random.Random(1))


def on_a_switch(kind: str, program: Callable[[Client, EmbeddedSwitch], Awaitable[None]]) -> None:
    async def main() -> None:
        callees = Callees(QUIET, plan("x", {"after_ms": 50}))
        async with (
            asyncio.timeout(LIMIT_S),
            EmbeddedSwitch(callees, password=PASSWORD, shutdown_notice_s=0.05) as lab,
            make(kind, lab.port) as switch,
        ):
            await program(switch, lab)

    asyncio.run(main())


async def first(events: object, kind: type[CallEvent]) -> CallEvent:
    async for event in events:  # type: ignore[attr-defined]  # the iterator of a call
        if isinstance(event, kind):
            return event
    pytest.fail(f"no {kind.__name__}")


@pytest.mark.parametrize(("kind", "forged"), [("native", False), ("greenswitch", True)])
def test_a_variable_can_forge_an_event(kind: str, forged: bool) -> None:
    """A value that the switch encodes as ``%0AUnique-ID: victim`` becomes a header of the event."""

    async def program(switch: Client, lab: EmbeddedSwitch) -> None:
        async with switch.call("victim") as events, switch.call("attacker") as own:
            headers = {"Unique-ID": "attacker", "variable_name": "x\nUnique-ID: victim", "Answer-State": "ringing"}
            lab.core.fire("CHANNEL_PROGRESS", headers)
            assert isinstance(await first(events if forged else own, Progress), Progress)

    on_a_switch(kind, program)


@pytest.mark.parametrize(("kind", "reason"), [("native", (6, "error: refused: by: us")), ("greenswitch", (0, ""))])
def test_the_reason_of_a_lost_stream(kind: str, reason: tuple[int, str]) -> None:
    async def program(switch: Client, lab: EmbeddedSwitch) -> None:
        async with switch.call("u") as events:
            body = '{"status": "error", "message": {"code": 6, "error": "refused: by: us"}}'
            lab.core.fire("CUSTOM mod_audio_stream::error", {"Unique-ID": "u"}, body=body)
            lost = await first(events, StreamLost)
        assert isinstance(lost, StreamLost)
        assert lost.code == reason[0]
        assert reason[1] in lost.reason

    on_a_switch(kind, program)


@pytest.mark.parametrize(("kind", "ends"), [("native", ["NORMAL_CLEARING"]), ("greenswitch", ["SWITCH_LOST"])])
def test_a_connection_that_breaks(kind: str, ends: list[str]) -> None:
    """Ours is there again; greenswitch never is, and nothing can be done with it any more."""
    seen: list[CallEvent] = []

    async def program(switch: Client, lab: EmbeddedSwitch) -> None:
        async with switch.call("u") as events:
            await switch.originate(Originate("u", DIAL.format("x"), 30))
            await first(events, Parked)
            for session in list(lab._sessions):
                session.abort()
            if kind == "native":
                await switch.hangup("u")
            seen.extend([event async for event in events])
            if kind == "greenswitch":
                with pytest.raises(NotConnected):
                    await switch.hangup("u")

    on_a_switch(kind, program)
    assert [event.cause for event in seen if isinstance(event, HungUp)] == ends


def test_a_library_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        with pytest.raises(ConfigError, match=r'pip install "allobot\[greenswitch\]"'):
            async with GreenSwitch(address_of(1)):
                pytest.fail("was opened")

    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    asyncio.run(main())


def test_a_body_is_found_behind_its_length() -> None:
    event = event_of({"Event-Name": "BACKGROUND_JOB", "Job-UUID": "j", "Content-Length": "16\n\n-ERR NO_ANSWER"})
    assert (event.body, event.headers) == ("-ERR NO_ANSWER", {"Event-Name": "BACKGROUND_JOB", "Job-UUID": "j"})


@pytest.mark.parametrize("kind", ["json", "latin"])
def test_what_stops_the_reader_of_greenswitch(kind: str) -> None:
    """``event json``, and text that is not UTF-8: told to whoever waits, where greenswitch alone would hang."""

    async def main() -> None:
        served = asyncio.Event()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"Content-Type: auth/request\n\n")
            while line := await reader.readuntil(b"\n\n"):
                if line.startswith(b"api"):
                    writer.write(b"Content-Type: api/response\nContent-Length: 2\n\nok")
                elif line.startswith(b"event"):
                    writer.write(b"Content-Type: command/reply\nReply-Text: +OK listening\n\n")
                    await served.wait()
                    body = b'{"Event-Name":"HEARTBEAT"}' if kind == "json" else b"Event-Name: HEARTBEAT\nX: \xe9\n\n"
                    name = b"json" if kind == "json" else b"plain"
                    writer.write(b"Content-Length: %d\nContent-Type: text/event-%s\n\n%s" % (len(body), name, body))
                else:
                    writer.write(b"Content-Type: command/reply\nReply-Text: +OK accepted\n\n")

        server = await asyncio.start_server(_quietly(serve), "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        try:
            async with asyncio.timeout(LIMIT_S), GreenSwitch(address_of(port)) as switch, switch.call("u") as events:
                served.set()
                assert [getattr(event, "cause", "") async for event in events] == ["SWITCH_LOST"]
        finally:
            server.close()
            await server.wait_closed()

    asyncio.run(main())


Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def _quietly(serve: Serve) -> Serve:
    async def serving(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    return serving
