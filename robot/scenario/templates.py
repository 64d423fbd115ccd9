"""Texts with ``{{ lead.NAME }}``: sandboxed, and strict about names.

A text is data from a file, so it may not reach into Python; a name that is not declared is an error when the file is
checked, and never an empty word in somebody's ear.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError, meta, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from robot.documents import choices
from robot.errors import ScenarioError

_ENVIRONMENT = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)


def render(text: str, lead: Mapping[str, str]) -> str:
    """``text`` with the lead's values, on one line. Raises ``ScenarioError``."""
    try:
        return " ".join(_compiled(text).render(lead=lead).split())
    except (TemplateError, TypeError, ValueError, ArithmeticError) as error:
        raise ScenarioError(f"the text {text!r} cannot be filled in: {error}") from error


def template_faults(text: str, declared: Mapping[str, str]) -> Iterator[str]:
    """What is wrong with ``text`` as a template. ``declared``: names of the lead's fields with a sample value each."""
    try:
        tree = _ENVIRONMENT.parse(text)
    except TemplateSyntaxError as error:
        yield f"template: {error.message}"
        return
    used = {found.attr for found in tree.find_all(nodes.Getattr) if _is_lead(found.node)}
    used |= {
        str(found.arg.value)
        for found in tree.find_all(nodes.Getitem)
        if _is_lead(found.node) and isinstance(found.arg, nodes.Const)
    }
    unknown = [f"lead.{name}" for name in sorted(used - declared.keys())]
    unknown += sorted(meta.find_undeclared_variables(tree) - {"lead"})
    known = [f"lead.{name}" for name in declared]
    hint = "" if known else "; declare it under `variables`"
    yield from (f"unknown variable {name}{choices(name, known)}{hint}" for name in unknown)
    if not unknown:
        try:
            render(text, declared)
        except ScenarioError as error:
            yield str(error)


def _is_lead(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Name) and node.name == "lead"


@lru_cache(maxsize=1024)
def _compiled(text: str) -> Template:
    return _ENVIRONMENT.from_string(text)
