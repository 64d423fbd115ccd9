"""What goes into the dialogue engine and comes out of it: state, events, actions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal


class Phase(Enum):
    LISTENING = "listening"
    ANSWERING = "answering"
    """the language model's reply is being spoken"""
    TRANSFERRING = "transferring"
    """somebody else is to take the caller over"""
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Turn:
    """Something said and heard."""

    role: Literal["assistant", "user"]
    text: str


@dataclass(frozen=True, slots=True)
class Understood:
    """Why the dialogue went on from a question, for the record."""

    node: str
    intent: str
    score: float
    """as in ``matching.Match``; 1 for a key"""
    keyword: str
    """the keyword found, or the key pressed"""


@dataclass(frozen=True, slots=True)
class DialogueState:
    """Where one call's dialogue stands."""

    node: str
    phase: Phase
    lead: Mapping[str, str]
    visits: Mapping[str, int] = field(default_factory=dict)
    asked: frozenset[str] = frozenset()
    """questions of which at least half the words were heard"""
    no_input: int = 0
    """times in a row that nothing was said at this question"""
    not_understood: int = 0
    """likewise for words that meant nothing"""
    history: tuple[Turn, ...] = ()
    understood: tuple[Understood, ...] = ()
    slots: Mapping[str, str] = field(default_factory=dict)
    """what the caller answered, in the caller's words"""
    disposition: str = ""
    disclosure_heard: bool = False
    """the words that tell that a machine is speaking were heard to their end"""


@dataclass(frozen=True, slots=True)
class UserSaid:
    """The caller's turn, as recognised."""

    text: str


@dataclass(frozen=True, slots=True)
class NoInput:
    """The time of a ``Listen`` ran out."""


@dataclass(frozen=True, slots=True)
class Keypad:
    digits: str


@dataclass(frozen=True, slots=True)
class Heard:
    """What the caller heard of a ``Say``: all of it, or the part played before an interruption.

    Sent when the words stopped, so before the ``UserSaid`` that interrupted them.
    """

    text: str
    node: str
    """as in the ``Say``; the answer's node for a model's reply that was interrupted"""


@dataclass(frozen=True, slots=True)
class AnswerFinished:
    """The model's reply, or the fallback, was spoken."""

    text_heard: str


@dataclass(frozen=True, slots=True)
class TransferFailed:
    """Nobody took the caller over."""


Event = UserSaid | NoInput | Keypad | Heard | AnswerFinished | TransferFailed


@dataclass(frozen=True, slots=True)
class Say:
    text: str
    node: str
    interruptible: bool


@dataclass(frozen=True, slots=True)
class AskModel:
    """Let the language model answer with ``prompt_messages``; then send ``AnswerFinished``."""

    question: str
    fallback: str
    """to say when the model fails or is too slow"""
    max_words: int


@dataclass(frozen=True, slots=True)
class Listen:
    """Wait for the caller's words or keys; ``NoInput`` when nothing came ``timeout_ms`` after the last word played."""

    timeout_ms: int
    expects: str
    """sentences that fit here, to bias a recogniser's vocabulary; may be empty"""


@dataclass(frozen=True, slots=True)
class HangUp:
    """The dialogue is over, once what was said before is played."""

    disposition: str


@dataclass(frozen=True, slots=True)
class SendKeys:
    """Press keys, once what was said before is played."""

    digits: str


@dataclass(frozen=True, slots=True)
class Transfer:
    """Hand the caller over, once what was said before is played; send ``TransferFailed`` when that cannot be done."""

    to: str
    kind: Literal["attended", "blind"]
    extension: bool
    """``to`` is a number of the switch's dialplan"""
    disposition: str
    """the outcome when it succeeds"""


Action = Say | AskModel | SendKeys | Listen | Transfer | HangUp
