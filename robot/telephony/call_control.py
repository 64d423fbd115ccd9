"""The commands of :class:`robot.telephony.switch.Switch` over ESL, whichever client carries them.

A client says how a command travels (:meth:`_send`, :meth:`_job`); what is sent, and what an answer means, is the same
for all. What can block inside the switch (placing a call, closing a stream or a recording, the dialplan) goes as a
background job with an id of ours, so that it holds nobody up.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path

from robot.errors import CommandFailed
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


class CallControl(ABC):
    """Base of the ESL clients."""

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
