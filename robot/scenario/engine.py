"""The dialogue as a pure machine: ``step(scenario, state, event) -> (state, actions)``.

The engine runs through everything that can be said without listening and stops at a ``Listen``, an ``AskModel``, a
``Transfer`` or a ``HangUp``; the conversation plays the actions in order. An event that does not fit (a late answer,
speech after the end) changes nothing and gives no action: what was going on goes on. So whatever comes, the dialogue
listens or ends.

What the caller *heard* comes back as ``Heard``: the history given to the language model then holds no sentence that
nobody heard, and a « oui » said over the greeting is no answer to a question that was still to come.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import assert_never

from robot.errors import ScenarioError
from robot.scenario import schema
from robot.scenario.dialogue import (
    Action,
    AnswerFinished,
    AskModel,
    DialogueState,
    Event,
    HangUp,
    Heard,
    Keypad,
    Listen,
    NoInput,
    Phase,
    Say,
    SendKeys,
    Transfer,
    TransferFailed,
    Turn,
    Understood,
    UserSaid,
)
from robot.scenario.matching import is_question, match_intent
from robot.scenario.schema import Scenario
from robot.scenario.templates import render
from robot.scenario.vocabulary import GREETINGS, LIGHT
from robot.words import listen_to

COMPLETED = "completed"
"""disposition of a dialogue that reached its end without any other"""

_GREETINGS_AT_MOST = 2

_Result = tuple[DialogueState, list[Action]]


def start(scenario: Scenario, variables: Mapping[str, str]) -> _Result:
    """Begins a dialogue. ``variables``: the lead's fields, ``NAME`` or ``lead.NAME``; unknown ones are ignored.

    Raises ``ScenarioError`` naming every field that has neither a value nor a default.
    """
    state = DialogueState(scenario.start, Phase.LISTENING, lead_values(scenario, variables))
    return _enter(scenario, state, scenario.start)


def step(scenario: Scenario, state: DialogueState, event: Event) -> _Result:
    """The dialogue after ``event``. Never raises on what a caller does; after the end nothing changes any more."""
    if state.phase is Phase.ENDED and not isinstance(event, Heard):
        return state, []
    match event:
        case Heard():
            return _heard(scenario, state, event), []
        case AnswerFinished():
            return _answered(scenario, state, event)
        case NoInput() if state.phase is Phase.LISTENING:
            state = replace(state, no_input=state.no_input + 1)
            return _recover(scenario, state, scenario.no_input_of(_ask(scenario, state)), state.no_input)
        case TransferFailed():
            return _left_alone(scenario, state)
        case NoInput():
            return state, []
        case UserSaid() | Keypad() if state.phase is Phase.TRANSFERRING:
            return state, []
        case UserSaid() | Keypad():
            state, actions = _attend(scenario, state)
            if state.phase is Phase.ENDED:
                return state, actions
            return _said(scenario, state, event.text) if isinstance(event, UserSaid) else _keyed(scenario, state, event)
    assert_never(event)


def voicemail_text(scenario: Scenario, variables: Mapping[str, str]) -> str:
    """The message to leave on a machine. Raises ``ScenarioError`` when the scenario has none or a field is missing."""
    return render(_voicemail(scenario).text, lead_values(scenario, variables))


def voicemail_disposition(scenario: Scenario) -> str:
    """The outcome of a call whose message was left. Raises ``ScenarioError`` when the scenario has none."""
    return _voicemail(scenario).disposition


def lead_values(scenario: Scenario, variables: Mapping[str, str]) -> dict[str, str]:
    """A value for each field that the scenario declares. Raises ``ScenarioError`` naming the missing ones."""
    given = {name.removeprefix("lead."): value for name, value in variables.items()}
    values: dict[str, str] = {}
    missing: list[str] = []
    for name, variable in scenario.variables.items():
        value = given.get(name, "").strip() or variable.default
        if value is None:
            missing.append(f"lead.{name}")
        else:
            values[name] = value
    if missing:
        names = ", ".join(missing)
        raise ScenarioError(f"scenario {scenario.name}: the lead has no value for {names}; give one, or set a default")
    return values


def _voicemail(scenario: Scenario) -> schema.Voicemail:
    node = scenario.nodes[scenario.voicemail].voicemail if scenario.voicemail else None
    if node is None:
        raise ScenarioError(f"scenario {scenario.name}: `voicemail: NODE` is not set, so there is no message to leave")
    return node


def _enter(scenario: Scenario, state: DialogueState, name: str) -> _Result:
    """Walks from node ``name`` to the next point where the caller, or the model, has the word."""
    actions: list[Action] = []
    while True:
        visit = state.visits.get(name, 0)
        state = replace(state, node=name, visits={**state.visits, name: visit + 1}, no_input=0, not_understood=0)
        match scenario.nodes[name].step:
            case schema.Say() as say:
                text = render(say.text[visit % len(say.text)], state.lead)
                actions.append(Say(text, name, say.interruptible))
                name = say.next
            case schema.Ask() as ask:
                return replace(state, phase=Phase.LISTENING), [
                    *actions,
                    *_question(scenario, state, ask, again=visit > 0),
                ]
            case schema.Answer() as answer:
                question, fallback = _last_words(state), render(answer.fallback, state.lead)
                if question:
                    actions.append(AskModel(question, fallback, answer.max_words))
                    return replace(state, phase=Phase.ANSWERING), actions
                actions.append(Say(fallback, name, interruptible=True))
                name = answer.next
            case schema.Keys() as keys:
                actions.append(SendKeys(keys.digits))
                name = keys.next
            case schema.Transfer() as transfer:
                if transfer.text:
                    actions.append(Say(render(transfer.text, state.lead), name, interruptible=False))
                actions.append(Transfer(transfer.to, transfer.kind, transfer.extension, transfer.disposition))
                return replace(state, phase=Phase.TRANSFERRING), actions
            case schema.Hangup() | schema.Voicemail() as end:
                if end.text:
                    actions.append(Say(render(end.text, state.lead), name, interruptible=False))
                disposition = end.disposition or state.disposition or COMPLETED
                actions.append(HangUp(disposition))
                return replace(state, phase=Phase.ENDED, disposition=disposition), actions
            case unknown:
                assert_never(unknown)


def _question(scenario: Scenario, state: DialogueState, ask: schema.Ask, *, again: bool) -> list[Action]:
    text = render(ask.again if again and ask.again else ask.text, state.lead)
    expects = " ".join(example for intent in scenario.intents_of(ask).values() for example in intent.examples)
    return [Say(text, state.node, interruptible=True), Listen(ask.timeout_ms, expects)]


def _said(scenario: Scenario, state: DialogueState, text: str) -> _Result:
    ask, text = _ask(scenario, state), " ".join(text.split())
    words = listen_to(text).words
    state = replace(state, no_input=0, history=(*state.history, Turn("user", text)) if words else state.history)
    intents = scenario.intents_of(ask)
    yielding = {name for name, intent in intents.items() if intent.yields}
    match = match_intent(text, {name: intent.keywords for name, intent in intents.items()}, yielding)
    asked = state.node in state.asked
    if words and GREETINGS.issuperset(words) and not (match and asked):
        return _repeat(scenario, state, ask, asked)
    if match and match.weak and not asked:
        return _repeat(scenario, state, ask, asked)
    if ask.collect and not (match and not match.weak) and _fits(ask.collect, text):
        return _collected(scenario, state, ask.collect, text)
    if ask.otherwise and is_question(text, match):
        return _enter(scenario, state, ask.otherwise)
    if match:
        return _follow(scenario, state, Understood(state.node, match.intent, match.score, match.keyword))
    if ask.collect and not LIGHT.union(GREETINGS).issuperset(words) and not is_question(text):
        return _collected(scenario, state, ask.collect, text)
    return _unclear(scenario, state, ask)


def _fits(collect: schema.Collect, text: str) -> bool:
    return match_intent(text, {collect.slot: collect.keywords}) is not None


def _collected(scenario: Scenario, state: DialogueState, collect: schema.Collect, text: str) -> _Result:
    return _enter(scenario, replace(state, slots={**state.slots, collect.slot: text}), collect.next)


def _keyed(scenario: Scenario, state: DialogueState, event: Keypad) -> _Result:
    ask = _ask(scenario, state)
    keypad = scenario.keypad_of(ask)
    state = replace(state, no_input=0)
    for digit in event.digits:
        if digit in keypad:
            return _follow(scenario, state, Understood(state.node, keypad[digit], 1.0, digit))
    return _unclear(scenario, state, ask)


def _follow(scenario: Scenario, state: DialogueState, found: Understood) -> _Result:
    intent = scenario.intents_of(_ask(scenario, state))[found.intent]
    disposition = intent.disposition or state.disposition
    state = replace(state, understood=(*state.understood, found), disposition=disposition)
    return _enter(scenario, state, intent.next)


def _repeat(scenario: Scenario, state: DialogueState, ask: schema.Ask, asked: bool) -> _Result:
    """« Allô ? » is nothing to apologise for: the question is put (again), but not for ever.

    Over a greeting that tells that a machine speaks it begins the greeting anew: those words must be heard.
    """
    greeting = scenario.nodes[scenario.start].say
    unheard = greeting and greeting.disclosure and not state.disclosure_heard
    if unheard and not asked and state.visits[scenario.start] < _GREETINGS_AT_MOST:
        return _enter(scenario, state, scenario.start)
    state = replace(state, not_understood=state.not_understood + 1)
    recovery = scenario.not_understood_of(ask)
    if recovery and state.not_understood > recovery.max:
        return _recover(scenario, state, recovery, state.not_understood)
    return state, _question(scenario, state, ask, again=asked)


def _unclear(scenario: Scenario, state: DialogueState, ask: schema.Ask) -> _Result:
    state = replace(state, not_understood=state.not_understood + 1)
    return _recover(scenario, state, scenario.not_understood_of(ask), state.not_understood)


def _recover(scenario: Scenario, state: DialogueState, recovery: schema.Recovery | None, times: int) -> _Result:
    assert recovery is not None, "the loader asks every question for both recoveries"
    if times > recovery.max:
        return _enter(scenario, state, recovery.next)
    sorry = Say(render(recovery.text, state.lead), state.node, interruptible=True)
    return state, [sorry, *_question(scenario, state, _ask(scenario, state), again=True)]


def _attend(scenario: Scenario, state: DialogueState) -> _Result:
    """The caller speaks over the model's reply: what they say counts at the place where the reply would have led."""
    node = scenario.nodes[state.node]
    return _enter(scenario, state, node.answer.next) if node.answer else (state, [])


def _answered(scenario: Scenario, state: DialogueState, event: AnswerFinished) -> _Result:
    node = scenario.nodes[state.node]
    if state.phase is not Phase.ANSWERING or node.answer is None:
        return state, []
    return _enter(scenario, _remember(state, event.text_heard), node.answer.next)


def _left_alone(scenario: Scenario, state: DialogueState) -> _Result:
    """Nobody took the caller over: an excuse, and the dialogue goes on."""
    transfer = scenario.nodes[state.node].transfer
    if state.phase is not Phase.TRANSFERRING or transfer is None:
        return state, []
    node, fallback = state.node, transfer.otherwise
    sorry = [Say(render(fallback.text, state.lead), node, interruptible=True)] if fallback.text else []
    state, actions = _enter(scenario, state, fallback.next)
    return state, [*sorry, *actions]


def _heard(scenario: Scenario, state: DialogueState, event: Heard) -> DialogueState:
    state = _remember(state, event.text)
    node, visit = scenario.nodes.get(event.node), state.visits.get(event.node, 0)
    count = len(listen_to(event.text).words)
    if node and node.ask and visit:
        text = node.ask.again if visit > 1 and node.ask.again else node.ask.text
        if count and count * 2 >= len(listen_to(render(text, state.lead)).words):
            return replace(state, asked=state.asked | {event.node})
    elif node and node.say and node.say.disclosure and visit:
        text = node.say.text[(visit - 1) % len(node.say.text)]
        if count >= len(listen_to(render(text, state.lead)).words):
            return replace(state, disclosure_heard=True)
    return state


def _remember(state: DialogueState, text: str) -> DialogueState:
    text = " ".join(text.split())
    return replace(state, history=(*state.history, Turn("assistant", text))) if text else state


def _last_words(state: DialogueState) -> str:
    """What the caller said last, unless something was answered since."""
    return state.history[-1].text if state.history and state.history[-1].role == "user" else ""


def _ask(scenario: Scenario, state: DialogueState) -> schema.Ask:
    ask = scenario.nodes[state.node].ask
    assert ask is not None, "a dialogue listens at questions only"
    return ask
