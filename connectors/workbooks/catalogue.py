"""The fields of a record type as the service describes them, in its two catalogues.

Custom fields are rows of an administrative resource (workbooks-api §13); the description of a
record type names every field (§12). Either may be closed to an ordinary user.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from pydantic import BaseModel

from connectors.workbooks import answers
from connectors.workbooks.paging import Paging
from connectors.workbooks.paths import CUSTOM_FIELDS, METADATA_TYPES
from connectors.workbooks.protocol import Call, Filter, listing
from connectors.workbooks.values import whole
from connectors.workbooks.wire import OBJECTS_MAX, CustomField, Row, TypeDescription
from engine import Column, Misconfigured, TheirFault

Read = Callable[[Call], Awaitable[list[Row]]]

# No database has as many rows in any resource that is read whole.
ROWS_MAX = 20_000

_Shape = TypeVar("_Shape", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Known:
    """A field as one of the two catalogues describes it."""

    name: str
    title: str
    datatype: str | None


class Catalogue:
    """The fields of one record type; each catalogue is read when it is first needed."""

    def __init__(self, read: Read, class_name: str) -> None:
        self.class_name = class_name
        self._read = read
        self._custom: list[Known] | None = None
        self._described: list[Known] | None = None
        self._looked: dict[str, str] = {}

    @property
    def looked_at(self) -> str:
        """What has been read so far, for an error message."""
        return " and ".join(f"{path} ({count})" for path, count in self._looked.items())

    @property
    def readable(self) -> bool:
        """False when neither catalogue could be read."""
        return self._custom is not None or self._described is not None

    async def search(self, matches: Callable[[Known], bool]) -> list[Known]:
        """Fields that match, from the first catalogue that has any."""
        if found := _distinct(await self._custom_fields(), matches):
            return found
        return _distinct(await self._type_fields(), matches)

    async def columns(self) -> Mapping[str, Column] | None:
        """Every field by API name; None when the record type is not described to us.

        The custom fields alone would be an answer without a single standard field, so they only
        add to the description.
        """
        described = await self._type_fields()
        if not described:
            return None
        found = {each.name: each for each in await self._custom_fields() or ()}
        for each in described:
            also = found.get(each.name, each)
            found[each.name] = Known(
                each.name, each.title or also.title, each.datatype or also.datatype
            )
        return {name: Column(name, one.title, one.datatype) for name, one in found.items()}

    async def _custom_fields(self) -> list[Known] | None:
        if CUSTOM_FIELDS not in self._looked:
            rows = await every(
                self._read, lambda after_id: custom_fields(self.class_name, after_id)
            )
            self._custom = (
                None
                if rows is None
                else [
                    Known(field.value_column_name, field.title or "", field.data_type)
                    for field in shaped(CustomField, rows)
                    if field.value_column_name
                ]
            )
            self._note(CUSTOM_FIELDS, self._custom)
        return self._custom

    async def _type_fields(self) -> list[Known] | None:
        if METADATA_TYPES not in self._looked:
            rows = await optional(self._read, type_description(self.class_name))
            self._described = (
                None
                if rows is None
                else [
                    Known(field.name, field.title or "", field.datatype)
                    for described in shaped(TypeDescription, rows)
                    if described.class_name == self.class_name
                    for field in described.fields
                ]
            )
            self._note(METADATA_TYPES, self._described)
        return self._described

    def _note(self, path: str, fields: list[Known] | None) -> None:
        self._looked[path] = "not readable" if fields is None else f"{len(fields)} fields"


async def optional(read: Read, call: Call) -> list[Row] | None:
    """The rows of a resource that need not exist; None when it is not there for us.

    404 also means "no access", and 406 "not allowed" (§1).

    Raises:
        EngineError: the request failed otherwise.
    """
    try:
        return await read(call)
    except Misconfigured as error:
        if error.status in (404, 406):
            return None
        raise


async def every(read: Read, page_behind: Callable[[int], Call]) -> list[Row] | None:
    """All rows of a resource that need not exist, by id; None when it is not there for us.

    Args:
        page_behind: the request for up to OBJECTS_MAX rows with a greater id, by id.

    Raises:
        TheirFault: the pages lead in circles, or never end.
        EngineError: a request failed otherwise.
    """
    found: list[Row] = []
    after_id, paging = 0, Paging()
    while True:
        rows = await optional(read, page_behind(after_id))
        if rows is None:
            return None
        found += rows
        newest_id = max((whole(row.get("id")) or 0 for row in rows), default=after_id)
        if paging.complete(len(rows), OBJECTS_MAX):
            return found
        # A filter that is ignored brings the same rows again, and part of a list is no list.
        if newest_id <= after_id or len(found) > ROWS_MAX:
            raise TheirFault(
                "the list never ends" if newest_id > after_id else "the list leads in circles",
                system=answers.SYSTEM,
                operation=page_behind(after_id).operation,
            )
        after_id = newest_id


def custom_fields(class_name: str, after_id: int) -> Call:
    """Custom fields of one record type with a greater id, by id (§13)."""
    return listing(
        CUSTOM_FIELDS,
        "fields",
        columns=("id", "title", "value_column_name", "data_type"),
        filters=[Filter("resource_type", "eq", class_name), Filter("id", "gt", str(after_id))],
        match="1 AND 2",
        sort=("id",),
        limit=OBJECTS_MAX,
    )


def type_description(class_name: str) -> Call:
    """The description of one record type with all its fields (§12)."""
    form = (
        ("class_names[]", class_name),
        ("_select_columns[]", "class_name"),
        ("_select_columns[]", "fields"),
    )
    return Call("GET", f"{METADATA_TYPES}.api", "fields", form)


def shaped(model: type[_Shape], rows: Sequence[Row]) -> list[_Shape]:
    """Rows of a catalogue as `model`.

    Raises:
        TheirFault: a row has another shape.
    """
    return [answers.shaped(model, row, "fields") for row in rows]


def _distinct(fields: list[Known] | None, matches: Callable[[Known], bool]) -> list[Known]:
    return list({known.name: known for known in fields or () if matches(known)}.values())
