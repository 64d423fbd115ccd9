"""A switch driven over ESL, with two connections: one for commands, one for events.

A blocking command holds back the events of its own connection, and a flood of events delays the replies; on two
connections neither waits for the other.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from robot.errors import CommandFailed, NotConnected
from robot.events import CallEvent, HungUp
from robot.log import get_logger
from robot.protocol import esl
from robot.protocol.dialstring import originate_variables
from robot.telephony.call_events import CallEvents
from robot.telephony.esl_link import EslLink, Reply
from robot.telephony.switch import Originate
from robot.telephony.translate import EVENT_NAMES, EVENT_SUBCLASSES, TAG_VARIABLE, translate

log = get_logger(__name__)
_RATES = {8000: "8k", 16000: "16k", 24000: "24000"}
_GONE = ("No such channel", "invalid session id")


@dataclass(frozen=True, slots=True)
class EslAddress:
    """Where a switch's event socket is, and how long to wait for it."""

    host: str
    port: int
    password: str
    connect_timeout_s: float
    command_timeout_s: float
    event_queue: int

    def __repr__(self) -> str:
        return f"EslAddress({self.host}:{self.port})"


class EslSwitch:
    """Implements :class:`robot.telephony.switch.Switch`. An async context manager: connected inside it."""

    def __init__(self, address: EslAddress) -> None:
        self._address = address
        self._calls: dict[str, CallEvents] = {}
        self._jobs: dict[str, str] = {}
        self._group = asyncio.TaskGroup()
        self._links: list[EslLink] = []
        self._last_us = 0
        self.version = ""

    async def __aenter__(self) -> EslSwitch:
        await self._group.__aenter__()
        try:
            for _ in ("commands", "events"):
                link = await EslLink.open(
                    self._address.host,
                    self._address.port,
                    connect_timeout_s=self._address.connect_timeout_s,
                    timeout_s=self._address.command_timeout_s,
                    on_event=self._on_event,
                )
                self._links.append(link)
                self._group.create_task(self._read(link), name="esl read")
                await link.authenticate(self._address.password)
            await self._links[1].send(esl.subscribe("json", EVENT_NAMES, EVENT_SUBCLASSES))
            self.version = (await self._api("version")).strip()
        except BaseException:
            await self.__aexit__(None, None, None)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for link in self._links:
            link.close()
        await self._group.__aexit__(kind, error, trace)

    @asynccontextmanager
    async def call(self, uuid: str) -> AsyncIterator[AsyncIterator[CallEvent]]:
        """See :meth:`Switch.call`."""
        events = self._calls[uuid] = CallEvents(self._address.event_queue)
        try:
            yield events
        finally:
            del self._calls[uuid]
            if events.overflowed:
                log.error("call_events_overflowed", call=uuid, limit=self._address.event_queue)

    async def originate(self, request: Originate) -> None:
        """See :meth:`Switch.originate`."""
        variables = {
            "origination_uuid": request.uuid,
            "ignore_early_media": "true",
            "originate_timeout": str(request.ring_timeout_s),
            "playback_terminators": "none",
            "RECORD_STEREO": "true",
            **request.variables,
        }
        if request.caller_id_number:
            variables["origination_caller_id_number"] = request.caller_id_number
        if request.caller_id_name:
            variables["origination_caller_id_name"] = request.caller_id_name
        job = f"originate-{request.uuid}"
        self._jobs[job] = request.uuid
        argument = f"{originate_variables(variables)}{request.dial_string} &park()"
        _check("originate", await self._command(esl.bgapi("originate", argument, job)))

    async def play(self, uuid: str, path: Path, tag: str) -> None:
        """See :meth:`Switch.play`."""
        argument = f"{{{TAG_VARIABLE}={tag}}}{path}"
        _check(
            "playback", await self._command(esl.execute(uuid, "playback", argument, event_lock=True, event_uuid=tag))
        )

    async def break_(self, uuid: str, *, everything: bool = True) -> None:
        """See :meth:`Switch.break_`."""
        await self._api("uuid_break", f"{uuid} all" if everything else uuid)

    async def start_stream(self, uuid: str, url: str, *, rate_hz: int, metadata: str = "") -> None:
        """See :meth:`Switch.start_stream`."""
        await self._api("uuid_audio_stream", f"{uuid} start {url} mono {_RATES[rate_hz]} {metadata}".rstrip())

    async def stop_stream(self, uuid: str) -> None:
        """See :meth:`Switch.stop_stream`."""
        await self._api("uuid_audio_stream", f"{uuid} stop")

    async def start_recording(self, uuid: str, path: Path) -> None:
        """See :meth:`Switch.start_recording`."""
        await self._api("uuid_record", f"{uuid} start {path}")

    async def stop_recording(self, uuid: str, path: Path) -> None:
        """See :meth:`Switch.stop_recording`."""
        await self._api("uuid_record", f"{uuid} stop {path}")

    async def send_dtmf(self, uuid: str, digits: str) -> None:
        """See :meth:`Switch.send_dtmf`."""
        await self._api("uuid_send_dtmf", f"{uuid} {digits}")

    async def transfer(self, uuid: str, destination: str) -> None:
        """See :meth:`Switch.transfer`."""
        await self._api("uuid_transfer", f"{uuid} {destination}")

    async def hangup(self, uuid: str, cause: str = "NORMAL_CLEARING") -> None:
        """See :meth:`Switch.hangup`."""
        try:
            await self._api("uuid_kill", f"{uuid} {cause}")
        except CommandFailed as error:
            if not any(gone in error.reply for gone in _GONE):
                raise

    async def _command(self, data: bytes) -> Reply:
        if not self._links:
            raise NotConnected("not connected to the switch")
        return await self._links[0].send(data)

    async def _api(self, command: str, argument: str = "") -> str:
        return _check(command, await self._command(esl.api(command, argument)))

    async def _read(self, link: EslLink) -> None:
        reason = await link.read()
        log.info("esl_link_ended", reason=reason)
        for other in self._links:
            other.close()
        for events in list(self._calls.values()):
            events.put(HungUp(self._last_us, "SWITCH_LOST"))

    def _on_event(self, event: esl.Event) -> None:
        self._last_us = max(self._last_us, event.at_us)
        if event.name == "BACKGROUND_JOB":
            uuid = self._jobs.pop(event.get("Job-UUID"), "")
            if uuid in self._calls and event.body.startswith("-ERR"):
                self._calls[uuid].put(HungUp(event.at_us, event.body.removeprefix("-ERR").strip() or "UNKNOWN"))
            return
        events = self._calls.get(event.uuid)
        if events is not None and (translated := translate(event)) is not None:
            events.put(translated)


def _check(command: str, reply: Reply) -> str:
    text = reply.text if isinstance(reply, esl.CommandReply) else reply.body
    if not reply.ok:
        raise CommandFailed(command, text.strip())
    return text
