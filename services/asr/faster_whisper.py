"""Whisper on CTranslate2: one model for all calls, a bounded queue, a decode per request on the engine's own threads.

What waits is held in ``_waiting``; the executor's queue holds only tickets. So cancelling a request frees its audio
and its place at once, and a decode that is under way, which nothing can interrupt, is the only work that is ever
thrown away.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from services.asr.base import RATE_HZ, Transcript, Word
from services.asr.input import SHORTEST_S, check_audio, check_language
from services.asr.whisper_decoder import WINDOW_S, Decoded, DecoderSettings, WhisperDecoder, load_decoder
from services.audio import Samples
from services.errors import BadInput, Overloaded, Unavailable
from services.info import EngineInfo

_SEAM_S = 5.0
"""a long audio is cut at its quietest moment within the last so many seconds of a window"""
_SEAM_STEP_S = 0.1


@dataclass(frozen=True, slots=True)
class _Request:
    audio: Samples
    language: str | None
    prompt: str


class FasterWhisper:
    """A ``Recognizer``. The model is loaded once, by :meth:`load` or by the first request."""

    def __init__(
        self,
        model_dir: Path,
        *,
        sha256: str = "",
        device: str = "cpu",
        compute_type: str = "int8",
        threads: int = 2,
        workers: int = 1,
        queue_limit: int = 16,
        beam_size: int = 1,
        min_window_s: float = 10.0,
        max_tokens_per_s: float = 10.0,
        languages: Sequence[str] = ("fr", "en"),
        words: bool = False,
        no_speech_threshold: float = 0.6,
        log_prob_threshold: float = -1.0,
    ) -> None:
        """``model_dir``: a CTranslate2 folder with its tokenizer.json. ``threads`` cores for each of ``workers``
        decodes at a time; ``queue_limit`` requests may wait. ``words`` adds word times. ``sha256`` is only recorded.

        Text is withheld when the model believes in silence (``no_speech_threshold``) and its mean log probability is
        under ``log_prob_threshold``: Whisper's own rule and numbers (``whisper/transcribe.py``).
        """
        if not 0 < min_window_s <= WINDOW_S:
            raise BadInput(f"min_window_s must be over 0 and at most {WINDOW_S:.0f}, got {min_window_s}")
        if min(threads, workers, queue_limit, beam_size) < 1 or max_tokens_per_s <= 0 or not languages:
            raise BadInput("threads, workers, queue_limit, beam_size, max_tokens_per_s and languages must be positive")
        self._model_dir = model_dir
        self._settings = DecoderSettings(
            device=device,
            compute_type=compute_type,
            threads=threads,
            workers=workers,
            beam_size=beam_size,
            min_window_s=min_window_s,
            max_tokens_per_s=max_tokens_per_s,
            languages=tuple(languages),
            words=words,
            no_speech_threshold=no_speech_threshold,
            log_prob_threshold=log_prob_threshold,
        )
        self._info = EngineInfo("faster_whisper", model_dir.name, sha256)
        self._queue_limit = queue_limit
        self._executor = ThreadPoolExecutor(max_workers=workers, thread_name_prefix="whisper")
        self._waiting: dict[object, _Request] = {}
        self._loading = threading.Lock()
        self._decoder: WhisperDecoder | None = None
        self._closed = False

    @property
    def info(self) -> EngineInfo:
        return self._info

    async def load(self) -> None:
        """Loads the model now, so that the first call need not wait for it. Raises ``Unavailable``."""
        await asyncio.get_running_loop().run_in_executor(self._open_executor(), self._loaded)

    async def transcribe(self, audio: Samples, *, language: str | None = None, prompt: str = "") -> Transcript:
        """See ``Recognizer``. Any length: beyond 30 s it is decoded by windows. Under 0.1 s there is no text."""
        executor = self._open_executor()
        check_audio(audio)
        check_language(language)
        if len(audio) < SHORTEST_S * RATE_HZ:
            return Transcript("", end_ms=_ms(len(audio)), language=language or "")
        if len(self._waiting) >= self._queue_limit:
            raise Overloaded(
                f"{len(self._waiting)} requests wait for Whisper: lower the number of calls or raise queue_limit"
            )
        ticket = object()
        self._waiting[ticket] = _Request(audio, language, prompt)
        try:
            return await asyncio.get_running_loop().run_in_executor(executor, self._transcribe, ticket)
        finally:
            self._waiting.pop(ticket, None)

    async def aclose(self) -> None:
        """Ends the threads after the decode under way; what still waits gets ``Unavailable``."""
        self._closed = True
        await asyncio.to_thread(self._executor.shutdown)
        self._decoder = None

    def _open_executor(self) -> ThreadPoolExecutor:
        if self._closed:
            raise Unavailable("the Whisper engine is closed")
        return self._executor

    def _loaded(self) -> WhisperDecoder:
        with self._loading:
            if self._decoder is None:
                self._decoder = load_decoder(self._model_dir, self._settings)
            return self._decoder

    def _transcribe(self, ticket: object) -> Transcript:
        """On a worker: takes the request out of the waiting room and decodes it."""
        request = self._waiting.pop(ticket, None)
        if self._closed or request is None:
            raise Unavailable("the Whisper engine was closed while the request waited")
        decoder = self._loaded()
        started = time.perf_counter()
        transcript = _decode_windows(decoder, request)
        return replace(transcript, compute_ms=(time.perf_counter() - started) * 1_000)


def _decode_windows(decoder: WhisperDecoder, request: _Request) -> Transcript:
    language = request.language
    parts: list[tuple[int, Decoded]] = []
    for start_sample, window in windows_of(request.audio):
        decoded = decoder.decode(window, language, request.prompt)
        if decoded.text:
            language = decoded.language
        parts.append((_ms(start_sample), decoded))
    words = tuple(_later(word, start_ms) for start_ms, decoded in parts for word in decoded.words)
    return Transcript(
        " ".join(decoded.text for _, decoded in parts if decoded.text),
        start_ms=words[0].start_ms if words else 0,
        end_ms=words[-1].end_ms if words else _ms(len(request.audio)),
        words=words,
        language=language or parts[0][1].language,
        no_speech_probability=min(decoded.no_speech_probability for _, decoded in parts),
    )


def windows_of(audio: Samples) -> Iterator[tuple[int, Samples]]:
    """``audio`` in pieces of at most 30 s with the sample each begins at, cut where the voice is weakest."""
    longest, step = int(WINDOW_S * RATE_HZ), int(_SEAM_STEP_S * RATE_HZ)
    start = 0
    while len(audio) - start > longest:
        seam = start + longest - int(_SEAM_S * RATE_HZ)
        energies = np.square(audio[seam : start + longest].reshape(-1, step)).sum(axis=1)
        cut = seam + int(energies.argmin()) * step + step // 2
        yield start, audio[start:cut]
        start = cut
    yield start, audio[start:]


def _later(word: Word, by_ms: int) -> Word:
    return replace(word, start_ms=word.start_ms + by_ms, end_ms=word.end_ms + by_ms)


def _ms(samples: int) -> int:
    return round(samples * 1_000 / RATE_HZ)
