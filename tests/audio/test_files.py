"""Sound files: what is read, and what a file that cannot be read is told to be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from services.audio import Pcm, read_audio, write_wav
from services.errors import BadInput

HALF = np.rint(16_384 * np.sin(2 * np.pi * 440 * np.arange(8000) / 8000)) / 32_768


def pcm(samples: int = 800) -> Pcm:
    return np.random.default_rng(0).integers(-32768, 32767, samples, dtype=np.int16)


def refused(path: Path) -> str:
    with pytest.raises(BadInput) as caught:
        read_audio(path)
    assert str(caught.value).startswith(f"{path}: ")
    return str(caught.value)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", pcm(), 8000)
    read = read_audio(tmp_path / "a.wav")
    assert np.array_equal(read.pcm, pcm())
    assert (read.rate_hz, read.pcm.dtype.name, read.text) == (8000, "int16", "")


def test_every_int16_survives(tmp_path: Path) -> None:
    every = np.arange(-32768, 32768).astype(np.int16)
    write_wav(tmp_path / "a.wav", every, 8000)
    assert np.array_equal(read_audio(str(tmp_path / "a.wav")).pcm, every)


@pytest.mark.parametrize(
    ("kind", "subtype", "error"),
    [
        ("WAV", "PCM_16", 0), ("WAV", "PCM_24", 1), ("WAV", "PCM_32", 1), ("WAV", "PCM_U8", 300), ("WAV", "FLOAT", 1),
        ("WAV", "DOUBLE", 1), ("WAV", "ALAW", 520), ("WAV", "ULAW", 520), ("FLAC", "PCM_16", 0),
        ("OGG", "VORBIS", 3000),
    ],
)  # fmt: skip
def test_formats_keep_their_level(kind: str, subtype: str, error: int, tmp_path: Path) -> None:
    path = tmp_path / f"a.{kind.lower()}"
    soundfile.write(path, HALF, 8000, subtype=subtype, format=kind)
    found = read_audio(path).pcm[: len(HALF)]
    assert np.abs(found - HALF[: len(found)] * 32_768).max() <= error


def test_stereo_is_averaged(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", np.array([[1000, 3000], [32767, 32767], [-32768, -32768]], np.int16), 16_000)
    assert read_audio(tmp_path / "a.wav").pcm.tolist() == [2000, 32767, -32768]


def test_louder_than_full_scale_is_clipped(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.array([2.0, -2.0]), 8000, subtype="FLOAT")
    assert read_audio(tmp_path / "a.wav").pcm.tolist() == [32767, -32768]


@pytest.mark.parametrize("rate_hz", [4000, 11_025, 192_000])
def test_rates_that_are_taken(rate_hz: int, tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", pcm(), rate_hz)
    assert read_audio(tmp_path / "a.wav").rate_hz == rate_hz


@pytest.mark.parametrize("rate_hz", [1, 3999, 192_001, 1_000_000])
def test_odd_rates(rate_hz: int, tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", pcm(), rate_hz)
    assert f"sample rate {rate_hz} Hz is outside 4000–192000 Hz" in refused(tmp_path / "a.wav")


def test_no_such_file(tmp_path: Path) -> None:
    assert "no such sound file" in refused(tmp_path / "a.wav")


def test_a_folder(tmp_path: Path) -> None:
    assert "a folder" in refused(tmp_path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty (0 bytes)"),
        (b"%PDF-1.7 not a sound at all" * 50, "not a readable sound file"),
        (b"RIFF", "not a readable sound file"),
        (bytes(5000), "not a readable sound file"),
    ],
)
def test_what_is_no_sound(content: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(content)
    assert said in refused(tmp_path / "a.wav")


@pytest.mark.parametrize("kept", [4, 12, 20, 30, 43])
def test_cut_short_inside_the_header(kept: int, tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", pcm(), 8000)
    (tmp_path / "a.wav").write_bytes((tmp_path / "a.wav").read_bytes()[:kept])
    refused(tmp_path / "a.wav")


def test_cut_short_inside_the_audio_what_is_there_is_read(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", pcm(), 8000)
    (tmp_path / "a.wav").write_bytes((tmp_path / "a.wav").read_bytes()[:-600])
    assert np.array_equal(read_audio(tmp_path / "a.wav").pcm, pcm()[:500])


def test_a_header_alone(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", pcm(0), 8000)
    assert "no audio samples" in refused(tmp_path / "a.wav")


def test_samples_that_are_no_numbers(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.array([0.0, np.nan]), 8000, subtype="FLOAT")
    assert "not numbers" in refused(tmp_path / "a.wav")


def test_what_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="cannot write"):
        write_wav(tmp_path / "missing" / "a.wav", pcm(), 8000)
