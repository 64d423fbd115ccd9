"""Settings and passwords that the renderings of these tests start from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from robot.freeswitch import Passwords
from robot.settings import Settings, load_settings

EVERYTHING = """
esl: {port: 8099}
inbound:
  numbers: {"+33123456789": appointment_fr, "0044200000": appointment_en}
  extensions: {"5000": appointment_fr, "*98#": appointment_en}
  unknown: appointment_en
freeswitch:
  sip_ip: 192.168.1.10
  public_ip: 203.0.113.9
  tls: true
  srtp: mandatory
  esl_ip: 192.168.1.10
  esl_allowed: [192.168.1.20]
  softphones: [{user: alice}, {user: "1002"}]
  gateways:
    - {name: carrier, mode: register, host: sip.example.com, username: me, password_env: CARRIER_PASSWORD, prefix: "00"}
    - {name: trunk, mode: ip, host: 198.51.100.7, port: 5061, transport: tls, caller_id: "+33100000000", srtp: optional,
       ping_s: 30, addresses: [198.51.100.0/28]}
"""
PASSWORDS = Passwords("esl-secret-1", {"alice": "alice-secret", "1002": "other-secret"}, {"carrier": "carrier-secret"})
MakeSettings = Callable[..., Settings]


@pytest.fixture
def make_settings(tmp_path: Path) -> MakeSettings:
    """Settings from a YAML text (the one with everything in it by default) and overrides."""

    def made(text: str = EVERYTHING, *overrides: str, **environment: str) -> Settings:
        file = tmp_path / "my.yaml"
        file.write_text(text, encoding="utf-8")
        return load_settings([file], overrides, environment)

    return made


@pytest.fixture
def settings(make_settings: MakeSettings) -> Settings:
    return make_settings()


@pytest.fixture
def passwords() -> Passwords:
    return PASSWORDS
