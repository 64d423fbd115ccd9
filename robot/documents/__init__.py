"""The YAML files that users write: settings, dialogues, phrase lists, callee plans. One reader, one wording for all.

Every fault is a :class:`Problem` that prints as ``FILE:LINE: field: what is wrong; valid choices``, which an editor can
jump to. Faults are collected rather than raised one by one, so that an author mends a file in one go.
"""

from robot.documents.problem import (
    Location,
    Place,
    Places,
    Problem,
    Severity,
    choices,
    dotted,
    in_order,
    raise_errors,
    shown,
)
from robot.documents.reading import Document, parse_document, read_document
from robot.documents.validation import Text, check, explain, validate

__all__ = [
    "Document",
    "Location",
    "Place",
    "Places",
    "Problem",
    "Severity",
    "Text",
    "check",
    "choices",
    "dotted",
    "explain",
    "in_order",
    "parse_document",
    "raise_errors",
    "read_document",
    "shown",
    "validate",
]
