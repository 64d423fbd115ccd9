"""A call's folder: where it is made, and that its record is written once and never lost."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from robot.call.record import CallFolder, CallRecord, RecordSaved, RecordUnsaved, SwitchEntry, load_record
from robot.errors import ConfigError, RobotError

WHEN = datetime(2026, 3, 4, 23, 20, 30, tzinfo=timezone(timedelta(hours=1)))
UUID = "5f0c2d1e-9a7b-4c3d-8e2f-112233445566"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CallFolder:
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    return CallFolder.create(tmp_path / "runs", WHEN, UUID)


@pytest.fixture
def record() -> CallRecord:
    return CallRecord(
        call_id=UUID,
        direction="inbound",
        target="1001",
        scenario="menu",
        language="en",
        started_at=WHEN.astimezone(UTC),
        ended_at=WHEN.astimezone(UTC),
        switch=SwitchEntry(kind="freeswitch"),
        disposition="no_answer",
        errors=("é",),
    )


def _full(*_: Any, **__: Any) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_the_folder_is_named_by_day_time_and_call(folder: CallFolder, tmp_path: Path) -> None:
    assert folder.path == tmp_path / "runs" / "2026-03-04" / "232030-5f0c2d1e"
    assert folder.path.is_dir()
    names = [folder.record_path, folder.events_path, folder.audio_path, folder.timeline_path]
    assert [path.name for path in names] == ["record.json", "events.jsonl", "call.wav", "timeline.png"]


def test_two_calls_never_share_a_folder(tmp_path: Path) -> None:
    names = {CallFolder.create(tmp_path, WHEN, UUID).path.name for _ in range(3)}
    assert names == {"232030-5f0c2d1e", "232030-5f0c2d1e-2", "232030-5f0c2d1e-3"}


def test_a_uuid_from_outside_cannot_lead_out_of_the_root(tmp_path: Path) -> None:
    assert CallFolder.create(tmp_path, WHEN, "../../../etc").path.parent == tmp_path / "2026-03-04"
    assert CallFolder.create(tmp_path, WHEN, "../..").path.name == "232030-call"


def test_a_root_that_cannot_be_written_fails_at_once(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("a file")
    with pytest.raises(ConfigError, match=r"cannot write the records of calls here.*record\.folder"):
        CallFolder.create(tmp_path / "runs", WHEN, UUID)


def test_a_nearly_full_disk_fails_before_the_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=12_000_000))
    with pytest.raises(ConfigError, match="only 12 MB are free, a call needs 50 MB"):
        CallFolder.create(tmp_path, WHEN, UUID)
    assert CallFolder.create(tmp_path, WHEN, UUID, min_free_bytes=1_000_000).path.is_dir()


def test_the_record_is_written_once_whole_and_without_leftovers(folder: CallFolder, record: CallRecord) -> None:
    assert folder.write_record(record) == RecordSaved(folder.record_path)
    assert load_record(folder.path) == record
    assert [path.name for path in folder.path.iterdir()] == ["record.json"]
    before = folder.record_path.read_bytes()
    with pytest.raises(RobotError, match="written once"):
        folder.write_record(record.model_copy(update={"disposition": "other"}))
    assert folder.record_path.read_bytes() == before


def test_a_disk_that_fills_up_during_the_call_sends_the_record_to_the_rescue_folder(
    folder: CallFolder, record: CallRecord, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    replace = os.replace

    def full_in_runs(source: Path, target: Path) -> None:
        if "runs" in str(target):
            _full()
        replace(source, target)

    monkeypatch.setattr(os, "replace", full_in_runs)
    result = folder.write_record(record)
    assert isinstance(result, RecordSaved)
    assert result.path == tmp_path / "tmp" / "allobot-rescue" / "2026-03-04-232030-5f0c2d1e.json"
    assert "No space left" in result.problem
    assert load_record(result.path) == record
    assert list(folder.path.iterdir()) == []
    with pytest.raises(RobotError, match="written once"):
        folder.write_record(record)


def test_a_folder_that_vanished_is_no_loss_either(folder: CallFolder, record: CallRecord) -> None:
    shutil.rmtree(folder.path)
    result = folder.write_record(record)
    assert isinstance(result, RecordSaved)
    assert load_record(result.path) == record


def test_when_no_disk_takes_it_the_text_comes_back(
    folder: CallFolder, record: CallRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", _full)
    result = folder.write_record(record)
    assert isinstance(result, RecordUnsaved)
    assert CallRecord.model_validate_json(result.text) == record
    assert "No space left" in result.problem
    assert "rescue folder" in result.problem


def test_a_file_system_that_cannot_sync_folders_is_good_enough(
    folder: CallFolder, record: CallRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "open", _full)
    assert folder.write_record(record) == RecordSaved(folder.record_path)
