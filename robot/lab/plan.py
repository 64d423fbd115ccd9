"""What a callee does when it is called: answer or not, then a list of steps. :mod:`robot.lab.callee` plays it.

A plan has no loops and no conditions, so that reading the file from top to bottom is reading the call.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import Field, Strict, ValidationError, model_validator
from pydantic_core import ErrorDetails, PydanticCustomError

from robot.errors import ConfigError
from robot.lab.channel import LineModel
from robot.lab.marks import line_of, parse_yaml
from robot.lab.steps import STEPS, Interrupt, Ms, PlanModel, Play, Say, Sound, Step, Text

OutcomeKind = Literal[
    "answer",
    "busy",
    "reject",
    "no_answer",
    "unallocated",
    "congestion",
    "unavailable",
    "number_changed",
    "incompatible",
]
_SIP_STATUS: dict[str, int] = {
    "busy": 486,
    "reject": 603,
    "unallocated": 404,
    "congestion": 503,
    "unavailable": 480,
    "number_changed": 410,
    "incompatible": 488,
}


class Outcome(PlanModel):
    """How the network answers the call."""

    kind: OutcomeKind = "answer"
    """``no_answer`` rings until the caller gives up"""
    after_ms: Ms = 800
    """from the call to the answer or the refusal; without meaning for ``no_answer``"""
    early_media_ms: Ms = 0
    """of ``after_ms`` the last part, in which a ringback tone is sent (SIP 183); 0 rings with 180 only"""

    @model_validator(mode="after")
    def _early_media_fits(self) -> Outcome:
        if self.early_media_ms > self.after_ms:
            raise PydanticCustomError("early_media", "early_media_ms is part of after_ms and cannot be longer")
        return self

    @property
    def sip_status(self) -> int | None:
        """The SIP response that refuses the call; none for ``answer`` and ``no_answer``."""
        return _SIP_STATUS.get(self.kind)


class Plan(PlanModel):
    """One callee."""

    name: Text
    language: Literal["fr", "en"] = "en"
    voice: str = ""
    """of what it says, as the synthesiser names it; empty: the synthesiser's own for the language"""
    seed: Annotated[int, Strict(), Field(ge=0)] = 1
    line: LineModel = LineModel()
    outcome: Outcome = Outcome()
    steps: tuple[Step, ...] = ()

    def sounds(self) -> Iterator[Sound]:
        """Everything it will say or play, each once, in the order of the steps."""
        wanted: dict[Sound, None] = {}
        for step in self.steps:
            match step:
                case Say() | Play():
                    wanted[step] = None
                case Interrupt():
                    wanted[step.sound] = None
                case _:
                    pass
        return iter(wanted)


def load_plan(path: Path) -> Plan:
    """A plan file. Paths in it are relative to its folder and become absolute.

    Raises ``ConfigError`` with file, line and field of each mistake: unreadable, not YAML, unknown or missing fields,
    wrong types or values, a missing sound file.
    """
    try:
        document, root = parse_yaml(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot read this plan: {error.strerror}") from error
    except (UnicodeDecodeError, yaml.reader.ReaderError) as error:
        raise ConfigError(f"{path}: not a plan: a plan is a YAML text file") from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigError(f"{path}:{line}: not valid YAML: {error.problem}") from error
    except RecursionError as error:
        raise ConfigError(f"{path}: not a plan: nested too deeply") from error
    if not isinstance(document, dict):
        raise ConfigError(f"{path}:1: a plan is a mapping with the fields {_names(Plan)}")
    try:
        return Plan.model_validate(document, context={"folder": path.resolve().parent})
    except ValidationError as error:
        mistakes = (f"{path}:{line_of(root, one['loc'])}: {_complaint(one)}" for one in error.errors())
        raise ConfigError("\n".join(mistakes)) from error


def plan_from_audio(path: Path) -> Plan:
    """A callee that answers, plays this sound file, and is then silent until hung up. Raises ``ConfigError``."""
    if not path.is_file():
        raise ConfigError(f"{path}: no such sound file")
    return Plan(name=path.stem, steps=(Play(path=str(path.resolve())),))


def _complaint(mistake: ErrorDetails) -> str:
    """One mistake in words: the field, what is wrong, what is allowed there."""
    loc, given = mistake["loc"], mistake["input"]
    field = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc).lstrip(".")
    match mistake["type"]:
        case "missing":
            return f"{field} is missing"
        case "extra_forbidden" | "unexpected_keyword_argument":
            return f"{field}: unknown field; here are {_names(_model_at(loc[:-1]))}"
        case "tuple_type":
            return f"{field}: a list is needed, each item with a dash"
        case "string_type":
            return f"{field}: text is needed, not {given!r}; put it between quotes"
    value = f", not {given!r}" if isinstance(given, str | int | float | None) else ""
    return f"{field}: {mistake['msg']}{value}"


def _model_at(loc: Sequence[int | str]) -> type[Any]:
    """The part of a plan that a place in it belongs to."""
    match loc:
        case ("line", *_):
            return LineModel
        case ("outcome", *_):
            return Outcome
        case ("steps", _, "interrupt", str() as kind):
            return STEPS[kind]
        case ("steps", _, str() as kind):
            return STEPS[kind]
    return Plan


def _names(model: type[Any]) -> str:
    return ", ".join(name for name in model.__annotations__ if name != "kind" or model is Outcome)
