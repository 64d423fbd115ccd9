"""The record of a call, and the folder it lives in: ``runs/DATE/HHMMSS-UUID8/``.

One JSON document, written once, whole or not at all (temporary file, fsync, rename). When the disk refuses it, it goes
to a rescue folder; when that fails too, the text is handed back to be printed: a record is never lost in silence. The
folder's functions block: a session calls them on an executor.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, Field, ValidationError

from robot.call.entries import (
    AmdEntry,
    AmdEvidence,
    AmdRevision,
    BargeInEntry,
    DtmfEntry,
    EngineEntry,
    Entry,
    HangupEntry,
    Ms,
    Pii,
    SwitchEntry,
    TransferEntry,
    TurnEntry,
    VoicemailEntry,
)
from robot.errors import ConfigError, RobotError

__all__ = [
    "AmdEntry",
    "AmdEvidence",
    "AmdRevision",
    "BargeInEntry",
    "CallFolder",
    "CallRecord",
    "DtmfEntry",
    "EngineEntry",
    "HangupEntry",
    "RecordSaved",
    "RecordUnsaved",
    "SwitchEntry",
    "TransferEntry",
    "TurnEntry",
    "VoicemailEntry",
    "load_record",
    "record_schema",
]

SCHEMA_VERSION: Literal["1"] = "1"
MIN_FREE_BYTES = 50_000_000
"""an hour of stereo 8 kHz audio is 115 MB; a call of five minutes is 10 MB"""
_SAME_SECOND = 100
"""calls whose second and first eight digits of the uuid are the same get a number, up to here"""


class CallRecord(Entry):
    """Everything that is known of one call. Times are milliseconds from the answer unless named otherwise."""

    schema_version: Literal["1"] = SCHEMA_VERSION
    call_id: str = Field(description="uuid of the channel")
    direction: Literal["outbound", "inbound"]
    target: Pii = Field(description="number called, or the caller's number when inbound")
    scenario: str = Field(description="name of the dialogue")
    language: str = Field(description="ISO 639-1, that the robot spoke")
    lead: dict[str, str | int | float | bool | None] = Field(
        default_factory=dict, description="variables of the lead", json_schema_extra={"pii": True}
    )
    started_at: AwareDatetime = Field(description="wall clock: the call was placed, or came in")
    answered_at: AwareDatetime | None = Field(None, description="wall clock; null when nobody answered")
    ended_at: AwareDatetime = Field(description="wall clock")
    ring_ms: Ms | None = Field(None, description="start → answer; null when nobody answered")
    talk_ms: Ms = Field(0.0, description="answer → end")
    interrupted: bool = Field(False, description="written because the robot was stopped, not because the call ended")
    switch: SwitchEntry
    line: str = Field("", description="the embedded switch's line model; empty on a real line")
    engines: dict[str, EngineEntry] = Field(default_factory=dict, description="slot (asr, vad, tts, llm, …) → engine")
    amd: AmdEntry | None = Field(None, description="null when not asked for, or the call ended before the verdict")
    turns: tuple[TurnEntry, ...] = ()
    barge_ins: tuple[BargeInEntry, ...] = ()
    voicemail: VoicemailEntry | None = None
    dtmf: tuple[DtmfEntry, ...] = ()
    transfers: tuple[TransferEntry, ...] = ()
    hangup: HangupEntry | None = Field(None, description="null when the robot was stopped before it knew")
    disposition: str = Field(description="the outcome, in the scenario's or the call's words")
    counters: dict[str, int] = Field(
        default_factory=dict, description="frames in, gaps, dropped, late, chunks played, playback failures, errors, …"
    )
    errors: tuple[str, ...] = Field((), description="what went wrong, in order")
    files: dict[str, str] = Field(default_factory=dict, description="audio, events, timeline → name in the folder")
    audio_start_ms: Ms = Field(0.0, description="first sample of the audio file; 0 is the answer")

    def redacted(self) -> CallRecord:
        """The same record without personal data: text → ``<pii:N chars>``; of the lead only the names remain."""
        return CallRecord.model_validate(_redacted(self))


def record_schema() -> dict[str, Any]:
    """JSON Schema of ``record.json``, for the documentation."""
    return CallRecord.model_json_schema(mode="serialization")


def _redacted(entry: BaseModel) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for name, info in type(entry).model_fields.items():
        extra = info.json_schema_extra
        hidden = isinstance(extra, Mapping) and extra.get("pii") is True
        out[name] = _without_pii(getattr(entry, name), hidden)
    return out


def _without_pii(value: Any, hidden: bool) -> Any:
    match value:
        case BaseModel():
            return _redacted(value)
        case Mapping():
            return {key: _without_pii(item, hidden) for key, item in value.items()}
        case tuple():
            return tuple(_without_pii(item, hidden) for item in value)
        case None | "":
            return value
        case _ if hidden:
            return f"<pii:{len(str(value))} chars>"
        case _:
            return value


def load_record(path: Path) -> CallRecord:
    """Reads ``record.json``, or the record in a call's folder.

    Raises ``ConfigError``: no such file, cut short, not JSON, of another version, or a field that does not fit.
    """
    file = path / "record.json" if path.is_dir() else path
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ConfigError(f"{file}: no such record") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file}: not a record: not a text file in UTF-8 (byte {error.start})") from error
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read: {error.strerror}") from error
    return _parse_record(text, file)


def _parse_record(text: str, file: Path) -> CallRecord:
    try:
        document = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        whole = text.strip()
        cut = not whole or (whole.startswith("{") and not whole.endswith("}"))
        why = f"cut short after {len(text)} characters" if cut else f"not JSON: {error}"
        raise ConfigError(f"{file}: not a record: {why}") from error
    if not isinstance(document, dict) or "schema_version" not in document:
        raise ConfigError(f"{file}: not a record: it has no schema_version")
    if document["schema_version"] != SCHEMA_VERSION:
        found = document["schema_version"]
        raise ConfigError(f"{file}: record version {found!r}; this program reads version {SCHEMA_VERSION!r}")
    try:
        return CallRecord.model_validate_json(text)
    except ValidationError as error:
        fault = error.errors()[0]
        field = ".".join(str(part) for part in fault["loc"])
        raise ConfigError(f"{file}: {field}: {fault['msg']} ({error.error_count()} faults in all)") from error


@dataclass(frozen=True, slots=True)
class RecordSaved:
    """The record is on disk."""

    path: Path
    problem: str = ""
    """why it is in the rescue folder and not in the call's own; empty when all went well"""


@dataclass(frozen=True, slots=True)
class RecordUnsaved:
    """No disk took the record: print ``text`` on stderr."""

    text: str
    problem: str


class CallFolder:
    """One call's folder. Make it with :meth:`create`, before the call is placed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.record_path = path / "record.json"
        self.events_path = path / "events.jsonl"
        self.audio_path = path / "call.wav"
        self.timeline_path = path / "timeline.png"
        self._once = threading.Lock()

    @classmethod
    def create(cls, root: Path, when: datetime, uuid: str, *, min_free_bytes: int = MIN_FREE_BYTES) -> CallFolder:
        """Makes ``root/YYYY-MM-DD/HHMMSS-UUID8`` (``when`` in its own time zone).

        Raises ``ConfigError`` when the place cannot be written or has less than ``min_free_bytes`` left.
        """
        name = f"{when:%H%M%S}-{re.sub('[^0-9A-Za-z]', '', uuid)[:8] or 'call'}"
        day = root / f"{when:%Y-%m-%d}"
        try:
            day.mkdir(parents=True, exist_ok=True)
            free = shutil.disk_usage(day).free
            if free < min_free_bytes:
                raise ConfigError(
                    f"{root}: only {free / 1e6:.0f} MB are free, a call needs {min_free_bytes / 1e6:.0f} MB: "
                    "free some space or set record.folder to another disk"
                )
            return cls(_new_folder(day, name))
        except OSError as error:
            why = error.strerror or str(error)
            raise ConfigError(f"{root}: cannot write the records of calls here: {why}; set record.folder") from error

    def write_provisional(self, record: CallRecord) -> None:
        """A first ``record.json``, which :meth:`write_record` replaces. Blocks. Raises ``ConfigError``."""
        try:
            _write_whole(self.record_path, record.model_dump_json(indent=2) + "\n")
        except OSError as error:
            raise ConfigError(
                f"{self.path}: cannot write records: {error.strerror or error}; set record.folder"
            ) from error

    def write_record(self, record: CallRecord) -> RecordSaved | RecordUnsaved:
        """Writes ``record.json``, exactly once in the life of this object. Blocks (fsync).

        A disk error sends it to ``TMP/allobot-rescue/``, and if that fails too gives the text back. Raises
        ``RobotError`` when called again.
        """
        if not self._once.acquire(blocking=False):
            raise RobotError(f"{self.record_path}: the record of a call is written once, and it was already")
        text = record.model_dump_json(indent=2) + "\n"
        try:
            _write_whole(self.record_path, text)
        except OSError as error:
            return self._rescue(text, f"{self.record_path}: {error.strerror or error}")
        return RecordSaved(self.record_path)

    def _rescue(self, text: str, problem: str) -> RecordSaved | RecordUnsaved:
        try:
            folder = Path(tempfile.gettempdir()) / "allobot-rescue"
            folder.mkdir(mode=0o700, exist_ok=True)
            path = folder / f"{self.path.parent.name}-{self.path.name}.json"
            _write_whole(path, text)
        except OSError as error:
            return RecordUnsaved(text, f"{problem}; rescue folder: {error.strerror or error}")
        return RecordSaved(path, problem)


def _new_folder(day: Path, name: str) -> Path:
    for number in range(1, _SAME_SECOND):
        path = day / (name if number == 1 else f"{name}-{number}")
        with contextlib.suppress(FileExistsError):
            path.mkdir()
            return path
    raise FileExistsError(f"{day / name}: {_SAME_SECOND - 1} calls of this name exist")


def _write_whole(path: Path, text: str) -> None:
    """Whole or not at all: a reader never sees half a record, even after a power cut. Raises ``OSError``."""
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise
    with contextlib.suppress(OSError):  # some file systems refuse it; the file itself is safe
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
