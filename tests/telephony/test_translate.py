"""What each event of the switch means to a call."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robot.events import (
    Answered,
    CallEvent,
    Dtmf,
    HungUp,
    Parked,
    PlaybackFailed,
    PlaybackStarted,
    PlaybackStopped,
    Progress,
    RecordingStarted,
    RecordingStopped,
    StreamConnected,
    StreamLost,
    StreamPlay,
)
from robot.protocol.esl import Event
from robot.telephony.translate import EVENT_NAMES, TAG_VARIABLE, translate

AT = 1_795_148_415_820_627
LOST = '{"status":"disconnected","message":{"code":1006,"reason":"gone"}}'
ERROR = '{"status":"error","message":{"code":6,"error":"connect timeout"}}'


def event(name: str, body: str = "", **headers: str) -> Event:
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    return Event({"Event-Name": name, "Event-Date-Timestamp": str(AT), **named}, body)


def variables(found: Event, **values: str) -> Event:
    return Event({**found.headers, **{f"variable_{name}": value for name, value in values.items()}}, found.body)


def tagged(name: str, **headers: str) -> Event:
    found = event(name, **headers)
    return Event({**found.headers, TAG_VARIABLE: "c1"}, found.body)


def stream(kind: str, body: str = "") -> Event:
    return event("CUSTOM", body, Event_Subclass=f"mod_audio_stream::{kind}")


def complete(response: str, uuid: str = "c1", application: str = "playback") -> Event:
    return event(
        "CHANNEL_EXECUTE_COMPLETE", Application=application, Application_Response=response, Application_UUID=uuid
    )


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (event("CHANNEL_PROGRESS"), Progress(AT, early_media=False)),
        (event("CHANNEL_PROGRESS_MEDIA"), Progress(AT, early_media=True)),
        (event("CHANNEL_ANSWER"), Answered(AT)),
        (event("CHANNEL_PARK"), Parked(AT)),
        (tagged("PLAYBACK_START"), PlaybackStarted(AT, "c1")),
        (variables(tagged("PLAYBACK_STOP", Playback_Status="done"), playback_ms="400", playback_last_offset_pos="3200"),
         PlaybackStopped(AT, "c1", 400, interrupted=False)),
        (variables(tagged("PLAYBACK_STOP", Playback_Status="break"), playback_ms="400", playback_last_offset_pos="960"),
         PlaybackStopped(AT, "c1", 120, interrupted=True)),
        (event("PLAYBACK_START"), None),
        (event("PLAYBACK_STOP", Playback_Status="done"), None),
        (complete("FILE NOT FOUND"), PlaybackFailed(AT, "c1", "FILE NOT FOUND")),
        (complete("PLAYBACK ERROR"), PlaybackFailed(AT, "c1", "PLAYBACK ERROR")),
        (complete("FILE PLAYED"), None),
        (complete("_none_"), None),
        (complete("FILE NOT FOUND", uuid=""), None),
        (complete("FILE NOT FOUND", application="park"), None),
        (event("RECORD_START", Record_File_Path="/r.wav"), RecordingStarted(AT, "/r.wav")),
        (event("RECORD_STOP", Record_File_Path="/r.wav"), RecordingStopped(AT, "/r.wav")),
        (event("DTMF", DTMF_Digit="#", DTMF_Duration="2000"), Dtmf(AT, "#", 250)),
        (event("DTMF", DTMF_Digit="5", DTMF_Duration="?"), Dtmf(AT, "5", 0)),
        (event("DTMF", DTMF_Digit="F"), None),
        (event("DTMF"), None),
        (stream("connect"), StreamConnected(AT)),
        (stream("disconnect", LOST), StreamLost(AT, 1006, "disconnect: gone")),
        (stream("error", ERROR), StreamLost(AT, 6, "error: connect timeout")),
        (stream("error", "not JSON"), StreamLost(AT, 0, "error: not JSON")),
        (stream("error", '{"message": []}'), StreamLost(AT, 0, 'error: {"message": []}')),
        (stream("json", "{}"), None),
        (event("CUSTOM", Event_Subclass="other::thing"), None),
        (event("HEARTBEAT"), None),
        (event("CHANNEL_CREATE"), None),
    ],
)  # fmt: skip
def test_events(found: Event, expected: CallEvent | None) -> None:
    assert translate(found) == expected


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (
            variables(
                event("CHANNEL_HANGUP_COMPLETE", Hangup_Cause="USER_BUSY"),
                hangup_cause_q850="17",
                proto_specific_hangup_cause="sip:486",
            ),
            HungUp(AT, "USER_BUSY", 17, "sip:486"),
        ),
        (variables(event("CHANNEL_HANGUP_COMPLETE"), hangup_cause="NO_ANSWER"), HungUp(AT, "NO_ANSWER")),
        (event("CHANNEL_HANGUP_COMPLETE"), HungUp(AT, "NORMAL_CLEARING")),
    ],
)
def test_hangups(found: Event, expected: HungUp) -> None:
    assert translate(found) == expected


def test_a_channel_that_never_became_a_call_does_not_say_how_it_ended() -> None:
    assert translate(event("CHANNEL_DESTROY")) is None
    assert translate(event("CHANNEL_DESTROY", Hangup_Cause="USER_BUSY")) == HungUp(AT, "USER_BUSY")


def test_a_nested_bomb_is_not_read() -> None:
    assert isinstance(translate(stream("error", "[" * 100_000)), StreamLost)


TEXT = st.text(max_size=30)
HEADER = st.sampled_from(
    ["Event-Date-Timestamp", "Playback-Status", TAG_VARIABLE, "variable_playback_last_offset_pos", "DTMF-Digit",
     "DTMF-Duration", "Hangup-Cause", "variable_hangup_cause_q850", "Application", "Application-Response",
     "Event-Subclass"]
)  # fmt: skip


@given(st.sampled_from([*EVENT_NAMES, "CUSTOM"]), st.dictionaries(HEADER, TEXT), TEXT)
def test_nothing_in_an_event_is_an_error(name: str, headers: dict[str, str], body: str) -> None:
    translate(Event({"Event-Name": name, **headers}, body))
    translate(Event({"Event-Name": "CUSTOM", "Event-Subclass": "mod_audio_stream::error"}, body))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('{"audioDataType":"raw","sampleRate":8000,"file":"/tmp/u_3.tmp.r8"}', StreamPlay(AT, "/tmp/u_3.tmp.r8")),
        ('{"file":3}', None),
        ("[]", None),
        ("{", None),
        ("", None),
    ],
)
def test_a_stored_sound_names_its_file(body: str, expected: CallEvent | None) -> None:
    assert translate(event("CUSTOM", body, Event_Subclass="mod_audio_stream::play")) == expected
