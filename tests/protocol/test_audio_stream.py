"""Both ends of mod_audio_stream's conversation, message by message."""

from __future__ import annotations

import base64
import contextlib
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robot.errors import LocalProtocolError, ProtocolError, RemoteProtocolError
from robot.protocol.audio_stream import (
    Audio,
    Closed,
    Metadata,
    OtherText,
    PlayRequest,
    StreamEvent,
    StreamLimits,
    StreamReceiver,
    StreamSender,
    TextEvent,
    encode_stream_audio,
    encode_text,
)
from services.audio import Pcm

RAMP = np.arange(-160, 160, dtype=np.int16)


def audio_of(events: list[StreamEvent]) -> Pcm:
    (event,) = events
    assert isinstance(event, Audio)
    return event.pcm


def play_message(**data: object) -> str:
    return json.dumps({"type": "streamAudio", "data": data})


def test_the_first_text_is_the_metadata_even_after_audio() -> None:
    receiver = StreamReceiver(8000)
    assert len(audio_of(receiver.binary(bytes(320)))) == 160
    assert receiver.text('{"call": "1"}') == [Metadata('{"call": "1"}', {"call": "1"})]
    assert receiver.text('{"call": "2"}') == [TextEvent('{"call": "2"}')]
    assert receiver.closed(1000, "Normal closure") == [Closed(1000, "Normal closure", normal=True)]


@pytest.mark.parametrize("text", ["", "words", "[1]", "7", '{"a":', "[" * 100_000])
def test_metadata_that_is_no_json_object(text: str) -> None:
    limits = StreamLimits(text_chars=100_000)
    assert StreamReceiver(8000, limits=limits).text(text) == [Metadata(text, None)]


def test_samples_are_little_endian() -> None:
    pcm = audio_of(StreamReceiver(8000).binary(b"\x01\x00\xff\x7f\x00\x80" + bytes(314)))
    assert pcm[:4].tolist() == [1, 32767, -32768, 0]
    assert pcm.dtype == np.int16


@pytest.mark.parametrize(("rate_hz", "channels"), [(8000, 1), (8000, 2), (16_000, 1), (16_000, 2), (24_000, 1)])
@pytest.mark.parametrize("frames", [1, 5, 500])
def test_what_the_switch_sends_the_server_hears(rate_hz: int, channels: int, frames: int) -> None:
    samples = rate_hz // 50 * frames
    pcm = np.arange(samples * channels).astype(np.int16).reshape((samples, 2) if channels == 2 else samples)
    message = StreamSender(rate_hz, channels).frame(pcm)
    assert len(message) == samples * channels * 2
    np.testing.assert_array_equal(audio_of(StreamReceiver(rate_hz, channels).binary(message)), pcm)


@pytest.mark.parametrize("size", [0, 1, 319, 318, 321, 640 + 2, 8000 * 2 * 10 + 320])
def test_audio_of_a_wrong_length_ends_the_stream(size: int) -> None:
    receiver = StreamReceiver(8000)
    with pytest.raises(RemoteProtocolError):
        receiver.binary(bytes(size))
    with pytest.raises(LocalProtocolError, match="ended"):
        receiver.binary(bytes(320))


def test_limits() -> None:
    receiver = StreamReceiver(8000, limits=StreamLimits(audio_ms=40, text_chars=3))
    assert len(audio_of(receiver.binary(bytes(640)))) == 320
    assert receiver.text("abc") == [Metadata("abc", None)]
    with pytest.raises(RemoteProtocolError, match="longer than 3"):
        receiver.text("abcd")
    with pytest.raises(LocalProtocolError):
        receiver.closed(1000, "")
    with pytest.raises(RemoteProtocolError, match="longer than 40 ms"):
        StreamReceiver(8000, limits=StreamLimits(audio_ms=40)).binary(bytes(960))


@pytest.mark.parametrize("code", [1001, 1005, 1006, 1011, 4001])
def test_another_close_is_not_normal_and_nothing_follows_it(code: int) -> None:
    receiver = StreamReceiver(8000)
    assert receiver.closed(code, "why") == [Closed(code, "why", normal=False)]
    with pytest.raises(LocalProtocolError):
        receiver.text("late")


@pytest.mark.parametrize(("rate_hz", "channels"), [(0, 1), (-8000, 1), (11_025, 1), (8000, 0), (8000, 3)])
def test_streams_that_cannot_be(rate_hz: int, channels: int) -> None:
    with pytest.raises(LocalProtocolError):
        StreamReceiver(rate_hz, channels)
    with pytest.raises(LocalProtocolError):
        StreamSender(rate_hz, channels)


def test_metadata_is_sent_once() -> None:
    sender = StreamSender(8000)
    assert sender.metadata("{}") == "{}"
    with pytest.raises(LocalProtocolError):
        sender.metadata("{}")


@pytest.mark.parametrize(
    ("channels", "pcm"),
    [
        (1, np.zeros(0, np.int16)),
        (1, np.zeros(159, np.int16)),
        (1, np.zeros((160, 1), np.int16)),
        (1, np.zeros(160, np.int32)),
        (1, np.zeros(160, np.float32)),
        (2, np.zeros(320, np.int16)),
        (2, np.zeros((2, 160), np.int16)),
        (2, np.zeros((80, 2), np.int16)),
        (2, np.zeros(161, np.int16)),
        (1, np.array(7, np.int16)),
    ],
)
def test_audio_that_cannot_be_sent(channels: int, pcm: Pcm) -> None:
    with pytest.raises(LocalProtocolError):
        StreamSender(8000, channels).frame(pcm)


@pytest.mark.parametrize("rate_hz", [8000, 16_000])
def test_a_sound_for_the_switch(rate_hz: int) -> None:
    text = encode_stream_audio(RAMP, rate_hz)
    assert json.loads(text) == {
        "type": "streamAudio",
        "data": {
            "audioDataType": "raw",
            "sampleRate": rate_hz,
            "audioData": base64.b64encode(RAMP.astype("<i2").tobytes()).decode(),
        },
    }
    request = StreamSender(8000).parse(text)
    assert request == PlayRequest(RAMP.astype("<i2").tobytes(), "raw", rate_hz)
    assert isinstance(request, PlayRequest)
    np.testing.assert_array_equal(request.pcm, RAMP)


def test_sounds_that_the_switch_would_play_wrongly() -> None:
    for pcm, rate_hz in [(RAMP, 24_000), (RAMP, 0), (RAMP[:0], 8000), (RAMP.reshape(2, -1), 8000)]:
        with pytest.raises(LocalProtocolError):
            encode_stream_audio(pcm, rate_hz)
    with pytest.raises(LocalProtocolError):
        encode_stream_audio(RAMP.astype(np.float32), 8000)


def test_a_file_for_the_switch_has_no_samples() -> None:
    request = StreamSender(8000).parse(play_message(audioDataType="wav", audioData="UklGRg=="))
    assert request == PlayRequest(b"RIFF", "wav", 8000)
    assert isinstance(request, PlayRequest)
    with pytest.raises(RemoteProtocolError, match="wav"):
        _ = request.pcm


@pytest.mark.parametrize(
    "text", ["", "words", "[]", "null", '{"type":"mark"}', '{"data":{}}', '{"type":["streamAudio"]}']
)
def test_any_other_text_is_passed_on(text: str) -> None:
    assert encode_text(text) == text
    assert StreamSender(8000).parse(text) == OtherText(text)


def test_a_text_that_would_be_played_is_not_sent_as_text() -> None:
    with pytest.raises(LocalProtocolError):
        encode_text(' {"type": "streamAudio"}')


@pytest.mark.parametrize(
    "text",
    [
        '{"type":"streamAudio"}',
        '{"type":"streamAudio","data":[]}',
        play_message(),
        play_message(audioDataType="raw"),
        play_message(audioDataType=1, audioData="AAA="),
        play_message(audioDataType="raw", audioData=""),
        play_message(audioDataType="raw", audioData="AAAA", sampleRate=8000),
        play_message(audioDataType="raw", audioData="AA AA", sampleRate=8000),
        play_message(audioDataType="raw", audioData="é", sampleRate=8000),
        play_message(audioDataType="raw", audioData="AAA=", sampleRate="8000"),
        play_message(audioDataType="raw", audioData="AAA=", sampleRate=0),
        play_message(audioDataType="raw", audioData="AAA=", sampleRate=True),
    ],
)
def test_stream_audio_without_a_usable_sound(text: str) -> None:
    with pytest.raises(RemoteProtocolError):
        StreamSender(8000).parse(text)


@given(st.lists(st.binary(max_size=700) | st.text(max_size=50), max_size=6), st.integers(0, 5000))
def test_noise_raises_protocol_errors_only(messages: list[bytes | str], code: int) -> None:
    receiver, sender = StreamReceiver(8000), StreamSender(8000)
    for message in messages:
        with contextlib.suppress(ProtocolError):
            receiver.text(message) if isinstance(message, str) else receiver.binary(message)
        if isinstance(message, str):
            with contextlib.suppress(ProtocolError):
                sender.parse(message)
    with contextlib.suppress(ProtocolError):
        receiver.closed(code, "")
