"""The contract of a speech synthesiser."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from typing import Protocol

from services.audio import AudioChunk
from services.info import EngineInfo


class Synthesizer(Protocol):
    """Text to speech. One per process, shared by all calls."""

    @property
    def info(self) -> EngineInfo: ...

    @property
    def rate_hz(self) -> int:
        """of every chunk it makes"""
        ...

    def stream(
        self, texts: AsyncIterator[str], *, language: str, voice: str = "", speed: float = 1.0
    ) -> AsyncGenerator[AudioChunk, None]:
        """Clauses in, audio out, in the same order; one chunk or more per clause, each carrying its own text.

        ``voice`` empty takes the engine's voice for ``language`` ("fr", "en"). The first chunk comes before the second
        text is asked for. Cancelling (``aclose()``) stops between two chunks. An empty text gives no chunk.
        Raises ``BadInput`` (unknown voice or language), ``Unavailable``, ``Overloaded``.
        """
        ...

    async def load(self) -> None:
        """Loads the model now instead of at the first use. Idempotent. Raises ``Unavailable``."""
        ...

    async def aclose(self) -> None:
        """Frees the model and its threads. Idempotent."""
        ...
