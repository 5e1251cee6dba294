"""Which columns are told to be absent, and when."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, cast

from structlog.testing import capture_logs

from engine.actors.absent_columns import AbsentColumns
from engine.mapping.fields import Conversion, FieldMapping, Line
from engine.model.records import Captured, FieldKind, RecordType, SourceRecord, TargetField
from tests.unit.engine.stand_ins import row


class Rows:
    """A source whose rows are columns and nothing else."""

    def read(self, _type: RecordType, payload: str) -> SourceRecord:
        """See `Source.read`."""
        return SourceRecord(1, "OPP-1", 1, 0, True, False, None, None, json.loads(payload))


def has(*columns: str) -> Captured:
    """A row with these columns, all of them blank."""
    return replace(row(1), payload=json.dumps(dict.fromkeys(columns)))


def line(name: str, *columns: str) -> Line:
    """A line that takes the first of these columns that is not blank."""
    return Line(TargetField(name, FieldKind.TEXT), columns, Conversion.TEXT)


def test_what_one_row_of_several_has_is_given() -> None:
    """A source may leave out of a row what is blank in it."""
    lines = [line("name", "title"), line("owner", "first", "second"), line("stage", "stage")]
    mapping = FieldMapping(lines, cast("Any", None), cast("Any", None))
    absent = AbsentColumns(cast("Any", Rows()), lambda: mapping)

    with capture_logs() as logs:
        absent.look([])
        absent.look([has("title"), has("second", "stage")])
        assert absent.fields == {}
        absent.look([has("title", "first"), has("title")])
        absent.look([has("title")])
        assert absent.fields == {"stage": ("stage",), "owner": ("first", "second")}
        absent.look([has("title", "first")])
        absent.look([])

    assert [(one["event"], one["columns"]) for one in logs] == [
        ("columns_absent", ["stage"]),
        ("columns_absent", ["first", "second"]),
        ("columns_back", ["first", "second"]),
    ]
    assert absent.fields == {"stage": ("stage",)}
