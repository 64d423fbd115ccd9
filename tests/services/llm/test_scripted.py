"""The scripted chat: which reply comes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from services.errors import BadInput
from services.llm.base import Message
from services.llm.scripted import ScriptedChat


def ask(chat: ScriptedChat, *said: str, stop: Sequence[str] = (), max_tokens: int = 50) -> str:
    """User and assistant take turns, the user first."""
    roles = ("user", "assistant")
    messages = [Message(roles[turn % 2], text) for turn, text in enumerate(said)]  # type: ignore[arg-type]

    async def collect() -> str:
        return "".join([piece async for piece in chat.stream(messages, max_tokens=max_tokens, stop=stop)])

    return asyncio.run(collect())


def test_replies_follow_the_turns_of_the_chat_not_of_the_engine() -> None:
    chat = ScriptedChat(["One two.", "Three.", "Last."])
    assert ask(chat, "hello") == "One two."
    assert ask(chat, "hello") == "One two."
    assert ask(chat, "hello", "One two.", "and?") == "Three."
    assert ask(chat, *["hello", "x"] * 7, "and?") == "Last."


def test_keywords_are_looked_for_in_what_the_user_said_last() -> None:
    chat = ScriptedChat({"PRIX": "Vingt euros.", "heure": "À midi.", "": "Pardon ?"})
    assert ask(chat, "Quel est le prix ?") == "Vingt euros."
    assert ask(chat, "Quel est le prix ?", "Vingt euros.", "À quelle heure ?") == "À midi."
    assert ask(chat, "Euh") == "Pardon ?"
    assert ask(ScriptedChat({"prix": "Vingt euros."}), "Euh") == ""


def test_limits_are_kept() -> None:
    chat = ScriptedChat(["One two three. Four"])
    assert ask(chat, "hello", max_tokens=2) == "One two"
    assert ask(chat, "hello", stop=[".", "Four"]) == "One two three"


def test_it_remembers_what_it_was_asked() -> None:
    chat = ScriptedChat(["One."])
    ask(chat, "hello")
    assert list(chat.requests) == [(Message("user", "hello"),)]


@pytest.mark.parametrize("replies", [[], {}])
def test_no_reply_at_all_is_refused(replies: list[str]) -> None:
    with pytest.raises(BadInput, match="at least one"):
        ScriptedChat(replies)
