"""The parts of a call's record: what was decided, said, heard and interrupted.

They are the edge of the project (a file that other programs read), hence pydantic with nothing unknown allowed. Times
are milliseconds from the answer unless the name says otherwise; a field marked ``pii`` holds a person's data.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from services.info import EngineInfo

Ms = Annotated[float, Field(allow_inf_nan=False), AfterValidator(lambda value: round(value, 1))]
"""milliseconds, kept to a tenth: one sample of 8 kHz audio is 0.125 ms"""
Pii = Annotated[str, Field(json_schema_extra={"pii": True})]
"""text that identifies a person, or what a person said"""


class Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SwitchEntry(Entry):
    """The switch that carried the call."""

    kind: Literal["embedded", "freeswitch"]
    version: str = Field("", description="as the switch names itself; empty when it did not say")


class EngineEntry(Entry):
    """An engine that worked in the call, and the exact weights it ran."""

    engine: str = Field(description="as in config, e.g. faster_whisper")
    model: str = Field("", description="model name or path; empty when the engine has no model")
    sha256: str = Field("", description="of the weights file; empty when there is none or it is remote")

    @classmethod
    def of(cls, info: EngineInfo) -> EngineEntry:
        return cls(engine=info.engine, model=info.model, sha256=info.sha256)


class AmdEvidence(Entry):
    """What the verdict was drawn from."""

    speech_ms: Ms = Field(0.0, description="voice heard up to the verdict")
    silence_ms: Ms = Field(0.0, description="silence between the last voice and the verdict")
    first_voice_ms: Ms | None = Field(None, description="when the first voice began; null when none was heard")
    text: Pii = Field("", description="what was recognised")
    language: str = Field("", description="ISO 639-1, as detected")
    matches: tuple[str, ...] = Field((), description="the rules that matched the text")
    no_speech_probability: float | None = Field(None, ge=0, le=1, description="the recogniser's own doubt")


class AmdRevision(Entry):
    """A verdict that replaced an earlier one while the call went on."""

    verdict: str
    at_ms: Ms
    reason: str = ""


class AmdEntry(Entry):
    """Who picked up: the first verdict, its grounds, and what became of it."""

    verdict: str = Field(description="the first verdict")
    decided_at_ms: Ms = Field(description="media time of the verdict: the last audio that it used")
    compute_ms: Ms = Field(0.0, description="time the engines worked on it")
    score: float = Field(0.0, allow_inf_nan=False, description="above 0 leans to a machine, below 0 to a person")
    reason: str = Field("", description="the rule that decided")
    evidence: AmdEvidence = AmdEvidence()
    revisions: tuple[AmdRevision, ...] = Field((), description="later verdicts, in order; the last one holds")


class TurnEntry(Entry):
    """The caller spoke and the robot answered; either side may be missing."""

    index: int = Field(ge=0, description="counted from 0")
    caller_text: Pii = Field("", description="what was recognised; empty in an opening or after silence")
    caller_start_ms: Ms | None = None
    caller_end_ms: Ms | None = None
    asr_compute_ms: Ms | None = None
    intent: str = Field("", description="as the scenario understood the caller")
    node: str = Field("", description="the scenario's step that the robot spoke from")
    robot_text: Pii = Field("", description="what the robot meant to say")
    heard_text: Pii = Field("", description="what of it was played before the caller interrupted or hung up")
    robot_start_ms: Ms | None = None
    robot_end_ms: Ms | None = None
    response_ms: Ms | None = Field(
        None, description="end of the caller's speech → first audible sample of the robot, measured on the audio"
    )
    interrupted: bool = False


class BargeInEntry(Entry):
    """The caller spoke over the robot."""

    onset_ms: Ms = Field(description="the caller's first sound, measured on the audio")
    detected_ms: Ms | None = Field(None, description="when the robot believed it")
    silent_ms: Ms | None = Field(None, description="the robot's last sound on the line; null when it went on talking")
    onset_to_silence_ms: Ms | None = None
    turn: int | None = Field(None, description="index of the turn in which the robot was speaking")


class VoicemailEntry(Entry):
    """What was left on an answering machine."""

    beep_at_ms: Ms | None = Field(None, description="end of the tone; null when none was heard")
    beep_hz: float | None = Field(None, allow_inf_nan=False)
    message_start_ms: Ms | None = None
    message_heard_text: Pii = ""


class DtmfEntry(Entry):
    """A key that the caller pressed."""

    at_ms: Ms
    digit: Pii = Field(description="one of 0–9 A–D * #; a code or a card number when put together")
    source: str = Field("", description="RTP (RFC 2833), ENDPOINT (SIP INFO), INBAND_AUDIO; empty when unknown")


class TransferEntry(Entry):
    """A try to hand the caller over to a person."""

    to: Pii = Field(description="as the scenario names the person")
    kind: Literal["attended", "blind"]
    agent_call_id: str = Field("", description="uuid of the call to the person; empty when the switch placed it")
    asked_at_ms: Ms | None = None
    handed_over_at_ms: Ms | None = Field(None, description="from then on nothing was heard or recorded")
    outcome: str = Field("", description="handed_over, or why not: busy, no_answer, …; empty: the caller did not wait")


class HangupEntry(Entry):
    """The end of the call, in the switch's words."""

    cause: str = Field(description="e.g. NORMAL_CLEARING, USER_BUSY, NO_ANSWER, SWITCH_LOST")
    q850: int = 0
    sip: str = Field("", description="e.g. sip:486; empty when unknown")
    by: Literal["caller", "robot", "switch"]
