"""Virtual time: the clock, timers, the end of a program, and that two runs are one."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator

import pytest

from robot.lab import clock
from robot.lab.clock import DeadlockError, TimeLimitError, VirtualLoop, run_virtual


def now_s() -> float:
    return asyncio.get_running_loop().time()


def test_starts_at_zero_and_jumps_over_every_wait() -> None:
    async def main() -> tuple[float, float]:
        begin = now_s()
        await asyncio.sleep(3600)
        return begin, now_s()

    assert run_virtual(main()) == (0.0, 3600.0)


def test_time_moves_only_by_timers() -> None:
    async def main() -> float:
        for _ in range(1000):
            await asyncio.sleep(0)
        return now_s()

    assert run_virtual(main()) == 0.0


def test_sleepers_wake_in_the_order_of_their_times() -> None:
    async def main() -> list[tuple[int, float]]:
        woken: list[tuple[int, float]] = []

        async def sleeper(number: int, seconds: float) -> None:
            await asyncio.sleep(seconds)
            woken.append((number, now_s()))

        async with asyncio.TaskGroup() as tg:
            for number, seconds in enumerate((0.3, 0.1, 0.2)):
                tg.create_task(sleeper(number, seconds))
        return woken

    assert run_virtual(main()) == [(1, 0.1), (2, 0.2), (0, 0.3)]


def test_timers_of_one_instant_fire_in_the_order_they_were_set() -> None:
    async def main() -> list[int]:
        fired: list[int] = []
        loop = asyncio.get_running_loop()
        for number in range(50):
            loop.call_at(1.0, fired.append, number)
            loop.call_at(0.5 + number / 1000, lambda: None)
        await asyncio.sleep(1.0)
        return fired

    assert run_virtual(main()) == list(range(50))


def test_cancelled_timers_do_not_fire_nor_hold_the_clock() -> None:
    async def main() -> float:
        loop = asyncio.get_running_loop()
        for _ in range(500):
            loop.call_later(1000, pytest.fail).cancel()
        await asyncio.sleep(0.5)
        return now_s()

    assert run_virtual(main()) == 0.5


def test_timeout_ends_a_wait_at_its_virtual_deadline() -> None:
    async def main() -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(2.3):
                await asyncio.Event().wait()
        return now_s()

    assert run_virtual(main()) == 2.3


def test_a_deadlock_is_an_error_that_names_who_waits() -> None:
    async def main() -> None:
        async with asyncio.TaskGroup() as tg:
            tg.create_task(asyncio.Event().wait(), name="listener")

    with pytest.raises(DeadlockError, match=r"(?s)0\.000 s.*test_clock\.py:\d+.*TaskGroup.*listener: Event\.wait"):
        run_virtual(main())


def test_finally_blocks_run_after_a_deadlock() -> None:
    cleaned: list[float] = []

    async def main() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(1)
            cleaned.append(now_s())

    with pytest.raises(DeadlockError):
        run_virtual(main())
    assert cleaned == [1.0]


def test_a_program_kept_alive_by_a_timer_ends_at_the_limit() -> None:
    ended: list[float] = []

    async def main() -> None:
        try:
            for _ in itertools.count():
                await asyncio.sleep(20)
        finally:
            await asyncio.sleep(5)
            ended.append(now_s())

    with pytest.raises(TimeLimitError, match=r"limit_s=60\b"):
        run_virtual(main(), limit_s=60)
    assert ended == [65.0]


def test_a_program_that_polls_without_waiting_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "SPIN_TURNS", 1000)

    async def main() -> None:
        for _ in itertools.count():
            await asyncio.sleep(0)

    with pytest.raises(TimeLimitError, match="no time passes"):
        run_virtual(main())


def test_taskgroup_cancels_its_tasks_when_one_fails() -> None:
    cancelled: list[int] = []

    async def patient(number: int) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(number)
            raise

    async def failing() -> None:
        await asyncio.sleep(1)
        raise ValueError("enough")

    async def main() -> None:
        async with asyncio.TaskGroup() as tg:
            for number in range(40):
                tg.create_task(patient(number))
            tg.create_task(failing())

    with pytest.raises(ExceptionGroup) as caught:
        run_virtual(main())
    assert caught.value.subgroup(ValueError) is not None
    assert sorted(cancelled) == list(range(40))


def test_what_main_leaves_is_cancelled_and_generators_are_closed() -> None:
    ended: list[str] = []

    async def numbers() -> AsyncIterator[int]:
        try:
            for number in itertools.count():
                yield number
        finally:
            ended.append("generator")

    async def left_behind() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("task")

    kept: list[object] = []

    async def main() -> None:
        iterator = numbers()
        assert await anext(iterator) == 0
        group = asyncio.TaskGroup()
        await group.__aenter__()
        kept.extend([iterator, group.create_task(left_behind())])
        await asyncio.sleep(0)

    run_virtual(main())
    assert ended == ["task", "generator"]


def test_exceptions_and_results_come_out() -> None:
    async def main() -> None:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        run_virtual(main())


def test_two_runs_schedule_alike() -> None:
    async def worker(number: int, trace: list[object]) -> None:
        try:
            while True:
                await asyncio.sleep(0.02 * (1 + number % 3))
                trace.append((number, now_s(), asyncio.current_task().get_name()))  # type: ignore[union-attr]
        finally:
            trace.append(("cancelled", number))

    async def main(trace: list[object]) -> None:
        tasks = set()
        async with asyncio.TaskGroup() as tg:
            for number in range(100):
                tasks.add(tg.create_task(worker(number, trace)))
            done, _ = await asyncio.wait(tasks, timeout=0.2)
            assert not done
            for task in tasks:
                task.cancel()

    traces: list[list[object]] = [[], [], []]
    ballast = []
    for trace in traces:
        ballast.append([object() for _ in range(1000)])  # other addresses, so that an order by address would show
        run_virtual(main(trace))
    assert traces[0] == traces[1] == traces[2]
    assert len(traces[0]) > 500


def test_the_loop_can_be_run_by_hand() -> None:
    loop = VirtualLoop()
    try:
        assert loop.run_until_complete(asyncio.sleep(7, "done")) == "done"
        assert loop.time() == 7.0
    finally:
        loop.close()
