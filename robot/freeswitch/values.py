"""Text from outside on its way into FreeSWITCH's XML.

Escaping is not enough there. Before XML is parsed, a line-wise preprocessor replaces ``$${name}`` and obeys the word
``X-PRE-PROCESS`` wherever it stands; after it, ``${name}`` and ``${command(…)}`` are replaced in what a call executes.
Such text is refused, for no number, name or password needs it.
"""

from __future__ import annotations

import re

_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]|\$\{|\$\$|x-pre-process", re.IGNORECASE)
WHAT_IS_UNSAFE = "must not hold line breaks, control characters, ${, $$ or X-PRE-PROCESS"


def is_safe(text: str) -> bool:
    """Whether ``text``, once escaped for XML, stays text in all that FreeSWITCH does with it."""
    return _UNSAFE.search(text) is None


def exactly(text: str) -> str:
    """A regular expression, without a backslash, that matches ``text`` and nothing else. Raises ``ValueError``."""
    if any(character in "^\\]" for character in text):
        raise ValueError(f"{text!r} cannot be dialled")
    return "".join(character if character.isalnum() else f"[{character}]" for character in text)
