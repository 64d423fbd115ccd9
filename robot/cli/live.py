"""A call as it happens, line by line on stderr: media time, what, and the words."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Console
from rich.text import Text

_SHOWN: Mapping[str, tuple[str, str]] = {
    "originate": ("dialling", "dim"),
    "incoming": ("comes in", "dim"),
    "progress": ("ringing", "dim"),
    "answered": ("answered", "bold"),
    "amd_verdict": ("who is it", "magenta"),
    "caller": ("caller", "cyan"),
    "understood": ("understood", "dim"),
    "llm_reply": ("model", "dim"),
    "speaking": ("robot", "yellow"),
    "barge_in": ("interrupted", "red"),
    "turn_reopened": ("goes on", "dim"),
    "no_input": ("no input", "dim"),
    "keys": ("keys", "cyan"),
    "message_started": ("message", "magenta"),
    "dialogue_ended": ("outcome", "bold"),
    "hangup": ("hung up", "bold"),
    "error": ("error", "bold red"),
}


class LiveView:
    """An observer of calls that prints what a person wants to see; ``numbered``: each line with its call's number."""

    def __init__(self, console: Console, *, numbered: bool = False) -> None:
        self._console, self._numbered = console, numbered
        self._numbers: dict[str, int] = {}

    def __call__(self, uuid: str, t_ms: float, name: str, fields: Mapping[str, object]) -> None:
        if name not in _SHOWN:
            return
        label, style = _SHOWN[name]
        at_ms = fields.get("start_ms") if name == "caller" else None
        shown_ms = at_ms if isinstance(at_ms, int | float) else t_ms
        number = self._numbers.setdefault(uuid, len(self._numbers) + 1)
        call = f"{number} " if self._numbered else ""
        line = Text.assemble(
            (call, "bold"), (f"{shown_ms / 1000:7.2f} s  ", "dim"), (f"{label:<12}", style), _words(name, fields)
        )
        self._console.print(line, soft_wrap=True)


def _words(name: str, fields: Mapping[str, object]) -> str:
    match name:
        case "amd_verdict":
            return f"{fields['verdict']} at {fields['decided_at_ms']} ms: {fields['reason']} («{fields['text']}»)"
        case "caller" | "speaking" | "llm_reply":
            return f"«{fields['text']}»" if fields["text"] else "(no words)"
        case "understood":
            return f"{fields['intent'] or '-'} → {fields['node']}"
        case "barge_in":
            return f"voice since {fields['onset_ms']} ms; heard so far: «{fields['heard']}»"
        case "progress":
            return "early media" if fields["early_media"] else ""
        case "message_started":
            beep_ms = fields["beep_at_ms"]
            return f"left after: {fields['cue']}" + (f" (beep ended at {beep_ms:.0f} ms)" if beep_ms else "")
        case _:
            return ", ".join(str(value) for value in fields.values())
