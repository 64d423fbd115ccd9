"""Phrases that tell machines from people, and their search in what a recogniser wrote.

A phrase counts when its words stand in the text, or, for long phrases, when something very like it does: telephone
speech cut off after two seconds is rarely written down without a fault. Only ``load_phrases`` reads a file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from rapidfuzz import fuzz

from robot.documents import Document, Problem, Text, in_order, parse_document, raise_errors, read_document, validate
from robot.words import fold

FUZZY_LETTERS = 12
"""shorter phrases must be written exactly"""
FUZZY_RATIO = 86.0
"""passes « veillez laisser votre mesage » and two swallowed letters, not another phrase"""
FUZZY_WORD_RATIO = 40.0


class Kind(Enum):
    MACHINE = "machine"
    HUMAN = "human"


class Weight(Enum):
    STRONG = "strong"
    """hardly ever said by the other kind"""
    WEAK = "weak"
    """a hint, never a proof"""


@dataclass(frozen=True, slots=True)
class PhraseMatch:
    """A phrase found."""

    phrase: str
    """folded"""
    kind: Kind
    weight: Weight


@dataclass(frozen=True, slots=True)
class PhraseBook:
    """One language's phrases, folded, the longest first."""

    language: str
    phrases: tuple[PhraseMatch, ...]
    alone: frozenset[str]
    """words which, when nothing else is said, are a person's"""

    def count(self, kind: Kind) -> int:
        return sum(phrase.kind is kind for phrase in self.phrases)


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


Phrases = Annotated[list[Text], Field(min_length=1)]


class _Machine(_Part):
    strong: Phrases
    weak: Phrases


class _Human(_Part):
    strong: Phrases
    weak: Phrases
    alone: Phrases


class _File(_Part):
    language: Literal["fr", "en"]
    machine: _Machine
    human: _Human


def load_phrases(path: Path) -> PhraseBook:
    """Reads a phrase file. Raises ``ConfigError`` with every fault, ``file:line: field: what``."""
    return _book(read_document(path))


def parse_phrases(text: str, name: str = "phrases") -> PhraseBook:
    """The text of a phrase file, called ``name`` in errors. Raises ``ConfigError``."""
    return _book(parse_document(text, name))


def match_phrases(text: str, books: Iterable[PhraseBook]) -> tuple[PhraseMatch, ...]:
    """The phrases in ``text``: of each kind the longest at any place, those written exactly before those alike."""
    folded = fold(text)
    words = folded.split()
    found: dict[range, PhraseMatch] = {}
    for book in books:
        if words and book.alone.issuperset(words):
            found[range(len(words))] = PhraseMatch(folded, Kind.HUMAN, Weight.STRONG)
        for stands_in in (_written_at, _alike_at):
            for phrase in book.phrases:
                for place in stands_in(phrase.phrase, folded, words):
                    if not any(phrase.kind is other.kind and _overlap(place, taken) for taken, other in found.items()):
                        found[place] = phrase
    return tuple(found.values())


def _overlap(one: range, other: range) -> bool:
    return one.start < other.stop and other.start < one.stop


def _written_at(phrase: str, folded: str, words: list[str]) -> Iterator[range]:
    if phrase in folded:
        wanted = phrase.split()
        size = len(wanted)
        yield from (range(at, at + size) for at in range(len(words) - size + 1) if words[at : at + size] == wanted)


def _alike_at(phrase: str, folded: str, words: list[str]) -> Iterator[range]:
    """Places with as many words, all somewhat alike: a phrase less one word is another phrase."""
    if len(phrase) < FUZZY_LETTERS or not fuzz.partial_ratio(phrase, folded, score_cutoff=FUZZY_RATIO):
        return
    wanted = phrase.split()
    size = len(wanted)
    for at in range(len(words) - size + 1):
        window = words[at : at + size]
        if fuzz.ratio(phrase, " ".join(window)) >= FUZZY_RATIO and all(
            fuzz.ratio(word, want) >= FUZZY_WORD_RATIO for word, want in zip(window, wanted, strict=True)
        ):
            yield range(at, at + size)


def _book(document: Document) -> PhraseBook:
    file = validate(document, _File)
    parts = {
        (Kind.MACHINE, Weight.STRONG): file.machine.strong,
        (Kind.MACHINE, Weight.WEAK): file.machine.weak,
        (Kind.HUMAN, Weight.STRONG): file.human.strong,
        (Kind.HUMAN, Weight.WEAK): file.human.weak,
    }
    phrases: dict[str, PhraseMatch] = {}
    problems: list[Problem] = []
    for (kind, weight), entries in parts.items():
        for index, entry in enumerate(entries):
            phrase = PhraseMatch(fold(entry), kind, weight)
            location = (kind.value, weight.value, index)
            if not phrase.phrase:
                problems.append(document.problem(location, f"{entry!r} holds no word"))
            elif (other := phrases.setdefault(phrase.phrase, phrase)) is not phrase:
                both = f"{other.kind.value}.{other.weight.value} and {kind.value}.{weight.value}"
                problems.append(document.problem(location, f"{phrase.phrase!r} is both in {both}"))
    raise_errors(in_order(problems))
    alone = frozenset(word for entry in file.human.alone for word in fold(entry).split())
    return PhraseBook(file.language, tuple(sorted(phrases.values(), key=lambda one: -len(one.phrase))), alone)
