"""The typed shape of ``config/default.yaml``. No defaults here: the file is their one place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, SecretStr

from robot.settings.calling import CallerName, CallerNumber, GuardSettings, TransferSettings
from robot.settings.calling import SwitchSettings as SwitchSettings
from robot.settings.freeswitch import Extension, FreeswitchSettings, Name
from robot.settings.section import DIALABLE as DIALABLE
from robot.settings.section import Port, Positive, PositiveInt, Section

Threads = Annotated[int, Field(ge=1, le=256)]


class EslSettings(Section):
    client: Literal["native", "greenswitch"]
    host: Annotated[str, Field(min_length=1)]
    port: Port
    allow_insecure: bool
    connect_timeout_s: Positive
    command_timeout_s: Positive
    event_queue: PositiveInt
    reconnect_min_s: Positive
    reconnect_max_s: Positive
    lost_call_after_s: Positive
    keepalive_s: Positive
    password: SecretStr = SecretStr("")


class MediaSettings(Section):
    host: Annotated[str, Field(min_length=1)]
    port: Port
    public_host: str
    tls_certificate: str
    tls_key: str
    max_connections: PositiveInt
    switch_rate_hz: Literal[8000, 16000, 24000]
    queue_ms: Annotated[int, Field(ge=100, le=60_000)]


class PlayoutSettings(Section):
    way: Literal["files", "stream"]
    spool_folder: str
    chunk_ms: Annotated[int, Field(ge=100, le=2000, multiple_of=20)]
    queue_ahead: Annotated[int, Field(ge=1, le=50)]
    lead_ms: Annotated[int, Field(ge=0, le=10_000)]
    break_timeout_ms: Annotated[int, Field(ge=40, le=2000)]
    store_timeout_ms: Annotated[int, Field(ge=100, le=10_000)]


class CallSettings(Section):
    ring_timeout_s: Annotated[int, Field(ge=1, le=300)]
    max_duration_s: Annotated[int, Field(ge=1, le=14_400)]
    wrap_up_timeout_s: Positive
    max_concurrent: PositiveInt
    caller_id_number: CallerNumber
    caller_id_name: CallerName
    line_recording: bool


class AmdSettings(Section):
    enabled: bool
    window_ms: Annotated[int, Field(ge=500, le=10_000)]
    early_silence_ms: Annotated[int, Field(ge=200, le=5000)]
    decode_grace_ms: Annotated[int, Field(ge=100, le=10_000)]
    language: Literal["scenario", "detect"]


class VoicemailSettings(Section):
    beep_timeout_s: Positive
    greeting_end_ms: Annotated[int, Field(ge=500, le=20_000)]
    after_beep_ms: Annotated[int, Field(ge=0, le=5000)]


class TurnSettings(Section):
    barge_in_ms: Annotated[int, Field(ge=20, le=5000)]
    end_of_turn_ms: Annotated[int, Field(ge=100, le=5000)]
    no_input_ms: Annotated[int, Field(ge=500, le=120_000)]
    max_turn_ms: Annotated[int, Field(ge=1000, le=29_000)]


class FasterWhisperSettings(Section):
    model: str
    compute_type: Literal["int8", "int8_float32", "float32", "float16", "int8_float16", "bfloat16"]
    threads: Threads
    workers: Threads
    beam_size: Annotated[int, Field(ge=1, le=10)]
    min_window_s: Annotated[float, Field(ge=1, le=30)]
    queue_limit: PositiveInt


class ScriptedSettings(Section):
    replies: tuple[str, ...]


class AsrSettings(Section):
    engine: Literal["faster_whisper", "scripted"]
    faster_whisper: FasterWhisperSettings
    scripted: ScriptedSettings


class SileroSettings(Section):
    model: str
    threshold: Annotated[float, Field(gt=0, lt=1)]


class VadSettings(Section):
    engine: Literal["silero", "energy"]
    silero: SileroSettings
    min_speech_ms: Annotated[int, Field(ge=0, le=2000)]
    min_silence_ms: Annotated[int, Field(ge=20, le=5000)]


class KokoroOnnxSettings(Section):
    model: str
    voices_model: str
    voice_fr: str
    voice_en: str
    threads: Threads
    queue_limit: PositiveInt


class ToneSettings(Section):
    rate_hz: Literal[8000, 16000, 24000]


class TtsSettings(Section):
    engine: Literal["kokoro_onnx", "tone"]
    speed: Annotated[float, Field(ge=0.5, le=2.0)]
    kokoro_onnx: KokoroOnnxSettings
    tone: ToneSettings


class LlamaCppSettings(Section):
    model: str
    context_tokens: Annotated[int, Field(ge=512, le=1_000_000)]
    threads: Threads
    queue_limit: PositiveInt


class OpenAICompatibleSettings(Section):
    base_url: Annotated[str, Field(pattern=r"^https?://")]
    model: str
    connect_timeout_s: Positive
    first_token_timeout_s: Positive
    token_timeout_s: Positive
    retries: Annotated[int, Field(ge=0, le=10)]


class LlmSettings(Section):
    engine: Literal["llama_cpp", "openai_compatible", "scripted"]
    max_tokens: Annotated[int, Field(ge=1, le=4096)]
    temperature: Annotated[float, Field(ge=0, le=2)]
    llama_cpp: LlamaCppSettings
    openai_compatible: OpenAICompatibleSettings
    scripted: ScriptedSettings
    api_key: SecretStr = SecretStr("")


class RecordSettings(Section):
    folder: Annotated[str, Field(min_length=1)]
    timeline: bool
    min_free_mb: Annotated[int, Field(ge=0)]


class LogSettings(Section):
    level: Literal["debug", "info", "warning", "error"]
    format: Literal["console", "json"]
    show_pii: bool


class LabSettings(Section):
    seed: int
    line: str
    speaker_fr: str
    speaker_en: str
    person: Annotated[str, Field(min_length=1)]


class InboundSettings(Section):
    numbers: Mapping[Extension, Name]
    extensions: Mapping[Extension, Name]
    unknown: str
    hours: Mapping[str, tuple[str, ...]]
    timezone: str
    holidays: Annotated[str, Field(pattern=r"^([A-Z]{2})?$")]
    closed: str
    overload: str
    max_calls: PositiveInt
    grace_s: Positive


class Settings(Section):
    """All settings of one process."""

    switch: SwitchSettings
    esl: EslSettings
    media: MediaSettings
    playout: PlayoutSettings
    call: CallSettings
    guard: GuardSettings
    transfer: TransferSettings
    amd: AmdSettings
    voicemail: VoicemailSettings
    turn: TurnSettings
    asr: AsrSettings
    vad: VadSettings
    tts: TtsSettings
    llm: LlmSettings
    record: RecordSettings
    log: LogSettings
    lab: LabSettings
    inbound: InboundSettings
    freeswitch: FreeswitchSettings
