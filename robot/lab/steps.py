"""The steps of a callee's plan: what it says, plays, presses, and what it waits for. Data only.

In a file a step is a mapping with one key, its kind; where one field matters most, its bare value is enough.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Strict,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from robot.documents import Text, choices, shown

Ms = Annotated[int, Strict(), Field(ge=0, le=3_600_000)]
"""milliseconds, at most an hour"""


class PlanModel(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Wait(PlanModel):
    """Silent for ``ms``, whatever the robot does."""

    kind: Literal["wait"] = "wait"
    ms: Ms


class Say(PlanModel):
    """Says ``text``; the voice is the plan's unless the step names one."""

    kind: Literal["say"] = "say"
    text: Text
    voice: str = ""


class Play(PlanModel):
    """Plays a sound file, its path relative to the plan's."""

    kind: Literal["play"] = "play"
    path: Text

    @field_validator("path")
    @classmethod
    def _exists(cls, path: str, info: ValidationInfo) -> str:
        folder = (info.context or {}).get("folder")
        if folder is None:
            return path
        file = Path(folder, path)
        if not file.is_file():
            raise PydanticCustomError("no_sound", "no such sound file: {file}", {"file": str(file)})
        return str(file)


Sound = Say | Play
"""what has to be turned into audio before the call; a key of the sounds that a callee is given"""


class WaitRobotSpeaks(PlanModel):
    """Silent until the robot speaks, or ``timeout_ms`` passed."""

    kind: Literal["wait_robot_speaks"] = "wait_robot_speaks"
    timeout_ms: Ms = 30_000


class WaitRobotSilent(PlanModel):
    """Silent until the robot has been silent for ``for_ms`` since this step began, or ``timeout_ms`` passed."""

    kind: Literal["wait_robot_silent"] = "wait_robot_silent"
    for_ms: Ms = 700
    timeout_ms: Ms = 30_000


class Interrupt(PlanModel):
    """Waits until the robot has been speaking for ``after_ms`` and talks over it. If it does not speak: nothing."""

    kind: Literal["interrupt"] = "interrupt"
    after_ms: Ms = 800
    timeout_ms: Ms = 30_000
    say: Annotated[Say, BeforeValidator(lambda value: _spread("say", value))] | None = None
    play: Annotated[Play, BeforeValidator(lambda value: _spread("play", value))] | None = None

    @model_validator(mode="after")
    def _one_sound(self) -> Interrupt:
        if (self.say is None) == (self.play is None):
            raise PydanticCustomError("one_sound", "an interruption needs either 'say' or 'play'")
        return self

    @property
    def sound(self) -> Sound:
        sound = self.say or self.play
        assert sound is not None
        return sound


class Beep(PlanModel):
    """A pure tone, as a mailbox gives it."""

    kind: Literal["beep"] = "beep"
    hz: Annotated[float, Strict(), Field(ge=100, le=3900)] = 1000.0
    ms: Annotated[int, Strict(), Field(ge=20, le=10_000)] = 400


class Dtmf(PlanModel):
    """Presses keys, one after the other."""

    kind: Literal["dtmf"] = "dtmf"
    digits: Annotated[str, Field(pattern=r"^[0-9A-D*#]+$")]
    by: Literal["rfc2833", "info"] = "rfc2833"
    """in the audio's packets, or in SIP messages beside them"""


class Record(PlanModel):
    """A mailbox at work: keeps what it hears until the robot was silent for ``silence_ms`` or ``max_ms`` passed."""

    kind: Literal["record"] = "record"
    silence_ms: Ms = 3000
    max_ms: Annotated[int, Strict(), Field(ge=20, le=600_000)] = 30_000


class Hangup(PlanModel):
    """Hangs up. ``cause`` is FreeSWITCH's name for it."""

    kind: Literal["hangup"] = "hangup"
    cause: Annotated[str, Field(pattern=r"^[A-Z][A-Z_]+$")] = "NORMAL_CLEARING"


STEPS: dict[str, type[PlanModel]] = {
    model.model_fields["kind"].default: model
    for model in (Wait, Say, Play, WaitRobotSpeaks, WaitRobotSilent, Interrupt, Beep, Dtmf, Record, Hangup)
}
_MAIN_FIELD = {"wait": "ms", "say": "text", "play": "path", "dtmf": "digits", "hangup": "cause"}
"""the field that a step's bare value stands for: ``say: TEXT`` is ``say: {text: TEXT}``"""


def _spread(kind: str, value: Any) -> Any:
    """``TEXT`` → ``{text: TEXT}`` for a step of this kind; nothing → its defaults."""
    if isinstance(value, BaseModel):
        return value
    if isinstance(value, dict):
        return {**value, "kind": kind}
    if value is None or value == {}:
        return {"kind": kind}
    if kind in _MAIN_FIELD:
        return {"kind": kind, _MAIN_FIELD[kind]: value}
    fields = ", ".join(name for name in STEPS[kind].model_fields if name != "kind")
    raise PydanticCustomError("step_value", "'{kind}' takes fields: {fields}", {"kind": kind, "fields": fields})


def _step(value: Any) -> Any:
    """``{say: TEXT}`` as a plan file has it → ``{kind: say, text: TEXT}``."""
    if isinstance(value, BaseModel):
        return value
    if not isinstance(value, dict) or len(value) != 1:
        found = ", ".join(value) if isinstance(value, dict) and value else shown(value)
        what = f"a step is exactly one of {', '.join(STEPS)}, not {found}"
        raise PydanticCustomError("step", "{what}", {"what": what})
    kind, content = next(iter(value.items()))
    if kind not in STEPS:
        raise PydanticCustomError("step", "{what}", {"what": f"unknown step {kind!r}{choices(kind, STEPS)}"})
    return _spread(kind, content)


Step = Annotated[
    Annotated[
        Wait | Say | Play | WaitRobotSpeaks | WaitRobotSilent | Interrupt | Beep | Dtmf | Record | Hangup,
        Field(discriminator="kind"),
    ],
    BeforeValidator(_step),
]
