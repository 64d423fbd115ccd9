"""YAML with its line numbers kept: an error in a file names the line that a person has to change.

Stricter than YAML 1.1 in two ways that bite in spoken text: only ``true`` and ``false`` are truth values, so that
``say: No`` says "No"; and a key given twice is an error instead of the last one winning.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml

_BOOL = "tag:yaml.org,2002:bool"


class _Loader(yaml.SafeLoader):
    """``SafeLoader`` with the truth values of YAML 1.2."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != _BOOL or first in "tTfF"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def parse_yaml(text: str) -> tuple[Any, yaml.Node | None]:
    """A document and the tree it came from, for :func:`line_of`. Raises ``yaml.YAMLError``, ``RecursionError``."""
    loader = _Loader(text)
    try:
        root = loader.get_single_node()
        if root is None:
            return None, None
        _refuse_twins(root, set())
        return loader.construct_document(root), root
    finally:
        loader.dispose()


def line_of(root: yaml.Node | None, place: Sequence[int | str]) -> int:
    """The line, from 1, of the deepest part of ``place`` that the document has."""
    node, line = root, 1 if root is None else root.start_mark.line + 1
    for part in place:
        match node:
            case yaml.MappingNode():
                found = next(((key, value) for key, value in node.value if key.value == part), None)
                if found is None:
                    return line
                line, node = found[0].start_mark.line + 1, found[1]
            case yaml.SequenceNode() if isinstance(part, int) and part < len(node.value):
                node = node.value[part]
                line = node.start_mark.line + 1
            case _:
                return line
    return line


def _refuse_twins(node: yaml.Node, seen: set[int]) -> None:
    """A key twice in one mapping. ``seen`` because an alias may lead back to where it stands."""
    if id(node) in seen:
        return
    seen.add(id(node))
    match node:
        case yaml.MappingNode():
            keys: set[str] = set()
            for key, value in node.value:
                if isinstance(key, yaml.ScalarNode) and key.value in keys:
                    raise yaml.MarkedYAMLError(problem=f"{key.value!r} is given twice", problem_mark=key.start_mark)
                keys.add(str(key.value))
                _refuse_twins(value, seen)
        case yaml.SequenceNode():
            for item in node.value:
                _refuse_twins(item, seen)
