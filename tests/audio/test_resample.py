"""Sample-rate conversion: any chunking, the tone, the delay."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.audio import Pcm, Resampler, resample, to_pcm

PAIRS = [
    (8000, 16_000),
    (16_000, 8000),
    (24_000, 16_000),
    (24_000, 8000),
    (22_050, 8000),
    (44_100, 16_000),
    (8000, 24_000),
]


def tone(hz: float, rate_hz: int, ms: int = 500, peak: int = 10_000) -> Pcm:
    return to_pcm(peak / 32768 * np.sin(2 * np.pi * hz * np.arange(rate_hz * ms // 1000) / rate_hz))


def gain_db(found: Pcm, wanted: Pcm) -> float:
    power = [np.mean(pcm.astype(float) ** 2) for pcm in (found, wanted)]
    return float(10 * np.log10(power[0] / power[1]))


@given(st.sampled_from(PAIRS), st.integers(0, 3000), st.lists(st.integers(0, 3000), max_size=30))
def test_any_chunking_gives_the_same_samples(pair: tuple[int, int], length: int, cuts: list[int]) -> None:
    pcm = np.random.default_rng(length).integers(-32768, 32767, length, dtype=np.int16)
    whole = Resampler(*pair).push(pcm)
    resampler = Resampler(*pair)
    pieces = [resampler.push(piece) for piece in np.split(pcm, sorted(cut for cut in cuts if cut <= length))]
    assert np.array_equal(np.concatenate(pieces), whole)
    assert len(whole) == -(-length * pair[1] // pair[0])


@pytest.mark.parametrize(("from_hz", "to_hz"), PAIRS)
@pytest.mark.parametrize("hz", [50, 300, 1000, 3000])
def test_a_tone_comes_out_as_it_went_in_after_the_delay(from_hz: int, to_hz: int, hz: int) -> None:
    resampler = Resampler(from_hz, to_hz)
    found = resampler.push(tone(hz, from_hz))
    delay = resampler.delay_samples
    wanted = tone(hz, to_hz)[: len(found) - delay]
    middle = slice(200, -200)
    error = found[delay:][middle].astype(float) - wanted[middle]
    assert gain_db(found[delay:][middle], wanted[middle]) == pytest.approx(0, abs=0.1)
    assert np.sqrt(np.mean(error**2)) < 100, "40 dB below the tone, its phase included"


@pytest.mark.parametrize(("from_hz", "to_hz"), PAIRS)
def test_the_delay_is_two_milliseconds_of_the_slower_side(from_hz: int, to_hz: int) -> None:
    assert Resampler(from_hz, to_hz).delay_samples * 1000 / to_hz == pytest.approx(
        16_000 / min(from_hz, to_hz), abs=0.1
    )


@pytest.mark.parametrize(("from_hz", "hz"), [(16_000, 5000), (24_000, 6000), (44_100, 9000)])
def test_what_the_slower_side_cannot_carry_is_gone(from_hz: int, hz: int) -> None:
    loud = tone(hz, from_hz)
    for out in (Resampler(from_hz, 8000).push(loud), resample(loud, from_hz, 8000)):
        assert np.abs(out[200:-200]).max() < 50, "46 dB down"


@pytest.mark.parametrize(("from_hz", "to_hz"), PAIRS)
def test_a_whole_signal_has_no_delay(from_hz: int, to_hz: int) -> None:
    found, wanted = resample(tone(1000, from_hz), from_hz, to_hz), tone(1000, to_hz)
    assert len(found) == -(-len(tone(1000, from_hz)) * to_hz // from_hz)
    shortest = min(len(found), len(wanted))
    assert np.abs(found[200 : shortest - 200].astype(int) - wanted[200 : shortest - 200]).max() < 150


@pytest.mark.parametrize("value", [32767, -32768])
def test_full_scale_is_clipped_and_never_wraps(value: int) -> None:
    square = np.where(np.arange(2000) % 40 < 20, value, -value - 1).astype(np.int16)
    out = np.abs(Resampler(8000, 16_000).push(square).astype(int))
    assert out[100:].max() >= 32767
    flat = np.full(2000, value, np.int16)
    assert np.abs(Resampler(8000, 16_000).push(flat)[200:].astype(int) - value).max() < 40


def test_the_same_rate_is_left_alone() -> None:
    pcm = tone(440, 8000)
    assert Resampler(8000, 8000).push(pcm) is pcm
    assert Resampler(8000, 8000).delay_samples == 0
    assert resample(pcm, 8000, 8000) is pcm
