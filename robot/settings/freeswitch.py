"""The section ``freeswitch``: what a FreeSWITCH that serves the robot is configured from.

Every text here ends up in XML, some of it in a regular expression or a dial string, so each is held to the characters
that its kind needs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import IPv4Address, ip_network
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from robot.settings.section import DIALABLE, PositiveInt, Section

_HOST = re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*")


def _address(text: str) -> str:
    try:
        address = IPv4Address(text)
    except ValueError as error:
        raise ValueError("should be an IPv4 address, e.g. 192.168.1.10") from error
    if address.is_unspecified or address.is_multicast:
        raise ValueError("should be one address of this machine, not all of them")
    return text


def _network(text: str) -> str:
    try:
        return str(ip_network(text))
    except ValueError as error:
        raise ValueError("should be an address or a network, e.g. 203.0.113.7 or 203.0.113.0/28") from error


def _host(text: str) -> str:
    if not _HOST.fullmatch(text):
        raise ValueError("should be a host name or an address, without a port")
    return text


def _variable(text: str) -> str:
    if not re.fullmatch(r"[A-Z_][A-Z0-9_]*|", text) or text.startswith("ALLOBOT_"):
        raise ValueError("should be the name of an environment variable, e.g. CARRIER_PASSWORD, not ALLOBOT_…")
    return text


def _prefix(text: str) -> str:
    if not re.fullmatch(rf"[{DIALABLE}]*", text) or ":_:" in text:
        raise ValueError("should hold only letters, digits and _@.:/+*#;=%~-")
    return text


Address = Annotated[str, AfterValidator(_address)]
Network = Annotated[str, AfterValidator(_network)]
Extension = Annotated[str, Field(pattern=r"^[A-Za-z0-9*#_.+-]{1,40}$")]
"""a number or name that can be dialled"""
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,39}$")]
Account = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.+@-]{0,80}$")]
Srtp = Literal["none", "optional", "mandatory"]
Codec = Literal["PCMA", "PCMU", "G722", "OPUS"]
SipPort = Annotated[int, Field(ge=1024, le=65535)]


class SoftphoneSettings(Section):
    """A telephone program that may register."""

    user: Name


class GatewaySettings(Section):
    """A carrier's trunk. Optional keys have their default here: a list's items have no place in the default file."""

    name: Name
    mode: Literal["register", "ip"]
    host: Annotated[str, AfterValidator(_host)]
    port: Annotated[int, Field(ge=1, le=65535)] = 5060
    transport: Literal["udp", "tcp", "tls"] = "udp"
    username: Account = ""
    password_env: Annotated[str, AfterValidator(_variable)] = ""
    realm: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{0,80}$")] = ""
    caller_id: Annotated[str, Field(pattern=r"^[+]?[0-9]{0,20}$")] = ""
    prefix: Annotated[str, AfterValidator(_prefix)] = ""
    addresses: tuple[Network, ...] = ()
    srtp: Srtp = "none"
    ping_s: Annotated[int, Field(ge=0, le=3600)] = 0

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.mode == "register" and not (self.username and self.password_env):
            raise ValueError("mode register needs username and password_env")
        return self


class FreeswitchSettings(Section):
    """A whole FreeSWITCH, but for its event socket's password, which is a secret."""

    sip_ip: Address
    public_ip: Annotated[str, AfterValidator(lambda text: text and _address(text))]
    internal_port: SipPort
    external_port: SipPort
    rtp_start: SipPort
    rtp_end: SipPort
    codecs: Annotated[tuple[Codec, ...], Field(min_length=1)]
    max_sessions: PositiveInt
    sessions_per_second: PositiveInt
    media_timeout_s: Annotated[int, Field(ge=1, le=3600)]
    echo_extension: Extension
    esl_ip: Address
    esl_allowed: tuple[Network, ...]
    tls: bool
    tls_port: SipPort
    srtp: Srtp
    softphones: tuple[SoftphoneSettings, ...]
    gateways: tuple[GatewaySettings, ...]

    @model_validator(mode="after")
    def _agree(self) -> Self:
        _unlike("softphones", (phone.user for phone in self.softphones))
        _unlike("gateways", (gateway.name for gateway in self.gateways))
        _unlike("codecs", self.codecs)
        ports = {self.internal_port, self.external_port} | ({self.tls_port} if self.tls else set())
        if len(ports) < 2 + self.tls:
            raise ValueError("internal_port, external_port and tls_port should differ")
        if self.rtp_end < self.rtp_start + 10:
            raise ValueError("rtp_end should be above rtp_start by four ports for each call")
        if any(self.rtp_start <= port <= self.rtp_end for port in ports):
            raise ValueError("the SIP ports should lie outside rtp_start … rtp_end")
        if not IPv4Address(self.esl_ip).is_loopback and not self.esl_allowed:
            raise ValueError("esl_ip beyond loopback needs esl_allowed: the addresses that robots connect from")
        return self


def _unlike(what: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name.lower() in seen:
            raise ValueError(f"{what}: {name} is there twice")
        seen.add(name.lower())
