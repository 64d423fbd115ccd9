"""A chat model that says what it was told to say: deterministic, at once, without a model.

Which reply comes is a function of the messages alone, so that one engine can serve many calls at the same time.
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import AsyncGenerator, Mapping, Sequence

from services.errors import BadInput, Unavailable
from services.info import EngineInfo
from services.llm.base import Message

REMEMBERED_REQUESTS = 1_000


class ScriptedChat:
    """A ``ChatModel``. Keeps the messages of its last 1,000 requests in ``requests``, for whoever tests a dialogue."""

    def __init__(self, replies: Sequence[str] | Mapping[str, str], *, word_delay_s: float = 0.0) -> None:
        """A sequence is read by the number of replies already in the chat; beyond its end the last one comes again.
        A mapping is searched in order for a keyword in the last thing that the user said; ``""`` matches anything.

        ``word_delay_s`` is waited before each word. Raises ``BadInput`` when there is no reply at all.
        """
        if not replies:
            raise BadInput("a scripted chat needs at least one reply")
        self._replies = replies
        self._word_delay_s = word_delay_s
        self._closed = False
        self.requests: deque[tuple[Message, ...]] = deque(maxlen=REMEMBERED_REQUESTS)

    @property
    def info(self) -> EngineInfo:
        return EngineInfo("scripted")

    async def stream(
        self, messages: Sequence[Message], *, max_tokens: int, temperature: float = 0.0, stop: Sequence[str] = ()
    ) -> AsyncGenerator[str, None]:
        """See ``ChatModel.stream``: word by word, at most ``max_tokens`` words. No keyword found → an empty reply."""
        if self._closed:
            raise Unavailable("the scripted chat is closed")
        self.requests.append(tuple(messages))
        reply = self._reply_to(messages)
        ends = [at for mark in stop if mark and (at := reply.find(mark)) >= 0]
        for word in re.findall(r"\s*\S+", reply[: min(ends, default=len(reply))])[:max_tokens]:
            await asyncio.sleep(self._word_delay_s)
            yield word

    async def load(self) -> None:
        """There is nothing to load."""

    async def aclose(self) -> None:
        self._closed = True

    def _reply_to(self, messages: Sequence[Message]) -> str:
        if isinstance(self._replies, Mapping):
            said = next((message.content for message in reversed(messages) if message.role == "user"), "").casefold()
            return next((reply for keyword, reply in self._replies.items() if keyword.casefold() in said), "")
        turn = sum(message.role == "assistant" for message in messages)
        return self._replies[min(turn, len(self._replies) - 1)]
