"""Pulls from a model hub that is slow, wrong, cut, or not there."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any

import pytest

from services.errors import Unavailable
from services.models import State
from services.models.hub import Hub, hub_url

BODY = os.urandom(3_000_000)


def test_files_arrive_whole(hub: Any, shelf: Any, told: Any) -> None:
    shelf.add("one", "a.bin", BODY, hub.add("a.bin", BODY))
    shelf.add("one", "b.txt", b"b", hub.add("sub/b.txt", b"b"))
    shelf.add("two", "c.bin", b"cc", hub.add("c.bin", b"cc"))
    store = shelf.store(hub.url)
    assert sorted(store.pull(["one", "two"], told)) == ["one/a.bin", "one/b.txt", "two/c.bin"]
    assert store.path("one") == shelf.folder / "one"
    assert store.weights("one").read_bytes() == BODY
    assert store.path("one", "b.txt").read_bytes() == b"b"
    assert told.ended == {"one/a.bin": "finished", "one/b.txt": "finished", "two/c.bin": "finished"}
    assert told.done["one/a.bin"] == len(BODY)
    assert not (shelf.folder / ".partial").exists()


def test_many_files_share_few_threads_and_one_probe(hub: Any, shelf: Any) -> None:
    for number in range(20):
        shelf.add("many", f"f{number}", bytes([number]) * 1000, hub.add(f"f{number}", bytes([number]) * 1000))
    assert len(shelf.store(hub.url).pull(["many"], jobs=3)) == 20
    assert [method for method, _, _ in hub.requests].count("HEAD") == 1


def test_a_cut_connection_goes_on_where_it_was(hub: Any, shelf: Any) -> None:
    shelf.add("one", "a.bin", BODY, hub.add("a.bin", BODY))
    hub.cut_after["/org/repo/resolve/main/a.bin"] = [1_000_000, 500_000]
    store = shelf.store(hub.url)
    store.pull(["one"])
    assert store.weights("one").read_bytes() == BODY
    assert [asked for method, _, asked in hub.requests if method == "GET"] == ["", "bytes=1000000-", "bytes=1500000-"]


def test_a_server_without_ranges_starts_over(hub: Any, shelf: Any) -> None:
    shelf.add("one", "a.bin", BODY, hub.add("a.bin", BODY))
    hub.ranges = False
    hub.cut_after["/org/repo/resolve/main/a.bin"] = [1_000_000]
    store = shelf.store(hub.url)
    store.pull(["one"])
    assert store.weights("one").read_bytes() == BODY


def test_the_next_pull_resumes_what_the_last_one_left(hub: Any, shelf: Any) -> None:
    shelf.add("one", "a.bin", BODY, hub.add("a.bin", BODY))
    hub.cut_after["/org/repo/resolve/main/a.bin"] = [1_000_000, 0]
    store = shelf.store(hub.url)
    with pytest.raises(Unavailable, match=r"one/a\.bin: no source has it: hub: broken off"):
        store.pull(["one"])
    assert store.state("one") is State.ABSENT
    store.pull(["one"])
    assert hub.requests[-1][2] == "bytes=1000000-"
    assert store.weights("one").read_bytes() == BODY


@pytest.mark.parametrize("left", [b"rubbish" * 1000, b"x" * len(BODY), b"x" * (len(BODY) + 5)])
def test_rubbish_left_by_something_else_is_thrown_away(hub: Any, shelf: Any, left: bytes) -> None:
    shelf.add("one", "a.bin", BODY, hub.add("a.bin", BODY))
    store = shelf.store(hub.url)
    partial = shelf.folder / ".partial" / f"one.a.bin.{store.sha256('one')[:16]}"
    partial.parent.mkdir(parents=True)
    partial.write_bytes(left)
    store.pull(["one"])
    assert store.weights("one").read_bytes() == BODY


@pytest.mark.parametrize("given", [BODY[:-1] + b"\x00", BODY + b"more"])
def test_wrong_bytes_are_refused_and_removed(hub: Any, shelf: Any, told: Any, given: bytes) -> None:
    shelf.add("one", "a.bin", BODY[:-1] + b"\x01", hub.add("a.bin", given))
    store = shelf.store(hub.url)
    with pytest.raises(Unavailable, match=r"sha256 is [0-9a-f]{64}, expected [0-9a-f]{64}: refused|longer than"):
        store.pull(["one"], told)
    assert not (shelf.folder / "one" / "a.bin").exists()
    assert not (shelf.folder / ".partial").exists()
    assert "no source has it" in told.ended["one/a.bin"]


def test_a_short_file_is_no_file(hub: Any, shelf: Any) -> None:
    shelf.add("one", "a.bin", BODY, hub.add("a.bin", BODY[:1000]))
    with pytest.raises(Unavailable, match="ended after 1000 of 3000000 bytes"):
        shelf.store(hub.url).pull(["one"])
    assert not (shelf.folder / "one" / "a.bin").exists()


def test_what_one_file_lacks_does_not_keep_the_others(hub: Any, shelf: Any) -> None:
    absent = hub.add("gone", b"")
    hub.files.clear()
    shelf.add("one", "gone", b"gone", absent)
    shelf.add("two", "c.bin", b"cc", hub.add("c.bin", b"cc"))
    store = shelf.store(hub.url)
    with pytest.raises(Unavailable, match=r"^one/gone: no source has it: hub: it answered 404 Not Found$"):
        store.pull(["one", "two"])
    assert store.state("two") is State.READY


def test_the_second_source_is_tried(hub: Any, shelf: Any, told: Any) -> None:
    shelf.add("one", "a.bin", b"right", hub.add("wrong", b"wrong"), hub.add("right", b"right"))
    store = shelf.store(hub.url)
    store.pull(["one"], told)
    assert store.weights("one").read_bytes() == b"right"
    assert len(told.messages) == 1
    assert told.messages[0].startswith("one/a.bin: hub: sha256 is ")


def test_a_hub_that_is_not_there_is_said_once(hub: Any, shelf: Any, told: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b", "c"):
        shelf.add("one", name, name.encode(), hub.add(name, name.encode()))
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
    with pytest.raises(Unavailable, match=r"one/a: no source has it: the hub is not reachable"):
        shelf.store(url).pull(["one"], told)
    assert [text for text in told.messages if "not reachable" in text] == told.messages[:1]
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(Unavailable, match="HF_HUB_OFFLINE is set"):
        shelf.store(hub.url).pull(["one"])
    assert hub.requests == []


def test_a_hub_that_accepts_and_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.models.hub.PROBE_TIMEOUT_S", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        silent = Hub(f"http://127.0.0.1:{mute.getsockname()[1]}")
        assert not silent.probe()
        assert silent.trouble


def test_the_address_of_the_hub_can_be_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    assert hub_url().startswith("https://")
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1/mirror/")
    assert hub_url() == "http://127.0.0.1:1/mirror"


def test_a_hub_address_that_is_none_is_no_crash(shelf: Any, tmp_path: Path) -> None:
    shelf.add("one", "a", b"a", {"hub": {"repo": "o/r", "revision": "main", "path": "a"}})
    with pytest.raises(Unavailable, match="the hub is not reachable"):
        shelf.store("no-scheme").pull(["one"])


def test_models_that_share_a_file_do_not_meet(hub: Any, shelf: Any) -> None:
    for number in range(8):
        shelf.add(f"m{number}", "a.bin", BODY, hub.add("a.bin", BODY))
    store = shelf.store(hub.url)
    store.pull(list(store.lock.models), jobs=8)
    assert all(store.weights(model).read_bytes() == BODY for model in store.lock.models)
