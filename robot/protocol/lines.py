"""What may be written into a line-based protocol: one place for the checks that every encoder shares.

A line break in an argument is a new header, an empty line a new command. So each piece is checked where bytes are made,
and the error never quotes the piece, which may be a password or a telephone number.
"""

from __future__ import annotations

from robot.errors import LocalProtocolError

_BREAKS = frozenset("\r\n\0")


def one_line(what: str, text: str) -> str:
    """``text`` unchanged; raises :class:`LocalProtocolError`, naming ``what``, when it would end the line."""
    if not _BREAKS.isdisjoint(text):
        raise LocalProtocolError(f"{what} holds a line break or a NUL, which would add a header or a command")
    return text


def one_word(what: str, text: str) -> str:
    """``text`` unchanged; raises :class:`LocalProtocolError` unless it is one word: not empty, no white space."""
    if text.split() != [text]:
        raise LocalProtocolError(f"{what} must be one word, without spaces or line breaks")
    return one_line(what, text)


def utf8(what: str, text: str) -> bytes:
    """``text`` in UTF-8; raises :class:`LocalProtocolError` for half a surrogate pair, which has no bytes."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise LocalProtocolError(f"{what} holds half a surrogate pair, which UTF-8 cannot write") from None
