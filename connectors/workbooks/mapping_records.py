"""Mapping lines kept as records of the plugin's custom record type "Outreach Mapping".

The type exists only where custom records are licensed (workbooks-api §18.1). Its path and its
columns are found by name; where a column is not found, the name of §21 A16 is taken.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from connectors.workbooks import values
from connectors.workbooks.catalogue import Catalogue, Read, every, shaped
from connectors.workbooks.paths import CUSTOM_RECORD_TYPES, CUSTOM_RECORDS
from connectors.workbooks.protocol import Call, Filter, listing
from connectors.workbooks.wire import OBJECTS_MAX, CustomRecordType, Row
from engine import Malformed, MappingRow, RecordType

TYPE_NAMES = frozenset({"outreach mapping", "outreach mappings"})
ROUTE_SUFFIX = "outreach_mappings"
OPERATION = "mapping_rows"

# Title and default API name of each column, by our word for it (§18.1, A16).
TITLES = {
    "target_type": "Outreach Record Type",
    "field": "Outreach Field Name",
    "source_type": "Workbooks Record Type",
    "column": "Workbooks Field Name",
    "enabled": "Enabled",
    "direction": "Sync Direction",
}
DEFAULT_COLUMNS = {
    word: f"cf_outreach_mapping_{title.lower().replace(' ', '_')}" for word, title in TITLES.items()
}

# Record types that belong together, (Workbooks, Outreach); others are not synchronised.
PAIRS = {
    ("opportunity", "opportunity"): RecordType.OPPORTUNITY,
    ("person", "prospect"): RecordType.PERSON,
}

# A blank direction means the default, which is to send (A16).
SENT = frozenset({"", "send"})


@dataclass(frozen=True, slots=True)
class MappingType:
    """Where the records are, and the API name of each column by our word for it."""

    path: str
    columns: Mapping[str, str]


class MappingRecords:
    """Reads the records; the record type is looked up until it is found, and then kept."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._type: MappingType | None = None

    async def rows(self) -> list[MappingRow] | None:
        """Enabled lines that are sent, by id; None when there is no such type, or no access to it.

        Raises:
            TheirFault: an answer has an unknown shape.
            EngineError: a request failed.
        """
        if self._type is None:
            self._type = await self._find_type()
        if self._type is None:
            return None
        kept = self._type
        found = await every(self._read, lambda after_id: _records(kept, after_id))
        if found is None:
            # Removed since it was found, or made anew under another path.
            self._type = None
            return None
        read = (_line(row, kept.columns) for row in found)
        return [line for line in read if line is not None]

    async def _find_type(self) -> MappingType | None:
        rows = await every(self._read, _record_types)
        for each in shaped(CustomRecordType, rows or ()):
            names = {(name or "").strip().lower() for name in (each.name, each.name_plural)}
            if names & TYPE_NAMES:
                suffix = (each.route_suffix or "").strip(" /") or ROUTE_SUFFIX
                columns = await self._find_columns((each.resource_type or "").strip())
                return MappingType(f"{CUSTOM_RECORDS}/{suffix}", columns)
        return None

    async def _find_columns(self, class_name: str) -> Mapping[str, str]:
        if not class_name:
            return DEFAULT_COLUMNS
        catalogue = Catalogue(self._read, class_name)
        columns: dict[str, str] = {}
        for word, title in TITLES.items():
            # Bound now, since the loop moves on.
            found = await catalogue.search(lambda known, title=title: known.title == title)
            names = [known.name for known in found]
            columns[word] = names[0] if len(names) == 1 else DEFAULT_COLUMNS[word]
        return columns


def _record_types(after_id: int) -> Call:
    return listing(
        CUSTOM_RECORD_TYPES,
        OPERATION,
        columns=("id", "name", "name_plural", "route_suffix", "resource_type"),
        filters=[Filter("id", "gt", str(after_id))],
        match="1",
        sort=("id",),
        limit=OBJECTS_MAX,
    )


def _records(kept: MappingType, after_id: int) -> Call:
    return listing(
        kept.path,
        OPERATION,
        columns=("id", "lock_version", *kept.columns.values()),
        filters=[Filter("id", "gt", str(after_id))],
        match="1",
        sort=("id",),
        limit=OBJECTS_MAX,
    )


def _line(row: Row, columns: Mapping[str, str]) -> MappingRow | None:
    """The line of one record; None when it is off, for another use, or not filled in."""
    try:
        enabled = values.boolean(row.get(columns["enabled"]))
        told = {
            word: (values.text(row.get(column)) or "").strip()
            for word, column in columns.items()
            if word != "enabled"
        }
    except Malformed:
        return None
    record_type = PAIRS.get((_type_name(told["source_type"]), _type_name(told["target_type"])))
    sent = told["direction"].lower() in SENT
    if not enabled or not sent or record_type is None or not told["field"] or not told["column"]:
        return None
    return MappingRow(record_type, told["field"], told["column"])


def _type_name(told: str) -> str:
    # A class name such as Private::Crm::Opportunity counts by its last part (A16).
    return told.rpartition("::")[2].strip().lower()
