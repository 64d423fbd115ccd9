"""Audio as the whole project sees it: 16-bit mono PCM in numpy arrays, counted in samples.

Split by noun: :mod:`frames` (types and sample/ms arithmetic), :mod:`g711`, :mod:`resample`, :mod:`files`.
"""

from services.audio.files import read_audio, write_wav
from services.audio.frames import (
    FRAME_MS,
    AudioChunk,
    Pcm,
    Samples,
    frames_of,
    level_dbfs,
    ms_to_samples,
    samples_to_ms,
    to_float,
    to_pcm,
)
from services.audio.g711 import alaw_decode, alaw_encode, ulaw_decode, ulaw_encode
from services.audio.resample import Resampler, resample

__all__ = [
    "FRAME_MS",
    "AudioChunk",
    "Pcm",
    "Resampler",
    "Samples",
    "alaw_decode",
    "alaw_encode",
    "frames_of",
    "level_dbfs",
    "ms_to_samples",
    "read_audio",
    "resample",
    "samples_to_ms",
    "to_float",
    "to_pcm",
    "ulaw_decode",
    "ulaw_encode",
    "write_wav",
]
