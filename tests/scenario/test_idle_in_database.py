"""What an idle minute costs a database: transactions, as many on every machine."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import anyio
import psycopg
import pytest

from tests.end_to_end.in_database import Tables, tables
from tests.scenario.bench import Bench, running, until

pytestmark = pytest.mark.anyio

MINUTE_S = 60.0
# Every ten seconds one look of all who look again and again, and one commit of what is kept; once a
# minute the history is tended. A look or two may fall beside the others.
IDLE_MAX = 16
# Each transaction begins with it.
BEGINS = "SELECT set_config('search_path'"


@pytest.fixture
def place(postgres: str) -> Generator[Tables]:
    """Where the state is."""
    with tables(postgres) as made:
        yield made


async def test_an_idle_minute(world: Bench, place: Tables, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pairs without work share a server, and hundreds of them must be nothing to it."""
    begun: list[str] = []
    cursor: Any = psycopg.Cursor
    execute = cursor.execute

    def executing(one: Any, statement: Any, *args: Any, **kwargs: Any) -> Any:
        if str(statement).startswith(BEGINS):
            begun.append(str(statement))
        return execute(one, statement, *args, **kwargs)

    world.settings["service"] |= {"state": place.address, "state_schema": place.schema}
    record_id = world.has()
    async with running(world, interval_s=3600):
        await until(lambda: world.record(record_id)["outreach_id"] is not None)
        await anyio.sleep(2 * MINUTE_S / 6)
        with monkeypatch.context() as patched:
            patched.setattr(cursor, "execute", executing)
            await anyio.sleep(MINUTE_S)
            number = len(begun)

    assert 0 < number <= IDLE_MAX
