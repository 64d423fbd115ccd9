"""Virtual time: work given to executors."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from robot.lab.clock import run_virtual


def now_s() -> float:
    return asyncio.get_running_loop().time()


def test_executor_runs_inline_without_a_running_loop_and_costs_no_time() -> None:
    def work(value: int) -> int:
        with pytest.raises(RuntimeError):
            asyncio.get_running_loop()
        return value + 1

    async def main() -> tuple[int, int, float]:
        with ThreadPoolExecutor(1) as pool:
            first = await asyncio.get_running_loop().run_in_executor(pool, work, 1)
        return first, await asyncio.to_thread(work, 10), now_s()

    assert run_virtual(main()) == (2, 11, 0.0)


def test_executor_errors_reach_the_awaiter() -> None:
    def work() -> None:
        raise ValueError("model is damaged")

    async def main() -> None:
        await asyncio.to_thread(work)

    with pytest.raises(ValueError, match="damaged"):
        run_virtual(main())


def test_executor_result_is_never_there_at_once() -> None:
    async def main() -> bool:
        return asyncio.get_running_loop().run_in_executor(None, int).done()

    assert run_virtual(main()) is False


def test_charged_work_queues_for_the_workers_of_its_executor() -> None:
    async def main() -> list[float]:
        loop, done = asyncio.get_running_loop(), list[float]()

        async def job(pool: ThreadPoolExecutor) -> None:
            await loop.run_in_executor(pool, int)
            done.append(now_s())

        with ThreadPoolExecutor(1) as one, ThreadPoolExecutor(2) as two:
            async with asyncio.TaskGroup() as tg:
                for pool in (one, one, two, two, two):
                    tg.create_task(job(pool))
        return done

    assert run_virtual(main(), charge=lambda _: 0.25) == [0.25, 0.25, 0.25, 0.5, 0.5]


def test_charge_is_told_the_real_seconds() -> None:
    told: list[float] = []

    def charge(real_s: float) -> float:
        told.append(real_s)
        return 1.5

    async def main() -> float:
        await asyncio.to_thread(time.process_time)
        return now_s()

    assert run_virtual(main(), charge=charge) == 1.5
    assert 0 <= told[0] < 1


def test_cancelled_charged_work_is_dropped() -> None:
    async def main() -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await asyncio.to_thread(int)
        await asyncio.sleep(10)
        return now_s()

    assert run_virtual(main(), charge=lambda _: 5.0) == 11.0


def test_call_soon_threadsafe_from_executor_work() -> None:
    async def main() -> list[str]:
        loop = asyncio.get_running_loop()
        tokens: asyncio.Queue[str] = asyncio.Queue(10)

        def generate() -> None:
            for token in ("one", "two"):
                loop.call_soon_threadsafe(tokens.put_nowait, token)

        await asyncio.to_thread(generate)
        return [await tokens.get(), await tokens.get()]

    assert run_virtual(main()) == ["one", "two"]
