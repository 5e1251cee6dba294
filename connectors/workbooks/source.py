"""Workbooks as the engine's source: the port and the start-up steps."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import AsyncGenerator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from copy import copy

from connectors.workbooks import cells, listings, mapping, protocol, tab, values
from connectors.workbooks.client import Client
from connectors.workbooks.installation import Installation
from connectors.workbooks.listings import Resource
from connectors.workbooks.mapping_records import MappingRecords
from connectors.workbooks.paging import Paging
from connectors.workbooks.paths import PEOPLE, RELATIONSHIPS
from connectors.workbooks.readable import MANY, readable_of
from connectors.workbooks.settings import WorkbooksSettings
from connectors.workbooks.wire import OBJECTS_MAX, PATHS, Row
from engine import (
    Captured,
    Column,
    ConnectorEnvironment,
    Delivery,
    Fetched,
    MappingRow,
    Misconfigured,
    Newest,
    OurFault,
    Page,
    Pointer,
    Position,
    RecordType,
    SourceRecord,
    Step,
    TabPage,
    TheirFault,
    TooLarge,
    WriteBack,
    WriteBackResult,
)

# Rows of each kind that are read before anything is synced.
TRIED = 20


class WorkbooksSource:
    """Reads opportunities, the people on them and mapping lines; writes results back.

    Args:
        client: an open client.
    """

    def __init__(self, client: Client, settings: WorkbooksSettings) -> None:
        self._client = client
        self._settings = settings
        self._installation = Installation(client.read, settings)
        self._mapping_records = MappingRecords(client.read)
        self._mapped: dict[RecordType, tuple[str, ...]] = {}
        self._paging = defaultdict[str, Paging](Paging)

    async def identity(self) -> str:
        """The user whose rights we have, and the database.

        Raises:
            EngineError: the credentials are refused, or Workbooks cannot be reached.
        """
        return await self._client.identify()

    def steps(self) -> Sequence[Step]:
        """Credentials, columns, people, and a first real read; each may be run again."""
        return (
            Step("credentials", self._client.sign_in),
            Step("fields", self._installation.find_fields),
            Step("people", self._find_people),
            Step("opportunities", self._find_opportunities),
        )

    def select(self, record_type: RecordType, columns: Sequence[str]) -> None:
        """Read these columns too from now on, in place of those selected before."""
        self._mapped[record_type] = tuple(dict.fromkeys(columns))

    def apart(self) -> WorkbooksSource:
        """The same client, with columns selected for itself alone."""
        other = copy(self)
        other._mapped = self._mapped.copy()
        return other

    def sends(self, record_type: RecordType, entry: WriteBack) -> bool:
        """Whether this database has a column for anything of it."""
        return bool(mapping.written(entry, self._installation.plugin(record_type)))

    @property
    def people(self) -> bool:
        """Whether people carry the plugin's columns and can be read."""
        return self._installation.people

    @property
    def tab_changes_listed(self) -> bool:
        """Whether relationships have a resource of their own (A15)."""
        return self._installation.relationships_listed

    async def columns(self, record_type: RecordType) -> Mapping[str, Column] | None:
        """Every column by name, read once; None when the record type is not described to us.

        Raises:
            EngineError: a request failed.
        """
        return await self._installation.catalogue(record_type).columns()

    async def changes(self, after: Position | None, limit: int, *, flagged: bool = False) -> Page:
        """Eligible opportunities behind `after`, at most `limit` and at most `page_size`.

        Args:
            flagged: those whose error flag alone keeps them from being eligible too.

        Raises:
            TheirFault: no row has a usable id, lock_version and updated_at.
            EngineError: the request failed.
        """
        return await self._changes(RecordType.OPPORTUNITY, after, limit, flagged=flagged)

    async def unlinked(self, after_id: int, limit: int) -> Page:
        """Eligible opportunities with a blank Outreach Id and a greater id, by id.

        Raises:
            TheirFault: as `changes`.
            EngineError: the request failed.
        """
        resource = self._resource(RecordType.OPPORTUNITY)
        return await self._page(
            resource, limit, lambda size: listings.unlinked(resource, after_id, size)
        )

    async def eligible(self, after_id: int, limit: int) -> Page:
        """Eligible opportunities with a greater id, by id, linked or not.

        Raises:
            TheirFault: as `changes`.
            EngineError: the request failed.
        """
        resource = self._resource(RecordType.OPPORTUNITY)
        return await self._page(
            resource, limit, lambda size: listings.eligible(resource, after_id, size)
        )

    async def tab_changes(self, after: Position, limit: int) -> TabPage:
        """Relationships behind `after`, removed ones included.

        One that does not tell its opportunity has the opportunity id 0, so that paging goes on
        past it.

        Raises:
            TheirFault: no row has a usable id and updated_at.
            EngineError: the request failed.
        """
        rows, odd, complete, served_at = await self._rows(
            RELATIONSHIPS, limit, lambda size: listings.tab_changes(after, size)
        )
        found = readable_of(rows, tab.tab_change, last=complete)
        return TabPage(found.rows, complete, served_at, found.told(nulls=odd))

    async def newest_tab_change(self) -> Newest:
        """Where the change order of relationships ends, removed ones included.

        Raises:
            TheirFault: as `tab_changes`.
            EngineError: the request failed.
        """
        return await self._newest(listings.newest_tab_change())

    async def people_changes(self, after: Position, limit: int) -> Page:
        """Eligible people behind `after`, at most `limit` and at most `page_size`.

        Raises:
            TheirFault: as `changes`.
            EngineError: the request failed.
        """
        return await self._changes(RecordType.PERSON, after, limit)

    async def newest_person_change(self) -> Newest:
        """Where the change order of all people ends, eligible or not.

        Raises:
            TheirFault: the row has no usable id or updated_at.
            EngineError: the request failed.
        """
        return await self._newest(listings.newest_person())

    async def fetch(self, record_type: RecordType, ids: Sequence[int]) -> Fetched:
        """The records with these ids, deleted and hidden ones left out (§8).

        Raises:
            TheirFault: an answer has another shape, a row no usable id, or none of many can be
                read: that is a matter of all rows alike.
            EngineError: a request failed.
        """
        resource = self._resource(record_type)
        readable: list[Captured] = []
        unreadable: dict[int, TheirFault] = {}
        for row in await self._by_ids(ids, lambda chunk: listings.records(resource, chunk)):
            try:
                readable.append(mapping.captured(row, resource.plugin))
            except TheirFault as error:
                unreadable[cells.integer(row, "id")] = error
        if not readable and len(unreadable) >= MANY:
            raise next(iter(unreadable.values()))
        return Fetched(readable, unreadable)

    async def pointed_at(self, pointer: Pointer) -> list[Captured]:
        """The records of this name, or with this Outreach Id; raises what `changes` raises."""
        resource = self._resource(pointer.record_type)
        rows, _ = await self._client.read_some(listings.pointed_at(resource, pointer))
        return [mapping.captured(row, resource.plugin) for row in rows]

    async def deleted(self, record_type: RecordType, ids: Sequence[int]) -> set[int]:
        """Those of these records that are in the bin; one that vanished altogether is not (§8).

        Raises:
            EngineError: a request failed.
        """
        path = PATHS[record_type]
        rows = await self._by_ids(ids, lambda chunk: listings.deleted(path, chunk))
        return {cells.integer(row, "id") for row in rows}

    async def mapping_rows(self) -> list[MappingRow] | None:
        """Enabled lines of "Outreach Mapping" that are sent; None without that record type.

        Raises:
            TheirFault: an answer has an unknown shape.
            EngineError: a request failed.
        """
        return await self._mapping_records.rows()

    def read(self, record_type: RecordType, payload: str) -> SourceRecord:
        """Open the payload of a captured row.

        Raises:
            TheirFault: it was captured with other columns than those in use now.
        """
        plugin = self._installation.plugin(record_type)
        return mapping.opened(payload, plugin, self._mapped.get(record_type, ()))

    # As it stands: it is asked for each field of a record.
    parse = staticmethod(values.parse)

    async def write_back(
        self, record_type: RecordType, entries: Sequence[WriteBack]
    ) -> list[WriteBackResult]:
        """Deliver one batch, each entry in its own transaction; one result per entry, in order.

        An entry that no column of this database shows is delivered without being sent.

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
        plugin = self._installation.plugin(record_type)
        columns = {entry.id: mapping.written(entry, plugin) for entry in entries}
        sent = [entry for entry in entries if columns[entry.id]]
        results = {
            entry.id: WriteBackResult(Delivery.DELIVERED, entry.version) for entry in entries
        }
        if sent:
            objects = [(entry.id, entry.version, columns[entry.id]) for entry in sent]
            answers = await self._client.write(protocol.write(PATHS[record_type], objects), sent)
            results |= {entry.id: answer for entry, answer in zip(sent, answers, strict=True)}
        return [results[entry.id] for entry in entries]

    async def account_ids(self, customer_ids: Collection[int]) -> Mapping[int, str | None]:
        """Outreach account id by customer id; customers that are people have none.

        It is None where the row does not have the column.

        Raises:
            EngineError: a request failed.
        """
        account_field = self._installation.account_field
        if account_field is None:
            return {}
        rows = await self._by_ids(
            customer_ids, lambda chunk: listings.organisations(account_field, chunk)
        )
        return mapping.account_ids(rows, account_field)

    async def accounts_changed(self, since: float) -> Mapping[int, str | None]:
        """As `account_ids`, of each organisation that was changed at or after that time.

        Raises:
            EngineError: a request failed.
        """
        account_field = self._installation.account_field
        found: dict[int, str | None] = {}
        while account_field is not None:
            last = max(found, default=0)
            call = listings.organisations_changed(account_field, since, last)
            rows, _ = await self._client.read_some(call)
            ids = [cells.integer(row, "id") for row in rows]
            # What goes on from where it was is not asked for again and again.
            if max(ids, default=last) <= last:
                break
            found |= dict.fromkeys(ids, "")
            found |= mapping.account_ids(rows, account_field)
        return found

    async def _by_ids(
        self, ids: Collection[int], call: Callable[[list[int]], protocol.Call]
    ) -> list[Row]:
        """The rows with these ids; those not shown are asked for again while pages may be short.

        Raises:
            TheirFault: null stands where some of them should be.
        """
        found: list[Row] = []
        for chunk in _chunks(ids):
            missing, asked, odd = chunk, 0, 0
            while missing and len(missing) != asked:
                request, asked = call(missing), len(missing)
                rows, odd = await self._some_by_ids(missing, call)
                found += rows
                if not odd and self._paging[request.path].complete(len(rows), asked):
                    break
                shown = {cells.integer(row, "id") for row in rows}
                missing = [one for one in missing if one not in shown]
            if odd and missing:
                raise TheirFault(
                    f"{odd} rows of the answer are null", system="workbooks", operation="fetch"
                )
        return found

    async def _some_by_ids(
        self, ids: list[int], call: Callable[[list[int]], protocol.Call]
    ) -> tuple[list[Row], int]:
        """The rows of one request, or of several where one answer would be too large."""
        try:
            return await self._client.read_some(call(ids))
        except TooLarge:
            half = len(ids) // 2
            if not half:
                raise
        first, odd = await self._some_by_ids(ids[:half], call)
        second, odd_too = await self._some_by_ids(ids[half:], call)
        return first + second, odd + odd_too

    def _resource(self, record_type: RecordType) -> Resource:
        plugin = self._installation.plugin(record_type)
        mapped = self._mapped.get(record_type, ())
        return Resource(
            PATHS[record_type],
            plugin,
            mapping.wanted_columns(record_type, plugin, mapped),
            self._settings.false_matches_unset,
        )

    async def _changes(
        self, record_type: RecordType, after: Position | None, limit: int, *, flagged: bool = False
    ) -> Page:
        resource = self._resource(record_type)
        return await self._page(
            resource, limit, lambda size: listings.changes(resource, after, size, flagged=flagged)
        )

    async def _page(
        self, resource: Resource, limit: int, call: Callable[[int], protocol.Call]
    ) -> Page:
        rows, odd, complete, served_at = await self._rows(resource.path, limit, call)
        plugin = resource.plugin
        found = readable_of(rows, lambda row: mapping.captured(row, plugin), last=complete)
        return Page(found.rows, complete, served_at, found.told(nulls=odd), found.odd_ids)

    async def _rows(
        self, path: str, limit: int, call: Callable[[int], protocol.Call]
    ) -> tuple[list[Row], int, bool, float | None]:
        """One page of a listing, how many nulls it skipped, whether it is the last, and its time.

        It has fewer rows where they are large.

        Raises:
            TheirFault: there is no row among them to go on from.
        """
        paging = self._paging[path]
        size = paging.size(max(1, min(limit, OBJECTS_MAX)))
        while True:
            try:
                rows, odd, served_at = await self._client.read_at(call(size))
            except TooLarge:
                if size == 1:
                    raise
                size = paging.too_large(size)
            else:
                complete = paging.complete(len(rows) + odd, size)
                if odd and not rows and not complete:
                    raise TheirFault("a page without a row", system="workbooks", operation="page")
                return rows, odd, complete, served_at

    async def _newest(self, call: protocol.Call) -> Newest:
        rows, _, served_at = await self._client.read_at(call)
        return Newest(cells.position(rows[0]) if rows else None, served_at)

    async def _find_people(self) -> str:
        found = await self._installation.find_people()
        relationships = await self._installation.find_relationships()
        facts = [found, relationships]
        if self._installation.people:
            facts.append(await self._try_people())
        return "; ".join(facts)

    async def _try_people(self) -> str:
        try:
            return await self._try_read(RecordType.PERSON)
        except Misconfigured as error:
            # Opportunities go on without people, as they do without the plugin's columns there.
            if error.status != 404:
                raise
            return self._installation.leave_people_out(f"{PEOPLE} is not open to us")

    async def _find_opportunities(self) -> str:
        return await self._try_read(RecordType.OPPORTUNITY)

    async def _try_read(self, record_type: RecordType) -> str:
        resource = self._resource(record_type)
        page = await self._changes(record_type, None, TRIED)
        facts = ["readable"]
        # A few odd rows must not keep all others from being synced.
        if odd := page.unreadable:
            facts.append(f"but {len(odd)} of {len(odd) + len(page.rows)} rows: {odd[0]}")
        if not page.rows:
            return ", ".join([*facts, f"{'no other' if odd else 'none'} is eligible yet"])
        # An unknown column is silently left out of the answer (§4), so a typing error in the
        # mapping would show nowhere else.
        there = json.loads(page.rows[-1].payload)
        if absent := [column for column in resource.columns if column not in there]:
            facts.append(f"absent columns: {', '.join(absent)}")
        return ", ".join(facts)


@asynccontextmanager
async def open_source(
    settings: WorkbooksSettings, environment: ConnectorEnvironment
) -> AsyncGenerator[WorkbooksSource]:
    """A source that lives as long as the context; leaving it ends the session, if there is one."""
    async with Client(settings, environment) as client:
        yield WorkbooksSource(client, settings)


def _chunks(ids: Collection[int]) -> list[list[int]]:
    distinct = list(dict.fromkeys(ids))
    return [distinct[at : at + OBJECTS_MAX] for at in range(0, len(distinct), OBJECTS_MAX)]
