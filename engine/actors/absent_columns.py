"""Absent columns: which fields cannot be told at present, because rows come without what they need.

What follows for a record is decided with the record (`FieldMapping.fields`), and what was edited
meanwhile is found by the audit; here it is noticed and told, once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import structlog

from engine.errors import TheirFault
from engine.mapping.fields import FieldMapping
from engine.model.records import Captured, RecordType, SourceRecord
from engine.ports import Source

log = structlog.get_logger(component="poller")


@dataclass(slots=True)
class AbsentColumns:
    """What the rows of opportunities lack; `fields` has their columns by the field's title."""

    source: Source
    mapping: Callable[[], FieldMapping]
    fields: Mapping[str, tuple[str, ...]] = field(
        default_factory=dict[str, tuple[str, ...]], init=False
    )

    def look(self, rows: Sequence[Captured]) -> None:
        """Look at rows that were just read together: what one of them has is given.

        One that cannot be read whole tells nothing, and is a matter of its own record.
        """
        lines, found = self.mapping().lines, None
        for row in reversed(rows):
            record = self._read(row)
            if record is None:
                continue
            absent = [(line, line.absent(record)) for line in lines]
            lines = [line for line, columns in absent if columns]
            found = {line.field.title: columns for line, columns in absent if columns}
            if not lines:
                break
        if found is None:
            return
        before, now = _columns(self.fields), _columns(found)
        if gone := sorted(now - before):
            log.warning("columns_absent", columns=gone, fields=sorted(found))
        if back := sorted(before - now):
            log.info("columns_back", columns=back)
        self.fields = found

    def _read(self, row: Captured) -> SourceRecord | None:
        try:
            return self.source.read(RecordType.OPPORTUNITY, row.payload)
        except TheirFault:
            return None


def _columns(fields: Mapping[str, tuple[str, ...]]) -> set[str]:
    return {column for columns in fields.values() for column in columns}
