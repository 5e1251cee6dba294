"""A connection to the database that ends before it is of any use."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from engine.errors import StateAway
from tests.cutting import way_to


def test_one_that_ends_at_its_first_statement_is_a_database_that_is_away(
    postgres: str, tmp_path: Path
) -> None:
    """A pooler lets in whoever comes, and then finds that its server is not there."""
    from tests.unit.engine.store.databases import empty

    with empty(postgres) as real, way_to(postgres, tmp_path / "way") as (way, address):
        database = replace(real, address=address)
        way.cut_before = b"pg_backend_pid"

        with pytest.raises(StateAway, match="does not answer"):
            database.connect()
        assert way.cuts == 1
        database.connect().close()


def test_a_connection_in_the_middle_of_something_is_lent_to_nobody_else(postgres: str) -> None:
    """Only one that rests is kept for the next one who asks."""
    from engine.store.postgres.lent import Lent
    from tests.unit.engine.store.databases import empty

    with empty(postgres) as database, closing(Lent(database)) as lent:
        first = lent.take()
        lent.give(first)
        assert lent.take() is first

        first.execute("BEGIN")
        lent.give(first)

        assert first.closed
        with lent.borrowed() as other:
            assert other is not first
