"""Silero VAD (v5 and v6 ONNX, github.com/snakers4/silero-vad) on onnxruntime, one thread, native at 8 and 16 kHz.

One session for all calls; what a call owns is the recurrent state (2 × 128 floats) and the context samples. The model
wants windows of exactly 32 ms, each preceded by the last samples of the one before (64 at 16 kHz, 32 at 8 kHz;
``OnnxWrapper`` in silero-vad's ``utils_vad.py``): without that context its probabilities are wrong.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.audio import Pcm, to_float
from services.errors import BadInput, Unavailable
from services.info import EngineInfo
from services.vad.base import VoiceActivity
from services.vad.segmenter import Hysteresis, Segmenter
from services.vad.windows import WindowedVoice

WINDOW_SAMPLES = {8_000: 256, 16_000: 512}
CONTEXT_SAMPLES = {8_000: 32, 16_000: 64}
_STATE_SHAPE = (2, 1, 128)


class SileroEngine:
    """Loads the model once, on the first ``open`` or by ``load``; opens a detector per call."""

    def __init__(
        self,
        model_path: Path,
        *,
        sha256: str = "",
        threshold: float = 0.5,
        exit_threshold: float = 0.35,
        min_speech_ms: float = 100.0,
        min_silence_ms: float = 300.0,
        onset_pad_ms: float = 0.0,
        end_pad_ms: float = 0.0,
        bridge_ms: float = 60.0,
    ) -> None:
        """``model_path`` is the .onnx file; ``sha256`` is only recorded. The other settings: :class:`Hysteresis`."""
        self._path, self._sha256 = model_path, sha256
        self._rules = Hysteresis(
            threshold, exit_threshold, min_speech_ms, min_silence_ms, onset_pad_ms, end_pad_ms, bridge_ms
        )
        self._session: Any = None
        self._loading = threading.Lock()

    @property
    def info(self) -> EngineInfo:
        return EngineInfo("silero", self._path.name, self._sha256)

    def load(self) -> None:
        """Loads the model (about 0.1 s). Idempotent, thread-safe. Raises ``Unavailable``: file missing or damaged."""
        with self._loading:
            if self._session is None:
                self._session = _load_session(self._path)

    def open(self, rate_hz: int) -> VoiceActivity:
        """A fresh detector for 8,000 or 16,000 Hz. Raises ``BadInput`` (another rate), ``Unavailable``."""
        if rate_hz not in WINDOW_SAMPLES:
            raise BadInput(f"Silero VAD takes 8000 or 16000 Hz, not {rate_hz}: resample the stream first")
        self.load()
        network = _Network(self._session, rate_hz)
        return WindowedVoice(rate_hz, WINDOW_SAMPLES[rate_hz], network.probability, Segmenter(rate_hz, self._rules))


def _load_session(path: Path) -> Any:
    if not path.is_file():
        raise Unavailable(f"{path}: no such Silero model; run `allobot models pull`")
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(str(path), sess_options=options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's errors have no narrower common base
        raise Unavailable(f"{path}: not a usable Silero model ({error}); run `allobot models verify`") from error


class _Network:
    """The recurrent network's memory of one stream."""

    def __init__(self, session: Any, rate_hz: int) -> None:
        self._session = session
        self._rate = np.array(rate_hz, np.int64)
        self._state = np.zeros(_STATE_SHAPE, np.float32)
        self._context = np.zeros(CONTEXT_SAMPLES[rate_hz], np.float32)

    def probability(self, window: Pcm) -> float:
        """int16[256 or 512], the next window → the probability of a voice in it."""
        block: NDArray[np.float32] = np.concatenate([self._context, to_float(window)])
        self._context = block[len(window) :]
        inputs = {"input": block[np.newaxis], "state": self._state, "sr": self._rate}
        output, self._state = self._session.run(None, inputs)
        return float(output[0, 0])
