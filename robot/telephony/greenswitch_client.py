"""A switch driven through greenswitch 0.0.19, a third-party ESL client, behind the same contract as our own.

greenswitch is written for gevent; here its hub runs in a thread of its own and nothing in this process is
monkey-patched. Commands go in by a bounded deque and the hub's ``async_`` watcher, replies and events come out by
``loop.call_soon_threadsafe``. The library is optional: ``pip install "allobot[greenswitch]"``.

Choose it to compare, not to run on. What is wrong with it, and what that means here:

- It decodes an event before it splits it into lines, so a channel variable with ``%0AUnique-ID: X`` in it, which a
  caller may control, replaces the event's own Unique-ID: **events can be forged**.
- The body of an event lands in its ``Content-Length``, and a body of JSON is taken apart at ``": "``: the reason of a
  lost audio stream is lost, and the cause of an ``originate`` that failed at once is dug out of that header.
- ``event json`` kills its reader, and the next command hangs: only the plain format, parsed three times slower.
- Text that is not UTF-8 kills its reader too.
- A command that is pending when the connection drops never returns: here it is ended by whoever notices the drop.
- It never reconnects: every loss ends all calls with ``SWITCH_LOST``, and the robot has to be started again.
- Events wait in a queue of its own without a bound while our loop is busy.
"""

from __future__ import annotations

from types import TracebackType

from robot.errors import ConfigError, NotConnected
from robot.events import HungUp
from robot.log import get_logger
from robot.protocol import esl
from robot.telephony import esl_commands
from robot.telephony.call_control import CallControl
from robot.telephony.esl_address import EslAddress
from robot.telephony.esl_commands import JOB, Reply, checked, failed_cause
from robot.telephony.green_hub import GreenHub, Headers
from robot.telephony.switch import Originate
from robot.telephony.translate import EVENT_NAMES, EVENT_SUBCLASSES, is_stillborn, translate

log = get_logger(__name__)


class GreenSwitch(CallControl):
    """Implements :class:`robot.telephony.switch.Switch`. An async context manager: connected inside it.

    Entering raises ``ConfigError`` (not installed, no password), ``CommandFailed`` (wrong password), ``NotConnected``.
    """

    def __init__(self, address: EslAddress) -> None:
        super().__init__(address.event_queue)
        self._address = address
        self._hub: GreenHub | None = None
        self._lost = "not connected to the switch"
        self.version = ""

    async def __aenter__(self) -> GreenSwitch:
        if not self._address.password:
            raise ConfigError("the switch's password is empty: set ALLOBOT_ESL_PASSWORD")
        hub = GreenHub(self._address, self._on_event, self._on_lost)
        try:
            await hub.start()
            self._hub = hub
            checked("event", await self._send(esl.subscribe("plain", EVENT_NAMES, EVENT_SUBCLASSES)))
            self.version = (await self._api("version")).strip()
        except BaseException:
            self._hub = None
            await hub.stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        hub, self._hub = self._hub, None
        if hub is not None:
            await hub.stop()
        self._end_calls()

    async def originate(self, request: Originate) -> None:
        """See :meth:`Switch.originate`. Raises ``LocalProtocolError`` for a dial string that is more than one."""
        command = esl_commands.originate(request)
        if (call := self._calls.get(request.uuid)) is not None:
            call.placing = True
        checked("originate", await self._send(command))

    async def _send(self, data: bytes, *, again: bool = False) -> Reply:
        """Nothing is ever sent again: there is no second connection."""
        if self._hub is None:
            raise NotConnected(self._lost)
        return await self._hub.send(data)

    async def _job(self, command: str, argument: str) -> None:
        """In the foreground: what a background job prints does not come whole through greenswitch."""
        await self._api(command, argument)

    def _on_lost(self, reason: str) -> None:
        self._lost = reason
        if self._hub is not None:
            tell = log.error if self._calls else log.info
            tell("esl_link_lost", reason=reason, calls=len(self._calls))
        self._end_calls()

    def _end_calls(self) -> None:
        for call in list(self._calls.values()):
            call.lose(0)

    def _on_event(self, headers: Headers) -> None:
        event = event_of(headers)
        if event.name == "BACKGROUND_JOB":
            call = self._calls.get(event.get("Job-UUID").removeprefix(JOB))
            if call is not None and call.placing and (cause := failed_cause(event)) is not None:
                call.take(HungUp(event.at_us, cause))
            return
        if not self._admit(event):
            log.error("incoming_call_left", call=event.uuid)  # parked: nothing here may wait for a command
        if (call := self._calls.get(event.uuid)) is not None:
            call.placing = call.placing and is_stillborn(event)
            if (translated := translate(event)) is not None:
                call.take(translated)


def event_of(headers: Headers) -> esl.Event:
    """An event as greenswitch gives it. What is left of its body is behind the number in ``Content-Length``."""
    length, _, body = headers.get("Content-Length", "").partition("\n")
    own = {name: value for name, value in headers.items() if name not in ("Content-Length", "Content-Type")}
    return esl.Event(own, body.strip("\n") if length.isdigit() else "")
