"""What every ESL client does for a call, over real sockets on the embedded switch; and what greenswitch does not."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from switch_peer import DIAL, PASSWORD, QUIET, Callees, plan, wav
from websockets.asyncio.server import ServerConnection, serve

from robot.errors import CommandFailed, ConfigError, LocalProtocolError, NotConnected
from robot.events import (
    Answered,
    CallEvent,
    Dtmf,
    HungUp,
    Parked,
    PlaybackFailed,
    PlaybackStarted,
    PlaybackStopped,
    RecordingStarted,
    RecordingStopped,
    StreamConnected,
)
from robot.lab.plan import Plan
from robot.lab.switch import EmbeddedSwitch
from robot.telephony.esl_address import EslAddress
from robot.telephony.esl_client import EslSwitch
from robot.telephony.greenswitch_client import GreenSwitch
from robot.telephony.switch import Originate

Client = EslSwitch | GreenSwitch
LIMIT_S = 30.0
SOON = {"after_ms": 50}


def native(port: int, password: str = PASSWORD) -> Client:
    return EslSwitch(address_of(port, password), random.Random(1))


def green(port: int, password: str = PASSWORD) -> Client:
    return GreenSwitch(address_of(port, password))


def address_of(port: int, password: str) -> EslAddress:
    return EslAddress("127.0.0.1", port, password, 3.0, 5.0, 1000, 0.05, 1.0, 2.0, 5.0)


@pytest.fixture(params=[native, green], ids=["native", "greenswitch"])
def client(request: pytest.FixtureRequest) -> Callable[..., Client]:
    made: Callable[..., Client] = request.param
    return made


@dataclass
class Call:
    """One call as its owner sees it."""

    switch: Client
    lab: EmbeddedSwitch
    seen: list[CallEvent] = field(default_factory=list)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def read(self, events: AsyncIterator[CallEvent]) -> None:
        async for event in events:
            self.seen.append(event)
            self._changed.set()

    def of(self, *kinds: type[CallEvent]) -> list[CallEvent]:
        return [event for event in self.seen if isinstance(event, kinds)]

    async def until(self, kind: type[CallEvent], count: int = 1) -> CallEvent:
        while len(found := self.of(kind)) < count:
            self._changed.clear()
            await self._changed.wait()
        return found[count - 1]


@asynccontextmanager
async def calling(switch: Client, lab: EmbeddedSwitch, request: Originate) -> AsyncIterator[Call]:
    """A call, read to its end, which comes at the latest by hanging up."""
    call = Call(switch, lab)
    async with switch.call(request.uuid) as events, asyncio.TaskGroup() as group:
        group.create_task(call.read(events))
        await switch.originate(request)
        yield call
        await switch.hangup(request.uuid)


def order(uuid: str = "u", callee: str = "x") -> Originate:
    return Originate(uuid, DIAL.format(callee), 30)


def in_call(client: Callable[..., Client], program: Callable[[Call], Awaitable[None]], callee: Plan) -> Call:
    """Runs ``program`` in a call that is parked; gives what was seen of the call to its end."""

    async def main() -> Call:
        async with (
            asyncio.timeout(LIMIT_S),
            EmbeddedSwitch(Callees(QUIET, callee), password=PASSWORD, shutdown_notice_s=0.05) as lab,
            client(lab.port) as switch,
            calling(switch, lab, order()) as call,
        ):
            await program(call)
        return call

    return asyncio.run(main())


async def parked(call: Call) -> None:
    await call.until(Parked)


def test_a_call_is_placed_answered_parked_and_ended(client: Callable[..., Client]) -> None:
    call = in_call(client, parked, plan("x", SOON))
    assert [type(event).__name__ for event in call.seen] == ["Progress", "Answered", "Parked", "HungUp"]
    (end,) = call.of(HungUp)
    assert isinstance(end, HungUp)
    assert (end.cause, end.q850) == ("NORMAL_CLEARING", 16)
    assert call.of(Answered)[0].at_us > 0
    assert "allobot-lab" in call.switch.version


def test_playbacks_queue_with_their_tags_and_a_break_empties_the_queue(
    client: Callable[..., Client], tmp_path: Path
) -> None:
    async def program(call: Call) -> None:
        await parked(call)
        for tag, length_ms in (("a", 100), ("b", 5000), ("c", 100)):
            await call.switch.play("u", Path(wav(tmp_path, f"{tag}.wav", length_ms)), tag)
        await call.until(PlaybackStarted, 2)
        await call.switch.break_("u")
        await call.until(PlaybackStopped, 2)
        await call.switch.play("u", tmp_path / "missing.wav", "d")
        await call.until(PlaybackFailed)

    call = in_call(client, program, plan("x", SOON))
    stops = [event for event in call.seen if isinstance(event, PlaybackStopped)]
    assert [(stop.tag, stop.interrupted) for stop in stops] == [("a", False), ("b", True)]
    assert stops[0].played_ms == 100
    assert [getattr(event, "tag", "") for event in call.of(PlaybackStarted, PlaybackFailed)] == ["a", "b", "d"]


def test_audio_is_streamed_and_the_line_recorded(client: Callable[..., Client], tmp_path: Path) -> None:
    received: list[int] = []
    heard = asyncio.Event()

    async def take(connection: ServerConnection) -> None:
        async for message in connection:
            if isinstance(message, bytes):
                received.append(len(message))
                heard.set()

    async def program(call: Call) -> None:
        async with serve(take, "127.0.0.1", 0, compression=None, ping_interval=None) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            await parked(call)
            await call.switch.start_stream("u", f"ws://127.0.0.1:{port}/media/token", rate_hz=16_000)
            await call.until(StreamConnected)
            await heard.wait()
            await call.switch.start_recording("u", tmp_path / "line.wav")
            await call.until(RecordingStarted)
            await call.switch.stop_stream("u")
            await call.switch.stop_recording("u", tmp_path / "line.wav")
            await call.until(RecordingStopped)
            with pytest.raises(CommandFailed):
                await call.switch.stop_stream("u")

    in_call(client, program, plan("x", SOON))
    assert set(received) == {640}
    assert (tmp_path / "line.wav").is_file()


def test_digits_both_ways(client: Callable[..., Client]) -> None:
    async def program(call: Call) -> None:
        await call.until(Dtmf, 2)
        await call.switch.send_dtmf("u", "42#")
        assert call.lab.calls.legs["u"].digits_sent == ["42#"]

    call = in_call(client, program, plan("x", SOON, steps=[{"dtmf": "7*"}]))
    assert [event.digit for event in call.seen if isinstance(event, Dtmf)] == ["7", "*"]


def test_hanging_up_twice_is_no_error_and_other_commands_to_what_is_gone_fail(client: Callable[..., Client]) -> None:
    async def program(call: Call) -> None:
        await parked(call)
        await call.switch.hangup("u", "USER_BUSY")
        await call.until(HungUp)
        await call.switch.hangup("u")
        await call.switch.hangup("never-was")
        with pytest.raises(CommandFailed, match="-ERR"):
            await call.switch.break_("u")

    assert [getattr(end, "cause", "") for end in in_call(client, program, plan("x", SOON)).of(HungUp)] == ["USER_BUSY"]


async def ended(call: Call) -> None:
    await call.until(HungUp)


def test_a_call_that_is_refused_has_its_cause(client: Callable[..., Client]) -> None:
    (end,) = in_call(client, ended, plan("x", {"kind": "busy", "after_ms": 50})).of(HungUp)
    assert isinstance(end, HungUp)
    assert (end.cause, end.q850, end.sip) == ("USER_BUSY", 17, "sip:486")


def test_a_call_without_a_channel_ends_with_the_answer_to_originate(client: Callable[..., Client]) -> None:
    async def main() -> list[CallEvent]:
        async with (
            asyncio.timeout(LIMIT_S),
            EmbeddedSwitch(Callees(QUIET), password=PASSWORD, shutdown_notice_s=0.05) as lab,
            client(lab.port) as switch,
            switch.call("u") as events,
        ):
            await switch.originate(Originate("u", "sofia/nowhere/x@127.0.0.1", 30))
            return [event async for event in events]

    (end,) = asyncio.run(main())
    assert isinstance(end, HungUp)
    assert end.cause == "INVALID_PROFILE"


def test_nothing_is_sent_that_is_more_than_it_should_be(client: Callable[..., Client]) -> None:
    async def program(call: Call) -> None:
        started = call.lab.calls.started
        with pytest.raises(LocalProtocolError):
            await call.switch.originate(Originate("v", "a b", 30))
        assert call.lab.calls.started == started

    in_call(client, program, plan("x", SOON))


@pytest.mark.parametrize(("password", "error"), [("wrong", CommandFailed), ("", ConfigError)])
def test_a_password_that_is_wrong_or_missing(
    client: Callable[..., Client], password: str, error: type[Exception]
) -> None:
    async def main() -> None:
        async with (
            asyncio.timeout(LIMIT_S),
            EmbeddedSwitch(Callees(), password=PASSWORD, shutdown_notice_s=0.05) as lab,
        ):
            with pytest.raises(error, match="ALLOBOT_ESL_PASSWORD"):
                async with client(lab.port, password):
                    pytest.fail("was let in")

    asyncio.run(main())


def test_nobody_there(client: Callable[..., Client]) -> None:
    async def main() -> None:
        async with asyncio.timeout(LIMIT_S):
            server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
            port = server.sockets[0].getsockname()[1]
            server.close()
            await server.wait_closed()
            with pytest.raises(NotConnected, match="cannot reach the switch"):
                async with client(port):
                    pytest.fail("was let in")

    asyncio.run(main())
