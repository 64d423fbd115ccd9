"""The order of a call, as the switch is asked for it."""

from __future__ import annotations

from robot.call.tools import CallLimits, CallOrder
from robot.telephony.switch import Originate

KILLED_SLACK_S = 60
"""the switch ends a call this long after we should have: when this process was killed, nobody else does"""


def request_of(order: CallOrder, limits: CallLimits) -> Originate:
    """What an order leaves open is as the limits say."""
    return Originate(
        order.uuid,
        order.dial_string,
        order.ring_timeout_s or limits.ring_timeout_s,
        order.caller_id_number or limits.caller_id_number,
        order.caller_id_name or limits.caller_id_name,
        longest_s=limits.max_duration_s + KILLED_SLACK_S,
    )
