"""The guard of a running robot: numbers, ways out, and how many calls."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robot.dialling import DialGuard, FileDayCount
from robot.errors import ConfigError, DialRefused
from robot.lab.clock import run_virtual
from robot.settings import load_settings
from robot.targets import Target

REAL = ("switch.kind=freeswitch", "switch.dial_template=sofia/gateway/rest/{target}")
GATEWAYS = (
    'switch.gateways.fr={template: "sofia/gateway/fr/{target}", prefixes: ["+33"], caller_id_number: "+33140000000"}',
    'switch.gateways.mobile={template: "sofia/gateway/mobile/{target}", prefixes: ["+336", "+337"], number: digits}',
    'switch.gateways.world={template: "sofia/gateway/world/00{target}", prefixes: ["+1", "+44"], number: digits}',
)
OUTSIDE = Target("sofia/gateway/fr/+33140000000")


class Count:
    """So many calls were placed before."""

    def __init__(self, placed: int = 0) -> None:
        self.placed = placed

    def add(self, day: str) -> int:
        assert day == "2026-01-05"
        self.placed += 1
        return self.placed


def guard(*overrides: str, placed: int = 0) -> DialGuard:
    settings = load_settings([], [*REAL, *overrides], {})
    return DialGuard(settings, Count(placed), lambda: datetime(2026, 1, 5, tzinfo=UTC))


def refused(text: str, *overrides: str) -> DialRefused:
    with pytest.raises(DialRefused) as caught:
        guard(*overrides).target(text)
    return caught.value


@pytest.mark.parametrize(
    ("text", "dialled"),
    [("0140000000", "sofia/gateway/fr/+33140000000"), ("0612345678", "sofia/gateway/mobile/33612345678"),
     ("+447911123456", "sofia/gateway/world/00447911123456"), ("+41446681800", "sofia/gateway/rest/+41446681800")],
)  # fmt: skip
def test_the_longest_prefix_chooses_the_way_out(text: str, dialled: str) -> None:
    assert guard(*GATEWAYS, "guard.allowed_countries=[]").target(text).dial_string == dialled


def test_a_gateway_without_prefixes_takes_the_rest() -> None:
    rest = "switch.gateways.other=sofia/gateway/other/{target}"
    assert guard(*GATEWAYS, rest, "guard.allowed_countries=[]").target("+41446681800").dial_string == (
        "sofia/gateway/other/+41446681800"
    )


def test_a_gateway_has_its_caller_id() -> None:
    gateway = guard(*GATEWAYS).target("0140000000").gateway
    assert gateway is not None
    assert gateway.caller_id_number == "+33140000000"


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("+12125550123", "guard.allowed_countries"),
        ("0899123456", "guard.refused_kinds"),
        ("112", "guard.default_country"),
        ("sofia/gateway/fr/112", "guard.default_country"),
        ("sofia/gateway/fr/0033899123456", "guard.refused_kinds"),
        ("sofia/external/+12125550123@carrier.example", "guard.allowed_countries"),
        ("sofia/external/%2B12125550123@carrier.example", "guard.allowed_countries"),
        ("sofia/external/sip:0899123456@carrier.example", "guard.refused_kinds"),
        ("loopback/0899123456/default", "guard.refused_kinds"),
    ],
)
def test_a_refusal_names_its_rule(text: str, rule: str) -> None:
    error = refused(text)
    assert error.rule == rule
    assert rule in str(error)
    assert error.exit_code == 2


@pytest.mark.parametrize("text", ["user/1000", "sofia/internal/echo@127.0.0.1:5080", "sofia/internal/1000@10.0.0.1"])
def test_extensions_and_test_peers_are_no_numbers(text: str) -> None:
    assert guard().target(text).dial_string == text


def test_without_the_guard_everything_may_be_dialled() -> None:
    assert guard("guard.enabled=false").target("0899123456").dial_string == "sofia/gateway/rest/0899123456"


def test_what_cannot_be_written_is_told_first() -> None:
    with pytest.raises(ConfigError, match="only letters"):
        guard().target("06 {a=b}")


@given(st.text("+0123456789/:@%sofiagatewyr*#.-", max_size=40))
def test_nothing_expensive_gets_through(text: str) -> None:
    try:
        dialled = guard(*GATEWAYS).target(text).dial_string
    except (ConfigError, DialRefused):
        return
    if "/" not in text:
        assert dialled.partition("gateway/")[2].lstrip("fmobilerst/+").startswith(("33", "0"))


def place(guarded: DialGuard, *targets: Target, pause_s: float = 0.0) -> list[str]:
    """The rules that refused these calls, "" for none; all stay up."""
    seen: list[str] = []

    async def main() -> None:
        async with AsyncExitStack() as stack:
            for target in targets:
                try:
                    await stack.enter_async_context(guarded.slot(target))
                    seen.append("")
                except DialRefused as error:
                    seen.append(error.rule)
                await asyncio.sleep(pause_s)

    run_virtual(main())
    return seen


def test_so_many_calls_at_once() -> None:
    guarded = guard("call.max_concurrent=2")
    lab = Target("lab/person_fr")
    assert place(guarded, OUTSIDE, lab, lab, OUTSIDE) == ["", "", "call.max_concurrent", "call.max_concurrent"]
    assert place(guarded, OUTSIDE) == [""], "a call that is over counts no more"


def test_so_many_calls_a_second() -> None:
    few = "guard.calls_per_second=1"
    assert place(guard(few), OUTSIDE, OUTSIDE) == ["", "guard.calls_per_second"]
    assert place(guard(few), OUTSIDE, OUTSIDE, pause_s=1.0) == ["", ""]
    assert place(guard(few), *[Target("lab/x")] * 3) == ["", "", ""]


def test_so_many_calls_a_day() -> None:
    assert place(guard("guard.calls_per_day=10", placed=9), OUTSIDE, OUTSIDE) == ["", "guard.calls_per_day"]


def test_processes_count_together(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as executor:
        counts = list(executor.map(lambda _: FileDayCount(tmp_path / "dialled").add("2026-01-05"), range(200)))
    assert max(counts) == 200
    assert FileDayCount(tmp_path / "dialled").add("2026-01-06") == 1


def test_a_count_that_cannot_be_kept_stops_the_call(tmp_path: Path) -> None:
    (tmp_path / "dialled").write_text("")
    with pytest.raises(ConfigError, match="cannot be counted"):
        FileDayCount(tmp_path / "dialled").add("2026-01-05")
