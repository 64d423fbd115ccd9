"""The slice of the settings that one call needs. Part of the wiring (:mod:`robot.app`)."""

from __future__ import annotations

from pathlib import Path

from robot.call.tools import CallLimits, TransferLimits
from robot.fsm.amd import AmdSettings
from robot.fsm.phrases import PhraseBook
from robot.fsm.turn import TurnTiming
from robot.fsm.voicemail import MessageTiming
from robot.settings import Settings

MEGABYTE = 1_000_000


def call_limits(settings: Settings, books: tuple[PhraseBook, ...]) -> CallLimits:
    call, amd, voicemail, turn = settings.call, settings.amd, settings.voicemail, settings.turn

    def screening(language: str) -> AmdSettings:
        return AmdSettings(
            books,
            language=language if amd.language == "scenario" else None,
            window_ms=amd.window_ms,
            early_silence_ms=amd.early_silence_ms,
            decode_grace_ms=amd.decode_grace_ms,
        )

    return CallLimits(
        ring_timeout_s=call.ring_timeout_s,
        max_duration_s=call.max_duration_s,
        wrap_up_timeout_s=call.wrap_up_timeout_s,
        caller_id_number=call.caller_id_number,
        caller_id_name=call.caller_id_name,
        line_recording=call.line_recording,
        switch_rate_hz=settings.media.switch_rate_hz,
        screening=amd.enabled,
        amd=screening,
        voicemail=MessageTiming(
            after_beep_ms=voicemail.after_beep_ms,
            greeting_end_ms=voicemail.greeting_end_ms,
            timeout_ms=round(voicemail.beep_timeout_s * 1000),
        ),
        transfer=TransferLimits(**settings.transfer.model_dump()),
        turn=TurnTiming(turn.barge_in_ms, turn.end_of_turn_ms, turn.max_turn_ms),
        no_input_ms=turn.no_input_ms,
        max_tokens=settings.llm.max_tokens,
        temperature=settings.llm.temperature,
        speed=settings.tts.speed,
        lead_ms=settings.playout.lead_ms,
        records=Path(settings.record.folder),
        min_free_bytes=settings.record.min_free_mb * MEGABYTE,
        timeline=settings.record.timeline,
    )
