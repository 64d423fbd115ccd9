"""What became of a call that no dialogue could give a name to: hangup cause → disposition, as a table.

A few words for many causes, because whoever reads a thousand records asks other questions than a switch does: shall the
number be called again (busy, no_answer, congestion, unreachable), never again (unallocated, number_changed), or is it
our own doing (blocked, misrouted, time_limit)? The cause itself stays in the record.
Names of the causes: FreeSWITCH 1.10, ``switch_types.h``, of which the first 127 are ITU-T Q.850.
"""

from __future__ import annotations

from collections.abc import Mapping

BUSY = "busy"
NO_ANSWER = "no_answer"
REJECTED = "rejected"
UNALLOCATED = "unallocated"
NUMBER_CHANGED = "number_changed"
INVALID_NUMBER = "invalid_number"
UNREACHABLE = "unreachable"
CONGESTION = "congestion"
BLOCKED = "blocked"
INCOMPATIBLE = "incompatible"
MISROUTED = "misrouted"
CANCELLED = "cancelled"
HUNG_UP = "hung_up"
TIME_LIMIT = "time_limit"
MEDIA_LOST = "media_lost"
TRANSFERRED = "transferred"
SWITCH_DOWN = "switch_down"
FAILED = "failed"

MEANINGS: Mapping[str, str] = {
    BUSY: "the line is engaged",
    NO_ANSWER: "it rang, and nobody answered in time",
    REJECTED: "the callee, or something on their behalf, refused the call",
    UNALLOCATED: "nobody has this number",
    NUMBER_CHANGED: "the number was replaced by another",
    INVALID_NUMBER: "the network cannot read the number",
    UNREACHABLE: "a telephone that is switched off, not registered, or out of order",
    CONGESTION: "no line free, or the network failed for the moment",
    BLOCKED: "the switch or the carrier does not let us call",
    INCOMPATIBLE: "no codec in common",
    MISROUTED: "the dial string names a profile, an endpoint or a route that does not exist",
    CANCELLED: "given up before an answer",
    HUNG_UP: "answered, and hung up before the outcome was known",
    TIME_LIMIT: "the longest time allowed was over",
    MEDIA_LOST: "no more audio came",
    TRANSFERRED: "handed over to somebody else",
    SWITCH_DOWN: "the switch was shut down, or vanished",
    FAILED: "anything else",
}

_CAUSES: Mapping[str, tuple[str, ...]] = {
    BUSY: ("USER_BUSY",),
    NO_ANSWER: ("NO_ANSWER", "PROGRESS_TIMEOUT", "ALLOTTED_TIMEOUT"),
    REJECTED: ("CALL_REJECTED", "DECLINE", "REJECT_ALL", "USER_CHALLENGE"),
    UNALLOCATED: ("UNALLOCATED_NUMBER",),
    NUMBER_CHANGED: ("NUMBER_CHANGED", "REDIRECTION_TO_NEW_DESTINATION"),
    INVALID_NUMBER: ("INVALID_NUMBER_FORMAT", "INVALID_URL"),
    UNREACHABLE: (
        "NO_USER_RESPONSE",
        "SUBSCRIBER_ABSENT",
        "USER_NOT_REGISTERED",
        "RECOVERY_ON_TIMER_EXPIRE",
        "GATEWAY_DOWN",
    ),
    CONGESTION: (
        "NORMAL_CIRCUIT_CONGESTION",
        "NORMAL_TEMPORARY_FAILURE",
        "NORMAL_UNSPECIFIED",
        "NETWORK_OUT_OF_ORDER",
        "SWITCH_CONGESTION",
        "REQUESTED_CHAN_UNAVAIL",
        "SERVICE_UNAVAILABLE",
        "DESTINATION_OUT_OF_ORDER",
        "BUSY_EVERYWHERE",
    ),
    BLOCKED: (
        "OUTGOING_CALL_BARRED",
        "INCOMING_CALL_BARRED",
        "BEARERCAPABILITY_NOTAUTH",
        "FACILITY_REJECTED",
        "FACILITY_NOT_SUBSCRIBED",
        "SERVICE_NOT_IMPLEMENTED",
        "FACILITY_NOT_IMPLEMENTED",
    ),
    INCOMPATIBLE: ("INCOMPATIBLE_DESTINATION", "BEARERCAPABILITY_NOTAVAIL", "BEARERCAPABILITY_NOTIMPL"),
    MISROUTED: (
        "NO_ROUTE_DESTINATION",
        "NO_ROUTE_TRANSIT_NET",
        "EXCHANGE_ROUTING_ERROR",
        "INVALID_PROFILE",
        "INVALID_GATEWAY",
        "CHAN_NOT_IMPLEMENTED",
        "CHANNEL_UNACCEPTABLE",
    ),
    CANCELLED: ("NORMAL_CLEARING", "ORIGINATOR_CANCEL", "LOSE_RACE", "PICKED_OFF", "MANAGER_REQUEST"),
    MEDIA_LOST: ("MEDIA_TIMEOUT",),
    TRANSFERRED: ("BLIND_TRANSFER", "ATTENDED_TRANSFER"),
    SWITCH_DOWN: ("SYSTEM_SHUTDOWN", "SWITCH_LOST", "CRASH"),
}
_BEFORE_ANSWER = {cause: disposition for disposition, causes in _CAUSES.items() for cause in causes}
_AFTER_ANSWER = {
    **dict.fromkeys(_CAUSES[CANCELLED], HUNG_UP),
    "USER_BUSY": HUNG_UP,
    "CALL_REJECTED": HUNG_UP,
    "ALLOTTED_TIMEOUT": TIME_LIMIT,
}
"""causes that mean something else once somebody has answered: a telephone may end a talk with any of them"""


def disposition_of(cause: str, *, answered: bool) -> str:
    """The disposition of a call that ended with ``cause`` (FreeSWITCH's name); one that is not listed is ``failed``."""
    if answered and cause in _AFTER_ANSWER:
        return _AFTER_ANSWER[cause]
    return _BEFORE_ANSWER.get(cause, FAILED)
