"""What may be dialled, and how fast."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robot.fsm.dial_guard import Allowed, NumberRules, Pace, PaceRules, Refusal, check_number

FRANCE = NumberRules(
    "FR", frozenset({"FR"}), refused_prefixes=("+3389",), refused_kinds=frozenset({"premium_rate", "shared_cost"})
)
ANYWHERE = replace(FRANCE, allowed_countries=frozenset())


def rule(written: str, rules: NumberRules = FRANCE) -> str:
    found = check_number(written, rules)
    return found.rule if isinstance(found, Refusal) else ""


@pytest.mark.parametrize("written", ["0612345678", "06 12 34 56 78", "+33612345678", "0033612345678", "06.12.34.56.78"])
def test_one_number_however_it_is_written(written: str) -> None:
    assert check_number(written, FRANCE) == Allowed("+33612345678", "FR")


@pytest.mark.parametrize(
    "written",
    ["", "1", "15", "112", "999", "3615", "+", "+33", "06123", "061234567890", "abc", "0800FLOWERS", "tel:112",
     "+33612345678;ext=4", "tel:+33612345678", "٠٦١٢٣٤٥٦٧٨", "+330612345678\n", "0612345678,06123", "+999123456789"],
)  # fmt: skip
def test_what_is_no_number_is_refused(written: str) -> None:
    assert rule(written) == "guard.default_country"


@pytest.mark.parametrize(
    "written", ["+442079460000", "+12125550123", "+41446681800", "+262262123456", "+88213312345678"]
)
def test_other_countries_are_refused(written: str) -> None:
    assert rule(written) in ("guard.allowed_countries", "guard.default_country")


@pytest.mark.parametrize(
    ("written", "refused_by"),
    [("0899123456", "guard.refused_prefixes"), ("+33892690000", "guard.refused_prefixes"),
     ("0820123456", "guard.refused_kinds"), ("+19002345678", "guard.refused_kinds"),
     ("+449098790000", "guard.refused_kinds")],
)  # fmt: skip
def test_expensive_numbers_are_refused(written: str, refused_by: str) -> None:
    assert rule(written, ANYWHERE) == refused_by


def test_an_allowed_prefix_narrows() -> None:
    mobile = replace(FRANCE, allowed_prefixes=("+336", "+337"))
    assert rule("0612345678", mobile) == ""
    assert rule("0123456789", mobile) == "guard.allowed_prefixes"


def test_a_refusal_never_repeats_the_number() -> None:
    for written in ("+442079460000", "0899123456", "0123"):
        found = check_number(written, FRANCE)
        assert isinstance(found, Refusal)
        assert written.lstrip("+0") not in found.why


@given(st.one_of(st.text(), st.text("+0123456789 ().-#*;,ab\n{}$", max_size=25)))
def test_whatever_is_written_only_a_plain_allowed_number_passes(written: str) -> None:
    match check_number(written, FRANCE):
        case Allowed(e164=e164, country=country):
            assert country == "FR"
            assert e164.startswith("+33")
            assert e164[1:].isascii()
            assert e164[1:].isdecimal()
            assert not e164.startswith("+3389")
        case Refusal(rule=rule, why=why):
            assert rule.startswith("guard.")
            assert why


@given(st.integers(0, 10**15))
def test_what_passes_passes_again_as_it_is_dialled(number: int) -> None:
    found = check_number(f"+{number}", ANYWHERE)
    if isinstance(found, Allowed):
        assert check_number(found.e164, ANYWHERE) == found


def test_so_many_a_second() -> None:
    pace = Pace(PaceRules(per_second=2, at_once=100))
    assert [pace.place(at_s) is None for at_s in (0.0, 0.5, 0.9, 1.0, 1.4, 1.5)] == [
        True,
        True,
        False,
        True,
        False,
        True,
    ]


def test_so_many_at_once() -> None:
    pace = Pace(PaceRules(per_second=100, at_once=1))
    assert pace.place(0.0) is None
    refusal = pace.place(5.0)
    assert refusal is not None
    assert refusal.rule == "call.max_concurrent"
    pace.end()
    assert pace.place(5.0) is None


@given(
    st.integers(1, 5),
    st.integers(1, 5),
    st.lists(st.tuples(st.sampled_from(["place", "lab", "end"]), st.floats(0, 0.6)), max_size=60),
)
def test_no_limit_is_ever_exceeded(per_second: int, at_once: int, story: list[tuple[str, float]]) -> None:
    pace, now_s, placed = Pace(PaceRules(per_second, at_once)), 0.0, list[float]()
    for what, after_s in story:
        now_s += after_s
        if what == "end":
            if pace.up:
                pace.end()
        elif pace.place(now_s, limited=what == "place") is None and what == "place":
            placed.append(now_s)
        assert 0 <= pace.up <= at_once
        assert sum(at_s > now_s - 1.0 for at_s in placed) <= per_second
