"""The contract of a speech line, whichever way its chunks take, seen on the line itself.

Durations on a real switch are whole frames, some of which a busy machine may lose from a recording; on the embedded one
everything is exact.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import numpy as np
import pytest
from speech_ground import RATE_HZ, Ground, Runner, Way, loud_runs, speech

from robot.events import PlaybackStarted, PlaybackStopped, StreamPlay
from robot.media.base import Heard
from robot.media.connection import StreamConnection

FRAME_MS = 20


def ms_of(pcm: np.ndarray) -> float:
    return len(pcm) * 1000 / RATE_HZ


def test_speech_is_heard_whole_and_without_a_gap(run: Runner) -> None:
    async def case(ground: Ground) -> None:
        ground.line.enqueue(speech(1500), "a")
        ground.line.enqueue(speech(310), "b")
        await ground.line.wait_idle()

    ground = run(case)
    (run_of_speech,) = loud_runs(ground.recorded)
    assert ms_of(run_of_speech) == pytest.approx(1810, abs=2 * FRAME_MS)
    assert np.array_equal(ground.played, np.concatenate([speech(1500).pcm, speech(310).pcm]))
    assert (ground.line.counters.chunks_played, ground.line.counters.chunks_failed) == (10, 0)


def test_what_was_heard_is_told_per_label(run: Runner) -> None:
    found: list[Heard] = []

    async def case(ground: Ground) -> None:
        for label, text in (("a", "one"), ("a", "two"), ("b", "three")):
            ground.line.enqueue(speech(400, text=text), label)
        assert ground.line.queued_ms == 1200
        await ground.line.wait_idle()
        assert ground.line.queued_ms == 0
        found.extend(ground.line.take())

    run(case)
    assert [(one.label, one.text, one.complete, one.ms) for one in found] == [
        ("a", "one two", True, 800),
        ("b", "three", True, 400),
    ]
    assert [clause.text for clause in found[0].clauses] == ["one", "two"]


def test_cleared_in_the_middle_it_is_silent_and_tells_what_was_heard(run: Runner) -> None:
    found: list[Heard] = []

    async def case(ground: Ground) -> None:
        ground.line.enqueue(speech(3000, text="one two three four five six"), "a")
        await ground.until(PlaybackStarted)
        await asyncio.sleep(0.5)
        found.extend(await ground.line.clear())
        await asyncio.wait_for(ground.line.wait_idle(), 0.1)

    ground = run(case)
    (heard,) = found
    assert 400 < heard.ms < 700
    assert not heard.complete
    assert "one two three four five six".startswith(heard.text)
    assert sum(map(ms_of, loud_runs(ground.recorded))) == pytest.approx(heard.ms, abs=2 * FRAME_MS)
    assert ms_of(ground.played) == heard.ms
    assert ground.line.counters.breaks == 1


@pytest.mark.parametrize("after_ms", [0, 10, 25, 40, 70, 195, 205, 390])
def test_nothing_of_an_interrupted_turn_is_heard_after_the_next_began(run: Runner, after_ms: int) -> None:
    async def case(ground: Ground) -> None:
        ground.line.enqueue(speech(2000, level=10_000), "old")
        await asyncio.sleep(after_ms / 1000)
        await ground.line.clear()
        ground.line.enqueue(speech(700, level=4000), "new")
        await ground.line.wait_idle()

    ground = run(case)
    first_new = int(np.flatnonzero((ground.recorded >= 3500) & (ground.recorded < 6500))[0])
    assert not (ground.recorded[first_new:] >= 9500).any()
    assert ms_of(loud_runs(ground.recorded)[-1]) == pytest.approx(700, abs=2 * FRAME_MS)
    assert [(one.label, one.complete) for one in ground.line.take()] == [("new", True)]


@pytest.mark.parametrize("after_ms", [0, 30, 190, 210, 555])
def test_suspended_and_resumed_every_sample_is_heard_once(run: Runner, after_ms: int) -> None:
    async def case(ground: Ground) -> None:
        ground.line.enqueue(speech(1330, text="one two"), "a")
        await asyncio.sleep(after_ms / 1000)
        await ground.line.suspend()
        left_ms = ground.line.queued_ms
        await asyncio.sleep(0.4)
        assert ground.line.queued_ms == left_ms
        stopped = sum(isinstance(event, PlaybackStopped) for event in ground.events)
        ground.line.resume()
        await ground.line.wait_idle()
        assert sum(isinstance(event, PlaybackStopped) for event in ground.events) > stopped
        (heard,) = ground.line.take()
        assert (heard.text, heard.complete, heard.ms) == ("one two", True, 1330)

    ground = run(case)
    assert np.array_equal(ground.played, speech(1330).pcm)
    assert sum(map(ms_of, loud_runs(ground.recorded))) == pytest.approx(1330, abs=3 * FRAME_MS)
    assert ground.line.counters.suspensions == 1


def test_a_suspended_line_takes_more_speech_and_is_not_idle(run: Runner) -> None:
    async def case(ground: Ground) -> None:
        ground.line.enqueue(speech(600), "a")
        await ground.until(PlaybackStarted)
        await ground.line.suspend()
        await ground.line.suspend()
        ground.line.enqueue(speech(300, level=10_000), "b")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(ground.line.wait_idle(), 0.3)
        ground.line.resume()
        ground.line.resume()
        await ground.line.wait_idle()

    ground = run(case)
    assert np.array_equal(ground.played, np.concatenate([speech(600).pcm, speech(300, level=10_000).pcm]))
    assert ground.line.counters.suspensions == 1


def test_a_suspended_line_can_be_cleared(run: Runner) -> None:
    async def case(ground: Ground) -> None:
        ground.line.enqueue(speech(1000, level=10_000, text="old"), "old")
        await ground.until(PlaybackStarted)
        await ground.line.suspend()
        (heard,) = await ground.line.clear()
        assert not heard.complete
        ground.line.resume()
        await asyncio.wait_for(ground.line.wait_idle(), 0.1)
        ground.line.enqueue(speech(400), "new")
        await ground.line.wait_idle()

    ground = run(case)
    *_, last = loud_runs(ground.recorded)
    assert ms_of(last) == pytest.approx(400, abs=2 * FRAME_MS)
    assert last.max() < 6500


@pytest.mark.parametrize("end", [StreamConnection.abort, StreamConnection.close])
def test_the_audio_stream_is_lost_in_the_middle(run: Runner, way: Way, end: Callable[[StreamConnection], None]) -> None:
    """Every sample is heard once and in order; through the stream there is a hole where it was away."""

    async def case(ground: Ground) -> None:
        ground.line.enqueue(speech(2000), "a")
        await ground.until(PlaybackStarted, 2)
        await ground.reopen(end)
        await ground.line.wait_idle()
        (heard,) = ground.line.take()
        assert heard.complete

    ground = run(case)
    assert np.array_equal(ground.played, speech(2000).pcm)
    assert ground.line.counters.chunks_failed == 0
    assert any(isinstance(event, StreamPlay) for event in ground.events) == (way == "stream")
