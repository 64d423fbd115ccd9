"""The record's schema, its redaction, and reading it back."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from robot.call.record import (
    AmdEntry,
    AmdEvidence,
    CallRecord,
    DtmfEntry,
    EngineEntry,
    HangupEntry,
    SwitchEntry,
    TurnEntry,
    VoicemailEntry,
    load_record,
    record_schema,
)
from robot.errors import ConfigError
from services.info import EngineInfo

NOW = datetime(2026, 3, 4, 10, 20, 30, tzinfo=UTC)


def record(**changes: Any) -> CallRecord:
    fields: dict[str, Any] = {
        "call_id": "5f0c2d1e-9a7b-4c3d-8e2f-112233445566",
        "direction": "outbound",
        "target": "+33612345678",
        "scenario": "appointment",
        "language": "fr",
        "lead": {"name": "Lefèvre", "visits": 3, "mail": None},
        "started_at": NOW,
        "answered_at": NOW,
        "ended_at": NOW,
        "talk_ms": 12_345.678,
        "switch": SwitchEntry(kind="embedded", version="1"),
        "engines": {"asr": EngineEntry.of(EngineInfo("faster_whisper", "base", "ab12"))},
        "amd": AmdEntry(
            verdict="human", decided_at_ms=2300, evidence=AmdEvidence(text="allô", matches=("greeting.short",))
        ),
        "turns": (TurnEntry(index=0, caller_text="oui", heard_text="Bonjour", response_ms=843.26),),
        "voicemail": VoicemailEntry(beep_at_ms=9000, beep_hz=1000, message_heard_text="Rappelez-nous"),
        "dtmf": (DtmfEntry(at_ms=1, digit="4"),),
        "hangup": HangupEntry(cause="NORMAL_CLEARING", q850=16, sip="sip:200", by="caller"),
        "disposition": "confirmed",
        "counters": {"frames_in": 600},
    }
    return CallRecord(**(fields | changes))


def test_a_record_survives_the_way_to_disk_and_back(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    path.write_text(record().model_dump_json(indent=2), encoding="utf-8")
    assert load_record(path) == record()
    assert load_record(tmp_path) == record()


def test_times_are_kept_to_a_tenth_of_a_millisecond_and_wall_clocks_with_their_zone() -> None:
    document = json.loads(record().model_dump_json())
    assert document["talk_ms"] == 12_345.7
    assert document["turns"][0]["response_ms"] == 843.3
    assert document["started_at"] == "2026-03-04T10:20:30Z"


@pytest.mark.parametrize(
    "wrong",
    [
        {"unknown": 1},
        {"direction": "sideways"},
        {"started_at": datetime(2026, 3, 4)},
        {"talk_ms": float("nan")},
        {"schema_version": "2"},
        {"turns": ({"index": -1},)},
    ],
)
def test_what_does_not_fit_the_schema_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        record(**wrong)


def test_redaction_leaves_no_personal_data_and_the_same_shape() -> None:
    hidden = record().redacted()
    text = hidden.model_dump_json()
    for secret in ("612345678", "Lefèvre", "oui", "allô", "Bonjour", "Rappelez", '"4"'):
        assert secret not in text
    assert hidden.target == "<pii:12 chars>"
    assert hidden.lead == {"name": "<pii:7 chars>", "visits": "<pii:1 chars>", "mail": None}
    assert hidden.amd is not None
    assert hidden.amd.evidence.matches == ("greeting.short",)
    assert hidden.turns[0].response_ms == 843.3
    assert hidden.disposition == "confirmed"
    assert hidden.redacted().turns[0].robot_text == ""


def test_the_schema_describes_every_field_that_needs_it() -> None:
    schema = record_schema()
    assert schema["additionalProperties"] is False
    assert schema["properties"]["target"]["pii"] is True
    assert "first audible sample" in schema["$defs"]["TurnEntry"]["properties"]["response_ms"]["description"]
    assert schema["properties"]["schema_version"]["const"] == "1"


def _document() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(record().model_dump_json())
    return document


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "cut short"),
        (record().model_dump_json()[:200], "cut short after 200 characters"),
        ("hello", "not JSON"),
        ("{'a': 1}", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "no schema_version"),
        ("{}", "no schema_version"),
        (json.dumps(_document() | {"schema_version": "7"}), "record version '7'; this program reads version '1'"),
        (json.dumps(_document() | {"color": "red"}), "color: Extra inputs"),
        (json.dumps(_document() | {"talk_ms": "long"}), "talk_ms: Input should be a valid number"),
    ],
)
def test_a_file_that_is_no_record_is_refused_with_the_reason(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "record.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_record(path)
    assert str(path) in str(caught.value)
    assert message in str(caught.value)


def test_missing_and_binary_files_are_refused_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such record"):
        load_record(tmp_path)
    path = tmp_path / "record.json"
    path.write_bytes(b"RIFF\xff\xfe")
    with pytest.raises(ConfigError, match="not a text file"):
        load_record(path)
