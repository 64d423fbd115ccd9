"""Errors of the robot. Busy or no answer is an outcome of a call, never an exception.

RobotError
├ ConfigError            a setting or file the user gave is wrong; raised at start     exit code 2
│ └ ScenarioError        … in a dialogue file: says file, line and field               exit code 2
├ DialRefused            a rule of the dial guard forbids the call; nothing was dialled        exit code 2
├ ProtocolError          bytes that break a protocol
│ ├ LocalProtocolError   we are about to send something illegal: our bug
│ └ RemoteProtocolError  the peer sent something illegal
├ SwitchError            the switch could not do what was asked
│ ├ NotConnected         no connection, or it was lost
│ └ CommandFailed        it answered -ERR
└ IllegalTransition      a state machine got an event that its table does not list
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

_Error = TypeVar("_Error", bound=BaseException)


class RobotError(Exception):
    """Base of all errors that a user may see. The text says what is wrong and what to do."""

    exit_code = 1


class ConfigError(RobotError):
    """A setting or a file given by the user is wrong."""

    exit_code = 2


class ScenarioError(ConfigError):
    """A dialogue file is wrong."""


class DialRefused(RobotError):
    """A call that a rule forbids. Nothing was dialled."""

    exit_code = 2

    def __init__(self, rule: str, why: str) -> None:
        super().__init__(f"not dialled: {why} ({rule})")
        self.rule = rule


class ProtocolError(RobotError):
    """Bytes that break a protocol."""


class LocalProtocolError(ProtocolError):
    """We were about to send something illegal."""


class RemoteProtocolError(ProtocolError):
    """The peer sent something illegal."""


class SwitchError(RobotError):
    """The switch could not do what was asked."""


class NotConnected(SwitchError):
    """There is no connection to the switch, or it was lost before the answer."""


class CommandFailed(SwitchError):
    """The switch answered with an error."""

    def __init__(self, command: str, reply: str) -> None:
        super().__init__(f"{command}: {reply}")
        self.command, self.reply = command, reply


class IllegalTransition(RobotError):
    """An event that the state does not list: a bug, which ends that call alone."""

    def __init__(self, state: object, event: object) -> None:
        super().__init__(f"{event!r} is not legal in {state!r}")


def errors_in(group: BaseExceptionGroup[_Error]) -> Iterator[_Error]:
    """The errors of a task group, however deep its groups are nested."""
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from errors_in(error)
        else:
            yield error


@contextmanager
def plain_errors() -> Iterator[None]:
    """A task group wraps what fails in it; an error that is alone comes out here as itself."""
    try:
        yield
    except BaseExceptionGroup as group:
        found = list(errors_in(group))
        if len(found) == 1:
            raise found[0] from None
        raise
