"""A model hub on the loopback, a package index that is a folder, and locks that describe what is in them."""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from services.models import Lock, ModelStore

BACKEND = """
def prepare_metadata_for_build_wheel(folder, config_settings=None):
    import pathlib
    info = pathlib.Path(folder) / "{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\\nName: {name}\\nVersion: 1.0\\n")
    (info / "WHEEL").write_text("Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    return info.name
"""


class FakeHub:
    """Serves ``files`` under their hub path; misbehaves as told."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.cut_after: dict[str, list[int]] = {}
        """path → for each coming request, after how many bytes the connection breaks"""
        self.ranges = True
        self.gate: Event | None = None
        """answers wait for it"""
        self.asked = Event()
        self.requests: list[tuple[str, str, str]] = []
        """method, path, Range"""
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def do_HEAD(self) -> None:
                hub.requests.append(("HEAD", self.path, ""))
                self.send_response(200)
                self.end_headers()

            def do_GET(self) -> None:
                asked = self.headers.get("Range", "")
                hub.requests.append(("GET", self.path, asked))
                hub.asked.set()
                if hub.gate is not None:
                    hub.gate.wait(30)
                body = hub.files.get(self.path)
                if body is None:
                    self.send_error(404)
                    return
                start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked and hub.ranges else 0
                self.send_response(206 if start else 200)
                if start:
                    self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
                self.send_header("Content-Length", str(len(body) - start))
                self.end_headers()
                cuts = hub.cut_after.get(self.path, [])
                self.wfile.write(body[start:][: cuts.pop(0)] if cuts else body[start:])

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def add(self, path: str, body: bytes) -> dict[str, Any]:
        """Serves a file, and gives its source as a lock says it."""
        self.files[f"/org/repo/resolve/main/{path}"] = body
        return {"hub": {"repo": "org/repo", "revision": "main", "path": path}}

    def gets(self) -> list[str]:
        return [path.rsplit("/", 1)[1] for method, path, _ in self.requests if method == "GET"]


class Index:
    """A folder that pip takes for its index."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def wheel(self, name: str, members: dict[str, bytes]) -> None:
        info = f"{name}-1.0.dist-info"
        with zipfile.ZipFile(self.folder / f"{name}-1.0-py3-none-any.whl", "w") as wheel:
            for member, body in members.items():
                wheel.writestr(member, body)
            wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
            wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            wheel.writestr(f"{info}/RECORD", "")

    def sdist(self, name: str, members: dict[str, bytes]) -> None:
        project = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
        own = {
            "PKG-INFO": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\nRequires-Python: <3\n".encode(),
            "pyproject.toml": project.encode(),
            "backend.py": BACKEND.format(name=name).encode(),
        }
        with tarfile.open(self.folder / f"{name}-1.0.tar.gz", "w:gz") as archive:
            for member, body in {**own, **members}.items():
                entry = tarfile.TarInfo(f"{name}-1.0/{member}")
                entry.size = len(body)
                archive.addfile(entry, io.BytesIO(body))


class Told:
    """A progress that remembers."""

    def __init__(self) -> None:
        self.messages: list[str] = []
        self.done: dict[str, int] = {}
        self.ended: dict[str, str] = {}

    def started(self, file: str, total: int) -> None:
        self.ended.pop(file, None)

    def advanced(self, file: str, done: int) -> None:
        self.done[file] = done

    def finished(self, file: str) -> None:
        self.ended[file] = "finished"

    def failed(self, file: str, reason: str) -> None:
        self.ended[file] = reason

    def message(self, text: str) -> None:
        self.messages.append(text)


class Shelf:
    """Builds locks of small models, and stores over them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.models: dict[str, Any] = {}

    def add(self, model: str, file: str, body: bytes, *sources: dict[str, Any]) -> None:
        entry = self.models.setdefault(model, {"description": "d", "licence": "MIT", "sets": ["default"], "files": []})
        digest = hashlib.sha256(body).hexdigest()
        entry["files"].append({"name": file, "sha256": digest, "size": len(body), "sources": list(sources)})

    def store(self, url: str = "http://127.0.0.1:9") -> ModelStore:
        return ModelStore(Lock.model_validate({"models": self.models}), self.folder, url)


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("PIP_", "HF_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    fake = FakeHub()
    thread = Thread(target=fake.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield fake
    if fake.gate is not None:
        fake.gate.set()
    fake.server.shutdown()
    thread.join()
    fake.server.server_close()


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Index:
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return Index(folder)


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "store")
