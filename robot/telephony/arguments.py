"""What may stand in a command to a switch: one function for each kind of argument.

The codec refuses line breaks, which would add a header or a command. The arguments here have grammars of their own,
inside one line: a space begins the next argument, a brace a variable, ``${…}`` what the switch replaces or runs, a
comma or a bar a second call. So each kind is held to the characters that it needs, and the error never quotes the text,
which may be a telephone number.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from robot.errors import LocalProtocolError

_UUID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")
_CAUSE = re.compile(r"[A-Z0-9_]{1,64}")
_DIGITS = re.compile(r"[0-9A-DwW*#]{1,128}(@[0-9]{2,5})?")
_DIAL_STRING = re.compile(r"(?!.*:_:)[A-Za-z0-9_+*#]+/[A-Za-z0-9_@.:/+*#;=%~-]+")
_EXTENSION = re.compile(r"[A-Za-z0-9_+*#][A-Za-z0-9_+*#.@-]{0,127}")
_URL = re.compile(r"wss?://[A-Za-z0-9.-]+(:[0-9]{1,5})?/[A-Za-z0-9_./~=&?-]*")
_TONES = re.compile(r"tone_stream://[A-Za-z0-9%(),.;=+/-]+")
_CALLER_NUMBER = re.compile(r"[0-9A-Za-z+*#._ ()-]{0,40}")
_CALLER_NAME = re.compile(r"""[^\x00-\x1f\x7f-\x9f<>"\\;`$%{}]{0,80}""")
_PATH = re.compile(r"/[^\x00-\x1f\x7f\\{}\[\]$`]*")
_WORD_PATH = re.compile(r"/[^\s\x00-\x1f\x7f'\"\\{}\[\]$`]*")
_PRIVATE = re.compile(
    r"(api_|exec|bridge_pre_|transfer_|session_in_|record_|hangup_hook|origination_|sip_h_|sip_[a-z]+_h_|effective_)",
    re.IGNORECASE,
)
"""names of channel variables that run something, add a SIP header, or are this module's own business"""


def _held(pattern: re.Pattern[str], what: str, text: str, holds: str) -> str:
    if not pattern.fullmatch(text):
        raise LocalProtocolError(f"{what} must hold {holds}")
    return text


def uuid_of(text: str) -> str:
    """A channel's uuid."""
    return _held(_UUID, "a call's uuid", text, "letters, digits and _.- only")


def cause_of(text: str) -> str:
    """A hangup cause by name."""
    return _held(_CAUSE, "a hangup cause", text, "capital letters, digits and _ only, e.g. USER_BUSY")


def digits_of(text: str) -> str:
    """Keys to send; ``w`` and ``W`` wait, ``@MS`` at the end is the length of each."""
    return _held(_DIGITS, "the keys to send", text, "0-9 A-D * # w W, and perhaps @ and milliseconds")


def dial_string_of(text: str) -> str:
    """One endpoint and no more: no variables, no second call."""
    return _held(_DIAL_STRING, "a dial string", text, "one endpoint, e.g. sofia/gateway/carrier/33123456789")


def extension_of(text: str) -> str:
    """A number of the dialplan. A first ``-`` would be an option of the command."""
    return _held(_EXTENSION, "the destination of a transfer", text, "letters, digits and _+*#.@- only, e.g. 1000")


def stream_url_of(text: str) -> str:
    """Where a switch streams to: a host that it can parse and a path."""
    return _held(_URL, "the address of an audio stream", text, "ws:// or wss://, a host without _, and a path")


def metadata_of(text: str) -> str:
    """What goes ahead of a stream. The switch drops ``'`` and undoes what a backslash escapes."""
    if any(character in text for character in "'\\\r\n\0") or "${" in text:
        raise LocalProtocolError("the metadata of an audio stream must not hold ', \\, ${ or a line break")
    return text


def path_of(path: Path) -> Path:
    """A file that the switch reads or writes: absolute, and without what would be a variable or a second file."""
    if not _PATH.fullmatch(str(path)) or "://" in str(path):
        raise LocalProtocolError("a file to play must have an absolute path without brackets, \\ $ or `")
    return path


def word_path_of(path: Path) -> Path:
    """As :func:`path_of`, where a space would begin the next argument, and a quote join two."""
    if not _WORD_PATH.fullmatch(str(path)):
        raise LocalProtocolError("a file to record into must have an absolute path without spaces, quotes or brackets")
    return path


def sound_of(text: str) -> str:
    """Something to play again and again: an absolute path or ``tone_stream://…``."""
    return text if _TONES.fullmatch(text) else str(path_of(Path(text)))


def caller_number_of(text: str) -> str:
    """The caller's number, as it stands in a SIP address."""
    return _held(_CALLER_NUMBER, "the caller's number", text, "digits, letters and + * # . _ - ( ) only")


def caller_name_of(text: str) -> str:
    """The caller's name, as it stands in a SIP header, between quotes."""
    return _held(_CALLER_NAME, "the caller's name", text, 'at most 80 characters, none of < > " \\ ; ` $ % { }')


def variables_of(variables: Mapping[str, str]) -> Mapping[str, str]:
    """Channel variables that a caller may set: none that runs something, none with something to be replaced."""
    for name, value in variables.items():
        if _PRIVATE.match(name):
            raise LocalProtocolError(
                f"the channel variable {name[:80]!r} is not for callers to set: it can run a command"
            )
        if "${" in value:
            raise LocalProtocolError(f"the channel variable {name[:80]!r} holds ${{, which the switch would replace")
    return variables
