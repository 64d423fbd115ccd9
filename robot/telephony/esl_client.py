"""A switch driven over ESL, with two connections: one for commands, one for events.

A blocking command holds back the events of its own connection, and a flood of events delays the replies; on two
connections neither waits for the other.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from robot.errors import CommandFailed, LocalProtocolError, NotConnected, SwitchError
from robot.events import CallEvent, HungUp
from robot.log import get_logger
from robot.protocol import esl
from robot.protocol.dialstring import file_variables, originate_variables
from robot.telephony.call_events import CallEvents
from robot.telephony.esl_link import EslLink, Reply
from robot.telephony.switch import Originate
from robot.telephony.translate import EVENT_NAMES, EVENT_SUBCLASSES, TAG_VARIABLE, translate

log = get_logger(__name__)
_RATES = {8000: "8k", 16000: "16k", 24000: "24000"}
_GONE = ("No such channel", "invalid session id")
_UNDIALABLE = re.compile(r"[\s'\"\\{}\[\]<>\x00-\x1f\x7f]|:_:")
"""what would end the dial string, or add variables or a second call to it"""
_JOB = "originate-"
_CAUSE = re.compile(r"[A-Z0-9_]+")


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
        self._placing: set[str] = set()
        """uuids of calls that have no channel yet: the originate's own answer says why they never get one"""
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
            _check("event", await self._links[1].send(esl.subscribe("json", EVENT_NAMES, EVENT_SUBCLASSES)))
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
        await self._group.__aexit__(None, None, None)  # what went wrong inside is no failure of these tasks

    @asynccontextmanager
    async def call(self, uuid: str) -> AsyncIterator[AsyncIterator[CallEvent]]:
        """See :meth:`Switch.call`."""
        events = self._calls[uuid] = CallEvents(self._address.event_queue)
        try:
            yield events
        finally:
            del self._calls[uuid]
            self._placing.discard(uuid)
            if events.overflowed:
                log.error("call_events_overflowed", call=uuid, limit=self._address.event_queue)
                with suppress(SwitchError):
                    await self.hangup(uuid)

    async def originate(self, request: Originate) -> None:
        """See :meth:`Switch.originate`. Raises ``LocalProtocolError`` for a dial string that is more than one."""
        if not request.dial_string or _UNDIALABLE.search(request.dial_string):
            raise LocalProtocolError("a dial string must not be empty nor hold spaces, quotes, brackets or ':_:'")
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
        argument = f"{originate_variables(variables)}{request.dial_string} &park()"
        command = esl.bgapi("originate", argument, f"{_JOB}{request.uuid}")
        self._placing.add(request.uuid)
        _check("originate", await self._command(command))

    async def play(self, uuid: str, path: Path, tag: str) -> None:
        """See :meth:`Switch.play`."""
        argument = f"{file_variables({TAG_VARIABLE: tag})}{path}"
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
        tell = log.error if self._calls else log.info
        tell("esl_link_ended", reason=reason, calls=len(self._calls))
        for other in self._links:
            other.close()
        for events in list(self._calls.values()):
            events.put(HungUp(self._last_us, "SWITCH_LOST"))

    def _on_event(self, event: esl.Event) -> None:
        self._last_us = max(self._last_us, event.at_us)
        match event.name:
            case "CHANNEL_CREATE":
                self._placing.discard(event.uuid)
            case "BACKGROUND_JOB":
                self._on_job(event)
            case _:
                events = self._calls.get(event.uuid)
                if events is not None and (translated := translate(event)) is not None:
                    events.put(translated)

    def _on_job(self, event: esl.Event) -> None:
        """The end of an originate. A call that got a channel hears of its own end, with more to it, from the channel.

        The two may come in any order: only a channel that was never created makes the job's answer the call's end.
        """
        uuid = event.get("Job-UUID").removeprefix(_JOB)
        events = self._calls.get(uuid)
        if events is not None and uuid in self._placing and event.body.startswith("-"):
            cause = event.body.removeprefix("-ERR").strip()
            events.put(HungUp(event.at_us, cause if _CAUSE.fullmatch(cause) else "UNKNOWN"))


def _check(command: str, reply: Reply) -> str:
    text = reply.text if isinstance(reply, esl.CommandReply) else reply.body
    if not reply.ok:
        raise CommandFailed(command, text.strip())
    return text
