"""Which files were hashed and found right.

Hashing half a gigabyte takes a while, and every start of the robot asks. So a right file gets a stamp beside the
models (``.verified/MODEL/FILE``: sha256, size, mtime): while all three hold, the file is taken as right without being
read.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable
from pathlib import Path

BLOCK_BYTES = 1 << 20


def hash_file(path: Path, advanced: Callable[[int], None] = lambda done: None) -> str:
    """The sha256 of a file, hexadecimal; ``advanced`` gets the bytes read so far."""
    digest, done = hashlib.sha256(), 0
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            digest.update(block)
            done += len(block)
            advanced(done)
    return digest.hexdigest()


class Stamps:
    """The stamps of one store folder."""

    def __init__(self, folder: Path) -> None:
        self._store = folder
        self._folder = folder / ".verified"

    def hold(self, path: Path, sha256: str) -> bool:
        """Was ``path``, as it is now, found to have this sha256?"""
        try:
            return self._stamp(path).read_text(encoding="ascii") == _line(path, sha256)
        except (OSError, UnicodeDecodeError):
            return False

    def put(self, path: Path, sha256: str) -> None:
        """Remembers that ``path`` was hashed and is right. A folder that cannot be written just stays slow;
        a torn stamp does not hold."""
        stamp = self._stamp(path)
        with contextlib.suppress(OSError):
            stamp.parent.mkdir(parents=True, exist_ok=True)
            stamp.write_text(_line(path, sha256), encoding="ascii")

    def drop(self, path: Path) -> None:
        """Forgets ``path``."""
        with contextlib.suppress(OSError):
            self._stamp(path).unlink(missing_ok=True)

    def _stamp(self, path: Path) -> Path:
        return self._folder / path.relative_to(self._store)


def _line(path: Path, sha256: str) -> str:
    stat = path.stat()
    return f"{sha256} {stat.st_size} {stat.st_mtime_ns}\n"
