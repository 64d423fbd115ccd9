"""Spoken words made comparable: what a recogniser writes, without accents, case, elisions or punctuation.

Scenario keywords and answering-machine phrases are compared in this form, so that the two agree on what a word is.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from services.words import ends_sentence

__all__ = ["Spoken", "ends_sentence", "fold", "listen_to"]

_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae", "ß": "ss", "’": "'", "‘": "'", "ʼ": "'", "`": "'", "´": "'"})
_NOT = re.compile(r"\b(\w+)n't\b|\b(can)not\b")
_STEMS = {"ca": "can", "wo": "will", "sha": "shall"}
_TOKEN = re.compile(r"[^\W_]+|(?<!\d)[,.;:!?]|[,.;:!?](?!\d)")
_FILLERS = frozenset({"euh", "heu", "hum", "hmm", "mm", "mmh", "hm", "ben", "bah", "uh", "um", "er", "erm"})


@dataclass(frozen=True, slots=True)
class Spoken:
    """An utterance as folded words."""

    words: tuple[str, ...]
    clause_starts: frozenset[int]
    """indices of words that follow a punctuation mark"""


@lru_cache(maxsize=4096)
def listen_to(text: str) -> Spoken:
    """``text`` as folded words, hesitations dropped: « Euh, d'accord. C'est noté » → d accord | c est note.

    English contractions of *not* are written out (can't → can not), so that a negation is always a word.
    """
    decomposed = unicodedata.normalize("NFKD", text.lower().translate(_LIGATURES)).lower()
    plain = "".join(char for char in decomposed if not unicodedata.combining(char))
    plain = _NOT.sub(lambda m: f"{m[2] or _STEMS.get(m[1], m[1])} not", plain)
    words: list[str] = []
    starts: set[int] = set()
    for token in _TOKEN.findall(plain):
        if not token[0].isalnum():
            starts.add(len(words))
        elif token not in _FILLERS:
            words.append(token)
    return Spoken(tuple(words), frozenset(starts))


def fold(text: str) -> str:
    """``text`` as folded words in one string: lower case, no accents, one space between words."""
    return " ".join(listen_to(text).words)
