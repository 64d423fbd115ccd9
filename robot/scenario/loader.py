"""Dialogue files: found, read, and checked so that all errors of a file are reported at once.

What the text and the schema can tell is common to all documents; what only a dialogue knows is in :mod:`checks`.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from robot.documents import Document, Location, Problem, Severity, check, in_order, raise_errors, read_document
from robot.errors import ScenarioError
from robot.scenario.checks import dialogue_problems, reference_problems, text_problems
from robot.scenario.schema import Scenario

SUFFIXES = (".yaml", ".yml")


def load_scenario(path: str | os.PathLike[str]) -> Scenario:
    """The dialogue in a file. Raises ``ScenarioError`` with every error of the file, one to a line."""
    scenario, problems = _read(Path(path))
    raise_errors(problems, ScenarioError)
    assert scenario is not None, "a dialogue that does not fit the schema has an error"
    return scenario


def check_scenario(path: str | os.PathLike[str]) -> list[Problem]:
    """All errors and warnings of a dialogue file, by line. A file that cannot be read is one error."""
    return _read(Path(path))[1]


def find_scenario(name_or_path: str, folders: Sequence[Path]) -> Path:
    """The file meant by a path, or by a name in one of ``folders``. Raises ``ScenarioError`` with the known names."""
    direct = Path(name_or_path)
    if direct.suffix in SUFFIXES and direct.is_file():
        return direct
    for folder in folders:
        for suffix in ("", *SUFFIXES):
            candidate = folder / f"{name_or_path}{suffix}"
            if candidate.suffix in SUFFIXES and candidate.is_file():
                return candidate
    files = [file for folder in folders if folder.is_dir() for file in folder.iterdir()]
    known = ", ".join(sorted({file.stem for file in files if file.suffix in SUFFIXES})) or "none there"
    where = ", ".join(map(str, folders)) or "no folder"
    raise ScenarioError(f"no scenario {name_or_path!r} in {where}; valid: {known}, or a path to a file")


def _read(path: Path) -> tuple[Scenario | None, list[Problem]]:
    document = read_document(path)
    scenario, problems = check(document, Scenario, as_written=lambda location: _as_written(location, document))
    if isinstance(document.value, dict):
        problems += [*reference_problems(document), *text_problems(document)]
    if scenario and not any(problem.severity is Severity.ERROR for problem in problems):
        problems += dialogue_problems(scenario, document)
    return scenario, in_order(problems)


def _as_written(location: Location, document: Document) -> Location:
    """A lead field's location with its ``lead.`` prefix, if it has one in the file."""
    match location:
        case ("variables", name, *rest) if ("variables", f"lead.{name}") in document.lines:
            return ("variables", f"lead.{name}", *rest)
    return location
