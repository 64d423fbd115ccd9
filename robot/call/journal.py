"""``events.jsonl``: one line for each thing that happened in a call, in media time.

No wall clock and nothing random, and numbers rounded alike, so that two runs in virtual time give the same bytes and a
difference between them is a finding. Lines wait in memory, bounded, until :meth:`Journal.flush` puts them on disk: the
call's task writes, an executor's thread flushes, and the lock between them is never held during I/O.
"""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import Path

import numpy as np

Plain = None | bool | int | float | str | Enum | np.generic | Sequence["Plain"] | Mapping[str, "Plain"]
"""what a field may hold"""

MAX_WAITING_LINES = 20_000
"""about 3 MB; at 100 events per second the disk may be away for three minutes"""
_DECIMALS = 3


class Journal:
    """Append-only events of one call. Nothing here raises into the call because of the disk."""

    def __init__(self, path: Path, *, max_waiting: int = MAX_WAITING_LINES) -> None:
        self._path, self._max_waiting = path, max_waiting
        self._waiting: list[bytes] = []
        self._lock = threading.Lock()
        self._flushing = threading.Lock()
        self._size = 0
        self._dropped = self._failed_flushes = 0
        self._error = ""

    @property
    def dropped(self) -> int:
        """Lines thrown away because too many were waiting."""
        return self._dropped

    @property
    def failed_flushes(self) -> int:
        return self._failed_flushes

    @property
    def errors(self) -> tuple[str, ...]:
        """For the record's ``errors``: what the disk refused, and whether lines are missing from the file."""
        out: list[str] = []
        if self._error:
            out.append(f"events: {self._failed_flushes} writes failed, the last one: {self._error}")
        if self._dropped or (self._error and self._waiting):
            out.append(f"events: {self._dropped + len(self._waiting)} lines are missing from {self._path.name}")
        return tuple(out)

    def write(self, t_ms: float, name: str, **fields: Plain) -> None:
        """Adds a line ``{"t_ms": …, "name": …, field: …}``, the fields in alphabetical order. Never blocks on I/O.

        ``t_ms`` counts from the answer. Numbers are rounded to three decimals. When full, the line is dropped and
        counted. Raises ``TypeError`` for a value that JSON cannot hold.
        """
        document = {"t_ms": _plain(float(t_ms)), "name": name}
        document |= {key: _plain(fields[key]) for key in sorted(fields)}
        line = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace")
        with self._lock:
            if len(self._waiting) >= self._max_waiting:
                self._dropped += 1
            else:
                self._waiting.append(line + b"\n")

    def flush(self) -> None:
        """Puts the waiting lines on disk. Blocks; safe from any thread.

        A disk error is kept for :attr:`errors`, and the lines are tried again at the next flush.
        """
        with self._flushing:
            with self._lock:
                lines, self._waiting = self._waiting, []
            if not lines:
                return
            try:
                self._append(b"".join(lines))
            except OSError as error:
                self._failed_flushes += 1
                self._error = f"{self._path}: {error.strerror or error}"
                with self._lock:
                    kept = (lines + self._waiting)[: self._max_waiting]
                    self._dropped += len(lines) + len(self._waiting) - len(kept)
                    self._waiting = kept

    def _append(self, data: bytes) -> None:
        with self._path.open("ab") as file:
            file.truncate(self._size)  # what a failed attempt left of its lines would be there twice
            file.write(data)
        self._size += len(data)


def _plain(value: Plain) -> object:
    match value:
        case None | bool() | str() if not isinstance(value, Enum):
            return value
        case Enum():
            return _plain(value.value)
        case np.generic():
            return _plain(value.item())
        case int():
            return value
        case float():
            return _rounded(value)
        case Mapping():
            return {str(key): _plain(value[key]) for key in sorted(value)}
        case Sequence():
            return [_plain(item) for item in value]
        case _:
            raise TypeError(f"a journal's field cannot hold {type(value).__name__}")


def _rounded(value: float) -> float | int | str:
    """JSON has no infinity; ``20.0`` and ``20`` are one number and are written alike."""
    if not math.isfinite(value):
        return str(value)
    rounded = round(value, _DECIMALS)
    return int(rounded) if rounded.is_integer() else rounded
