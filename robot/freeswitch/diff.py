"""A plan as a unified diff to read on a terminal: without a password in it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator

from robot.freeswitch.folder import Change, Kind, Plan

_PASSWORD_PARAM = re.compile(r'(name="password" value=")[^"]*')
_PASSWORD_FILE = "passwords/"
HIDDEN = "(hidden)"


def diff_of(plan: Plan) -> str:
    """What would change, empty when nothing would. A line that differs in a password alone is there, with it hidden."""
    return "".join(line for change in plan.changes for line in _lines(change))


def _lines(change: Change) -> Iterator[str]:
    if change.kind is Kind.UNCHANGED:
        return
    before = "/dev/null" if change.kind is Kind.CREATED else change.path
    after = "/dev/null" if change.kind is Kind.REMOVED else change.path
    secret = change.path.startswith(_PASSWORD_FILE)
    for line in difflib.unified_diff(change.before.splitlines(), change.after.splitlines(), before, after, lineterm=""):
        if secret and line[:1] in "+-" and line[:3] not in ("+++", "---"):
            yield f"{line[0]}{HIDDEN}\n"
        else:
            yield _PASSWORD_PARAM.sub(rf"\g<1>{HIDDEN}", line) + "\n"
