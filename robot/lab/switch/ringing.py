"""From the call to the answer: what the callee's network says, and when. Pure.

Early media is a ringback tone, as the callee's network would make it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

import numpy as np

from robot.lab.plan import Outcome
from services.audio import Pcm, to_pcm

DEFAULT_TIMEOUT_S = 60
_RATE_HZ = 8000
_FRAME_SAMPLES = 160
_TONES: dict[str, tuple[tuple[float, ...], float, float]] = {
    "fr": ((440.0,), 1.5, 5.0),
    "en": ((440.0, 480.0), 2.0, 6.0),
}
"""frequencies, seconds of tone, seconds of one period: France (ITU-T E.180 supplement 2), United States"""
_TONE_PEAK = 0.1


class RingStep(Enum):
    """What happens to a call that is not answered yet."""

    PROGRESS = auto()
    """SIP 180"""
    EARLY_MEDIA = auto()
    """SIP 183"""
    ANSWER = auto()
    REFUSE = auto()
    GIVE_UP = auto()
    """originate_timeout: nobody answered"""


@dataclass(frozen=True, slots=True)
class Due:
    """A step and its time."""

    after_s: float
    """since the callee was called"""
    step: RingStep


def ring_steps(outcome: Outcome, timeout_s: float) -> list[Due]:
    """The steps of one call, in order. Giving up does not decide a call whose early media was taken for an answer."""
    after_s, early_s = outcome.after_ms / 1000, outcome.early_media_ms / 1000
    refused = outcome.sip_status is not None
    steps = [] if refused and not outcome.after_ms else [Due(0.0, RingStep.PROGRESS)]
    if early_s:
        if early_s == after_s:
            steps.clear()
        steps.append(Due(after_s - early_s, RingStep.EARLY_MEDIA))
    if outcome.kind != "no_answer":
        steps.append(Due(after_s, RingStep.REFUSE if refused else RingStep.ANSWER))
    return sorted([Due(timeout_s, RingStep.GIVE_UP), *steps], key=lambda due: due.after_s)


def timeout_s(seconds: int, now_us: int) -> float:
    """How long ``originate_timeout`` really is: the core counts whole seconds of its clock, so up to one less."""
    whole = (now_us // 1_000_000 + seconds) * 1_000_000 - now_us
    return max(0.0, whole / 1_000_000)


def ringback(language: str, tick: int) -> Pcm:
    """int16[160]: frame ``tick`` of the country's ringback tone at 8 kHz."""
    tones, on_s, period_s = _TONES[language]
    at_s = (np.arange(_FRAME_SAMPLES) + tick * _FRAME_SAMPLES) / _RATE_HZ
    wave = np.sum([np.sin(2 * np.pi * hz * at_s) for hz in tones], axis=0)
    return to_pcm(_TONE_PEAK * wave * (at_s % period_s < on_s))
