"""A call of the switch to itself: out by SIP and in again to an echo, so that what is played comes back as heard.

A tone is played and broken off; the stream tells when it began, when it ended, and how evenly frames come. What is
measured is what the robot would feel: command sent → sound in the stream, twice through the switch's own line.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from robot.events import Answered, CallEvent, HungUp, Parked, PlaybackFailed
from robot.freeswitch.findings import Finding
from robot.media.base import AudioSource
from robot.telephony.switch import Originate, Switch
from services.audio import Pcm, level_dbfs, write_wav

TONE_S, TONE_HZ, RATE_HZ = 4.0, 700, 8000
LOUD_DBFS = -40.0
ANSWER_S, QUIET_S, SPEAK_S, AFTER_S = 10.0, 1.0, 1.5, 0.6
WANTED_ONSET_MS, WANTED_BREAK_MS, WANTED_GAP_MS = 250, 250, 100


@dataclass(frozen=True, slots=True)
class Measured:
    """What came back. Times in ms of ``loop.time()``."""

    onset_ms: float | None
    """command to play → first loud frame of the echo"""
    silence_ms: float | None
    """command to break → last loud frame of the echo"""
    frames: int
    longest_gap_ms: int
    late: int


async def self_call(
    switch: Switch, target: str, uuid: str, url: str, source: AudioSource, folder: Path
) -> AsyncIterator[Finding]:
    """Calls ``target``, which must answer with an echo. ``folder``: where the switch reads our sound from."""
    loop = asyncio.get_running_loop()
    tone = folder / "check-tone.wav"
    await loop.run_in_executor(None, write_wav, tone, _tone(), RATE_HZ)
    async with switch.call(uuid) as events:
        try:
            await switch.originate(Originate(uuid, target, ring_timeout_s=int(ANSWER_S)))
            ended = await _until_parked(events)
            if ended:
                yield Finding(
                    "self-call", "problem", f"{target}: {ended}", "is the echo extension there? see the README"
                )
                return
            yield Finding("self-call", "ok", f"{target} answered")
            await switch.start_stream(uuid, url, rate_hz=RATE_HZ)
            for finding in findings_of(await _measure(switch, uuid, source, tone)):
                yield finding
        finally:
            with suppress(Exception):  # the check is over; what it left behind ends with its connection
                await switch.hangup(uuid)


async def _until_parked(events: AsyncIterator[CallEvent]) -> str:
    """Until the call can be talked on; else why it cannot."""
    try:
        async with asyncio.timeout(ANSWER_S + 2):
            async for event in events:
                match event:
                    case Parked():
                        return ""
                    case HungUp():
                        return event.cause
                    case Answered() | PlaybackFailed() | _:
                        continue
    except TimeoutError:
        return "no answer"
    return "the switch was lost"


async def _measure(switch: Switch, uuid: str, source: AudioSource, tone: Path) -> Measured:
    loop = asyncio.get_running_loop()
    loud: list[float] = []
    frames = 0

    async def hear() -> None:
        nonlocal frames
        async for frame in source:
            frames += 1
            if level_dbfs(frame) > LOUD_DBFS:
                loud.append(loop.time())

    async with asyncio.TaskGroup() as group:
        hearing = group.create_task(hear(), name="hear")
        await asyncio.sleep(QUIET_S)
        loud.clear()
        played_s = loop.time()
        await switch.play(uuid, tone, "check")
        await asyncio.sleep(SPEAK_S)
        broken_s = loop.time()
        await switch.break_(uuid)
        await asyncio.sleep(AFTER_S)
        hearing.cancel()
    after = [at_s for at_s in loud if at_s >= broken_s]
    counters = source.counters
    return Measured(
        onset_ms=(loud[0] - played_s) * 1000 if loud else None,
        silence_ms=((after[-1] if after else broken_s) - broken_s) * 1000 if loud else None,
        frames=frames,
        longest_gap_ms=counters.longest_gap_ms,
        late=counters.frames_late,
    )


def findings_of(measured: Measured) -> Iterator[Finding]:
    """What the measures mean."""
    if not measured.frames:
        yield Finding("stream", "problem", "no audio came", "can the switch reach media.host (or media.public_host)?")
        return
    gap = measured.longest_gap_ms
    yield Finding(
        "stream",
        "ok" if gap <= WANTED_GAP_MS else "warning",
        f"{measured.frames} frames, longest gap {gap} ms, {measured.late} late",
        "" if gap <= WANTED_GAP_MS else "this machine or the network is busy",
    )
    if measured.onset_ms is None or measured.silence_ms is None:
        yield Finding("playback", "problem", "nothing was heard", "does the switch see playout.spool_folder?")
        return
    for what, value, wanted in (
        ("playback", measured.onset_ms, WANTED_ONSET_MS),
        ("break", measured.silence_ms, WANTED_BREAK_MS),
    ):
        said = "command → echo of the first sound" if what == "playback" else "command → echo of the last sound"
        good = value <= wanted
        yield Finding(
            what, "ok" if good else "warning", f"{value:.0f} ms, {said}", "" if good else "this machine is busy"
        )


def _tone() -> Pcm:
    at = np.arange(round(TONE_S * RATE_HZ)) / RATE_HZ
    return np.asarray(np.rint(8000 * np.sin(2 * np.pi * TONE_HZ * at)), np.int16)
