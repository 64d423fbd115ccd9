"""The record of a call that was refused before anything was dialled: a lead that was not called must be seen."""

from __future__ import annotations

from datetime import datetime

from robot.call.identity import identity_of
from robot.call.record import CallFolder, CallRecord, RecordSaved, RecordUnsaved
from robot.call.tools import CallOrder, CallTools

REFUSED = "refused"


def record_refusal(tools: CallTools, order: CallOrder, folder: CallFolder, why: str) -> RecordSaved | RecordUnsaved:
    """Writes it into ``folder``. Blocks; never raises because of the disk."""
    now = tools.now()
    return folder.write_record(bare_record(tools, order, now, REFUSED, errors=(why,)))


def keep_place(folder: CallFolder, tools: CallTools, order: CallOrder, now: datetime) -> None:
    """Blocks. A record of a call that is about to begin, marked interrupted: what a killed robot leaves behind.

    Raises ``ConfigError`` when it cannot be written: then nothing is dialled.
    """
    folder.write_provisional(bare_record(tools, order, now, "interrupted", interrupted=True))


def bare_record(
    tools: CallTools,
    order: CallOrder,
    now: datetime,
    disposition: str,
    *,
    interrupted: bool = False,
    errors: tuple[str, ...] = (),
) -> CallRecord:
    """What is known of a call that has not happened."""
    return CallRecord(
        **identity_of(tools, order),
        started_at=now,
        ended_at=now,
        interrupted=interrupted,
        disposition=disposition,
        errors=errors,
    )
