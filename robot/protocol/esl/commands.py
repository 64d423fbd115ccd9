"""What a client says, as bytes. Nothing that a caller passes in can end a line: see :mod:`robot.protocol.lines`."""

from __future__ import annotations

from collections.abc import Sequence

from robot.errors import LocalProtocolError
from robot.protocol.esl.messages import Command, EventFormat
from robot.protocol.lines import one_line, one_word, utf8


def encode_command(command: Command) -> bytes:
    """Any command. Raises :class:`LocalProtocolError` for what would be read as other headers or another command."""
    if not command.line.strip():
        raise LocalProtocolError("a command has no text")
    lines = [one_line("a command", command.line)]
    for name, value in command.headers.items():
        if ":" in name or name.lower() == "content-length":
            raise LocalProtocolError("a command's header must not have ':' in its name or be Content-Length")
        lines.append(f"{one_word('the name of a header', name)}: {one_line('the value of a header', value)}")
    body = utf8("a command's body", command.body)
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return utf8("a command", "\n".join(lines)) + b"\n\n" + body


def auth(password: str) -> bytes:
    """The first command of a connection."""
    if not password:
        raise LocalProtocolError("the event socket's password is empty")
    return encode_command(Command(f"auth {one_line('the password', password)}"))


def api(command: str, argument: str = "") -> bytes:
    """Runs ``command`` now; while it runs no event is delivered on this connection. Answer: ``ApiResponse``."""
    return encode_command(Command(_api_line("api", command, argument)))


def bgapi(command: str, argument: str = "", job_uuid: str = "") -> bytes:
    """Runs ``command`` beside the connection. Answer: ``CommandReply``, later that job's event ``BACKGROUND_JOB``."""
    headers = {"Job-UUID": one_word("a job's id", job_uuid)} if job_uuid else {}
    return encode_command(Command(_api_line("bgapi", command, argument), headers))


def subscribe(format: EventFormat, names: Sequence[str], custom: Sequence[str] = ()) -> bytes:
    """Adds events by name and ``CUSTOM`` events by subclass (``module::what``) to those that are delivered."""
    words = [one_word("the name of an event", name) for name in names]
    if "CUSTOM" in (word.upper() for word in words):
        raise LocalProtocolError("CUSTOM takes all names after it for subclasses: pass those in custom")
    if custom:
        words += ["CUSTOM", *(one_word("the subclass of an event", name) for name in custom)]
    if not words:
        raise LocalProtocolError("a subscription names no event")
    return encode_command(Command(f"event {format} {' '.join(words)}"))


def event_filter(header: str, value: str) -> bytes:
    """Only events whose ``header`` is ``value`` are delivered; several filters are alternatives."""
    if header.lower() == "delete":
        raise LocalProtocolError("'filter delete' removes filters: it is no header's name")
    if not value.strip():
        raise LocalProtocolError("an event filter has no value")
    return encode_command(Command(f"filter {one_word('the header of a filter', header)} {value}"))


def execute(uuid: str, app: str, argument: str, *, event_lock: bool = True, event_uuid: str = "") -> bytes:
    """Queues a dialplan application on a channel. ``+OK`` means queued and says nothing of its success.

    ``event_lock``: first in, first out, without a gap; without it each new one interrupts the one before.
    ``event_uuid`` comes back as ``Application-UUID``. The switch replaces ``${…}`` in arguments, by a variable's value
    or by what an api command prints, ``${system(…)}`` among them, so an argument that holds one is refused.
    """
    if "${" in argument:
        raise LocalProtocolError("an application's argument holds ${, which the switch would run or replace")
    headers = {"call-command": "execute", "execute-app-name": one_word("the name of an application", app)}
    if argument:
        headers["execute-app-arg"] = argument
    if event_lock:
        headers["event-lock"] = "true"
    if event_uuid:
        headers["Event-UUID"] = one_word("an event's id", event_uuid)
    return encode_command(Command(f"sendmsg {one_word('a uuid', uuid)}", headers))


def exit_() -> bytes:
    """Asks the server to close: ``+OK bye``, a ``DisconnectNotice``, end of stream."""
    return encode_command(Command("exit"))


def _api_line(verb: str, command: str, argument: str) -> str:
    line = f"{verb} {one_word('an api command', command)}"
    return f"{line} {argument}" if argument else line
