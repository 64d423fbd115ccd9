"""Whom to call: what a user writes → what the switch dials."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from robot.errors import ConfigError
from robot.lab.directory import shipped
from robot.settings.calling import Gateway, SwitchSettings
from robot.settings.section import DIALABLE

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
    gateway: Gateway | None = None
    """the way out that the number's prefix chose; None without one"""


def parse_target(text: str, switch: SwitchSettings, e164: str = "") -> Target:
    """``lab:FILE``, ``lab:NAME``, a dial string (with a ``/``) or a number. Raises ``ConfigError``: what to write.

    ``e164``: the number in full, where it is known; without it the prefixes of gateways are those of the text.
    """
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
    if "/" in text:
        return Target(text)
    number = e164 or text
    gateway = find_gateway(number, switch)
    if gateway is None:
        template, dialled = switch.dial_template, text
    else:
        forms = {"e164": number, "digits": number.removeprefix("+"), "written": text}
        template, dialled = gateway.template, forms[gateway.number]
    dial_string = template.replace("{target}", dialled)
    if _SEVERAL_CALLS in dial_string:
        raise ConfigError(f"{text}: the template {template} makes {dial_string} of it, which is several calls")
    return Target(dial_string, gateway=gateway)


def find_gateway(number: str, switch: SwitchSettings) -> Gateway | None:
    """The gateway with the longest prefix of ``number``; one without prefixes takes what no other does."""
    ranked = [
        (max((len(prefix) for prefix in gateway.prefixes if number.startswith(prefix)), default=-1), gateway)
        for gateway in switch.gateways.values()
        if gateway.prefixes
    ]
    ranked += [(0, gateway) for gateway in switch.gateways.values() if not gateway.prefixes]
    length, best = max(ranked, key=lambda pair: pair[0], default=(-1, None))
    return best if length >= 0 else None


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
