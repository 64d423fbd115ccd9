"""What a client may say on the event socket, and the switch's answers, word for word."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Coroutine
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from robot.lab.switch import api_calls, api_system
from robot.lab.switch.calls import Calls
from robot.lab.switch.causes import cause_named
from robot.lab.switch.core import number
from robot.lab.switch.leg import Leg
from robot.lab.switch.playback import Execution
from robot.lab.switch.subscription import Subscription
from robot.lab.switch.usage import usage
from robot.protocol.esl import Command, api_response, command_reply, disconnect_notice

GOODBYE = "Disconnected, goodbye.\nSee you at ClueCon! http://www.cluecon.com/\n"
SHUTTING_DOWN = "The system is being shut down.\n"
MAX_JOBS = 5000
_API = api_calls.API | api_system.API


class Access(Enum):
    """How far a client has come."""

    GREETED = auto()
    AUTHENTICATED = auto()
    LEAVING = auto()


@dataclass(slots=True)
class Client:
    """What the switch knows of one connection."""

    access: Access = Access.GREETED
    subscription: Subscription = field(default_factory=Subscription)
    logging: bool = False
    """it asked for log lines, of which the embedded switch has none"""

    @property
    def leaving(self) -> bool:
        return self.access is Access.LEAVING


class Commands:
    """Answers commands of any client. Background jobs live in the switch's group, not in the client's connection."""

    def __init__(self, calls: Calls, password: str, group: asyncio.TaskGroup) -> None:
        self._calls, self._password, self._group = calls, password, group
        self._jobs: set[asyncio.Task[None]] = set()

    async def answer(self, client: Client, command: Command) -> bytes:
        """The bytes that answer ``command``. An ``api`` command runs to its end first."""
        match command.verb:
            case "exit":
                client.access = Access.LEAVING
                return command_reply("+OK bye") + disconnect_notice(GOODBYE)
            case "auth":
                return self._auth(client, command.argument)
            case _ if client.access is not Access.AUTHENTICATED:
                return command_reply("-ERR command not found")
            case "api" | "bgapi" if not command.argument.strip():
                return command_reply("-ERR command not found")
            case "api":
                return api_response(await self._run(command.argument))
            case "bgapi":
                return self._start_job(command)
            case "sendmsg":
                return command_reply(self._send_message(command))
            case "event" | "nixevent" | "noevents" | "filter":
                return command_reply(_subscribe(client.subscription, command))
            case "linger" | "nolinger":
                return command_reply("-ERR not controlling a session")
            case "divert_events":
                return command_reply("-ERR not controlling a session.")
            case "log":
                client.logging = True
                return command_reply(f"+OK log level {command.argument} [{number(command.argument) or 7}]")
            case "nolog":
                logging, client.logging = client.logging, False
                return command_reply("+OK no longer logging" if logging else "-ERR not loging")
            case _:
                return command_reply("-ERR command not found")

    def cancel_jobs(self) -> None:
        """Ends what still runs in the background."""
        for job in self._jobs:
            job.cancel()

    def _auth(self, client: Client, password: str) -> bytes:
        if hmac.compare_digest(password.encode(), self._password.encode()):
            client.access = Access.AUTHENTICATED
            return command_reply("+OK accepted")
        client.access = Access.LEAVING
        return command_reply("-ERR invalid") + disconnect_notice(GOODBYE)

    async def _run(self, line: str) -> str:
        name, _, argument = line.strip().partition(" ")
        if name.lower() == "fsctl" and argument.split(" ")[0] == "shutdown":
            self._calls.stopping.set()
            return api_calls.OK
        command = _API.get(name.lower())
        if command is None:
            return f"-ERR {name} Command not found!\n"
        if missing := usage(name.lower(), argument):
            return missing
        return await command(self._calls, argument.strip()) or api_calls.NO_REPLY

    def _start_job(self, command: Command) -> bytes:
        if len(self._jobs) >= MAX_JOBS:
            return command_reply("-ERR too many background jobs")
        uuid = _header(command, "Job-UUID") or self._calls.core.new_uuid()
        self._spawn(self._job(uuid, command.argument))
        return command_reply(f"+OK Job-UUID: {uuid}", {"Job-UUID": uuid})

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        job = self._group.create_task(work, name="bgapi")
        self._jobs.add(job)
        job.add_done_callback(self._jobs.discard)

    async def _job(self, uuid: str, line: str) -> None:
        name, _, argument = line.strip().partition(" ")
        headers = {"Job-UUID": uuid, "Job-Command": name}
        if argument:
            headers["Job-Command-Arg"] = argument
        body = await self._run(line)
        self._calls.core.fire("BACKGROUND_JOB", headers, body=body)

    def _send_message(self, command: Command) -> str:
        uuid = command.argument.strip()
        leg = self._calls.legs.get(uuid)
        if leg is None:
            return f"-ERR invalid session id [{uuid}]"
        match _header(command, "call-command").lower():
            case "execute":
                self._execute(leg, command)
            case "hangup":
                leg.hang_up(cause_named(_header(command, "hangup-cause")))
            case "unicast" if not leg.state.has_media:
                self._calls.violate(uuid, "unicast before the channel has media")
            case _:
                pass
        return "+OK"

    def _execute(self, leg: Leg, command: Command) -> None:
        leg.execute(
            Execution(
                _header(command, "execute-app-name"),
                _header(command, "execute-app-arg") or command.body,
                _header(command, "Event-UUID") or self._calls.core.new_uuid(),
                locked=_header(command, "event-lock").lower() == "true",
            )
        )


def _header(command: Command, name: str) -> str:
    """A header of a command; names are the same in any case."""
    wanted = name.lower()
    return next((value for key, value in command.headers.items() if key.lower() == wanted), "")


def _subscribe(subscription: Subscription, command: Command) -> str:
    words = command.argument.split()
    if command.verb == "event":
        added = subscription.add(words)
        return f"+OK event listener enabled {subscription.format}" if added else "-ERR no keywords supplied"
    if command.verb == "noevents":
        listening = bool(subscription.names)
        subscription.clear()
        return "+OK no longer listening for events" if listening else "-ERR not listening for events"
    if command.verb == "nixevent":
        return "+OK events nixed" if subscription.remove(words) else "-ERR no keywords supplied"
    if not words:
        return "-ERR command not found"
    if words[:1] == ["delete"] and len(words) > 1:
        value = " ".join(words[2:])
        subscription.delete_filter(words[1], value)
        return f"+OK filter deleted. [{words[1]}][{value}]"
    header, _, value = command.argument.partition(" ")
    if not value or not subscription.add_filter(header, value.strip()):
        return "-ERR invalid syntax"
    return f"+OK filter added. [{header}]=[{value.strip()}]"
