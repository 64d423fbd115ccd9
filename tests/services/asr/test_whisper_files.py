"""A Whisper folder that cannot be used: the message names the file and what to do."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from services.asr.faster_whisper import FasterWhisper
from services.errors import Unavailable


def load(model_dir: Path) -> str:
    async def attempt() -> str:
        whisper = FasterWhisper(model_dir)
        with pytest.raises(Unavailable) as caught:
            await whisper.load()
        await whisper.aclose()
        return str(caught.value)

    return asyncio.run(attempt())


def fill(folder: Path, **files: bytes) -> None:
    for name in ("model.bin", "config.json", "tokenizer.json"):
        (folder / name).write_bytes(files.get(name.split(".")[0], b"{}"))


@pytest.mark.parametrize("missing", ["model.bin", "config.json", "tokenizer.json"])
def test_a_missing_file_is_named(tmp_path: Path, missing: str) -> None:
    fill(tmp_path)
    (tmp_path / missing).unlink()
    message = load(tmp_path)
    assert str(tmp_path / missing) in message
    assert "allobot models pull" in message


@pytest.mark.parametrize("content", [b"", b"\x06\x00\x00\x00", b"<html>not found</html>"])
def test_a_damaged_model_says_what_to_do(tmp_path: Path, content: bytes) -> None:
    fill(tmp_path, model=content)
    message = load(tmp_path)
    assert str(tmp_path) in message
    assert "allobot models verify" in message
