"""One ``chat.completion.chunk``: the JSON that OpenAI's servers, and all that imitate them, stream a reply in.

Servers differ in what they leave out: the content is null or absent (a role, a thought), the list of choices is empty
(a count of tokens), the finish reason comes alone. All of that is an empty delta; what is not this shape at all is a
``BadReply``.
"""

from __future__ import annotations

from dataclasses import dataclass

from services.errors import BadInput, BadReply, Overloaded, ServiceError, Unavailable

_EXCERPT_CHARS = 200


@dataclass(frozen=True, slots=True)
class ChatDelta:
    """What one chunk adds to the reply."""

    text: str = ""
    finish_reason: str = ""
    """"stop", "length", … in the last chunk of a reply; else empty"""


def read_delta(chunk: object) -> ChatDelta:
    """A decoded chunk → what it adds. Raises ``BadReply`` for another shape, :func:`refusal` for an error in the
    stream.
    """
    if not isinstance(chunk, dict):
        raise BadReply(f"the chat model sent {excerpt(chunk)} instead of a chunk of a reply")
    if chunk.get("error"):
        raise refusal(0, chunk["error"])
    choices = chunk.get("choices") or [{}]
    choice = choices[0] if isinstance(choices, list) else None
    delta = (choice.get("delta") or {}) if isinstance(choice, dict) else None
    content = (delta.get("content") or "") if isinstance(delta, dict) else None
    if not isinstance(choice, dict) or not isinstance(content, str):
        raise BadReply(f"the chat model sent a chunk without text or choices: {excerpt(chunk)}")
    return ChatDelta(content, str(choice.get("finish_reason") or ""))


def refusal(status: int, error: object) -> ServiceError:
    """The error for an HTTP status and the server's own ``error`` (an object, or a text); status 0 takes its code."""
    fields = error if isinstance(error, dict) else {}
    code = status or fields.get("code")  # in a stream, llama-server's own
    reason = excerpt(fields.get("message") or error)
    match code:
        case 400 | 413 | 422:
            return BadInput(f"the chat model cannot take this request ({code}): {reason}")
        case 401 | 403:
            return Unavailable(f"the chat server refuses the key ({code}): {reason}; check ALLOBOT_LLM_API_KEY")
        case 404:
            return Unavailable(f"the chat server has no such model or address (404): {reason}")
        case 429:
            return Overloaded(f"the chat server takes no more requests now (429): {reason}")
        case _:
            return Unavailable(f"the chat server failed ({code or 'no code'}): {reason}")


def excerpt(value: object) -> str:
    """The beginning of whatever a server sent, on one line, for an error message."""
    text = " ".join(str(value).split())
    return text if len(text) <= _EXCERPT_CHARS else f"{text[:_EXCERPT_CHARS]}…"
