"""mod_audio_stream while all is well: start and stop, refusals, frames, metadata, texts, sounds handed over."""

from __future__ import annotations

import asyncio
import base64
import json
from pathlib import Path

import numpy as np
import pytest
from conformance import Lab, Run, tone
from stream_sink import Sink, sink

OK = "+OK Success\n"
FAILED = "-ERR Operation Failed\n"


@pytest.mark.parametrize(
    ("arguments", "size"),
    [
        ("mono 8k", 320),
        ("mono 8000", 320),
        ("mono 16k", 640),
        ("mono 16000", 640),
        ("mono 24000", 960),
        ("mono", 320),
    ],
)
def test_frames_and_cadence(run: Run, arguments: str, size: int) -> None:
    async def case(lab: Lab) -> None:
        async with lab.streaming("tone", arguments) as (uuid, server):
            await server.until_frames(10)
            before = len(server.frames)
            await asyncio.sleep(1.0)
            assert 45 <= len(server.frames) - before <= 55
            assert {len(frame) for frame in server.frames} == {size}
            heard = np.frombuffer(server.frames[-1], "<i2")
            assert np.abs(heard.astype(np.int32)).max() > 500
            await lab.esl.until_name("mod_audio_stream::connect", uuid)

    run(case)


def test_frames_go_on_while_the_callee_is_silent_and_while_we_play(run: Run) -> None:
    async def case(lab: Lab) -> None:
        async with lab.streaming("quiet") as (uuid, server):
            await server.until_frames(5)
            before = len(server.frames)
            await lab.play(uuid, lab.wav("one.wav", 600))
            await asyncio.sleep(1.0)
            assert 45 <= len(server.frames) - before <= 55
            assert not any(np.abs(np.frombuffer(frame, "<i2").astype(np.int32)).max() > 64 for frame in server.frames)

    run(case)


@pytest.mark.parametrize(("mix", "size"), [("mixed", 320), ("stereo", 640)])
def test_both_sides_only_while_something_is_played(run: Run, mix: str, size: int) -> None:
    async def case(lab: Lab) -> None:
        async with lab.streaming("quiet", f"{mix} 8k") as (uuid, server):
            await asyncio.sleep(0.5)
            assert server.frames == []
            await lab.play(uuid, lab.wav("one.wav", 400))
            await lab.esl.until_name("PLAYBACK_STOP", uuid)
            await asyncio.sleep(0.3)
            assert 18 <= len(server.frames) <= 22
            assert {len(frame) for frame in server.frames} == {size}
            middle = np.frombuffer(server.frames[10], "<i2").astype(np.int32)
            sides = middle.reshape(-1, 2) if mix == "stereo" else np.stack([0 * middle, middle], axis=1)
            assert np.abs(sides[:, 0]).max() <= 64
            assert np.abs(sides[:, 1]).max() > 5000

    run(case)


def test_one_message_holds_as_many_frames_as_the_buffer_says(run: Run) -> None:
    async def case(lab: Lab) -> None:
        async with lab.streaming("tone", "mono 8k", "STREAM_BUFFER_SIZE=100") as (_, server):
            await server.until_frames(5)
            assert {len(frame) for frame in server.frames} == {1600}
        async with lab.streaming("tone", "mono 8k", "STREAM_BUFFER_SIZE=30") as (_, server):
            await server.until_frames(5)
            assert {len(frame) for frame in server.frames} == {320}

    run(case)


def test_the_upgrade_request(run: Run) -> None:
    async def case(lab: Lab) -> None:
        variables = """STREAM_EXTRA_HEADERS='{"X-Call":"a b"\\,"X-Other":"c"}'"""
        async with lab.streaming("tone", "mono 8k", variables) as (_, server):
            await server.until_frames(1)
            assert server.path == "/media/one?id=7"
            assert (server.headers["X-Call"], server.headers["X-Other"]) == ("a b", "c")
            assert server.headers["Host"] == f"127.0.0.1:{server.port}"
            assert {"Sec-WebSocket-Protocol", "Sec-WebSocket-Extensions"}.isdisjoint(server.headers)

    run(case)


@pytest.mark.parametrize(
    ("given", "sent", "word"),
    [
        ('{"call":"abc","n":1}', '{"call":"abc","n":1}', '{"call":"abc","n":1}'),
        ('{"call": "two words"}', '{"call": "two words"}', '{"call":'),
        ('{"t":"été"}', '{"t":"été"}', '{"t":"été"}'),
        ("{'t':'x y'}", "{t:x y}", "{t:x y}"),
        ("it's", "it's", "it's"),
        (r"{\"t\":1}", '{"t":1}', '{"t":1}'),
    ],
)
def test_metadata_and_a_text_and_what_is_left_of_them(run: Run, given: str, sent: str, word: str) -> None:
    async def case(lab: Lab) -> None:
        async with lab.streaming("tone", f"mono 8k {given}") as (uuid, server):
            await server.until_text(sent)
            assert await lab.esl.api(f"uuid_audio_stream {uuid} send_text {given}") == OK
            await server.until_frames(5)
            await asyncio.sleep(0.1)
            assert server.texts == [sent, word]

    run(case)


def test_pause_and_resume(run: Run) -> None:
    async def case(lab: Lab) -> None:
        async with lab.streaming("tone") as (uuid, server):
            await server.until_frames(5)
            assert await lab.esl.api(f"uuid_audio_stream {uuid} pause") == OK
            await asyncio.sleep(0.1)
            before = len(server.frames)
            await asyncio.sleep(0.5)
            assert len(server.frames) == before
            assert await lab.esl.api(f"uuid_audio_stream {uuid} resume") == OK
            await asyncio.sleep(0.5)
            assert 20 <= len(server.frames) - before <= 30

    run(case)


def test_texts_from_the_server(run: Run) -> None:
    async def case(lab: Lab) -> None:
        async with lab.streaming("tone") as (uuid, server):
            assert server.socket is not None
            await server.socket.send(b"\0" * 320)
            for text in ('{"type":"transcript","text":"été"}', "no json at all"):
                await server.socket.send(text)
            await lab.esl.until_name("mod_audio_stream::json", uuid, nth=2)
            bodies = [event.body for event in lab.esl.events if event.subclass == "mod_audio_stream::json"]
            assert bodies == ['{"type":"transcript","text":"été"}', "no json at all"]

    run(case)


def test_a_sound_that_the_server_hands_over(run: Run) -> None:
    async def send(server: Sink, ms: int) -> None:
        assert server.socket is not None
        audio = base64.b64encode(tone(ms).astype("<i2").tobytes()).decode()
        sound = {"audioDataType": "raw", "sampleRate": 8000, "audioData": audio}
        await server.socket.send(json.dumps({"type": "streamAudio", "data": sound}))

    async def case(lab: Lab) -> None:
        async with lab.streaming("tone") as (uuid, server):
            paths = []
            for nth in (1, 2):
                await send(server, 300)
                event = await lab.esl.until_name("mod_audio_stream::play", uuid, nth)
                body = json.loads(event.body)
                assert (body["audioDataType"], body["sampleRate"]) == ("raw", 8000)
                paths.append(body["file"])
            assert [Path(path).name for path in paths] == [f"{uuid}_{nth}.tmp.r8" for nth in (0, 1)]
            await asyncio.sleep(0.2)
            assert lab.playbacks(uuid) == []
            await lab.play(uuid, paths[0])
            await lab.esl.until_name("PLAYBACK_STOP", uuid)
            assert lab.playbacks(uuid) == [f"START {uuid}_0.tmp.r8", f"STOP {uuid}_0.tmp.r8 done"]
            assert Path(paths[0]).is_file()
            assert await lab.esl.api(f"uuid_audio_stream {uuid} stop") == OK
            await asyncio.sleep(0.2)
            assert not any(Path(path).exists() for path in paths)

    run(case)


def test_our_own_stop(run: Run) -> None:
    async def case(lab: Lab) -> None:
        async with lab.streaming("tone") as (uuid, server):
            await server.until_frames(5)
            assert await lab.esl.api(f"uuid_audio_stream {uuid} start {server.url} mono 8k") == FAILED
            assert await lab.esl.api(f"uuid_audio_stream {uuid} stop bye now") == OK
            await server.wait("closed")
            assert (server.close_code, server.close_reason) == (1000, "Normal closure")
            assert server.texts == ["bye"]
            assert await lab.esl.api(f"uuid_audio_stream {uuid} stop") == FAILED
            await lab.esl.until_name("MEDIA_BUG_STOP", uuid)
            assert await lab.esl.api(f"uuid_audio_stream {uuid} start {server.url} mono 8k") == OK
            await lab.esl.until_name("mod_audio_stream::connect", uuid, nth=2)
            assert "mod_audio_stream::disconnect" not in lab.esl.names(uuid)
            assert server.accepted == 2

    run(case)


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        ("ws://127.0.0.1:1?x=1 mono 8k", FAILED),
        ("http://127.0.0.1:1/x mono 8k", FAILED),
        ("ws://a_b:1/x mono 8k", FAILED),
        ("ws://[::1]:1/x mono 8k", FAILED),
        ("ws://127.0.0.1:1/x mono 44100", FAILED),
        ("ws://127.0.0.1:1/x mono 24k", FAILED),
        ("ws://127.0.0.1:1/x both 8k", "-ERR no reply\n"),
    ],
)
def test_a_start_that_is_refused(run: Run, arguments: str, answer: str) -> None:
    async def case(lab: Lab) -> None:
        uuid = await lab.call()
        assert await lab.esl.api(f"uuid_audio_stream {uuid} start {arguments}") == answer
        for action in ("pause", "resume", "stop", "send_text x", "nothing"):
            assert await lab.esl.api(f"uuid_audio_stream {uuid} {action}") == FAILED, action
        assert (await lab.esl.api(f"uuid_audio_stream {uuid} start ws://127.0.0.1:1/x")).startswith(
            "-USAGE: <uuid> [start"
        )
        await lab.hang_up(uuid)
        assert not [name for name in lab.esl.names(uuid) if "stream" in name or "BUG" in name]

    run(case)


def test_a_hangup_closes_the_stream(run: Run) -> None:
    async def case(lab: Lab) -> None:
        async with sink() as server:
            uuid = await lab.call("hangs_up")
            assert await lab.esl.api(f"uuid_audio_stream {uuid} start {server.url} mono 8k") == OK
            await lab.ended(uuid)
            await server.wait("closed")
            assert server.close_code == 1000
        names = [event.subclass or event.name for event in lab.esl.about(uuid)]
        order = ["MEDIA_BUG_START", "mod_audio_stream::connect", "CHANNEL_HANGUP", "CHANNEL_UNPARK", "MEDIA_BUG_STOP"]
        assert [name for name in names if name in order] == order
        bug = await lab.esl.until_name("MEDIA_BUG_STOP", uuid)
        assert bug.get("Media-Bug-Function") == "audio_stream"
        assert "mod_audio_stream::disconnect" not in names

    run(case)
