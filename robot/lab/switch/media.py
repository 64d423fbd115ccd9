"""One channel's 20 ms tick: what plays goes through the line to the callee, what the callee does comes back.

The order within a tick is the switch's: first what stops and starts, then one frame each way, then what came with it
(digits, a hangup). All events of a tick carry its date.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

import numpy as np

from robot.errors import ProtocolError
from robot.lab.callee import Tick
from robot.lab.channel import Line
from robot.lab.switch.causes import cause_named
from robot.lab.switch.channel_state import RunState
from robot.lab.switch.core import number
from robot.lab.switch.leg import EndedBy, Leg
from robot.lab.switch.playback import FRAME_SAMPLES, Begin, Execution, Sound, Stopped
from robot.lab.switch.sounds import read_sound
from services.audio import Pcm
from services.errors import ServiceError

DTMF_SAMPLES, INFO_SAMPLES = "960", "2000"
MAX_SLEEP_MS = 600_000
DEFAULT_TERMINATORS = "*"
_DIGITS = "0123456789ABCD*#"
READ_BLOCK_SAMPLES = 16_384
"""the real one reads files ahead by such blocks, and its playback_ms counts what was read, not what was heard"""
_SAMPLES_PER_MS = 8
SILENCE: Pcm = np.zeros(FRAME_SAMPLES, np.int16)
SILENCE.flags.writeable = False


class FarEnd(Protocol):
    """Whoever is at the other end: a callee, or its network's ringback tone."""

    def tick(self, heard: Pcm) -> Tick: ...


class Media:
    """The audio of one channel, from its first frame to the hangup."""

    def __init__(self, leg: Leg, line: Line) -> None:
        self._leg, self._line = leg, line
        self.far_end: FarEnd | None = None
        self._received = SILENCE
        self._was_playing = False
        self._own: Execution | None = None
        """the application that the channel runs; until there is one, nothing is taken from the queue"""
        self.frames_in = self.frames_out = 0

    async def tick(self, at_s: float) -> None:
        """Moves everything by 20 ms; ``at_s`` is the tick's ``loop.time()``."""
        leg = self._leg
        if leg.repark and self._own is not None:
            self.repark(at_s)
        if leg.bridge_to and self._own is not None:
            self._bridge_out(at_s)
        if leg.bridge is not None and self._own is not None:
            if leg.bridge.joins(leg):
                self.leave(at_s, parting=False)
                self._own = leg.bridge.join(leg, at_s)
            else:
                leg.bridge.tick(leg, self._own, at_s)
        if self._own is not None:
            await self._step_queue(at_s)
        if not leg.hung.is_set():
            self._exchange(at_s)

    def enter_application(self, at_s: float) -> None:
        """Runs what ``originate`` was told to run; whatever was queued before is too early and fails."""
        leg = self._leg
        leg.state.state_number = RunState.EXECUTE.value[1]
        leg.state.flip_caller()
        for execution in leg.queue.drain():
            leg.fire_execute(execution, at_s=at_s)
            response = "PLAYBACK ERROR" if execution.application == "playback" else ""
            leg.fire_complete(execution, response, at_s=at_s)
        leg.state.variables.pop("current_application_response", None)
        leg.enter(RunState.EXECUTE, at_s=at_s)
        application = leg.application
        own = self._own = Execution(application.name, application.argument, leg.core.new_uuid(), locked=False)
        match application.name:
            case "park" | "echo":
                self._fire_own(own, at_s)
            case "playback":
                leg.execute(own)
            case "transfer":
                leg.hang_up("NO_ROUTE_DESTINATION", at_s=at_s)
            case _:
                leg.hang_up("DESTINATION_OUT_OF_ORDER", at_s=at_s)

    def leave(self, at_s: float | None = None, *, parting: bool = True) -> None:
        """What plays stops, and so does the channel's own application; ``parting``: the call has ended."""
        leg, own, self._own = self._leg, self._own, None
        for stopped in leg.queue.hang_up():
            self._stopped(stopped, at_s)
        if parting and leg.bridge is not None:
            leg.bridge.part(leg, at_s)
        if own is not None and own.application in ("park", "echo"):
            if leg.parked:
                leg.fire("CHANNEL_UNPARK", at_s=at_s)
            leg.parked = False
            leg.fire_complete(own, at_s=at_s)

    def repark(self, at_s: float) -> None:
        """``uuid_transfer U park inline``: through the dialplan and back into park."""
        leg = self._leg
        leg.repark = False
        self.leave(at_s)
        leg.enter(RunState.ROUTING, at_s=at_s)
        leg.enter(RunState.EXECUTE, at_s=at_s)
        self._own = Execution("park", "", leg.core.new_uuid())
        self._fire_own(self._own, at_s)

    def _bridge_out(self, at_s: float) -> None:
        """``uuid_transfer U bridge:DIAL inline``: through the dialplan into ``bridge``."""
        leg, dial_string = self._leg, self._leg.bridge_to
        leg.bridge_to = ""
        self.leave(at_s)
        leg.enter(RunState.ROUTING, at_s=at_s)
        leg.enter(RunState.EXECUTE, at_s=at_s)
        self._own = Execution("bridge", dial_string, leg.core.new_uuid())
        leg.fire_execute(self._own, at_s=at_s)

    async def _step_queue(self, at_s: float) -> None:
        leg = self._leg
        leg.queue.start_tick()
        while not leg.hung.is_set() and (step := leg.queue.step()) is not None:
            match step:
                case Begin(execution=execution):
                    await self._begin(execution, at_s)
                case Stopped():
                    self._stopped(step, at_s)

    def _fire_own(self, own: Execution, at_s: float) -> None:
        self._leg.fire_execute(own, at_s=at_s)
        if own.application == "park":
            self._leg.parked = True
            self._leg.fire("CHANNEL_PARK", at_s=at_s)

    async def _begin(self, execution: Execution, at_s: float) -> None:
        leg = self._leg
        leg.fire_execute(execution, at_s=at_s)
        match execution.application:
            case "playback":
                await self._begin_playback(execution, at_s)
                return
            case "sleep":
                ms = min(number(execution.argument) or 0, MAX_SLEEP_MS)
                pause = np.zeros(ms * _SAMPLES_PER_MS, np.int16)
                leg.queue.play(execution, Sound(pause, announced=False))
                return
            case "hangup":
                leg.hang_up(cause_named(execution.argument), at_s=at_s)
            case "set":
                name, equals, value = execution.argument.partition("=")
                if equals:
                    leg.set_variable(name, value)
            case _:
                pass
        leg.fire_complete(execution, at_s=at_s)

    async def _begin_playback(self, execution: Execution, at_s: float) -> None:
        leg, loop = self._leg, asyncio.get_running_loop()
        try:
            sound = await loop.run_in_executor(leg.facilities.executor, read_sound, execution.argument)
        except (ServiceError, ProtocolError):
            leg.fire_complete(execution, "FILE NOT FOUND", at_s=at_s)
            if execution is self._own:
                leg.hang_up("NORMAL_CLEARING", at_s=at_s)
            return
        leg.queue.play(execution, sound)
        leg.fire("PLAYBACK_START", {"Playback-File-Path": sound.path, **sound.tags}, at_s=at_s)

    def _stopped(self, stopped: Stopped, at_s: float | None) -> None:
        leg, sound = self._leg, stopped.sound
        if not sound.announced:
            leg.fire_complete(stopped.execution, at_s=at_s)
            return
        read_samples = min(len(sound.pcm), -(-(stopped.played_samples + 1) // READ_BLOCK_SAMPLES) * READ_BLOCK_SAMPLES)
        milliseconds = read_samples // _SAMPLES_PER_MS
        leg.state.variables |= {
            "playback_last_offset_pos": str(stopped.played_samples),
            "playback_seconds": str(milliseconds // 1000),
            "playback_ms": str(milliseconds),
            "playback_samples": str(read_samples),
        }
        headers = {"Playback-File-Path": sound.path, **sound.tags, "Playback-Status": stopped.status.value}
        leg.fire("PLAYBACK_STOP", headers, at_s=at_s)
        leg.fire_complete(stopped.execution, "FILE PLAYED", at_s=at_s)
        if stopped.execution is self._own:
            leg.hang_up("NORMAL_CLEARING", at_s=at_s)

    def _exchange(self, at_s: float) -> None:
        leg, frame = self._leg, self._leg.queue.frame()
        playing = frame is not None
        if playing != self._was_playing:
            self._line.playback_edge()
            self._was_playing = playing
        echoing = self._own is not None and self._own.application == "echo"
        bridged = leg.bridge.sound_for(leg) if leg.bridge is not None else None
        idle = bridged if bridged is not None else self._received if echoing else SILENCE
        played = frame if frame is not None else idle
        sounding = playing or echoing or bridged is not None
        heard = self._line.downlink(played)
        tick = self.far_end.tick(heard) if self.far_end is not None else Tick(SILENCE)
        self._received = self._line.uplink(tick.pcm, played)
        self.frames_in += 1
        self.frames_out += sounding
        if leg.bridge is not None:
            leg.bridge.hear(leg, self._received)
        if leg.stream is not None:
            leg.stream.push(self._received, played, playing=sounding)
        self._record(played if sounding else None, at_s)
        for digit in tick.dtmf or "":
            self._digit(digit, at_s, by_info=tick.by_info)
        if tick.hangup is not None:
            leg.hang_up(cause_named(tick.hangup), EndedBy.CALLEE, at_s=at_s)

    def _record(self, played: Pcm | None, at_s: float) -> None:
        for path, recording in self._leg.recordings.items():
            if not recording.announced:
                recording.announced = True
                bug = {"Media-Bug-Function": "session_record", "Media-Bug-Target": path}
                self._leg.fire("RECORD_START", {"Record-File-Path": path}, at_s=at_s)
                self._leg.fire("MEDIA_BUG_START", bug, at_s=at_s)
            recording.push(self._received, played)

    def _digit(self, digit: str, at_s: float, *, by_info: bool) -> None:
        leg = self._leg
        if digit not in _DIGITS:
            return
        leg.state.digits += digit
        samples, source = (INFO_SAMPLES, "ENDPOINT") if by_info else (DTMF_SAMPLES, "RTP")
        headers = {"DTMF-Digit": digit, "DTMF-Duration": samples, "DTMF-Source": source}
        leg.fire("DTMF", headers, at_s=at_s)
        terminators = leg.state.variables.get("playback_terminators", DEFAULT_TERMINATORS)
        if terminators == "none" or (digit not in terminators and terminators != "any"):
            return
        if (stopped := leg.queue.terminate()) is not None:
            leg.state.variables["playback_terminator_used"] = digit
            self._stopped(stopped, at_s)
