"""An import of relationships is a bulk import like any other: behind every fresh edit."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing

import pytest

from engine.model.lane import Lane
from engine.store.sqlite import statefile
from tests.scenario.bench import Bench

pytestmark = pytest.mark.anyio

BULK = 40


def lanes(world: Bench) -> Counter[Lane]:
    """The lanes in which people were last related."""
    with closing(sqlite3.connect(world.state / statefile.FILE_NAME)) as connection:
        return Counter(Lane(row[0]) for row in connection.execute("SELECT lane FROM people_tab"))


async def related_in_lanes(world: Bench, edited: int) -> Counter[Lane]:
    """Put somebody on so many of the tabs, and nothing else; the lanes of all afterwards."""
    person = world.workbooks.people.create(
        name="Pat Example",
        main_location_email="pat@example.com",
        cf_person_sync_to_outreach=True,
    )
    deals = [world.has(f"Row {number}") for number in range(BULK)]
    await world.once()
    for deal in deals[:edited]:
        world.workbooks.set_people(deal, [(person, "Partner")])

    await world.once()

    assert len(world.outreach.roles) == edited
    return lanes(world)


async def test_an_import_of_relationships_goes_to_the_backlog(world: Bench) -> None:
    """Otherwise ten thousand imported lines would stand before the edit of a person who waits."""
    assert await related_in_lanes(world, edited=BULK) == {Lane.BACKLOG: BULK}


async def test_a_single_edited_tab_is_fresh(world: Bench) -> None:
    """Somebody is looking at the screen."""
    counted = await related_in_lanes(world, edited=1)

    assert counted[Lane.FRESH] == 1
