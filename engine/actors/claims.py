"""Claims: which record a target record belongs to, when another one turns up with its id."""

from __future__ import annotations

from engine.actors.lookups import Lookup
from engine.errors import Rejected
from engine.identity import id_of
from engine.ports import Source
from engine.records import RecordType
from engine.store import work as store_work
from engine.store.port import Store
from engine.store.work import Work


async def ensure_unclaimed(store: Store, source: Source, work: Work, target_id: int) -> None:
    """Two records with one id, as a copy makes them, would overwrite each other for ever.

    The other one is read from the source: it may have given the id up since it was last seen.

    Raises:
        Rejected: the target record is that of another record, which is synced to it.
        Transient: the source could not be asked.
    """
    others = await store.read(store_work.others_linked_to, target_id, work.id)
    if not others:
        return
    with Lookup("records with the same id", at_source=True).reading():
        rows = await source.fetch(RecordType.OPPORTUNITY, others)
    for row in rows:
        other = source.read(RecordType.OPPORTUNITY, row.payload)
        if other.id in others and other.eligible and id_of(other.target_id or "") == target_id:
            raise Rejected(
                f"its target id {target_id} is that of {other.ref} already;"
                " clear the id to have a record of its own created"
            )
