"""YAML text as plain values, with the line of every field.

Read from YAML's node tree rather than with ``safe_load``: an error can then name its line, a key written twice is an
error, and scalars follow YAML 1.2, where ``yes``, ``no`` and ``14:30`` are text (YAML 1.1: booleans and 870).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import yaml

Path = tuple[str | int, ...]
"""place of a field in a document, e.g. ``("nodes", "greet", "say", "text")``"""


class Severity(Enum):
    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong in a dialogue file."""

    file: str
    line: int
    field: str
    """dotted place in the file; empty when the whole file is meant"""
    what: str
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}:" + (f" {self.field}:" if self.field else "")
        return f"{where} {'warning: ' if self.severity is Severity.WARNING else ''}{self.what}"


@dataclass(slots=True)
class Document:
    """A parsed file."""

    file: str
    value: Any = None
    lines: dict[Path, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    """found while reading: syntax, keys written twice"""

    def problem(self, path: Sequence[str | int], what: str, severity: Severity = Severity.ERROR) -> Problem:
        """A problem at ``path``; its line is that of the deepest part of the path which is in the file."""
        known = tuple(path)
        while known and known not in self.lines:
            known = known[:-1]
        return Problem(self.file, self.lines.get(known, 1), ".".join(map(str, path)), what, severity)


class _Loader(yaml.SafeLoader):
    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 (replaces PyYAML's own)

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            mark = self.get_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(None, None, "aliases (*name) are not read: write it out", mark)
        return super().compose_node(parent, index)


_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(true|false)$"), list("tf"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^(null|~|)$"), ["n", "~", ""])
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^-?(0|[1-9][0-9]*)$"), list("-0123456789"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(r"^-?[0-9]+\.[0-9]+$"), list("-0123456789"))


def parse(text: str, file: str) -> Document:
    """Reads ``text``. Never raises: what is wrong is in ``problems``; ``value`` holds what could be read."""
    document = Document(file)
    try:
        root = yaml.compose(text, _Loader)
        if root is not None:
            document.value = _value(root, (), document)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        document.problems.append(Problem(file, mark.line + 1 if mark else 1, "", f"not valid YAML: {error.problem}"))
    except (yaml.YAMLError, RecursionError) as error:
        document.problems.append(Problem(file, 1, "", f"not valid YAML: {error}"))
    return document


def _value(node: yaml.Node, path: Path, document: Document) -> Any:
    document.lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, (*path, index), document) for index, item in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, path, document)
    return _scalar(node, path, document)


def _mapping(node: yaml.MappingNode, path: Path, document: Document) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for key, value in node.value:
        name = str(key.value) if isinstance(key, yaml.ScalarNode) else "?"
        line = key.start_mark.line + 1
        if name in out:
            first = document.lines[(*path, name)]
            document.problems.append(
                Problem(document.file, line, ".".join(map(str, (*path, name))), f"written twice, first in line {first}")
            )
            continue
        document.lines[(*path, name)] = line
        out[name] = _value(value, (*path, name), document)
    return out


def _scalar(node: yaml.Node, path: Path, document: Document) -> Any:
    text = str(node.value)
    match node.tag.removeprefix("tag:yaml.org,2002:"):
        case "bool":
            return text == "true"
        case "null":
            return None
        case "int":
            return int(text)
        case "float":
            return float(text)
        case "str":
            return text
        case tag:
            document.problems.append(document.problem(path, f"tag {tag!r} is not read: write plain text"))
            return text
