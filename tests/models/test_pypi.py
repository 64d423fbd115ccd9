"""Pulls from a package index: a folder of wheels that the tests make."""

from __future__ import annotations

import os
import shutil
import zipfile
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from services.errors import Unavailable
from services.models import State
from services.models.lock import LockedFile, Member
from services.models.partial import Incoming, Stopped
from services.models.pypi import Pypi, bytes_in

BODY = os.urandom(500_000)


def member(project: str, path: str, form: str = "wheel") -> dict[str, str]:
    return {"project": project, "version": "1.0", "member": path, "form": form}


def kept(shelf: Any) -> list[str]:
    return sorted(path.name for path in (shelf.folder / ".partial").rglob("*") if path.is_file())


def test_members_of_several_wheels_are_joined_in_order(shelf: Any, index: Any, told: Any) -> None:
    index.wheel("part_b", {"part_b/x.bin": BODY[200_000:]})
    index.wheel("part_a", {"part_a/x.bin": BODY[:200_000], "part_a/config.json": b"{}"})
    shelf.add("one", "x.bin", BODY, {"pypi": [member("part-a", "part_a/x.bin"), member("part-b", "part_b/x.bin")]})
    shelf.add("one", "config.json", b"{}", {"pypi": [member("part-a", "part_a/config.json")]})
    store = shelf.store()
    store.pull(["one"], told)
    assert store.weights("one").read_bytes() == BODY
    assert store.path("one", "config.json").read_bytes() == b"{}"
    assert list(told.ended.values()) == ["finished"] * 4
    assert told.messages == []
    assert not (shelf.folder / ".partial").exists()


def test_a_distribution_of_many_files_is_downloaded_once(
    shelf: Any, index: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from services.models import pypi

    calls: list[str] = []
    real = pypi.Pypi._pip

    def counted(self: pypi.Pypi, distribution: pypi.Distribution, folder: Path, scratch: Path) -> None:
        calls.append(str(distribution))
        real(self, distribution, folder, scratch)

    monkeypatch.setattr(pypi.Pypi, "_pip", counted)
    index.wheel("voices", {f"v/{name}": name.encode() for name in "abcdef"})
    for name in "abcdef":
        shelf.add("voices", name, name.encode(), {"pypi": [member("voices", f"v/{name}")]})
    shelf.store().pull(["voices"], jobs=4)
    assert calls == ["voices==1.0"]


def test_an_sdist_serves_even_where_its_code_would_not_run(shelf: Any, index: Any) -> None:
    index.sdist("source", {"data/x.bin": BODY})
    shelf.add("one", "x.bin", BODY, {"pypi": [member("source", "source-1.0/data/x.bin", "sdist")]})
    store = shelf.store()
    store.pull(["one"])
    assert store.weights("one").read_bytes() == BODY


def test_the_mirror_steps_in_when_the_hub_gives_other_bytes(shelf: Any, index: Any, hub: Any, told: Any) -> None:
    index.wheel("whole", {"x.bin": BODY})
    shelf.add("one", "x.bin", BODY, hub.add("x.bin", BODY[::-1]), {"pypi": [member("whole", "x.bin")]})
    store = shelf.store(hub.url)
    store.pull(["one"], told)
    assert store.weights("one").read_bytes() == BODY
    assert "refused" in told.messages[0]


def test_a_distribution_that_is_not_there_is_told_in_pips_words(shelf: Any, index: Any) -> None:
    shelf.add("one", "x.bin", BODY, {"pypi": [member("nothing-here", "x.bin")]})
    with pytest.raises(Unavailable, match=r"pip could not download nothing-here==1\.0: .*No matching distribution"):
        shelf.store().pull(["one"])


def test_a_python_without_pip_is_said(shelf: Any, index: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    bare = tmp_path / "python"
    bare.write_text("#!/bin/sh\necho 'python: No module named pip' >&2\nexit 1\n")
    bare.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(bare))
    shelf.add("one", "x.bin", BODY, {"pypi": [member("whole", "x.bin")]})
    with pytest.raises(Unavailable, match="No module named pip"):
        shelf.store().pull(["one"])


def test_wrong_bytes_are_refused_and_not_kept(shelf: Any, index: Any) -> None:
    index.wheel("whole", {"x.bin": BODY[::-1]})
    shelf.add("one", "x.bin", BODY, {"pypi": [member("whole", "x.bin")]})
    with pytest.raises(Unavailable, match=r"package index: sha256 is .* refused"):
        shelf.store().pull(["one"])
    assert not (shelf.folder / ".partial").exists()


@pytest.mark.parametrize("form", ["wheel", "sdist"])
def test_a_member_that_is_not_there_is_named(shelf: Any, index: Any, form: str) -> None:
    getattr(index, form)("whole", {"x.bin": BODY})
    shelf.add("one", "x.bin", BODY, {"pypi": [member("whole", "y.bin", form)]})
    with pytest.raises(Unavailable, match=r"whole-1\.0.* has no y\.bin"):
        shelf.store().pull(["one"])


def test_an_interrupted_pull_goes_on_with_what_it_has(shelf: Any, index: Any) -> None:
    index.wheel("part_a", {"x.bin": BODY[:200_000]})
    shelf.add("one", "x.bin", BODY, {"pypi": [member("part-a", "x.bin"), member("part-b", "x.bin")]})
    store = shelf.store()
    with pytest.raises(Unavailable, match="part-b"):
        store.pull(["one"])
    assert "part_a-1.0-py3-none-any.whl" in kept(shelf)
    assert store.state("one") is State.ABSENT
    (index.folder / "part_a-1.0-py3-none-any.whl").unlink()
    index.wheel("part_b", {"x.bin": BODY[200_000:]})
    store.pull(["one"])
    assert store.weights("one").read_bytes() == BODY


@pytest.mark.parametrize("form", ["wheel", "sdist"])
def test_a_kept_archive_with_a_hole_is_downloaded_again(shelf: Any, index: Any, form: str) -> None:
    getattr(index, form)("part_a", {"x.bin": BODY[:200_000]})
    top = "part_a-1.0/" if form == "sdist" else ""
    shelf.add("one", "x.bin", BODY, {"pypi": [member("part-a", f"{top}x.bin", form), member("part-b", "x.bin")]})
    store = shelf.store()
    with pytest.raises(Unavailable, match="part-b"):
        store.pull(["one"])
    archive = next(path for path in (shelf.folder / ".partial").rglob("part_a*") if path.is_file())
    holed = bytearray(archive.read_bytes())
    holed[100_000:100_100] = bytes(100)
    archive.write_bytes(holed)
    index.wheel("part_b", {"x.bin": BODY[200_000:]})
    store.pull(["one"])
    assert store.weights("one").read_bytes() == BODY


def test_a_damaged_archive_from_the_index_is_refused(shelf: Any, index: Any) -> None:
    index.wheel("whole", {"x.bin": BODY})
    path = index.folder / "whole-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path) as wheel:
        start = wheel.getinfo("x.bin").header_offset + 1000
    holed = bytearray(path.read_bytes())
    holed[start : start + 100] = bytes(100)
    path.write_bytes(holed)
    shelf.add("one", "x.bin", BODY, {"pypi": [member("whole", "x.bin")]})
    with pytest.raises(Unavailable, match=r"whole-1\.0-py3-none-any\.whl is damaged"):
        shelf.store().pull(["one"])
    assert not (shelf.folder / "one" / "x.bin").exists()


def test_an_abandoned_pull_ends_its_pip(
    shelf: Any, index: Any, told: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    endless = tmp_path / "python"
    endless.write_text("#!/bin/sh\nexec sleep 600\n")
    endless.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(endless))
    stop = Event()
    told.advanced = lambda file, done: stop.set()
    source = {"pypi": [member("p", "x")]}
    wanted = LockedFile.model_validate({"name": "x", "sha256": "0" * 64, "size": 1, "sources": [source]})
    downloads = Pypi(tmp_path / "partial", 1, stop, told)
    with Incoming(wanted, tmp_path / "partial" / "x", Event(), lambda done: None) as into, pytest.raises(Stopped):
        downloads.fetch((Member(project="p", version="1", member="x"),), into)
    downloads.close()
    assert list((tmp_path / "partial").iterdir()) == []


def test_counting_bytes_while_folders_vanish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / name / "deep").mkdir(parents=True)
        (tmp_path / name / "deep" / "file").write_bytes(b"12345")
    real = os.scandir

    def vanishing(path: str) -> Any:
        if str(path).endswith("deep"):
            shutil.rmtree(tmp_path / "b", ignore_errors=True)
        return real(path)

    monkeypatch.setattr(os, "scandir", vanishing)
    assert bytes_in(tmp_path) in (10, 15)
