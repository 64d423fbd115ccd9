"""What FreeSWITCH's splitting of arguments leaves of one of them: quotes and backslash escapes are gone. Pure."""

from __future__ import annotations

import re

_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", "s": " ", "'": "'", '"': '"', "\\": "\\"}
_MARK = re.compile(r"\\([nrts'\"\\])|'")
_WORD = re.compile(r"(?:\\.|'[^']*'|[^\s])+")


def first_word(text: str) -> str:
    """``text`` up to its first space that is not within single quotes; not unquoted yet."""
    match = _WORD.match(text)
    return match[0] if match else ""


def unquoted(text: str) -> str:
    """Single quotes vanish in pairs, so that a lone one stays; double quotes stay; ``\\n`` is a line feed."""
    quotes = [match.start() for match in _MARK.finditer(text) if match[1] is None]
    lone = quotes[-1] if len(quotes) % 2 else -1

    def replace(match: re.Match[str]) -> str:
        if match[1]:
            return _ESCAPED[match[1]]
        return "'" if match.start() == lone else ""

    return _MARK.sub(replace, text)
