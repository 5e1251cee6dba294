"""Which process may write to a database: by a lease, and a number that only grows."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from engine.errors import StateAway, StateInUse
from engine.model.history import Note
from engine.runs import Spent, spent
from engine.store.grouping import Job
from engine.store.mark import Mark
from tests.cutting import Way, way_to
from tests.waiting import DEADLINE_S

if TYPE_CHECKING:
    from engine.store.postgres.database import Database
    from engine.store.postgres.lease import Lease
    from engine.store.postgres.session import Session
    from engine.store.postgres.writer import Writer

LEASE_S = 2.0
NAME = "counted"


@pytest.fixture
def database(postgres: str) -> Generator[Database]:
    """Tables, new."""
    from tests.unit.engine.store.databases import empty

    with empty(postgres) as made:
        made.prepare()
        yield made


@pytest.fixture
def stack() -> Generator[ExitStack]:
    """Whatever is opened in a test."""
    with ExitStack() as opened:
        yield opened


def taken(stack: ExitStack, database: Database) -> Lease:
    """The lease, until the end of the test."""
    from engine.store.postgres.lease import leased

    return stack.enter_context(leased(database, LEASE_S))


def writer(stack: ExitStack, lease: Lease, directory: Path) -> Writer:
    """A writer under that lease."""
    from engine.store.postgres.lent import Lent
    from engine.store.postgres.writer import Writer

    mark = stack.enter_context(closing(Mark(directory / "mark")))
    return Writer(lease, mark, stack.enter_context(closing(Lent(lease.database))))


def behind(postgres: str, stack: ExitStack, directory: Path) -> tuple[Database, Way, Writer]:
    """A database, a way to it that can be cut, and a writer that takes that way."""
    from tests.unit.engine.store.databases import empty

    real = stack.enter_context(empty(postgres))
    real.prepare()
    way, address = stack.enter_context(way_to(postgres, directory / "way"))
    return real, way, writer(stack, taken(stack, replace(real, address=address)), directory)


def add_one(session: Session) -> int:
    """A write that counts how often it was done; returns that."""
    from engine.store.postgres import kept

    number = int(kept.setting(session, NAME) or 0) + 1
    kept.set_setting(session, NAME, str(number))
    return number


def add(session: Session) -> None:
    """The same without asking anything back."""
    session.execute(
        "INSERT INTO setting (name, value) VALUES (%s, '1')"
        " ON CONFLICT (name) DO UPDATE SET value = (setting.value::bigint + 1)::text",
        (NAME,),
    )


def tell(session: Session) -> None:
    """A write that tells of itself how many requests it took."""
    from engine.store.postgres import history

    history.remember(session, 1, 5, Note("updated", "id 7"), 0.0)


@contextmanager
def spending(requests: int) -> Generator[None]:
    """For the block, so many requests were sent of which nobody has taken note."""
    token = spent.set(Spent(requests))
    try:
        yield
    finally:
        spent.reset(token)


def do(writer: Writer, *functions: object) -> list[Job[Session]]:
    """Have them committed in one group."""
    jobs: list[Job[Session]] = [Job(function) for function in functions]  # pyright: ignore[reportArgumentType, reportUnknownVariableType] # functions of a session
    writer.commit(jobs)
    return jobs


def counted(database: Database) -> int:
    """How often it was done."""
    from engine.store.postgres import kept

    with database.reading() as session:
        return int(kept.setting(session, NAME) or 0)


def until(holds: Callable[[], bool]) -> None:
    """Wait for it."""
    gave_up_at = time.monotonic() + DEADLINE_S
    while not holds():
        assert time.monotonic() < gave_up_at
        time.sleep(0.02)


def holder(database: Database) -> str | None:
    """Who works on it now."""
    from engine.store.postgres import lease

    with database.reading() as session:
        return lease.holder(session)


def end_lease(database: Database) -> None:
    """As if nobody had renewed it."""
    with database.connected() as connection:
        connection.execute(database.named("UPDATE {schema}.leader SET until = '-infinity'"))


def test_whoever_comes_second_is_told_who_works(database: Database, stack: ExitStack) -> None:
    """Two writers on one state would duplicate records."""
    from engine.store.postgres.lease import leased

    assert holder(database) is None
    first = taken(stack, database)

    with pytest.raises(StateInUse, match="process"), leased(database, LEASE_S):
        pass
    told = holder(database)
    assert told is not None
    assert "process" in told
    assert first.stands


def test_a_lease_that_is_given_back_is_free_at_once(database: Database) -> None:
    """An upgrade waits for nobody; and the number of the next one is another."""
    from engine.store.postgres.lease import leased

    with leased(database, 300.0) as first:
        pass
    assert holder(database) is None
    assert not first.stands
    with leased(database, LEASE_S) as second:
        assert second.number > first.number


def test_the_number_grows_across_tables_that_were_put_back(database: Database) -> None:
    """From a dump that was taken earlier; whoever was frozen since then must not count."""
    from engine.store.postgres.lease import leased

    with leased(database, LEASE_S):
        pass
    with psycopg.connect(database.address) as connection:
        dumped = connection.execute(database.named("SELECT number FROM {schema}.leader")).fetchone()
    numbers: list[int] = []
    for _ in range(2):
        with leased(database, LEASE_S) as one:
            numbers.append(one.number)
    with psycopg.connect(database.address) as connection:
        connection.execute(database.named("UPDATE {schema}.leader SET number = %s"), dumped)

    with leased(database, LEASE_S) as after:
        assert after.number > max(numbers)


def test_the_lease_of_a_process_that_was_killed_ends_by_itself(database: Database) -> None:
    """Whoever comes next waits for that, no longer."""
    from engine.store.postgres.lease import leased

    holding = (
        "import sys, time\n"
        "from engine.store.postgres.database import Database\n"
        "from engine.store.postgres.lease import leased\n"
        "database = Database(sys.argv[1], sys.argv[2], lambda: None)\n"
        "with leased(database, float(sys.argv[3])):\n"
        "    print('held', flush=True)\n"
        "    time.sleep(600)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", holding, database.address, database.schema, str(LEASE_S)],
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(StateInUse), leased(database, LEASE_S):
            pass
        other.kill()

    with leased(database, LEASE_S) as ours:
        assert ours.stands


def test_a_lease_is_renewed_for_as_long_as_it_is_wanted(
    database: Database, stack: ExitStack
) -> None:
    """Also when nothing is written."""

    ours = taken(stack, database)
    time.sleep(LEASE_S * 2)

    assert ours.stands
    assert holder(database) is not None


def test_what_was_sent_under_an_earlier_number_is_refused(
    database: Database, stack: ExitStack, tmp_path: Path
) -> None:
    """Whoever was frozen and wakes up finds that another has gone on, and changes nothing."""
    first = taken(stack, database)
    ours = writer(stack, first, tmp_path)
    assert do(ours, add_one)[0].result == 1
    end_lease(database)
    second = taken(stack, database)

    # It does not know yet that it has lost its lease.
    assert first.stands
    for job in do(ours, add, add):
        assert isinstance(job.error, StateInUse)
    assert counted(database) == 1
    assert do(writer(stack, second, tmp_path / "other"), add_one)[0].result == 2


def test_nobody_takes_the_lease_within_a_transaction_under_it(
    database: Database, stack: ExitStack
) -> None:
    """Between the look at the number and the commit there is no gap."""
    ours = taken(stack, database)
    with psycopg.connect(database.address) as working:
        working.execute("SELECT set_config('search_path', %s, true)", (database.schema,))
        working.execute("SELECT fence(%s)", (ours.number,))
        with psycopg.connect(database.address) as other:
            other.execute("SET lock_timeout = '300ms'")
            with pytest.raises(psycopg.errors.LockNotAvailable):
                other.execute(
                    database.named("UPDATE {schema}.leader SET number = number + 1, holder = 'x'")
                )
        # But it is renewed meanwhile.
        with psycopg.connect(database.address) as renewing:
            renewing.execute("SET lock_timeout = '300ms'")
            renewing.execute(database.named("UPDATE {schema}.leader SET until = now()"))
            renewing.rollback()


def test_a_process_that_is_frozen_within_a_transaction_keeps_nobody_waiting(
    database: Database, stack: ExitStack
) -> None:
    """It holds on to the number of its lease, and nothing but another process can end that."""
    from engine.store.postgres.session import transaction

    connection = stack.enter_context(closing(database.connect()))
    first = taken(stack, database)
    with (
        pytest.raises(psycopg.OperationalError),
        transaction(connection, database.schema) as frozen,
    ):
        assert frozen.execute("SELECT fence(%s), 1", (first.number,)).fetchone()[1] == 1
        first.give_back()
        assert taken(stack, database).number > first.number
        frozen.execute("SELECT 1").fetchone()


def test_a_lease_that_cannot_be_renewed_ends_here_before_it_does_there(
    postgres: str, stack: ExitStack, tmp_path: Path
) -> None:
    """A process that is cut off sends nothing more when another may begin."""
    from tests.unit.engine.store.databases import empty

    real = stack.enter_context(empty(postgres))
    real.prepare()
    way, address = stack.enter_context(way_to(postgres, tmp_path / "way"))
    lease = taken(stack, replace(real, address=address))
    way.close()

    def may_another_begin() -> bool:
        # Asked first: a busy machine may come to its next question when both have ended.
        ended_there = holder(real) is None
        assert not (ended_there and lease.stands)
        return ended_there

    until(may_another_begin)
    assert not lease.stands
    way.open()


@pytest.mark.parametrize("lost", ["COMMIT", "the answer to it"])
def test_a_write_whose_commit_is_lost_is_done_once(
    postgres: str, stack: ExitStack, tmp_path: Path, lost: str
) -> None:
    """Whether it was executed is asked, not guessed."""
    real, way, ours = behind(postgres, stack, tmp_path)
    do(ours, add_one)
    if lost == "COMMIT":
        way.cut_before = b"COMMIT"
    else:
        way.cut_behind = b"COMMIT"

    jobs = do(ours, add_one, add)

    assert way.cuts == 1
    assert [job.error for job in jobs] == [None, None]
    assert jobs[0].result == 2
    assert counted(real) == 3


def test_what_is_done_again_takes_note_again_of_the_requests_it_took(
    postgres: str, stack: ExitStack, tmp_path: Path
) -> None:
    """The line of history that is kept is that of the second time."""
    real, way, ours = behind(postgres, stack, tmp_path)
    do(ours, add)
    way.cut_before = b"COMMIT"

    with spending(3):
        [job] = do(ours, tell)

    assert (way.cuts, job.error) == (1, None)
    with real.reading() as session:
        assert session.execute("SELECT requests FROM history").fetchall() == [(3,)]


def test_what_a_statement_breaks_is_that_callers_own(
    database: Database, stack: ExitStack, tmp_path: Path
) -> None:
    """The others of its group are committed, though its error showed behind them."""
    ours = writer(stack, taken(stack, database), tmp_path)

    def broken(session: Session) -> None:
        session.execute("INSERT INTO setting (name, value) VALUES ('x', NULL)")

    before, wrong, after = do(ours, add, broken, add)

    assert (before.error, after.error) == (None, None)
    assert wrong.error is not None
    assert counted(database) == 2


def test_a_database_that_is_away_for_longer_than_the_lease_is_told(
    postgres: str, stack: ExitStack, tmp_path: Path
) -> None:
    """By then another process may write."""
    real, way, ours = behind(postgres, stack, tmp_path)
    do(ours, add)
    way.close()

    [job] = do(ours, add)
    assert isinstance(job.error, StateAway | StateInUse)
    assert counted(real) == 1
    way.open()
