"""The passwords of a rendered FreeSWITCH, and where each comes from.

Ours and the softphones' are made up once and then kept, each alone in a file of the rendered folder, where ``cat``
finds it; who edits such a file chooses that password. A carrier's comes from the environment, and is never made up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from robot.errors import ConfigError
from robot.freeswitch.values import WHAT_IS_UNSAFE, is_safe
from robot.settings import Settings
from robot.settings.freeswitch import GatewaySettings

ESL_FILE = "passwords/esl"
SOFTPHONE_FOLDER = "passwords/softphones"
MIN_LENGTH = 12
ALPHABET = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""of made-up passwords: a person types some of them into a telephone, so no character is like another"""
LENGTH = 24
"""139 bits of such characters"""
_DEFAULT = "ClueCon"
"""FreeSWITCH's own, which everybody knows"""


@dataclass(frozen=True, slots=True)
class Passwords:
    """All passwords that a configuration holds."""

    esl: str
    softphones: Mapping[str, str]
    """by user"""
    gateways: Mapping[str, str]
    """by gateway, of those that have one"""

    def __repr__(self) -> str:
        return f"Passwords(softphones={sorted(self.softphones)}, gateways={sorted(self.gateways)})"


def gather_passwords(
    settings: Settings, folder: Path, environment: Mapping[str, str], invent: Callable[[], str], *, renew: bool = False
) -> Passwords:
    """The event socket's: the environment's, else that in ``folder``, else ``invent()``; a softphone's: likewise, from
    its file alone. ``renew`` invents all of these.

    Raises ``ConfigError``: a carrier's is not set, or one cannot be used.
    """

    def kept(file: str) -> str:
        return (not renew and _read(folder / file)) or invent()

    ours = "" if renew else settings.esl.password.get_secret_value()
    if ours:
        _check("ALLOBOT_ESL_PASSWORD", ours)
    users = [phone.user for phone in settings.freeswitch.softphones]
    return Passwords(
        esl=ours or kept(ESL_FILE),
        softphones={user: kept(f"{SOFTPHONE_FOLDER}/{user}") for user in users},
        gateways={
            gateway.name: _of_carrier(gateway, environment)
            for gateway in settings.freeswitch.gateways
            if gateway.password_env
        },
    )


def _read(path: Path) -> str:
    """The password in a file; empty when there is no such file."""
    try:
        text = path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error
    _check(str(path), text)
    return text


def _check(where: str, password: str) -> None:
    if len(password) < MIN_LENGTH or any(map(str.isspace, password)) or password == _DEFAULT:
        raise ConfigError(f"{where}: a password needs {MIN_LENGTH} characters or more, and no spaces")
    if not is_safe(password):
        raise ConfigError(f"{where}: a password {WHAT_IS_UNSAFE}")


def _of_carrier(gateway: GatewaySettings, environment: Mapping[str, str]) -> str:
    """A carrier's password, which is as short as the carrier likes."""
    password = environment.get(gateway.password_env, "")
    if not password:
        raise ConfigError(f"freeswitch.gateways: {gateway.name}: its password is expected in {gateway.password_env}")
    if not is_safe(password):
        raise ConfigError(f"{gateway.password_env}: a password {WHAT_IS_UNSAFE}")
    return password
