"""The survey: what there is of a pair on both sides, read page by page and laid side by side.

A source that is paused and a budget that is spent are waited for: nobody waits for this, and it
takes the lane of a backlog.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

import anyio
import structlog
from anyio.to_thread import run_sync

from engine.assembly.assembly import Assembly
from engine.decide.adoption import alike
from engine.decide.failure import plain_reason
from engine.errors import HeldBack, Rejected, Throttled
from engine.model.adoption import Present
from engine.model.fields import Fields
from engine.model.identity import id_of
from engine.model.pointer import Pointer, Side
from engine.model.records import Captured, Listed, Position, RecordType, SourceRecord
from engine.resolvers.references import References
from engine.service.adopting.laid import Laid, Ours
from engine.store.sqlite import adopting

PAGE = 1000
# So many records are resolved side by side: what they refer to is asked for in batches.
TOGETHER = 100
# The longest single wait for a budget, seconds.
WAIT_MAX_S = 300.0

Answer = TypeVar("Answer")
Given = ParamSpec("Given")
log = structlog.get_logger(component="adopting")


@dataclass(slots=True)
class Survey:
    """Reads both sides.

    Args:
        copy: of our own state.
    """

    assembly: Assembly
    laid: Laid
    copy: sqlite3.Connection

    async def read(self) -> None:
        """Lay down everything.

        Raises:
            EngineError: a system cannot be reached, or refuses us.
        """
        # Whoever else works in the service does not wait for what is done of all records at once.
        await run_sync(self._lay_claims)
        await self._read_theirs()
        await self._read_ours()
        await run_sync(self.laid.note_open)

    def _lay_claims(self) -> None:
        self.laid.add_claims(adopting.claimed(self.copy))

    @property
    def names(self) -> list[str]:
        """The target fields that matter."""
        target = self.assembly.config.connectors.target
        mapped = self.assembly.mappings.of(RecordType.OPPORTUNITY).field_names
        return sorted({*mapped, target.correlation_field, *target.alike_fields})

    async def look_at(self, target_id: int) -> None:
        """Lay down a target record that the listing has not shown.

        Raises:
            Gone: there is none.
        """
        target = self.assembly.systems.target
        fields = await patiently(target.get, target_id, self.names)
        self._lay([Listed(target_id, "", trashed=False, fields=fields)])

    async def carried_by(self, target_id: int) -> set[int]:
        """The source records that carry an id, ticked or not."""
        pointer = Pointer(Side.TARGET, RecordType.OPPORTUNITY, id=target_id)
        source = self.assembly.systems.source
        return {row.id for row in await patiently(source.pointed_at, pointer)}

    async def _read_theirs(self) -> None:
        target, number = self.assembly.systems.target, 0
        after: str | None = None
        while True:
            page = await patiently(target.listed, self.names, after)
            number += len(page.rows)
            self._lay(page.rows)
            if page.unreadable:
                log.warning(
                    "rows_unreadable",
                    operation="listed",
                    rows=len(page.unreadable),
                    first=page.unreadable[0],
                )
            log.info("surveyed", system=self.assembly.config.connectors.target.name, records=number)
            if page.after is None:
                return
            after = page.after

    def _lay(self, rows: Sequence[Listed]) -> None:
        target = self.assembly.config.connectors.target
        present: list[tuple[Present, Fields]] = []
        for row in rows:
            carried = row.fields.get(target.correlation_field)
            correlation = str(carried) if carried else None
            like = alike(row.fields, target.alike_fields)
            shown = Present(row.id, row.created_at, row.trashed, correlation, like)
            present.append((shown, row.fields))
        self.laid.add_theirs(present)

    async def _read_ours(self) -> None:
        source, number = self.assembly.systems.source, 0
        after: Position | None = None
        while True:
            page = await patiently(source.changes, after, PAGE, flagged=True)
            for start in range(0, len(page.rows), TOGETHER):
                self.laid.add_ours(await self._ours(page.rows[start : start + TOGETHER]))
            number += len(page.rows)
            log.info("surveyed", system=self.assembly.config.connectors.source.name, records=number)
            if page.complete or not page.rows:
                return
            after = page.rows[-1].position

    async def _ours(self, rows: Sequence[Captured]) -> list[Ours]:
        states = adopting.standings(self.copy, [row.id for row in rows])
        found: list[Ours] = []

        async def one(row: Captured) -> None:
            found.append(await self._opened(row, states.get(row.id)))

        async with anyio.create_task_group() as tasks:
            for row in rows:
                tasks.start_soon(one, row)
        return found

    async def _opened(self, row: Captured, state: str | None) -> Ours:
        record = self.assembly.systems.source.read(RecordType.OPPORTUNITY, row.payload)
        target = self.assembly.config.connectors.target
        fields: Fields | None = None
        fault = code = correlation = None
        try:
            fields = await self._fields(record)
            correlation = _text(fields.get(target.correlation_field))
        except Rejected as error:
            reason = plain_reason(error)
            fault, code = str(reason), reason.code.value
        carried = record.target_id or None
        return Ours(
            *(row.id, row.ref, row.version, row.updated_at, record.error),
            *(carried, id_of(carried or ""), record.target_url or None),
            *(correlation, None if fields is None else alike(fields, target.alike_fields)),
            *(fields, fault, code, state),
        )

    async def _fields(self, record: SourceRecord) -> Fields:
        """What its target record shall hold, as a syncer finds it out."""
        mapping = self.assembly.mappings.of(RecordType.OPPORTUNITY)
        wanted = mapping.references(record)
        references = References(self.assembly.owner_resolver, self.assembly.account_resolver)
        resolution = await patiently(references.resolve, wanted)
        return mapping.fields(record, resolution.ids, untold=resolution.untold)


async def patiently(
    ask: Callable[Given, Awaitable[Answer]], *args: Given.args, **kwargs: Given.kwargs
) -> Answer:
    """The answer, however long the budget or a pause makes it wait.

    Raises:
        EngineError: anything else that goes wrong.
    """
    while True:
        try:
            return await ask(*args, **kwargs)
        except (HeldBack, Throttled) as error:
            wait_s = min(WAIT_MAX_S, max(1.0, error.retry_after_s or 0.0))
            log.info("waiting_for_budget", reason=error.message, wait_s=round(wait_s))
            await anyio.sleep(wait_s)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
