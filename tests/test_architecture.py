"""The laws that can be read off the source: who imports whom, how long files are, and what is never written."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted(path for package in ("robot", "services") for path in (ROOT / package).rglob("*.py"))
PYTHON = [*SOURCES, *sorted((ROOT / "tests").rglob("*.py"))]
MAX_LINES = 300
CONTRACTS = {"robot.telephony.switch", "robot.media.base"}
SERVICE_CONTRACTS = {f"services.{slot}.base" for slot in ("asr", "vad", "tts", "llm", "tones")}
SHARED = {"robot.log", "robot.errors", "robot.events", "robot.documents", "robot.words"}
HEAVY = {"torch", "transformers", "faster_whisper", "ctranslate2", "kokoro_onnx", "kokoro", "onnxruntime", "xllamacpp"}

ALLOWED: dict[str, set[str]] = {
    "services.audio": {"services.errors"},
    "services.registry": {"services"},
    "services": {"services.audio", "services.errors", "services.info", "services.models", "services.words"},
    "robot.protocol": {"robot.errors", "robot.events", "services.audio"},
    "robot.errors": set(),
    "robot.events": {"services.audio"},
    "robot.fsm": {"robot.protocol", "services.audio"} | SHARED,
    "robot.scenario": {"robot.protocol", "services.audio"} | SHARED,
    "robot.telephony": {"robot.protocol", "services.audio"} | SHARED,
    "robot.media": {"robot.protocol", "services.audio"} | SHARED,
    "robot.call": {"robot.fsm", "robot.scenario", "services.audio", "services.errors", "services.info"}
    | SHARED
    | CONTRACTS
    | SERVICE_CONTRACTS,
    "robot.freeswitch": {"robot.settings", "robot.protocol", "robot.telephony", "services.audio"} | SHARED | CONTRACTS,
    "robot.bench": {"robot.protocol", "robot.telephony"} | SHARED,
    "robot.lab": {"robot.protocol", "services.audio", "services.errors"} | SHARED,
}


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports_of(path: Path, *, top_level: bool = False) -> Iterator[tuple[int, str]]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in tree.body if top_level else ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def within(name: str, packages: set[str]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


@pytest.mark.parametrize("path", SOURCES, ids=module_of)
def test_imports_keep_to_the_layers(path: Path) -> None:
    module = module_of(path)
    layer = next((name for name in ALLOWED if within(module, {name})), None)
    if layer is None:
        return
    own = {".".join(module.split(".")[:2])} if layer == "services" else {layer}
    for line, name in imports_of(path):
        if name.split(".")[0] in ("robot", "services"):
            assert within(name, ALLOWED[layer] | own), f"{module}:{line} may not import {name}"


@pytest.mark.parametrize("path", SOURCES, ids=module_of)
def test_pure_layers_know_no_event_loop_and_no_clock(path: Path) -> None:
    if not within(module_of(path), {"robot.protocol", "robot.fsm", "robot.scenario"}):
        return
    for line, name in imports_of(path):
        assert name.split(".")[0] not in {"asyncio", "socket", "threading", "time"}, f"{path}:{line} imports {name}"


@pytest.mark.parametrize("path", SOURCES, ids=module_of)
def test_heavy_libraries_are_imported_by_loaders_alone(path: Path) -> None:
    for line, name in imports_of(path, top_level=True):
        assert name.split(".")[0] not in HEAVY, f"{path}:{line} imports {name} at module level"


@pytest.mark.parametrize("path", SOURCES, ids=module_of)
def test_only_the_edges_import_the_wiring(path: Path) -> None:
    module = module_of(path)
    for line, name in imports_of(path):
        if within(name, {"robot.app"}):
            assert within(module, {"robot.cli", "robot.api", "robot.app"}), f"{module}:{line} imports {name}"
        if within(name, {"services.registry"}):
            assert within(module, {"robot.app", "robot.engines"}), f"{module}:{line} imports {name}"


@pytest.mark.parametrize("path", PYTHON, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_are_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MAX_LINES


@pytest.mark.parametrize("path", SOURCES, ids=module_of)
def test_tasks_belong_to_groups_and_time_comes_from_the_loop(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        owner = ast.unparse(node.func.value)
        where = f"{path}:{node.lineno}"
        if node.func.attr in ("create_task", "ensure_future"):
            assert owner.split(".")[-1].strip("_") in ("tg", "group") or owner.endswith("_group"), f"{where}: bare task"
        assert not (owner == "time" and node.func.attr == "time"), f"{where}: time.time()"


def test_engines_do_not_import_each_other() -> None:
    for path in SOURCES:
        module = module_of(path)
        parts = module.split(".")
        if parts[0] != "services" or len(parts) < 3 or parts[1] in ("audio", "models", "registry"):
            continue
        for line, name in imports_of(path):
            others = name.startswith("services.") and name.split(".")[1] in ("asr", "vad", "tts", "llm", "tones")
            assert not others or name.split(".")[1] == parts[1], f"{module}:{line} imports {name}"
