"""Stand-ins the engine's tests share: a clock that is moved by hand, and ready-made rows."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

import httpx

from engine.decide.reasons import foreign
from engine.flow.allowance import BudgetLimits
from engine.flow.governor import Governor
from engine.model.history import Note
from engine.model.outbox import Entry, Owed
from engine.model.person import Person
from engine.model.reason import Code, Reason
from engine.model.records import Captured, RecordType, SourceRecord, TabLine
from engine.model.work import Failure, Work
from engine.ports import ConnectorEnvironment
from engine.wire.way import Way
from tests.unit.engine.store.adapters import capture, outbox, settle, work
from tests.ways import ThroughHttpx

NOW = 1_790_000_000.0


def seeded(seed: int = 7) -> Random:
    """A random source that draws the same numbers in every run."""
    return Random(seed)  # noqa: S311 # jitter is no secret


@dataclass
class FakeClock:
    """A wall clock that stands still until it is moved."""

    time: float = NOW

    def now(self) -> float:
        """Unix seconds."""
        return self.time


class NoVault:
    """A vault that keeps nothing."""

    async def load(self, name: str) -> str | None:  # noqa: ARG002 # the port has it
        """Nothing is kept."""
        return None

    async def save(self, name: str, text: str) -> None:
        """Nothing is kept."""


@dataclass
class Observations:
    """Every finished request, as metrics would hear of it: (method, route, status)."""

    seen: list[tuple[str, str, str]] = field(default_factory=list[tuple[str, str, str]])

    def __call__(
        self,
        method: str,
        route: str,
        status: str,
        duration_s: float,  # noqa: ARG002 # the port has it
    ) -> None:
        """Keep one."""
        self.seen.append((method, route, status))


def governor(in_flight_max: int = 4, limits: BudgetLimits | None = None) -> Governor:
    """A governor on a clock that stands still."""
    return Governor(FakeClock(), seeded(), in_flight_max, limits or BudgetLimits())


def environment(
    transport: httpx.AsyncBaseTransport | Way, observe: Observations | None = None
) -> ConnectorEnvironment:
    """What a connector would get, on the given transport."""
    if isinstance(transport, httpx.AsyncBaseTransport):
        transport = ThroughHttpx(transport)
    return ConnectorEnvironment(
        clock=FakeClock(),
        rng=seeded(),
        governor=governor(),
        vault=NoVault(),
        observe=observe or Observations(),
        way=transport,
        user_agent="test",
    )


def row(
    record_id: int,
    version: int = 1,
    *,
    updated_at: int = 1_700_000_000,
    eligible: bool = True,
    linked: bool = False,
    name: str = "A deal",
    tab: Sequence[TabLine] | None = None,
) -> Captured:
    """One captured source row; `tab` None when it does not show its People tab whole."""
    columns = {"id": record_id, "name": name, "customer": record_id * 10, "tab": tab}
    return Captured(
        id=record_id,
        ref=f"OPP-{record_id}",
        version=version,
        updated_at=updated_at,
        eligible=eligible,
        linked=linked,
        payload=json.dumps(columns),
        tab=None if tab is None else json.dumps(sorted(tab), separators=(",", ":")),
    )


def take(connection: sqlite3.Connection, *rows: Captured, now: float = NOW) -> None:
    """Capture rows as a poll would."""
    capture.capture_page(connection, rows, now=now, fresh_max=20)


def pending(connection: sqlite3.Connection, record_id: int) -> Work:
    """The record's work, which must be pending."""
    found = work.load(connection, record_id)
    assert found is not None
    return found


def announce(connection: sqlite3.Connection, record_id: int, at: float = NOW) -> bool:
    """Announce a create of the pending record, just decided on a row just shown."""
    of = pending(connection, record_id)
    return work.open_intent(connection, of, f"OPP-{record_id}", at, shown_since=of.proved_at)


def link(
    connection: sqlite3.Connection,
    record_id: int = 1,
    target_id: int = 7,
    *,
    owed: Owed | None = None,
    awaited: Collection[tuple[str, str]] = (),
    created: bool = True,
    now: float = NOW,
) -> bool:
    """The pending record is in the target now; see `settle.settle_linked`."""
    return settle.settle_linked(
        connection,
        pending(connection, record_id),
        target_id=target_id,
        synced={"name": "A deal"},
        owed=owed,
        awaited=awaited,
        note=Note("created", f"id {target_id}"),
        now=now,
        created=created,
    )


def person(
    person_id: int,
    version: int = 3,
    *,
    target_id: str | None = None,
    sync: bool = True,
    error: bool = False,
) -> SourceRecord:
    """A person as the source shows it."""
    ref = f"PERS-{person_id}"
    return SourceRecord(person_id, ref, version, 1_700_000_000, sync, error, target_id, None, {})


def owed_to(
    connection: sqlite3.Connection,
    record_id: int = 1,
    record_type: RecordType = RecordType.OPPORTUNITY,
) -> Entry | None:
    """What the outbox holds for the record."""
    entries = outbox.load(connection, record_type, [record_id])
    return entries[0] if entries else None


def state_of(connection: sqlite3.Connection, record_id: int) -> str:
    """The record's state as stored."""
    found: sqlite3.Row = connection.execute(
        "SELECT state FROM record WHERE id = ?", (record_id,)
    ).fetchone()
    return str(found["state"])


def said(text: str) -> Reason:
    """A reason of some kind, in these words."""
    return foreign(Code.REFUSED, text)


class DependsOnNothing:
    """What a refusal depends on, where nothing ever heals."""

    async def of(self, kind: RecordType, record: SourceRecord, failure: Failure) -> Failure:  # noqa: ARG002 # as the real one has it
        """As it was."""
        return failure

    async def healed(self, record: SourceRecord, known: Person | None) -> bool:  # noqa: ARG002 # as the real one has it
        """Never."""
        return False


def dependence() -> Any:
    """For those who refuse."""
    return DependsOnNothing()
