"""After a gap: what became of the calls while nobody listened to the switch.

The switch's own list of channels decides. A call that is not in it ended, and only a straggling event can still say
why; of one that is, the answer that was missed is told from the channel's state, and a playback whose end was missed is
taken for played when its time is over or a later one starts. Digits pressed and streams lost meanwhile cannot be known.
"""

from __future__ import annotations

import asyncio
import json
import wave
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from robot.errors import CommandFailed, RemoteProtocolError
from robot.events import Answered, Parked
from robot.log import get_logger
from robot.protocol import esl
from robot.telephony.esl_commands import checked
from robot.telephony.esl_link import EslLink
from robot.telephony.live_call import LiveCall

log = get_logger(__name__)
STRAGGLERS_S = 0.1
"""events arrive up to 50 ms after a reply that knows of them already"""
LIST_TRAILS_S = 0.25
"""the switch's list of channels is a database written behind them: 100 to 200 ms were measured. What happens from now
on comes as events, so that the list then lacks nothing"""
PLAYED_SLACK_S = 0.5
_ANSWERED = {"ACTIVE", "HELD", "UNHELD"}
_PARKED = {"park", "playback"}


async def api(link: EslLink, command: str, argument: str = "") -> str:
    """What an api command prints. Raises ``CommandFailed``, ``NotConnected``."""
    return checked(command, await link.send(esl.api(command, argument)))


def channels(text: str) -> dict[str, Mapping[str, str]]:
    """``show channels as json`` → uuid → row. Raises ``RemoteProtocolError``."""
    try:
        rows = json.loads(text).get("rows", [])
        return {str(row["uuid"]): {key: str(value) for key, value in row.items()} for row in rows}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RemoteProtocolError(f"show channels as json gave something else: {text[:80]!r}") from error


async def resume(link: EslLink, calls: Callable[[], Iterable[LiveCall]], now_us: Callable[[], int]) -> set[str]:
    """Brings every known call up to date on a link that gets events again; gives the uuids of all channels there are.

    Calls that are gone end with the cause that a late event tells, that we had asked for, or ``SWITCH_LOST``.
    """
    before = [call for call in calls() if call.known]
    await asyncio.sleep(LIST_TRAILS_S)
    rows = channels(await api(link, "show", "channels as json"))
    known = [call for call in before if not call.over]
    gone = [call for call in known if call.uuid not in rows]
    for call in known:
        if call.uuid in rows:
            await _catch_up(link, call, rows[call.uuid], now_us)
    if gone:
        await asyncio.sleep(STRAGGLERS_S)
    for call in gone:
        call.lose(now_us())
    log.info("calls_resumed", living=len(known) - len(gone), gone=len(gone))
    return set(rows)


async def _catch_up(link: EslLink, call: LiveCall, row: Mapping[str, str], now_us: Callable[[], int]) -> None:
    call.placing = False
    if not call.answered and row.get("callstate") in _ANSWERED:
        call.take(Answered(await _answered_us(link, call.uuid) or now_us()))
    if call.answered and not call.parked and row.get("application") in _PARKED:
        call.take(Parked(now_us()))
    if call.playing:
        loop = asyncio.get_running_loop()
        lengths_ms = await loop.run_in_executor(None, _lengths_ms, dict(call.playing))
        call.missed(lengths_ms)
        wait_s = sum(lengths_ms.values()) / 1000 + PLAYED_SLACK_S
        call.later(wait_s, lambda: call.presume_played(now_us()))


async def _answered_us(link: EslLink, uuid: str) -> int:
    try:
        headers = json.loads(await api(link, "uuid_dump", f"{uuid} json"))
        return int(str(headers["Caller-Channel-Answered-Time"]))
    except (CommandFailed, ValueError, KeyError, TypeError):
        return 0


def _lengths_ms(playing: Mapping[str, Path]) -> dict[str, int]:
    """How long the files last. Blocking. One that cannot be read counts as nothing: it is gone, so it was played."""
    return {tag: _length_ms(path) for tag, path in playing.items()}


def _length_ms(path: Path) -> int:
    try:
        with wave.open(str(path), "rb") as sound:
            return round(1000 * sound.getnframes() / sound.getframerate())
    except (OSError, EOFError, wave.Error):
        return 0
