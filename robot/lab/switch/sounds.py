"""Sound files as FreeSWITCH's ``playback`` takes them: ``{name=value}FILE``, resampled to the line's 8 kHz.

The whole file is read when the playback starts, so that its length is the one it had then: a file that still grows is
played up to there. Headerless files are 16-bit little-endian and say their rate by their suffix. Of
``tone_stream://`` one tone is understood, ``%(on_ms,off_ms,hz,…)``, and ``;loops=-1`` after it.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from robot.lab.switch.playback import Sound
from robot.protocol.dialstring import parse_file_variables
from services.audio import Pcm, read_audio, resample, to_pcm
from services.errors import BadInput

LINE_RATE_HZ = 8000
TONE_PEAK = 0.25
_TONES = re.compile(r"tone_stream://%\((\d{1,6}),(\d{1,6}),([\d.]+(?:,[\d.]+)*)\)")
_RAW_RATES_HZ = {".raw": 8000, ".r8": 8000, ".r16": 16_000, ".r24": 24_000}


def read_sound(argument: str) -> Sound:
    """The sound that ``playback`` is told to play. Blocks on the disk.

    Raises :class:`services.errors.BadInput` when there is no such file or it holds no sound, and ``ProtocolError`` for
    a ``{`` that is not closed or a name that no header can have.
    """
    tags, path = parse_file_variables(argument)
    if (tones := _TONES.match(path)) is not None:
        on_ms, off_ms = int(tones[1]), int(tones[2])
        tone = _tone([float(hz) for hz in tones[3].split(",")], on_ms, off_ms)
        return Sound(tone, tags=tags, path=argument, endless=path.endswith(";loops=-1"))
    return Sound(_read(Path(path.strip())), tags=tags, path=argument)


def _tone(hertz: list[float], on_ms: int, off_ms: int) -> Pcm:
    """``%(on,off,hz,…)`` of tone_stream, once; silence when it has no length at all."""
    at_s = np.arange(on_ms * 8) / LINE_RATE_HZ
    wave = np.sum([np.sin(2 * np.pi * hz * at_s) for hz in hertz], axis=0) / len(hertz)
    return np.pad(to_pcm(TONE_PEAK * wave), (0, max(off_ms * 8, 8)))


def _read(path: Path) -> Pcm:
    rate_hz = _RAW_RATES_HZ.get(path.suffix)
    if rate_hz is None:
        chunk = read_audio(path)
        return resample(chunk.pcm, chunk.rate_hz, LINE_RATE_HZ)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BadInput(f"{path}: cannot be read: {error.strerror or error}") from error
    pcm = np.frombuffer(data[: len(data) // 2 * 2], "<i2").astype(np.int16)
    if path.suffix == ".r24":
        pcm = pcm[: len(pcm) * 2 // 3]  # as the real one, which ends 24 kHz raw files too early
    return resample(pcm, rate_hz, LINE_RATE_HZ)
