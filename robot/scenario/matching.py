"""Which intent an utterance expresses: keywords compared word by word, in French and English alike.

Deterministic on purpose: a caller's yes or no must be explainable from the record (intent, keyword, score), cost
nothing, and not depend on a model. Recognisers mishear telephone speech, so long words may differ a little; a negated
keyword counts for nothing; of two intents in one sentence the more specific wins, and two equal ones are no answer.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

from robot.scenario.vocabulary import (
    CONJUNCTIONS,
    CORRECTIONS,
    LIGHT,
    LINKS,
    NEGATORS,
    NOT_NEGATIVE,
    QUESTIONS,
    SUBJECTS,
    TRAILING_NEGATORS,
)
from robot.words import Spoken, listen_to

FUZZY_LETTERS = 6
"""shorter words must be equal: at five letters one error already makes another word (venir, tenir)"""
FUZZY_RATIO = 84.0
"""lets « annulé » pass for annuler (92) and keeps Tuesday (80) from Thursday"""
_WEAK_SCORE = 0.5
_AMBIGUOUS_MARGIN = 0.3
_NEGATION_REACH = 5
_NEGATION_TAIL = 2
_QUESTION_WORDS = 3


@dataclass(frozen=True, slots=True)
class Match:
    """The intent found, and why."""

    intent: str
    score: float
    """specificity × likeness: about 1 per word of content, under 0.5 for a mere « oui » or "okay\""""
    keyword: str
    """as written in the scenario"""

    @property
    def weak(self) -> bool:
        """Only words of agreement or refusal, which also open sentences about something else."""
        return self.score < _WEAK_SCORE


@dataclass(frozen=True, slots=True)
class _Hit:
    match: Match
    start: int
    end: int


def match_intent(text: str, intents: Mapping[str, Sequence[str]], yielding: Collection[str] = ()) -> Match | None:
    """The intent that ``text`` expresses; None when there is none, or when two are equally plausible.

    ``intents`` maps a name to its keywords or phrases. Those in ``yielding`` count only when no other intent was heard
    (a plain refusal yields to "I can't come, please move it").
    """
    spoken = listen_to(text)
    hits = [hit for name, keywords in intents.items() for keyword in keywords for hit in _hits(spoken, name, keyword)]
    hits = [hit for hit in hits if not _covered(hit, hits) and not _taken_back(hit, hits, spoken)]
    best: dict[str, Match] = {}
    for hit in hits:
        if hit.match.intent not in best or hit.match.score > best[hit.match.intent].score:
            best[hit.match.intent] = hit.match
    ranked = sorted(best.values(), key=lambda match: match.score, reverse=True)
    firm = [match for match in ranked if match.intent not in yielding and not match.weak]
    ranked = firm or [match for match in ranked if not match.weak] or ranked
    if not ranked or (len(ranked) > 1 and ranked[0].score - ranked[1].score < _AMBIGUOUS_MARGIN):
        return None
    return ranked[0]


def is_question(text: str, match: Match | None = None) -> bool:
    """Whether ``text`` asks something, beyond a weak ``match``: « oui, c'est où ? » does, « oui ? » does not."""
    spoken = listen_to(text)
    beyond = len(spoken.words) - (len(listen_to(match.keyword).words) if match else 0)
    if match and (not match.weak or beyond < _QUESTION_WORDS):
        return False
    if text.rstrip().endswith("?") and beyond >= _QUESTION_WORDS:
        return True
    return "où" in re.findall(r"\w+", text.lower()) or any(_find(spoken.words, phrase) for phrase in QUESTIONS)


def _hits(spoken: Spoken, intent: str, keyword: str) -> Iterator[_Hit]:
    wanted = listen_to(keyword).words
    for start in range(len(spoken.words) - len(wanted) + 1 if wanted else 0):
        end = start + len(wanted)
        likeness = _likeness(spoken.words[start:end], wanted)
        if likeness and (NEGATORS.intersection(wanted) or not _negated(spoken, start, end)):
            yield _Hit(Match(intent, round(_weight(wanted) * likeness, 3), keyword), start, end)


def _likeness(words: Sequence[str], wanted: Sequence[str]) -> float:
    """1 for equal words, down to 0.84 for misheard ones, 0 for others."""
    total = 0.0
    for word, want in zip(words, wanted, strict=True):
        if word == want:
            total += 1.0
        elif len(want) >= FUZZY_LETTERS and (ratio := fuzz.ratio(word, want)) >= FUZZY_RATIO:
            total += ratio / 100
        else:
            return 0.0
    return total / len(wanted)


def _weight(words: Sequence[str]) -> float:
    """Words of content weigh 1, others 0.1: a long polite phrase is no more specific than its verb."""
    return sum(0.1 if len(word) <= 3 or word in LIGHT else 1.0 for word in words)


def _covered(hit: _Hit, hits: Sequence[_Hit]) -> bool:
    """Part of a longer phrase of another intent (« annuler » inside « ne pas annuler »)."""
    return any(
        other.match.intent != hit.match.intent
        and other.start <= hit.start
        and hit.end <= other.end
        and other.end - other.start > hit.end - hit.start
        for other in hits
    )


def _taken_back(hit: _Hit, hits: Sequence[_Hit], spoken: Spoken) -> bool:
    """Followed by a correction and another intent: « je confirme, enfin non, je l'annule »."""
    return any(
        other.match.intent != hit.match.intent
        and not other.match.weak
        and CORRECTIONS.intersection(spoken.words[hit.end : other.start])
        for other in hits
        if other.start >= hit.end
    )


def _negated(spoken: Spoken, start: int, end: int) -> bool:
    """Whether the words ``start:end`` stand under a negation of their own clause."""
    words = spoken.words
    neutral = {index for phrase in NOT_NEGATIVE for at in _find(words, phrase) for index in at}
    for index in range(end, min(end + _NEGATION_TAIL, len(words))):
        if index in spoken.clause_starts or words[index] in SUBJECTS | CONJUNCTIONS:
            break
        if words[index] in TRAILING_NEGATORS and index not in neutral:
            return True
    return _negated_before(spoken, start, neutral)


def _negated_before(spoken: Spoken, start: int, neutral: Collection[int]) -> bool:
    words = spoken.words
    if words[start] in SUBJECTS and (start == 0 or words[start - 1] not in LINKS):
        return False
    for index in range(start, max(start - _NEGATION_REACH, 0), -1):
        before = index - 1
        if index in spoken.clause_starts or words[before] in CONJUNCTIONS:
            return False
        if words[before] in NEGATORS and before not in neutral:
            return True
        if words[before] in SUBJECTS and (before == 0 or words[before - 1] not in LINKS | NEGATORS):
            return False
    return False


def _find(words: Sequence[str], phrase: tuple[str, ...]) -> list[range]:
    """The places of ``phrase`` in ``words``."""
    size = len(phrase)
    return [
        range(at, at + size) for at in range(len(words) - size + 1) if tuple(words[at : at + size]) == tuple(phrase)
    ]
