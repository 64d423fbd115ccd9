"""The recogniser of rehearsals."""

from __future__ import annotations

import asyncio

import numpy as np

from services.asr.scripted import Asked, ScriptedRecognizer

SECOND = np.zeros(16_000, np.float32)


def test_replies_come_in_order_then_nothing() -> None:
    engine = ScriptedRecognizer(["allô", "oui"])
    texts = [asyncio.run(engine.transcribe(SECOND, language="fr")).text for _ in range(3)]
    assert texts == ["allô", "oui", ""]


def test_a_sound_too_short_for_a_word_uses_up_no_reply() -> None:
    engine = ScriptedRecognizer(["allô"])
    assert asyncio.run(engine.transcribe(SECOND[:100])).text == ""
    assert asyncio.run(engine.transcribe(SECOND)).text == "allô"


def test_a_function_sees_the_audio_and_the_language() -> None:
    engine = ScriptedRecognizer(lambda audio, language: f"{len(audio)} {language}")
    assert asyncio.run(engine.transcribe(SECOND, language="en")).text == "16000 en"


def test_it_remembers_what_it_was_asked() -> None:
    engine = ScriptedRecognizer()
    asyncio.run(engine.transcribe(SECOND, language="fr", prompt="oui non"))
    assert list(engine.asked) == [Asked(1_000, "fr", "oui non")]
