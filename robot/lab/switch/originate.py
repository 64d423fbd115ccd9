"""What ``originate`` was asked: ``{name=value}DIAL_STRING &application(argument)`` and positions after it.

Those are, all optional: dialplan, context, caller's name, caller's number, timeout in seconds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from robot.errors import ProtocolError
from robot.lab.switch.leg import Application
from robot.protocol.dialstring import parse_variables

USAGE = (
    "-USAGE: <call url> <exten>|&<application_name>(<app_args>) "
    "[<dialplan>] [<context>] [<cid_name>] [<cid_num>] [<timeout_sec>]\n"
)
_APPLICATION = re.compile(r"&(\w+)(?:\((.*)\))?")
_WORD = re.compile(r"(?:'[^']*'|[^\s'])+")


@dataclass(frozen=True, slots=True)
class OriginateRequest:
    """A call to place."""

    dial_string: str
    application: Application
    variables: dict[str, str] = field(default_factory=dict)


def parse_originate(text: str) -> OriginateRequest | None:
    """The request, or None when only the usage can be answered."""
    try:
        variables, rest = parse_variables(text)
    except ProtocolError:
        return None
    words = [word.replace("'", "") for word in _WORD.findall(rest)]
    if len(words) < 2:
        return None
    for name, word in zip(
        ("origination_caller_id_name", "origination_caller_id_number", "originate_timeout"), words[4:7], strict=False
    ):
        variables.setdefault(name, word)
    return OriginateRequest(words[0], _application(words[1]), variables)


def _application(word: str) -> Application:
    """``&park()`` → park; a bare extension is a transfer into a dialplan, of which there is none."""
    match = _APPLICATION.fullmatch(word)
    return Application(match[1], match[2] or "") if match else Application("transfer", word)
