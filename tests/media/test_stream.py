"""One call's inbound audio: frames, counters, and the same samples however they arrive."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robot.lab.clock import run_virtual
from robot.media.base import RATE_HZ
from robot.media.stream import FRAME_SAMPLES, InboundStream
from services.audio import Pcm

RATES_HZ = [8000, 16_000, 24_000]


def voice(samples: int) -> Pcm:
    return np.random.default_rng(samples).integers(-20_000, 20_000, samples, dtype=np.int16)


async def drain(stream: InboundStream) -> list[Pcm]:
    return [frame async for frame in stream]


def heard(pieces: Sequence[Pcm], rate_hz: int, queue_ms: int = 60_000) -> tuple[list[Pcm], InboundStream]:
    """What a reader gets who comes when all has arrived."""

    async def main() -> tuple[list[Pcm], InboundStream]:
        stream = InboundStream(rate_hz, queue_ms)
        for index, piece in enumerate(pieces):
            stream.push(piece, index * 0.02)
        stream.close()
        return await drain(stream), stream

    return run_virtual(main())


@given(st.sampled_from(RATES_HZ), st.integers(0, 5000), st.lists(st.integers(0, 5000), max_size=20))
def test_any_chunking_gives_the_same_frames(rate_hz: int, length: int, cuts: list[int]) -> None:
    pcm = voice(length)
    pieces = np.split(pcm, sorted(cut for cut in cuts if cut <= length))
    whole, _ = heard([pcm], rate_hz)
    chunked, stream = heard(pieces, rate_hz)
    assert len(whole) == len(chunked) == stream.counters.frames_in
    assert all(len(frame) == FRAME_SAMPLES for frame in chunked)
    assert all(np.array_equal(one, other) for one, other in zip(whole, chunked, strict=True))


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_a_second_at_any_rate_is_fifty_frames_that_sound_alike(rate_hz: int) -> None:
    seconds = np.arange(rate_hz) / rate_hz
    tone = np.rint(10_000 * np.sin(2 * np.pi * 440 * seconds)).astype(np.int16)
    frames, _ = heard(np.split(tone, 50), rate_hz)
    assert len(frames) == 50
    pcm = np.concatenate(frames).astype(np.float64)[FRAME_SAMPLES:]
    assert np.argmax(np.abs(np.fft.rfft(pcm))) * RATE_HZ / len(pcm) == pytest.approx(440, abs=2)
    assert np.sqrt(np.mean(pcm**2)) == pytest.approx(10_000 / np.sqrt(2), rel=0.01)


def test_a_full_queue_drops_the_oldest_and_counts() -> None:
    pcm = np.repeat(np.arange(10, dtype=np.int16), FRAME_SAMPLES)
    frames, stream = heard([pcm], RATE_HZ, queue_ms=100)
    assert [int(frame[0]) for frame in frames] == [5, 6, 7, 8, 9]
    assert (stream.counters.frames_in, stream.counters.frames_dropped) == (10, 5)


def test_a_reader_who_keeps_up_loses_nothing() -> None:
    async def main() -> tuple[int, InboundStream]:
        stream = InboundStream(RATE_HZ, 100)
        async with asyncio.TaskGroup() as group:
            reader = group.create_task(drain(stream))
            for number in range(100):
                stream.push(voice(FRAME_SAMPLES), number * 0.02)
                await asyncio.sleep(0.02)
            stream.close()
        return len(reader.result()), stream

    count, stream = run_virtual(main())
    assert (count, stream.counters.frames_dropped) == (100, 0)


class Nobody:
    """A peer that takes nothing."""

    def send_text(self, text: str) -> bool:
        return False


def arrivals(*times_s: float) -> InboundStream:
    stream = InboundStream(8000, 1000)
    stream.connected(Nobody(), 0.9)
    for time_s in times_s:
        stream.push(np.zeros(160, np.int16), time_s)
    return stream


def test_gaps_and_late_frames_are_counted() -> None:
    counters = arrivals(1.0, 1.02, 1.1, 1.28, 1.28, 1.3).counters
    assert (counters.frames_late, counters.longest_gap_ms) == (1, 180)


def test_the_first_sample_was_spoken_before_its_message_came() -> None:
    assert arrivals(1.0, 1.02).first_frame_s == pytest.approx(0.98)


def test_silence_stands_for_what_was_missed_between_two_connections() -> None:
    async def main() -> tuple[list[Pcm], InboundStream]:
        stream = InboundStream(RATE_HZ, 1000)
        for number, at_s in enumerate((1.0, 9.0)):
            stream.connected(Nobody(), at_s - 0.1)
            stream.push(np.full(FRAME_SAMPLES, number + 1, np.int16), at_s)
        stream.close()
        return await drain(stream), stream

    frames, stream = run_virtual(main())
    counters = stream.counters
    assert (counters.longest_gap_ms, counters.connections, counters.frames_in) == (0, 2, 2)
    assert stream.first_frame_s == pytest.approx(0.98)
    assert counters.frames_missed == 399
    assert [int(frame[0]) for frame in frames] == [1, *[0] * 399, 2]
    assert {len(frame) for frame in frames} == {FRAME_SAMPLES}


def test_a_very_long_outage_is_filled_up_to_its_bound() -> None:
    stream = arrivals(1.0)
    stream.connected(Nobody(), 9e5)
    stream.push(np.zeros(160, np.int16), 1e6)
    assert stream.counters.frames_missed == 3000


def test_after_the_end_nothing_is_taken() -> None:
    async def main() -> int:
        stream = InboundStream(RATE_HZ, 1000)
        stream.push(voice(FRAME_SAMPLES), 0)
        stream.close()
        stream.push(voice(FRAME_SAMPLES), 0.02)
        return len(await drain(stream))

    assert run_virtual(main()) == 1
