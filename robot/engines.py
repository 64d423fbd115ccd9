"""The engines of one process: built from the settings, loaded together, closed together.

Part of the wiring (:mod:`robot.app`): the only module beside it that knows the registry.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from robot.lab.callee import Speak
from robot.lab.channel import LineModel
from robot.lab.directory import Directory
from robot.settings import Settings, config_dir
from robot.settings.schema import LabSettings
from services.asr.base import Recognizer
from services.audio import AudioChunk
from services.info import EngineInfo
from services.llm.base import ChatModel
from services.models import ModelStore, default_folder, load_lock
from services.registry import Registry
from services.tones.base import ToneDetector
from services.tts.base import Synthesizer
from services.tts.text import ClauseSplitter
from services.vad.base import VoiceActivityEngine


@dataclass(frozen=True, slots=True)
class Engines:
    """Loaded and ready."""

    recognizer: Recognizer
    voice_activity: VoiceActivityEngine
    synthesizer: Synthesizer
    chat: ChatModel
    tones: Callable[[int], ToneDetector]

    def infos(self) -> Mapping[str, EngineInfo]:
        """Slot → what works there."""
        return {
            "asr": self.recognizer.info,
            "vad": self.voice_activity.info,
            "tts": self.synthesizer.info,
            "llm": self.chat.info,
        }

    @staticmethod
    async def clauses(pieces: AsyncIterator[str]) -> AsyncIterator[str]:
        """Text in pieces of any size → speakable clauses."""
        splitter = ClauseSplitter()
        async for piece in pieces:
            for clause in splitter.push(piece):
                yield clause
        for clause in splitter.flush():
            yield clause

    def directory(self, lab: LabSettings, line: LineModel | None) -> Directory:
        """The embedded switch's callees; they speak with the robot's synthesiser and another voice."""
        return Directory(speech_of(self.synthesizer, lab), line=line)


def speech_of(synthesizer: Synthesizer, lab: LabSettings) -> Speak:
    """What callees say, by ``synthesizer``; those that name no voice get the lab's, which is not the robot's."""
    speakers = {"fr": lab.speaker_fr, "en": lab.speaker_en}

    async def speak(text: str, language: str, voice: str) -> AudioChunk:
        async def whole() -> AsyncIterator[str]:
            yield text

        stream = synthesizer.stream(whole(), language=language, voice=voice or speakers[language])
        pieces = [chunk.pcm async for chunk in stream]
        return AudioChunk(np.concatenate([np.zeros(0, np.int16), *pieces]), synthesizer.rate_hz, text)

    return speak


@asynccontextmanager
async def open_speech(settings: Settings) -> AsyncIterator[Speak]:
    """A voice for callees alone, loaded when the first of them speaks. What is missing then is that call's failure."""
    opened: list[Synthesizer] = []

    async def speak(text: str, language: str, voice: str) -> AudioChunk:
        if not opened:
            opened.append(Registry(open_store()).synthesizer(settings.tts.model_dump()))
        return await speech_of(opened[0], settings.lab)(text, language, voice)

    try:
        yield speak
    finally:
        for synthesizer in opened:
            await synthesizer.aclose()


def open_store() -> ModelStore:
    """The models of this machine. Raises ``BadInput`` when the lock file is wrong."""
    return ModelStore(load_lock(config_dir() / "models.lock.yaml"), default_folder())


@asynccontextmanager
async def open_engines(settings: Settings) -> AsyncIterator[Engines]:
    """Builds the engines and loads their models side by side. Raises ``ServiceError`` when one cannot work."""
    registry = Registry(open_store())
    engines = Engines(
        registry.recognizer(settings.asr.model_dump()),
        registry.voice_activity(settings.vad.model_dump()),
        registry.synthesizer(settings.tts.model_dump()),
        registry.chat(settings.llm.model_dump(exclude={"api_key"}), settings.llm.api_key.get_secret_value()),
        registry.tones,
    )
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(engines.recognizer.load())
            group.create_task(engines.synthesizer.load())
            group.create_task(engines.chat.load())
            await loop.run_in_executor(None, engines.voice_activity.load)
        yield engines
    finally:
        for closing in (engines.recognizer, engines.synthesizer, engines.chat):
            await closing.aclose()


def scenario_folders(data: Path) -> list[Path]:
    """Where scenarios are looked for by name: here, then among the shipped ones."""
    return [Path("scenarios"), data / "scenarios"]
