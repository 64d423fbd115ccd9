"""mod_audio_stream's side: frames, texts, and sounds to store."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import numpy as np
import pytest
from stream_peer import NEVER_LATE, SPEAKER, Sink, sink, streaming
from switch_peer import Peer, lab, tone, wav

from robot.lab.clock import run_virtual
from robot.lab.switch.quoting import unquoted
from robot.protocol import esl
from robot.protocol.audio_stream import encode_stream_audio


def test_metadata_then_frames_the_first_two_together() -> None:
    async def program(peer: Peer, server: Sink) -> None:
        connected_s = asyncio.get_running_loop().time()
        await asyncio.sleep(1)
        assert server.path == "/media?id=7"
        assert "Sec-WebSocket-Extensions" not in server.headers
        assert server.got[0][1] == '{"a": "b c"}'
        assert {len(frame) for frame in server.frames} == {320}
        after_ms = [round((at_s - connected_s) * 1000) for at_s, message in server.got if isinstance(message, bytes)]
        assert after_ms[:2] == [45, 45]
        assert set(np.diff(after_ms[2:])) == {20}
        pcm = np.frombuffer(b"".join(server.frames), "<i2")
        assert abs(int(pcm[1600:].max()) - 8192) < 200
        events = [event for event in peer.events if event.name == "CUSTOM" or "BUG" in event.name]
        assert [event.subclass or event.name for event in events] == ["MEDIA_BUG_START", "mod_audio_stream::connect"]
        assert events[0].get("Media-Bug-Function") == "audio_stream"
        assert events[1].body == '{"status":"connected"}'

    streaming(program, arguments='mono 8k {"a": "b c"}')


@pytest.mark.parametrize(
    ("arguments", "variables", "size"),
    [
        ("mono 16k", "", 640),
        ("mono 24000", "", 960),
        ("mono 8k", "STREAM_BUFFER_SIZE=100", 1600),
        ("mono 8k", "STREAM_BUFFER_SIZE=30", 320),
    ],
)
def test_rates_and_buffers(arguments: str, variables: str, size: int) -> None:
    async def program(peer: Peer, server: Sink) -> None:
        await asyncio.sleep(1)
        assert {len(frame) for frame in server.frames} == {size}
        seconds = sum(map(len, server.frames)) / size * {1600: 0.1}.get(size, 0.02)
        assert seconds == pytest.approx(1, abs=0.11)

    streaming(program, arguments=arguments, variables=variables)


def test_stereo_has_frames_only_while_something_is_played(tmp_path: Path) -> None:
    async def program(peer: Peer, server: Sink) -> None:
        await asyncio.sleep(0.5)
        assert server.frames == []
        await peer.play("u", wav(tmp_path, "a.wav", 400))
        await asyncio.sleep(1)
        sides = np.frombuffer(b"".join(server.frames), "<i2").reshape(-1, 2)
        assert len(sides) == 3200
        assert np.array_equal(sides[:, 1], tone(400))
        assert abs(int(sides[:, 0].max()) - 8192) < 200

    streaming(program, arguments="stereo 8k")


def test_extra_headers() -> None:
    async def program(peer: Peer, server: Sink) -> None:
        assert (server.headers["Authorization"], server.headers["X-B"]) == ("Bearer abc", "2")

    headers = '{"Authorization":"Bearer abc"\\\\,"X-B":"2"}'
    streaming(program, variables=f"STREAM_EXTRA_HEADERS='{headers}'")


def test_pause_resume_and_text() -> None:
    async def program(peer: Peer, server: Sink) -> None:
        await asyncio.sleep(0.5)
        assert await peer.api("uuid_audio_stream u pause") == "+OK Success\n"
        await asyncio.sleep(0.1)
        count = len(server.frames)
        await asyncio.sleep(1)
        assert len(server.frames) == count
        assert await peer.api("uuid_audio_stream u resume") == "+OK Success\n"
        assert await peer.api("""uuid_audio_stream u send_text {"t":"l'été \\"x\\""}""") == "+OK Success\n"
        await asyncio.sleep(1)
        assert 49 <= len(server.frames) - count <= 51
        assert server.texts == ['{"t":"l\'été']

    streaming(program)


def test_a_sound_is_stored_and_announced_and_any_other_text_passed_on(tmp_path: Path) -> None:
    async def program(peer: Peer, server: Sink) -> None:
        assert server.socket is not None
        await server.socket.send(encode_stream_audio(tone(200), 8000))
        await server.socket.send('{"hello": "w\\u00f6rld"}')
        await server.socket.send(b"ignored")
        await server.socket.send('{"type":"streamAudio","data":{"audioDataType":"raw","audioData":"?"}}')
        play = await peer.until(lambda event: event.subclass == "mod_audio_stream::play")
        told = json.loads(play.body)
        assert (told["audioDataType"], told["sampleRate"]) == ("raw", 8000)
        path = Path(told["file"])
        assert path.name == "u_0.tmp.r8"
        assert np.array_equal(np.frombuffer(path.read_bytes(), "<i2"), tone(200))
        other = await peer.until(lambda event: event.subclass == "mod_audio_stream::json")
        assert other.body == '{"hello": "w\\u00f6rld"}'
        await peer.play("u", str(path))
        await peer.until_name("PLAYBACK_STOP")
        await peer.api("uuid_audio_stream u stop")
        assert not path.exists()

    streaming(program)


def test_a_slow_accept_puts_the_backlog_before_the_metadata() -> None:
    async def main() -> None:
        async with sink() as server, lab(SPEAKER, seed=NEVER_LATE) as (_, peer):
            accepting = asyncio.Event()

            async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                """A proxy that takes its time."""
                await asyncio.sleep(0.3)
                far_reader, far_writer = await asyncio.open_connection("127.0.0.1", server.port)
                accepting.set()

                async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
                    while data := await source.read(65_536):
                        sink.write(data)
                    sink.close()

                async with asyncio.TaskGroup() as group:
                    group.create_task(pump(reader, far_writer))
                    group.create_task(pump(far_reader, writer))

            proxy = await asyncio.start_server(slow, "127.0.0.1", 0)
            async with proxy:
                await peer.call("u", "speaker")
                port = proxy.sockets[0].getsockname()[1]
                await peer.api(f"uuid_audio_stream u start ws://127.0.0.1:{port}/ mono 8k META")
                await accepting.wait()
                await asyncio.sleep(0.2)
                kinds = ["T" if isinstance(message, str) else "B" for _, message in server.got]
                assert kinds[:17] == [*"BBBBBBBBBBBBBBBTB"]
                await peer.api("uuid_kill u")
                await server.closed.wait()

    run_virtual(main())


def test_now_and_then_the_first_frame_overtakes_the_metadata(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("robot.lab.switch.api_calls.LATE_METADATA_RATE", 1.0)

    async def program(peer: Peer, server: Sink) -> None:
        await asyncio.sleep(0.2)
        assert [type(message) for _, message in server.got][:3] == [bytes, str, bytes]

    streaming(program, arguments="mono 8k META")


def test_arguments_lose_their_quotes_and_escapes() -> None:
    assert unquoted("""{"t":"l'ete d'hiver"}""") == '{"t":"lete dhiver"}'
    assert unquoted(r"""{"t":"a \"q\" b"}""") == '{"t":"a "q" b"}'
    assert unquoted(r"x\ny é \q") == "x\ny é \\q"
    assert unquoted("it's 'all' of it") == "its all' of it"


def test_events_of_a_stream_name_their_channel() -> None:
    async def program(peer: Peer, server: Sink) -> None:
        event: esl.Event = await peer.until(lambda event: event.name == "CUSTOM")
        assert (event.uuid, event.get("Channel-State")) == ("u", "CS_EXECUTE")

    streaming(program)
