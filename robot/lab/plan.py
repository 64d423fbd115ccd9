"""What a callee does when it is called: answer or not, then a list of steps. :mod:`robot.lab.callee` plays it.

A plan has no loops and no conditions, so that reading the file from top to bottom is reading the call.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, Strict, model_validator
from pydantic_core import PydanticCustomError

from robot.documents import Text, read_document, validate
from robot.errors import ConfigError
from robot.lab.channel import LineModel
from robot.lab.steps import Interrupt, Ms, PlanModel, Play, Say, Sound, Step

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
    return validate(read_document(path), Plan, context={"folder": path.resolve().parent})


def plan_from_audio(path: Path) -> Plan:
    """A callee that answers, plays this sound file, and is then silent until hung up. Raises ``ConfigError``."""
    if not path.is_file():
        raise ConfigError(f"{path}: no such sound file")
    return Plan(name=path.stem, steps=(Play(path=str(path.resolve())),))
