"""One pull: every wanted file from the first of its sources that gives the right bytes, several files at a time."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import assert_never

from services.errors import Unavailable
from services.models.hub import Hub
from services.models.lock import HubSource, LockedFile, PypiSource
from services.models.partial import DiskTrouble, Incoming, SourceFailed, Stopped, WrongBytes
from services.models.progress import Progress
from services.models.pypi import Distribution, Pypi, bytes_in
from services.models.stamps import Stamps


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file that the store lacks."""

    label: str
    """model/file"""
    file: LockedFile
    target: Path

    def distributions(self) -> set[Distribution]:
        """All that its mirror sources may download."""
        return {
            part for source in self.file.sources if isinstance(source, PypiSource) for part in _distributions(source)
        }


class Pull:
    """Runs once. The caller keeps other pulls out of ``partial`` meanwhile."""

    def __init__(self, partial: Path, stamps: Stamps, hub: Hub, progress: Progress, jobs: int) -> None:
        self._partial, self._stamps, self._hub, self._progress, self._jobs = partial, stamps, hub, progress, jobs
        self._stop = Event()
        self._refused: set[Distribution] = set()
        self._pypi = Pypi(partial, jobs, self._stop, progress)

    def run(self, wanted: Sequence[Wanted]) -> None:
        """Fetches all that can be had.

        Raises ``Unavailable`` naming each file that could not, with every source's reason; ``DiskTrouble``.
        """
        sources = [source for one in wanted for source in one.file.sources]
        if any(isinstance(source, HubSource) for source in sources) and not self._hub.probe():
            self._progress.message(f"the model hub is not reachable ({self._hub.trouble}): using the mirrors")
        self._check_space(wanted)
        pool = ThreadPoolExecutor(self._jobs, thread_name_prefix="models-pull")
        futures = {pool.submit(self._fetch, one): one for one in sorted(wanted, key=lambda one: -one.file.size)}
        try:
            failures = self._collect(futures)
        except BaseException:
            self._stop.set()
            raise
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
            self._pypi.close()
        self._tidy(wanted, failures)
        if failures:
            raise Unavailable("\n".join(f"{one.label}: {error}" for one, error in failures.items()))

    def _collect(self, futures: dict[Future[None], Wanted]) -> dict[Wanted, Unavailable]:
        failures: dict[Wanted, Unavailable] = {}
        pending = set(futures)
        while pending:
            finished, pending = wait(pending, return_when=FIRST_EXCEPTION)
            for future in finished:
                error = future.exception()
                if isinstance(error, DiskTrouble) or not isinstance(error, Unavailable | None):
                    raise error
                if error is not None:
                    failures[futures[future]] = error
                    self._progress.failed(futures[future].label, str(error))
        return failures

    def _fetch(self, one: Wanted) -> None:
        self._progress.started(one.label, one.file.size)
        reasons: list[str] = []
        for source in one.file.sources:
            if self._stop.is_set():
                raise Stopped("interrupted")
            if isinstance(source, HubSource) and self._hub.trouble:
                reasons.append(f"the hub is not reachable: {self._hub.trouble}")
                continue
            try:
                self._attempt(one, source)
            except SourceFailed as error:
                reasons.append(f"{_where(source)}: {error}")
                self._progress.message(f"{one.label}: {reasons[-1]}")
            else:
                self._stamps.put(one.target, one.file.sha256)
                self._progress.finished(one.label)
                return
        raise Unavailable("no source has it: " + "; ".join(reasons))

    def _attempt(self, one: Wanted, source: HubSource | PypiSource) -> None:
        """Raises ``SourceFailed``; wrong bytes do not stay."""
        # named for the hash, so that a changed lock does not resume the old file; for the label, as models share files
        path = self._partial / f"{one.label.replace('/', '.')}.{one.file.sha256[:16]}"
        with Incoming(one.file, path, self._stop, lambda done: self._progress.advanced(one.label, done)) as into:
            try:
                match source:
                    case HubSource(hub=hub):
                        self._hub.fetch(hub, into)
                    case PypiSource(pypi=members):
                        self._pypi.fetch(members, into)
                    case _:
                        assert_never(source)
                into.commit(one.target)
            except WrongBytes:
                into.restart()
                if isinstance(source, PypiSource):
                    self._refused.update(_distributions(source))
                raise

    def _check_space(self, wanted: Sequence[Wanted]) -> None:
        """Raises ``DiskTrouble`` now rather than after half an hour."""
        needed = sum(self._copies(one) * one.file.size for one in wanted)
        held = bytes_in(self._partial)
        free = shutil.disk_usage(self._partial.parent).free
        if free < needed - held:
            raise DiskTrouble(
                f"{(needed - held) / 1e6:.0f} MB are needed in {self._partial.parent}, {free / 1e6:.0f} MB are free: "
                "free some space, or set ALLOBOT_MODELS to another disk"
            )

    def _copies(self, one: Wanted) -> int:
        """From a mirror, the parts and the file made of them exist together."""
        from_hub = isinstance(one.file.sources[0], HubSource) and not self._hub.trouble
        return 1 if from_hub else 2

    def _tidy(self, wanted: Sequence[Wanted], failures: dict[Wanted, Unavailable]) -> None:
        """What a failed file still needs stays for the next pull, unless it was wrong."""
        needed = {part for one in failures for part in one.distributions()} - self._refused
        self._pypi.forget({part for one in wanted for part in one.distributions()} - needed)
        if self._partial.is_dir() and not any(self._partial.iterdir()):
            self._partial.rmdir()


def _distributions(source: PypiSource) -> set[Distribution]:
    return {Distribution.of(member) for member in source.pypi}


def _where(source: HubSource | PypiSource) -> str:
    match source:
        case HubSource():
            return "hub"
        case PypiSource():
            return "package index"
        case _:
            assert_never(source)
