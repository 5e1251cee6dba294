"""A connection to the database that ends before it is of any use."""

from __future__ import annotations

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
