"""Every way in which an audio stream does not begin, or ends."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json

import pytest
from stream_peer import NEVER_LATE, SPEAKER, Sink, sink, streaming
from switch_peer import Peer, lab

from robot.lab.clock import run_virtual
from robot.lab.switch.stream_request import parse_stream_start

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def test_our_stop_sends_the_last_text_and_closes_without_an_event() -> None:
    async def program(peer: Peer, server: Sink) -> None:
        await asyncio.sleep(0.2)
        assert await peer.api("uuid_audio_stream u start ws://127.0.0.1:1/ mono 8k") == "-ERR Operation Failed\n"
        assert await peer.api('uuid_audio_stream u stop {"bye": 1}') == "+OK Success\n"
        await server.closed.wait()
        assert (server.texts, server.close_code) == (['{"bye":'], 1000)
        assert await peer.api("uuid_audio_stream u stop") == "-ERR Operation Failed\n"
        await peer.until_name("MEDIA_BUG_STOP")
        assert [event.subclass for event in peer.events if event.name == "CUSTOM"] == ["mod_audio_stream::connect"]

    streaming(program)


def test_a_server_that_closes_leaves_the_stream_until_it_is_stopped() -> None:
    async def program(peer: Peer, server: Sink) -> None:
        assert server.socket is not None
        await server.socket.close(4001, "why")
        event = await peer.until(lambda event: event.subclass == "mod_audio_stream::disconnect")
        assert json.loads(event.body) == {"status": "disconnected", "message": {"code": 4001, "reason": "why"}}
        again = f"uuid_audio_stream u start ws://127.0.0.1:{server.port}/again mono 8k"
        assert await peer.api(again) == "-ERR Operation Failed\n"
        assert "MEDIA_BUG_STOP" not in peer.names()
        assert await peer.api("uuid_audio_stream u stop") == "+OK Success\n"
        assert await peer.api(again) == "+OK Success\n"

    streaming(program)


def test_a_lost_connection_is_an_error_and_the_stream_can_start_again() -> None:
    async def program(peer: Peer, server: Sink) -> None:
        assert server.socket is not None
        server.socket.transport.abort()
        event = await peer.until(lambda event: event.subclass == "mod_audio_stream::error")
        assert json.loads(event.body)["message"]["code"] == 1
        await peer.until_name("MEDIA_BUG_STOP")
        server.connected.clear()
        again = f"uuid_audio_stream u start ws://127.0.0.1:{server.port}/again mono 8k"
        assert await peer.api(again) == "+OK Success\n"
        await server.connected.wait()

    streaming(program)


def test_a_hangup_closes_with_1000_at_once() -> None:
    async def program(peer: Peer, server: Sink) -> None:
        await peer.api("uuid_kill u")
        killed_s = asyncio.get_running_loop().time()
        await server.closed.wait()
        assert server.close_code == 1000
        assert asyncio.get_running_loop().time() - killed_s <= 0.021
        await peer.until_name("CHANNEL_DESTROY")
        names = [event.name for event in peer.events]
        after = names[names.index("CHANNEL_HANGUP") :]
        assert after[3:6] == ["CHANNEL_STATE", "MEDIA_BUG_STOP", "CHANNEL_CALLSTATE"]

    async def main() -> None:
        async with sink() as server, lab(SPEAKER, seed=NEVER_LATE) as (_, peer):
            await peer.call("u", "speaker")
            await peer.api(f"uuid_audio_stream u start ws://127.0.0.1:{server.port}/ mono 8k")
            await server.connected.wait()
            await program(peer, server)

    run_virtual(main())


@pytest.mark.parametrize(
    ("arguments", "printed"),
    [
        ("http://127.0.0.1:80/ mono 8k", "-ERR Operation Failed\n"),
        ("ws://voice_robot:80/ mono 8k", "-ERR Operation Failed\n"),
        ("ws://[::1]:80/ mono 8k", "-ERR Operation Failed\n"),
        ("ws://127.0.0.1:80?x=1 mono 8k", "-ERR Operation Failed\n"),
        ("ws://127.0.0.1:80/ mono 11025", "-ERR Operation Failed\n"),
        ("ws://127.0.0.1:80/ both 8k", "-ERR no reply\n"),
    ],
)
def test_refusals_of_start(arguments: str, printed: str) -> None:
    assert parse_stream_start(arguments, {}, metadata_late=False) == printed


def test_a_start_before_there_is_media_is_refused_and_noted() -> None:
    async def main() -> None:
        async with lab() as (switch, peer):
            await peer.originate("u")
            await peer.until_name("CHANNEL_PROGRESS")
            assert await peer.api("uuid_audio_stream u start ws://127.0.0.1:1/ mono 8k") == "-ERR Operation Failed\n"
            (violation,) = switch.calls.violations
            assert violation.uuid == "u"
            await peer.until_name("CHANNEL_ANSWER")

    run_virtual(main())


@pytest.mark.parametrize(("quiet_s", "code", "after_s"), [(None, 6, 0.0), (30.0, 10, 1.0)])
def test_nobody_listens_or_nobody_answers(quiet_s: float | None, code: int, after_s: float) -> None:
    async def main() -> None:
        async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while await reader.read(1000):
                pass
            writer.close()

        server = await asyncio.start_server(mute, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1] if quiet_s else 1
        async with server, lab(SPEAKER) as (_, peer):
            await peer.call("u", "speaker")
            start_s = asyncio.get_running_loop().time()
            assert await peer.api(f"uuid_audio_stream u start ws://127.0.0.1:{port}/ mono 8k") == "+OK Success\n"
            event = await peer.until(lambda event: event.subclass == "mod_audio_stream::error")
            message = json.loads(event.body)["message"]
            assert message["code"] == code
            assert message["error"] == ("Timeout" if quiet_s else "Connection refused (system error 111)")
            assert asyncio.get_running_loop().time() - start_s == pytest.approx(after_s + 0.011, abs=0.011)
            await peer.until_name("MEDIA_BUG_STOP")

    run_virtual(main())


async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A WebSocket server that accepts and then never says anything, not even to a CLOSE."""
    request = (await reader.readuntil(b"\r\n\r\n")).decode()
    key = next(line.split(": ")[1] for line in request.split("\r\n") if line.lower().startswith("sec-websocket-key"))
    accept = base64.b64encode(hashlib.sha1(f"{key}{GUID}".encode()).digest()).decode()
    writer.write(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Accept: {accept}\r\n\r\n".encode()
    )
    while await reader.read(65_536):
        pass
    writer.close()


def test_a_server_that_never_answers_close_delays_stop_and_hangup_by_a_second() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        async with await asyncio.start_server(deaf, "127.0.0.1", 0) as server, lab(SPEAKER) as (_, peer):
            start = f"uuid_audio_stream u start ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/ mono 8k"
            await peer.call("u", "speaker")
            assert await peer.api(start) == "+OK Success\n"
            await asyncio.sleep(0.2)
            stopped_s = loop.time()
            assert await peer.api("uuid_audio_stream u stop") == "+OK Success\n"
            assert loop.time() - stopped_s == pytest.approx(1)
            assert await peer.api(start) == "+OK Success\n"
            await asyncio.sleep(0.2)
            await peer.api("uuid_kill u")
            hangup = await peer.until_name("CHANNEL_HANGUP")
            complete = await peer.until_name("CHANNEL_HANGUP_COMPLETE")
            assert complete.at_us - hangup.at_us == pytest.approx(1_020_000, abs=20_000)

    run_virtual(main())
