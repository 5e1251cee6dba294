"""Linking: what another program has made for a record becomes the record's own, as planned."""

from __future__ import annotations

from collections.abc import Sequence

from engine.assembly.assembly import Assembly
from engine.errors import EngineError, Gone
from engine.model.history import Note
from engine.model.named import Named
from engine.model.plan import Change, Kind
from engine.model.records import Captured, RecordType

MINE = "adopted"


def adoption(changes: Sequence[Change]) -> Change | None:
    """The change that makes a target record the record's own, where another program made it."""
    return next(
        (one for one in changes if one.kind is Kind.ADOPT and one.finding is not None), None
    )


def lifts(changes: Sequence[Change]) -> bool:
    """Whether the error flag that another program has left is reset."""
    return adoption(changes) is not None and any(one.kind is Kind.UNFLAG for one in changes)


async def take_in(assembly: Assembly, record_id: int) -> None:
    """Know a record that carries an error flag, which no poll shows."""
    now = assembly.environment.clock.now
    asked_at = now()
    found = await assembly.systems.source.fetch(RecordType.OPPORTUNITY, [record_id])
    rows = found.whole()
    await assembly.store.feeds.take_asked_for([record_id], rows, asked_at, now(), fresh_max=1)


async def link(assembly: Assembly, changes: Sequence[Change], row: Captured | None) -> str | None:
    """Link the record, where the source does not do so itself; why that may not be.

    Args:
        row: how the source shows it now.
    """
    change, lift = adoption(changes), lifts(changes)
    if change is None or change.target_id is None or row is None or (row.target_id and not lift):
        return None
    target_id, words = change.target_id, assembly.config.connectors.words
    name = assembly.config.connectors.target.correlation_field
    try:
        held = (await assembly.systems.target.get(target_id, [name]))[name]
    except Gone:
        return f"its record {target_id} is not in {words.target} any more"
    if not row.target_id and held not in (None, "", _reference(assembly, row, name)):
        return f"{target_id} carries the reference of another record by now"
    note = Note(MINE, f"id {target_id}: {change.remark}")
    named = Named(change.record_type, change.record_id, change.ref)
    now = assembly.environment.clock.now()
    if not await assembly.store.acting.adopt(named, target_id, note, now, lift=lift):
        return f"{target_id} is that of another record by now"
    return None


def _reference(assembly: Assembly, row: Captured, name: str) -> object:
    """What its target record carries as its correlation value."""
    record = assembly.systems.source.read(RecordType.OPPORTUNITY, row.payload)
    try:
        return assembly.mappings.of(RecordType.OPPORTUNITY).fields(record, {}).get(name)
    except EngineError:
        return record.ref
