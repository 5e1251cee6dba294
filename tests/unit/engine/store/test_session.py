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


def one_more(
    connection: psycopg.Connection[Any], schema: str, *before: str, read_only: bool = False
) -> int:
    """One more than one, asked for behind these statements."""
    from engine.store.postgres.session import transaction

    with transaction(connection, schema, read_only=read_only) as session:
        for statement in before:
            session.execute(statement)
        return session.execute(ASKED, (1,)).fetchone()[0]


@pytest.mark.parametrize("read_only", [False, True])
def test_a_statement_that_was_sent_behind_a_failure_is_known_afterwards(
    database: Database, connection: psycopg.Connection[Any], *, read_only: bool
) -> None:
    """The server skipped it, and with it that it be prepared, as often as that happens."""
    schema = database.schema
    for _ in range(2):
        with pytest.raises(psycopg.errors.DivisionByZero):
            one_more(connection, schema, "SELECT 1 / 0", read_only=read_only)
    # Prepared is what comes a second time.
    assert one_more(connection, schema, read_only=read_only) == 2
    for _ in range(4):
        with pytest.raises(psycopg.errors.DivisionByZero):
            one_more(connection, schema, "SELECT 1 / 0", read_only=read_only)
        assert one_more(connection, schema, read_only=read_only) == 2
        assert one_more(connection, schema, read_only=read_only) == 2


def test_who_only_looks_writes_nothing(
    database: Database, connection: psycopg.Connection[Any]
) -> None:
    """Whatever it sends, before it reads and after; and whoever writes then may."""
    from engine.store.postgres.session import transaction

    for _ in range(3):
        with (
            pytest.raises(psycopg.errors.ReadOnlySqlTransaction),
            transaction(connection, database.schema, read_only=True) as session,
        ):
            session.execute("SELECT 1").fetchone()
            session.execute("INSERT INTO setting (name, value) VALUES ('a', 'b')")
        with transaction(connection, database.schema) as session:
            session.execute("DELETE FROM setting")


def test_a_document_holds_every_text_as_it_is_sent(
    database: Database, connection: psycopg.Connection[Any]
) -> None:
    """But for the one character that PostgreSQL keeps none of."""
    from engine.store.postgres.session import document, transaction

    texts = ["ä \\u0000 \\", "a\x00b", "\\\x00", '"', ""]
    with transaction(connection, database.schema, read_only=True) as session:
        rows = session.execute(
            "SELECT said FROM json_to_recordset(%s::json) AS one (place int, said text)"
            " ORDER BY place",
            (document([{"place": place, "said": one} for place, one in enumerate(texts)]),),
        ).fetchall()
    assert [said for (said,) in rows] == [one.replace("\x00", "\ufffd") for one in texts]


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
