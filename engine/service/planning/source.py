"""The source of a rehearsal: readings are real, write-backs are noted and answered as if done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from engine.connector import SourceConnector
from engine.flow.tally import Counted, counted_by, current_tally
from engine.model.edit import Edit
from engine.model.identity import id_of
from engine.model.plan import Kind
from engine.model.pointer import Pointer
from engine.model.records import (
    Captured,
    Delivery,
    Page,
    Position,
    RecordType,
    SourceRecord,
    WriteBack,
    WriteBackResult,
)
from engine.ports import Fetched, Source
from engine.service.planning.baseline import Baseline
from engine.service.planning.overlay import INVENTED, Overlay, Written

# What stands for an id that the target would give.
NEW_ID = "(new)"
# Ends the payload of a row that is shown as it would be: JSON does not mind.
AS_WRITTEN = "\n"


def rehearsed(
    source: Source, connector: SourceConnector, overlay: Overlay, base: Baseline
) -> Source:
    """The source, its write-backs in the overlay; what it selects concerns nobody else."""
    return cast("Source", RehearsedSource(source.apart(), connector, overlay, base))


@dataclass(slots=True)
class RehearsedSource:
    """Readings pass as they are, but for what would have been written since."""

    source: Source
    connector: SourceConnector
    overlay: Overlay
    base: Baseline

    def __getattr__(self, name: str) -> Any:
        return getattr(self.source, name)

    async def changes(self, after: Position | None, limit: int, *, flagged: bool = False) -> Page:
        return self._page(
            await self.source.changes(after, limit, flagged=flagged), RecordType.OPPORTUNITY
        )

    async def unlinked(self, after_id: int, limit: int) -> Page:
        page = self._page(await self.source.unlinked(after_id, limit), RecordType.OPPORTUNITY)
        return replace(page, rows=[row for row in page.rows if not row.linked])

    async def eligible(self, after_id: int, limit: int) -> Page:
        page = self._page(await self.source.eligible(after_id, limit), RecordType.OPPORTUNITY)
        return replace(page, rows=[row for row in page.rows if row.eligible])

    async def people_changes(self, after: Position, limit: int) -> Page:
        return self._page(await self.source.people_changes(after, limit), RecordType.PERSON)

    async def fetch(self, record_type: RecordType, ids: Sequence[int]) -> Fetched:
        found = await self.source.fetch(record_type, ids)
        rows = [self._as_written(record_type, row) for row in found.rows]
        return replace(found, rows=rows)

    async def pointed_at(self, pointer: Pointer) -> list[Captured]:
        rows = await self.source.pointed_at(pointer)
        return [self._as_written(pointer.record_type, row) for row in rows]

    def read(self, record_type: RecordType, payload: str) -> SourceRecord:
        record = self.source.read(record_type, payload)
        if not payload.endswith(AS_WRITTEN):
            return record
        written = self.overlay.written(record_type, record.id)
        if written is None:
            return record
        return replace(
            record,
            version=written.version,
            target_id=written.target_id or record.target_id,
            target_url=written.target_url or record.target_url,
            error=record.error if written.error is None else written.error,
        )

    async def write_back(
        self, record_type: RecordType, entries: Sequence[WriteBack]
    ) -> list[WriteBackResult]:
        if not entries:
            return []
        # Whoever has edited a record since it was polled is met by the write, and so by this look.
        with counted_by(None):
            found = await self.source.fetch(record_type, [entry.id for entry in entries])
        shown = {row.id: row for row in found.whole()}
        tally = current_tally.get()
        if tally is not None and any(self.source.sends(record_type, one) for one in entries):
            written = self.connector.written.get(record_type, ("", "write_back"))
            tally.note_write(Counted(self.connector.name, *written))
        return [self._delivered(record_type, one, shown.get(one.id)) for one in entries]

    def _delivered(
        self, record_type: RecordType, entry: WriteBack, row: Captured | None
    ) -> WriteBackResult:
        if not self.source.sends(record_type, entry):
            return WriteBackResult(Delivery.DELIVERED, entry.version)
        if row is None:
            return WriteBackResult(Delivery.MISSING)
        before = self.overlay.written(record_type, entry.id)
        untouched = before is not None and before.base == row.version
        present = before.version if before is not None and untouched else row.version
        if entry.version != present:
            return WriteBackResult(Delivery.STALE)
        known = before or Written(row.version, present, None, None, None)
        self.overlay.write_back(
            record_type,
            entry.id,
            Written(
                row.version,
                present + 1,
                entry.target_id or known.target_id,
                entry.target_url or known.target_url,
                known.error if entry.error is None else entry.error,
            ),
        )
        self._note(record_type, entry, row)
        return WriteBackResult(Delivery.DELIVERED, present + 1)

    def _note(self, record_type: RecordType, entry: WriteBack, row: Captured) -> None:
        record = self.source.read(record_type, row.payload)
        edits: list[Edit] = []
        if entry.target_id is not None:
            edits.append(Edit("id", record.target_id, _shown(entry.target_id, entry.target_id)))
        if entry.target_url is not None:
            url = entry.target_url
            invented = entry.target_id is not None and _shown(entry.target_id, "") == NEW_ID
            edits.append(Edit("url", record.target_url, NEW_ID if invented else url))
        if edits:
            self.overlay.note(
                Kind.WRITE_BACK, record_type, entry.id, version=entry.version, edits=edits
            )
        if entry.error is not None:
            self.overlay.note(
                Kind.FLAG if entry.error else Kind.UNFLAG,
                record_type,
                entry.id,
                version=entry.version,
                reason=entry.message if entry.error else None,
                code=self.base.reason_code(record_type, entry.id) if entry.error else None,
            )

    def _page(self, page: Page, record_type: RecordType) -> Page:
        rows = [self._as_written(record_type, row) for row in page.rows]
        return replace(page, rows=rows)

    def _as_written(self, record_type: RecordType, row: Captured) -> Captured:
        written = self.overlay.written(record_type, row.id)
        if written is None or written.base != row.version:
            return row
        return replace(
            row,
            version=written.version,
            target_id=written.target_id or row.target_id,
            linked=row.linked or written.target_id is not None,
            eligible=row.eligible and not written.error,
            flagged=row.flagged or bool(row.eligible and written.error),
            payload=row.payload + AS_WRITTEN,
        )


def _shown(target_id: str, otherwise: str) -> str:
    number = id_of(target_id)
    return NEW_ID if number is not None and number > INVENTED else otherwise
