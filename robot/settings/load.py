"""Settings are layers, each later one overriding the earlier: default file, the user's files, environment, ``--set``.

Every layer is a document, a single ``--set`` too. Every value is remembered with the layer that gave it, so that an
error can say where to mend it.
"""

from __future__ import annotations

import os
import sysconfig
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from robot.documents import (
    Document,
    Location,
    Place,
    Problem,
    check,
    choices,
    dotted,
    explain,
    in_order,
    parse_document,
    raise_errors,
    read_document,
)
from robot.settings.schema import Settings

SECRETS: Mapping[str, tuple[str, str]] = {
    "ALLOBOT_ESL_PASSWORD": ("esl", "password"),
    "ALLOBOT_LLM_API_KEY": ("llm", "api_key"),
}
TEST_VARIABLES = frozenset({"ALLOBOT_TEST_ESL", "ALLOBOT_TEST_CALLEES", "ALLOBOT_TEST_SHUTDOWN"})
"""of the tests that run on a real switch"""
OTHER_VARIABLES = frozenset({"ALLOBOT_MODELS", "ALLOBOT_CONFIG"}) | TEST_VARIABLES
_CHECKOUT = Path(__file__).resolve().parents[2]


def data_folder() -> Path:
    """The folder of ``config/``, ``scenarios/`` and ``freeswitch_conf/``.

    It is the checkout, or where an installed package keeps its data.
    """
    if (_CHECKOUT / "config" / "default.yaml").is_file():
        return _CHECKOUT
    return Path(sysconfig.get_path("data")) / "share" / "allobot"


def config_dir() -> Path:
    """The folder of the shipped ``default.yaml`` and ``models.lock.yaml``."""
    return data_folder() / "config"


def load_settings(
    files: Sequence[Path] = (), overrides: Sequence[str] = (), environment: Mapping[str, str] | None = None
) -> Settings:
    """Default ← ``files`` in order ← environment ← ``overrides`` (``section.key=value``).

    Raises ``ConfigError`` that lists every fault as ``file:line: key: what; valid choices``.
    """
    environment = os.environ if environment is None else environment
    named = [Path(environment["ALLOBOT_CONFIG"])] if environment.get("ALLOBOT_CONFIG") else []
    layers = [_from_file(path) for path in (config_dir() / "default.yaml", *named, *files)]
    layers += [*_from_environment(environment), *(_from_override(text) for text in overrides)]
    merged = _Merged(layers)
    problems = [problem for layer in layers for problem in layer.problems]
    settings: Settings | None = None
    try:
        settings = Settings.model_validate(merged.value)
    except ValidationError as error:
        if layers[0].value is not None:  # without the defaults everything would be missing
            problems += explain(error, Settings, merged)
    rank = {layer.source: position for position, layer in enumerate(layers)}
    raise_errors(sorted(in_order(problems), key=lambda problem: rank[problem.place.source]))
    assert settings is not None, "settings that do not fit have an error"
    return settings


class _Merged:
    """The layers laid over each other."""

    def __init__(self, layers: Sequence[Document]) -> None:
        self.value: dict[str, Any] = {}
        self._givers: dict[Location, Document] = {(): layers[0]}
        for layer in layers:
            if layer.value is not None:
                self._lay(layer.value, (), self.value, layer)

    def place(self, location: Location) -> Place:
        """Where the value at ``location``, or the nearest section around it, was given last."""
        length = next(length for length in range(len(location), -1, -1) if location[:length] in self._givers)
        return self._givers[location[:length]].place(location)

    def _lay(self, value: Mapping[str, Any], location: Location, target: dict[str, Any], layer: Document) -> None:
        for key, item in value.items():
            here = (*location, key)
            self._givers[here] = layer
            if not isinstance(item, dict):
                target[key] = item
                continue
            if not isinstance(target.get(key), dict):
                target[key] = {}
            self._lay(item, here, target[key], layer)


def _from_file(path: Path) -> Document:
    document = read_document(path)
    if isinstance(document.value, dict):
        return _without_secrets(document, "in files")
    if document.value is None:
        return document
    return replace(document, value=None, problems=tuple(check(document, Settings)[1]))


def _from_environment(environment: Mapping[str, str]) -> Iterator[Document]:
    for name in sorted(environment):
        source = f"environment {name}"
        if not name.startswith("ALLOBOT_") or name in OTHER_VARIABLES:
            continue
        if name in SECRETS:
            section, key = SECRETS[name]
            yield Document(source, {section: {key: environment[name]}})
        elif "__" in name:
            location = name.removeprefix("ALLOBOT_").lower().split("__")
            yield _without_secrets(_given(source, location, environment[name]), "in this variable")
        else:
            known = ["ALLOBOT_SECTION__KEY", *sorted([*SECRETS, *OTHER_VARIABLES])]
            yield Document(source, problems=(Problem(Place(source), "", f"unknown{choices(name, known)}"),))


def _from_override(text: str) -> Document:
    key, equals, value = text.partition("=")
    location = key.strip().split(".")
    if not equals or not all(location):
        what = "write section.key=value, e.g. --set turn.barge_in_ms=300"
        return Document(f"--set {text}", problems=(Problem(Place(f"--set {text}"), "", what),))
    return _without_secrets(_given(f"--set {key.strip()}", location, value), "on a command line")


def _given(source: str, location: Sequence[str], text: str) -> Document:
    """One value as a layer. Nothing after ``=`` is an empty text, not null."""
    if tuple(location) in SECRETS.values():
        text = ""  # the caller refuses it, and no error shall show it
    parsed = parse_document(text, source)
    if parsed.problems:
        why = "; ".join(problem.what for problem in parsed.problems)
        problem = Problem(Place(source), dotted(location), f"{text!r} is not a valid value: {why}")
        return Document(source, problems=(problem,))
    value = parsed.value if text else ""
    for part in reversed(location):
        value = {part: value}
    return Document(source, value)


def _without_secrets(layer: Document, where: str) -> Document:
    """The layer with its secrets refused, and taken out: no error shall show one."""
    problems = list(layer.problems)
    for variable, (section, key) in SECRETS.items():
        inside = layer.value.get(section) if layer.value else None
        if isinstance(inside, dict) and key in inside:
            del inside[key]
            problems.append(layer.problem((section, key), f"secrets do not belong {where}; set {variable}"))
    return replace(layer, problems=tuple(problems))
