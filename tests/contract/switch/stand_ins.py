"""The callees that the conformance cases call, as plans for the embedded switch and as a dialplan for a real one.

The cases in this folder run on the embedded switch always. They run on a real FreeSWITCH too, in real time, with

- ``ALLOBOT_TEST_ESL=host:port:password``: its event socket;
- ``ALLOBOT_TEST_CALLEES=sofia/external/{name}@127.0.0.1:5080`` (the default): a dial string that reaches the stand-ins
  below by name. ``python tests/contract/switch/stand_ins.py`` prints their dialplan: paste it into the context of a SIP
  profile that takes calls without authentication on the loopback, and ``reloadxml``;
- ``ALLOBOT_TEST_SHUTDOWN=1``: allows the one case that shuts the switch down; then run ``test_shutdown.py`` alone;

and ``pytest -m freeswitch tests/contract/switch``. The switch runs on this machine, may read and write pytest's
temporary folder, and serves nobody else meanwhile: one case hangs up every call.
"""

from __future__ import annotations

from dataclasses import dataclass
from xml.sax.saxutils import quoteattr

from robot.lab.plan import Plan

_LINE = {"codec": "none", "band_limit": False, "noise_dbfs": None, "playback_edge_drop_ms": 0}
_SLEEP = "sleep"
_RING = ("ring_ready", "")
_ANSWER = ("answer", "")
_STAY = ("park", "")


@dataclass(frozen=True, slots=True)
class StandIn:
    """One callee: what the embedded switch plays, and what a real one's dialplan does instead."""

    plan: Plan
    actions: tuple[tuple[str, str], ...]
    """(application, argument), in order"""


def _stand_in(name: str, outcome: dict[str, object], steps: list[object], *actions: tuple[str, str]) -> StandIn:
    plan = {"name": name, "line": _LINE, "outcome": outcome, "steps": steps}
    return StandIn(Plan.model_validate(plan), actions)


def _refusal(name: str, status: str) -> StandIn:
    return _stand_in(name, {"kind": name, "after_ms": 0}, [], ("respond", status))


_SOON: dict[str, object] = {"after_ms": 200}
_PICK_UP = (_RING, (_SLEEP, "200"), _ANSWER)
STAND_INS = {
    one.plan.name: one
    for one in (
        _stand_in("quiet", _SOON, [], *_PICK_UP, _STAY),
        _stand_in(
            "tone",
            _SOON,
            [{"beep": {"hz": 440.0, "ms": 10_000}}],
            *_PICK_UP,
            ("playback", "tone_stream://%(10000,0,440)"),
        ),
        _stand_in("ring_then_answer", {"after_ms": 1000}, [], _RING, (_SLEEP, "1000"), _ANSWER, _STAY),
        _stand_in(
            "early_media",
            {"after_ms": 1000, "early_media_ms": 1000},
            [],
            ("pre_answer", ""),
            ("playback", "tone_stream://%(1000,0,425)"),
            _ANSWER,
            _STAY,
        ),
        _stand_in("no_answer", {"kind": "no_answer"}, [], _RING, (_SLEEP, "60000")),
        _stand_in("hangs_up", _SOON, [{"wait": 1500}, {"hangup": {}}], *_PICK_UP, (_SLEEP, "1500"), ("hangup", "")),
        _stand_in(
            "dtmf",
            _SOON,
            [{"wait": 1000}, {"dtmf": "5"}, {"wait": 1000}, {"dtmf": "*"}],
            *_PICK_UP,
            (_SLEEP, "1000"),
            ("send_dtmf", "5@100"),
            (_SLEEP, "1000"),
            ("send_dtmf", "*@100"),
            _STAY,
        ),
        _refusal("busy", "486 Busy Here"),
        _refusal("reject", "603 Decline"),
        _refusal("unallocated", "404 Not Found"),
        _refusal("unavailable", "480 Temporarily Unavailable"),
        _refusal("incompatible", "488 Not Acceptable Here"),
        _refusal("congestion", "503 Service Unavailable"),
        _refusal("number_changed", "410 Gone"),
    )
}


def dialplan() -> str:
    """The stand-ins as extensions of a FreeSWITCH dialplan context."""
    lines = []
    for name, one in STAND_INS.items():
        lines.append(f'<extension name="{name}"><condition field="destination_number" expression="^{name}$">')
        lines += [f"  <action application={quoteattr(app)} data={quoteattr(arg)}/>" for app, arg in one.actions]
        lines.append("</condition></extension>")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(dialplan(), end="")
