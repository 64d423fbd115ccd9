"""What engines and robot must agree on about written text."""

from __future__ import annotations


def ends_sentence(text: str) -> bool:
    """Whether a pause belongs after ``text``, as it is written."""
    return text.rstrip(' \u00a0\u202f»”")]').endswith((".", "!", "?", "…"))
