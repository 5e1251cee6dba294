"""The lines of a mapping as whatever depends on them needs them. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from engine.decide.healing import digest
from engine.mapping.fields import FieldMapping, Line
from engine.mapping.lines import fingerprint
from engine.model.records import SourceRecord
from engine.model.refusal import Filling, Inputs


def fillings(lines: Sequence[Line]) -> dict[str, Filling]:
    """By field; the mark changes with what the line does, and with what the target takes."""
    return {line.field.name: _filling(line) for line in lines}


def _filling(line: Line) -> Filling:
    takes = [line.field.chars_max, line.field.required, sorted(line.field.choices)]
    mark = digest([fingerprint([line]), takes])
    return Filling(line.field.name, line.columns, mark, line.reference)


def inputs(mapping: FieldMapping, record: SourceRecord) -> Inputs:
    """What a refusal of the record may depend on."""
    names = {one.field: one.name for one in mapping.readable_references(record)}
    return Inputs(record.columns, record.target_id, names)
