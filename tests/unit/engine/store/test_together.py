"""What a database is asked for the work of many: statements and waits, as many on every machine.

Of a created record there is its work to read, its create to announce and its outcome to keep. How
many do so at one moment depends on the machine; what that costs does not.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import psycopg
import pytest
from anyio.lowlevel import checkpoint

from engine.model.history import Note
from engine.model.lane import Lane
from engine.model.outbox import Owed
from engine.model.work import Work
from engine.store.mark import Mark
from tests.unit.engine.stand_ins import NOW, row

if TYPE_CHECKING:
    from engine.store.postgres.database import Database
    from engine.store.postgres.threaded import ThreadedStore

pytestmark = pytest.mark.anyio

RECORDS = range(1, 17)
# The settings, what is asked for, and its end.
LOOK = {"statements": 2, "waits": 1}
# To begin a transaction, the lease, what is counted, and to end it: waited for are what was counted
# and the end.
COMMIT = {"statements": 5, "waits": 2}
ANNOUNCED = {"statements": 1, "waits": 1}
# Claim, create, record, what is owed, tab and history, behind one look at all of it.
SETTLED = {"statements": 7, "waits": 1}


class Asked(Counter[str]):
    """Statements that were sent, and answers that were waited for, since somebody last looked."""

    def taken(self) -> dict[str, int]:
        """How many they are."""
        taken = {name: self[name] for name in ("statements", "waits")}
        self.clear()
        return taken


@pytest.fixture
def database(postgres: str) -> Generator[Database]:
    """Tables, new."""
    from tests.unit.engine.store.databases import empty

    with empty(postgres) as made:
        made.prepare()
        yield made


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """What is asked of the server from now on, whoever does."""
    asked = Asked()
    cursor: Any = psycopg.Cursor
    execute, leave = cursor.execute, psycopg.Pipeline.__exit__

    def executing(one: Any, *args: Any, **kwargs: Any) -> Any:
        asked["statements"] += 1
        return execute(one, *args, **kwargs)

    def leaving(pipeline: psycopg.Pipeline, *args: Any) -> None:
        asked["waits"] += 1
        leave(pipeline, *args)

    def fetching(fetch: Any) -> Any:
        def fetched(one: Any) -> Any:
            # What was sent before it is answered as well.
            asked["waits"] += one.pgresult is None
            return fetch(one)

        return fetched

    monkeypatch.setattr(cursor, "execute", executing)
    monkeypatch.setattr(cursor, "fetchone", fetching(cursor.fetchone))
    monkeypatch.setattr(cursor, "fetchall", fetching(cursor.fetchall))
    monkeypatch.setattr(psycopg.Pipeline, "__exit__", leaving)
    return asked


@asynccontextmanager
async def opened(database: Database, directory: Path) -> AsyncGenerator[ThreadedStore]:
    """The store of the service, with records that wait."""
    from engine.store.postgres.lease import Lease
    from engine.store.postgres.lent import Lent
    from engine.store.postgres.threaded import THREADS, open_store

    lease, threads = Lease(database, 0, math.inf, math.inf), anyio.CapacityLimiter(THREADS)
    with closing(Mark(directory / "mark")) as mark, closing(Lent(database)) as lent:
        async with open_store(lease, mark, lent, threads) as store:
            rows = [row(number, 5) for number in RECORDS]
            await store.feeds.capture_page(rows, now=NOW, fresh_max=len(rows))
            yield store


async def loaded(store: ThreadedStore) -> list[Work]:
    """The work of all records, read at one moment."""
    found: dict[int, Work | None] = {}

    async def load(number: int) -> None:
        found[number] = await store.records.load(number)

    async with anyio.create_task_group() as tasks:
        for number in RECORDS:
            tasks.start_soon(load, number)
    return [one for number in RECORDS if (one := found[number]) is not None]


async def announce(store: ThreadedStore, works: Sequence[Work]) -> list[bool]:
    """Announce the creates of all, at one moment."""
    opened: list[bool] = []

    async def open_intent(work: Work) -> None:
        opened.append(await store.records.open_intent(work, f"OPP-{work.id}", NOW, shown_since=NOW))

    async with anyio.create_task_group() as tasks:
        for work in works:
            tasks.start_soon(open_intent, work)
    return opened


async def settle(
    store: ThreadedStore, works: Sequence[Work], *targets: int, created: bool = True
) -> list[bool]:
    """Keep the outcomes of all, at one moment.

    Args:
        targets: the target record of each; by default one of its own.
    """
    settled: list[bool] = []

    async def one(work: Work, target_id: int) -> None:
        settled.append(
            await store.records.settle_linked(
                work,
                target_id=target_id,
                synced={"name": work.ref},
                owed=Owed(target_id=str(target_id), target_url="u"),
                awaited=[],
                note=Note("created", f"id {target_id}"),
                now=NOW,
                created=created,
            )
        )

    async with anyio.create_task_group() as tasks:
        for work, target_id in zip(works, targets or [100 + one.id for one in works], strict=True):
            tasks.start_soon(one, work, target_id)
    return settled


def ensure(taken: dict[str, int], *parts: dict[str, int]) -> None:
    """So many statements, and no more waits: an answer may be there before it is wanted."""
    assert taken["statements"] == sum(part["statements"] for part in parts)
    assert taken["waits"] <= sum(part["waits"] for part in parts)


async def test_what_created_records_cost_who_are_created_together(
    database: Database, tmp_path: Path, asked: Asked
) -> None:
    """A statement that is sent for each of them shows here before it is felt."""
    async with opened(database, tmp_path) as store:
        # Whatever is opened with the first look is none of a record's.
        await loaded(store)
        asked.clear()

        works = await loaded(store)
        ensure(asked.taken(), LOOK)
        assert await announce(store, works) == [True] * len(RECORDS)
        ensure(asked.taken(), COMMIT, ANNOUNCED)
        assert await settle(store, works) == [True] * len(RECORDS)
        ensure(asked.taken(), COMMIT, SETTLED)


async def test_what_a_record_costs_that_is_created_alone(
    database: Database, tmp_path: Path, asked: Asked
) -> None:
    """The same for one as for many."""
    async with opened(database, tmp_path) as store:
        [work, *_] = await loaded(store)
        asked.clear()

        await store.records.load(work.id)
        ensure(asked.taken(), LOOK)
        await announce(store, [work])
        ensure(asked.taken(), COMMIT, ANNOUNCED)
        await settle(store, [work])
        ensure(asked.taken(), COMMIT, SETTLED)


async def test_who_wants_what_is_anothers_is_settled_after_the_others(
    database: Database, tmp_path: Path
) -> None:
    """One of the same moment wants a target record that is free, one that has an owner."""
    async with opened(database, tmp_path) as store:
        owner, free, late, *_ = await loaded(store)
        assert await settle(store, [owner], 500, created=False) == [True]

        assert await settle(store, [free, late], 501, 500, created=False) == [True, False]
        assert await store.claims.owned_by_others([500, 501], late.id) == {500, 501}


async def test_what_is_looked_at_at_one_moment_is_one_transaction(
    database: Database, tmp_path: Path, asked: Asked
) -> None:
    """Every lane looks again and again; the settings are told to the server once."""
    async with opened(database, tmp_path) as store:
        await loaded(store)
        asked.clear()

        async with anyio.create_task_group() as tasks:
            for lane in Lane:
                tasks.start_soon(store.records.next_due, lane, -math.inf)
                tasks.start_soon(store.tabs.next_due, lane, -math.inf)
            tasks.start_soon(store.outbox.next_due, -math.inf)
            tasks.start_soon(store.fuse.waiting)
            tasks.start_soon(store.report.progress)

        assert asked["statements"] == 1 + 7


async def test_who_asks_at_one_moment_is_each_answered_for_itself(
    database: Database, tmp_path: Path
) -> None:
    """In whatever order they ask, and where one may and another may not."""
    async with opened(database, tmp_path) as store:
        found: dict[int, Work | None] = {}
        may: dict[int, bool] = {}

        async def load(number: int) -> None:
            found[number] = await store.records.load(number)

        async def open_intent(work: Work) -> None:
            may[work.id] = await store.records.open_intent(work, "OPP", NOW, shown_since=NOW)

        async with anyio.create_task_group() as tasks:
            for number in reversed(RECORDS):
                tasks.start_soon(load, number)
        works = [one for one in found.values() if one is not None]
        assert {number: one and one.id for number, one in found.items()} == {
            number: number for number in RECORDS
        }

        await store.feeds.capture_page([row(5, 6)], now=NOW, fresh_max=1)
        async with anyio.create_task_group() as tasks:
            for work in works:
                tasks.start_soon(open_intent, work)
        assert may == {number: number != 5 for number in RECORDS}


async def test_what_concerns_one_record_is_done_in_the_order_in_which_it_was_asked_for(
    database: Database, tmp_path: Path
) -> None:
    """Whatever else is asked for at that moment: what is settled is not created any more."""
    async with opened(database, tmp_path) as store:
        first, second, other, *_ = await loaded(store)
        opened_too: list[bool] = []

        async def open_intent(work: Work) -> None:
            opened_too.append(await store.records.open_intent(work, "OPP", NOW, shown_since=NOW))

        async with anyio.create_task_group() as tasks:
            # While this one is written, the others come together.
            tasks.start_soon(open_intent, other)
            await checkpoint()
            tasks.start_soon(open_intent, second)
            tasks.start_soon(settle, store, [first])
            # The outcome is asked for by a task of its own, before the last of them.
            await checkpoint()
            tasks.start_soon(open_intent, first)

        assert opened_too == [True, True, False]
