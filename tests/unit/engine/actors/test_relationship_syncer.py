"""The relationship syncer by itself: on which opportunities nothing is to be related."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any, cast

import pytest

from engine.actors.failing import RetryLimits
from engine.actors.relationship_syncer import RelateLimits, RelationshipSyncer
from engine.actors.trust import Trust
from engine.dates import Dates
from engine.decide.reasons import foreign
from engine.errors import Unreachable
from engine.flow.bulk import Bulk
from engine.flow.mailbox import Mailbox
from engine.loop import loop_clock
from engine.metrics import Metrics
from engine.model.lane import Lane
from engine.model.reason import Code
from engine.model.records import RecordType, Role, SourceRecord, TabLine
from engine.model.tab import KnownRole, Roles
from engine.model.wait import BackoffLimits
from engine.model.work import Failure
from engine.ports import Fetched
from engine.resolvers.prospects import ProspectResolver, ProspectRules
from engine.runs import Runs
from engine.store.sqlite import people, report, settle, statefile, tab_outcomes, tabs, work
from engine.store.sqlite.threaded import open_store
from tests.adapter import SqliteStore, sqlite
from tests.unit.engine.stand_ins import (
    NOW,
    FakeClock,
    dependence,
    governor,
    link,
    person,
    row,
    seeded,
    take,
)

pytestmark = pytest.mark.anyio

RETRY = RetryLimits(3, BackoffLimits(1, 1))
TAB = (TabLine(31, "User"),)


class OldReading:
    """A source whose rows were captured before anything happened to the record."""

    people = True
    tab: tuple[TabLine, ...] | None = TAB
    prospect_id = "310"

    def read(
        self,
        record_type: RecordType,
        payload: str,  # noqa: ARG002 # the port has it
    ) -> SourceRecord:
        """Ticked, without an error flag."""
        if record_type is RecordType.PERSON:
            return person(31, 4, target_id=self.prospect_id)
        return SourceRecord(1, "OPP-1", 5, 0, True, False, "7", None, {}, self.tab)

    async def fetch(self, record_type: RecordType, ids: Sequence[int]) -> Fetched:
        """Every person asked for."""
        assert record_type is RecordType.PERSON
        return Fetched([row(one, 4, linked=True) for one in ids], {})


class Nobody:
    """A system that must not be asked anything; every attempt fails the test."""


NOBODY = Nobody()


class Surprising:
    """A target that carries out what it is sent, with an answer that our own code stumbles over."""

    def __init__(self) -> None:
        self.created: list[tuple[int, int, str]] = []

    def url(self, record_type: RecordType, record_id: int) -> str:
        """Where people look at it."""
        return f"https://outreach.example/{record_type}/{record_id}"

    async def roles(self, target_id: int) -> list[Role]:
        """Not those of the last minutes: the collection lags."""
        assert target_id > 0
        return []

    async def create_role(self, target_id: int, prospect_id: int, role: str) -> int:
        """Makes it, and fails."""
        self.created.append((target_id, prospect_id, role))
        raise KeyError("data")


class Down:
    """A target that has no roles yet, and is away by the time one is sent."""

    def url(self, record_type: RecordType, record_id: int) -> str:
        """Where people look at it."""
        return f"https://outreach.example/{record_type}/{record_id}"

    async def roles(self, target_id: int) -> list[Role]:
        """None."""
        assert target_id > 0
        return []

    async def create_role(self, target_id: int, prospect_id: int, role: str) -> int:
        """Never reaches the target."""
        raise Unreachable(f"no connection for {target_id, prospect_id, role}", operation="create")


@asynccontextmanager
async def syncing(
    path: Path, source: OldReading, target: object = NOBODY
) -> AsyncGenerator[RelationshipSyncer]:
    """A syncer on a state with one opportunity that is linked, and whose roles may differ."""
    async with open_store(path / statefile.FILE_NAME) as store:
        await store.write(take, row(1, 5, tab=TAB))
        await store.write(link)
        yield RelationshipSyncer(
            inbox=Mailbox("contacts", 4),
            store=store,
            source=cast("Any", source),
            target=cast("Any", target),
            governor=governor(),
            prospects=ProspectResolver(
                source=cast("Any", source),
                target=cast("Any", target),
                store=store,
                clock=FakeClock(),
                mappings=cast("Any", Nobody()),
                references=cast("Any", Nobody()),
                dependence=dependence(),
                rules=ProspectRules("create", 3600, 300, "emails", RETRY),
                metrics=Metrics(),
                governor=governor(),
                rng=seeded(),
                wake=lambda: None,
                wake_write_back=lambda: None,
            ),
            bulk=Bulk(),
            trust=Trust(
                store, FakeClock(), Metrics(), 300, "customId", Dates(loop_clock()), "", ""
            ),
            clock=FakeClock(),
            rng=seeded(),
            limits=RelateLimits(RETRY, 300, removes=True),
            metrics=Metrics(),
            wake=lambda: None,
            wake_changes=lambda: None,
            runs=Runs(Random(0)),  # noqa: S311 # a name, not a secret
        )


async def refuse(store: SqliteStore) -> None:
    """An edit that the target refuses."""
    await store.write(take, row(1, 6, tab=TAB))
    found = await store.read(work.load, 1)
    assert found is not None
    failure = Failure("validation", "name", foreign(Code.REFUSED, "too long"))
    await store.write(settle.settle_refused, found, failure, NOW)


async def due(store: SqliteStore) -> list[int]:
    """Opportunities whose roles may be looked at now."""
    return await store.read(tabs.due_keys, Lane.FRESH, NOW, 10)


async def test_a_refused_opportunity_is_left_out_until_it_is_reconciled(tmp_path: Path) -> None:
    """Mission rule 6; its payload is older than the flag, so the state must say it."""
    async with syncing(tmp_path, OldReading()) as syncer:
        await refuse(sqlite(syncer.store))
        assert await due(sqlite(syncer.store)) == [1]

        assert await syncer.step(1) == "left"
        assert await due(sqlite(syncer.store)) == []

        await sqlite(syncer.store).write(take, row(1, 8, tab=TAB))
        await sqlite(syncer.store).write(link)
        assert await due(sqlite(syncer.store)) == [1]


async def test_a_tab_that_is_not_shown_whole_changes_no_role(tmp_path: Path) -> None:
    """People who are missing from it would be removed in the target."""
    source = OldReading()
    source.tab = None
    async with syncing(tmp_path, source) as syncer:
        assert await syncer.step(1) == "left"
        assert await due(sqlite(syncer.store)) == []


async def test_a_person_whose_id_was_mistyped_keeps_the_roles_it_has(tmp_path: Path) -> None:
    """The tab still has the line; only what is gone from a tab is removed."""
    source = OldReading()
    source.prospect_id = "31o"
    role = KnownRole(501, 310, "User", True, NOW)
    async with syncing(tmp_path, source) as syncer:
        await sqlite(syncer.store).write(related_before, role)

        assert await syncer.step(1) == "agreed"

        await sqlite(syncer.store).write(tabs.look_again, [1], Lane.FRESH, NOW)
        work_of_people = await sqlite(syncer.store).read(tabs.load, 1)
        assert work_of_people is not None
        assert work_of_people.roles == (role,)
        assert await sqlite(syncer.store).read(people.awaited) == [31]


async def test_a_surprise_after_a_create_leaves_it_in_doubt(tmp_path: Path) -> None:
    """A defect of ours must not become a role that stands there twice."""
    target = Surprising()
    async with syncing(tmp_path, OldReading(), target) as syncer:
        assert [await syncer.step(1) for _ in range(3)] == ["in_doubt"] * 3

    assert target.created == [(7, 310, "User")]


async def test_an_outage_counts_against_no_opportunity(tmp_path: Path) -> None:
    """Mission rule 6: however long it lasts, nothing is given up for it afterwards."""
    async with syncing(tmp_path, OldReading(), Down()) as syncer:
        assert [await syncer.step(1) for _ in range(5)] == ["deferred"] * 5

        waiting = await sqlite(syncer.store).read(tabs.load, 1)
        assert waiting is not None
        assert (waiting.attempts, waiting.failed_at) == (0, NOW)


async def test_people_given_up_are_told_of_once(tmp_path: Path) -> None:
    """From then on they are tried again only seldom: somebody must get to know, and be able to."""
    async with syncing(tmp_path, OldReading(), Down()) as syncer:
        await syncer.step(1)
        # Others are served well since then, so this one is at fault itself.
        syncer.governor.ledger.note("create", 2, NOW + 1)
        for _ in range(5):
            await syncer.step(1)
        lines = await sqlite(syncer.store).read(report.history, "OPP-1")

    assert [line.decision for line in lines if line.decision != "created"] == [
        "people wait",
        "people given up",
    ]
    assert "no connection" in lines[-1].detail


def related_before(connection: sqlite3.Connection, role: KnownRole) -> None:
    """The opportunity has this role, and its person was this prospect, a day ago."""
    found = tabs.load(connection, 1)
    assert found is not None
    tab_outcomes.settle(
        connection, found, Roles([role]), waits_for=[], complete=True, note=None, now=NOW
    )
    people.link(connection, person(31), 310, email=None, owed=None, note=None, now=NOW - 24 * 3600)
    tabs.look_again(connection, [1], Lane.FRESH, NOW)
