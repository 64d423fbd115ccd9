"""Variables in braces: before a dial string, ``originate {a=b,c='d e'}sofia/gateway/carrier/33123456789 &park()``, and
before the file of a playback, ``{tag=x}/srv/prompts/hello.wav``.

FreeSWITCH reads the former in four passes, the latter without the first; all but the second take off one layer of
quotes and backslashes:

1. the command's arguments, cut at spaces outside ``'…'``;
2. the braces, counted without regard to quotes or backslashes;
3. what is between them, cut at commas outside ``'…'``;
4. each piece, cut at its first ``=``.

So a value is escaped from the inside outwards: for 4, for 3, for 1. Nothing can escape a brace (2) or the ``:_:`` by
which the switch splits a dial string into several calls before all this; a value with ``:_:``, or with braces that do
not pair up, is refused. The parsers go through the same passes, so an embedded switch understands what a real one
would.
Source: ``switch_utils.c`` (``switch_separate_string``) and ``switch_event.c`` (``switch_event_create_brackets``).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping

from robot.errors import LocalProtocolError, RemoteProtocolError

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.\-]*")
_BARE = re.compile(r"[A-Za-z0-9_.:/@+\-]+")
_UNPRINTABLE = {"Cc", "Cs"}
_SEVERAL_CALLS = ":_:"
_UNESCAPED = {"'": "'", '"': '"', "\\": "\\", "n": "\n", "r": "\r", "t": "\t", "s": " "}


def originate_variables(variables: Mapping[str, str]) -> str:
    """``{name=value,…}`` for the front of a dial string; empty when there are none.

    Raises :class:`LocalProtocolError` for a name that is not a plain word, for two names that differ only in case (the
    switch keeps one), and for a value that cannot be written: control characters, braces that do not pair, ``:_:``.
    """
    return _block({name: _as_argument(value) for name, value in _in_list(variables).items()})


def file_variables(variables: Mapping[str, str]) -> str:
    """``{name=value,…}`` for the front of a file to play; errors as of :func:`originate_variables`."""
    return _block(_in_list(variables))


def parse_variables(text: str) -> tuple[dict[str, str], str]:
    """The variables in front of ``text`` and what follows them: the endpoint, its own quotes taken off, and the rest.

    ``text`` are the arguments of ``originate``. A piece without ``=`` or without a value is ignored and the last of a
    name counts, as in the switch. Raises :class:`RemoteProtocolError` when the braces do not close and for a name that
    is not a plain word, which no event could carry.
    """
    text = text.lstrip(" ")
    end = _find(text, " ", 0, lone_quotes=True)
    variables, endpoint = parse_file_variables(_clean(text[:end]))
    return variables, endpoint + text[end:]


def parse_file_variables(text: str) -> tuple[dict[str, str], str]:
    """The variables in front of a file to play, and the file; otherwise as :func:`parse_variables`."""
    variables: dict[str, str] = {}
    while text.startswith("{"):
        closing = _closing_brace(text)
        if closing is None:
            raise RemoteProtocolError("the variables before a dial string or a file do not close: a } is missing")
        for piece in _pieces(text[1:closing]):
            equals = _find(piece, "=", 0)
            if equals + 1 < len(piece):
                variables[_named(_clean(piece[:equals], "="))] = _clean(piece[equals + 1 :], "=")
        text = text[closing + 1 :].lstrip(" ")
    return variables, text


def _named(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise RemoteProtocolError(f"{name[:80]!r} cannot name a channel variable: letters, digits, _ . and - only")
    return name


def _block(written: Mapping[str, str]) -> str:
    return "{" + ",".join(f"{name}={value}" for name, value in written.items()) + "}" if written else ""


def _in_list(variables: Mapping[str, str]) -> dict[str, str]:
    """The values as they stand between the braces."""
    if len({name.lower() for name in variables}) < len(variables):
        raise LocalProtocolError("two channel variables have the same name but for upper and lower case")
    for name, value in variables.items():
        _check(name, value)
    return {name: _escaped(value) for name, value in variables.items()}


def _check(name: str, value: str) -> None:
    if not _NAME.fullmatch(name):
        raise LocalProtocolError(f"{name!r} cannot name a channel variable: letters, digits, _ . and - only")
    if any(unicodedata.category(character) in _UNPRINTABLE for character in value):
        raise LocalProtocolError(f"the channel variable {name} holds a line break or another control character")
    if _SEVERAL_CALLS in value or _closing_brace("{" + value + "}") != len(value) + 1:
        raise LocalProtocolError(f"the channel variable {name} holds ':_:' or a brace without its pair, which ends it")


def _escaped(value: str) -> str:
    inner = re.sub(r"[\\']", r"\\\g<0>", value) or "''"
    inner = re.sub(r"^ +| +$", lambda spaces: r"\s" * len(spaces[0]), inner)
    return re.sub(r"[\\',]", r"\\\g<0>", inner)


def _as_argument(value: str) -> str:
    """``value`` between quotes. ``\\,`` stays: no layer but that of the commas takes its backslash off."""
    return value if _BARE.fullmatch(value) else "'" + re.sub(r"\\([\\'])", r"\\\\\\\g<1>", value) + "'"


def _closing_brace(text: str) -> int | None:
    """Where the brace that ``text`` begins with closes."""
    depth = 0
    for brace in re.finditer(r"[{}]", text):
        depth += 1 if brace[0] == "{" else -1
        if depth == 0:
            return brace.start()
    return None


def _find(text: str, delimiter: str, start: int, *, lone_quotes: bool = False) -> int:
    """Where the first ``delimiter`` from ``start`` on is outside quotes and not escaped, else the length.

    A quote without a second one after it is an ordinary character, but not among arguments (``lone_quotes``).
    """
    quoted, at = False, start
    while at < len(text):
        match text[at]:
            case "\\":
                at += 1
            case "'" if quoted or lone_quotes or text.find("'", at + 1) > 0:
                quoted = not quoted
            case character if character == delimiter and not quoted:
                return at
        at += 1
    return len(text)


def _pieces(text: str) -> Iterator[str]:
    at = 0
    while at < len(text):
        end = _find(text, ",", at)
        yield _clean(text[at:end], ",")
        at = end + 1


def _clean(text: str, delimiter: str = "") -> str:
    """Takes off one layer: quotes, the backslashes that escape, and the spaces around, unless quoted or escaped."""
    kept: list[str] = []
    end, quoted, at = 0, False, 0
    text = text.lstrip(" ")
    while at < len(text):
        character, following = text[at], text[at + 1 : at + 2]
        if character == "\\" and (following in _UNESCAPED or (delimiter and following == delimiter)):
            kept.append(_UNESCAPED.get(following, following))
            end = len(kept)
            at += 1
        elif character == "'" and (quoted or text.find("'", at + 1) > 0):
            quoted = not quoted
            end = len(kept) if quoted else end
        else:
            kept.append(character)
            end = len(kept) if quoted or character != " " else end
        at += 1
    return "".join(kept[:end])
