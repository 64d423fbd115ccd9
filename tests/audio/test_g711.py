"""A-law and µ-law against the tables of ITU-T G.711."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from services.audio import Pcm, alaw_decode, alaw_encode, ulaw_decode, ulaw_encode

Encode = Callable[[Pcm], bytes]
Decode = Callable[[bytes], Pcm]
LAWS = [pytest.param(alaw_encode, alaw_decode, id="alaw"), pytest.param(ulaw_encode, ulaw_decode, id="ulaw")]
EVERY = np.arange(-32768, 32768).astype(np.int16)
CODES = bytes(range(256))


def pcm(*values: int) -> Pcm:
    return np.array(values, np.int16)


def decision_values(first: list[int], steps: int, scale: int) -> np.ndarray:
    """Tables 1a and 2a: after ``first``, segments of 16 values whose step doubles. On int16's scale."""
    values, step = list(first), steps
    while len(values) < 128:
        values += [values[-1] + step * (number + 1) for number in range(16)]
        step *= 2
    return np.array(values[:128]) * scale


ALAW_VALUES = decision_values([2 * number for number in range(33)], 4, 8)
"""0, 2, … 64, 68, … on a scale of 4096"""
ULAW_VALUES = decision_values([0, *range(1, 32, 2)], 4, 4)
"""0, 1, 3, … 31, 35, … on a scale of 8159"""


@pytest.mark.parametrize(
    ("decode", "known"),
    [
        (alaw_decode, {0xD5: 8, 0x55: -8, 0xD4: 24, 0x54: -24, 0xAA: 32256, 0x2A: -32256, 0x80: 5504, 0x00: -5504}),
        (ulaw_decode, {0xFF: 0, 0x7F: 0, 0xFE: 8, 0x7E: -8, 0x80: 32124, 0x00: -32124, 0xEF: 132, 0x6F: -132}),
    ],
)
def test_known_levels(decode: Decode, known: dict[int, int]) -> None:
    assert decode(bytes(known)).tolist() == list(known.values())


def test_silence_is_the_code_that_lines_carry() -> None:
    assert (alaw_encode(pcm(0)), ulaw_encode(pcm(0))) == (b"\xd5", b"\xff")


@pytest.mark.parametrize(
    ("encode", "values", "mask"),
    [pytest.param(alaw_encode, ALAW_VALUES, 0xD5, id="alaw"), pytest.param(ulaw_encode, ULAW_VALUES, 0xFF, id="ulaw")],
)
def test_every_value_falls_between_its_decision_values(encode: Encode, values: np.ndarray, mask: int) -> None:
    positive = np.searchsorted(values, np.arange(32768), side="right") - 1
    codes = positive ^ mask if mask == 0xD5 else mask - positive
    assert np.array_equal(np.frombuffer(encode(EVERY[32768:]), np.uint8), codes)
    negative = np.frombuffer(encode(EVERY[:32768][::-1]), np.uint8)
    assert np.array_equal(negative, codes ^ 0x80), "-1 - n has the code of n but for its sign"


@pytest.mark.parametrize(("encode", "decode"), LAWS)
def test_a_level_is_its_own_code(encode: Encode, decode: Decode) -> None:
    levels = decode(CODES)
    assert np.array_equal(decode(encode(levels)), levels)


@pytest.mark.parametrize(("encode", "decode"), LAWS)
def test_the_error_is_half_a_step(encode: Encode, decode: Decode) -> None:
    """A step is a sixteenth of the segment, at least 16 (A-law) or 8 (µ-law) of int16, at most 1024."""
    error = np.abs(decode(encode(EVERY)).astype(int) - EVERY)
    inside = np.abs(EVERY.astype(int)) < 32_000
    assert (error[inside] <= np.maximum(8, np.abs(EVERY[inside].astype(int)) / 32 + 5)).all()
    assert error.max() <= 644, "above the top level there is only clipping"


@pytest.mark.parametrize(("encode", "decode"), LAWS)
def test_louder_never_sounds_softer(encode: Encode, decode: Decode) -> None:
    assert (np.diff(decode(encode(EVERY)).astype(int)) >= 0).all()


@pytest.mark.parametrize(("encode", "decode"), LAWS)
def test_a_tone_keeps_its_38_db(encode: Encode, decode: Decode) -> None:
    tone = np.rint(10_000 * np.sin(2 * np.pi * 1020 * np.arange(8000) / 8000)).astype(np.int16)
    noise = decode(encode(tone)).astype(float) - tone
    assert 10 * np.log10(np.mean(tone.astype(float) ** 2) / np.mean(noise**2)) > 37


@pytest.mark.parametrize(("encode", "decode"), LAWS)
def test_nothing_stays_nothing(encode: Encode, decode: Decode) -> None:
    assert encode(pcm()) == b""
    assert len(decode(b"")) == 0
