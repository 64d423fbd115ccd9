"""Hangup causes as FreeSWITCH 1.10 reports them: Q.850 numbers, and what a SIP final response turns into.

Tables rather than rules, because the real mapping is one: it was measured response by response.
"""

from __future__ import annotations

from dataclasses import dataclass

from robot.lab.switch.core import number

NORMAL_Q850 = 16

_Q850 = {
    "UNALLOCATED_NUMBER": 1,
    "NO_ROUTE_TRANSIT_NET": 2,
    "NO_ROUTE_DESTINATION": 3,
    "CHANNEL_UNACCEPTABLE": 6,
    "NORMAL_CLEARING": 16,
    "USER_BUSY": 17,
    "NO_USER_RESPONSE": 18,
    "NO_ANSWER": 19,
    "SUBSCRIBER_ABSENT": 20,
    "CALL_REJECTED": 21,
    "NUMBER_CHANGED": 22,
    "REDIRECTION_TO_NEW_DESTINATION": 23,
    "EXCHANGE_ROUTING_ERROR": 25,
    "DESTINATION_OUT_OF_ORDER": 27,
    "INVALID_NUMBER_FORMAT": 28,
    "FACILITY_REJECTED": 29,
    "NORMAL_UNSPECIFIED": 31,
    "NORMAL_CIRCUIT_CONGESTION": 34,
    "NETWORK_OUT_OF_ORDER": 38,
    "NORMAL_TEMPORARY_FAILURE": 41,
    "SWITCH_CONGESTION": 42,
    "REQUESTED_CHAN_UNAVAIL": 44,
    "BEARERCAPABILITY_NOTAUTH": 57,
    "BEARERCAPABILITY_NOTAVAIL": 58,
    "SERVICE_UNAVAILABLE": 63,
    "CHAN_NOT_IMPLEMENTED": 66,
    "FACILITY_NOT_IMPLEMENTED": 69,
    "SERVICE_NOT_IMPLEMENTED": 79,
    "INCOMPATIBLE_DESTINATION": 88,
    "RECOVERY_ON_TIMER_EXPIRE": 102,
    "MANDATORY_IE_LENGTH_ERROR": 103,
    "PROTOCOL_ERROR": 111,
    "INTERWORKING": 127,
}
_BEYOND_Q850 = (
    "ALLOTTED_TIMEOUT",
    "ATTENDED_TRANSFER",
    "BLIND_TRANSFER",
    "CRASH",
    "GATEWAY_DOWN",
    "INVALID_GATEWAY",
    "INVALID_PROFILE",
    "INVALID_URL",
    "LOSE_RACE",
    "MANAGER_REQUEST",
    "MEDIA_TIMEOUT",
    "ORIGINATOR_CANCEL",
    "PICKED_OFF",
    "PROGRESS_TIMEOUT",
    "SYSTEM_SHUTDOWN",
    "USER_CHALLENGE",
    "USER_NOT_REGISTERED",
)
_BY_NUMBER = {code: name for name, code in _Q850.items()}


def q850(cause: str) -> int:
    """The Q.850 number in ``variable_hangup_cause_q850``; FreeSWITCH's own causes, which have none, count as 16."""
    return _Q850.get(cause, NORMAL_Q850)


def cause_named(text: str, default: str = "NORMAL_CLEARING") -> str:
    """The cause that an ESL client means: a name in any case or a Q.850 number, ``UNKNOWN`` for one that is none.

    Anything else is ``default``.
    """
    name = text.strip().upper()
    if (numeric := number(name)) is not None:
        return _BY_NUMBER.get(numeric, "UNKNOWN")
    return name if name in _Q850 or name in _BEYOND_Q850 else default


@dataclass(frozen=True, slots=True)
class SipRefusal:
    """A SIP final response of 400 or more, and the hangup cause it becomes."""

    status: int
    phrase: str
    cause: str


_REFUSALS = {
    refusal.status: refusal
    for refusal in (
        SipRefusal(403, "Forbidden", "CALL_REJECTED"),
        SipRefusal(404, "Not Found", "UNALLOCATED_NUMBER"),
        SipRefusal(408, "Request Timeout", "RECOVERY_ON_TIMER_EXPIRE"),
        SipRefusal(410, "Gone", "NUMBER_CHANGED"),
        SipRefusal(480, "Temporarily Unavailable", "NO_USER_RESPONSE"),
        SipRefusal(486, "Busy Here", "USER_BUSY"),
        SipRefusal(488, "Not Acceptable Here", "INCOMPATIBLE_DESTINATION"),
        SipRefusal(500, "Server Error", "NORMAL_TEMPORARY_FAILURE"),
        SipRefusal(503, "Service Unavailable", "NORMAL_TEMPORARY_FAILURE"),
        SipRefusal(600, "Busy Everywhere", "USER_BUSY"),
        SipRefusal(603, "Decline", "CALL_REJECTED"),
    )
}


def sip_refusal(status: int) -> SipRefusal:
    """What the switch reports for SIP ``status`` (400–699); one that is not in the table counts as 503."""
    return _REFUSALS.get(status, _REFUSALS[503])
