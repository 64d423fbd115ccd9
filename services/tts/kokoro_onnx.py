"""Kokoro-82M on the CPU through onnxruntime: French and English voices at 24 kHz.

The package's own streaming gives one chunk for three sentences and reads its voices from one converted file, so only
its parts are used here: espeak phonemes, the vocabulary, the splitting of phonemes. A text is spoken clause by clause
on one worker thread; while a clause is being consumed, the next one of the same text is already being made. One worker,
because the model itself uses ``threads`` cores and espeak keeps process-wide state.
"""

from __future__ import annotations

import asyncio
import logging
import math
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from services.audio import AudioChunk, Pcm, Samples, ms_to_samples, to_pcm
from services.errors import BadInput, Overloaded, Unavailable
from services.info import EngineInfo
from services.tts.silence import SENTENCE_PAUSE_MS, trim
from services.tts.text import check_language, normalise, split_clauses
from services.words import ends_sentence

_T = TypeVar("_T")

RATE_HZ = 24_000
SPEEDS = (0.5, 2.0)
"""slowest and fastest that stay intelligible"""
DEFAULT_VOICES: Mapping[str, str] = {"fr": "ff_siwis", "en": "af_heart"}

_NOTHING = np.zeros(0, np.float32)
_STYLE_SHAPE = (510, 1, 256)
"""a voice file: one style vector for each length in phonemes, float32 little-endian"""
_ESPEAK_LOCK = threading.Lock()
"""espeak-ng keeps its state per process; two engines must not phonemise at the same moment"""


@dataclass(frozen=True, slots=True)
class _Voice:
    style: Samples
    accent: str
    """espeak's name of the language"""


class KokoroOnnx:
    """A ``Synthesizer``. The model is loaded once, by :meth:`load` or by the first text."""

    def __init__(
        self,
        model_path: Path,
        voices_dir: Path,
        *,
        sha256: str = "",
        voices: Mapping[str, str] = DEFAULT_VOICES,
        threads: int = 2,
        queue_limit: int = 16,
    ) -> None:
        """``voices_dir`` holds ``NAME.bin`` files, of which ``voices`` names one a language for calls without one.

        ``sha256`` is only recorded. At most ``queue_limit`` clauses wait or are being made, over all calls.
        """
        if min(threads, queue_limit) < 1:
            raise BadInput("threads and queue_limit must be positive")
        self._model_path, self._voices_dir, self._threads = model_path, voices_dir, threads
        self._default_voices = dict(voices)
        self._info = EngineInfo("kokoro_onnx", model_path.stem, sha256)
        self._queue_limit, self._pending = queue_limit, 0
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="kokoro")
        self._model: _Model | None = None
        self._closed = False

    @property
    def info(self) -> EngineInfo:
        return self._info

    @property
    def rate_hz(self) -> int:
        return RATE_HZ

    async def load(self) -> None:
        """Loads the model now, so that the first call need not wait for it. Raises ``Unavailable``."""
        await self._submit(self._loaded)

    async def stream(
        self, texts: AsyncIterator[str], *, language: str, voice: str = "", speed: float = 1.0
    ) -> AsyncGenerator[AudioChunk, None]:
        """See ``Synthesizer.stream``. ``texts`` may be clauses or whole paragraphs; it is not closed here."""
        if not SPEEDS[0] <= speed <= SPEEDS[1]:
            raise BadInput(f"speed {speed} is outside {SPEEDS[0]}–{SPEEDS[1]}")
        check_language(language)
        name = voice or self._default_voices.get(language, "")
        if self._model is None:
            await self.load()
        chosen = self._voice_of(name, language)
        job: asyncio.Future[Pcm] | None = None
        try:
            async for text in texts:
                clauses = split_clauses(text)
                for index, clause in enumerate(clauses):
                    pcm = await (job or self._submit(self._speak, clause, chosen, language, speed))
                    ahead = clauses[index + 1 :][:1] if self._pending < self._queue_limit else []
                    job = self._submit(self._speak, ahead[0], chosen, language, speed) if ahead else None
                    if len(pcm):
                        yield AudioChunk(pcm, RATE_HZ, clause)
        finally:
            if job:
                job.cancel()

    async def aclose(self) -> None:
        """Ends the worker after the clause under way; what still waits gets ``Unavailable``."""
        self._closed = True
        await asyncio.to_thread(self._executor.shutdown)
        self._model = None

    def _submit(self, work: Callable[..., _T], *arguments: object) -> asyncio.Future[_T]:
        if self._pending >= self._queue_limit:
            raise Overloaded(
                f"{self._pending} clauses already wait for Kokoro: lower the number of calls or raise queue_limit"
            )
        if self._closed:
            raise Unavailable("the Kokoro engine is closed")
        future = asyncio.get_running_loop().run_in_executor(self._executor, self._run, work, *arguments)
        self._pending += 1
        future.add_done_callback(self._count_done)
        return future

    def _count_done(self, _: asyncio.Future[Any]) -> None:
        self._pending -= 1

    def _run(self, work: Callable[..., _T], *arguments: object) -> _T:
        if self._closed:
            raise Unavailable("the Kokoro engine was closed while a clause waited")
        return work(*arguments)

    def _loaded(self) -> _Model:
        """Loads on the worker alone, so no two loads overlap."""
        if self._model is None:
            self._model = _load(self._model_path, self._voices_dir, self._threads)
        return self._model

    def _voice_of(self, name: str, language: str) -> _Voice:
        """After loading: a look-up, so it may run on the event loop. ``A+B`` or ``A*0.7+B*0.3`` mixes voices."""
        styles = self._loaded().styles
        shares = mix_of(name)
        for part in shares:
            if part not in styles:
                raise BadInput(f"voice {part!r} is not in {self._voices_dir}: use one of {', '.join(sorted(styles))}")
        british = language == "en" and name.startswith("b")
        style = sum((styles[part] * np.float32(share) for part, share in shares.items()), np.zeros(_STYLE_SHAPE, "<f4"))
        return _Voice(style, "en-gb" if british else {"fr": "fr-fr", "en": "en-us"}[language])

    def _speak(self, clause: str, voice: _Voice, language: str, speed: float) -> Pcm:
        said = normalise(clause, language)
        samples = self._loaded().speak(said, voice, speed) if said else _NOTHING
        pause_ms = SENTENCE_PAUSE_MS if len(samples) and ends_sentence(clause) else 0
        return np.pad(to_pcm(samples), (0, ms_to_samples(pause_ms, RATE_HZ)))


def mix_of(name: str) -> dict[str, float]:
    """``ff_siwis*0.7+am_michael*0.3`` → the share of each voice, in sum 1. Raises ``BadInput`` for another form."""
    weights: dict[str, float] = {}
    for part in name.split("+"):
        voice, star, weight = part.strip().partition("*")
        try:
            weights[voice.strip()] = weights.get(voice.strip(), 0.0) + (float(weight) if star else 1.0)
        except ValueError:
            weights[voice.strip()] = math.nan
    total = sum(weights.values())
    if not all(0 < weight < math.inf for weight in weights.values()):
        raise BadInput(f"voice {name!r}: to mix voices use A+B or A*0.7+B*0.3, with weights above 0")
    return {voice: weight / total for voice, weight in weights.items()}


class _Model:
    """The session, espeak and the voices. Used on the engine's worker only."""

    def __init__(self, session: Any, tokenizer: Any, styles: Mapping[str, Samples]) -> None:
        self._session, self._tokenizer, self.styles = session, tokenizer, styles
        self._espeak: dict[str, Any] = {}

    def speak(self, text: str, voice: _Voice, speed: float) -> Samples:
        """Text in words → float32[n] at 24 kHz without silence around it; empty when espeak finds nothing to say."""
        from kokoro_onnx.chunker import split_phonemes

        phonemes = self._phonemes(text, voice.accent)
        if not any(char.isalpha() for char in phonemes):
            return _NOTHING
        return np.concatenate([self._infer(batch, voice.style, speed) for batch in split_phonemes(phonemes)])

    def _phonemes(self, text: str, accent: str) -> str:
        """Without espeak's "(en)…(fr)" marks around foreign words: they are letters, and would be spoken."""
        from phonemizer.backend import EspeakBackend

        with _ESPEAK_LOCK:
            if accent not in self._espeak:
                quiet = logging.getLogger(f"{__name__}.espeak")
                quiet.setLevel(logging.ERROR)
                self._espeak[accent] = EspeakBackend(
                    accent, preserve_punctuation=True, with_stress=True, language_switch="remove-flags", logger=quiet
                )
            phonemes = "".join(self._espeak[accent].phonemize([text]))
        return " ".join(str(self._tokenizer.known(phonemes)).split())

    def _infer(self, phonemes: str, style: Samples, speed: float) -> Samples:
        tokens = self._tokenizer.tokenize(phonemes)
        feeds = {
            "tokens": np.array([[0, *tokens, 0]], np.int64),
            "style": style[min(len(tokens), len(style)) - 1],
            "speed": np.array([speed], np.float32),
        }
        audio = np.asarray(self._session.run(None, feeds)[0], np.float32).ravel()
        return trim(audio, RATE_HZ)


def _load(model_path: Path, voices_dir: Path, threads: int) -> _Model:
    import onnxruntime
    from kokoro_onnx.tokenizer import Tokenizer

    styles = _read_styles(voices_dir)
    if not model_path.is_file():
        raise Unavailable(f"{model_path}: no such Kokoro model; run `allobot models pull`")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.add_session_config_entry(
        "session.intra_op.allow_spinning", "0"
    )  # the cores are shared with the other engines
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(str(model_path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's errors share no base of their own
        raise Unavailable(f"{model_path}: not a usable model ({error}); run `allobot models verify`") from error
    expected, found = {"tokens", "style", "speed"}, {entry.name for entry in session.get_inputs()}
    if found != expected:
        raise Unavailable(
            f"{model_path}: takes {sorted(found)}, a Kokoro model takes {sorted(expected)}; run `allobot models verify`"
        )
    return _Model(session, Tokenizer(), styles)


def _read_styles(voices_dir: Path) -> dict[str, Samples]:
    files = sorted(voices_dir.glob("*.bin"))
    if not files:
        raise Unavailable(f"{voices_dir}: no Kokoro voices (*.bin) there; run `allobot models pull`")
    return {file.stem: _read_style(file) for file in files}


def _read_style(file: Path) -> Samples:
    style = (
        np.fromfile(file, np.dtype("<f4")) if file.stat().st_size == 4 * np.prod(_STYLE_SHAPE) else np.zeros(0, "<f4")
    )
    if not len(style) or not np.isfinite(style).all():
        raise Unavailable(f"{file}: damaged voice file; run `allobot models verify`")
    return style.reshape(_STYLE_SHAPE).astype(np.float32)
