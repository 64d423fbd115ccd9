"""The record of a call that was refused before anything was dialled: a lead that was not called must be seen."""

from __future__ import annotations

from robot.call.entries import SwitchEntry
from robot.call.record import CallFolder, CallRecord, RecordSaved, RecordUnsaved
from robot.call.tools import CallOrder, CallTools

REFUSED = "refused"


def record_refusal(tools: CallTools, order: CallOrder, folder: CallFolder, why: str) -> RecordSaved | RecordUnsaved:
    """Writes it into ``folder``. Blocks; never raises because of the disk."""
    now = tools.now()
    record = CallRecord(
        call_id=order.uuid,
        direction="outbound",
        target=order.target,
        scenario=order.scenario.name,
        language=order.scenario.language,
        lead=dict(order.lead),
        started_at=now,
        ended_at=now,
        switch=SwitchEntry(kind=tools.switch_kind, version=tools.switch_version),
        disposition=REFUSED,
        errors=(why,),
    )
    return folder.write_record(record)
