"""A call on one picture: both sides' sound, who said what, the verdict, the waits and the interruptions.

Drawn with matplotlib's objects on an Agg canvas of its own: no pyplot, hence no global figure list and no display. The
font and text caches behind it are shared, so one picture is drawn at a time. The same record gives the same bytes.
"""

from __future__ import annotations

import io
import re
import textwrap
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from robot.call.record import BargeInEntry, CallRecord, TurnEntry
from robot.call.tape import LineAudio
from services.audio import Pcm

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HEIGHT_PX, MIN_WIDTH_PX, MAX_WIDTH_PX = 600, 1600, 16_000
PX_PER_S = 23.3
"""a minute fills the smallest picture"""
_DPI = 100
_LEFT_PX, _RIGHT_PX, _TOP_PX, _BOTTOM_PX = 70, 20, 58, 42
_CHAR_PX = 6.8
"""mean width of a character at the size of the texts"""
_TEXT_LINES = 7

CALLER, ROBOT, VERDICT, WAIT, CUT, INK, FAINT = (
    "#2b6cb0",
    "#c05621",
    "#6b46c1",
    "#2f855a",
    "#c53030",
    "#2d3748",
    "#a0aec0",
)

_EVENTS_Y, _CALLER_TEXT_Y, _CALLER_Y, _WAIT_Y, _CUT_Y, _ROBOT_Y, _ROBOT_TEXT_Y = (
    (97, 93.5, 90),
    70,
    59,
    45,
    41,
    28.5,
    17,
)
_HALF_WAVE = 9.0
"""lanes, from the top: events in three rows, the caller's words, caller, waits and cuts, robot, its words; 0 to 100"""
_MARGIN_PX = 110
"""after the end, for the last words"""

_one_at_a_time = threading.Lock()


def draw_timeline(record: CallRecord, line: LineAudio, path: Path) -> None:
    """Draws ``path`` (PNG, 600 pixels high, 1600 wide for a minute and in proportion beyond). Blocks.

    Safe from any thread. Raises ``OSError`` when the file cannot be written.
    """
    with _one_at_a_time:
        png = _png(record, line)
    path.write_bytes(png)


def _png(record: CallRecord, line: LineAudio) -> bytes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    start_s, last_s = min(0.0, line.start_ms / 1000), max(1.0, line.end_ms / 1000, record.talk_ms / 1000)
    margins = _LEFT_PX + _RIGHT_PX
    width = int(np.clip(margins + _MARGIN_PX + PX_PER_S * (last_s - start_s), MIN_WIDTH_PX, MAX_WIDTH_PX))
    px_per_s = (width - margins - _MARGIN_PX) / (last_s - start_s)
    end_s = last_s + _MARGIN_PX / px_per_s
    figure = Figure(figsize=(width / _DPI, HEIGHT_PX / _DPI), dpi=_DPI, facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.add_axes(
        (
            _LEFT_PX / width,
            _BOTTOM_PX / HEIGHT_PX,
            1 - margins / width,
            1 - (_BOTTOM_PX + _TOP_PX) / HEIGHT_PX,
        )
    )
    axes.set_xlim(start_s, end_s)
    axes.set_ylim(0, 100)
    sheet = _Sheet(axes, start_s, end_s, px_per_s)
    sheet.frame(record)
    sheet.waves(line)
    sheet.turns(record.turns)
    sheet.cuts(record.barge_ins)
    sheet.events(record)
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=_DPI, metadata={"Software": None})
    return out.getvalue()


@dataclass(frozen=True, slots=True)
class _Sheet:
    """The drawing area: seconds across, lanes from 0 to 100 upwards."""

    axes: Axes
    start_s: float
    end_s: float
    px_per_s: float

    def frame(self, record: CallRecord) -> None:
        """Title, axis and the names of the lanes."""
        who = f"{record.scenario} ({record.language})   {record.direction} {record.target}"
        when = f"{record.started_at:%Y-%m-%d %H:%M:%S}   {record.talk_ms / 1000:.1f} s   {record.call_id}"
        self._title(0, 1.065, who, "left", 12, INK, bold=True)
        self._title(0, 1.02, when, "left", 8.5, FAINT)
        self._title(1, 1.065, _printable(record.disposition), "right", 12, INK, bold=True)
        self._title(1, 1.02, _ending(record), "right", 8.5, FAINT)
        axes = self.axes
        for name in ("left", "right", "top"):
            axes.spines[name].set_visible(False)
        axes.spines["bottom"].set_color(FAINT)
        axes.set_yticks([])
        step = 1 if self.px_per_s >= 60 else 5 if self.px_per_s >= 12 else 30
        axes.set_xticks(np.arange(np.ceil(self.start_s / step) * step, self.end_s, step))
        axes.tick_params(axis="x", colors=INK, labelsize=9, length=3)
        axes.xaxis.set_major_formatter(lambda value, _: f"{value + 0:g} s")
        axes.grid(axis="x", color="#edf2f7", linewidth=0.8)
        axes.set_axisbelow(True)
        axes.set_xlabel("seconds from the answer", fontsize=8.5, color=FAINT, labelpad=2)
        for y, name, colour in ((_CALLER_Y, "caller", CALLER), (_ROBOT_Y, "robot", ROBOT)):
            axes.text(
                -8 / (self.px_per_s * (self.end_s - self.start_s)), y / 100, name, transform=axes.transAxes,
                ha="right", va="center", fontsize=10, color=colour, weight="bold",
            )  # fmt: skip

    def waves(self, line: LineAudio) -> None:
        """Both sides as mirrored envelopes, one step per pixel."""
        columns = max(1, round(len(line.stereo) / line.rate_hz * self.px_per_s))
        for pcm, y, colour in ((line.caller, _CALLER_Y, CALLER), (line.robot, _ROBOT_Y, ROBOT)):
            self.axes.axhline(y, color=colour, linewidth=0.6, alpha=0.5)
            if not len(pcm):
                continue
            envelope = _HALF_WAVE * _envelope(pcm, columns)
            at = line.start_ms / 1000 + (np.arange(len(envelope)) + 0.5) * len(pcm) / line.rate_hz / len(envelope)
            self.axes.fill_between(at, y - envelope, y + envelope, color=colour, linewidth=0, alpha=0.85)

    def turns(self, turns: Sequence[TurnEntry]) -> None:
        """Spans and words of both sides, and how long the robot let the caller wait."""
        said = [(t.caller_start_ms, t.caller_end_ms, t.caller_text) for t in turns]
        played = [(t.robot_start_ms, t.robot_end_ms, _heard(t)) for t in turns]
        self._speech(said, _CALLER_Y, _CALLER_TEXT_Y, "bottom", CALLER)
        self._speech(played, _ROBOT_Y, _ROBOT_TEXT_Y, "top", ROBOT)
        for turn in turns:
            if turn.response_ms is not None and turn.robot_start_ms is not None:
                end_s = turn.robot_start_ms / 1000
                start_s = end_s - turn.response_ms / 1000
                self._bracket(start_s, end_s, _WAIT_Y, WAIT, both=True)
                self._label((start_s + end_s) / 2, _WAIT_Y + 1, f"{turn.response_ms:.0f} ms", WAIT, "center", "bottom")

    def cuts(self, barge_ins: Sequence[BargeInEntry]) -> None:
        """Barge-ins: from the caller's onset to the robot's last sound."""
        for barge_in in barge_ins:
            onset_s = barge_in.onset_ms / 1000
            self.axes.plot([onset_s, onset_s], [_CUT_Y, _CALLER_Y + _HALF_WAVE], color=CUT, linewidth=1.1, ls=":")
            if barge_in.silent_ms is None:
                self._label(onset_s, _CUT_Y, "barge-in, not stopped", CUT, "left", "center")
                continue
            silent_s = barge_in.silent_ms / 1000
            self.axes.plot([silent_s, silent_s], [_ROBOT_Y - _HALF_WAVE, _CUT_Y], color=CUT, linewidth=1.1, ls=":")
            self._bracket(onset_s, silent_s, _CUT_Y, CUT, both=False)
            text = f"barge-in {barge_in.silent_ms - barge_in.onset_ms:.0f} ms"
            self._label(silent_s + 5 / self.px_per_s, _CUT_Y, text, CUT, "left", "center")

    def events(self, record: CallRecord) -> None:
        """The verdict and its window, what happened at one moment, and the end."""
        if record.amd is not None:
            self.axes.axvspan(0, record.amd.decided_at_ms / 1000, color=VERDICT, alpha=0.07, linewidth=0)
        marks = sorted(_marks(record))
        row_ends = [self.start_s] * len(_EVENTS_Y)
        for at_s, text, colour in marks:
            row = next((i for i, end in enumerate(row_ends) if end <= at_s), len(row_ends) - 1)
            row_ends[row] = at_s + (len(text) * _CHAR_PX + 10) / self.px_per_s
            self.axes.plot(
                [at_s, at_s],
                [(_ROBOT_Y if colour == INK else _CALLER_Y) - _HALF_WAVE, 100],
                color=colour,
                linewidth=1,
                alpha=0.6,
            )
            self._label(at_s + 4 / self.px_per_s, _EVENTS_Y[row], _printable(text), colour, "left", "center")

    def _speech(
        self,
        parts: Sequence[tuple[float | None, float | None, str]],
        y: float,
        text_y: float,
        anchor: str,
        colour: str,
    ) -> None:
        known = sorted((a / 1000, b / 1000, text) for a, b, text in parts if a is not None and b is not None)
        for index, (start_s, end_s, text) in enumerate(known):
            self.axes.fill_between(
                [start_s, end_s], y - _HALF_WAVE - 1, y + _HALF_WAVE + 1, color=colour, alpha=0.13, lw=0
            )
            next_s = known[index + 1][0] if index + 1 < len(known) else self.end_s
            room = int(((next_s - start_s) * self.px_per_s - 6) / _CHAR_PX)
            words = _wrapped(text, min(room, 44))
            self._label(start_s, text_y, words, colour, "left", anchor)

    def _title(self, x: float, y: float, text: str, side: str, size: float, colour: str, *, bold: bool = False) -> None:
        self.axes.text(
            x, y, _printable(text), transform=self.axes.transAxes, ha=side, va="bottom", fontsize=size, color=colour,
            weight="bold" if bold else "normal", parse_math=False,
        )  # fmt: skip

    def _label(self, at_s: float, y: float, text: str, colour: str, side: str, anchor: str) -> None:
        self.axes.text(
            at_s, y, text, ha=side, va=anchor, fontsize=8.5, color=colour, parse_math=False, linespacing=1.15
        )

    def _bracket(self, start_s: float, end_s: float, y: float, colour: str, *, both: bool) -> None:
        style = "|-|,widthA=0.25,widthB=0.25" if both else "-|>,head_width=0.2,head_length=0.4"
        self.axes.annotate(
            "", xy=(end_s, y), xytext=(start_s, y),
            arrowprops={"arrowstyle": style, "color": colour, "lw": 1.3, "shrinkA": 0, "shrinkB": 0},
        )  # fmt: skip


def _marks(record: CallRecord) -> Iterator[tuple[float, str, str]]:
    """Second, text and colour of what happened at one moment."""
    if (amd := record.amd) is not None:
        yield amd.decided_at_ms / 1000, f"AMD {amd.verdict} {amd.decided_at_ms / 1000:.2f} s", VERDICT
        for revision in amd.revisions:
            yield revision.at_ms / 1000, f"AMD → {revision.verdict}", VERDICT
    if (mail := record.voicemail) is not None:
        if mail.beep_at_ms is not None:
            tone = f" {mail.beep_hz:.0f} Hz" if mail.beep_hz is not None else ""
            yield mail.beep_at_ms / 1000, f"beep{tone}", VERDICT
        if mail.message_start_ms is not None:
            yield mail.message_start_ms / 1000, "message", ROBOT
    for key in record.dtmf:
        yield key.at_ms / 1000, f"key {key.digit}", CALLER
    if record.hangup is not None and record.answered_at is not None:
        yield record.talk_ms / 1000, f"end, by {record.hangup.by}", INK


def _ending(record: CallRecord) -> str:
    if record.hangup is None:
        return "interrupted" if record.interrupted else ""
    code = f" ({record.hangup.sip})" if record.hangup.sip else ""
    return f"{record.hangup.cause}{code}"


def _heard(turn: TurnEntry) -> str:
    return f"{turn.heard_text} […]" if turn.interrupted else turn.heard_text or turn.robot_text


def _envelope(pcm: Pcm, columns: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Peak of each column, 0 to 1 of the loudest, the quiet parts raised so that they can be seen."""
    edges = np.linspace(0, len(pcm), min(columns, len(pcm)) + 1).astype(int)
    peaks = np.maximum.reduceat(np.abs(pcm.astype(np.int32)), edges[:-1]).astype(np.float64)
    return (peaks / max(1000.0, float(peaks.max()))) ** 0.7


def _wrapped(text: str, room: int) -> str:
    """At most seven lines of ``room`` characters; nothing where there is no room for a word."""
    if room < 4:
        return ""
    return "\n".join(textwrap.wrap(_printable(text), room, max_lines=_TEXT_LINES, placeholder=" …"))


def _printable(text: str) -> str:
    """The bundled font has Latin, and a glyph that it lacks would be a warning in the middle of a call."""
    return re.sub(r"[^\x20-\u024f‐-‧→€…]", "·", text.replace("\n", " "))
