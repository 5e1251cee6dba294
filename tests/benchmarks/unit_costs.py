"""Unit costs: what a record, an edit, a poll and an idle pair cost with the state in PostgreSQL.

Records and edits by whole runs of `once`, of which one without any work is taken off; idle pairs by
windows of a process of a fleet, with two numbers of pairs and at two intervals, which tells what
each pair costs from what the process does, and each poll from all the rest.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from typing import Any

import psycopg
from psycopg import sql

from engine.model.fleet import Member
from engine.store.postgres.database import Database
from engine.store.postgres.fleet.register import Register
from engine.store.postgres.lease import RENEWALS, Lease
from tests.benchmarks.fleets import LEASE_S, farm
from tests.benchmarks.projection import UnitCosts, Work
from tests.benchmarks.stage import (
    BenchmarkFailed,
    Scene,
    Stage,
    proc_status_mb,
    stage,
)
from tests.benchmarks.statistics import SAID_S, Counted, made, server

PEOPLE = 3
FEW = 10
# Rows first seen in the last minute are read again by every poll; records are made that long ago.
AGO_S = 150.0
ROUNDS = 20
# Runs until the last write-back was seen again, and nothing is left to do.
SETTLING = 3
KNOWN = 1000
# Who asks Outreach nothing for so long has created everything.
DRAINED_S = 15.0


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is done to find out.

    Args:
        records: that are created, besides a few.
        edits: that are made at once.
        single_edits: that are made one by one.
        pairs: of a small and of a large fleet.
        intervals_s: of polls, a long and a short one.
        window_s: for how long a fleet is looked at each time.
        settle_s: Outreach must have been asked nothing for so long before, so that every poll is
            idle.
    """

    records: int
    edits: int
    single_edits: int
    pairs: tuple[int, int]
    intervals_s: tuple[float, float]
    window_s: float
    settle_s: float


@dataclass(frozen=True, slots=True)
class _Idle:
    """A fleet of so many pairs in a window: each second of it, and how it was."""

    pairs: int
    second: Work
    rss_bytes: float
    connections: float
    start_s: float


@dataclass(frozen=True, slots=True)
class OfRecords:
    """See `UnitCosts`."""

    record: Work
    edit: Work
    record_bytes: float
    edit_bytes: float


@dataclass(frozen=True, slots=True)
class OfPairs:
    """See `UnitCosts`."""

    idle_second: Work
    poll: Work
    renewal: Work
    beat: Work
    beat_wal_bytes: float
    process_bytes: float
    pair_bytes: float
    connections: float
    start_s: float


def measured(effort: Effort) -> UnitCosts:
    """Find out.

    Raises:
        BenchmarkFailed: something did not work.
    """
    found: dict[str, Any] = {}
    for part in (of_records(effort), of_pairs(effort)):
        found.update({one.name: getattr(part, one.name) for one in fields(part)})
    return UnitCosts(**found)


def of_records(effort: Effort) -> OfRecords:
    """What records and edits cost.

    Raises:
        BenchmarkFailed: something did not work.
    """
    with server() as home:
        few, few_bytes = _created(made(home, "few"), FEW)
        with _imported(made(home, "many"), FEW + effort.records) as (set_up, many, known):
            many_bytes = known.size()
            edit, edit_bytes = _edited(set_up, known, effort)
    return OfRecords(
        record=(many - few) / effort.records,
        edit=edit,
        record_bytes=(many_bytes - few_bytes) / effort.records,
        edit_bytes=edit_bytes,
    )


def of_pairs(effort: Effort) -> OfPairs:
    """What idle pairs cost, and the process that works on them.

    Raises:
        BenchmarkFailed: something did not work.
    """
    with server() as home:
        small, _ = _idle(made(home, "small"), effort.pairs[0], effort)
        kept = made(home, "large")
        large, often = _idle(kept, effort.pairs[1], effort)
        renewal, beat, beat_wal_bytes = _beats(kept, effort.pairs[1])
    more = effort.pairs[1] - effort.pairs[0]
    pair = (large.second - small.second) / more
    long_s, short_s = effort.intervals_s
    poll = (often.second - large.second) / (large.pairs * (1 / short_s - 1 / long_s))
    pair_bytes = (large.rss_bytes - small.rss_bytes) / more
    return OfPairs(
        idle_second=pair - poll / long_s - RENEWALS / LEASE_S * renewal,
        poll=poll,
        renewal=renewal,
        beat=beat,
        beat_wal_bytes=beat_wal_bytes,
        process_bytes=small.rss_bytes - small.pairs * pair_bytes,
        pair_bytes=pair_bytes,
        connections=large.connections,
        start_s=large.start_s / large.pairs,
    )


def _created(database: Counted, rows: int) -> tuple[Work, float]:
    with _imported(database, rows) as (_, work, known):
        return work, known.size()


@contextmanager
def _imported(database: Counted, rows: int) -> Generator[tuple[Stage, Work, Counted]]:
    """So many records with people are created; what all of it cost."""
    scene = Scene(rows=rows, people=PEOPLE, ago_s=AGO_S, state=database.address)
    with stage(scene) as set_up:
        yield set_up, _run(set_up, database, AGO_S), database


def _edited(set_up: Stage, database: Counted, effort: Effort) -> tuple[Work, float]:
    """What one edit costs; transactions and statements are of one that comes alone.

    The rest is of many at once, less one: so what a run does for itself is in none of it.
    """
    set_up.come_to_the_present()
    for _ in range(SETTLING):
        _run(set_up, database)
    edits, alone = effort.edits, effort.single_edits
    nothing, single = Work(), Work()
    for _ in range(alone):
        nothing += _run(set_up, database)
    for number in range(edits + 1, edits + alone + 1):
        _edit(set_up, [number])
        single += _run(set_up, database)
    before = database.size()
    _edit(set_up, range(1, edits + 1))
    together = _run(set_up, database)
    left = (database.size() - before) / edits
    cost = (single - nothing) / alone
    many = (together - single / alone) / (edits - 1)
    return replace(many, transactions=cost.transactions, statements=cost.statements), left


def _edit(set_up: Stage, numbers: Sequence[int]) -> None:
    for number in numbers:
        url = f"{set_up.url('control')}/workbooks/opportunities/{number}"
        edit = {"description": f"Edited, the opportunity {number}"}
        set_up.http.patch(url, json=edit).raise_for_status()


def _run(set_up: Stage, database: Counted, ago_s: float = 0.0) -> Work:
    """What one run of `once` costs, from its start to its end."""

    def moment() -> Work:
        source = sum(set_up.counters("workbooks").values())
        target = sum(set_up.counters("outreach").values())
        return database.moment() + Work(source_requests=source, target_requests=target)

    before = moment()
    told = set_up.measured("once", str(set_up.config), str(ago_s))
    return moment() - before + Work(cpu_s=told["cpu_s"])


def _idle(database: Counted, pairs: int, effort: Effort) -> tuple[_Idle, _Idle]:
    """A fleet of so many pairs with nothing to do, at the long interval and at the short one."""
    long_s, short_s = effort.intervals_s
    with farm(database, pairs, long_s) as planted:
        with planted.fleet():
            planted.settle(min(effort.settle_s, DRAINED_S))
        # What it made at first is not in the memory of one that finds everything made.
        with planted.fleet() as (process, start_s):
            planted.settle(effort.settle_s)
            seldom = planted.window(database, process.id, effort.window_s)
            # What pairs have in common is beside their files, that of the process in its own.
            for config in (process.config, planted.config):
                text = config.read_text()
                config.write_text(
                    text.replace(f"interval_s = {long_s:g}", f"interval_s = {short_s:g}")
                )
            process.running.send_signal(signal.SIGHUP)
            time.sleep(long_s + SAID_S)
            often = planted.window(database, process.id, effort.window_s)
            rss_bytes = proc_status_mb(process.id, "VmRSS") * 1e6
            sessions = database.sessions()
    return (
        _Idle(pairs, seldom, rss_bytes, sessions, start_s),
        _Idle(pairs, often, rss_bytes, sessions, start_s),
    )


def _beats(database: Counted, pairs: int) -> tuple[Work, Work, float]:
    """A renewal, a sign of life of a process, and bytes of that for each pair that it knows."""
    leases = _leases(database)
    if len(leases) != pairs:
        raise BenchmarkFailed(f"{len(leases)} pairs have tables, of {pairs}")
    none = _beaten(database, [], 0)
    knowing, renewing = _beaten(database, [], KNOWN), _beaten(database, leases, 0)
    return (renewing - none) / pairs, none, (knowing.wal_bytes - none.wal_bytes) / KNOWN


def _leases(database: Counted) -> list[Lease]:
    """Of all pairs, as their last owner has left them."""
    with database.connected() as connection:
        schemas = connection.execute(
            "SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE c.relname = 'leader' ORDER BY 1"
        ).fetchall()
        return [
            Lease(_tables(database, str(name)), _number(connection, str(name)), LEASE_S, 0.0)
            for (name,) in schemas
        ]


def _number(connection: psycopg.Connection[Any], schema: str) -> int:
    found = connection.execute(
        sql.SQL("SELECT number FROM {}.leader").format(sql.Identifier(schema))
    ).fetchone()
    return int((found or (0,))[0])


def _tables(database: Counted, schema: str) -> Database:
    return Database(database.address, schema, lambda: None)


def _beaten(database: Counted, leases: Sequence[Lease], known: int) -> Work:
    """One beat of a process that works on these and knows so many pairs."""
    tables = _tables(database, "wosync_fleet_farm")
    register = Register(tables)
    pairs = {f"pair-{number:03}": 1.0 for number in range(1, known + 1)}
    member = Member("bench", "bench", 1.0, "files", pairs)
    with tables.connected() as connection:
        register.beat(connection, member, LEASE_S, leases)
    before = database.moment()
    with tables.connected() as connection:
        for _ in range(ROUNDS):
            register.beat(connection, member, LEASE_S, leases)
    return (database.moment() - before) / ROUNDS
