"""The tape: where samples land, what is counted, and the switch's recording made ours."""

from __future__ import annotations

import errno
import wave
from pathlib import Path

import numpy as np
import pytest

from robot.call.tape import LineAudio, Tape, adopt, read_line
from robot.errors import SwitchError
from services.audio import Pcm, write_wav

FRAME = 160


def ramp(samples: int, start: int = 1) -> Pcm:
    return np.arange(start, start + samples, dtype=np.int16)


def stereo(samples: int) -> Pcm:
    return np.stack([ramp(samples), -ramp(samples)], axis=1)


def test_frames_are_joined_by_counting_samples_in_spite_of_jitter() -> None:
    tape = Tape()
    for index in range(50):
        tape.caller(ramp(FRAME, 1 + index * FRAME), 8000, index * 20 + (0, 3, -3)[index % 3])
    line = tape.line()
    assert np.array_equal(line.caller, ramp(50 * FRAME))
    assert tape.caller_gaps == 0
    assert tape.lost_ms <= 0.0


def test_a_lost_frame_leaves_its_gap_and_shifts_nothing() -> None:
    tape = Tape()
    for index in (0, 1, 3, 4):
        tape.caller(ramp(FRAME), 8000, index * 20)
    assert tape.caller_gaps == 1
    assert not tape.line().caller[2 * FRAME : 3 * FRAME].any()
    assert len(tape.line().stereo) == 5 * FRAME


def test_wideband_frames_keep_their_place_and_level() -> None:
    tone = (8000 * np.sin(2 * np.pi * 440 * np.arange(16_000) / 16_000)).astype(np.int16)
    tape = Tape()
    for start in range(0, len(tone), 320):
        tape.caller(tone[start : start + 320], 16_000, 100 + start / 16)
    heard = tape.line().caller[800:]
    expected = 8000 * np.sin(2 * np.pi * 440 * np.arange(len(heard)) / 8000)
    assert len(heard) >= 8000 - 20
    assert np.abs(heard[100:] - expected[100:]).max() < 100
    assert tape.lost_ms <= 0.0


def test_pieces_of_the_robot_land_where_they_were_played_and_neighbours_are_joined() -> None:
    tape = Tape()
    tape.robot(ramp(800), 8000, 1000)
    tape.robot(ramp(800, 801), 8000, 1093)
    tape.robot(ramp(100), 8000, 500)
    line = tape.line()
    assert np.array_equal(line.robot[8000:9600], ramp(1600))
    assert np.array_equal(line.robot[4000:4100], ramp(100))
    assert tape.robot_overlaps == 0
    assert not line.caller.any()


def test_overlapping_speech_is_mixed_and_counted() -> None:
    tape = Tape()
    tape.robot(np.full(1600, 20_000, np.int16), 8000, 0)
    tape.robot(np.full(1600, 20_000, np.int16), 8000, 100)
    assert tape.robot_overlaps == 1
    assert tape.line().robot[1000] == 32_767
    assert tape.line().robot[500] == 20_000


def test_what_finds_no_place_is_counted() -> None:
    tape = Tape(max_ms=1000)
    tape.robot(ramp(800), 8000, -50)
    tape.robot(ramp(800), 8000, 950)
    tape.robot(ramp(800), 8000, 5000)
    assert tape.lost_ms == 50 + 50 + 100
    line = tape.line()
    assert len(line.stereo) == 8000
    assert np.array_equal(line.robot[:400], ramp(400, 401))
    assert np.array_equal(line.robot[7600:], ramp(400))


def test_a_long_call_grows_the_tape() -> None:
    tape = Tape()
    for index in range(200):
        tape.robot(ramp(80), 8000, index * 1000)
    assert len(tape.line().stereo) == 199 * 8000 + 80
    assert tape.line().end_ms == 199_010


def test_written_and_read_again_it_is_the_same(tmp_path: Path) -> None:
    tape = Tape()
    tape.caller(ramp(800), 8000, 0)
    tape.robot(-ramp(1600), 8000, 0)
    written = tape.write(tmp_path / "call.wav")
    read = read_line(tmp_path / "call.wav")
    assert np.array_equal(read.stereo, written.stereo)
    assert (read.rate_hz, read.start_ms, read.end_ms) == (8000, 0.0, 200.0)
    assert [path.name for path in tmp_path.iterdir()] == ["call.wav"]


def test_a_full_disk_leaves_no_half_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space"):
        Tape().write(tmp_path / "call.wav")
    assert list(tmp_path.iterdir()) == []


def test_an_unanswered_call_has_an_empty_tape(tmp_path: Path) -> None:
    assert Tape().write(tmp_path / "call.wav").stereo.shape == (0, 2)


@pytest.mark.parametrize(("offset_ms", "silence", "start_ms"), [(0, 0, 0), (50, 400, 0), (-30, 0, -30)])
def test_the_switchs_recording_is_aligned_with_the_answer(
    tmp_path: Path, offset_ms: float, silence: int, start_ms: float
) -> None:
    write_wav(tmp_path / "switch.wav", stereo(800), 8000)
    line = adopt(tmp_path / "switch.wav", tmp_path / "call.wav", offset_ms)
    assert not line.stereo[:silence].any()
    assert np.array_equal(line.stereo[silence:], stereo(800))
    assert line.start_ms == start_ms
    assert np.array_equal(read_line(tmp_path / "call.wav").stereo, line.stereo)
    assert not (tmp_path / "switch.wav").exists()


def test_a_wideband_recording_becomes_telephone_audio_in_place(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    write_wav(path, stereo(1600), 16_000)
    line = adopt(path, path, 0)
    assert line.stereo.shape == (800, 2)
    assert read_line(path).rate_hz == 8000


def _wav(path: Path, channels: int, width: int, data: bytes) -> None:
    with wave.open(str(path), "wb") as writer:
        writer.setnchannels(channels)
        writer.setsampwidth(width)
        writer.setframerate(8000)
        writer.writeframes(data)


def test_a_recording_that_is_none_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "switch.wav"
    for make, message in (
        (lambda: None, "cannot be read"),
        (lambda: path.write_bytes(b""), "cut short"),
        (lambda: path.write_bytes(b"RIFF\0\0\0\0WAVEfmt "), "cannot be read"),
        (lambda: path.write_bytes(b"not a wav at all, but long enough"), "cannot be read"),
        (lambda: _wav(path, 1, 2, b"\0" * 64), "found 1 channel"),
        (lambda: _wav(path, 2, 1, b"\0" * 64), "of 8 bits"),
        (lambda: _wav(path, 2, 2, b""), "holds no audio"),
    ):
        make()
        with pytest.raises(SwitchError, match=message):
            adopt(path, tmp_path / "call.wav", 0)
        assert not (tmp_path / "call.wav").exists()
    assert path.exists()


def test_a_line_knows_its_sides_and_its_end() -> None:
    line = LineAudio(stereo(80), 8000, start_ms=-5)
    assert line.end_ms == 5
    assert line.caller[0] == -line.robot[0] == 1
