"""The source of a service that only looks: write-backs are noted, and records stay as they are.

A record goes on counting its versions by itself: what somebody else writes must be news.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from engine.connector import SourceConnector
from engine.model.identity import id_of
from engine.model.records import (
    Captured,
    Delivery,
    RecordType,
    SourceRecord,
    WriteBack,
    WriteBackResult,
)
from engine.ports import Source
from engine.service.planning.overlay import INVENTED, Written
from engine.service.planning.source import AS_WRITTEN, RehearsedSource
from engine.service.shadow.book import Book
from engine.service.shadow.known import Known


def shadowed(real: Source, connector: SourceConnector, book: Book, known: Known) -> ShadowSource:
    """The source, its write-backs in the book; what it selects concerns nobody else."""
    return ShadowSource(real.apart(), connector, book, known, book=book)


@dataclass(slots=True)
class ShadowSource(RehearsedSource):
    """Shows ids where there are none, and a flag until the record is edited."""

    book: Book = field(kw_only=True)

    def read(self, record_type: RecordType, payload: str) -> SourceRecord:
        record = self.source.read(record_type, payload)
        written = self.overlay.written(record_type, record.id)
        if written is None or not payload.endswith(AS_WRITTEN):
            return record
        flagged = record.error
        if written.error is not None and written.base == record.version:
            flagged = written.error
        ours = not record.target_id
        return replace(
            record,
            target_id=written.target_id if ours else record.target_id,
            target_url=written.target_url if ours else record.target_url,
            error=flagged,
        )

    def _delivered(
        self, record_type: RecordType, entry: WriteBack, row: Captured | None
    ) -> WriteBackResult:
        if not self.source.sends(record_type, entry):
            return WriteBackResult(Delivery.DELIVERED, entry.version)
        if row is None:
            return WriteBackResult(Delivery.MISSING)
        if entry.version != row.version:
            return WriteBackResult(Delivery.STALE)
        known = self.overlay.written(record_type, entry.id)
        former = known or Written(row.version, row.version, None, None, None)
        self.overlay.write_back(
            record_type,
            entry.id,
            Written(
                row.version,
                row.version,
                entry.target_id or former.target_id,
                entry.target_url or former.target_url,
                former.error if entry.error is None else entry.error,
            ),
        )
        self._note(record_type, entry, row)
        return WriteBackResult(Delivery.DELIVERED, entry.version)

    def _as_written(self, record_type: RecordType, row: Captured) -> Captured:
        written = self.overlay.written(record_type, row.id)
        if written is None:
            return row
        carried = id_of(row.target_id or "")
        if carried is not None:
            self._recognise(written, carried)
        flags = written.error is not None and written.base == row.version
        return replace(
            row,
            target_id=row.target_id or written.target_id,
            linked=row.linked or written.target_id is not None,
            eligible=row.eligible and not (flags and written.error),
            flagged=row.flagged or bool(flags and row.eligible and written.error),
            payload=row.payload + AS_WRITTEN,
        )

    def _recognise(self, written: Written, carried: int) -> None:
        """Somebody else has created what we would have, and the record says so."""
        invented = id_of(written.target_id or "")
        if invented is not None and invented > INVENTED:
            self.book.alias(invented, carried)
