"""Text on its way to a voice: cut into clauses, then written out as it is said.

Clauses, not sentences, are what a synthesiser is fed with: the first sound of a reply then costs one short clause
instead of the whole reply. Cutting works on the text as written (so that a clause still carries the robot's own words)
and comes before :func:`normalise`, which turns "14h30" into "quatorze heures trente". Everything here is pure; the
decision where to cut looks at a bounded number of characters after the cut, so a stream of tokens gives the same
clauses as the whole text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping

from services.errors import BadInput
from services.tts import text_en, text_fr

MAX_CLAUSE_CHARS = 220
"""text without punctuation is cut at the last space before this; about 15 s of speech"""
MIN_SOFT_CHARS = 25
"""a comma, colon or semicolon ends a clause only when the clause has this many characters"""
MIN_GREETING_CHARS = 8
"""the same for the very first clause: "Bonjour," may go ahead alone, "Oui," may not"""
MIN_REST_CHARS = 12
"""and only when this much follows before the sentence ends: the last clause is never a single word"""

_ABBREVIATIONS = frozenset({
    "m", "mm", "mme", "mmes", "mlle", "mlles", "dr", "drs", "pr", "prof", "st", "ste", "av", "bd", "tél", "tel", "réf",
    "ref", "env", "cf", "p.ex", "mr", "mrs", "ms", "vs", "e.g", "i.e", "approx", "ext",
})  # fmt: skip
_OFTEN_LAST = frozenset({"etc", "a.m", "p.m", "max", "min", "ave", "rd", "blvd", "apt", "jr", "sr", "no"})
"""abbreviations that may also end a sentence: a capital after them decides"""

_BOUNDARY = re.compile(r"(?P<hard>[.!?…]+(?: ?[»”\")\]]+)?(?=\s)|\n)|(?P<soft>[,;:])(?=\s)")
_LAST_WORD = re.compile(r"[\w.]*\w(?=\.$)")
_WORD = re.compile(r"\w\S*")
_SECOND_WORD = re.compile(r"\s*(?:[«“\"(\[]\s*)?\S+(?:\s+[»”\")\]!?;:…]+)*\s+[^\s»”\")\]!?;:…]")
_HARD = re.compile(r"[.!?…]+(?=\s)|\n")
_LAYOUT = re.compile(r"[*_`~|<>{}\[\]\\^=•▪●]+|#(?!\d)")
_UNSPOKEN = frozenset({"So", "Sk", "Cs", "Co", "Cf", "Cn"})
"""Unicode categories of emoji, their modifiers and invisible marks"""


class ClauseSplitter:
    """Text in any pieces → clauses as soon as each is certain. One per reply.

    Any way of cutting the same text into pieces gives the same clauses, and the clauses joined by single spaces are the
    text with its white space collapsed.
    """

    def __init__(self) -> None:
        self._pending = ""
        self._first = True

    def push(self, text: str) -> list[str]:
        """The clauses that became certain with ``text``; usually none or one."""
        self._pending += text
        return self._take(ended=False)

    def flush(self) -> list[str]:
        """The rest, at the end of the text. The splitter is then as new."""
        clauses = self._take(ended=True)
        rest = " ".join(self._pending.split())
        self._pending, self._first = "", True
        return [*clauses, rest] if rest else clauses

    def _take(self, *, ended: bool) -> list[str]:
        clauses: list[str] = []
        while (end := self._next_end(ended=ended)) is not None:
            clause = " ".join(self._pending[:end].split())
            self._pending = self._pending[end:]
            if clause:
                clauses.append(clause)
                self._first = False
        return clauses

    def _next_end(self, *, ended: bool) -> int | None:
        """Where the first clause of the pending text ends, once the text after it has decided so."""
        self._pending = self._pending.lstrip()
        text = self._pending
        for match in _BOUNDARY.finditer(text, 0, MAX_CLAUSE_CHARS + 1):
            verdict = self._cuts(match, text)
            if verdict is None and not ended:
                return None
            if verdict:
                return match.end()
        return self._forced_end(text)

    def _cuts(self, match: re.Match[str], text: str) -> bool | None:
        """Whether this boundary ends a clause; None when the text after it is still too short to know."""
        head, rest = text[: match.end()], text[match.end() : match.end() + MAX_CLAUSE_CHARS]
        if match["soft"]:
            return self._cuts_softly(head, rest)
        if not rest.strip():
            return None
        if _is_abbreviation(head, rest):
            return False
        if not self._first and len(_WORD.findall(head)) < 2:
            return False
        return True if _SECOND_WORD.match(rest) or len(rest) == MAX_CLAUSE_CHARS else None

    def _cuts_softly(self, head: str, rest: str) -> bool | None:
        if len(head) < (MIN_GREETING_CHARS if self._first else MIN_SOFT_CHARS):
            return False
        window = rest.lstrip()[:MIN_REST_CHARS]
        if len(window) < MIN_REST_CHARS:
            return None
        return not _HARD.search(window)

    def _forced_end(self, text: str) -> int | None:
        if len(text) <= MAX_CLAUSE_CHARS:
            return None
        space = max(text.rfind(" ", 1, MAX_CLAUSE_CHARS), text.rfind("\n", 1, MAX_CLAUSE_CHARS))
        return space if space > 0 else MAX_CLAUSE_CHARS


def split_clauses(text: str) -> list[str]:
    """A whole text in clauses, white space collapsed; empty for an empty text.

    A clause ends after ". ! ? …" or a line break, and after ", ; :" when it is long enough. Dots and commas inside
    numbers (14,50 or 3.5), addresses and after abbreviations (M., Dr., p.m.) do not end one. No clause is a single
    word, but the first ("Bonjour !").
    """
    splitter = ClauseSplitter()
    return [*splitter.push(text), *splitter.flush()]


def _is_abbreviation(head: str, rest: str) -> bool:
    word = _LAST_WORD.search(head)
    if not word:
        return False
    name = word[0].lower()
    if name in _OFTEN_LAST:
        return not rest.lstrip()[:1].isupper()
    return name in _ABBREVIATIONS or (len(word[0]) == 1 and word[0].isupper())


_WRITERS: Mapping[str, Callable[[str], str]] = {"fr": text_fr.written_out, "en": text_en.written_out}


def check_language(language: str) -> None:
    """Raises ``BadInput`` for a language that :func:`normalise` does not know."""
    if language not in _WRITERS:
        raise BadInput(f"language {language!r} cannot be spoken: use one of {', '.join(sorted(_WRITERS))}")


def normalise(text: str, language: str) -> str:
    """Text as written → text as said: numbers, dates, hours, prices, telephone numbers and abbreviations in words.

    ``language`` is "fr" or "en". Emoji and marks of layout (``**``, ``#``, bullets) are dropped. Empty when nothing can
    be said. Raises ``BadInput`` for another language.
    """
    check_language(language)
    plain = unicodedata.normalize("NFC", " ".join(text.split())).replace("\u2019", "'")
    plain = "".join(char for char in plain if char == "°" or unicodedata.category(char) not in _UNSPOKEN)
    said = " ".join(_WRITERS[language](_LAYOUT.sub(" ", plain)).split())
    return said if any(char.isalnum() for char in said) else ""
