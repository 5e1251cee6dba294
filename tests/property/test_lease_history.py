"""Whatever several clients do to a lease at the same time: one has it, and numbers only grow.

A seed decides what each does, and the machine when: what failed once need not fail again, so the
history itself is shown.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, LiteralString

import pytest

from tests.property.lease_model import Kind, Operation, violation
from tests.searching import SEED, examples

if TYPE_CHECKING:
    import psycopg

    from engine.store.postgres.database import Database
    from engine.store.postgres.lease import Lease

SEEDS = range(SEED, SEED + examples(3))
# A mistake is found within so many, or it is not looked for well enough.
FOUND_WITHIN = range(SEED, SEED + 40)

Prepared = Callable[["Database", pytest.MonkeyPatch], None]


def played(server: str, directory: Path, seed: int) -> list[Operation]:
    """The history of a seed, on new tables."""
    return played_on(server, directory, seed, lambda _: None)


def played_on(
    server: str, directory: Path, seed: int, prepared: Callable[[Database], None]
) -> list[Operation]:
    """The same on tables that somebody has changed."""
    # Whoever asks SQLite alone needs no driver.
    from tests.property import lease_clients
    from tests.unit.engine.store.databases import empty

    with empty(server) as database:
        database.prepare()
        prepared(database)
        return lease_clients.played(server, database, directory / str(seed), seed)


def story(history: list[Operation], wrong: Operation) -> str:
    """The history up to the operation that nothing explains."""
    before = [str(one) for one in history if one.began_at <= wrong.ended_at]
    return "\n".join([*before[-60:], f"unexplained: {wrong}"])


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_every_history_is_that_of_one_lease(postgres: str, tmp_path: Path, seed: int) -> None:
    """Clients that stand still, are cut off, or lose the answer to a commit included."""
    history = played(postgres, tmp_path, seed)

    wrong = violation(history)
    assert wrong is None, f"seed {seed}:\n{story(history, wrong)}"
    assert {Kind.TOOK, Kind.READ} <= {one.kind for one in history}


def fence_of(body: LiteralString) -> Prepared:
    """A database whose fence does this."""

    def prepared(database: Database, _: pytest.MonkeyPatch) -> None:
        with database.connected() as connection:
            connection.execute(
                database.named(
                    "CREATE OR REPLACE FUNCTION {schema}.fence(mine bigint) RETURNS void"
                    " LANGUAGE plpgsql AS $$ BEGIN " + body + " END $$"
                )
            )

    return prepared


def taken_with(statement: LiteralString) -> Prepared:
    """A lease that is taken by another statement."""

    def take(connection: psycopg.Connection[Any], database: Database, lasts_s: float) -> int | None:
        row = connection.execute(database.named(statement), {"lasts": lasts_s}).fetchone()
        return None if row is None else int(row[0])

    def prepared(_: Database, patched: pytest.MonkeyPatch) -> None:
        patched.setattr("engine.store.postgres.lease._take", take)

    return prepared


def renewing_any(_: Database, patched: pytest.MonkeyPatch) -> None:
    """A process that renews whichever lease there is."""

    def renew(connection: psycopg.Connection[Any], lease: Lease) -> bool:
        statement = lease.database.named("UPDATE {schema}.leader SET" + PROLONGED)
        return connection.execute(statement, {"lasts": lease.lasts_s}).rowcount == 1

    patched.setattr("engine.store.postgres.lease._renew", renew)


def _until_told(lease: Lease) -> float:
    return 0.0 if lease._ended.is_set() else math.inf  # pyright: ignore[reportPrivateUsage] # what is left of it


def believing(_: Database, patched: pytest.MonkeyPatch) -> None:
    """A process that takes its lease for standing until it is told otherwise."""
    from engine.store.postgres.lease import Lease

    patched.setattr(Lease, "_remaining_s", _until_told)


TAKEN = "UPDATE {schema}.leader SET number = "
PROLONGED = " until = clock_timestamp() + make_interval(secs => %(lasts)s)"
BROKEN: dict[str, Prepared] = {
    "a write is not fenced": fence_of(""),
    "the fence keeps nobody from taking the lease": fence_of(
        "PERFORM FROM {schema}.leader WHERE number = mine;"
        " IF NOT FOUND THEN RAISE EXCEPTION USING MESSAGE = 'fenced', ERRCODE = 'WS002'; END IF;"
    ),
    "whoever renews it renews any": renewing_any,
    "it is taken while another has it": taken_with(
        TAKEN + "number + 1," + PROLONGED + " RETURNING number"
    ),
    "it is taken under the number of the one before": taken_with(
        TAKEN
        + "greatest(number, 1),"
        + PROLONGED
        + " WHERE until < clock_timestamp() RETURNING number",
    ),
    "whoever has it believes in it for ever": believing,
}


@pytest.mark.slow
@pytest.mark.parametrize("mistake", BROKEN)
def test_a_mistake_is_found(
    postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mistake: str
) -> None:
    """What finds nothing in the lease as it is would find something in one that is broken."""

    def prepared(database: Database) -> None:
        BROKEN[mistake](database, monkeypatch)

    found = (violation(played_on(postgres, tmp_path, seed, prepared)) for seed in FOUND_WITHIN)

    assert any(wrong is not None for wrong in found)
