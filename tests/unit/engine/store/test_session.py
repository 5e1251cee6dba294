"""A session: what a transaction that failed leaves behind, which is nothing."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

if TYPE_CHECKING:
    from engine.store.postgres.database import Database

ASKED = "SELECT %s::bigint + 1"


@pytest.fixture
def database(postgres: str) -> Generator[Database]:
    """Tables, new."""
    from tests.unit.engine.store.databases import empty

    with empty(postgres) as made:
        made.prepare()
        yield made


@pytest.fixture
def connection(database: Database) -> Generator[psycopg.Connection[Any]]:
    """A connection to them."""
    with database.connect() as opened:
        yield opened


def one_more(connection: psycopg.Connection[Any], schema: str, *before: str) -> int:
    """One more than one, asked for behind these statements."""
    from engine.store.postgres.session import transaction

    with transaction(connection, schema) as session:
        for statement in before:
            session.execute(statement)
        return session.execute(ASKED, (1,)).fetchone()[0]


def test_a_statement_that_was_sent_behind_a_failure_is_known_afterwards(
    database: Database, connection: psycopg.Connection[Any]
) -> None:
    """The server skipped it, and with it that it be prepared, as often as that happens."""
    for _ in range(2):
        with pytest.raises(psycopg.errors.DivisionByZero):
            one_more(connection, database.schema, "SELECT 1 / 0")
    # Prepared is what comes a second time.
    assert one_more(connection, database.schema) == 2
    for _ in range(4):
        with pytest.raises(psycopg.errors.DivisionByZero):
            one_more(connection, database.schema, "SELECT 1 / 0")
        assert one_more(connection, database.schema) == 2
        assert one_more(connection, database.schema) == 2


def test_nothing_of_a_block_that_raised_is_kept(
    database: Database, connection: psycopg.Connection[Any]
) -> None:
    """Whatever it raised, and the connection is as before."""
    from engine.store.postgres.session import transaction

    for _ in range(3):
        with (
            pytest.raises(RuntimeError),
            transaction(connection, database.schema) as session,
        ):
            session.execute("INSERT INTO setting (name, value) VALUES ('a', 'b')")
            raise RuntimeError
        with transaction(connection, database.schema) as session:
            assert session.execute("SELECT * FROM setting").fetchall() == []
