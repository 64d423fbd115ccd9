"""What the language model can do while it still rings: read the part of its prompt that stays."""

from __future__ import annotations

from contextlib import aclosing

from robot.scenario.dialogue import DialogueState
from robot.scenario.prompt import prompt_messages
from robot.scenario.schema import Scenario
from services.llm.base import ChatModel, Message


async def read_prompt(chat: ChatModel, scenario: Scenario, state: DialogueState) -> None:
    """Lets the model read its prompt, if the scenario needs one at all. Raises ``ServiceError``."""
    if not any(node.answer for node in scenario.nodes.values()):
        return
    prompt = [Message(role, content) for role, content in prompt_messages(scenario, state, "?")]
    async with aclosing(chat.stream(prompt, max_tokens=1)) as pieces:
        async for _ in pieces:
            pass
