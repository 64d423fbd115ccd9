"""uuid_break: what ends, what is dropped, what is told, and what happens when it comes early, late, or for nothing."""

from __future__ import annotations

import asyncio

import pytest
from conformance import Lab, Run


def test_break_ends_the_current_one_only(run: Run) -> None:
    async def case(lab: Lab) -> None:
        uuid = await lab.call()
        for name in ("a.wav", "b.wav"):
            await lab.play(uuid, lab.wav(name, 600), name)
        await lab.esl.until_name("PLAYBACK_START", uuid)
        await asyncio.sleep(0.2)
        assert await lab.esl.api(f"uuid_break {uuid}") == "+OK\n"
        stop = await lab.esl.until_name("PLAYBACK_STOP", uuid)
        start = await lab.esl.until_name("PLAYBACK_START", uuid, nth=2)
        assert 0 <= start.at_us - stop.at_us <= 40_000
        await lab.esl.until_name("PLAYBACK_STOP", uuid, nth=2)
        assert lab.playbacks(uuid) == ["START a.wav", "STOP a.wav break", "START b.wav", "STOP b.wav done"]
        await lab.hang_up(uuid)

    run(case)


def test_break_all_empties_the_queue(run: Run) -> None:
    async def case(lab: Lab) -> None:
        uuid = await lab.call()
        for name in ("a.wav", "b.wav", "c.wav"):
            await lab.play(uuid, lab.wav(name, 600), name)
        await lab.esl.until_name("PLAYBACK_START", uuid)
        await asyncio.sleep(0.2)
        assert await lab.esl.api(f"uuid_break {uuid} all") == "+OK\n"
        await asyncio.sleep(1.0)
        assert lab.playbacks(uuid) == ["START a.wav", "STOP a.wav break"]
        told = {event.get("Application-UUID") for event in lab.esl.about(uuid)}
        assert not {"b.wav", "c.wav"} & told
        done = await lab.esl.until(
            lambda event: event.name == "CHANNEL_EXECUTE_COMPLETE" and event.get("Application-UUID") == "a.wav", "end"
        )
        assert done.get("Application-Response") == "FILE PLAYED"
        await lab.hang_up(uuid)

    run(case)


def test_nested_ones_unwind_level_by_level(run: Run) -> None:
    async def case(lab: Lab) -> None:
        uuid = await lab.call()
        for name in ("a.wav", "b.wav"):
            await lab.play(uuid, lab.wav(name, 1000), name, lock=False)
            await asyncio.sleep(0.1)
        await lab.esl.api(f"uuid_break {uuid} all")
        await lab.esl.until_name("PLAYBACK_STOP", uuid, nth=2)
        assert lab.playbacks(uuid) == ["START a.wav", "START b.wav", "STOP b.wav break", "STOP a.wav break"]
        await lab.hang_up(uuid)

    run(case)


@pytest.mark.parametrize("delay_ms", [0, 1, 3, 5, 10, 20, 30, 50])
def test_a_break_just_after_queueing(run: Run, delay_ms: int) -> None:
    async def case(lab: Lab) -> None:
        uuid = await lab.call()
        paths = [lab.wav(name, 500) for name in ("a.wav", "b.wav", "c.wav")]
        for path in paths:
            await lab.play(uuid, path)
        if delay_ms:
            await asyncio.sleep(delay_ms / 1000)
        await lab.esl.api(f"uuid_break {uuid} all")
        await asyncio.sleep(0.8)
        seen = lab.playbacks(uuid)
        assert seen in ([], ["START a.wav", "STOP a.wav break"])
        if delay_ms > 45:
            assert seen
        executed = [event.name for event in lab.esl.about(uuid) if event.get("Application") == "playback"]
        assert executed == (["CHANNEL_EXECUTE", "CHANNEL_EXECUTE_COMPLETE"] if seen else [])
        await lab.hang_up(uuid)

    run(case)


@pytest.mark.parametrize("delay_ms", [0, 5, 20, 50])
def test_a_new_one_just_after_the_break_plays_in_full(run: Run, delay_ms: int) -> None:
    async def case(lab: Lab) -> None:
        uuid = await lab.call()
        await lab.play(uuid, lab.wav("old.wav", 1000))
        await lab.esl.until_name("PLAYBACK_START", uuid)
        await asyncio.sleep(0.2)
        await lab.esl.api(f"uuid_break {uuid} all")
        if delay_ms:
            await asyncio.sleep(delay_ms / 1000)
        await lab.play(uuid, lab.wav("new.wav", 400))
        stop = await lab.esl.until_name("PLAYBACK_STOP", uuid, nth=2)
        start = await lab.esl.until_name("PLAYBACK_START", uuid, nth=2)
        assert lab.playbacks(uuid) == ["START old.wav", "STOP old.wav break", "START new.wav", "STOP new.wav done"]
        assert 370_000 <= stop.at_us - start.at_us <= 440_000
        await lab.hang_up(uuid)

    run(case)


@pytest.mark.parametrize("scope", ["", " all"])
def test_a_break_when_idle_is_harmless(run: Run, scope: str) -> None:
    async def case(lab: Lab) -> None:
        uuid = await lab.call()
        for _ in range(2):
            assert await lab.esl.api(f"uuid_break {uuid}{scope}") == "+OK\n"
        await lab.play(uuid, lab.wav("one.wav", 300))
        await lab.esl.until_name("PLAYBACK_STOP", uuid)
        assert lab.playbacks(uuid) == ["START one.wav", "STOP one.wav done"]
        await lab.hang_up(uuid)

    run(case)


def test_a_break_as_the_file_ends(run: Run) -> None:
    async def case(lab: Lab) -> None:
        uuid = await lab.call()
        await lab.play(uuid, lab.wav("a.wav", 300))
        await lab.esl.until_name("PLAYBACK_STOP", uuid)
        await lab.esl.api(f"uuid_break {uuid} all")
        await lab.play(uuid, lab.wav("b.wav", 300))
        await lab.esl.until_name("PLAYBACK_STOP", uuid, nth=2)
        assert lab.playbacks(uuid) == ["START a.wav", "STOP a.wav done", "START b.wav", "STOP b.wav done"]
        await lab.hang_up(uuid)

    run(case)
