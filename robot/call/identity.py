"""The part of a call's record that is known before it begins."""

from __future__ import annotations

from typing import Any

from robot.call.entries import SwitchEntry
from robot.call.tools import CallOrder, CallTools


def identity_of(tools: CallTools, order: CallOrder) -> dict[str, Any]:
    """Fields of :class:`robot.call.record.CallRecord`: which call, whom, about what, by what."""
    return {
        "call_id": order.uuid,
        "direction": "outbound" if order.incoming is None else "inbound",
        "target": order.target,
        "scenario": order.scenario.name,
        "language": order.scenario.language,
        "lead": dict(order.lead),
        "switch": SwitchEntry(kind=tools.switch_kind, version=tools.switch_version),
        "line": order.line,
        "engines": dict(tools.engines),
    }
