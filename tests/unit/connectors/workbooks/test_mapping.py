"""Rows and records: what is judged, kept, opened and written."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from connectors.workbooks import mapping
from engine import RecordType, TheirFault, WriteBack
from tests.unit.connectors.workbooks.stand_ins import COLUMNS, a_row

MESSAGED = replace(COLUMNS, error_message="cf_opportunity_message")


def test_a_row_is_captured_as_it_was_received() -> None:
    """A value nobody can parse must concern one field of one record, never the page."""
    row = a_row(description="Crane \ud800 é", probability="what?")
    captured = mapping.captured(row, COLUMNS)

    assert (captured.id, captured.version, captured.updated_at) == (901, 3, 1_741_522_152)
    assert (captured.eligible, captured.linked) == (True, False)
    assert json.loads(captured.payload) == row
    assert captured.payload.isascii()


@pytest.mark.parametrize(
    ("columns", "eligible"),
    [
        ({}, True),
        ({COLUMNS.sync: False}, False),
        ({COLUMNS.sync: None}, False),
        ({COLUMNS.error: True}, False),
        ({COLUMNS.error: None}, True),
        ({COLUMNS.error: "1"}, False),
    ],
)
def test_eligibility_is_judged_again(columns: dict[str, Any], eligible: bool) -> None:
    """What the filters match on a checkbox never set is undocumented (A21)."""
    assert mapping.captured(a_row(**columns), COLUMNS).eligible is eligible


@pytest.mark.parametrize(
    ("raw", "linked"), [("5501", True), (5501, True), ("", False), (None, False), ("  ", False)]
)
def test_a_record_is_linked_by_any_outreach_id(raw: Any, linked: bool) -> None:
    """The type of the field is not documented (A19)."""
    assert mapping.captured(a_row(**{COLUMNS.outreach_id: raw}), COLUMNS).linked is linked


@pytest.mark.parametrize(
    "updated_at", [1741522152, "1741522152", "Sun Mar 09 12:09:12 UTC 2025", "2025-03-09T12:09:12Z"]
)
def test_the_change_stamp_is_read_in_every_form(updated_at: Any) -> None:
    """Whether the epoch comes as a number or as text is not stated (§6.2)."""
    assert mapping.captured(a_row(updated_at=updated_at), COLUMNS).updated_at == 1_741_522_152


@pytest.mark.parametrize(
    "columns",
    [
        {"id": None},
        {"id": "x"},
        {"id": -1},
        {"id": 2**63},
        {"lock_version": None},
        {"lock_version": 1.5},
        {"updated_at": None},
        {"updated_at": "2025-03-09T12:09:12"},
        {COLUMNS.sync: "banana"},
        {COLUMNS.outreach_id: [5501]},
    ],
)
def test_a_row_that_cannot_be_placed_is_their_fault(columns: dict[str, Any]) -> None:
    """Without id, version and stamp the poll would skip or repeat for ever."""
    with pytest.raises(TheirFault):
        mapping.captured(a_row(**columns), COLUMNS)


@pytest.mark.parametrize(
    "column", ["id", "lock_version", "updated_at", COLUMNS.sync, COLUMNS.error, COLUMNS.outreach_id]
)
def test_a_row_without_a_needed_column_is_their_fault(column: str) -> None:
    """A missing Outreach Id taken for a blank one would create a duplicate."""
    row = a_row()
    del row[column]
    with pytest.raises(TheirFault, match=column):
        mapping.captured(row, COLUMNS)


def test_a_payload_opens_by_meaning() -> None:
    """The engine knows no column name of this source."""
    row = a_row(
        description="Crane", **{COLUMNS.outreach_id: 5501, COLUMNS.outreach_url: "https://o/1"}
    )
    record = mapping.opened(mapping.captured(row, COLUMNS).payload, COLUMNS, ("description",))

    assert (record.id, record.ref, record.version) == (901, "OPP-901", 3)
    assert (record.target_id, record.target_url) == ("5501", "https://o/1")
    assert record.eligible
    assert record.columns["description"] == "Crane"
    assert COLUMNS.outreach_id not in record.columns


def test_a_plugin_column_is_also_a_mapped_one_when_the_mapping_names_it() -> None:
    """An operator may send any column anywhere."""
    record = mapping.opened(json.dumps(a_row()), COLUMNS, (COLUMNS.sync,))

    assert record.columns[COLUMNS.sync] is True


def test_a_record_without_a_reference_is_known_by_its_id() -> None:
    """An empty correlation value would match every record that has none."""
    assert mapping.opened(json.dumps(a_row(object_ref="")), COLUMNS, ()).ref == "901"


def test_columns_are_selected_once_each() -> None:
    """The mapping may name a column the connector reads anyway."""
    columns = mapping.wanted_columns(
        RecordType.OPPORTUNITY, COLUMNS, ("description", "object_ref", COLUMNS.sync)
    )

    assert len(columns) == len(set(columns))
    assert set(columns) >= {"id", "lock_version", "updated_at", "description", COLUMNS.outreach_url}


@pytest.mark.parametrize(
    ("entry", "attributes"),
    [
        (WriteBack(1, 2), {}),
        (WriteBack(1, 2, target_id="5501"), {COLUMNS.outreach_id: "5501"}),
        (WriteBack(1, 2, target_url="https://o"), {COLUMNS.outreach_url: "https://o"}),
        (WriteBack(1, 2, error=False), {COLUMNS.error: "false"}),
        (WriteBack(1, 2, error=True, message="why"), {COLUMNS.error: "true"}),
    ],
)
def test_a_write_back_sets_only_what_it_names(entry: WriteBack, attributes: dict[str, str]) -> None:
    """A column left alone keeps what a person wrote into it."""
    assert mapping.written(entry, COLUMNS) == attributes


def test_the_reason_of_a_failure_is_written_where_there_is_a_column() -> None:
    """The column is optional, and a `string` holds 255 characters."""
    cleared = mapping.written(WriteBack(1, 2, message=""), MESSAGED)
    long = mapping.written(WriteBack(1, 2, message="x" * 300), MESSAGED)

    assert cleared == {"cf_opportunity_message": ""}
    assert len(long["cf_opportunity_message"]) == 255


def test_blank_account_ids_are_left_out() -> None:
    """A customer that was never sent to the target has no account there."""
    rows = [
        {"id": 7, "cf": "31"},
        {"id": 8, "cf": ""},
        {"id": 9, "cf": None},
        {"id": "10", "cf": 40},
    ]

    assert mapping.account_ids(rows, "cf") == {7: "31", 10: "40"}


def test_an_account_id_that_is_not_given_is_no_blank_one() -> None:
    """Our user may not read the column; the customer may carry any."""
    assert mapping.account_ids([{"id": 7}], "cf") == {7: None}
