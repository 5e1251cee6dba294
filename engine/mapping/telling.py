"""What the mapping makes of each field of one record, told field by field. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.decide.failure import plain_reason
from engine.decide.reasons import because, cause
from engine.errors import Rejected
from engine.mapping.fields import FieldMapping, Line
from engine.model.explanation import FieldFact
from engine.model.fields import Fields
from engine.model.reason import Cause, Code, Reason
from engine.model.records import Kind, Malformed, SourceRecord

REFUSED = "validation"


@dataclass(frozen=True, slots=True)
class Reference:
    """What became of one reference: its id, or why there is none, and who may be meant."""

    id: int | None
    note: Reason | None = None
    nearest: tuple[str, ...] = ()


def told(
    mapping: FieldMapping, record: SourceRecord, references: Mapping[str, Reference]
) -> tuple[FieldFact, ...]:
    """Every field of the mapping.

    Args:
        references: by field; one that is missing is not known.
    """
    return tuple(_told(mapping, record, line, references) for line in mapping.lines)


def kept(mapping_titles: Sequence[str], synced: Fields) -> tuple[FieldFact, ...]:
    """Where no record can be opened: what the target was last known to hold."""
    names = [name for name in mapping_titles if name in synced] or list(synced)
    return tuple(FieldFact(name, name, "?", synced[name]) for name in names)


def _told(
    mapping: FieldMapping,
    record: SourceRecord,
    line: Line,
    references: Mapping[str, Reference],
) -> FieldFact:
    name = line.field.name
    reference = references.get(name)
    source = source_text(mapping, record, line)
    if absent := line.absent(record):
        reason = because(Code.COLUMN_ABSENT, columns=", ".join(absent))
        return _untold(line, source, cause(reason, None, name))
    try:
        wanted = mapping.filled(record, line, None if reference is None else reference.id)
    except Rejected as error:
        refusal = cause(plain_reason(error), REFUSED, name)
        return FieldFact(name, line.field.title, source, refusal=refusal)
    blank = None
    if reference is not None and reference.note is not None:
        blank = cause(reference.note, None, name)
        if blank.code is Code.COLUMN_ABSENT:
            return _untold(line, source, blank)
    return FieldFact(
        name,
        line.field.title,
        source,
        wanted,
        left_alone=line.skip_blank and wanted in (None, []),
        blank=blank,
        nearest=() if reference is None else reference.nearest,
    )


def _untold(line: Line, source: str, why: Cause) -> FieldFact:
    return FieldFact(line.field.name, line.field.title, source, left_alone=True, blank=why)


def source_text(mapping: FieldMapping, record: SourceRecord, line: Line) -> str:
    """What the columns of a line hold, as a person would read it."""
    if line.constant is not None:
        return f"constant {line.constant}"
    texts: list[str] = []
    for column in line.columns:
        raw = record.columns.get(column)
        try:
            value = mapping.reader.parse(raw, Kind.TEXT)
        except Malformed:
            value = str(raw)
        if value not in (None, ""):
            texts.append(str(value))
            if line.template is None:
                break
    return ", ".join(texts)
