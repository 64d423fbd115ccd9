"""The end of a call: its audio, what is measured on it, its picture, and its record. Blocking: runs on an executor.

Each step that fails is an error in the record and does not keep the next from being done; the record comes last.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from robot.call.chronicle import Chronicle
from robot.call.identity import identity_of
from robot.call.journal import Journal
from robot.call.measure import (
    Activity,
    Spoken,
    line_activity,
    measure_barge_ins,
    measure_turns,
    robot_channel_faults,
)
from robot.call.record import CallFolder, CallRecord, RecordSaved, RecordUnsaved
from robot.call.tape import LineAudio, Tape, adopt
from robot.call.timeline import draw_timeline
from robot.call.tools import CallOrder, CallTools
from robot.errors import SwitchError
from robot.fsm.dispositions import disposition_of
from robot.media.base import PlayoutCounters, StreamCounters
from robot.words import ends_sentence

RECORDING_MISSING_MS = 100.0
"""a switch's recording may lose frames, from both sides together: one that lost more is not in step with the call"""
RESPONSE_SLACK_MS = 400.0
"""a turn's own idea of when the caller ended or the robot began differs from the audio's by less"""


@dataclass(frozen=True, slots=True)
class CallFacts:
    """What is left of a call when it is over."""

    tools: CallTools
    order: CallOrder
    chronicle: Chronicle
    journal: Journal
    folder: CallFolder
    started_at: datetime
    ended_at: datetime
    interrupted: bool
    end_cause: str
    """the switch's hangup cause; empty when it never said"""
    spool: Path
    line_recording: Path
    tape: Tape | None
    playout: PlayoutCounters
    stream: StreamCounters | None


@dataclass(frozen=True, slots=True)
class FinishedCall:
    """A call that is over."""

    record: CallRecord
    folder: Path
    saved: RecordSaved | RecordUnsaved


def close_call(facts: CallFacts) -> FinishedCall:
    """Writes everything there is to write about the call. Never raises because of the disk."""
    chronicle, folder = facts.chronicle, facts.folder
    line = _keep_audio(facts)
    activity = line_activity(line) if line is not None else Activity((), ())
    record = _record(facts, activity, line)
    if line is not None and facts.tools.limits.timeline:
        try:
            draw_timeline(record, line, folder.timeline_path)
        except OSError as error:
            chronicle.errors.append(f"timeline: {error}")
    facts.journal.flush()
    with contextlib.suppress(OSError):  # in memory, and gone with the machine at the latest
        shutil.rmtree(facts.spool)
    errors = (*chronicle.errors, *facts.journal.errors)
    files = {
        kind: path.name
        for kind, path in (
            ("audio", folder.audio_path),
            ("events", folder.events_path),
            ("timeline", folder.timeline_path),
        )
        if path.is_file()
    }
    record = record.model_copy(update={"errors": errors, "files": files})
    return FinishedCall(record, folder.path, folder.write_record(record))


def _keep_audio(facts: CallFacts) -> LineAudio | None:
    """The switch's recording of the line, else the robot's tape of it; None for a call that nobody answered."""
    chronicle, path = facts.chronicle, facts.folder.audio_path
    if chronicle.answered_us is None or facts.tape is None:
        return None
    try:
        if chronicle.recording_start_ms is not None and facts.line_recording.is_file():
            line = adopt(facts.line_recording, path, chronicle.recording_start_ms)
            missing_ms = (chronicle.recording_end_ms or line.end_ms) - line.end_ms
            if missing_ms <= RECORDING_MISSING_MS:
                return line
            chronicle.count("recording_missing_ms", round(missing_ms))
    except (SwitchError, OSError) as error:
        chronicle.errors.append(f"line recording: {error}; call.wav is what the robot knows of the line")
    chronicle.count("audio_from_tape")
    try:
        return facts.tape.write(path)
    except OSError as error:
        chronicle.errors.append(f"call.wav: {error}")
        return facts.tape.line()


def _record(facts: CallFacts, activity: Activity, line: LineAudio | None) -> CallRecord:
    chronicle = facts.chronicle
    answered_at = chronicle.answered_at
    detected = {one.detected_ms: one for one in chronicle.interruptions}
    silences = {
        one.detected_ms: (one.onset_ms, one.silent_ms)
        for one in measure_barge_ins(activity, sorted(detected))
        if one.detected_ms is not None
    }
    return CallRecord(
        **identity_of(facts.tools, facts.order),
        started_at=facts.started_at,
        answered_at=answered_at,
        ended_at=facts.ended_at,
        ring_ms=_ms_between(facts.started_at, answered_at) if answered_at else None,
        talk_ms=_ms_between(answered_at, facts.ended_at) if answered_at else 0.0,
        interrupted=facts.interrupted,
        amd=chronicle.amd,
        turns=chronicle.turn_entries(_responses(chronicle, activity)),
        barge_ins=chronicle.barge_in_entries(silences),
        voicemail=chronicle.voicemail,
        dtmf=tuple(chronicle.dtmf),
        transfers=tuple(chronicle.transfers),
        hangup=chronicle.hangup,
        disposition=_disposition(facts),
        counters=_counters(facts, activity),
        audio_start_ms=line.start_ms if line is not None else 0.0,
    )


def _responses(chronicle: Chronicle, activity: Activity) -> dict[int, float]:
    """Turn index → response time on the audio: the answer whose start is nearest to when the turn's speech began."""
    out: dict[int, float] = {}
    measured = measure_turns(activity)
    for turn in chronicle.turns:
        start_ms = turn.robot_start_ms
        if not turn.caller_text or start_ms is None or not measured:
            continue
        nearest = min(measured, key=lambda one: abs(one.robot_start_ms - start_ms))
        if abs(nearest.robot_start_ms - start_ms) <= RESPONSE_SLACK_MS:
            out[turn.index] = nearest.response_ms
    return out


def _disposition(facts: CallFacts) -> str:
    """What the scenario said, else what the cause of the end means."""
    if facts.chronicle.disposition:
        return facts.chronicle.disposition
    if facts.interrupted:
        return "interrupted"
    return disposition_of(facts.end_cause, answered=facts.chronicle.answered_us is not None)


def _counters(facts: CallFacts, activity: Activity) -> dict[str, int]:
    faults = robot_channel_faults(activity, [one for said in facts.chronicle.spoken for one in sentences(said)])
    counters = dict(facts.chronicle.counters) | asdict(facts.playout)
    counters |= {"speech_gaps": len(faults.gaps), "speech_overlaps": len(faults.overlaps)}
    if facts.stream is not None:
        counters |= {f"stream_{name}": value for name, value in asdict(facts.stream).items()}
    if facts.tape is not None:
        counters |= {"tape_gaps": facts.tape.caller_gaps, "tape_overlaps": facts.tape.robot_overlaps}
    return {name: int(value) for name, value in sorted(counters.items())}


def sentences(clauses: Sequence[Spoken]) -> list[Spoken]:
    """The clauses of one text, joined up to the end of their sentence, which is where a pause belongs."""
    out: list[Spoken] = []
    for clause in clauses:
        if out and not ends_sentence(out[-1].text):
            begun = out.pop()
            pause_ms = max(begun.longest_pause_ms, clause.longest_pause_ms)
            clause = Spoken(f"{begun.text} {clause.text}", begun.start_ms, clause.end_ms, pause_ms)
        out.append(clause)
    return out


def _ms_between(start: datetime, end: datetime) -> float:
    return (end - start).total_seconds() * 1000
