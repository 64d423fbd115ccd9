"""The words given to the language model when a caller asks something of their own.

The part that is the same for the whole call comes first, so that a model server reuses its key-value cache; then what
was really said and heard. Prices, dates and hours may come from the facts alone: a small model invents them otherwise.
"""

from __future__ import annotations

from typing import Literal

from robot.scenario.dialogue import DialogueState, Turn
from robot.scenario.schema import Scenario
from robot.scenario.templates import render

Role = Literal["system", "user", "assistant"]

_BLOCK_TURNS = 16
_PERSONA = {
    "fr": "Tu es l'assistant vocal d'un cabinet, au téléphone. Tu es poli et bref.",
    "en": "You are an office's voice assistant on the telephone. You are polite and brief.",
}
_FACTS = {"fr": "Ce que tu sais :", "en": "What you know:"}
_RULES = {
    "fr": """Règles :
- Réponds en français, en une ou deux phrases courtes, faites pour être entendues : pas de liste, pas de symbole.
- N'utilise que ce que tu sais. N'invente jamais de prix, de date, d'heure, de nom ni de numéro.
- Si tu ne sais pas, dis que tu ne sais pas et que quelqu'un rappellera.
- Ne pose pas de question.""",
    "en": """Rules:
- Answer in English, in one or two short sentences made to be heard: no list, no symbol.
- Use only what you know. Never invent a price, a date, a time, a name or a number.
- If you do not know, say that you do not know and that someone will call back.
- Do not ask a question.""",
}


def prompt_messages(scenario: Scenario, state: DialogueState, question: str) -> list[tuple[Role, str]]:
    """(role, content) pairs: one system message, the turns heard so far, and ``question`` last.

    Neighbouring turns of one role are joined, since chat templates want the roles to alternate.
    """
    facts = "\n".join(f"- {render(fact, state.lead)}" for fact in scenario.facts)
    persona = render(scenario.persona or _PERSONA[scenario.language], state.lead)
    system = "\n".join((persona, _FACTS[scenario.language], facts, _RULES[scenario.language]))
    history = state.history
    if history and history[-1] == Turn("user", question):
        history = history[:-1]
    messages: list[tuple[Role, str]] = [("system", system)]
    for turn in (*_recent(history), Turn("user", question)):
        role, content = messages[-1]
        if role == turn.role:
            messages[-1] = (role, f"{content} {turn.text}")
        else:
            messages.append((turn.role, turn.text))
    return messages


def _recent(history: tuple[Turn, ...]) -> tuple[Turn, ...]:
    """The last 16 to 31 turns, cut in whole blocks: a window sliding at each turn would change the prefix each time."""
    return history[max(0, len(history) // _BLOCK_TURNS - 1) * _BLOCK_TURNS :]
