"""Names in the configuration → engines. The one place that knows them all; imports an engine when it is asked for.

Options come as the plain values of the configuration, one mapping per slot: ``{"engine": NAME, NAME: {…}, …}``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.asr.base import Recognizer
from services.errors import BadInput
from services.llm.base import ChatModel
from services.models import ModelStore
from services.tones.base import ToneDetector
from services.tts.base import Synthesizer
from services.vad.base import VoiceActivityEngine

Options = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Registry:
    """Builds engines on the models of one store. Building loads nothing yet."""

    store: ModelStore

    def recognizer(self, options: Options) -> Recognizer:
        """``asr`` → an engine. Raises ``BadInput`` for an unknown name, ``Unavailable`` when its model is not there."""
        mine = dict(options[options["engine"]])
        match options["engine"]:
            case "faster_whisper":
                from services.asr.faster_whisper import FasterWhisper

                model = mine.pop("model")
                return FasterWhisper(self.store.path(model), sha256=self.store.sha256(model), **mine)
            case "scripted":
                from services.asr.scripted import ScriptedRecognizer

                return ScriptedRecognizer(mine["replies"])
            case name:
                raise BadInput(f"asr.engine: unknown engine {name!r}")

    def voice_activity(self, options: Options) -> VoiceActivityEngine:
        """``vad`` → an engine. Raises as :meth:`recognizer`."""
        rules = {"min_speech_ms": options["min_speech_ms"], "min_silence_ms": options["min_silence_ms"]}
        match options["engine"]:
            case "silero":
                from services.vad.silero import SileroEngine

                mine = dict(options["silero"])
                model = mine.pop("model")
                return SileroEngine(self.store.weights(model), sha256=self.store.sha256(model), **mine, **rules)
            case "energy":
                from services.vad.energy import EnergyEngine

                return EnergyEngine(**rules)
            case name:
                raise BadInput(f"vad.engine: unknown engine {name!r}")

    def synthesizer(self, options: Options) -> Synthesizer:
        """``tts`` → an engine that remembers what it said. Raises as :meth:`recognizer`."""
        from services.tts.cached import CachedSynthesizer

        mine = dict(options[options["engine"]])
        match options["engine"]:
            case "kokoro_onnx":
                from services.tts.kokoro_onnx import KokoroOnnx

                model = mine.pop("model")
                engine = KokoroOnnx(
                    self.store.weights(model),
                    self.store.path(mine.pop("voices_model")),
                    sha256=self.store.sha256(model),
                    voices={"fr": mine.pop("voice_fr"), "en": mine.pop("voice_en")},
                    **mine,
                )
                return CachedSynthesizer(engine)
            case "tone":
                from services.tts.tone import ToneSynthesizer

                return ToneSynthesizer(**mine)
            case name:
                raise BadInput(f"tts.engine: unknown engine {name!r}")

    def chat(self, options: Options, api_key: str) -> ChatModel:
        """``llm`` → an engine. Raises as :meth:`recognizer`."""
        mine = dict(options[options["engine"]])
        match options["engine"]:
            case "llama_cpp":
                from services.llm.llama_cpp import LlamaCpp

                model = mine.pop("model")
                return LlamaCpp(self.store.weights(model), sha256=self.store.sha256(model), **mine)
            case "openai_compatible":
                from services.llm.openai_compatible import OpenAICompatible

                return OpenAICompatible(api_key=api_key, **mine)
            case "scripted":
                from services.llm.scripted import ScriptedChat

                return ScriptedChat(mine["replies"])
            case name:
                raise BadInput(f"llm.engine: unknown engine {name!r}")

    def tones(self, rate_hz: int) -> ToneDetector:
        """A detector of voicemail beeps for one call."""
        from services.tones.beep import BeepDetector

        return BeepDetector(rate_hz)
