"""What pydantic cannot see: names that point nowhere, templates, and dialogues that never end.

References and templates are checked on the plain document, so that they are reported even when the file has other
errors; what needs the whole graph waits until the file has the right shape.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, assert_never

from robot.documents import Document, Location, Problem, Severity, choices
from robot.scenario.schema import KINDS, Answer, Ask, Hangup, Intent, Keys, Say, Scenario, Step, Transfer, Voicemail
from robot.scenario.templates import template_faults
from robot.words import fold

OPT_OUT = "opt_out"
"""disposition of somebody who does not want to be called again"""
_REFERENCES = frozenset({"next", "otherwise"})
_TEMPLATES = frozenset({"text", "again", "fallback"})


def reference_problems(document: Document) -> Iterator[Problem]:
    """Names of nodes that do not exist, or that stand where a message for machines cannot."""
    nodes = document.value.get("nodes")
    names = list(nodes) if isinstance(nodes, dict) else []
    for path, value in _fields(document.value, ()):
        is_reference = path[-1] in _REFERENCES or path in (("start",), ("voicemail",))
        if not is_reference or not isinstance(value, str):
            continue
        if value not in names:
            yield document.problem(path, f"there is no node {value!r}{choices(value, names)}")
        elif path != ("voicemail",) and _kind(nodes[value]) == "voicemail":
            yield document.problem(path, f"{value!r} is a voicemail node; valid: a {', '.join(KINDS[:-1])} node")
        elif path == ("voicemail",) and _kind(nodes[value]) not in (None, "voicemail"):
            yield document.problem(path, f"{value!r} is no voicemail node{choices(value, _voicemails(nodes))}")


def text_problems(document: Document) -> Iterator[Problem]:
    """Templates that do not parse, or that use a name which is not declared."""
    variables = document.value.get("variables")
    declared = _samples(variables) if isinstance(variables, dict) else {}
    for path, value in _fields(document.value, ()):
        within = path[-2] if isinstance(path[-1], int) and len(path) > 1 else path[-1]
        spoken = within in _TEMPLATES and path[0] in ("nodes", "recover")
        if isinstance(value, str) and (spoken or path[0] in ("facts", "persona")):
            yield from (document.problem(path, fault) for fault in template_faults(value, declared))


def dialogue_problems(scenario: Scenario, document: Document) -> Iterator[Problem]:
    """What is wrong in the dialogue as a whole. Every reference must be valid."""
    if scenario.on_verdict.machine == "leave_message" and scenario.voicemail is None:
        what = f"leave_message needs `voicemail: NODE`{choices('', _voicemails(document.value['nodes']))}"
        yield document.problem(("on_verdict", "machine"), what)
    for name, node in scenario.nodes.items():
        if isinstance(node.step, Ask):
            yield from _ask_problems(scenario, name, node.step, document)
    yield from _endless(scenario, document)
    reached = _reachable(scenario, [scenario.start, *([scenario.voicemail] if scenario.voicemail else [])])
    for name in scenario.nodes.keys() - reached:
        yield document.problem(("nodes", name), "no way leads to this node", Severity.WARNING)
    intents = [*scenario.everywhere.intents.values()]
    intents += [intent for node in scenario.nodes.values() if node.ask for intent in node.ask.intents.values()]
    if not any(intent.disposition == OPT_OUT for intent in intents):
        what = f"no intent has `disposition: {OPT_OUT}`: callers cannot ask not to be called again"
        yield document.problem(("everywhere",), what, Severity.WARNING)
    if not any(node.say and node.say.disclosure for node in scenario.nodes.values()):
        what = "no `say` has `disclosure: true`: nothing tells callers that a machine is speaking"
        yield document.problem(("nodes",), what, Severity.WARNING)


def targets(scenario: Scenario, step: Step) -> list[str]:
    """The nodes that may follow ``step``."""
    match step:
        case Say() | Answer() | Keys():
            return [step.next]
        case Transfer():
            return [step.otherwise.next]
        case Ask():
            found = [intent.next for intent in scenario.intents_of(step).values()]
            recoveries = (scenario.no_input_of(step), scenario.not_understood_of(step))
            found += [recovery.next for recovery in recoveries if recovery]
            found += [step.collect.next] if step.collect else []
            return found + ([step.otherwise] if step.otherwise else [])
        case Hangup() | Voicemail():
            return []
    assert_never(step)


def _ask_problems(scenario: Scenario, name: str, ask: Ask, document: Document) -> Iterator[Problem]:
    path: Location = ("nodes", name, "ask")
    for key, missing in (
        ("no_input", scenario.no_input_of(ask) is None),
        ("not_understood", scenario.not_understood_of(ask) is None),
    ):
        if missing:
            yield document.problem((*path, key), "is required here or under `recover`: a question needs a way out")
    intents = scenario.intents_of(ask)
    if not intents and ask.collect is None:
        yield document.problem((*path, "intents"), "a question needs `intents` or `collect`")
    for key, intent in scenario.keypad_of(ask).items():
        if intent not in intents:
            at = (*(path if key in ask.keypad else ("everywhere",)), "keypad", key)
            yield document.problem(at, f"there is no intent {intent!r}{choices(intent, intents)}")
    yield from _keyword_problems(intents, path, ask, document)


def _keyword_problems(intents: Mapping[str, Intent], path: Location, ask: Ask, document: Document) -> Iterator[Problem]:
    owners: dict[str, str] = {}
    for name, intent in intents.items():
        at = (*(path if name in ask.intents else ("everywhere",)), "intents", name, "keywords")
        for index, keyword in enumerate(intent.keywords):
            owner = owners.setdefault(fold(keyword), name)
            if not fold(keyword):
                yield document.problem((*at, index), f"{keyword!r} holds no word")
            elif owner != name:
                yield document.problem((*at, index), f"{keyword!r} is a keyword of intent {owner!r} too")


def _endless(scenario: Scenario, document: Document) -> Iterator[Problem]:
    """Loops in which nobody is listened to, and questions from which no way leads to a hangup."""
    for name, node in scenario.nodes.items():
        seen, at = [name], node.step
        while isinstance(at, Say | Answer | Keys) and at.next != name and at.next not in seen:
            seen.append(at.next)
            at = scenario.nodes[at.next].step
        if isinstance(at, Say | Answer | Keys) and at.next == name and name == min(seen):
            yield document.problem(("nodes", name), f"talks for ever, nobody is asked: {' → '.join([*seen, name])}")
        elif isinstance(node.step, Ask) and not any(scenario.nodes[n].hangup for n in _reachable(scenario, [name])):
            yield document.problem(("nodes", name), "no way leads from this question to a hangup node")


def _reachable(scenario: Scenario, roots: Iterable[str]) -> set[str]:
    seen: set[str] = set()
    todo = list(roots)
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            todo += targets(scenario, scenario.nodes[name].step)
    return seen


def _fields(value: Any, path: Location) -> Iterator[tuple[Location, Any]]:
    """Every scalar of the document, with its place."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _fields(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _fields(item, (*path, index))
    elif path:
        yield path, value


def _samples(variables: Mapping[str, Any]) -> dict[str, str]:
    """Declared names with something to fill in, as far as the document can be read."""
    names = {str(name).removeprefix("lead."): spec for name, spec in variables.items()}
    samples = {name: spec if isinstance(spec, dict) else {} for name, spec in names.items()}
    return {name: str(spec.get("example") or spec.get("default") or name) for name, spec in samples.items()}


def _kind(node: Any) -> str | None:
    return next((kind for kind in KINDS if kind in node), None) if isinstance(node, dict) else None


def _voicemails(nodes: Mapping[str, Any]) -> list[str]:
    return [name for name, node in nodes.items() if _kind(node) == "voicemail"]
