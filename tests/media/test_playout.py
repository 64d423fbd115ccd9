"""Speech on its way to the line, and what of it was heard."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest
from playout_line import EVENT_S, Line, on_line, speech

from robot.errors import SwitchError
from robot.events import PlaybackStarted, PlaybackStopped
from robot.lab.clock import run_virtual
from robot.media.base import Heard
from robot.media.delivery import LINE_RATE_HZ, SpoolDelivery
from robot.media.playout import Playout
from services.audio import samples_to_ms

CHUNK_SAMPLES = 3200


def in_pieces(line: Line) -> list[int]:
    return [len(pcm) for _, pcm in line.played]


@pytest.mark.parametrize("rate_hz", [8000, 16_000, 22_050, 24_000])
def test_speech_at_any_rate_is_played_whole_and_in_order(rate_hz: int, tmp_path: Path) -> None:
    async def program(playout: Playout, line: Line) -> None:
        playout.enqueue(speech(1000, "one", rate_hz), "a")
        playout.enqueue(speech(200, "two", rate_hz), "b")
        await playout.wait_idle()

    playout, line, heard = on_line(program, tmp_path)
    assert [tag for tag, _ in line.played] == ["c1", "c2", "c3", "c4"]
    assert in_pieces(line) == [CHUNK_SAMPLES, CHUNK_SAMPLES, 1600, 1600]
    told = np.concatenate([pcm for pcm, _ in heard])
    assert np.array_equal(told, np.concatenate([pcm for _, pcm in line.played]))
    wanted = np.concatenate([speech(1000).pcm, speech(200).pcm])
    middle = slice(80, 7900)
    assert np.abs(told[middle].astype(int) - wanted[middle]).max() < 200, "without delay or loss"
    assert [at_us for _, at_us in heard][:3] == pytest.approx(
        [heard[0][1] + ms * 1000 for ms in (0, 400, 800)], abs=1000
    )
    assert (playout.counters.chunks_played, playout.counters.chunks_failed, playout.counters.breaks) == (4, 0, 0)


def test_what_was_heard_is_told_per_label_once(tmp_path: Path) -> None:
    async def program(playout: Playout, line: Line) -> None:
        for label, text in (("a", "one"), ("a", "two"), ("b", "three")):
            playout.enqueue(speech(400, text), label)
        await playout.wait_idle()
        found.extend(playout.take())
        assert playout.take() == []

    found: list[Heard] = []
    on_line(program, tmp_path)
    assert [(one.label, one.text, one.ms, one.complete) for one in found] == [
        ("a", "one two", 800, True),
        ("b", "three", 400, True),
    ]
    assert [clause.text for clause in found[0].clauses] == ["one", "two"]
    assert found[0].started_us is not None
    assert found[0].ended_us == found[1].started_us == found[0].started_us + 800_000


def test_the_first_sound_of_a_clause_tells_its_text_once(tmp_path: Path) -> None:
    async def program(playout: Playout, line: Line) -> None:
        for text in ("one", "two"):
            playout.enqueue(speech(800, text))
        await asyncio.sleep(EVENT_S / 2)
        told = [playout.on_event(PlaybackStarted(at, tag)) for at, tag in enumerate(("c1", "c2", "c3", "c9"))]
        assert told == ["one", "", "two", ""]

    on_line(program, tmp_path)


def test_how_much_speech_is_left(tmp_path: Path) -> None:
    async def program(playout: Playout, line: Line) -> None:
        playout.enqueue(speech(1000))
        left = [playout.queued_ms]
        for _ in range(4):
            await asyncio.sleep(0.3)
            left.append(playout.queued_ms)
        assert left == [1000, 1000, 600, 200, 0]

    on_line(program, tmp_path)


def test_only_so_much_is_with_the_switch(tmp_path: Path) -> None:
    async def program(playout: Playout, line: Line) -> None:
        playout.enqueue(speech(4000))
        await asyncio.sleep(0.1)
        assert len(line.files) == 3, "one that plays and two ahead"
        await playout.wait_idle()

    assert sum(in_pieces(on_line(program, tmp_path)[1])) == 4000 * 8


def test_files_are_removed_as_they_are_played(tmp_path: Path) -> None:
    async def program(playout: Playout, line: Line) -> None:
        playout.enqueue(speech(1200))
        await asyncio.sleep(0.5)
        assert {path.name for path in tmp_path.iterdir()} == {"c2.wav", "c3.wav"}
        await asyncio.sleep(0.1)
        await playout.clear()
        await asyncio.sleep(0)
        assert list(tmp_path.iterdir()) == []

    assert len(on_line(program, tmp_path)[1].files) == 3


def test_speech_of_no_length_is_no_speech(tmp_path: Path) -> None:
    async def program(playout: Playout, line: Line) -> None:
        playout.enqueue(speech(0, "nothing"))
        await playout.wait_idle()
        assert playout.take() == []

    on_line(program, tmp_path)


def cleared_after(seconds: float, spool: Path, *faults: str) -> tuple[list[Heard], Line, float, Playout]:
    """What is told of ``one two three four`` (1000 ms) and ``five`` when it is cut off after so long."""
    found: list[Heard] = []
    took: list[float] = []

    async def program(playout: Playout, line: Line) -> None:
        playout.enqueue(speech(1000, "one two three four"), "a")
        playout.enqueue(speech(500, "five"), "b")
        await asyncio.sleep(seconds)
        before_s = asyncio.get_running_loop().time()
        found.extend(await playout.clear())
        took.append(asyncio.get_running_loop().time() - before_s)
        await playout.wait_idle()
        await asyncio.sleep(2)

    playout, line, _ = on_line(program, spool, *faults)
    return found, line, took[0], playout


def test_silenced_in_the_middle(tmp_path: Path) -> None:
    found, line, took_s, playout = cleared_after(0.6, tmp_path)
    assert [(one.label, one.text, one.complete) for one in found] == [("a", "one two", False), ("b", "", False)]
    assert found[0].ms == pytest.approx(600, abs=2)
    assert found[1].started_us is None
    assert found[1].clauses == ()
    assert sum(in_pieces(line)) == pytest.approx(4800, abs=16)
    assert took_s == pytest.approx(0.02)
    assert playout.counters.breaks == 1
    assert list(tmp_path.iterdir()) == []


def test_silenced_before_anything_was_played(tmp_path: Path) -> None:
    found, line, took_s, _ = cleared_after(0, tmp_path)
    assert [(one.text, one.ms, one.complete, one.started_us) for one in found] == [("", 0, False, None)] * 2
    assert line.played == []
    assert took_s == 0


def test_silenced_after_all_was_played(tmp_path: Path) -> None:
    found, line, took_s, _ = cleared_after(3, tmp_path)
    assert [(one.text, one.complete) for one in found] == [("one two three four", True), ("five", True)]
    assert line.broken == 1
    assert took_s == 0


def test_silencing_an_idle_line_says_nothing(tmp_path: Path) -> None:
    async def program(playout: Playout, line: Line) -> None:
        assert await playout.clear() == []
        playout.enqueue(speech(400, "after"))
        await playout.wait_idle()

    assert in_pieces(on_line(program, tmp_path)[1]) == [CHUNK_SAMPLES]


@pytest.mark.parametrize("cut_ms", range(380, 440, 10))
def test_silenced_at_a_seam_no_more_is_lost_than_the_news_takes(cut_ms: int, tmp_path: Path) -> None:
    found, line, _, _ = cleared_after(cut_ms / 1000, tmp_path)
    played_ms = samples_to_ms(sum(in_pieces(line)), LINE_RATE_HZ)
    assert found[0].ms == pytest.approx(played_ms, abs=EVENT_S * 1000 + 1)


def test_the_end_of_one_chunk_is_not_taken_for_the_end_of_the_next(tmp_path: Path) -> None:
    """While the break is on its way, one chunk ends and the next begins: it is the latter's STOP that counts."""

    class Slow(Line):
        async def break_(self, uuid: str, *, everything: bool = True) -> None:
            playout = self.playout
            assert playout is not None
            playout.on_event(PlaybackStopped(400_000, "c1", 400, False))
            playout.on_event(PlaybackStarted(400_000, "c2"))
            asyncio.get_running_loop().call_later(0.05, playout.on_event, PlaybackStopped(450_000, "c2", 50, True))

        async def play(self, uuid: str, path: Path, tag: str) -> None:
            if tag == "c1" and self.playout is not None:
                self.playout.on_event(PlaybackStarted(0, tag))

    async def main() -> list[Heard]:
        line = Slow()
        playout = line.playout = Playout(
            line,
            "u",
            SpoolDelivery(tmp_path),
            lambda pcm, rate_hz, at_us: None,
            chunk_ms=400,
            queue_ahead=2,
            break_timeout_ms=200,
        )
        async with asyncio.TaskGroup() as group:
            task = group.create_task(playout.run())
            playout.enqueue(speech(1000))
            await asyncio.sleep(0.1)
            heard = await playout.clear()
            task.cancel()
        return heard

    assert [one.ms for one in run_virtual(main())] == [450]


def test_a_stop_that_is_never_told_costs_its_time_limit_and_no_more(tmp_path: Path) -> None:
    found, _, took_s, _ = cleared_after(0.3, tmp_path, "no stop")
    assert took_s == pytest.approx(0.2)
    assert [one.ms for one in found] == [0, 0]


def test_speech_after_a_break_is_played_whole(tmp_path: Path) -> None:
    async def program(playout: Playout, line: Line) -> None:
        playout.enqueue(speech(2000, "before"))
        await asyncio.sleep(0.5)
        await playout.clear()
        playout.enqueue(speech(600, "after"))
        await playout.wait_idle()
        assert [(one.text, one.complete) for one in playout.take()] == [("after", True)]

    assert in_pieces(on_line(program, tmp_path)[1])[-2:] == [CHUNK_SAMPLES, 1600]


def test_a_chunk_that_cannot_be_played_is_counted_and_the_rest_goes_on(tmp_path: Path) -> None:
    async def program(playout: Playout, line: Line) -> None:
        playout.enqueue(speech(1200, "one two three"))
        await playout.wait_idle()
        (heard,) = playout.take()
        assert (heard.ms, heard.complete) == (800, False)

    playout, _, _ = on_line(program, tmp_path, "missing c2")
    assert (playout.counters.chunks_played, playout.counters.chunks_failed) == (2, 1)


def test_a_switch_that_refuses_because_the_caller_is_gone_is_no_failure(tmp_path: Path) -> None:
    async def program(playout: Playout, line: Line) -> None:
        playout.enqueue(speech(800, "hello"))
        await playout.wait_idle()
        assert [one.text for one in playout.take()] == [""]

    assert on_line(program, tmp_path, "refused")[0].counters.chunks_failed == 2


def test_a_break_that_comes_too_late_for_the_call_is_no_failure(tmp_path: Path) -> None:
    found, _, _, _ = cleared_after(0.3, tmp_path, "gone")
    assert [one.label for one in found] == ["a", "b"]


def test_a_disk_that_cannot_be_written_ends_the_call(tmp_path: Path) -> None:
    async def program(playout: Playout, line: Line) -> None:
        playout.enqueue(speech(400))
        await playout.wait_idle()

    with pytest.raises(ExceptionGroup) as caught:
        on_line(program, tmp_path / "missing")
    (error,) = caught.value.exceptions
    assert isinstance(error, SwitchError)
    assert str(error).startswith(f"cannot write speech to {tmp_path / 'missing'}: ")
