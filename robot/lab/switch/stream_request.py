"""``uuid_audio_stream U start``: its arguments, and the refusals of the real module. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from robot.lab.switch.core import number
from robot.lab.switch.quoting import unquoted
from robot.lab.switch.stream_client import Mix, StreamRequest

STREAM_USAGE = (
    "-USAGE: <uuid> [start | stop | send_text | pause | resume | graceful-shutdown ] "
    "[wss-url | path] [mono | mixed | stereo] [8000 | 16000] [metadata]\n"
)
_FAILED = "-ERR Operation Failed\n"
_NO_REPLY = "-ERR no reply\n"
_URL = re.compile(r"wss?://[A-Za-z0-9.\-]+(:\d{1,5})?/\S*")
"""no underscore in the host, no address in brackets, and a path"""
_RATES_HZ = {"8k": 8000, "16k": 16_000}
_RATE_STEP_HZ = 8000
_MAX_RATE_HZ = 64_000
_FRAME_MS = 20
_MAX_BUFFER_MS = 1000
_MAX_HEADERS = 50


def parse_stream_start(text: str, variables: Mapping[str, str], *, metadata_late: bool) -> StreamRequest | str:
    """``URL MIX RATE [METADATA]`` and the channel's ``STREAM_…`` variables → the request, or the error to print."""
    url, mix, rate, metadata = (*text.split(" ", 3), "", "", "", "")[:4]
    if not url or not mix:
        return STREAM_USAGE
    if mix not in (known.value for known in Mix):
        return _NO_REPLY
    rate_hz = _RATES_HZ.get(rate or "8k") or number(rate) or 0
    if not _URL.fullmatch(url) or not 0 < rate_hz <= _MAX_RATE_HZ or rate_hz % _RATE_STEP_HZ:
        return _FAILED
    return StreamRequest(
        url,
        Mix(mix),
        rate_hz,
        unquoted(metadata),
        frames_per_message=_frames(variables.get("STREAM_BUFFER_SIZE", "")),
        headers=_headers(variables.get("STREAM_EXTRA_HEADERS", "")),
        metadata_late=metadata_late,
    )


def _frames(buffer_ms: str) -> int:
    """``STREAM_BUFFER_SIZE``: a multiple of 20 ms; anything else is ignored."""
    ms = number(buffer_ms) or 0
    return ms // _FRAME_MS if 0 < ms <= _MAX_BUFFER_MS and ms % _FRAME_MS == 0 else 1


def _headers(text: str) -> dict[str, str]:
    """``STREAM_EXTRA_HEADERS``: a JSON object of strings; anything else is ignored."""
    try:
        headers = json.loads(text) if text else {}
    except (ValueError, RecursionError):
        return {}
    if not isinstance(headers, dict) or len(headers) > _MAX_HEADERS:
        return {}
    return {
        name: value
        for name, value in headers.items()
        if isinstance(value, str) and re.fullmatch(r"[\w\-]+", name) and value.isprintable() and value.isascii()
    }
