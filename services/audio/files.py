"""Sound files in and out: WAV, FLAC and whatever else libsndfile reads."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import soundfile

from services.audio.frames import AudioChunk, Pcm, to_pcm
from services.errors import BadInput

RATES_HZ = range(4000, 192_001)


def read_audio(path: str | os.PathLike[str]) -> AudioChunk:
    """A sound file as mono int16 at its own rate; several channels are averaged.

    Raises :class:`BadInput` with the reason: no such file, a folder, empty, not audio, cut short inside its header, odd
    rate, no numbers. Read as floating point, because libsndfile does not scale floating point to integers.
    """
    file = Path(path)
    if file.is_dir():
        raise BadInput(f"{file}: a folder, not a sound file")
    if not file.is_file():
        raise BadInput(f"{file}: no such sound file")
    if file.stat().st_size == 0:
        raise BadInput(f"{file}: the file is empty (0 bytes)")
    try:
        data, rate_hz = soundfile.read(file, dtype="float32", always_2d=True)
    except (soundfile.SoundFileError, OSError, ValueError) as error:
        raise BadInput(f"{file}: not a readable sound file (WAV, FLAC, OGG): {error}") from error
    if rate_hz not in RATES_HZ:
        raise BadInput(f"{file}: sample rate {rate_hz} Hz is outside {RATES_HZ.start}–{RATES_HZ.stop - 1} Hz")
    if not len(data):
        raise BadInput(f"{file}: the file holds no audio samples")
    if not np.isfinite(data).all():
        raise BadInput(f"{file}: the file holds samples that are not numbers")
    return AudioChunk(to_pcm(data.mean(axis=1, dtype=np.float64)), int(rate_hz))


def write_wav(path: str | os.PathLike[str], pcm: Pcm, rate_hz: int) -> None:
    """Writes int16[n] (mono) or int16[n, 2] (stereo: left, right) as 16-bit PCM WAV. Raises ``OSError``."""
    try:
        soundfile.write(os.fspath(path), pcm, rate_hz, subtype="PCM_16", format="WAV")
    except soundfile.SoundFileError as error:
        raise OSError(f"{path}: cannot write: {error}") from error
