"""The settings and passwords → the text of every file of a FreeSWITCH's configuration.

Each file under ``freeswitch_conf/`` becomes one of the same name, but for ``parts/``: what several files share, and the
gateway, which is rendered once for each carrier.
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from robot.errors import ConfigError
from robot.freeswitch.passwords import ESL_FILE, SOFTPHONE_FOLDER, Passwords
from robot.freeswitch.values import WHAT_IS_UNSAFE, exactly, is_safe
from robot.settings import Settings, data_folder
from robot.settings.freeswitch import GatewaySettings

_TEMPLATE = ".j2"
_PARTS = "parts"
_GRACE_S = 60
"""how long after the longest call the switch ends one by itself: only if the robot never took it, or is gone"""


def templates_folder() -> Path:
    """Where the templates are: in the checkout, or where an installed package keeps its data."""
    return data_folder() / "freeswitch_conf"


def render(settings: Settings, passwords: Passwords) -> dict[str, str]:
    """Every file as {path relative to the configuration's folder: text}, the files with one password each included.

    The same arguments give the same text. Raises ``ConfigError`` for a value that would not stay text in the XML.
    """
    folder = templates_folder()
    environment = Environment(
        loader=FileSystemLoader(folder),
        undefined=StrictUndefined,
        autoescape=True,
        finalize=_checked,
        keep_trailing_newline=True,
    )
    environment.filters["exactly"] = exactly
    values = _values(settings, passwords)
    files: dict[str, str] = {}
    for path in sorted(path for path in folder.rglob("*.xml*") if path.is_file()):
        name = path.relative_to(folder).as_posix()
        if name.endswith(_TEMPLATE) and not name.startswith(f"{_PARTS}/"):
            files[name.removesuffix(_TEMPLATE)] = environment.get_template(name).render(values)
        elif path.suffix == ".xml":
            files[name] = path.read_text(encoding="utf-8")
    gateway_template = environment.get_template(f"{_PARTS}/gateway.xml{_TEMPLATE}")
    for gateway in settings.freeswitch.gateways:
        files[f"sip_profiles/gateways/{gateway.name}.xml"] = gateway_template.render(values, gateway=gateway)
    files[ESL_FILE] = f"{passwords.esl}\n"
    for user, password in passwords.softphones.items():
        files[f"{SOFTPHONE_FOLDER}/{user}"] = f"{password}\n"
    return files


def _values(settings: Settings, passwords: Passwords) -> dict[str, Any]:
    switch, inbound = settings.freeswitch, settings.inbound
    carriers = {network for gateway in switch.gateways for network in _calls_from(gateway)}
    return {
        **{name: getattr(switch, name) for name in type(switch).model_fields},
        "numbers": _bare(inbound.numbers),
        "extensions": inbound.extensions,
        "unknown": inbound.unknown,
        "esl_port": settings.esl.port,
        "esl_password": passwords.esl,
        "softphone_passwords": passwords.softphones,
        "gateway_passwords": passwords.gateways,
        "carriers": sorted({f"{switch.sip_ip}/32", *carriers}),
        "carriers_tls": any(gateway.transport == "tls" for gateway in switch.gateways),
        "park_timeout_s": settings.call.max_duration_s + _GRACE_S,
    }


def _bare(numbers: Mapping[str, str]) -> dict[str, str]:
    """The numbers without the + or 00 of an international one, which the dialplan takes in either way or without."""
    return {number.removeprefix("+").removeprefix("00"): scenario for number, scenario in numbers.items()}


def _calls_from(gateway: GatewaySettings) -> tuple[str, ...]:
    """The networks that a carrier's calls come from: those given, and its host where that is an address."""
    try:
        return (*gateway.addresses, str(ip_network(gateway.host)))
    except ValueError:
        return gateway.addresses


def _checked(value: object) -> object:
    if isinstance(value, str) and not is_safe(value):
        raise ConfigError(f"a value for FreeSWITCH's configuration {WHAT_IS_UNSAFE}")  # not shown: it may be a password
    return value
