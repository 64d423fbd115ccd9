"""The contract of a chat model."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from services.info import EngineInfo


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a chat."""

    role: Literal["system", "user", "assistant"]
    content: str


class ChatModel(Protocol):
    """Messages in, text out piece by piece. One per process, shared by all calls."""

    @property
    def info(self) -> EngineInfo: ...

    def stream(
        self, messages: Sequence[Message], *, max_tokens: int, temperature: float = 0.0, stop: Sequence[str] = ()
    ) -> AsyncGenerator[str, None]:
        """Yields the reply's text as it is made, never an empty piece. Cancelling (``aclose()``) stops it within one
        token.

        Raises ``Unavailable`` (model or server not there), ``Timeout``, ``Overloaded``, ``BadReply``.
        """
        ...

    async def load(self) -> None:
        """Loads the model now instead of at the first use. Idempotent. Raises ``Unavailable``."""
        ...

    async def aclose(self) -> None:
        """Frees the model, its threads and connections. Idempotent."""
        ...
