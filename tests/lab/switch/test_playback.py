"""The playback queue alone, tick by tick: what FreeSWITCH was measured to do."""

from __future__ import annotations

import numpy as np
import pytest

from robot.lab.switch.playback import (
    BROADCAST_LEAD_TICKS,
    MAX_WAITING,
    Begin,
    Execution,
    PlaybackQueue,
    Sound,
    Stopped,
)


class Bench:
    """Plays a queue; each execution's argument is its length in frames."""

    def __init__(self) -> None:
        self.queue = PlaybackQueue()
        self.log: list[str] = []
        self.tick_number = -1

    def add(self, *names: str, frames: int = 2, lock: bool = True, lead: int = 0) -> None:
        for name in names:
            self.queue.add(Execution("playback", str(frames), name, locked=lock, lead_ticks=lead))

    def run(self, ticks: int = 1) -> list[str]:
        """What happened in these ticks, as ``TICK START name``, ``TICK STOP name status samples``."""
        before = len(self.log)
        for _ in range(ticks):
            self.tick_number += 1
            self.queue.start_tick()
            while (step := self.queue.step()) is not None:
                match step:
                    case Begin(execution=execution):
                        value = ord(execution.uuid[0])
                        pcm = np.full(160 * int(execution.argument), value, np.int16)
                        self.queue.play(execution, Sound(pcm))
                        self.log.append(f"{self.tick_number} START {execution.uuid}")
                    case Stopped():
                        self.note(step)
            frame = self.queue.frame()
            self.log.append(f"{self.tick_number} - {'' if frame is None else chr(frame[0])}")
        return [line for line in self.log[before:] if " - " not in line]

    def note(self, step: Stopped) -> None:
        self.log.append(f"{self.tick_number} STOP {step.execution.uuid} {step.status.value} {step.played_samples}")

    @property
    def heard(self) -> str:
        """One letter per tick, a dot for silence."""
        return "".join(line.rpartition(" - ")[2] or "." for line in self.log if " - " in line)


def test_locked_ones_play_first_in_first_out_without_a_gap() -> None:
    bench = Bench()
    bench.add("a", "b")
    assert bench.run(6) == ["0 START a", "2 STOP a done 320", "2 START b", "4 STOP b done 320"]
    assert bench.heard == "aabb.."


def test_unlocked_ones_nest_and_the_older_resumes() -> None:
    bench = Bench()
    bench.add("a", "b", "c", lock=False)
    started = ["0 START a", "0 START b", "0 START c"]
    assert bench.run(7) == [*started, "2 STOP c done 320", "4 STOP b done 320", "6 STOP a done 320"]
    assert bench.heard == "ccbbaa."


def test_a_locked_one_keeps_the_queue_shut_even_for_unlocked_ones() -> None:
    bench = Bench()
    bench.add("a")
    bench.run(1)
    bench.add("b", lock=False)
    assert bench.run(3) == ["2 STOP a done 320", "2 START b"]


def test_a_locked_one_nests_over_an_unlocked_one() -> None:
    bench = Bench()
    bench.add("a", lock=False, frames=4)
    bench.run(1)
    bench.add("b", "c")
    assert bench.run(9) == [
        "1 START b",
        "3 STOP b done 320",
        "3 START c",
        "5 STOP c done 320",
        "8 STOP a done 640",
    ]
    assert bench.heard == "abbccaaa.."


def test_break_ends_the_current_one_and_the_next_starts_a_tick_later() -> None:
    bench = Bench()
    bench.add("a", "b", frames=9)
    bench.run(3)
    bench.queue.break_(everything=False)
    assert bench.run(2) == ["3 STOP a break 480", "4 START b"]
    assert bench.heard == "aaa.b"


def test_break_all_empties_the_queue() -> None:
    bench = Bench()
    bench.add("a", "b", frames=9)
    bench.run(3)
    bench.queue.break_(everything=True)
    assert bench.run(5) == ["3 STOP a break 480"]
    assert not bench.queue.playing


def test_break_unwinds_nested_ones_one_per_tick() -> None:
    bench = Bench()
    bench.add("a", "b", "c", frames=9, lock=False)
    bench.run(3)
    bench.queue.break_(everything=False)
    assert bench.run(4) == ["3 STOP c break 480", "4 STOP b break 0", "5 STOP a break 0"]
    assert bench.heard == "ccc...."


def test_break_all_before_the_tick_drops_silently() -> None:
    bench = Bench()
    bench.add("a", "b")
    bench.queue.break_(everything=True)
    assert bench.run(5) == []


def test_break_all_then_a_new_one_at_once_plays_it_in_full() -> None:
    bench = Bench()
    bench.add("a", frames=9)
    bench.run(3)
    bench.queue.break_(everything=True)
    bench.add("n")
    assert bench.run(4) == ["3 STOP a break 480", "4 START n", "6 STOP n done 320"]


def test_an_idle_break_is_harmless_to_what_follows() -> None:
    bench = Bench()
    bench.queue.break_(everything=True)
    bench.queue.break_(everything=True)
    bench.add("a")
    assert bench.run(3) == ["0 START a", "2 STOP a done 320"]


def test_a_broadcast_begins_after_five_ticks_and_a_break_in_them_is_lost() -> None:
    bench = Bench()
    bench.add("a", lead=BROADCAST_LEAD_TICKS)
    assert bench.run(3) == []
    assert bench.queue.playing
    bench.queue.break_(everything=False)
    assert bench.run(5) == ["5 START a", "7 STOP a done 320"]


def test_a_broadcast_that_waits_behind_another_is_dropped_by_break_all() -> None:
    bench = Bench()
    bench.add("a", "b", lead=BROADCAST_LEAD_TICKS)
    bench.run(6)
    bench.queue.break_(everything=True)
    assert bench.run(12) == ["6 STOP a break 160"]


def test_a_terminator_ends_one_at_once_and_the_next_starts_a_tick_later() -> None:
    bench = Bench()
    bench.add("a", "b", frames=9)
    bench.run(2)
    stopped = bench.queue.terminate()
    assert stopped is not None
    assert (stopped.execution.uuid, stopped.status.value, stopped.played_samples) == ("a", "break", 320)
    assert bench.run(1) == ["2 START b"]
    assert bench.queue.terminate() is not None
    assert bench.queue.terminate() is None


def test_hanging_up_ends_all_levels_as_done_and_drops_what_waits() -> None:
    bench = Bench()
    bench.add("a", "b", frames=9, lock=False)
    bench.run(2)
    bench.add("c")
    ended = [(stopped.execution.uuid, stopped.status.value) for stopped in bench.queue.hang_up()]
    assert ended == [("b", "done"), ("a", "done")]
    assert bench.run(3) == []


def test_a_last_frame_is_filled_up_and_counted_as_what_it_was() -> None:
    queue = PlaybackQueue()
    queue.add(Execution("playback", "", "a"))
    queue.start_tick()
    begin = queue.step()
    assert isinstance(begin, Begin)
    queue.play(begin.execution, Sound(np.ones(200, np.int16)))
    assert queue.step() is None
    queue.frame()
    queue.start_tick()
    assert queue.step() is None
    last = queue.frame()
    assert last is not None
    assert (len(last), int(last.sum())) == (160, 40)
    queue.start_tick()
    stopped = queue.step()
    assert isinstance(stopped, Stopped)
    assert stopped.played_samples == 200


def test_what_waits_is_taken_out_by_a_channel_that_was_not_ready() -> None:
    bench = Bench()
    bench.add("a", "b")
    assert [execution.uuid for execution in bench.queue.drain()] == ["a", "b"]
    assert bench.run(2) == []


@pytest.mark.parametrize("over", [1, 5])
def test_the_queue_is_bounded(over: int) -> None:
    bench = Bench()
    bench.add(*("x" for _ in range(MAX_WAITING)))
    assert [bench.queue.add(Execution("playback", "1", "y")) for _ in range(over)] == [False] * over
