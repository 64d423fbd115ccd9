"""Sections about placing calls: the way out, what may be dialled, and handing a caller over."""

from __future__ import annotations

import re
from typing import Annotated, Literal

import phonenumbers
from pydantic import AfterValidator, BeforeValidator, Field

from robot.fsm.dial_guard import NumberKind
from robot.settings.section import DIALABLE, Positive, PositiveInt, Section

_TEMPLATE = re.compile(rf"[{DIALABLE}]*\{{target\}}[{DIALABLE}]*")


def _dial_template(text: str) -> str:
    if not _TEMPLATE.fullmatch(text) or ":_:" in text:
        raise ValueError("should hold {target} once and else only letters, digits and _@.:/+*#;=%~-")
    return text


def _country(text: str) -> str:
    if text not in phonenumbers.SUPPORTED_REGIONS:
        raise ValueError("should be a country's two letters (ISO 3166), e.g. FR")
    return text


def _template_alone(value: object) -> object:
    return {"template": value} if isinstance(value, str) else value


DialTemplate = Annotated[str, AfterValidator(_dial_template)]
Country = Annotated[str, AfterValidator(_country)]
Prefix = Annotated[str, Field(pattern=r"^\+[0-9]{1,15}$")]
CallerNumber = Annotated[str, Field(pattern=r"^[0-9A-Za-z+*#._ ()-]{0,40}$")]
CallerName = Annotated[str, Field(max_length=80, pattern=r"""^[^\x00-\x1f\x7f<>"\\;`$%{}]*$""")]
"""nothing that could end a quoted name in a SIP header, or that a switch would replace"""


class Gateway(Section):
    """A way out: a SIP trunk, and which numbers take it. A text alone is its ``template``."""

    template: DialTemplate
    prefixes: tuple[Prefix, ...] = ()
    """numbers that begin so take this way; the longest prefix of all gateways wins, none at all takes the rest"""
    number: Literal["e164", "digits", "written"] = "e164"
    """what stands for {target}: +33123456789, 33123456789, or what the user wrote"""
    caller_id_number: CallerNumber = ""
    """empty: call.caller_id_number"""
    caller_id_name: CallerName = ""
    ring_timeout_s: Annotated[int, Field(ge=1, le=300)] | None = None


class SwitchSettings(Section):
    kind: Literal["embedded", "freeswitch"]
    dial_template: DialTemplate
    gateways: dict[
        Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$")], Annotated[Gateway, BeforeValidator(_template_alone)]
    ]


class GuardSettings(Section):
    enabled: bool
    default_country: Country
    allowed_countries: tuple[Country, ...]
    allowed_prefixes: tuple[Prefix, ...]
    refused_prefixes: tuple[Prefix, ...]
    refused_kinds: tuple[NumberKind, ...]
    calls_per_second: PositiveInt
    calls_per_day: PositiveInt


class TransferSettings(Section):
    hold_music: Annotated[
        str,
        Field(pattern=r"^(tone_stream://[A-Za-z0-9%(),.;=+/-]+|/[^\x00-\x1f\x7f\\{}\[\]$`]*)$"),
    ]
    ring_timeout_s: Annotated[int, Field(ge=1, le=300)]
    bridge_timeout_s: Positive
    max_duration_s: Annotated[int, Field(ge=1, le=86_400)]
