"""What the store says of its folder, and that nothing half, wrong or doubled ever gets in."""

from __future__ import annotations

import errno
import os
import signal
import socket
import subprocess
import sys
from collections import namedtuple
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import yaml

from services.errors import BadInput, Unavailable
from services.models import ModelStore, State, default_folder

BODY = os.urandom(2_000_000)
HUB = {"hub": {"repo": "org/repo", "revision": "main", "path": "a.bin"}}
PULL = """
import sys
from pathlib import Path
from services.models import ModelStore, load_lock
ModelStore(load_lock(Path(sys.argv[1])), Path(sys.argv[2]), sys.argv[3]).pull(["one"])
"""


def placed(shelf: Any) -> ModelStore:
    """A store whose only model was copied in by hand."""
    shelf.add("one", "a.bin", BODY, HUB)
    (shelf.folder / "one").mkdir(parents=True)
    (shelf.folder / "one" / "a.bin").write_bytes(BODY)
    store: ModelStore = shelf.store()
    return store


def test_an_absent_model_says_which_command_brings_it(shelf: Any) -> None:
    shelf.add("one", "a.bin", BODY, HUB)
    store = shelf.store()
    assert store.state("one") is State.ABSENT
    with pytest.raises(Unavailable, match=r"one/a\.bin is not there; run: allobot models pull one"):
        store.path("one")


def test_names_that_the_lock_does_not_know(shelf: Any) -> None:
    store = placed(shelf)
    for call in (store.path, store.weights, store.sha256, store.state):
        with pytest.raises(BadInput, match="unknown model 'two'"):
            call("two")
    with pytest.raises(BadInput, match="unknown model"):
        store.pull(["two"])
    with pytest.raises(BadInput, match="unknown model"):
        store.verify(["two"])
    with pytest.raises(BadInput, match="no file 'b'"):
        store.path("one", "b")


def test_files_copied_in_by_hand_are_taken(shelf: Any) -> None:
    store = placed(shelf)
    assert store.path("one") == shelf.folder / "one"
    assert store.sha256("one") == store.lock.model("one").files[0].sha256
    assert store.verify(["one"]) == []


def test_a_known_file_is_not_read_again(shelf: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    store = placed(shelf)
    store.path("one")
    monkeypatch.setattr("services.models.store.hash_file", lambda *_: pytest.fail("hashed again"))
    store.path("one")
    assert store.state("one") is State.READY


def test_a_folder_that_cannot_be_written_still_serves(shelf: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    store = placed(shelf)

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "write_text", refuse)
    assert store.weights("one").read_bytes() == BODY
    assert store.state("one") is State.READY


def test_a_truncated_file_never_reaches_an_engine(shelf: Any) -> None:
    store = placed(shelf)
    store.path("one")
    os.truncate(shelf.folder / "one" / "a.bin", 1000)
    with pytest.raises(
        Unavailable, match=r"one/a\.bin has 1000 bytes instead of 2000000; run: allobot models pull one"
    ):
        store.path("one")
    assert store.state("one") is State.DAMAGED


def test_a_flipped_byte_is_found_by_its_time_or_by_verify(shelf: Any) -> None:
    store = placed(shelf)
    path = store.weights("one")
    before = path.stat()
    with path.open("r+b") as file:
        file.write(bytes([BODY[0] ^ 1]))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert store.state("one") is State.READY
    damage = store.verify(["one"])[0]
    assert (damage.model, damage.file, damage.state) == ("one", "a.bin", State.DAMAGED)
    assert "expected" in damage.reason
    assert store.state("one") is State.DAMAGED
    path.write_bytes(BODY)
    assert store.state("one") is State.READY


def test_a_damaged_file_is_fetched_again(shelf: Any, hub: Any, told: Any) -> None:
    placed(shelf)
    hub.add("a.bin", BODY)
    (shelf.folder / "one" / "a.bin").write_bytes(b"\x00" * len(BODY))
    store = shelf.store(hub.url)
    assert store.pull(["one"], told) == ["one/a.bin"]
    assert "fetching it again" in told.messages[0]
    assert store.weights("one").read_bytes() == BODY


def test_with_everything_there_nothing_is_opened(shelf: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    store = placed(shelf)

    def refuse(*_: object, **__: object) -> None:
        pytest.fail("the network or a process was used")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(subprocess, "Popen", refuse)
    assert store.pull(["one"]) == []
    assert store.pull(["one", "one"]) == []


def test_a_full_disk_is_told_before_anything_is_fetched(shelf: Any, hub: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage(10, 9, 1_000_000))
    shelf.add("one", "a.bin", BODY, hub.add("a.bin", BODY))
    with pytest.raises(Unavailable, match=r"2 MB are needed in .*, 1 MB are free: free some space"):
        shelf.store(hub.url).pull(["one"])
    assert hub.gets() == []


@pytest.mark.parametrize(
    ("number", "message"), [(errno.ENOSPC, "the disk of .* is full: free some space"), (errno.EIO, "cannot write in")]
)
def test_a_disk_that_fails_meanwhile(
    shelf: Any, hub: Any, monkeypatch: pytest.MonkeyPatch, number: int, message: str
) -> None:
    def refuse(_: int) -> None:
        raise OSError(number, "no")

    monkeypatch.setattr(os, "fsync", refuse)
    shelf.add("one", "a.bin", BODY, hub.add("a.bin", BODY))
    store = shelf.store(hub.url)
    with pytest.raises(Unavailable, match=message):
        store.pull(["one"])
    assert store.state("one") is State.ABSENT


def test_a_store_folder_that_cannot_be_made(shelf: Any, hub: Any) -> None:
    shelf.folder.write_text("a file is in the way")
    shelf.add("one", "a.bin", BODY, hub.add("a.bin", BODY))
    with pytest.raises(Unavailable, match=r"cannot write in .*: set ALLOBOT_MODELS elsewhere"):
        shelf.store(hub.url).pull(["one"])


def test_two_pulls_take_turns_and_fetch_once(shelf: Any, hub: Any, told: Any) -> None:
    shelf.add("one", "a.bin", BODY, hub.add("a.bin", BODY))
    hub.gate = Event()
    waits = Event()
    told.message = lambda text: waits.set() if "another pull" in text else None
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(shelf.store(hub.url).pull, ["one"])
        assert hub.asked.wait(30)
        second = threads.submit(shelf.store(hub.url).pull, ["one"], told)
        assert waits.wait(30)
        hub.gate.set()
        assert (first.result(30), second.result(30)) == (["one/a.bin"], [])
    assert hub.gets() == ["a.bin"]


def test_a_killed_pull_leaves_no_half_file_and_no_lock(shelf: Any, hub: Any, tmp_path: Path) -> None:
    shelf.add("one", "a.bin", BODY, hub.add("a.bin", BODY))
    lock = tmp_path / "models.lock.yaml"
    lock.write_text(yaml.safe_dump({"models": shelf.models}))
    hub.gate = Event()
    command = [sys.executable, "-c", PULL, str(lock), str(shelf.folder), hub.url]
    with subprocess.Popen(command, cwd=Path(__file__).resolve().parents[2]) as process:
        assert hub.asked.wait(30)
        process.send_signal(signal.SIGKILL)
    hub.gate.set()
    store = shelf.store(hub.url)
    assert store.state("one") is State.ABSENT
    assert store.pull(["one"]) == ["one/a.bin"]


def test_the_folder_comes_from_the_environment_or_the_platform(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ALLOBOT_MODELS", str(tmp_path))
    assert default_folder() == tmp_path
    monkeypatch.delenv("ALLOBOT_MODELS")
    assert default_folder().name == "models"
