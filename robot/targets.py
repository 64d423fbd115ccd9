"""Whom to call: what a user writes → what the switch dials."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from robot.errors import ConfigError
from robot.settings.schema import SwitchSettings

LAB = "lab:"
_SAFE = re.compile(r"[A-Za-z0-9_@.:/+*#;=%~-]+")
"""no space, comma, brace or quote: nothing that could add a variable, an application or a second leg"""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a call goes."""

    dial_string: str


def parse_target(text: str, switch: SwitchSettings) -> Target:
    """``lab:FILE``, ``lab:NAME``, a dial string (with a ``/``) or a number. Raises ``ConfigError``: what to write."""
    if text.startswith(LAB):
        return Target(_lab(text.removeprefix(LAB), switch))
    if switch.kind == "embedded":
        raise ConfigError(
            f"{text}: numbers and dial strings need a real switch: set switch.kind to freeswitch, "
            "or call lab:FILE (a sound file or a callee plan) on the embedded one"
        )
    dial_string = text if "/" in text else switch.dial_template.format(target=text)
    if not _SAFE.fullmatch(dial_string):
        raise ConfigError(f"{text}: not a number or a dial string: only letters, digits and _@.:/+*#;=%~- are allowed")
    return Target(dial_string)


def _lab(name: str, switch: SwitchSettings) -> str:
    if switch.kind != "embedded":
        raise ConfigError(f"{LAB}{name}: callees of the lab live on the embedded switch: set switch.kind to embedded")
    if not name:
        raise ConfigError(f"{LAB}: say whom to call, e.g. {LAB}person_fr or {LAB}greeting.wav")
    path = Path(name)
    if path.exists():
        return f"lab/{quote(str(path.resolve()))}"
    if "/" in name or path.suffix:
        raise ConfigError(f"{LAB}{name}: no such file")
    return f"lab/{quote(name)}"
