"""One channel of the switch, as commands and events see it: what it is told, and what it tells.

The life that drives it from the first ring to the last event is in :mod:`life`, its 20 ms tick in :mod:`media`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import Protocol

from robot.lab.switch.channel_state import AnswerState, CallState, ChannelState, RunState
from robot.lab.switch.core import HEADER_NAME, Core
from robot.lab.switch.playback import Execution, PlaybackQueue
from robot.lab.switch.recording import LineRecording
from robot.lab.switch.stream_client import AudioStream, StreamRequest
from robot.lab.switch.stream_spool import StreamSpool
from robot.log import get_logger
from services.audio import Pcm

log = get_logger(__name__)

STREAM_BUG = {"Media-Bug-Function": "audio_stream", "Media-Bug-Target": "N/A"}


class EndedBy(Enum):
    """Who ended the call: it decides what SIP would have said."""

    CALLEE = auto()
    SWITCH = auto()
    REFUSAL = auto()


@dataclass(frozen=True, slots=True)
class Application:
    """What an originated channel runs once it is answered: ``&park()``, ``&playback(FILE)``, ``&echo()``."""

    name: str
    argument: str = ""


class Connection(Protocol):
    """The channel's bridge with another one: a :class:`robot.lab.switch.bridge.Bridge`."""

    def joins(self, leg: Leg) -> bool: ...

    def join(self, leg: Leg, at_s: float) -> Execution: ...

    def tick(self, leg: Leg, own: Execution, at_s: float) -> None: ...

    def hear(self, leg: Leg, received: Pcm) -> None: ...

    def sound_for(self, leg: Leg) -> Pcm | None: ...

    def part(self, leg: Leg, at_s: float | None) -> None: ...


@dataclass(frozen=True, slots=True)
class Facilities:
    """What all channels of a switch share."""

    core: Core
    executor: Executor
    """for files; bounded"""
    spool: Path
    """for the sounds that streams hand over"""


class Leg:
    """One channel, from its first event to its last."""

    def __init__(self, facilities: Facilities, state: ChannelState, application: Application) -> None:
        self.facilities, self.state, self.application = facilities, state, application
        self.core = facilities.core
        self.queue = PlaybackQueue()
        self.recordings: dict[str, LineRecording] = {}
        self.stream: AudioStream | None = None
        self.hung = asyncio.Event()
        self.outcome: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        """what ``originate`` prints"""
        self.ended_by = EndedBy.SWITCH
        self.parked = self.repark = False
        self.bridge: Connection | None = None
        self.bridge_to = ""
        """a dial string: the dialplan is to connect the channel with it"""
        self.digits_sent: list[str] = []
        """what ``uuid_send_dtmf`` sent to the callee"""
        self.group: asyncio.TaskGroup | None = None
        self.executions_dropped = 0

    @property
    def uuid(self) -> str:
        return self.state.uuid

    @property
    def answered(self) -> bool:
        return self.state.times.answered > 0

    def fire(
        self, name: str, extra: Mapping[str, str] | None = None, *, body: str = "", at_s: float | None = None
    ) -> None:
        """An event about this channel; ``at_s`` is its moment by ``loop.time()``, else the current tick."""
        headers, more = self.state.headers(name), dict(extra or {})
        leading = name in ("CHANNEL_CALLSTATE", "MEDIA_BUG_START", "MEDIA_BUG_STOP")
        self.core.fire(name, {**(more | headers if leading else headers | more), **headers}, body=body, at_s=at_s)

    def enter(self, state: RunState, *, at_s: float | None = None) -> None:
        """Changes the running state and tells."""
        self.state.enter(state)
        self.fire("CHANNEL_STATE", at_s=at_s)

    def set_call_state(self, state: CallState, *, at_s: float | None = None) -> None:
        """Changes the call state and tells."""
        before, self.state.call_state = self.state.call_state, state
        extra = {"Original-Channel-Call-State": before.name, "Channel-Call-State-Number": str(state.value)}
        self.fire("CHANNEL_CALLSTATE", extra, at_s=at_s)

    def hang_up(self, cause: str, by: EndedBy = EndedBy.SWITCH, *, at_s: float | None = None) -> None:
        """Ends the call: CHANNEL_HANGUP now, the rest at the next tick. The first cause counts."""
        if self.hung.is_set():
            return
        self.ended_by, state = by, self.state
        state.cause, state.answer_state, state.state_number = cause, AnswerState.HANGUP, RunState.HANGUP.value[1]
        if by is EndedBy.CALLEE:
            state.set_bye_received()
        self.fire("CHANNEL_HANGUP", at_s=at_s)
        if by is EndedBy.CALLEE:
            state.variables["sip_hangup_disposition"] = "recv_bye"
        self.hung.set()

    def set_variable(self, name: str, value: str) -> None:
        """Sets a channel variable, or removes it when ``value`` is empty. A name that no header can have is ignored."""
        if not HEADER_NAME.fullmatch(name):
            return
        if value:
            self.state.variables[name] = value
        else:
            self.state.variables.pop(name, None)

    def execute(self, execution: Execution) -> None:
        """Queues an application; says nothing of its success, as the switch does."""
        if not self.queue.add(execution):
            self.executions_dropped += 1
            log.error("channel's queue is full", call=self.uuid, dropped=self.executions_dropped)

    def fire_execute(self, execution: Execution, *, at_s: float | None = None) -> None:
        """CHANNEL_EXECUTE, with the variables that name the current application."""
        state = self.state
        state.application, state.application_data = execution.application, execution.argument
        state.variables.pop("current_application_response", None)
        state.variables["current_application"] = execution.application
        if execution.argument:
            state.variables["current_application_data"] = execution.argument
        else:
            state.variables.pop("current_application_data", None)
        self.fire("CHANNEL_EXECUTE", _application_headers(execution), at_s=at_s)

    def fire_complete(self, execution: Execution, response: str = "", *, at_s: float | None = None) -> None:
        """CHANNEL_EXECUTE_COMPLETE; without a ``response`` it repeats the channel's last one, as FreeSWITCH does."""
        if response:
            self.state.variables["current_application_response"] = response
        said = self.state.variables.get("current_application_response", "_none_")
        headers = _application_headers(execution)
        identity = headers.pop("Application-UUID")
        self.fire(
            "CHANNEL_EXECUTE_COMPLETE",
            {**headers, "Application-Response": said, "Application-UUID": identity},
            at_s=at_s,
        )

    def start_stream(self, request: StreamRequest) -> bool:
        """Begins to stream. False when there is one already, or the call is over."""
        if self.stream is not None or self.group is None or self.hung.is_set():
            return False
        spool = StreamSpool(self.facilities.spool, self.uuid, self.facilities.executor)
        self.fire("MEDIA_BUG_START", STREAM_BUG)
        self.stream = AudioStream(request, spool, self._tell_stream, self._lose_stream)
        self.stream.launch(self.group)
        return True

    async def stop_stream(self, text: str = "") -> bool:
        """Ends the stream; False when there is none."""
        stream, self.stream = self.stream, None
        if stream is None:
            return False
        await stream.stop(text)
        self._count_lost_frames(stream)
        self.fire("MEDIA_BUG_STOP", STREAM_BUG)
        return True

    async def start_recording(self, path: str) -> None:
        """Records the line into ``path``; a second time into the same file does nothing. Raises ``OSError``."""
        if path in self.recordings:
            return
        recording = await LineRecording.open(path, self.state.variables, self.facilities.executor)
        if self.hung.is_set() or path in self.recordings:
            await recording.close()
        else:
            self.recordings[path] = recording

    async def stop_recording(self, path: str) -> bool:
        """Completes the file, then tells; False when ``path`` is not being recorded."""
        recording = self.recordings.pop(path, None)
        if recording is None:
            return False
        await recording.close()
        if recording.error:
            log.error("recording is not complete", call=self.uuid, reason=recording.error)
        milliseconds = recording.samples // 8
        cause = "success-silence" if self.hung.is_set() else "success-maxtime"
        if not recording.samples:
            cause = "empty-file"
            self.state.variables["RECORD_DISCARDED"] = "true"
        self.state.variables |= {
            "record_file_size": str(recording.file_size),
            "record_completion_cause": cause,
            "record_samples": str(recording.samples),
            "record_seconds": str(milliseconds // 1000),
            "record_ms": str(milliseconds),
        }
        self.fire("RECORD_STOP", {"Record-File-Path": path, "Record-Completion-Cause": cause})
        self.fire("MEDIA_BUG_STOP", {"Media-Bug-Function": "session_record", "Media-Bug-Target": path})
        return True

    def _tell_stream(self, kind: str, body: str) -> None:
        self.fire(f"CUSTOM mod_audio_stream::{kind}", body=body)

    def _lose_stream(self) -> None:
        stream, self.stream = self.stream, None
        if stream is not None:
            self._count_lost_frames(stream)
            self.fire("MEDIA_BUG_STOP", STREAM_BUG)

    def _count_lost_frames(self, stream: AudioStream) -> None:
        if stream.frames_dropped:
            log.error("audio stream dropped frames", call=self.uuid, frames=stream.frames_dropped)


def _application_headers(execution: Execution) -> dict[str, str]:
    headers = {"Application": execution.application}
    if execution.argument:
        headers["Application-Data"] = execution.argument
    return {**headers, "Application-UUID": execution.uuid}
