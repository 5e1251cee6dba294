"""Which API name each of the plugin's columns has in this database.

The name cannot be derived from the title: a field made twice gets a numeric suffix, and
punctuation is dropped (workbooks-api §13). So each column is looked up by its exact title, first
among the custom fields, then in the description of the record type; a name in the configuration
wins, but must exist (A5).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from pydantic import BaseModel

from connectors.workbooks import answers, protocol
from connectors.workbooks.protocol import Call
from connectors.workbooks.settings import WorkbooksSettings
from connectors.workbooks.wire import (
    OBJECTS_MAX,
    OPPORTUNITY_CLASS,
    ORGANISATION_CLASS,
    CustomField,
    PluginColumns,
    RecordType,
    Row,
)
from engine import Misconfigured

Read = Callable[[Call], Awaitable[list[Row]]]

# The datatype of a checkbox in both catalogues (§6.1, §13).
CHECKBOX = "boolean"

_Shape = TypeVar("_Shape", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Wanted:
    """One column to find: its title, the configuration key that overrides it, what it holds."""

    title: str
    key: str
    configured: str | None
    checkbox: bool = False

    @property
    def assignment(self) -> str:
        """The line an operator would write."""
        table, _, name = self.key.rpartition(".")
        return f'[{table}] {name} = "cf_..."'


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
        self._looked: list[str] = []

    @property
    def looked_at(self) -> str:
        """What has been read so far, for an error message."""
        return " and ".join(self._looked)

    @property
    def readable(self) -> bool:
        """False when neither catalogue could be read."""
        return self._custom is not None or self._described is not None

    async def search(self, matches: Callable[[Known], bool]) -> list[Known]:
        """Fields that match, from the first catalogue that has any."""
        if "admin/custom_fields" not in self.looked_at:
            self._custom = await self._custom_fields()
            self._note("admin/custom_fields", self._custom)
        if found := _distinct(self._custom, matches):
            return found
        if "metadata/types" not in self.looked_at:
            self._described = await self._type_fields()
            self._note("metadata/types", self._described)
        return _distinct(self._described, matches)

    def _note(self, path: str, fields: list[Known] | None) -> None:
        count = "not readable" if fields is None else f"{len(fields)} fields"
        self._looked.append(f"{path} ({count})")

    async def _custom_fields(self) -> list[Known] | None:
        fields: list[Known] = []
        after_id = 0
        while True:
            rows = await self._rows(protocol.custom_fields(self.class_name, after_id))
            if rows is None:
                return None
            page = _shaped(CustomField, rows)
            fields += [
                Known(field.value_column_name, field.title or "", field.data_type)
                for field in page
                if field.value_column_name
            ]
            newest_id = max((field.id for field in page), default=after_id)
            # An id that does not grow would mean a filter ignored, and a loop without end.
            if len(page) < OBJECTS_MAX or newest_id <= after_id:
                return fields
            after_id = newest_id

    async def _type_fields(self) -> list[Known] | None:
        rows = await self._rows(protocol.record_type(self.class_name))
        if rows is None:
            return None
        return [
            Known(field.name, field.title or "", field.datatype)
            for described in _shaped(RecordType, rows)
            if described.class_name == self.class_name
            for field in described.fields
        ]

    async def _rows(self, call: Call) -> list[Row] | None:
        try:
            return await self._read(call)
        except Misconfigured as error:
            # 404 also means "no access": an ordinary user may lack the administrative resource.
            if error.status in (404, 406):
                return None
            raise


async def plugin_columns(read: Read, settings: WorkbooksSettings) -> PluginColumns:
    """The plugin's columns on opportunities.

    Raises:
        Misconfigured: a title has no field or several, or a configured name does not exist.
        EngineError: the catalogues cannot be read now.
    """
    catalogue = Catalogue(read, OPPORTUNITY_CLASS)
    given = settings.fields

    async def find(title: str, name: str, configured: str | None, *, checkbox: bool = False) -> str:
        wanted = Wanted(title, f"workbooks.fields.{name}", configured, checkbox)
        found = await resolve(wanted, catalogue)
        if found is None:
            raise _missing(wanted, catalogue)
        return found

    message = Wanted(
        "Outreach Sync Error Message", "workbooks.fields.error_message", given.error_message
    )
    return PluginColumns(
        sync=await find("Sync to Outreach", "sync", given.sync, checkbox=True),
        error=await find("Outreach Sync Error", "error", given.error, checkbox=True),
        outreach_id=await find("Outreach Id", "outreach_id", given.outreach_id),
        outreach_url=await find("Outreach URL", "outreach_url", given.outreach_url),
        error_message=await resolve(message, catalogue),
    )


async def account_column(read: Read, settings: WorkbooksSettings) -> str | None:
    """The organisation column with its Outreach account id; None when there is none.

    Raises:
        Misconfigured: several fields have the title, or the configured name does not exist.
        EngineError: the catalogues cannot be read now.
    """
    wanted = Wanted("Outreach Id", "workbooks.account_field", settings.account_field)
    return await resolve(wanted, Catalogue(read, ORGANISATION_CLASS))


async def resolve(wanted: Wanted, catalogue: Catalogue) -> str | None:
    """The API name of one column; None when no field has the title.

    Raises:
        Misconfigured: several fields have the title, the configured name does not exist, or the
            field is no checkbox where one is wanted.
    """
    if wanted.configured is not None:
        found = await catalogue.search(lambda known: known.name == wanted.configured)
        # With neither catalogue open to us the operator's word is all there is.
        if not found and catalogue.readable:
            raise _missing(wanted, catalogue)
        _check_checkbox(wanted, found, catalogue)
        return wanted.configured
    found = await catalogue.search(lambda known: known.title == wanted.title)
    if len(found) > 1:
        names = ", ".join(sorted(known.name for known in found))
        raise _misconfigured(
            f'{len(found)} fields of {catalogue.class_name} are titled "{wanted.title}": {names};'
            f" looked at {catalogue.looked_at}",
            f"name the right one: {wanted.assignment}",
        )
    _check_checkbox(wanted, found, catalogue)
    return found[0].name if found else None


def _check_checkbox(wanted: Wanted, found: Sequence[Known], catalogue: Catalogue) -> None:
    for known in found:
        if wanted.checkbox and known.datatype not in (None, "", CHECKBOX):
            raise _misconfigured(
                f'the field {known.name} of {catalogue.class_name} for "{wanted.title}" is no'
                f" checkbox but {known.datatype}",
                f"name the checkbox: {wanted.assignment}",
            )


def _missing(wanted: Wanted, catalogue: Catalogue) -> Misconfigured:
    if wanted.configured is not None:
        return _misconfigured(
            f"{catalogue.class_name} has no field {wanted.configured}, which {wanted.key} names;"
            f" looked at {catalogue.looked_at}",
            f"correct {wanted.assignment}, or leave it out to find the field by its title"
            f' "{wanted.title}"',
        )
    return _misconfigured(
        f'{catalogue.class_name} has no field titled "{wanted.title}";'
        f" looked at {catalogue.looked_at}",
        f"install the Outreach plugin in Workbooks, or name the field: {wanted.assignment}",
    )


def _misconfigured(message: str, remedy: str) -> Misconfigured:
    return Misconfigured(message, system=answers.SYSTEM, operation="fields", remedy=remedy)


def _distinct(fields: list[Known] | None, matches: Callable[[Known], bool]) -> list[Known]:
    return list({known.name: known for known in fields or () if matches(known)}.values())


def _shaped(model: type[_Shape], rows: Sequence[Row]) -> list[_Shape]:
    return [answers.shaped(model, row, "fields") for row in rows]
