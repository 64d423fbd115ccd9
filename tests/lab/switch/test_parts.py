"""The switch's small parts, each alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from switch_peer import tone

from robot.lab.plan import Outcome
from robot.lab.switch.api_system import uptime
from robot.lab.switch.causes import cause_named, q850, sip_refusal
from robot.lab.switch.leg import Application
from robot.lab.switch.originate import parse_originate
from robot.lab.switch.ringing import RingStep, ring_steps, ringback, timeout_s
from robot.lab.switch.sounds import read_sound
from robot.lab.switch.subscription import MAX_NAMES, Subscription
from robot.protocol.esl import Event
from services.audio import write_wav
from services.errors import BadInput


@pytest.mark.parametrize(
    ("text", "cause"),
    [("", "NORMAL_CLEARING"), ("user_busy", "USER_BUSY"), ("17", "USER_BUSY"), ("NONSENSE", "NORMAL_CLEARING")],
)
def test_causes_by_name_or_number(text: str, cause: str) -> None:
    assert cause_named(text) == cause


def test_q850_of_what_has_none_is_16_and_unknown_refusals_are_503() -> None:
    assert (q850("NO_ANSWER"), q850("MEDIA_TIMEOUT"), q850("ORIGINATOR_CANCEL")) == (19, 16, 16)
    assert sip_refusal(600).cause == "USER_BUSY"
    assert sip_refusal(599).cause == "NORMAL_TEMPORARY_FAILURE"


@pytest.mark.parametrize(
    ("outcome", "steps"),
    [
        (Outcome(after_ms=800), [(0, "PROGRESS"), (0.8, "ANSWER"), (5, "GIVE_UP")]),
        (Outcome(after_ms=9000), [(0, "PROGRESS"), (5, "GIVE_UP"), (9, "ANSWER")]),
        (Outcome(kind="busy", after_ms=0), [(0, "REFUSE"), (5, "GIVE_UP")]),
        (Outcome(kind="no_answer"), [(0, "PROGRESS"), (5, "GIVE_UP")]),
        (Outcome(after_ms=800, early_media_ms=800), [(0, "EARLY_MEDIA"), (0.8, "ANSWER"), (5, "GIVE_UP")]),
        (
            Outcome(kind="busy", after_ms=1000, early_media_ms=500),
            [(0, "PROGRESS"), (0.5, "EARLY_MEDIA"), (1, "REFUSE"), (5, "GIVE_UP")],
        ),
    ],
)
def test_steps_of_ringing(outcome: Outcome, steps: list[tuple[float, str]]) -> None:
    assert [(due.after_s, due.step) for due in ring_steps(outcome, 5)] == [(at, RingStep[name]) for at, name in steps]


def test_the_timeout_counts_whole_seconds_of_the_clock() -> None:
    assert timeout_s(3, 1_000_000_000) == 3
    assert timeout_s(3, 1_000_480_000) == pytest.approx(2.52)


def test_ringback_has_its_countrys_rhythm() -> None:
    for language, on_s, period_s in (("fr", 1.5, 5.0), ("en", 2.0, 6.0)):
        level = [bool(ringback(language, tick).any()) for tick in range(round(2 * period_s * 50))]
        assert sum(level) == round(2 * on_s * 50)
        assert (level[0], level[round(on_s * 50)], level[round(period_s * 50)]) == (True, False, True)


@pytest.mark.parametrize(
    ("text", "dial_string", "application"),
    [
        ("lab/busy &park()", "lab/busy", Application("park")),
        ("{a=b}lab/x &park", "lab/x", Application("park")),
        ("lab/x '&playback(/tmp/a b.wav)'", "lab/x", Application("playback", "/tmp/a b.wav")),
        ("lab/x 1000 XML default", "lab/x", Application("transfer", "1000")),
    ],
)
def test_originate(text: str, dial_string: str, application: Application) -> None:
    request = parse_originate(text)
    assert request is not None
    assert (request.dial_string, request.application) == (dial_string, application)


def test_originates_positions_and_what_is_no_request() -> None:
    request = parse_originate("{good=1}lab/x &park() XML default Marie 0123 20")
    assert request is not None
    assert request.variables == {
        "good": "1",
        "origination_caller_id_name": "Marie",
        "origination_caller_id_number": "0123",
        "originate_timeout": "20",
    }
    for text in ("lab/x", "{a=b", "{no name=1}lab/x &park()", ""):
        assert parse_originate(text) is None


def test_sounds_are_brought_to_the_lines_rate(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", np.zeros(16_000, np.int16), 16_000)
    (tmp_path / "a.r16").write_bytes(np.zeros(3200, "<i2").tobytes())
    (tmp_path / "a.r24").write_bytes(np.zeros(4800, "<i2").tobytes())
    (tmp_path / "a.raw").write_bytes(tone(100).astype("<i2").tobytes() + b"x")
    lengths = {name: len(read_sound(str(tmp_path / name)).pcm) for name in ("a.wav", "a.r16", "a.r24", "a.raw")}
    assert lengths == {"a.wav": 8000, "a.r16": 1600, "a.r24": 1067, "a.raw": 800}
    tagged = read_sound(f"{{x=1,y=2}}{tmp_path}/a.raw")
    assert (tagged.tags, tagged.path) == ({"x": "1", "y": "2"}, f"{{x=1,y=2}}{tmp_path}/a.raw")
    with pytest.raises(BadInput):
        read_sound(str(tmp_path / "missing.raw"))


def event(name: str, **headers: str) -> Event:
    return Event({"Event-Name": name, **{key.replace("_", "-"): value for key, value in headers.items()}})


def test_subscriptions() -> None:
    subscription = Subscription()
    assert not subscription.add([])
    assert not subscription.add(["json"])
    assert subscription.add(["json", "channel_answer", "CUSTOM", "a::b"])
    assert (subscription.format, subscription.subclasses) == ("json", {"a::b"})
    assert subscription.wants(event("CHANNEL_ANSWER"))
    assert not subscription.wants(event("CHANNEL_PARK"))
    assert subscription.wants(event("CUSTOM", Event_Subclass="a::b"))
    assert not subscription.wants(event("CUSTOM", Event_Subclass="c::d"))
    subscription.add(["ALL"])
    assert subscription.wants(event("CUSTOM", Event_Subclass="c::d"))
    assert not subscription.add([str(number) for number in range(MAX_NAMES)])


def test_filters_are_alternatives() -> None:
    subscription = Subscription()
    subscription.add(["ALL"])
    subscription.add_filter("Unique-ID", "1")
    subscription.add_filter("Job-UUID", "j")
    assert subscription.wants(event("X", Unique_ID="1"))
    assert subscription.wants(event("X", Job_UUID="j"))
    assert not subscription.wants(event("X"))
    subscription.delete_filter("Unique-ID", "2")
    assert not subscription.wants(event("X"))
    subscription.delete_filter("Unique-ID", "")
    subscription.delete_filter("Job-UUID", "j")
    assert subscription.wants(event("X"))


def test_uptime_in_words() -> None:
    assert uptime(83_250_990) == ("0 years, 0 days, 0 hours, 1 minute, 23 seconds, 250 milliseconds, 990 microseconds")
