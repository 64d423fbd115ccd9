"""The line model: each knob measured on its own, and that none moves another's randomness."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from pydantic import ValidationError

from robot.errors import ConfigError
from robot.lab.channel import FRAME_SAMPLES, Line, LineModel, parse_line
from services.audio import Pcm, level_dbfs

RATE_HZ = 8000
BARE = LineModel(codec="none", band_limit=False, noise_dbfs=None)


def changed(**knobs: object) -> LineModel:
    """A line that does nothing but this."""
    return dataclasses.replace(BARE, **knobs)  # type: ignore[arg-type]  # the model checks them


def sine(hz: float, seconds: float = 4.0, peak: int = 8000) -> Pcm:
    wave: Pcm = np.rint(peak * np.sin(2 * np.pi * hz * np.arange(int(seconds * RATE_HZ)) / RATE_HZ)).astype(np.int16)
    return wave


def silence(frames: int) -> Pcm:
    return np.zeros(frames * FRAME_SAMPLES, np.int16)


def numbered(frames: int) -> Pcm:
    """Frame n is 160 samples of value n, from 1: silence and order can be told from the outcome."""
    return np.repeat(np.arange(1, frames + 1, dtype=np.int16), FRAME_SAMPLES)


def uplink(model: LineModel, spoken: Pcm, played: Pcm | None = None, seed: int = 1) -> Pcm:
    line = Line(model, seed)
    far = silence(len(spoken) // FRAME_SAMPLES) if played is None else played
    cuts = range(0, len(spoken), FRAME_SAMPLES)
    return np.concatenate([line.uplink(spoken[i : i + FRAME_SAMPLES], far[i : i + FRAME_SAMPLES]) for i in cuts])


def downlink(model: LineModel, played: Pcm, seed: int = 1) -> Pcm:
    line = Line(model, seed)
    return np.concatenate([line.downlink(played[i : i + FRAME_SAMPLES]) for i in range(0, len(played), FRAME_SAMPLES)])


def frames(pcm: Pcm) -> Pcm:
    return pcm.reshape(-1, FRAME_SAMPLES)


def test_a_bare_line_changes_nothing() -> None:
    voice = sine(440)
    assert np.array_equal(uplink(BARE, voice), voice)
    assert np.array_equal(downlink(BARE, voice), voice)


def test_frames_are_160_samples_of_int16() -> None:
    received = Line(LineModel(loss_pct=50, jitter_ms=30, echo_db=-20), 1).uplink(silence(1), silence(1))
    assert received.shape == (FRAME_SAMPLES,)
    assert received.dtype == np.int16


def test_the_same_seed_gives_the_same_line_and_another_seed_another() -> None:
    model, voice = LineModel(loss_pct=5, jitter_ms=20, echo_db=-20), sine(500)
    assert np.array_equal(uplink(model, voice, seed=7), uplink(model, voice, seed=7))
    assert np.array_equal(downlink(model, voice, seed=7), downlink(model, voice, seed=7))
    assert not np.array_equal(uplink(model, voice, seed=7), uplink(model, voice, seed=8))


def test_both_ways_have_their_own_noise() -> None:
    quiet = silence(50)
    assert not np.array_equal(uplink(changed(noise_dbfs=-50), quiet), downlink(changed(noise_dbfs=-50), quiet))


@pytest.mark.parametrize("gain_db", [-12.0, 6.0])
def test_gain(gain_db: float) -> None:
    voice = sine(1000)
    assert level_dbfs(uplink(changed(gain_db=gain_db), voice)) - level_dbfs(voice) == pytest.approx(gain_db, abs=0.05)


@pytest.mark.parametrize("noise_dbfs", [-30, -50, -65])
def test_noise_has_the_level_asked_for(noise_dbfs: int) -> None:
    assert level_dbfs(uplink(changed(noise_dbfs=noise_dbfs), silence(500))) == pytest.approx(noise_dbfs, abs=0.3)


def test_noise_is_shaped_and_not_from_one_frame_only() -> None:
    noise = uplink(changed(noise_dbfs=-40), silence(500)).astype(float)
    spectrum = np.abs(np.fft.rfft(noise.reshape(-1, 800))) ** 2
    low, high = spectrum[:, 30:100].mean(), spectrum[:, 300:370].mean()
    assert 10 * np.log10(low / high) > 8


@pytest.mark.parametrize(("hz", "least_db", "most_db"), [(100, -200, -30), (1000, -0.1, 0.1), (3900, -200, -30)])
def test_the_band_is_300_to_3400(hz: float, least_db: float, most_db: float) -> None:
    voice = sine(hz)
    passed = uplink(changed(band_limit=True), voice)[RATE_HZ // 2 :]
    assert least_db <= level_dbfs(passed) - level_dbfs(voice) <= most_db


def test_the_band_filter_has_no_seams() -> None:
    passed = uplink(changed(band_limit=True), sine(1000))[RATE_HZ // 2 :].astype(float)
    spectrum = np.abs(np.fft.rfft(passed * np.hanning(len(passed)))) ** 2
    carrier = round(1000 * len(passed) / RATE_HZ)
    assert spectrum[carrier - 3 : carrier + 4].sum() / spectrum.sum() > 0.99999


@pytest.mark.parametrize("codec", ["alaw", "ulaw"])
def test_g711_has_its_signal_to_noise_ratio(codec: str) -> None:
    voice = sine(1020)
    error = uplink(changed(codec=codec), voice) - voice
    assert 36 < level_dbfs(voice) - level_dbfs(error) < 41  # about 38 dB, ITU-T G.711


@pytest.mark.parametrize("loss_pct", [1.0, 5.0, 20.0, 90.0])
def test_loss_has_its_rate_and_comes_in_bursts(loss_pct: float) -> None:
    received = frames(uplink(changed(loss_pct=loss_pct), numbered(30_000)))
    lost = (received == 0).all(axis=1)
    bursts = np.count_nonzero(np.diff(np.concatenate([[0], lost.astype(int)])) == 1)
    assert lost.mean() * 100 == pytest.approx(loss_pct, rel=0.15)
    assert lost.sum() / bursts == pytest.approx(max(2.0, loss_pct / (100 - loss_pct)), rel=0.15)
    assert np.array_equal(received[~lost], frames(numbered(30_000))[~lost])


@pytest.mark.parametrize(("loss_pct", "lost"), [(0.0, 0), (100.0, 100)])
def test_all_or_nothing_lost(loss_pct: float, lost: int) -> None:
    assert (frames(uplink(changed(loss_pct=loss_pct), numbered(100))) == 0).all(axis=1).sum() == lost


def test_jitter_makes_gaps_and_catches_up_without_reordering() -> None:
    received = frames(uplink(changed(jitter_ms=30.0), numbered(5000)))[:, 0]
    played = received[received > 0].astype(int)
    behind = np.flatnonzero(received > 0) + 1 - played
    assert (np.diff(played) > 0).all()
    assert 0.05 < (received == 0).mean() < 0.4
    assert len(played) < 5000
    assert behind.min() >= 0
    assert 1 <= behind.mean() < 5


def test_little_jitter_settles_into_a_little_delay() -> None:
    received = frames(uplink(changed(jitter_ms=3.0), numbered(5000)))[:, 0]
    assert (received[1000:] == 0).mean() < 0.002


def test_echo_has_its_delay_and_level() -> None:
    far = np.random.default_rng(0).normal(0, 3000, 4 * RATE_HZ).clip(-32768, 32767).astype(np.int16)
    heard = uplink(changed(echo_db=-20.0, echo_delay_ms=135.0, gain_db=-6.0), silence(200), far).astype(float)
    lags = range(900, 1300)
    agreement = [float(heard[2000:] @ far[2000 - lag : len(far) - lag].astype(float)) for lag in lags]
    assert lags[int(np.argmax(agreement))] == 135 * 8
    assert level_dbfs(heard[1080:].astype(np.int16)) - level_dbfs(far) == pytest.approx(-20, abs=0.1)


def test_the_callee_does_not_hear_the_echo() -> None:
    voice = sine(700)
    assert np.array_equal(downlink(changed(echo_db=-10.0), voice), voice)


def test_a_playback_edge_drops_40_ms_and_no_more() -> None:
    line = Line(BARE, 1)
    frame = np.full(FRAME_SAMPLES, 1000, np.int16)

    def heard(count: int) -> list[bool]:
        return [bool(line.uplink(frame, silence(1)).any()) for _ in range(count)]

    assert heard(2) == [True, True]
    line.playback_edge()
    assert heard(4) == [False, False, True, True]
    line.playback_edge()
    line.playback_edge()
    assert heard(3) == [False, False, True]
    assert (frame == 1000).all()


def test_an_edge_of_half_a_frame() -> None:
    line = Line(changed(playback_edge_drop_ms=30), 1)
    line.playback_edge()
    received = np.concatenate([line.uplink(np.full(FRAME_SAMPLES, 9, np.int16), silence(1)) for _ in range(3)])
    assert np.array_equal(received == 0, np.arange(480) < 240)


def test_knobs_do_not_move_each_others_randomness() -> None:
    quiet, voice = silence(300), numbered(300)
    lossy = frames(uplink(changed(loss_pct=20.0), voice)) == 0
    lossy_and_noisy = frames(uplink(changed(loss_pct=20.0, noise_dbfs=-50, gain_db=-1.0), voice)) == 0
    assert np.array_equal(lossy.all(axis=1), lossy_and_noisy.all(axis=1))
    noise = frames(uplink(changed(noise_dbfs=-50), quiet))
    both = frames(uplink(changed(noise_dbfs=-50, loss_pct=20.0), quiet))
    kept = both.any(axis=1)
    assert np.array_equal(noise[kept], both[kept])


@pytest.mark.parametrize(
    "knobs",
    [
        {"loss_pct": -1.0},
        {"loss_pct": 101.0},
        {"noise_dbfs": 3.0},
        {"codec": "opus"},
        {"gain_db": float("nan")},
        {"echo_delay_ms": -1.0},
        {"jitter_ms": True},
        {"band_limit": "yes"},
        {"volume": 1},
    ],
)
def test_values_are_checked(knobs: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match=next(iter(knobs))):
        LineModel(**knobs)  # type: ignore[arg-type]


def test_parse_line() -> None:
    assert parse_line("") == LineModel()
    assert parse_line("ulaw, noise=-50,loss=1, gain=-6,echo=-20,echo_delay=80") == LineModel(
        codec="ulaw", noise_dbfs=-50, loss_pct=1, gain_db=-6, echo_db=-20, echo_delay_ms=80
    )
    assert parse_line("noise_dbfs=none,band_limit=no,codec=none,jitter_ms=5,playback_edge_drop=0") == LineModel(
        noise_dbfs=None, band_limit=False, codec="none", jitter_ms=5, playback_edge_drop_ms=0
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("gsm", r"codec: .*'alaw', 'ulaw' or 'none', not 'gsm'"),
        ("hum=3", r"unknown key 'hum'; the keys are .*jitter.*loss"),
        ("loss=lots", r"loss_pct needs a number, not 'lots'"),
        ("loss=200", r"loss_pct: .*100, not 200"),
        ("loss=1,loss_pct=2", r"loss_pct is given twice"),
        ("alaw,ulaw", r"codec is given twice"),
        ("gain=none", r"gain_db"),
        ("echo=nan", r"echo_db: .*finite"),
        ("=3", r"unknown key ''"),
    ],
)
def test_parse_line_says_what_is_wrong(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse_line(text)


def test_describe_names_what_is_not_ideal() -> None:
    assert LineModel().describe() == "A-law, 300–3400 Hz, noise -65 dBFS, 40 ms dropped at playback edges"
    text = Line(
        LineModel(codec="ulaw", noise_dbfs=None, gain_db=-6, loss_pct=1.5, jitter_ms=20, echo_db=-20), 1
    ).describe()
    assert text == (
        "µ-law, 300–3400 Hz, no noise, gain -6 dB, loss 1.5 %, jitter 20 ms, echo -20 dB after 120 ms, "
        "40 ms dropped at playback edges"
    )
