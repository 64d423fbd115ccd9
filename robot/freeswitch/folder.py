"""A rendered folder: what a new rendering would change in it, and the change itself.

A manifest in the folder remembers what was written, so that a file that somebody has changed since is told from one
that may be replaced. Nothing but what was written by us is ever replaced or removed, unless that is asked for.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from robot.errors import ConfigError

MANIFEST = ".allobot-render.json"
RUNTIME, RUNTIME_FOLDERS = "var", ("log", "db", "run", "temp")
"""where FreeSWITCH writes, in private for its log folder gets a copy of the whole configuration, passwords included"""
_FOLDER_MODE = 0o700


def _inside(name: str) -> str:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.parts:
        raise ValueError("should be the path of a file in this folder")
    return name


class _Manifest(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    version: Literal[1] = 1
    files: dict[Annotated[str, AfterValidator(_inside)], str]
    """{path: SHA-256 of what was written}"""


class Kind(Enum):
    CREATED = "created"
    UPDATED = "updated"
    REMOVED = "removed"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Change:
    """What happens to one file."""

    path: str
    kind: Kind
    before: str
    after: str
    conflict: str = ""
    """why it must not happen unasked; empty when it may"""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a rendering would do to a folder."""

    folder: Path
    changes: tuple[Change, ...]

    @property
    def conflicts(self) -> tuple[Change, ...]:
        return tuple(change for change in self.changes if change.conflict)

    def paths(self, kind: Kind) -> list[str]:
        """The files to which that happens."""
        return [change.path for change in self.changes if change.kind is kind]


def plan_folder(folder: Path, files: Mapping[str, str]) -> Plan:
    """Compares ``files`` ({relative path: text}) with the folder. Raises ``ConfigError``: it cannot be read."""
    written = _read_manifest(folder / MANIFEST)
    changes = [_change(folder, path, text, written.get(path)) for path, text in files.items()]
    stale = [_removal(folder, path, digest) for path, digest in written.items() if path not in files]
    return Plan(folder, (*changes, *(change for change in stale if change.before)))


def write_folder(plan: Plan, *, force: bool = False) -> None:
    """Makes the folder what the plan says: files of mode 600, new folders of mode 700, each file replaced whole.

    The passwords come first: after an interruption the next rendering finds them and completes the rest. The folders
    that FreeSWITCH writes to are made too. Raises ``ConfigError``: somebody changed a file (``force`` overrides that),
    or the folder cannot be written.
    """
    if plan.conflicts and not force:
        listed = "\n".join(f"  {plan.folder / change.path}: {change.conflict}" for change in plan.conflicts)
        raise ConfigError(f"nothing was written, for this would be lost:\n{listed}\nlook at --diff, then use --force")
    kept = [change for change in plan.changes if change.kind is not Kind.REMOVED]
    digests = {change.path: _digest(change.after) for change in kept}
    try:
        for name in RUNTIME_FOLDERS:
            _make_folder(plan.folder / RUNTIME / name)
        for change in sorted(kept, key=lambda change: not change.path.startswith("passwords/")):
            _write(plan.folder, change.path, change.after)
        for path in plan.paths(Kind.REMOVED):
            (plan.folder / path).unlink(missing_ok=True)
        _write(plan.folder, MANIFEST, _Manifest(files=digests).model_dump_json(indent=1) + "\n")
    except OSError as error:
        raise ConfigError(f"{error.filename or plan.folder}: cannot be written: {error.strerror or error}") from error


def _change(folder: Path, path: str, text: str, written: str | None) -> Change:
    current = _read(folder / path)
    if current is None:
        return Change(path, Kind.CREATED, "", text)
    if current.strip() == text.strip():  # an editor, or echo, ends a file in its own way
        return Change(path, Kind.UNCHANGED, text, text)
    return Change(path, Kind.UPDATED, current, text, _conflict(current, written))


def _removal(folder: Path, path: str, written: str) -> Change:
    current = _read(folder / path) or ""
    return Change(path, Kind.REMOVED, current, "", _conflict(current, written) if current else "")


def _conflict(current: str, written: str | None) -> str:
    if written is None:
        return "was not written by allobot"
    return "" if _digest(current) == written else "was changed since it was written"


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def _read(path: Path) -> str | None:
    try:
        return path.read_bytes().decode()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error


def _read_manifest(path: Path) -> Mapping[str, str]:
    text = _read(path)
    if text is None:
        return {}
    try:
        return _Manifest.model_validate_json(text).files
    except ValidationError as error:
        raise ConfigError(f"{path}: is damaged; remove it, and look at --diff before --force") from error


def _make_folder(folder: Path) -> None:
    for missing in reversed([path for path in (folder, *folder.parents) if not path.exists()]):
        missing.mkdir(_FOLDER_MODE)


def _write(folder: Path, name: str, text: str) -> None:
    path = folder / name
    _make_folder(path.parent)
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", newline="", dir=path.parent, prefix=".allobot-", delete=False
    ) as file:
        try:
            file.write(text)
            file.flush()
            Path(file.name).replace(path)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise
