"""What a call is given: the order to place it, and the things that all calls share."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal

from robot.call.agent_hook import AgentHook
from robot.call.entries import EngineEntry
from robot.fsm.amd import AmdSettings
from robot.fsm.turn import TurnTiming
from robot.fsm.voicemail import MessageTiming
from robot.media.base import AudioSource, Played, SpeechLine
from robot.scenario.schema import Scenario
from robot.telephony.switch import Incoming, Switch
from services.asr.base import Recognizer
from services.llm.base import ChatModel
from services.tones.base import ToneDetector
from services.tts.base import Synthesizer
from services.vad.base import VoiceActivity

Observer = Callable[[str, float, str, Mapping[str, object]], None]
"""(call uuid, ms since the answer, event name, fields): what a screen shows while the call goes on"""


@dataclass(frozen=True, slots=True)
class CallOrder:
    """One call to place."""

    uuid: str
    target: str
    """as the user wrote it, e.g. a phone number or ``lab:FILE``"""
    dial_string: str
    scenario: Scenario
    lead: Mapping[str, str]
    incoming: Incoming | None = None
    """the call to take, when it came in; None to place one"""
    line: str = ""
    """the embedded switch's line, in words; empty on a real one"""
    caller_id_number: str = ""
    """of the gateway that the call takes; empty: that of the limits"""
    caller_id_name: str = ""
    ring_timeout_s: int | None = None
    """likewise"""
    destinations: Mapping[str, str] = field(default_factory=dict)
    """the people whom the scenario may hand the caller to: as it names them → dial string"""


@dataclass(frozen=True, slots=True)
class TransferLimits:
    """How long handing a caller over may take, and what the caller hears meanwhile."""

    hold_music: str
    ring_timeout_s: int
    bridge_timeout_s: float
    max_duration_s: int


@dataclass(frozen=True, slots=True)
class CallLimits:
    """The slice of the settings that one call needs."""

    ring_timeout_s: int
    max_duration_s: int
    wrap_up_timeout_s: float
    caller_id_number: str
    caller_id_name: str
    line_recording: bool
    switch_rate_hz: int
    screening: bool
    amd: Callable[[str], AmdSettings]
    """the dialogue's language → how to screen"""
    voicemail: MessageTiming
    transfer: TransferLimits
    turn: TurnTiming
    no_input_ms: int
    """used where the scenario does not say"""
    max_tokens: int
    temperature: float
    speed: float
    lead_ms: int
    """speech that must be ready before a sentence begins, unless it is whole"""
    records: Path
    min_free_bytes: int
    timeline: bool


@dataclass(frozen=True, slots=True)
class CallTools:
    """What all calls of a process share. Models are loaded once; what is per call is opened by it."""

    limits: CallLimits
    switch: Switch
    switch_kind: Literal["embedded", "freeswitch"]
    switch_version: str
    recognizer: Recognizer
    synthesizer: Synthesizer
    chat: ChatModel
    engines: Mapping[str, EngineEntry]
    open_voice: Callable[[], VoiceActivity]
    open_tones: Callable[[], ToneDetector]
    open_stream: Callable[[str], AbstractContextManager[tuple[str, AudioSource]]]
    """call uuid → the URL that the switch streams to, and what comes"""
    open_playout: Callable[[str, Path, Played], SpeechLine]
    """call uuid, a folder that switch and robot both see, whom to tell what was played → the way to speak"""
    agent_hook: AgentHook
    """who is told of a caller before a person takes them"""
    new_uuid: Callable[[], str]
    """of a call to a person"""
    spool: Path
    clauses: Callable[[AsyncIterator[str]], AsyncIterator[str]]
    """text in pieces of any size → speakable clauses"""
    now: Callable[[], datetime]
    """wall clock, for records alone"""
    observe: Observer
