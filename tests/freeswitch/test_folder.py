"""What is written, what is left alone, and what is refused in a folder that people work in."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from robot.errors import ConfigError
from robot.freeswitch import plan_folder, write_folder
from robot.freeswitch.diff import diff_of
from robot.freeswitch.folder import MANIFEST, Kind

FILES = {"a.xml": "<a/>\n", "deep/er/b.xml": "<b/>\n", "passwords/esl": "s3cret-s3cret\n"}


def written(folder: Path, files: dict[str, str], *, force: bool = False) -> None:
    write_folder(plan_folder(folder, files), force=force)


def read(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST)
    return {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in files}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    written(tmp_path / "fs", FILES)
    return tmp_path / "fs"


def test_only_the_owner_may_read(folder: Path) -> None:
    assert read(folder) == FILES
    for path in (folder, *folder.rglob("*")):
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path


def test_a_file_that_others_could_read_is_closed_again(folder: Path) -> None:
    (folder / "passwords/esl").chmod(0o644)
    written(folder, FILES)
    assert (folder / "passwords/esl").stat().st_mode & 0o777 == 0o600


def test_a_second_time_nothing_changes(folder: Path) -> None:
    plan = plan_folder(folder, FILES)
    assert plan.paths(Kind.UNCHANGED) == list(FILES)
    assert diff_of(plan) == ""


def test_what_is_no_longer_needed_goes(folder: Path) -> None:
    files = {"a.xml": "<a/>\n", "c.xml": "<c/>\n"}
    plan = plan_folder(folder, files)
    assert (plan.paths(Kind.REMOVED), plan.paths(Kind.CREATED)) == (["deep/er/b.xml", "passwords/esl"], ["c.xml"])
    write_folder(plan)
    assert read(folder) == files


def test_what_somebody_changed_is_kept(folder: Path) -> None:
    (folder / "a.xml").write_text("<mine/>", encoding="utf-8")
    (folder / "deep/er/b.xml").write_text("<mine/>", encoding="utf-8")
    before = read(folder)
    files = {"a.xml": "<new/>\n", "passwords/esl": "n3w-n3w-n3w-n3w\n"}
    with pytest.raises(ConfigError) as caught:
        written(folder, files)
    assert "a.xml: was changed since it was written" in str(caught.value)
    assert "deep/er/b.xml: was changed since it was written" in str(caught.value)
    assert "--force" in str(caught.value)
    assert read(folder) == before
    written(folder, files, force=True)
    assert read(folder) == files


def test_the_same_change_by_hand_is_no_conflict(folder: Path) -> None:
    (folder / "a.xml").write_text("<new/>", encoding="utf-8")
    written(folder, {**FILES, "a.xml": "<new/>\n"})
    assert read(folder)["a.xml"] == "<new/>\n"


def test_what_others_wrote_is_kept(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text("<theirs/>", encoding="utf-8")
    (tmp_path / "more.xml").write_text("<theirs/>", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"a\.xml: was not written by allobot"):
        written(tmp_path, FILES)
    written(tmp_path, FILES, force=True)
    assert read(tmp_path) == {**FILES, "more.xml": "<theirs/>"}


def test_a_deleted_file_comes_back(folder: Path) -> None:
    (folder / "a.xml").unlink()
    written(folder, FILES)
    assert read(folder) == FILES


def test_a_link_is_replaced_and_not_followed(folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("<a/>\n", encoding="utf-8")
    (folder / "a.xml").unlink()
    (folder / "a.xml").symlink_to(outside)
    written(folder, {**FILES, "a.xml": "<new/>\n"})
    assert outside.read_text(encoding="utf-8") == "<a/>\n"
    assert not (folder / "a.xml").is_symlink()


def test_after_an_interruption_the_rest_follows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replace = Path.replace

    def failing(self: Path, target: Path) -> Path:
        if target.name == "b.xml":
            raise OSError(28, "No space left on device", str(target))
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", failing)
    with pytest.raises(ConfigError, match="No space left"):
        written(tmp_path, FILES)
    assert read(tmp_path) == {name: FILES[name] for name in ("a.xml", "passwords/esl")}
    monkeypatch.undo()
    written(tmp_path, FILES)
    assert read(tmp_path) == FILES


@pytest.mark.parametrize("name", ["../outside", "/etc/passwd", "", "deep/../../outside"])
def test_a_manifest_reaches_nothing_outside(tmp_path: Path, name: str) -> None:
    outside = tmp_path / "outside"
    outside.write_text("", encoding="utf-8")
    folder = tmp_path / "fs"
    folder.mkdir()
    (folder / MANIFEST).write_text(json.dumps({"version": 1, "files": {name: "0"}}), encoding="utf-8")
    with pytest.raises(ConfigError, match="is damaged; remove it"):
        plan_folder(folder, {})
    assert outside.exists()


def test_a_manifest_holds_no_password(folder: Path) -> None:
    assert "s3cret" not in (folder / MANIFEST).read_text(encoding="utf-8")


def test_a_file_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "fs").write_text("", encoding="utf-8")
    with pytest.raises(ConfigError, match="cannot be read"):
        written(tmp_path / "fs", FILES)


def test_the_diff_hides_passwords(folder: Path) -> None:
    param = '<param name="password" value="{}"/>\n'
    files = {**FILES, "a.xml": param.format("first-first")}
    written(folder, files)
    text = diff_of(plan_folder(folder, {"a.xml": param.format("new-new-new"), "passwords/esl": "0ther-0ther\n"}))
    assert text.splitlines() == [
        "--- a.xml",
        "+++ a.xml",
        "@@ -1 +1 @@",
        '-<param name="password" value="(hidden)"/>',
        '+<param name="password" value="(hidden)"/>',
        "--- passwords/esl",
        "+++ passwords/esl",
        "@@ -1 +1 @@",
        "-(hidden)",
        "+(hidden)",
        "--- deep/er/b.xml",
        "+++ /dev/null",
        "@@ -1 +0,0 @@",
        "-<b/>",
    ]


def test_the_umask_does_not_open_anything(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        written(tmp_path / "fs", FILES)
    finally:
        os.umask(before)
    assert not [path for path in (tmp_path / "fs").rglob("*") if path.stat().st_mode & 0o077]
