"""What to do with a rendered configuration: the commands, and what the settings leave to be thought of."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

from robot.freeswitch.folder import RUNTIME, RUNTIME_FOLDERS
from robot.freeswitch.passwords import ESL_FILE, SOFTPHONE_FOLDER
from robot.settings import Settings


@dataclass(frozen=True, slots=True)
class Softphone:
    """What to enter in a softphone."""

    user: str
    server: str
    password_file: str


@dataclass(frozen=True, slots=True)
class NextSteps:
    """Command lines for a shell, and remarks."""

    start: str
    export: str
    call: str
    softphones: tuple[Softphone, ...]
    notes: tuple[str, ...]


def next_steps(settings: Settings, folder: Path) -> NextSteps:
    """The steps for a configuration rendered from ``settings`` into ``folder`` (absolute)."""
    switch = settings.freeswitch
    echo = f"sofia/external/{switch.echo_extension}@{switch.sip_ip}:{switch.external_port}"
    target = f"user/{switch.softphones[0].user}" if switch.softphones else echo
    kind = "" if settings.switch.kind == "freeswitch" else " --set switch.kind=freeswitch"
    password_file = shlex.quote(str(folder / ESL_FILE))
    server = f"{switch.sip_ip}:{switch.internal_port}"
    return NextSteps(
        start=_start(folder),
        export=f'export ALLOBOT_ESL_PASSWORD="$(cat {password_file})"',
        call=f"allobot call {target}{kind}",
        softphones=tuple(
            Softphone(phone.user, server, str(folder / SOFTPHONE_FOLDER / phone.user)) for phone in switch.softphones
        ),
        notes=tuple(_notes(settings)),
    )


def _start(folder: Path) -> str:
    """FreeSWITCH wants all of its folders named as soon as one is."""
    folders = {"conf": folder, **{name: folder / RUNTIME / name for name in RUNTIME_FOLDERS}}
    return "freeswitch -nonat -nc " + " ".join(f"-{name} {shlex.quote(str(path))}" for name, path in folders.items())


def _notes(settings: Settings) -> Iterator[str]:
    switch, inbound = settings.freeswitch, settings.inbound
    if not inbound.numbers and not inbound.extensions:
        yield "nobody can call the robot yet: set inbound.numbers and inbound.extensions"
    if IPv4Address(switch.sip_ip).is_loopback:
        yield "only programs on this machine reach it: set freeswitch.sip_ip to an address of this machine"
    for gateway in switch.gateways:
        dial = f"sofia/gateway/{gateway.name}/{gateway.prefix}{{target}}"
        yield f"dial through {gateway.name} with: --set switch.dial_template='{dial}'"
        if not gateway.addresses and not gateway.host[-1].isdigit():
            yield f"calls from {gateway.name} are refused: set the addresses that they come from"
    if switch.tls or any(gateway.transport == "tls" for gateway in switch.gateways):
        yield "TLS needs tls/agent.pem (certificate, then key) and tls/cafile.pem in the folder"
