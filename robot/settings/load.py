"""Settings are layers, each later one overriding the earlier: default file, the user's files, environment, ``--set``.

Every value keeps the name of the place it came from, so that an error can say where to mend it.
"""

from __future__ import annotations

import os
import sysconfig
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from robot.documents import Document, Location, dotted, explain, read_document
from robot.errors import ConfigError
from robot.settings.schema import Settings

SECRETS: Mapping[str, Location] = {
    "ALLOBOT_ESL_PASSWORD": ("esl", "password"),
    "ALLOBOT_LLM_API_KEY": ("llm", "api_key"),
}
OTHER_VARIABLES = frozenset({"ALLOBOT_MODELS", "ALLOBOT_CONFIG", "ALLOBOT_TEST_ESL"})
_CHECKOUT = Path(__file__).resolve().parents[2]


def data_folder() -> Path:
    """The folder of ``config/`` and ``scenarios/``: the checkout, or where an installed package keeps its data."""
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
    merged: dict[str, Any] = {}
    places: dict[Location, str] = {}
    for path in [config_dir() / "default.yaml", *named, *files]:
        document = read_document(path)
        _refuse_secrets(document)
        _overlay(merged, document.value, (), places, document)
    for location, value, place in [*_from_environment(environment), *_from_overrides(overrides)]:
        _put(merged, location, value, place, places)
    try:
        return Settings.model_validate(merged)
    except ValidationError as error:
        raise ConfigError("\n".join(explain(error, Settings, places))) from error


def _overlay(
    target: dict[str, Any], value: Any, location: Location, places: dict[Location, str], document: Document
) -> None:
    if value is None and not location:
        return
    if not isinstance(value, dict):
        raise ConfigError(f"{document.at(location)}: {dotted(location)}: a mapping of keys is expected here")
    for key, item in value.items():
        here = (*location, str(key))
        places[here] = document.at(here)
        if isinstance(item, dict) and isinstance(target.get(str(key)), dict):
            _overlay(target[str(key)], item, here, places, document)
        else:
            target[str(key)] = item


def _refuse_secrets(document: Document) -> None:
    for variable, location in SECRETS.items():
        if location in document.lines:
            raise ConfigError(
                f"{document.at(location)}: {dotted(location)}: secrets do not belong in files; set {variable}"
            )


def _from_environment(environment: Mapping[str, str]) -> list[tuple[Location, Any, str]]:
    out: list[tuple[Location, Any, str]] = []
    for name in sorted(environment):
        if not name.startswith("ALLOBOT_") or name in OTHER_VARIABLES:
            continue
        if name in SECRETS:
            out.append((SECRETS[name], environment[name], f"environment {name}"))
        elif "__" in name:
            location = tuple(name.removeprefix("ALLOBOT_").lower().split("__"))
            out.append((location, _scalar(environment[name], name), f"environment {name}"))
        else:
            known = ", ".join(sorted([*SECRETS, *OTHER_VARIABLES]))
            raise ConfigError(f"environment {name}: unknown; valid: ALLOBOT_SECTION__KEY, {known}")
    return out


def _from_overrides(overrides: Sequence[str]) -> list[tuple[Location, Any, str]]:
    out: list[tuple[Location, Any, str]] = []
    for text in overrides:
        key, equals, value = text.partition("=")
        location = tuple(key.strip().split("."))
        if not equals or not all(location):
            raise ConfigError(f"--set {text}: write section.key=value, e.g. --set turn.barge_in_ms=300")
        for variable, secret in SECRETS.items():
            if location == secret:
                raise ConfigError(f"--set {key}: secrets do not belong on a command line; set {variable}")
        out.append((location, _scalar(value, f"--set {key}"), f"--set {key}"))
    return out


def _scalar(text: str, place: str) -> Any:
    try:
        return yaml.safe_load(text) if text else ""
    except yaml.YAMLError as error:
        raise ConfigError(f"{place}: {text!r} is not a valid value") from error


def _put(target: dict[str, Any], location: Location, value: Any, place: str, places: dict[Location, str]) -> None:
    places[location] = place
    for part in location[:-1]:
        nested = target.setdefault(str(part), {})
        if not isinstance(nested, dict):
            raise ConfigError(f"{place}: {dotted(location)}: {part} holds a value, not a section")
        target = nested
    target[str(location[-1])] = value
