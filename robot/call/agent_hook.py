"""What a person gets to see before they take a caller over: who it is, and what was said so far.

A hook is told when the person begins to be called, so that it is on the screen when the telephone rings. The one here
writes a file next to the call's record; a desktop or a CRM is another class with the same method.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, Protocol

FILE_NAME = "transfer.json"


@dataclass(frozen=True, slots=True)
class TranscriptLine:
    """Something said, by whom, and when it began: ms since the answer."""

    role: Literal["caller", "robot"]
    text: str
    at_ms: float | None


@dataclass(frozen=True, slots=True)
class AgentOffer:
    """A caller who is offered to a person."""

    call_id: str
    agent_call_id: str
    """uuid of the call to the person; empty when the switch places it"""
    to: str
    """as the scenario names the person"""
    target: str
    """the caller: the number called, or the caller's"""
    scenario: str
    language: str
    lead: Mapping[str, str]
    transcript: Sequence[TranscriptLine]


class AgentHook(Protocol):
    """Told of every caller who is to be handed over."""

    async def offer(self, offer: AgentOffer, folder: Path) -> None:
        """``folder``: the call's. Raises ``OSError`` or ``RobotError``; the caller is handed over all the same."""
        ...


class TranscriptFile:
    """Writes the offer as JSON into the call's folder."""

    async def offer(self, offer: AgentOffer, folder: Path) -> None:
        """See :meth:`AgentHook.offer`."""
        text = json.dumps(asdict(offer), ensure_ascii=False, indent=2)
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, lambda: (folder / FILE_NAME).write_text(text + "\n", encoding="utf-8"))
