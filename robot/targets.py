"""Whom to call: what a user writes → what the switch dials."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from robot.errors import ConfigError
from robot.lab.directory import shipped
from robot.settings.schema import DIALABLE, SwitchSettings

LAB = "lab:"
_SAFE = re.compile(rf"[{DIALABLE}]+")
_SEVERAL_CALLS = ":_:"
"""made of safe characters, and yet the switch splits a dial string there"""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a call goes."""

    dial_string: str
    callee: Path | None = None
    """the file that the embedded switch plays or follows; None elsewhere"""


def parse_target(text: str, switch: SwitchSettings) -> Target:
    """``lab:FILE``, ``lab:NAME``, a dial string (with a ``/``) or a number. Raises ``ConfigError``: what to write."""
    if text.startswith(LAB):
        return _lab(text.removeprefix(LAB), switch)
    if switch.kind == "embedded":
        raise ConfigError(
            f"{text}: numbers and dial strings need a real switch: set switch.kind to freeswitch, "
            "or call lab:FILE (a sound file or a callee plan) on the embedded one"
        )
    if not _SAFE.fullmatch(text) or _SEVERAL_CALLS in text:
        raise ConfigError(
            f"{text!r}: not a number or a dial string: only letters, digits and _@.:/+*#;=%~- are allowed, but not :_:"
        )
    dial_string = text if "/" in text else switch.dial_template.replace("{target}", text)
    if _SEVERAL_CALLS in dial_string:
        raise ConfigError(f"{text}: switch.dial_template makes {dial_string} of it, which is several calls")
    return Target(dial_string)


def _lab(name: str, switch: SwitchSettings) -> Target:
    if switch.kind != "embedded":
        raise ConfigError(f"{LAB}{name}: callees of the lab live on the embedded switch: set switch.kind to embedded")
    if not name:
        raise ConfigError(f"{LAB}: say whom to call, e.g. {LAB}person_fr or {LAB}greeting.wav")
    path = Path(name)
    try:
        quoted = quote(name)
        if path.is_file():
            return Target(f"lab/{quote(str(path.resolve()))}", path)
        if "/" in name or path.suffix or path.is_dir():
            raise ConfigError(f"{LAB}{name}: no such file")
    except (OSError, ValueError) as error:
        raise ConfigError(f"{LAB}{name!r}: cannot be the name of a file or a callee: {error}") from error
    if name not in (known := shipped()):
        raise ConfigError(f"{LAB}{name}: no callee of that name; valid: {', '.join(known)}, or a path to a file")
    return Target(f"lab/{quoted}")
