"""What an engine says of itself, for the record of a call."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """Names an engine and the exact weights it runs."""

    engine: str
    """as in config, e.g. ``faster_whisper``"""
    model: str = ""
    """model name or path given in config; empty when the engine has no model"""
    sha256: str = ""
    """of the weights file; empty when there is none or it is remote"""
