"""The Workbooks connector: the engine's source, and the entry point that offers it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager

from connectors.workbooks import discovery, mapping, protocol, values
from connectors.workbooks.client import Client
from connectors.workbooks.settings import WorkbooksSettings
from connectors.workbooks.wire import OBJECTS_MAX, PluginColumns
from engine import (
    Captured,
    Json,
    Kind,
    OurFault,
    Page,
    Position,
    SourceConnector,
    SourceRecord,
    Step,
    Surroundings,
    Value,
    WriteBack,
    WriteBackResult,
)


class WorkbooksSource:
    """Reads eligible opportunities and writes results back to them.

    Args:
        client: an open client.
        mapped: columns the mapping needs beyond the connector's own.
    """

    def __init__(self, client: Client, settings: WorkbooksSettings, mapped: Sequence[str]) -> None:
        self._client = client
        self._settings = settings
        self._mapped = tuple(mapped)
        self._found: PluginColumns | None = None
        self._account_field: str | None = None

    def steps(self) -> Sequence[Step]:
        """Credentials, columns, and a first real read; each may be run again."""
        return (
            Step("credentials", self._client.sign_in),
            Step("fields", self._find_fields),
            Step("opportunities", self._try_read),
        )

    async def changes(self, after: Position | None, limit: int) -> Page:
        """Eligible opportunities behind `after`, at most `limit` and at most `page_size`.

        Raises:
            TheirFault: a row has no usable id, lock_version or updated_at.
            EngineError: the request failed.
        """
        size = self._page_size(limit)
        return await self._page(protocol.changes(self._plugin, self._columns, after, size), size)

    async def unlinked(self, after_id: int, limit: int) -> Page:
        """Eligible opportunities with a blank Outreach Id and a greater id, by id.

        Raises:
            TheirFault: as `changes`.
            EngineError: the request failed.
        """
        size = self._page_size(limit)
        call = protocol.unlinked(self._plugin, self._columns, after_id, size)
        return await self._page(call, size)

    async def fetch(self, ids: Sequence[int]) -> list[Captured]:
        """The opportunities with these ids, deleted and hidden ones left out (§8).

        Raises:
            TheirFault: as `changes`.
            EngineError: a request failed.
        """
        found: list[Captured] = []
        for chunk in _chunks(ids):
            rows = await self._client.read(protocol.opportunities(self._columns, chunk))
            found += [mapping.captured(row, self._plugin) for row in rows]
        return found

    def read(self, payload: str) -> SourceRecord:
        """Open the payload of a captured row.

        Raises:
            TheirFault: it was captured with other columns than those in use now.
        """
        return mapping.opened(payload, self._plugin, self._mapped)

    def parse(self, raw: Json, kind: Kind) -> Value:
        """Read one column's raw value as `kind`; blank gives None, or () for a list.

        Raises:
            Malformed: the value does not have that form.
        """
        return values.parse(raw, kind)

    async def write_back(self, entries: Sequence[WriteBack]) -> list[WriteBackResult]:
        """Deliver one batch, each entry in its own transaction; one result per entry, in order.

        Raises:
            OurFault: more entries than one request may hold (§7.1).
            Unreachable: with `ambiguous` when some entries may have been executed.
            EngineError: the request was refused before anything was executed.
        """
        if len(entries) > OBJECTS_MAX:
            raise OurFault(
                f"{len(entries)} objects in one write, {OBJECTS_MAX} are the most",
                system="workbooks",
                operation="write_back",
            )
        if not entries:
            return []
        objects = [
            (entry.id, entry.version, mapping.written(entry, self._plugin)) for entry in entries
        ]
        return await self._client.write(protocol.write(objects), entries)

    async def account_ids(self, customer_ids: Collection[int]) -> Mapping[int, str]:
        """Outreach account id by customer id; customers that are people have none.

        Raises:
            EngineError: a request failed.
        """
        found: dict[int, str] = {}
        if self._account_field is None:
            return found
        for chunk in _chunks(customer_ids):
            rows = await self._client.read(protocol.organisations(self._account_field, chunk))
            found |= mapping.account_ids(rows, self._account_field)
        return found

    @property
    def _plugin(self) -> PluginColumns:
        if self._found is None:
            raise OurFault("the start-up steps have not run", system="workbooks")
        return self._found

    @property
    def _columns(self) -> tuple[str, ...]:
        return mapping.wanted_columns(self._plugin, self._mapped)

    def _page_size(self, limit: int) -> int:
        return max(1, min(limit, self._settings.page_size))

    async def _page(self, call: protocol.Call, size: int) -> Page:
        rows = await self._client.read(call)
        captured = [mapping.captured(row, self._plugin) for row in rows]
        return Page(captured, complete=len(rows) < size)

    async def _find_fields(self) -> str:
        plugin = await discovery.plugin_columns(self._client.read, self._settings)
        account_field = await discovery.account_column(self._client.read, self._settings)
        self._found, self._account_field = plugin, account_field
        named = {
            "sync": plugin.sync,
            "error": plugin.error,
            "outreach_id": plugin.outreach_id,
            "outreach_url": plugin.outreach_url,
            "error_message": plugin.error_message or "none",
            "account_field": account_field or "none, accounts stay blank",
        }
        return ", ".join(f"{name} = {column}" for name, column in named.items())

    async def _try_read(self) -> str:
        rows = await self._client.read(protocol.changes(self._plugin, self._columns, None, 1))
        if not rows:
            return "readable, none is eligible yet"
        mapping.captured(rows[0], self._plugin)
        absent = [column for column in self._columns if column not in rows[0]]
        # An unknown column is silently left out of the answer (§4), so a typing error in the
        # mapping would show nowhere else.
        return f"readable, absent columns: {', '.join(absent)}" if absent else "readable"


@asynccontextmanager
async def open_source(
    settings: WorkbooksSettings, surroundings: Surroundings
) -> AsyncGenerator[WorkbooksSource]:
    """A source that lives as long as the context; leaving it ends the session, if there is one."""
    async with Client(settings, surroundings) as client:
        yield WorkbooksSource(client, settings, surroundings.columns)


def _chunks(ids: Collection[int]) -> list[list[int]]:
    distinct = list(dict.fromkeys(ids))
    return [distinct[at : at + OBJECTS_MAX] for at in range(0, len(distinct), OBJECTS_MAX)]


connector = SourceConnector(
    name="workbooks",
    settings=WorkbooksSettings,
    standard_columns={
        "title": ("description",),
        "value": ("document_currency_net_value",),
        "close_date": ("document_date",),
        "probability": ("probability",),
        "stage": ("opportunity_stage[name]",),
        "notes": ("comment",),
        "reference": ("object_ref",),
        "created_at": ("created_at",),
        "owner": ("assigned_to_name", "queue_entry[queue[name]]"),
        "customer": ("party_id",),
    },
    open=open_source,
)
