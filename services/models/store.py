"""The store: one folder per model, each file either absent or whole and right.

A file is trusted when its stamp holds, else it is hashed once, here, before anybody loads it: so files that were
copied in by hand need no ceremony, and a truncated one never reaches an engine.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from services.errors import Unavailable
from services.models.hub import Hub, hub_url
from services.models.lock import Lock, LockedFile
from services.models.partial import disk_trouble
from services.models.progress import Progress, Silent
from services.models.pull import Pull, Wanted
from services.models.stamps import Stamps, hash_file


def default_folder() -> Path:
    """``ALLOBOT_MODELS``, else ``models`` in the platform's cache folder for this program."""
    if folder := os.environ.get("ALLOBOT_MODELS"):
        return Path(folder).expanduser().absolute()
    import platformdirs

    return Path(platformdirs.user_cache_dir("allobot", appauthor=False)) / "models"


class State(Enum):
    """Of a file or, the worst of its files', of a model."""

    READY = "ready"
    ABSENT = "absent"
    DAMAGED = "damaged"


@dataclass(frozen=True, slots=True)
class Damage:
    """Why a file cannot be used."""

    model: str
    file: str
    state: State
    reason: str

    def __str__(self) -> str:
        return f"{self.model}/{self.file} {self.reason}; run: allobot models pull {self.model}"


class ModelStore:
    """The models of one lock in one folder. All methods block (disk, and :meth:`pull` the network)."""

    def __init__(self, lock: Lock, folder: Path, url: str | None = None) -> None:
        """``url``: base of the model hub; by default what the environment says."""
        self.lock = lock
        self.folder = folder
        self._url = url
        self._stamps = Stamps(folder)

    def path(self, model: str, file: str | None = None) -> Path:
        """The model's folder, or one of its files, all of the model being there and right.

        Raises ``Unavailable`` saying which command brings it, ``BadInput`` for a name that the lock does not know.
        """
        locked = self.lock.model(model)
        if damage := next(self._damages(model, quick=True), None):
            raise Unavailable(f"{damage} (looked in {self.folder})")
        return self.folder / model / locked.file(file).name if file else self.folder / model

    def weights(self, model: str) -> Path:
        """Path of the model's weights file. Raises as :meth:`path` does."""
        return self.path(model, self.lock.model(model).files[0].name)

    def sha256(self, model: str) -> str:
        """The pinned sha256 of the model's weights, as call records name it. Raises ``BadInput``."""
        return self.lock.model(model).files[0].sha256

    def state(self, model: str) -> State:
        """Of the whole model; instant when its files were hashed before and are unchanged."""
        states = {damage.state for damage in self._damages(model, quick=True)}
        return State.DAMAGED if State.DAMAGED in states else State.ABSENT if states else State.READY

    def verify(self, models: Iterable[str], progress: Progress | None = None) -> list[Damage]:
        """Reads and hashes every file anew; what is not right, in the lock's order. Raises ``BadInput``."""
        heard = progress or Silent()
        return [damage for model in models for damage in self._damages(model, quick=False, progress=heard)]

    def pull(self, models: Iterable[str], progress: Progress | None = None, jobs: int = 4) -> list[str]:
        """Brings what is missing or damaged; returns the ``model/file`` fetched, none when all was there.

        No network and no lock are touched when nothing is missing. Two pulls into one folder take turns.
        Raises ``Unavailable`` naming each file that no source gave (the others are in place), or the disk's trouble.
        """
        heard, names = progress or Silent(), list(dict.fromkeys(models))
        if not self._wanted(names, Silent()):
            return []
        with self._alone(heard):
            wanted = self._wanted(names, heard)
            if wanted:
                Pull(self.folder / ".partial", self._stamps, Hub(self._url or hub_url()), heard, jobs).run(wanted)
        return [one.label for one in wanted]

    def _wanted(self, models: Sequence[str], progress: Progress) -> list[Wanted]:
        wanted = []
        for model in models:
            for damage in self._damages(model, quick=True):
                label = f"{model}/{damage.file}"
                if damage.state is State.DAMAGED:
                    progress.message(f"{label} {damage.reason}: fetching it again")
                wanted.append(
                    Wanted(label, self.lock.model(model).file(damage.file), self.folder / model / damage.file)
                )
        return wanted

    def _damages(self, model: str, quick: bool, progress: Progress | None = None) -> Iterator[Damage]:
        heard = progress or Silent()
        for file in self.lock.model(model).files:
            label = f"{model}/{file.name}"
            heard.started(label, file.size)
            path = self.folder / model / file.name
            state, reason = self._inspect(path, file, quick, heard, label)
            if state is State.READY:
                heard.finished(label)
                continue
            heard.failed(label, reason)
            yield Damage(model, file.name, state, reason)

    def _inspect(self, path: Path, file: LockedFile, quick: bool, progress: Progress, label: str) -> tuple[State, str]:
        if not path.is_file():
            return State.ABSENT, "is not there"
        if (size := path.stat().st_size) != file.size:
            return State.DAMAGED, f"has {size} bytes instead of {file.size}"
        if quick and self._stamps.hold(path, file.sha256):
            return State.READY, ""
        self._stamps.drop(path)
        try:
            got = hash_file(path, lambda done: progress.advanced(label, done))
        except OSError as error:
            return State.DAMAGED, f"cannot be read ({error.strerror or error})"
        if got != file.sha256:
            return State.DAMAGED, f"has sha256 {got}, expected {file.sha256}"
        self._stamps.put(path, file.sha256)
        return State.READY, ""

    @contextmanager
    def _alone(self, progress: Progress) -> Iterator[None]:
        """Keeps other processes' pulls out of the folder; the operating system lets go if this one is killed."""
        from filelock import FileLock, Timeout

        with disk_trouble(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.folder / ".lock")
            try:
                lock.acquire(timeout=0)
            except Timeout:
                progress.message(f"another pull is at work in {self.folder}: waiting for it")
                lock.acquire()
        try:
            yield
        finally:
            lock.release()
