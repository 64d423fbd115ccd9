"""The commands of :class:`robot.telephony.switch.Switch` over ESL, whichever client carries them.

A client says how a command travels (:meth:`_send`, :meth:`_job`); what is sent, and what an answer means, is the same
for all. What can block inside the switch (placing a call, closing a stream or a recording, the dialplan) goes as a
background job with an id of ours, so that it holds nobody up.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from robot.errors import CommandFailed, SwitchError
from robot.events import CallEvent
from robot.log import get_logger
from robot.protocol import esl
from robot.telephony import esl_commands
from robot.telephony.arguments import (
    cause_of,
    dial_string_of,
    digits_of,
    extension_of,
    metadata_of,
    stream_url_of,
    uuid_of,
    word_path_of,
)
from robot.telephony.esl_commands import RATES, Reply, checked, is_gone
from robot.telephony.incoming import IncomingCalls, incoming_of
from robot.telephony.live_call import LiveCall
from robot.telephony.switch import Incoming

log = get_logger(__name__)


class CallControl(ABC):
    """Base of the ESL clients: their commands, and the calls that somebody listens to."""

    def __init__(self, event_queue: int) -> None:
        """``event_queue``: events of one call that may wait unread."""
        self._event_queue = event_queue
        self._calls: dict[str, LiveCall] = {}
        self._incoming = IncomingCalls()

    @asynccontextmanager
    async def call(self, uuid: str) -> AsyncIterator[AsyncIterator[CallEvent]]:
        """See :meth:`Switch.call`."""
        call = self._calls.setdefault(uuid, LiveCall(uuid, self._event_queue))
        try:
            yield call.events
        finally:
            del self._calls[uuid]
            call.forget()
            if call.events.overflowed:
                log.error("call_events_overflowed", call=uuid, limit=self._event_queue)
                with suppress(SwitchError):
                    await self.hangup(uuid)

    def incoming(self) -> AsyncIterator[Incoming]:
        """See :meth:`Switch.incoming`."""
        return self._incoming.read()

    def _admit(self, event: esl.Event) -> bool:
        """Keeps the events of a call that comes in, from here on: none is missed before it is answered.

        False when it comes in and there is no room for it.
        """
        if not self._incoming.wanted or event.uuid in self._calls or (incoming := incoming_of(event)) is None:
            return True
        if admitted := self._incoming.put(incoming):
            self._calls[event.uuid] = LiveCall(event.uuid, self._event_queue)
        return admitted

    @abstractmethod
    async def _send(self, data: bytes, *, again: bool = False) -> Reply:
        """One command and its reply. ``again``: may be repeated when the connection is lost before the reply.

        Raises ``NotConnected``.
        """

    @abstractmethod
    async def _job(self, command: str, argument: str) -> None:
        """Runs an api command in the background and waits for its end; may be repeated like ``again``.

        Raises ``NotConnected``, ``CommandFailed``.
        """

    async def _api(self, command: str, argument: str = "") -> str:
        return checked(command, await self._send(esl.api(command, argument), again=True))

    async def play(self, uuid: str, path: Path, tag: str) -> None:
        """See :meth:`Switch.play`."""
        checked("playback", await self._send(esl_commands.play(uuid, path, tag)))

    async def hold(self, uuid: str, sound: str) -> None:
        """See :meth:`Switch.hold`."""
        for command in esl_commands.hold(uuid, sound):
            checked("playback", await self._send(command))

    async def break_(self, uuid: str, *, everything: bool = True) -> None:
        """See :meth:`Switch.break_`."""
        await self._api("uuid_break", f"{uuid_of(uuid)} all" if everything else uuid_of(uuid))

    async def start_stream(self, uuid: str, url: str, *, rate_hz: int, metadata: str = "") -> None:
        """See :meth:`Switch.start_stream`."""
        argument = f"{uuid_of(uuid)} start {stream_url_of(url)} mono {RATES[rate_hz]} {metadata_of(metadata)}"
        await self._api("uuid_audio_stream", argument.rstrip())

    async def stop_stream(self, uuid: str) -> None:
        """See :meth:`Switch.stop_stream`."""
        await self._job("uuid_audio_stream", f"{uuid_of(uuid)} stop")

    async def start_recording(self, uuid: str, path: Path) -> None:
        """See :meth:`Switch.start_recording`.

        Without the second variable the switch reads half a second of the caller ahead: the sides are not in step.
        """
        argument = f"{uuid_of(uuid)} start {word_path_of(path)}"
        for variable in ("RECORD_STEREO true", "RECORD_PRE_BUFFER_FRAMES 1"):
            await self._api("uuid_setvar", f"{uuid_of(uuid)} {variable}")
        await self._api("uuid_record", argument)

    async def stop_recording(self, uuid: str, path: Path) -> None:
        """See :meth:`Switch.stop_recording`."""
        await self._job("uuid_record", f"{uuid_of(uuid)} stop {word_path_of(path)}")

    async def send_dtmf(self, uuid: str, digits: str) -> None:
        """See :meth:`Switch.send_dtmf`."""
        argument = f"{uuid_of(uuid)} {digits_of(digits)}"
        checked("uuid_send_dtmf", await self._send(esl.api("uuid_send_dtmf", argument)))

    async def transfer(self, uuid: str, destination: str) -> None:
        """See :meth:`Switch.transfer`."""
        await self._job("uuid_transfer", f"{uuid_of(uuid)} {extension_of(destination)}")

    async def transfer_out(self, uuid: str, dial_string: str) -> None:
        """See :meth:`Switch.transfer_out`."""
        await self._job("uuid_transfer", f"{uuid_of(uuid)} bridge:{dial_string_of(dial_string)} inline")

    async def bridge(self, uuid: str, other: str) -> None:
        """See :meth:`Switch.bridge`."""
        await self._job("uuid_bridge", f"{uuid_of(uuid)} {uuid_of(other)}")

    async def hangup(self, uuid: str, cause: str = "NORMAL_CLEARING") -> None:
        """See :meth:`Switch.hangup`."""
        try:
            await self._api("uuid_kill", f"{uuid_of(uuid)} {cause_of(cause)}")
        except CommandFailed as error:
            if not is_gone(error):
                raise
