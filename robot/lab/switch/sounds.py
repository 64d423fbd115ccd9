"""Sound files as FreeSWITCH's ``playback`` takes them: ``{name=value}FILE``, resampled to the line's 8 kHz.

The whole file is read when the playback starts, so that its length is the one it had then: a file that still grows is
played up to there. Headerless files are 16-bit little-endian and say their rate by their suffix.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from robot.lab.switch.playback import Sound
from robot.protocol.dialstring import parse_file_variables
from services.audio import Pcm, read_audio, resample
from services.errors import BadInput

LINE_RATE_HZ = 8000
_RAW_RATES_HZ = {".raw": 8000, ".r8": 8000, ".r16": 16_000, ".r24": 24_000}


def read_sound(argument: str) -> Sound:
    """The sound that ``playback`` is told to play. Blocks on the disk.

    Raises :class:`services.errors.BadInput` when there is no such file or it holds no sound, and ``ProtocolError`` for
    a ``{`` that is not closed or a name that no header can have.
    """
    tags, path = parse_file_variables(argument)
    return Sound(_read(Path(path.strip())), tags=tags, path=argument)


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
