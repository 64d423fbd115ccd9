"""Pydantic's faults in words, and all faults of a document together."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.dataclasses import dataclass

from robot.documents import Document, Location, Severity, Text, check, parse_document, raise_errors, validate
from robot.errors import ConfigError, ScenarioError


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Sing(Part):
    kind: Literal["sing"] = "sing"
    song: Text
    loud: Annotated[bool, Field(strict=True)] = False


class Dance(Part):
    kind: Literal["dance"] = "dance"
    steps: int = 1


@dataclass(config=ConfigDict(extra="forbid"))
class Stage:
    width_m: Annotated[float, Field(gt=0)]
    sing: Literal["well", "badly"] = "well"


class Show(Part):
    name: str
    stage: Stage | None = None
    acts: tuple[Annotated[Sing | Dance, Field(discriminator="kind")], ...] = ()
    seats: Annotated[dict[Text, Annotated[int, Field(ge=1)]], Field(min_length=1)] = {"a": 1}
    bands: dict[str, list[Sing]] | None = None

    @model_validator(mode="after")
    def _named(self) -> Show:
        if self.name == "fire":
            raise ValueError("nobody shouts fire")
        return self


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", ["f:1: should be a mapping, not nothing; valid keys: name, stage, acts, seats, bands"]),
        ("- name", ["f:1: should be a mapping, not a list; valid keys: name, stage, acts, seats, bands"]),
        ("stage: {}", ["f:1: name: is required", "f:1: stage.width_m: is required"]),
        ("nam: x", ["f:1: name: is required",
                    "f:1: nam: unknown key; did you mean name? valid: name, stage, acts, seats, bands"]),
        ("name: x\nzzz:\n", ["f:2: zzz: unknown key; valid: name, stage, acts, seats, bands"]),
        ("name: 3", ["f:1: name: should be a valid string, not 3; put it between quotes"]),
        ("name: [3]", ["f:1: name: should be a valid string, not a list"]),
        ("name:", ["f:1: name: should be a valid string, not nothing"]),
        ("name: fire", ["f:1: nobody shouts fire"]),
        ("name: x\nacts: {kind: dance}", ["f:2: acts: should be a list, not a mapping; start each item with a dash"]),
        ("name: x\nstage: wide", ["f:2: stage: should be a mapping, not 'wide'; valid keys: width_m, sing"]),
        ("name: x\nstage:\n  width_m: 0\n", ["f:3: stage.width_m: should be greater than 0, not 0"]),
        ("name: x\nstage: {width_m: wide}", ["f:2: stage.width_m: should be a valid number, not 'wide'"]),
        ("name: x\nstage: {width_m: 3, wodth_m: 3}", [
            "f:2: stage.wodth_m: unknown key; did you mean width_m? valid: width_m, sing"]),
        ("name: x\nstage: {width_m: 3, sing: badley}", [
            "f:2: stage.sing: should be 'well' or 'badly', not 'badley'; did you mean badly?"]),
        ("name: x\nacts:\n- {kind: sing, song: la, lod: 1}", [
            "f:3: acts.0.sing.lod: unknown key; did you mean loud? valid: song, loud"]),
        ("name: x\nacts:\n- {kind: dance, song: la}", ["f:3: acts.0.dance.song: unknown key; valid: steps"]),
        ("name: x\nacts:\n- {kind: dance, steps: 1.5}", [
            "f:3: acts.0.dance.steps: should be a valid integer, not 1.5"]),
        ("name: x\nacts:\n- {kind: sing, song: ' ', loud: yes}", [
            "f:3: acts.0.sing.song: must not be empty",
            "f:3: acts.0.sing.loud: should be a valid boolean, not 'yes'; write true or false"]),
        ("name: x\nseats: {a: 0, ' ': 1}", [
            "f:2: seats.a: should be greater than or equal to 1, not 0",
            "f:2: seats. : must not be empty"]),
        ("name: x\nseats: 3", ["f:2: seats: should be a mapping, not 3"]),
        ("name: x\nseats: {}", ["f:2: seats: should have at least 1 item, not 0"]),
        ("name: x\nbands:\n  stage:\n  - son: la\n    song: la", [
            "f:4: bands.stage.0.son: unknown key; did you mean song? valid: kind, song, loud"]),
        (f"name: [x]\nseats: {'z' * 99}", [
            "f:1: name: should be a valid string, not a list",
            f"f:2: seats: should be a mapping, not '{'z' * 58}…"]),
    ],
)  # fmt: skip
def test_each_fault_in_words(text: str, wanted: list[str]) -> None:
    value, problems = check(parse_document(text, "f"), Show)
    assert value is None
    assert [str(problem) for problem in problems] == wanted


def test_faults_of_reading_and_of_the_model_come_together_by_line() -> None:
    text = "zip: 1\nname: 3\nname: x\nacts: [{kind: sing, song: !x la, lod: 1}]\n"
    with pytest.raises(ConfigError) as caught:
        validate(parse_document(text, "f"), Show)
    assert [line.split(": ")[:2] for line in str(caught.value).splitlines()] == [
        ["f:1", "zip"], ["f:2", "name"], ["f:3", "name"], ["f:4", "acts.0.song"], ["f:4", "acts.0.sing.lod"],
    ]  # fmt: skip


def test_a_fault_of_reading_alone_is_enough() -> None:
    with pytest.raises(ConfigError, match=r"^f:2: name: written twice, first in line 1$"):
        validate(parse_document("name: x\nname: y\n", "f"), Show)


def test_a_document_that_could_not_be_read_says_only_that() -> None:
    document = parse_document("name: [x\n", "f")
    assert check(document, Show) == (None, list(document.problems))


def test_a_good_document_is_the_model() -> None:
    assert validate(parse_document("name: x\nstage: {width_m: 3}\n", "f"), Show) == Show(name="x", stage=Stage(3))


def test_renamed_keys_are_reported_as_written() -> None:
    class Renamed(Part):
        inner: dict[str, int]

        @model_validator(mode="before")
        @classmethod
        def _without_prefix(cls, value: dict[str, Any]) -> dict[str, Any]:
            return {"inner": {key.removeprefix("my."): item for key, item in value["inner"].items()}}

    def as_written(location: Location) -> Location:
        return (location[0], f"my.{location[1]}")

    document = parse_document("inner:\n  my.a: x\n", "f")
    (problem,) = check(document, Renamed, as_written=as_written)[1]
    assert str(problem) == "f:2: inner.my.a: should be a valid integer, not 'x'"


def test_warnings_do_not_raise() -> None:
    document = parse_document("a: 1\n", "f")
    warning, error = document.problem(("a",), "odd", Severity.WARNING), document.problem((), "bad")
    raise_errors([warning])
    with pytest.raises(ScenarioError, match=r"^f:1: bad$"):
        raise_errors([warning, error], ScenarioError)
    assert str(warning) == "f:1: a: warning: odd"


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["sing", "dance", "x", ""]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*Show.model_fields, "kind", "song", "width_m", "steps", "x"]), inner)
    ),
    max_leaves=12,
)


@given(VALUES)
def test_any_value_is_either_right_or_explained(value: Any) -> None:
    shown, problems = check(Document("f", value), Show)
    assert (shown is None) == bool(problems)
    assert all(problem.what for problem in problems)
