"""A dialogue as its YAML file writes it: nodes that say, ask, answer, leave a message or hang up.

pydantic models with ``extra="forbid"``: a misspelt key is an error, never ignored. The references between nodes are
checked by :mod:`checks`.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from robot.documents import Text


def _name(value: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]*", value):
        raise ValueError("should be a name in lower case: letters, digits and _")
    return value


Name = Annotated[str, AfterValidator(_name)]
Count = Annotated[int, Field(strict=True, ge=1, le=10)]
Flag = Annotated[bool, Field(strict=True)]
Key = Literal["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "#"]


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _without_prefix(value: object) -> object:
    """Lead fields are written as in texts, ``lead.NAME``, and kept as NAME."""
    return (
        {str(key).removeprefix("lead."): item or {} for key, item in value.items()}
        if isinstance(value, dict)
        else value
    )


def _filled(value: object) -> object:
    return {} if value is None else value


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class OnVerdict(_Part):
    """What to do once the answering-machine detector has decided."""

    human: Literal["talk"] = "talk"
    machine: Literal["leave_message", "hangup"] = "hangup"
    no_answer: Literal["hangup", "talk"] = "hangup"


class Variable(_Part):
    """A field of the lead. Without ``default`` each lead must have it."""

    default: str | None = None
    example: str = ""
    description: str = ""


class Recovery(_Part):
    """What to say when nothing was understood or heard. After ``max`` times in a row, on to ``next``."""

    text: Text
    max: Count = 2
    next: Name


class Recover(_Part):
    """Recoveries of every question that has none of its own."""

    no_input: Recovery | None = None
    not_understood: Recovery | None = None


class Intent(_Part):
    """Something that a caller may want at a question."""

    keywords: Annotated[tuple[Text, ...], Field(min_length=1), BeforeValidator(_listed)]
    examples: tuple[Text, ...] = ()
    next: Name
    disposition: Name | None = None
    yields: Flag = False
    """counts only when no other intent was heard in the same sentence"""


class Everywhere(_Part):
    """Intents and keys that every question understands besides its own."""

    intents: dict[Name, Intent] = {}
    keypad: dict[Key, Name] = {}


class Collect(_Part):
    """Words that are no intent are the answer itself, and kept in ``slot``.

    With one of ``keywords`` in them they are taken even when they sound like a question (« jeudi, c'est possible ? »).
    """

    slot: Name
    keywords: tuple[Text, ...] = ()
    next: Name


class Say(_Part):
    """Says ``text`` (of several variants, the n-th at the n-th visit) and goes on."""

    text: Annotated[tuple[Text, ...], Field(min_length=1), BeforeValidator(_listed)]
    next: Name
    interruptible: Flag = True
    disclosure: Flag = False
    """these words tell that a machine is speaking"""


class Ask(_Part):
    """Asks and listens. ``again`` is said instead of ``text`` when the question is repeated."""

    text: Text
    again: Text | None = None
    intents: dict[Name, Intent] = {}
    collect: Collect | None = None
    otherwise: Name | None = None
    """where a caller's own question goes"""
    no_input: Recovery | None = None
    not_understood: Recovery | None = None
    keypad: dict[Key, Name] = {}
    timeout_ms: Annotated[int, Field(strict=True, ge=500, le=60_000)] = 6000


class Answer(_Part):
    """The language model answers from the facts; ``fallback`` is said when it cannot."""

    max_words: Annotated[int, Field(strict=True, ge=5, le=120)] = 30
    fallback: Text
    next: Name


class Keys(_Part):
    """Presses keys, as a person would on the keypad: for a menu at the other end."""

    digits: Annotated[str, Field(strict=True, pattern=r"^[0-9A-DwW*#]{1,64}$")]
    """``w`` waits for half a second, ``W`` for a whole one"""
    next: Name


class Fallback(_Part):
    """Where the dialogue goes on, and what is said first."""

    text: Text | None = None
    next: Name


class Transfer(_Part):
    """Hands the caller over to a person, and the robot leaves the conversation.

    ``attended``: the person is called while the caller hears music, and gets the caller after having answered.
    ``blind``: the switch does it alone, and the robot cannot know whether anybody answers.
    """

    to: Annotated[str, Field(strict=True, pattern=r"^[^\s{}\x00-\x1f\x7f]{1,200}$")]
    """a number, a dial string or ``lab:NAME``; ``blind`` also an extension of the switch's dialplan"""
    kind: Literal["attended", "blind"] = "attended"
    text: Text | None = None
    """said before"""
    otherwise: Fallback
    """nobody answered, or the switch could not do it"""
    disposition: Name = "transferred"

    @property
    def extension(self) -> bool:
        """``to`` is a number of the switch's dialplan, and not to be dialled by the robot."""
        return self.kind == "blind" and "/" not in self.to and not self.to.startswith(("+", "lab:"))


class Hangup(_Part):
    """Says ``text`` and ends the call. Without ``disposition`` that of the last intent stands."""

    text: Text | None = None
    disposition: Name | None = None


class Voicemail(_Part):
    """The message left on a machine."""

    text: Text
    disposition: Name


Step = Say | Ask | Answer | Keys | Transfer | Hangup | Voicemail
KINDS = ("say", "ask", "answer", "keys", "transfer", "hangup", "voicemail")


class Node(_Part):
    """Exactly one of the kinds."""

    say: Say | None = None
    ask: Ask | None = None
    answer: Answer | None = None
    keys: Keys | None = None
    transfer: Transfer | None = None
    hangup: Hangup | None = None
    voicemail: Voicemail | None = None

    @model_validator(mode="before")
    @classmethod
    def _exactly_one(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            raise ValueError(f"must be one of {', '.join(KINDS)}")
        kinds = [kind for kind in KINDS if kind in value]
        if len(kinds) != 1 and not value.keys() - set(KINDS):
            raise ValueError(f"must have exactly one of {', '.join(KINDS)}; it has {', '.join(kinds) or 'none'}")
        return {kind: {} if inner is None else inner for kind, inner in value.items()}

    @property
    def step(self) -> Step:
        found = self.say or self.ask or self.answer or self.keys or self.transfer or self.hangup or self.voicemail
        assert found is not None, "the validator lets exactly one kind through"
        return found


class Scenario(_Part):
    """One dialogue."""

    name: Name
    language: Literal["fr", "en"]
    voice: str = ""
    """empty: the language's default voice"""
    description: str = ""
    variables: Annotated[dict[Name, Variable], BeforeValidator(_without_prefix)] = {}
    persona: Text | None = None
    facts: tuple[Text, ...] = ()
    on_verdict: Annotated[OnVerdict, BeforeValidator(_filled)] = OnVerdict()
    voicemail: Name | None = None
    """the node whose message is left on a machine"""
    recover: Annotated[Recover, BeforeValidator(_filled)] = Recover()
    everywhere: Annotated[Everywhere, BeforeValidator(_filled)] = Everywhere()
    start: Name
    nodes: Annotated[dict[Name, Node], Field(min_length=1)]

    def intents_of(self, ask: Ask) -> dict[str, Intent]:
        """What ``ask`` understands; its own intent replaces the common one of the same name."""
        return {**self.everywhere.intents, **ask.intents}

    def keypad_of(self, ask: Ask) -> dict[str, str]:
        """Keys and the intents they stand for."""
        return {str(key): intent for keys in (self.everywhere.keypad, ask.keypad) for key, intent in keys.items()}

    def no_input_of(self, ask: Ask) -> Recovery | None:
        return ask.no_input or self.recover.no_input

    def not_understood_of(self, ask: Ask) -> Recovery | None:
        return ask.not_understood or self.recover.not_understood

    def transfers(self) -> tuple[Transfer, ...]:
        """Every way out of the dialogue to a person."""
        return tuple(node.transfer for node in self.nodes.values() if node.transfer)

    def samples(self) -> dict[str, str]:
        """A value for every lead field, to rehearse with: its example, else its default, else its name."""
        return {name: item.example or item.default or name for name, item in self.variables.items()}
