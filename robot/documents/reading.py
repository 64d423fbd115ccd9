"""YAML text as plain values, with the line of every field.

Read from YAML's node tree rather than with ``safe_load``: an error can then name its line, and a key written twice is
an error. Plain scalars follow YAML 1.2's JSON schema, and what that does not know is text: ``yes``, ``No``, ``14:30``,
``2026-01-05``, ``0612345678`` and ``+33612345678`` are words that people say or numbers that they dial (YAML 1.1:
booleans, 870, a date, octal and decimal integers). Aliases and tags are refused: no file needs them, and they let a
small file grow without bound.
"""

from __future__ import annotations

import math
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from robot.documents.problem import Location, Place, Problem, Severity, dotted

MAX_BYTES = 1_000_000
_YAML = "tag:yaml.org,2002:"


@dataclass(frozen=True, slots=True)
class Document:
    """What was read. With ``problems``, ``value`` holds what could be made out all the same, else none."""

    source: str
    """a file's path, or what stands in for one"""
    value: Any = None
    lines: Mapping[Location, int] = field(default_factory=dict)
    """location of each key and item → its line, counted from 1; empty for what is no text file"""
    problems: tuple[Problem, ...] = ()

    def place(self, location: Location) -> Place:
        """Of ``location``, or of its nearest ancestor that is in the document."""
        for length in range(len(location), -1, -1):
            if (line := self.lines.get(location[:length])) is not None:
                return Place(self.source, line)
        return Place(self.source)

    def problem(self, location: Location, what: str, severity: Severity = Severity.ERROR) -> Problem:
        """A problem at ``location``."""
        return Problem(self.place(location), dotted(location), what, severity)


def read_document(path: Path) -> Document:
    """Reads and parses a YAML file. Never raises: no such file, a folder, too large, not text are ``problems``."""
    source = str(path)
    try:
        what, data = _read(path)
        text = "" if what else data.decode("utf-8")
    except FileNotFoundError:
        what = "no such file"
    except OSError as error:
        what = f"cannot be read: {error.strerror or error}"
    except UnicodeDecodeError as error:
        what = f"not a text file in UTF-8: {error.reason} at byte {error.start}"
    if what:
        return Document(source, problems=(Problem(Place(source), "", what),))
    return parse_document(text, source)


def _read(path: Path) -> tuple[str, bytes]:
    """What is wrong, or the bytes. Nothing but a regular file is opened: a pipe might never end."""
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        return "is a folder, not a file", b""
    if not stat.S_ISREG(mode):
        return "not a file that can be read", b""
    with path.open("rb") as file:
        data = file.read(MAX_BYTES + 1)
    return (f"larger than {MAX_BYTES} bytes: surely not a file of this kind" if len(data) > MAX_BYTES else ""), data


def parse_document(text: str, source: str) -> Document:
    """YAML text → document, called ``source`` in its problems. Never raises."""
    tree = _Tree(source)
    value: Any = None
    try:
        value = tree.read(text)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        tree.refuse(line, f"not valid YAML: the character U+{error.character:04X} is not allowed")
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        why = ", ".join(filter(None, (error.context, error.problem)))
        tree.refuse(mark.line + 1 if mark else 1, f"not valid YAML: {why}")
    except RecursionError:
        tree.refuse(1, "not valid YAML: nested too deeply")
    except (ValueError, OverflowError):  # PyYAML on "\U00110000"
        tree.refuse(1, "not valid YAML: an escape between quotes stands for no character")
    return Document(source, value, tree.lines, tuple(tree.problems))


class _Loader(yaml.SafeLoader):
    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 (replaces PyYAML's own)

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            mark = self.get_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(None, None, "aliases (*name) are not read: write it out", mark)
        return super().compose_node(parent, index)

    def compose_scalar_node(self, anchor: dict[Any, yaml.Node]) -> yaml.ScalarNode:
        node = super().compose_scalar_node(anchor)
        if any("\ud800" <= character <= "\udfff" for character in node.value):
            raise yaml.composer.ComposerError(None, None, "half of a surrogate pair is no character", node.start_mark)
        return node


for _tag, _pattern, _first in (
    ("bool", r"true|false", "tf"),
    ("null", r"null|~|", ["n", "~", ""]),
    ("int", r"-?(0|[1-9][0-9]*)", "-0123456789"),
    ("float", r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?", "-0123456789"),
):
    _Loader.add_implicit_resolver(f"{_YAML}{_tag}", re.compile(rf"^(?:{_pattern})$"), list(_first))


class _Tree:
    """Turns the nodes of one document into values, noting lines and faults on the way."""

    def __init__(self, source: str) -> None:
        self.lines: dict[Location, int] = {}
        self.problems: list[Problem] = []
        self._source = source

    def refuse(self, line: int, what: str, location: Location = ()) -> None:
        self.problems.append(Problem(Place(self._source, line), dotted(location), what))

    def read(self, text: str) -> Any:
        """Raises ``yaml.YAMLError`` for what is not YAML, and ``RecursionError``."""
        loader = _Loader(text)
        try:
            root = loader.get_single_node()
            if root is not None:
                return self._value(root, (), loader)
            self.lines[()] = 1
            return None
        finally:
            loader.dispose()

    def _value(self, node: yaml.Node, location: Location, loader: _Loader) -> Any:
        line = self.lines.setdefault(location, node.start_mark.line + 1)
        plain = isinstance(node, yaml.ScalarNode) and node.style is None
        meant = loader.resolve(type(node), node.value, (plain, not plain))  # type: ignore[no-untyped-call]
        if node.tag not in (meant, f"{_YAML}str"):
            self.refuse(line, f"tag {node.tag.removeprefix(_YAML)!r} is not read: write the plain value", location)
            node.tag = meant
        if isinstance(node, yaml.SequenceNode):
            return [self._value(item, (*location, index), loader) for index, item in enumerate(node.value)]
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, location, loader)
        return self._scalar(node, location)

    def _mapping(self, node: yaml.MappingNode, location: Location, loader: _Loader) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                self.refuse(line, "a key is one word, not a list or a mapping", location)
                continue
            name = str(key.value)
            here = (*location, name)
            if name in out:
                self.refuse(line, f"written twice, first in line {self.lines[here]}", here)
                continue
            self.lines[here] = line
            out[name] = self._value(value, here, loader)
        return out

    def _scalar(self, node: yaml.Node, location: Location) -> Any:
        text = str(node.value)
        match node.tag.removeprefix(_YAML):
            case "bool":
                return text == "true"
            case "null":
                return None
            case "int" | "float" as kind:
                return self._number(text, kind, location)
            case _:
                return text

    def _number(self, text: str, kind: str, location: Location) -> int | float | str:
        try:
            number = int(text) if kind == "int" else float(text)
        except ValueError:  # Python converts no more than some thousand digits
            number = math.inf
        if not math.isinf(number):
            return number
        self.refuse(
            self.lines[location], "a number too large to be read; put it between quotes if it is text", location
        )
        return text
