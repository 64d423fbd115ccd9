"""A file on its way: in the store's ``.partial`` folder until it is whole and right.

The bytes are hashed as they are written; what an earlier pull left is hashed on opening, so that a resumed file is
checked as strictly as a fresh one. Only :meth:`Incoming.commit` gives it its name, by one rename on the same file
system.
"""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event
from types import TracebackType
from typing import Self

from services.errors import Unavailable
from services.models.lock import LockedFile
from services.models.stamps import BLOCK_BYTES


class SourceFailed(Unavailable):
    """This source cannot give the file; the next one may."""


class WrongBytes(SourceFailed):
    """The source gave a whole file, but not this one."""


class DiskTrouble(Unavailable):
    """The store's disk is full or refuses: no other source would help."""


class Stopped(Unavailable):
    """The pull was abandoned."""


class Incoming:
    """Receives one file. Not thread-safe; use as a context manager."""

    def __init__(self, wanted: LockedFile, path: Path, stop: Event, advanced: Callable[[int], None]) -> None:
        """Opens ``path``, continuing what is there. ``advanced`` gets the bytes so far."""
        self._wanted, self._stop, self._advanced = wanted, stop, advanced
        self._path = path
        with disk_trouble(path.parent):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("a+b")
        self._digest = hashlib.sha256()
        self.done = 0
        self._rehash()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """What has arrived stays for the next attempt; an empty file does not."""
        self._file.close()
        if not self.done:
            with suppress(OSError):
                self._path.unlink(missing_ok=True)

    @property
    def missing(self) -> int:
        """Bytes still to come."""
        return self._wanted.size - self.done

    def restart(self) -> None:
        """Back to an empty file."""
        with disk_trouble(self._path.parent):
            self._file.truncate(0)
        self._digest = hashlib.sha256()
        self.done = 0
        self._advanced(0)

    def write(self, block: bytes) -> None:
        """Appends. Raises ``Stopped``, ``DiskTrouble``, or ``WrongBytes`` when the file grows longer than it may."""
        if self._stop.is_set():
            raise Stopped("interrupted")
        if len(block) > self.missing:
            raise WrongBytes(f"longer than the {self._wanted.size} bytes expected")
        with disk_trouble(self._path.parent):
            self._file.write(block)
        self._digest.update(block)
        self.done += len(block)
        self._advanced(self.done)

    def check(self) -> None:
        """Raises ``SourceFailed`` when bytes are missing (they are kept), ``WrongBytes`` when the hash is another."""
        if self.missing:
            raise SourceFailed(f"ended after {self.done} of {self._wanted.size} bytes")
        if (got := self._digest.hexdigest()) != self._wanted.sha256:
            raise WrongBytes(f"sha256 is {got}, expected {self._wanted.sha256}: refused")

    def commit(self, target: Path) -> None:
        """Checked and on the disk, it takes its name. Raises as :meth:`check` does, or ``DiskTrouble``."""
        self.check()
        with disk_trouble(target.parent):
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            target.parent.mkdir(parents=True, exist_ok=True)
            self._path.replace(target)

    def _rehash(self) -> None:
        self._file.seek(0)
        while block := self._file.read(BLOCK_BYTES):
            self._digest.update(block)
            self.done += len(block)
        if self.done > self._wanted.size:
            self.restart()
        self._advanced(self.done)


@contextmanager
def disk_trouble(folder: Path) -> Iterator[None]:
    """Turns an ``OSError`` of the store's disk into ``DiskTrouble`` that says which disk and what to do."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskTrouble(f"the disk of {folder} is full: free some space and pull again") from error
        raise DiskTrouble(
            f"cannot write in {folder}: {error.strerror or error}: set ALLOBOT_MODELS elsewhere"
        ) from error
