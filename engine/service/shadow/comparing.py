"""Comparing: whether somebody else, such as the vendor's plugin, has done the same meanwhile.

Each step looks at what was compared longest ago, at no more than the budget can easily bear.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import anyio
import structlog

from engine.decide.shadow import compared
from engine.errors import EngineError, Gone
from engine.flow.lane import current_lane
from engine.flow.purpose import spent_on
from engine.model.edit import Edit
from engine.model.fields import Scalar
from engine.model.identity import id_of
from engine.model.lane import Lane
from engine.model.plan import Kind
from engine.model.purpose import Purpose
from engine.model.records import Captured, RecordType
from engine.model.shadow import Outcome
from engine.ports import Source, Target
from engine.service.planning.overlay import INVENTED
from engine.service.planning.source import NEW_ID
from engine.service.shadow.book import Book
from engine.service.shadow.known import Known

# So many lines a step: of those that a reading of the source answers for all of them at once, and
# of those that take a request of the target each.
TOGETHER_MAX, ALONE_MAX = 100, 20
ROLES = (Kind.ROLE_ADD, Kind.ROLE_CHANGE, Kind.ROLE_REMOVE)
BACK = (Kind.WRITE_BACK, Kind.FLAG, Kind.UNFLAG)
TOGETHER = (Kind.CREATE, *BACK)
ALONE = tuple(kind for kind in Kind if kind not in TOGETHER)

log = structlog.get_logger(component="shadow")

Rows = Mapping[tuple[RecordType, int], Captured]


@dataclass(slots=True)
class Comparing:
    """Compares the book with both systems as they really are.

    Args:
        every_s: seconds between two steps.
    """

    book: Book
    known: Known
    source: Source
    target: Target
    every_s: float

    async def run(self) -> None:
        """One step after the other; a system that does not answer is asked again."""
        current_lane.set(Lane.BACKLOG)
        while True:
            await anyio.sleep(self.every_s)
            try:
                with spent_on(Purpose.AUDIT):
                    await self.step()
            except EngineError as error:
                log.debug("not_compared", reason=str(error))

    async def step(self) -> None:
        """Compare some lines.

        Raises:
            EngineError: a system cannot be asked.
        """
        together = self.book.to_compare(TOGETHER, TOGETHER_MAX)
        rows = await self._rows(together)
        for line in (*together, *self.book.to_compare(ALONE, ALONE_MAX)):
            await self._compare(line, rows)

    async def _rows(self, lines: Sequence[sqlite3.Row]) -> Rows:
        found: dict[tuple[RecordType, int], Captured] = {}
        for record_type in RecordType:
            ids = {
                line["record_id"]
                for line in lines
                if line["record_id"] and line["record_type"] == record_type
            }
            if ids:
                shown = await self.source.fetch(record_type, sorted(ids))
                found |= {(record_type, row.id): row for row in shown.whole()}
        return found

    async def _compare(self, line: sqlite3.Row, rows: Rows) -> None:
        kind = Kind(line["kind"])
        row = rows.get((RecordType(line["record_type"]), line["record_id"]))
        try:
            if kind is Kind.CREATE:
                self._create(line, row)
            elif kind is Kind.PROSPECT:
                await self._prospect(line)
            elif kind in BACK:
                self._write_back(line, kind, row)
            elif kind in ROLES:
                await self._role(line, kind)
            else:
                await self._opportunity(line, kind)
        except Gone:
            self.book.compared(line, Outcome.DIFFERS, remark="the target record is gone")

    def _create(self, line: sqlite3.Row, row: Captured | None) -> None:
        carried = None if row is None else id_of(row.target_id or "")
        if carried is None:
            self.book.compared(line, Outcome.NOT_DONE)
            return
        # What it holds differently is a line of its own: the record is reconciled with it.
        self.book.alias(line["target_id"], carried)
        self.book.compared(line, Outcome.DONE, remark=f"as {carried}")

    async def _prospect(self, line: sqlite3.Row) -> None:
        if line["record_id"] is None:
            person = self.known.person_of(line["target_id"])
            if person is not None:
                self.book.name(line, person)
        emails = [
            str(one) for edit in _edits(line) if isinstance(edit.after, list) for one in edit.after
        ]
        shown = await self.target.find_prospects(emails) if emails else []
        if not shown:
            self.book.compared(line, Outcome.NOT_DONE)
            return
        self.book.alias(line["target_id"], shown[0].id)
        self.book.compared(line, Outcome.DONE, remark=f"as {shown[0].id}")

    def _write_back(self, line: sqlite3.Row, kind: Kind, row: Captured | None) -> None:
        if row is None:
            self.book.compared(line, Outcome.DIFFERS, remark="the record is not shown any more")
            return
        record = self.source.read(RecordType(line["record_type"]), row.payload)
        if kind is not Kind.WRITE_BACK:
            done = record.error is (kind is Kind.FLAG)
            self.book.compared(line, Outcome.DONE if done else Outcome.NOT_DONE)
            return
        edits = _edits(line)
        now = {"id": record.target_id, "url": record.target_url}
        # Whatever id it has got is as good as the one that it would have got.
        given = {edit.field: NEW_ID for edit in edits if edit.after == NEW_ID and now[edit.field]}
        outcome, there = compared(edits, {**now, **given})
        self.book.compared(line, outcome, there)

    async def _role(self, line: sqlite3.Row, kind: Kind) -> None:
        role = json.loads(line["role"])
        target_id = self.book.real(line["target_id"])
        if target_id is None:
            self.book.compared(line, Outcome.NOT_DONE)
            return
        shown = await self.target.roles(target_id)
        text = {one.id: one.role for one in shown}.get(role["id"])
        if kind is Kind.ROLE_ADD:
            wanted = (self.book.real(role["prospect"]), role["after"])
            done = wanted in {(one.prospect_id, one.role) for one in shown}
            if not done and line["target_id"] > INVENTED:
                self.book.forget(line)
                return
        elif kind is Kind.ROLE_REMOVE:
            done = text is None
        else:
            done = text == role["after"]
        kept = self.book.compared(line, Outcome.DONE if done else Outcome.NOT_DONE)
        if done and kept and kind is not Kind.ROLE_ADD:
            self.book.settle_role(role["id"])

    async def _opportunity(self, line: sqlite3.Row, kind: Kind) -> None:
        edits = _edits(line)
        now: Mapping[str, Scalar] = {}
        try:
            now = await self.target.get(line["target_id"], [edit.field for edit in edits])
        except Gone:
            if kind is not Kind.REMOVE:
                raise
            self.book.compared(line, Outcome.DONE)
            return
        if kind is Kind.REMOVE:
            self.book.compared(line, Outcome.NOT_DONE)
            return
        outcome, there = compared(edits, now)
        if self.book.compared(line, outcome, there) and outcome is Outcome.DONE:
            self.book.settle_opportunity(line["target_id"])


def _edits(line: sqlite3.Row) -> list[Edit]:
    return [Edit(*one) for one in json.loads(line["edits"])]
