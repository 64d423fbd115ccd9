"""The section ``freeswitch``: what does not fit a FreeSWITCH, or would not stay text in its files, is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from robot.errors import ConfigError
from robot.settings import Settings, load_settings


def load(**section: Any) -> Settings:
    return load_settings([], [f"freeswitch.{key}={json.dumps(value)}" for key, value in section.items()], {})


def gateway(**changes: Any) -> Settings:
    return load(gateways=[{"name": "carrier", "mode": "ip", "host": "sip.example.com", **changes}])


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ({"sip_ip": "example.com"}, "IPv4 address"),
        ({"sip_ip": "0.0.0.0"}, "not all of them"),
        ({"sip_ip": ""}, "IPv4 address"),
        ({"public_ip": "::1"}, "IPv4 address"),
        ({"internal_port": 80}, "1024"),
        ({"internal_port": 5080}, "should differ"),
        ({"internal_port": 20000}, "outside rtp_start"),
        ({"rtp_end": 16390, "rtp_start": 16384}, "rtp_end should be above"),
        ({"codecs": []}, "at least 1"),
        ({"codecs": ["PCMA", "PCMA"]}, "PCMA is there twice"),
        ({"codecs": ["GSM"]}, "'PCMA', 'PCMU', 'G722' or 'OPUS'"),
        ({"esl_ip": "10.0.0.1"}, "needs esl_allowed"),
        ({"esl_allowed": ["10.0.0.1/8"]}, "a network"),
        ({"softphones": [{"user": "a"}, {"user": "A"}]}, "A is there twice"),
        ({"softphones": [{"user": "a", "password": "x"}]}, "unknown key"),
        ({"tls": True, "tls_port": 5060}, "should differ"),
    ],
)
def test_what_does_not_fit(section: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(**section)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"mode": "register"}, "needs username and password_env"),
        ({"host": "sip.example.com:5060"}, "without a port"),
        ({"host": "a..b"}, "host name"),
        ({"password_env": "ALLOBOT_X"}, "not ALLOBOT_"),
        ({"password_env": "hunter2"}, "environment variable"),
        ({"password": "x"}, "unknown key"),
        ({"prefix": "a:_:b"}, "only letters"),
        ({"caller_id": "Anna"}, "pattern"),
        ({"addresses": ["sip.example.com"]}, "an address or a network"),
    ],
)
def test_what_does_not_fit_a_gateway(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        gateway(**changes)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    "bad", ['a"b', "a<b", "a&b", "a'b", "${a}", "$${a}", "a\nb", "a b", "{a}", "a,b", "../a", "a/b", "a|b", "é"]
)
def test_nothing_breaks_out(bad: str) -> None:
    for changes in ({"name": bad}, {"host": bad}, {"username": bad}, {"realm": bad}, {"caller_id": bad}):
        with pytest.raises(ConfigError):
            gateway(**changes)
    if bad not in ("../a", "a/b"):
        with pytest.raises(ConfigError):
            gateway(prefix=bad)
    for section in ({"softphones": [{"user": bad}]}, {"echo_extension": bad}, {"sip_ip": bad}, {"esl_ip": bad}):
        with pytest.raises(ConfigError):
            load(**section)
    for key in ("numbers", "extensions"):
        with pytest.raises(ConfigError):
            load_settings([], [f"inbound.{key}={json.dumps({bad: 'appointment_fr'})}"], {})
        with pytest.raises(ConfigError):
            load_settings([], [f"inbound.{key}={json.dumps({'33123456789': bad})}"], {})


def test_addresses_become_networks() -> None:
    settings = load(esl_allowed=["10.0.0.1", "10.1.0.0/16"]).freeswitch
    assert settings.esl_allowed == ("10.0.0.1/32", "10.1.0.0/16")
