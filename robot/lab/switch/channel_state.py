"""One channel as events show it: its states, its times, its variables, and the headers made of them.

FreeSWITCH sends two sizes: every channel event has the profile headers; the ones about what happens to the call carry
all variables as ``variable_NAME`` as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from robot.lab.switch.causes import NORMAL_Q850, SipRefusal, q850
from robot.lab.switch.core import stamp

ANONYMOUS = "0000000000"
_PROFILE_SOURCE = "src/switch_ivr_originate.c"
_SECOND_US = 1_000_000
_BRIEF = frozenset({"CHANNEL_OUTGOING", "CHANNEL_STATE", "CHANNEL_CALLSTATE", "DTMF"})


class RunState(Enum):
    """``Channel-State`` and the number that normally goes with it."""

    NONE = ("CS_NONE", 1)
    INIT = ("CS_INIT", 2)
    ROUTING = ("CS_ROUTING", 2)
    SOFT_EXECUTE = ("CS_SOFT_EXECUTE", 3)
    EXECUTE = ("CS_EXECUTE", 4)
    EXCHANGE_MEDIA = ("CS_EXCHANGE_MEDIA", 5)
    CONSUME_MEDIA = ("CS_CONSUME_MEDIA", 7)
    HIBERNATE = ("CS_HIBERNATE", 8)
    RESET = ("CS_RESET", 9)
    HANGUP = ("CS_HANGUP", 10)
    REPORTING = ("CS_REPORTING", 11)
    DESTROY = ("CS_DESTROY", 12)


class CallState(Enum):
    """``Channel-Call-State`` and its number."""

    DOWN = 0
    RINGING = 2
    EARLY = 3
    ACTIVE = 4
    HANGUP = 7


class AnswerState(Enum):
    """``Answer-State``."""

    RINGING = "ringing"
    EARLY = "early"
    ANSWERED = "answered"
    HANGUP = "hangup"


@dataclass(slots=True)
class Times:
    """When things happened to the channel: microseconds since 1970, 0 for not yet."""

    created: int
    answered: int = 0
    progress: int = 0
    progress_media: int = 0
    hangup: int = 0


@dataclass(slots=True)
class ChannelState:
    """Everything about a channel that its events tell."""

    uuid: str
    name: str
    destination: str
    times: Times
    variables: dict[str, str]
    caller_number: str = ANONYMOUS
    caller_name: str = ""
    direction: str = "outbound"
    """or inbound"""
    run_state: RunState = RunState.NONE
    state_number: int = RunState.NONE.value[1]
    call_state: CallState = CallState.DOWN
    answer_state: AnswerState = AnswerState.RINGING
    in_dialplan: bool = False
    has_media: bool = False
    has_network: bool = False
    cause: str = ""
    application: str = ""
    application_data: str = ""
    digits: str = ""

    def enter(self, state: RunState) -> None:
        """Changes the running state."""
        self.run_state, self.state_number = state, state.value[1]

    def flip_caller(self) -> None:
        """An originated leg that enters the dialplan becomes the caller: its number is then the callee's."""
        self.in_dialplan = True
        if self.direction == "outbound":
            self.variables["pre_transfer_caller_id_number"] = self.caller_number
            self.variables["channel_cid_flipped"] = "yes"

    def set_media(self) -> None:
        """Media is negotiated: A-law at 8 kHz, 20 ms packets, digits by RFC 2833."""
        self.has_media = True
        for side in ("read", "write"):
            self.variables[f"{side}_codec"], self.variables[f"{side}_rate"] = "PCMA", "8000"
        self.variables |= {
            "rtp_use_codec_name": "PCMA",
            "rtp_use_codec_rate": "8000",
            "rtp_use_codec_ptime": "20",
            "dtmf_type": "rfc2833",
        }

    def set_refusal(self, refusal: SipRefusal) -> None:
        """The callee's side refused the call with a SIP final response."""
        self.variables |= {
            "sip_hangup_disposition": "recv_refuse",
            "sip_invite_failure_status": str(refusal.status),
            "sip_invite_failure_phrase": refusal.phrase,
            "sip_term_status": str(refusal.status),
            "proto_specific_hangup_cause": f"sip:{refusal.status}",
            "sip_term_cause": str(q850(refusal.cause)),
        }

    def set_cancelled(self) -> None:
        """We gave up before an answer."""
        self.variables |= {
            "sip_hangup_disposition": "send_cancel",
            "sip_invite_failure_status": "487",
            "sip_invite_failure_phrase": "CANCEL",
        }

    def set_bye_received(self) -> None:
        """The callee hung up."""
        self.variables |= {
            "sip_term_status": "200",
            "proto_specific_hangup_cause": "sip:200",
            "sip_term_cause": str(NORMAL_Q850),
        }

    def headers(self, event: str) -> dict[str, str]:
        """The channel's headers for an event called ``event``, in FreeSWITCH's order."""
        result = self._state_headers() | self._caller_headers() | self._time_headers()
        if event not in _BRIEF:
            result |= {f"variable_{name}": value for name, value in self.variables.items()}
        return result

    def _state_headers(self) -> dict[str, str]:
        result = {
            "Channel-State": self.run_state.value[0],
            "Channel-Call-State": self.call_state.name,
            "Channel-State-Number": str(self.state_number),
            "Channel-Name": self.name,
            "Unique-ID": self.uuid,
            "Call-Direction": self.direction,
            "Presence-Call-Direction": self.direction,
            "Channel-HIT-Dialplan": str(self.in_dialplan).lower(),
            "Channel-Call-UUID": self.uuid,
            "Answer-State": self.answer_state.value,
        }
        if self.cause:
            result["Hangup-Cause"] = self.cause
        if self.has_media:
            for side in ("Read", "Write"):
                result[f"Channel-{side}-Codec-Name"] = "PCMA"
                result[f"Channel-{side}-Codec-Rate"] = "8000"
                result[f"Channel-{side}-Codec-Bit-Rate"] = "64000"
        return result

    def _caller_headers(self) -> dict[str, str]:
        caller = (self.caller_name, self.caller_number)
        callee = ("Outbound Call", self.destination) if self.direction == "outbound" else ("", "")
        first, second = (callee, caller) if self.in_dialplan and callee[1] else (caller, callee)
        named = {
            "Caller-Direction": self.direction,
            "Caller-Logical-Direction": self.direction,
            "Caller-Caller-ID-Name": first[0],
            "Caller-Caller-ID-Number": first[1],
            "Caller-Orig-Caller-ID-Name": self.caller_name,
            "Caller-Orig-Caller-ID-Number": self.caller_number,
            "Caller-Callee-ID-Name": second[0],
            "Caller-Callee-ID-Number": second[1],
            "Caller-Network-Addr": "127.0.0.1" if self.has_network else "",
            "Caller-ANI": self.caller_number,
            "Caller-Destination-Number": self.destination,
            "Caller-Unique-ID": self.uuid,
            "Caller-Source": _PROFILE_SOURCE,
            "Caller-Context": "default",
            "Caller-Channel-Name": self.name,
            "Caller-Profile-Index": "1",
        }
        return {name: value for name, value in named.items() if value}

    def _time_headers(self) -> dict[str, str]:
        times = self.times
        moments = {
            "Profile-Created": times.created,
            "Channel-Created": times.created,
            "Channel-Answered": times.answered,
            "Channel-Progress": times.progress,
            "Channel-Progress-Media": times.progress_media,
            "Channel-Hangup": times.hangup,
            "Channel-Transfer": 0,
            "Channel-Resurrect": 0,
            "Channel-Bridged": 0,
        }
        return {
            **{f"Caller-{name}-Time": str(moment) for name, moment in moments.items()},
            "Caller-Channel-Last-Hold": "0",
            "Caller-Channel-Hold-Accum": "0",
            "Caller-Screen-Bit": "true",
            "Caller-Privacy-Hide-Name": "false",
            "Caller-Privacy-Hide-Number": "false",
        }


def settle(state: ChannelState, *, frames_in: int, frames_out: int) -> None:
    """Adds the variables of the finished call: cause, dates, durations, packets."""
    variables = state.variables
    variables |= {
        "hangup_cause": state.cause,
        "hangup_cause_q850": str(q850(state.cause)),
        "digits_dialed": state.digits or "none",
    }
    variables |= _dates(state.times)
    if state.application:
        variables["last_app"] = state.application
        if state.application_data:
            variables["last_arg"] = state.application_data
    number = state.destination if state.in_dialplan else state.caller_number
    name = "Outbound Call" if state.in_dialplan else state.caller_name
    variables["caller_id"] = f'"{name}" <{number}>' if name else number
    variables |= _durations(state.times)
    if frames_in:
        variables |= {
            "rtp_audio_in_packet_count": str(frames_in),
            "rtp_audio_in_media_packet_count": str(frames_in),
            "rtp_audio_in_skip_packet_count": "0",
            "rtp_audio_in_quality_percentage": "100.00",
            "rtp_audio_in_mos": "4.50",
            "rtp_audio_out_packet_count": str(frames_out),
            "rtp_audio_out_media_packet_count": str(frames_out),
        }


def _dates(times: Times) -> dict[str, str]:
    """``answer_stamp`` (for what happened), ``answer_epoch`` and ``answer_uepoch`` (0 for what did not), and so on."""
    moments = {
        "start": times.created,
        "profile_start": times.created,
        "answer": times.answered,
        "bridge": 0,
        "progress": times.progress,
        "progress_media": times.progress_media,
        "end": times.hangup,
    }
    dates = {f"{name}_stamp": stamp(moment) for name, moment in moments.items() if moment}
    for name, moment in moments.items():
        dates[f"{name}_epoch"], dates[f"{name}_uepoch"] = str(moment // _SECOND_US), str(moment)
    return dates


def _durations(times: Times) -> dict[str, str]:
    """The whole call, the talk, and the wait for the answer. Seconds are differences of whole seconds of the clock."""
    answered_us = times.answered or times.hangup
    waited_from_us = times.created if times.answered else times.hangup
    spans = {
        ("duration", "mduration", "uduration"): (times.created, times.hangup),
        ("billsec", "billmsec", "billusec"): (answered_us, times.hangup),
        ("answersec", "answermsec", "answerusec"): (waited_from_us, answered_us),
    }
    durations = {}
    for (seconds, milliseconds, microseconds), (begin_us, end_us) in spans.items():
        durations[seconds] = str(end_us // _SECOND_US - begin_us // _SECOND_US)
        durations[milliseconds] = str((end_us - begin_us) // 1000)
        durations[microseconds] = str(end_us - begin_us)
    return durations
