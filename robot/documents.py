"""YAML documents that remember where each value was written, so that an error can name file, line and field.

Used by every file a user writes: settings, scenarios, callee plans. Pure but for :func:`read_document`.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError

from robot.errors import ConfigError

Location = tuple[str | int, ...]
MAX_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed YAML file."""

    path: Path
    value: Any
    lines: Mapping[Location, int] = field(default_factory=dict)
    """location of each key and item → its line, counted from 1"""

    def line_of(self, location: Location) -> int:
        """The line of ``location``, or of its nearest known ancestor."""
        for length in range(len(location), -1, -1):
            if (line := self.lines.get(location[:length])) is not None:
                return line
        return 1

    def at(self, location: Location) -> str:
        """``path:line`` of ``location``."""
        return f"{self.path}:{self.line_of(location)}"


def parse_document(text: str, path: Path) -> Document:
    """YAML text → document. Raises ``ConfigError`` (``path:line: …``) for broken YAML, duplicate keys and odd keys."""
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        lines: dict[Location, int] = {}
        _walk(node, (), lines, path)
        value = None if node is None else loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise ConfigError(f"{path}:{mark.line + 1 if mark else 1}: not valid YAML: {error.problem}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ConfigError(f"{path}:1: not valid YAML: {error}") from error
    finally:
        loader.dispose()
    return Document(path, value, lines)


def read_document(path: Path) -> Document:
    """Reads and parses a YAML file. Raises ``ConfigError``: missing, a folder, too large, not text, broken."""
    if not path.exists():
        raise ConfigError(f"{path}: no such file")
    if not path.is_file():
        raise ConfigError(f"{path}: not a file")
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ConfigError(f"{path}: larger than {MAX_BYTES} bytes: surely not a file of this kind")
        return parse_document(path.read_text(encoding="utf-8"), path)
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not a text file in UTF-8 (byte {error.start})") from error
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error


def _walk(node: yaml.Node | None, location: Location, lines: dict[Location, int], path: Path) -> None:
    if node is None:
        return
    lines.setdefault(location, node.start_mark.line + 1)
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            _walk(item, (*location, index), lines, path)
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            name, line = str(key.value), key.start_mark.line + 1
            if (*location, name) in lines:
                raise ConfigError(f"{path}:{line}: {name}: written twice in the same mapping")
            lines[(*location, name)] = line
            _walk(value, (*location, name), lines, path)


def explain(error: ValidationError, model: type[BaseModel], at: Mapping[Location, str] | Document) -> list[str]:
    """One line per fault, ``file:line: field: what is wrong; valid choices``, in the order of the file."""
    out: list[str] = []
    for fault in error.errors():
        location = tuple(part for part in fault["loc"] if not (isinstance(part, str) and part.startswith("function-")))
        where = at.at(location) if isinstance(at, Document) else _nearest(at, location)
        out.append(f"{where}: {dotted(location)}: {_what(fault, location, model)}")
    return out


def dotted(location: Iterable[str | int]) -> str:
    """``("turn", "barge_in_ms")`` → ``turn.barge_in_ms``."""
    return ".".join(str(part) for part in location) or "(the whole file)"


def _nearest(at: Mapping[Location, str], location: Location) -> str:
    for length in range(len(location), -1, -1):
        if location[:length] in at:
            return at[location[:length]]
    return "settings"


def _what(fault: Any, location: Location, model: type[BaseModel]) -> str:
    kind = fault["type"]
    if kind == "extra_forbidden":
        known = sorted(_fields_at(model, location[:-1]))
        near = difflib.get_close_matches(str(location[-1]), known, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]}? " if near else ""
        return f"unknown key; {hint}valid: {', '.join(known) or 'none'}"
    if kind == "missing":
        return "missing"
    text = str(fault["msg"]).removeprefix("Value error, ")
    shown = repr(fault.get("input"))
    return f"{text[0].lower()}{text[1:]} (found {shown if len(shown) < 60 else shown[:57] + '…'})"


def _fields_at(model: type[BaseModel], location: Location) -> set[str]:
    """The keys allowed at ``location``, looked up through nested models, unions and mappings."""
    models: list[type[BaseModel]] = [model]
    for part in location:
        nested: list[type[BaseModel]] = []
        for candidate in models:
            info = candidate.model_fields.get(str(part))
            nested += _models_in(info.annotation) if info else []
        models = nested or models
    return {name for candidate in models for name in candidate.model_fields}


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for argument in get_args(annotation) for model in _models_in(argument)]
