"""Dialogue files: found, read, and checked so that all errors of a file are reported at once.

``FILE:LINE: field: what is wrong, valid choices`` is what an editor can jump to, and what an author needs.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from robot.errors import ScenarioError
from robot.scenario.checks import dialogue_problems, reference_problems, text_problems
from robot.scenario.document import Document, Problem, Severity, parse
from robot.scenario.schema import Scenario

SUFFIXES = (".yaml", ".yml")


def load_scenario(path: str | os.PathLike[str]) -> Scenario:
    """The dialogue in a file. Raises ``ScenarioError`` with every error of the file, one to a line."""
    scenario, problems = _read(Path(path))
    errors = [str(problem) for problem in problems if problem.severity is Severity.ERROR]
    if errors or scenario is None:
        raise ScenarioError("\n".join(errors))
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
    file = str(path)
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        return None, [Problem(file, 1, "", f"cannot be read: {error.strerror or error}")]
    except UnicodeDecodeError as error:
        return None, [Problem(file, 1, "", f"is not UTF-8 text: {error.reason} at byte {error.start}")]
    document = parse(text, file)
    if not isinstance(document.value, dict):
        return None, document.problems or [
            Problem(file, 1, "", "must be a mapping with name, language, start, nodes, …")
        ]
    problems = [*document.problems, *reference_problems(document), *text_problems(document)]
    scenario: Scenario | None = None
    try:
        scenario = Scenario.model_validate(document.value)
    except ValidationError as error:
        problems += _schema_problems(error, document)
    if scenario and not any(problem.severity is Severity.ERROR for problem in problems):
        problems += dialogue_problems(scenario, document)
    unique = {(problem.line, problem.field, problem.what): problem for problem in problems}
    return scenario, sorted(unique.values(), key=lambda problem: (problem.line, problem.field))


def _schema_problems(error: ValidationError, document: Document) -> Iterator[Problem]:
    for fault in error.errors(include_url=False):
        place = tuple(part for part in fault["loc"] if part != "[key]")
        match fault["type"]:
            case "extra_forbidden":
                what = f"unknown key; valid: {', '.join(_keys_at(place[:-1]))}"
            case "missing":
                what = "is required"
            case "string_pattern_mismatch" | "string_too_short":
                what = f"{fault['input']!r} is not valid: {_expected(place)}"
            case "value_error":
                what = str(fault["ctx"]["error"])
            case _:
                what = f"{fault['msg'].removeprefix('Input ')}, not {_shown(fault['input'])}"
        yield document.problem(_as_written(place, document), what)


def _expected(place: tuple[str | int, ...]) -> str:
    is_text = place[-1] in ("text", "again", "fallback", "persona", "description") or isinstance(place[-1], int)
    return "some words" if is_text else "a name in lower case: letters, digits and _"


def _as_written(place: tuple[str | int, ...], document: Document) -> tuple[str | int, ...]:
    """A lead field's place with its ``lead.`` prefix, if it has one in the file."""
    if len(place) > 1 and place[0] == "variables" and (prefixed := ("variables", f"lead.{place[1]}")) in document.lines:
        return (*prefixed, *place[2:])
    return place


def _keys_at(place: Iterable[str | int]) -> list[str]:
    """The keys that the schema allows at a place."""
    model: Any = Scenario
    for part in place:
        if isinstance(model, type) and issubclass(model, BaseModel) and part in model.model_fields:
            model = _model_in(model.model_fields[str(part)].annotation)
    return list(model.model_fields)


def _model_in(annotation: Any) -> Any:
    """The pydantic model inside ``X``, ``X | None`` or ``dict[str, X]``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _model_in(part))), None)


def _shown(value: object) -> str:
    text = "a mapping" if isinstance(value, dict) else "a list" if isinstance(value, list | tuple) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
