"""Whoever asks the database does not wait for ever for a server that is silent."""

from __future__ import annotations

import threading
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest

from tests.cutting import way_to

LONG_S = 0.5


@pytest.mark.parametrize("in_pipeline", [False, True], ids=["alone", "in a pipeline"])
@pytest.mark.parametrize("why", ["no longer wanted", "silent for too long"])
def test_whoever_asks_gives_up(
    postgres: str, tmp_path: Path, why: str, *, in_pipeline: bool
) -> None:
    """The connection is lost then, as one that was cut off is."""
    import psycopg

    from tests.unit.engine.store.databases import empty

    over = threading.Event()
    with empty(postgres) as real, way_to(postgres, tmp_path / "way") as (way, address):
        connection = replace(real, address=address).connect()
        if why == "silent for too long":
            connection.silence_s = LONG_S
        else:
            connection.wanted = lambda: not over.is_set()
            threading.Timer(LONG_S, over.set).start()
        way.hold()

        with (
            pytest.raises(psycopg.OperationalError, match="gives no answer"),
            connection.pipeline() if in_pipeline else nullcontext(),
        ):
            connection.execute("SELECT 7").fetchone()
        assert connection.broken
        way.release()


def test_a_server_that_takes_its_time_is_waited_for(postgres: str) -> None:
    """For as long as its answer is wanted."""
    from tests.unit.engine.store.databases import empty

    asked: list[bool] = []

    def wanted() -> bool:
        asked.append(True)
        return True

    with empty(postgres) as database, database.connected() as connection:
        connection.wanted = wanted
        assert connection.execute("SELECT 7 FROM pg_sleep(0.5)").fetchone() == (7,)
    assert asked
