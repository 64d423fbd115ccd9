"""How many words an api command needs, and what the switch prints when there are fewer. A table: it was read off."""

from __future__ import annotations

_RECORD = "<uuid> [start|stop|mask|unmask] <path> [<limit>] [<recording_vars>]"
_USAGES = {
    "uuid_kill": (1, "<uuid> [cause]"),
    "uuid_break": (1, "<uuid> [all]"),
    "uuid_dump": (1, "<uuid> [format]"),
    "uuid_getvar": (2, "<uuid> <var>"),
    "uuid_setvar": (2, "<uuid> <var> [value]"),
    "uuid_send_dtmf": (2, "<uuid> <dtmf_data>"),
    "uuid_broadcast": (2, "<uuid> <path> [aleg|bleg|holdb|both]"),
    "uuid_bridge": (2, "<uuid> <other_uuid>"),
    "uuid_transfer": (2, "<uuid> [-bleg|-both] <dest-exten> [<dialplan>] [<context>]"),
    "uuid_record": (3, _RECORD),
}


def usage(command: str, argument: str) -> str:
    """What is printed instead of running ``command``; empty when it has all its words."""
    words, text = _USAGES.get(command, (0, ""))
    return f"-USAGE: {text}\n" if len(argument.split()) < words else ""
