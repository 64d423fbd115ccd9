"""One Whisper model, used at the level of ``encode`` and ``generate``: audio of up to 30 s in, text out, synchronously.

``WhisperModel.transcribe`` always pads to 30 s and decodes again at rising temperatures what looks doubtful: 2–13 s
for a second of poor audio. Here the spectrum is as long as the audio, but at least ``min_window_s`` (shorter costs
accuracy); one greedy pass is made, with no more tokens than the duration allows, and a second, last one only where
the first looped. The padding is silent *audio*, as in training: zeros in the spectrum, as the package pads, are a
sound of middling level.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from services.asr.base import RATE_HZ, Word
from services.asr.repetition import cut_repetition
from services.audio import Samples
from services.errors import BadInput, BadReply, Unavailable

WINDOW_S = 30.0
"""the longest audio that Whisper can take at once"""
_HOP_SAMPLES = 160
_MOST_TOKENS = 220
_MAX_PROMPT_TOKENS = 220
"""half of the decoder's 448 positions each, less the task's own tokens"""
_LOOP_PENALTY = 1.2
"""for the second and last pass over audio on which the first one looped"""
_SPARE_TOKENS = 16
"""allowed on top of the rate, so that a short word is not cut"""
_ALIGN_STEP_MS = 20


@dataclass(frozen=True, slots=True)
class DecoderSettings:
    """How to run the model."""

    device: str
    compute_type: str
    threads: int
    workers: int
    beam_size: int
    min_window_s: float
    max_tokens_per_s: float
    languages: tuple[str, ...]
    """the ones to choose among when the language is not given"""
    words: bool
    no_speech_threshold: float
    log_prob_threshold: float


@dataclass(frozen=True, slots=True)
class Decoded:
    """What one window of audio says."""

    text: str
    language: str
    no_speech_probability: float
    words: tuple[Word, ...] = ()


class WhisperDecoder:
    """A loaded model. Thread-safe."""

    def __init__(self, model: Any, make_tokenizer: Any, settings: DecoderSettings) -> None:
        self._model, self._make_tokenizer, self._settings = model, make_tokenizer, settings
        self._tokenizers: dict[str, Any] = {}
        self._building = threading.Lock()

    def decode(self, audio: Samples, language: str | None, prompt: str) -> Decoded:
        """float32[n ≤ 30 s] → its text. Raises ``BadInput`` (language), ``BadReply`` (the model failed on it)."""
        if language is not None:
            self._tokenizer(language)
        try:
            encoded = self._model.encode(self._features(audio))
            chosen = language or self._detect(encoded)
            return self._generate(encoded, audio, chosen, prompt)
        except (RuntimeError, ValueError) as error:
            raise BadReply(f"Whisper failed on {len(audio) / RATE_HZ:.1f} s of audio: {error}") from error

    def _features(self, audio: Samples) -> Samples:
        """float32[mels, frames], 100 frames a second."""
        samples = max(len(audio), round(self._settings.min_window_s * RATE_HZ))
        frames = -(-samples // _HOP_SAMPLES)
        silent_end = frames * _HOP_SAMPLES - len(audio)
        features: Samples = self._model.feature_extractor(np.pad(audio, (0, silent_end)))
        return features[:, :frames]

    def _detect(self, encoded: Any) -> str:
        if not self._model.model.is_multilingual:
            return "en"
        ranked = {token.strip("<|>"): score for token, score in self._model.model.detect_language(encoded)[0]}
        return max(self._settings.languages, key=lambda language: float(ranked.get(language, 0.0)))

    def _generate(self, encoded: Any, audio: Samples, language: str, prompt: str) -> Decoded:
        settings, tokenizer = self._settings, self._tokenizer(language)
        start = [*_prompt_tokens(tokenizer, prompt), *tokenizer.sot_sequence, tokenizer.no_timestamps]
        limit = min(_MOST_TOKENS, _SPARE_TOKENS + int(len(audio) / RATE_HZ * settings.max_tokens_per_s))
        tokens, result = self._search(encoded, start, limit, repetition_penalty=1.0)
        if len(tokens) < len(result.sequences_ids[0]):
            tokens, result = self._search(encoded, start, limit, repetition_penalty=_LOOP_PENALTY)
        text = str(tokenizer.decode(tokens)).strip()
        silent = result.no_speech_prob > settings.no_speech_threshold
        if not _has_words(text) or (silent and result.scores[0] < settings.log_prob_threshold):
            return Decoded("", language, result.no_speech_prob)
        words = self._align(encoded, tokenizer, tokens, audio) if settings.words else ()
        return Decoded(text, language, result.no_speech_prob, words)

    def _search(
        self, encoded: Any, start: list[int], limit: int, *, repetition_penalty: float
    ) -> tuple[list[int], Any]:
        """One pass of at most ``limit`` new tokens → the tokens without loops, and ctranslate2's result.

        ctranslate2 stops at ``max_length / 2`` new tokens or ``max_length`` positions, whichever comes first.
        """
        result = self._model.model.generate(
            encoded,
            [start],
            beam_size=self._settings.beam_size,
            repetition_penalty=repetition_penalty,
            max_length=max(2 * limit, len(start) + limit),
            return_scores=True,
            return_no_speech_prob=True,
        )[0]
        found = list(result.sequences_ids[0])
        return cut_repetition(found, capped=len(found) >= limit), result

    def _align(self, encoded: Any, tokenizer: Any, tokens: list[int], audio: Samples) -> tuple[Word, ...]:
        """Places each word by the cross-attention (dynamic time warping in ctranslate2, steps of 20 ms).

        The path begins at 0 by construction, so that the first word would hold the silence before it: it is moved to
        the first sound.
        """
        frames = -(-len(audio) // _HOP_SAMPLES)
        aligned = self._model.model.align(encoded, tokenizer.sot_sequence, [tokens], frames)[0]
        starts: dict[int, int] = {}
        for token, step in aligned.alignments:
            starts.setdefault(token, step)
        texts, groups = tokenizer.split_to_word_tokens([*tokens, tokenizer.eot])
        words: list[Word] = []
        first = 0
        for text, group in zip(texts[:-1], groups[:-1], strict=True):
            after = first + len(group)
            begin_ms, end_ms = starts[first] * _ALIGN_STEP_MS, starts[after] * _ALIGN_STEP_MS
            probability = float(np.mean(aligned.text_token_probs[first:after]))
            if words and not text[0].isspace() and not text[0].isalnum():
                last = words.pop()
                end_ms = end_ms if _has_words(text) else last.end_ms
                words.append(Word(last.text + text.strip(), last.start_ms, end_ms, last.probability))
            else:
                words.append(Word(text.strip(), begin_ms, end_ms, probability))
            first = after
        sound_ms = max(words[0].start_ms, min(_first_sound_ms(audio), words[0].end_ms))
        return (replace(words[0], start_ms=sound_ms), *words[1:])

    def _tokenizer(self, language: str) -> Any:
        with self._building:
            if language not in self._tokenizers:
                try:
                    self._tokenizers[language] = self._make_tokenizer(language)
                except ValueError as error:
                    raise BadInput(f"language {language!r} is not one that this Whisper model knows") from error
            return self._tokenizers[language]


def _has_words(text: str) -> bool:
    """Whether there is more than punctuation: Whisper writes "..." for a noise."""
    return any(char.isalnum() for char in text)


def _first_sound_ms(audio: Samples) -> int:
    """Where the level first comes within 30 dB of its highest."""
    step = RATE_HZ * _ALIGN_STEP_MS // 1_000
    powers = np.square(audio[: len(audio) // step * step].reshape(-1, step)).mean(axis=1)
    return int(np.argmax(powers >= powers.max() / 1_000)) * _ALIGN_STEP_MS


def _prompt_tokens(tokenizer: Any, prompt: str) -> list[int]:
    text = prompt.strip()
    return [tokenizer.sot_prev, *tokenizer.encode(f" {text}")[-_MAX_PROMPT_TOKENS:]] if text else []


def load_decoder(model_dir: Path, settings: DecoderSettings) -> WhisperDecoder:
    """Loads a CTranslate2 Whisper folder (about 0.5 s). Never the network. Raises ``Unavailable``: missing, damaged."""
    for name in ("model.bin", "config.json", "tokenizer.json"):
        if not (model_dir / name).is_file():
            raise Unavailable(f"{model_dir / name}: no such file of the Whisper model; run `allobot models pull`")
    from faster_whisper import WhisperModel
    from faster_whisper.tokenizer import Tokenizer

    try:
        model = WhisperModel(
            str(model_dir),
            device=settings.device,
            compute_type=settings.compute_type,
            cpu_threads=settings.threads,
            num_workers=settings.workers,
            local_files_only=True,
        )
    except Exception as error:  # ctranslate2 raises RuntimeError and ValueError, tokenizers bare Exception
        raise Unavailable(f"{model_dir}: not a usable Whisper model ({error}); run `allobot models verify`") from error
    multilingual = bool(model.model.is_multilingual)

    def make_tokenizer(language: str) -> Tokenizer:
        if not multilingual and language != "en":
            raise ValueError(language)
        return Tokenizer(model.hf_tokenizer, multilingual, task="transcribe", language=language)

    return WhisperDecoder(model, make_tokenizer, settings)
