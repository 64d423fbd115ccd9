"""What every recogniser refuses, and what it need not look at."""

from __future__ import annotations

import numpy as np

from services.asr.base import RATE_HZ
from services.audio import Samples
from services.errors import BadInput

SHORTEST_S = 0.1
"""no word is shorter; a model that is asked all the same invents one"""


def check_audio(audio: Samples) -> None:
    """Raises ``BadInput`` unless ``audio`` is float32[n] of finite numbers."""
    if not isinstance(audio, np.ndarray) or audio.dtype != np.float32 or audio.ndim != 1:
        found = f"{audio.dtype}{list(audio.shape)}" if isinstance(audio, np.ndarray) else type(audio).__name__
        raise BadInput(f"a recogniser takes float32[n] at {RATE_HZ} Hz, not {found}")
    if not np.isfinite(audio).all():
        raise BadInput("the audio holds values that are not finite numbers")


def check_language(language: str | None) -> None:
    """Raises ``BadInput`` unless ``language`` is None or has the form of an ISO 639 code."""
    if language is not None and not (len(language) in (2, 3) and language.isascii() and language.islower()):
        raise BadInput(f"language {language!r} is not an ISO 639 code such as fr or en")
