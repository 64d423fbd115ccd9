"""A telephone line as arithmetic: what a voice has gone through when the other end hears it.

Order of the parts, as on a real path: microphone, loss of level, echo of the far voice, 300–3400 Hz, circuit noise,
G.711, packets that come late or not at all, and last the switch's own gap when a playback starts or stops. All of it is
stateful and frame by frame, so that any number of calls can run beside each other, and every random part draws from a
generator of its own: turning one knob leaves what the others do as it was.
"""

from __future__ import annotations

from collections import deque
from dataclasses import fields
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, Field, Strict, ValidationError
from pydantic.dataclasses import dataclass
from scipy.signal import butter, lfilter, sosfilt

from robot.errors import ConfigError
from services.audio import (
    FRAME_MS,
    Pcm,
    alaw_decode,
    alaw_encode,
    ms_to_samples,
    to_float,
    to_pcm,
    ulaw_decode,
    ulaw_encode,
)

LINE_RATE_HZ = 8000
FRAME_SAMPLES = ms_to_samples(FRAME_MS, LINE_RATE_HZ)

BAND_HZ = (300.0, 3400.0)
"""the telephone channel (ITU-T G.712)"""
_NOISE_POLE = 0.7
"""of the noise's first-order low-pass: circuit noise is louder at the low end, about 15 dB over the band"""
_LOSS_BURST_FRAMES = 2.0
"""mean length of a loss (Gilbert model): packets are lost by congestion, which outlasts one packet"""
_LATE_SLACK_MS = 10.0
"""how late a packet may come and still be there when the receiver's 20 ms tick takes it"""
_BACKLOG_FRAMES = 2
"""packets the receiver lets wait; beyond that it drops the oldest to catch up"""

_Signal = NDArray[np.float64]


@dataclass(frozen=True, slots=True, config=ConfigDict(extra="forbid", allow_inf_nan=False))
class LineModel:
    """What a line does to the sound. Construction checks the ranges and raises ``pydantic.ValidationError``."""

    codec: Literal["alaw", "ulaw", "none"] = "alaw"
    gain_db: Annotated[float, Strict(), Field(ge=-40, le=20)] = 0.0
    """change of level, both ways"""
    band_limit: Annotated[bool, Strict()] = True
    """300–3400 Hz"""
    noise_dbfs: Annotated[float, Strict(), Field(ge=-90, le=-20)] | None = -65.0
    """level of the circuit noise at the receiver; none: a digital line"""
    loss_pct: Annotated[float, Strict(), Field(ge=0, le=100)] = 0.0
    """share of the 20 ms packets that never arrive, in bursts; they are heard as silence"""
    jitter_ms: Annotated[float, Strict(), Field(ge=0, le=500)] = 0.0
    """interarrival jitter as RTCP reports it (RFC 3550): mean difference in delay of two packets"""
    echo_db: Annotated[float, Strict(), Field(ge=-60, le=0)] | None = None
    """level of the robot's own voice in what the switch receives, against what it played; none: no echo"""
    echo_delay_ms: Annotated[float, Strict(), Field(ge=0, le=1000)] = 120.0
    playback_edge_drop_ms: Annotated[float, Strict(), Field(ge=0, le=500)] = 40.0
    """FreeSWITCH loses about this much of the incoming sound when a playback starts or stops"""

    def describe(self) -> str:
        """The line in one line of text, for reports."""
        parts = [
            {"alaw": "A-law", "ulaw": "µ-law", "none": "no codec"}[self.codec],
            "300–3400 Hz" if self.band_limit else "full band",
            "no noise" if self.noise_dbfs is None else f"noise {self.noise_dbfs:g} dBFS",
        ]
        if self.gain_db:
            parts.append(f"gain {self.gain_db:+g} dB")
        if self.loss_pct:
            parts.append(f"loss {self.loss_pct:g} %")
        if self.jitter_ms:
            parts.append(f"jitter {self.jitter_ms:g} ms")
        if self.echo_db is not None:
            parts.append(f"echo {self.echo_db:g} dB after {self.echo_delay_ms:g} ms")
        if self.playback_edge_drop_ms:
            parts.append(f"{self.playback_edge_drop_ms:g} ms dropped at playback edges")
        return ", ".join(parts)


class _Packets:
    """The network under one direction: which frame the receiver gets at each of its ticks, or none.

    A lost or late packet is heard as silence, not as a repetition of the last one: a switch without a jitter buffer
    hands 20 ms of silence to whoever listens when its tick finds no packet. Late packets then arrive together; the
    receiver plays them one per tick, which adds delay, until more than two wait and it drops the oldest: a gap first,
    a jump later.
    """

    def __init__(
        self, model: LineModel, loss_seed: np.random.SeedSequence, jitter_seed: np.random.SeedSequence
    ) -> None:
        self._loss_random, self._jitter_random = np.random.default_rng(loss_seed), np.random.default_rng(jitter_seed)
        loss = model.loss_pct / 100
        burst = max(_LOSS_BURST_FRAMES, loss / (1 - loss)) if loss < 1 else np.inf
        self._stays_lost = 1 - 1 / burst
        self._becomes_lost = min(1.0, loss / ((1 - loss) * burst)) if loss < 1 else 1.0
        self._losing = False
        self._jitter_ms = model.jitter_ms
        self._now_ms = self._last_arrival_ms = 0.0
        self._under_way: deque[tuple[float, Pcm | None]] = deque()  # as long as the longest delay, 10 × jitter_ms

    def pass_on(self, frame: Pcm) -> Pcm:
        """One packet sent, one tick of the receiver."""
        sent = None if self._is_lost() else frame
        received = sent if self._jitter_ms == 0 else self._delay(sent)
        return np.zeros(len(frame), np.int16) if received is None else received

    def _is_lost(self) -> bool:
        self._losing = self._loss_random.random() < (self._stays_lost if self._losing else self._becomes_lost)
        return self._losing

    def _delay(self, sent: Pcm | None) -> Pcm | None:
        delay_ms = min(self._jitter_random.exponential(self._jitter_ms), 10 * self._jitter_ms)
        self._last_arrival_ms = max(self._last_arrival_ms, self._now_ms + delay_ms)
        self._under_way.append((self._last_arrival_ms, sent))
        tick_ms = self._now_ms + _LATE_SLACK_MS
        self._now_ms += FRAME_MS
        waiting = sum(arrival_ms <= tick_ms for arrival_ms, _ in self._under_way)
        for _ in range(waiting - 1 - _BACKLOG_FRAMES):
            self._under_way.popleft()
        return self._under_way.popleft()[1] if waiting else None


class _Direction:
    """One way through the line, from a mouth to an ear."""

    def __init__(self, model: LineModel, seed: np.random.SeedSequence) -> None:
        noise_seed, loss_seed, jitter_seed = seed.spawn(3)
        self._model = model
        self._gain = 10 ** (model.gain_db / 20)
        self._band = butter(4, BAND_HZ, "bandpass", fs=LINE_RATE_HZ, output="sos")
        self._band_state: _Signal = np.zeros((len(self._band), 2))
        self._noise_random = np.random.default_rng(noise_seed)
        self._noise_state: _Signal = np.zeros(1)
        self._packets = _Packets(model, loss_seed, jitter_seed)

    def push(self, voice: _Signal, echo: _Signal | None = None) -> Pcm:
        """float64[n] at the mouth (and the echo at the receiver's level) → int16[n] at the ear."""
        signal = voice * self._gain
        if echo is not None:
            signal = signal + echo
        if self._model.band_limit:
            signal, self._band_state = sosfilt(self._band, signal, zi=self._band_state)
        if self._model.noise_dbfs is not None:
            signal = signal + self._noise(len(signal), self._model.noise_dbfs)
        return self._packets.pass_on(_through_codec(to_pcm(signal), self._model.codec))

    def _noise(self, samples: int, level_dbfs: float) -> _Signal:
        white = self._noise_random.standard_normal(samples) * np.sqrt(1 - _NOISE_POLE**2)
        shaped, self._noise_state = lfilter([1.0], [1.0, -_NOISE_POLE], white, zi=self._noise_state)
        return np.asarray(shaped * 10 ** (level_dbfs / 20), np.float64)


def _through_codec(pcm: Pcm, codec: Literal["alaw", "ulaw", "none"]) -> Pcm:
    match codec:
        case "alaw":
            return alaw_decode(alaw_encode(pcm))
        case "ulaw":
            return ulaw_decode(ulaw_encode(pcm))
        case "none":
            return pcm


class Line:
    """One call's line, both ways, at 8 kHz in frames of 160 samples. The same seed gives the same line."""

    def __init__(self, model: LineModel, seed: int) -> None:
        self.model = model
        up, down = np.random.SeedSequence(seed).spawn(2)
        self._up, self._down = _Direction(model, up), _Direction(model, down)
        self._echo_tail: _Signal = np.zeros(ms_to_samples(model.echo_delay_ms, LINE_RATE_HZ))
        self._drop_samples = 0

    def uplink(self, spoken: Pcm, played: Pcm) -> Pcm:
        """What the switch receives: int16[160] at the callee's mouth, and the int16[160] that the switch plays in the
        same 20 ms (zeros when nothing plays) → int16[160]."""
        echo = None
        if self.model.echo_db is not None:
            tail = np.concatenate([self._echo_tail, to_float(played) * 10 ** (self.model.echo_db / 20)])
            echo, self._echo_tail = tail[: len(played)], tail[len(played) :]
        received = self._up.push(to_float(spoken).astype(np.float64), echo)
        dropped = min(self._drop_samples, len(received))
        if dropped:
            self._drop_samples -= dropped
            received = received.copy()
            received[:dropped] = 0
        return received

    def downlink(self, played: Pcm) -> Pcm:
        """What the callee hears of one frame that the switch plays: int16[160] → int16[160]."""
        return self._down.push(to_float(played).astype(np.float64))

    def playback_edge(self) -> None:
        """A playback starts or stops: the next ``playback_edge_drop_ms`` of the uplink are silence."""
        self._drop_samples = ms_to_samples(self.model.playback_edge_drop_ms, LINE_RATE_HZ)

    def describe(self) -> str:
        return self.model.describe()


_SHORT = {
    field.name.rsplit("_", 1)[0]: field.name for field in fields(LineModel) if field.name.endswith(("_db", "_ms"))
}
_SHORT |= {"noise": "noise_dbfs", "loss": "loss_pct", "codec": "codec", "band_limit": "band_limit"}
_WORDS: dict[str, object] = {
    "none": None,
    "yes": True,
    "true": True,
    "on": True,
    "no": False,
    "false": False,
    "off": False,
}


def parse_line(text: str) -> LineModel:
    """``alaw,noise=-50,loss=1,echo=-20`` → a line. Keys are the fields' names, with or without the unit.

    An empty text is the default line. Raises ``ConfigError`` with the keys and ranges that exist.
    """
    given: dict[str, object] = {}
    for part in (part.strip() for part in text.split(",") if part.strip()):
        key, equals, value = (piece.strip() for piece in part.partition("="))
        name = (_SHORT.get(key) or (key if key in _SHORT.values() else None)) if equals else "codec"
        if name is None:
            raise ConfigError(f"line {text!r}: unknown key {key!r}; the keys are {', '.join(_SHORT)}")
        if name in given:
            raise ConfigError(f"line {text!r}: {name} is given twice")
        given[name] = (value if equals else key) if name == "codec" else _value(text, name, value)
    try:
        return LineModel(**given)  # type: ignore[arg-type]  # pydantic checks each value
    except ValidationError as error:
        first = error.errors()[0]
        raise ConfigError(f"line {text!r}: {first['loc'][0]}: {first['msg']}, not {first['input']!r}") from None


def _value(text: str, name: str, value: str) -> object:
    if value.lower() in _WORDS:
        return _WORDS[value.lower()]
    try:
        return float(value)
    except ValueError:
        raise ConfigError(f"line {text!r}: {name} needs a number, not {value!r}") from None
