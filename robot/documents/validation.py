"""A document against its pydantic model, and pydantic's errors in words for the author of the file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from types import UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from pydantic import AfterValidator, BaseModel, ValidationError
from pydantic_core import ErrorDetails

from robot.documents.problem import (
    Location,
    Places,
    Problem,
    choices,
    did_you_mean,
    dotted,
    in_order,
    raise_errors,
    shown,
)
from robot.documents.reading import Document


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be empty")
    return text


Text = Annotated[str, AfterValidator(_not_blank)]
"""more than white space"""
Model = TypeVar("Model", bound=BaseModel)
_LIST = "should be a list"
_MAPPING = "should be a mapping"
_EXPECTED = {
    "list_type": _LIST,
    "tuple_type": _LIST,
    "dict_type": _MAPPING,
    "model_type": _MAPPING,
    "dataclass_type": _MAPPING,
}
_HINTS = {
    "string_type": "; put it between quotes",
    "bool_type": "; write true or false",
    "bool_parsing": "; write true or false",
    "list_type": "; start each item with a dash",
    "tuple_type": "; start each item with a dash",
}


def _unchanged(location: Location) -> Location:
    return location


def check(
    document: Document,
    model: type[Model],
    *,
    context: Mapping[str, Any] | None = None,
    as_written: Callable[[Location], Location] = _unchanged,
) -> tuple[Model | None, list[Problem]]:
    """The document as a model, none when it does not fit, and everything wrong in it, by line.

    ``as_written`` turns a location in the model into that in the file, where a validator has renamed keys. A document
    that could not be read at all has no other problems than that.
    """
    if document.value is None and document.problems:
        return None, in_order(document.problems)
    try:
        return model.model_validate(document.value, context=context), in_order(document.problems)
    except ValidationError as error:
        return None, in_order([*document.problems, *explain(error, model, document, as_written)])


def validate(document: Document, model: type[Model], *, context: Mapping[str, Any] | None = None) -> Model:
    """The document as a model. Raises ``ConfigError`` with everything wrong in it, one fault to a line."""
    value, problems = check(document, model, context=context)
    raise_errors(problems)
    assert value is not None, "a document that does not fit its model has an error"
    return value


def explain(
    error: ValidationError,
    model: type[BaseModel],
    places: Places,
    as_written: Callable[[Location], Location] = _unchanged,
) -> list[Problem]:
    """Pydantic's faults as problems, in its order."""
    problems: list[Problem] = []
    for fault in error.errors(include_url=False):
        location = tuple(part for part in fault["loc"] if part != "[key]")
        written = as_written(location)
        problems.append(Problem(places.place(written), dotted(written), _what(fault, location, model)))
    return problems


def _what(fault: ErrorDetails, location: Location, model: type[BaseModel]) -> str:
    kind, given = fault["type"], fault["input"]
    match kind:
        case "extra_forbidden" | "unexpected_keyword_argument":
            return f"unknown key{choices(str(location[-1]), _keys_at(model, location[:-1]))}"
        case "missing" | "missing_argument":
            return "is required"
        case "too_short" | "too_long":  # « Tuple should have at least 1 item after validation, not 0 »
            return _from_should(fault["msg"]).replace(" after validation", "")
        case _ if kind.endswith("_parsing") or kind == "int_from_float":  # « …, unable to parse string as an integer »
            text = _from_should(fault["msg"]).partition(",")[0]
        case _:
            text = _EXPECTED.get(kind) or _from_should(fault["msg"])
    if not text.startswith("should "):
        return text
    return f"{text}, not {shown(given)}{_hint(fault, location, model)}"


def _from_should(message: str) -> str:
    return re.sub(r"^(?:Value error|Assertion failed), |^\w+ (?=should )", "", message)


def _hint(fault: ErrorDetails, location: Location, model: type[BaseModel]) -> str:
    kind, given = fault["type"], fault["input"]
    if kind == "literal_error":
        near = did_you_mean(str(given), re.findall(r"'([^']+)'", str(fault["ctx"]["expected"])))
        return f"; {near.strip()}" if near else ""
    if kind in ("model_type", "dataclass_type"):
        return f"; valid keys: {', '.join(_keys_at(model, location))}"
    if kind == "string_type" and not isinstance(given, int | float):
        return ""
    return _HINTS.get(kind, "")


def _keys_at(model: type[BaseModel], location: Location) -> list[str]:
    """The keys that may be written at ``location``, in the order of the model."""
    types: list[Any] = [model]
    for part in location:
        types = [inner for outer in types for inner in _inside(outer, part)]
    last = location[-1] if location else None
    found = [(one, fields) for outer in types for one, fields in _models(outer)]
    return list(dict.fromkeys(name for one, fields in found for name in fields if name != _tag(one, last)))


def _inside(annotation: Any, part: str | int) -> Iterator[Any]:
    """The types that a part of a location leads to: into a model's field, a mapping's value, a list's item.

    Where the members of a union are told apart by a tag, pydantic's location holds the tag: it leads to that member.
    """
    models = list(_models(annotation))
    if tagged := [one for one, _ in models if _tag(one, part)]:
        yield from tagged
        return
    yield from (fields[part].annotation for _, fields in models if part in fields)
    for origin, arguments in _generics(annotation):
        if isinstance(origin, type) and issubclass(origin, Mapping):
            yield arguments[1]
        else:
            yield from (argument for argument in arguments if argument is not Ellipsis)


def _models(annotation: Any) -> Iterator[tuple[Any, Mapping[Any, Any]]]:
    """The models (pydantic's dataclasses too) among the members of a type, with their fields."""
    for member in _members(annotation):
        if isinstance(fields := getattr(member, "__pydantic_fields__", None), Mapping):
            yield member, fields


def _generics(annotation: Any) -> Iterator[tuple[Any, tuple[Any, ...]]]:
    """The collections among the members of a type, with their type arguments."""
    for member in _members(annotation):
        if (origin := get_origin(member)) not in (None, Literal):
            yield origin, get_args(member)


def _members(annotation: Any) -> Iterator[Any]:
    match get_origin(annotation):
        case origin if origin is Annotated:
            yield from _members(get_args(annotation)[0])
        case origin if origin in (Union, UnionType):
            for argument in get_args(annotation):
                yield from _members(argument)
        case _:
            yield annotation


def _tag(model: Any, key: str | int | None) -> str | None:
    """The field of ``model`` that can only be ``key``: it repeats the key of the model, and nobody writes it."""
    fields = model.__pydantic_fields__
    return next((name for name in fields if get_args(fields[name].annotation) == (key,)), None)
