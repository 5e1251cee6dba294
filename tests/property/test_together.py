"""What many ask for at the same moment comes to what it comes to in turn, however it is done."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.property.store_deeds import (
    RECORDS,
    Choice,
    Desk,
    all_edited,
    announcements,
    outcomes,
)
from tests.property.stores import Deed, Opened, in_tables
from tests.property.test_store_model import answer, shown
from tests.scratch import scratch
from tests.searching import examples
from tests.unit.engine.store.adapters import work

if TYPE_CHECKING:
    from tests.unit.engine.store.direct import Tables

OF_RECORD = [
    st.builds(
        Choice,
        kind=st.integers(0, 3),
        record=st.just(record),
        number=st.integers(0, 5),
        flag=st.booleans(),
    )
    for record in RECORDS
]
ROUNDS = st.lists(
    st.tuples(
        st.booleans(), st.lists(st.one_of(OF_RECORD), min_size=2, max_size=5, unique_by=repr)
    ),
    min_size=1,
    max_size=4,
)
Rounds = Sequence[tuple[bool, Sequence[Choice]]]


@pytest.mark.slow
def test_outcomes_and_announcements_of_one_moment(postgres: str) -> None:
    """Some want the same target record, one that is another's, or are of a record twice."""
    # Whoever runs other tests needs no driver.
    from tests.unit.engine.store.direct import Tables

    with closing(Tables(postgres)) as one, closing(Tables(postgres)) as other:

        @settings(max_examples=examples(30))
        @given(ROUNDS)
        def same(rounds: Rounds) -> None:
            with tempfile.TemporaryDirectory(prefix="together-", dir=scratch()) as directory:
                _told(rounds, Path(directory), (one, other))

        same()


def _told(rounds: Rounds, directory: Path, tables: Sequence[Tables]) -> None:
    with asyncio.Runner() as runner:
        stores = in_tables(runner, directory, tables)
        desk = Desk()
        for announced, choices in rounds:
            desk.now += 1
            _read(runner, stores, desk, choices[0])
            deeds = (announcements if announced else outcomes)(desk, choices)
            together = runner.run(_at_once(stores[0], deeds))
            for each in stores[1:]:
                assert shown([runner.run(answer(each.write(one))) for one in deeds]) == shown(
                    together
                )
        held = [each.close() for each in stores]
        assert held[0] == held[1] == held[2]


def _read(runner: asyncio.Runner, stores: Sequence[Opened], desk: Desk, choice: Choice) -> None:
    """Every record is edited, and its work is read."""
    edited = all_edited(desk, choice)
    for each in stores:
        runner.run(each.write(edited))
    for record in RECORDS:
        found = runner.run(stores[0].read(lambda c, record=record: work.load(c, record)))
        if found is not None:
            desk.works[record] = found


async def _at_once(store: Opened, deeds: Sequence[Deed]) -> list[tuple[str, object]]:
    return await asyncio.gather(*(answer(store.write(one)) for one in deeds))
