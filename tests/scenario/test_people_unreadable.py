"""A People tab that cannot be read: its people are held with a reason, and nobody is removed."""

from __future__ import annotations

import io

import pytest

from tests.scenario.bench import Bench
from tests.scenario.people import CREATE_ROLE, REMOVE_ROLE

pytestmark = pytest.mark.anyio


async def test_a_tab_that_cannot_be_read_is_told_and_held(world: Bench, said: io.StringIO) -> None:
    """A text with a comma looks like two, and whose the second is nobody can tell."""
    ada, grace = world.knows_all("Ada Byron", "Grace Hopper")
    record = world.has("Harbour crane")
    world.puts(record, (ada, "Buyer"))
    await world.once()
    world.forget_traffic()

    world.puts(record, (ada, "Buyer, main"), (grace, "User"))
    await world.once()

    assert world.roles(record) == world.wanted((ada, "Buyer"))
    assert world.outreach_traffic.counts[CREATE_ROLE] == 0
    assert world.outreach_traffic.counts[REMOVE_ROLE] == 0
    [reason] = [one for one in world.waiting() if "People tab" in one]
    assert "2 people and 3 relationships" in reason
    assert reason in " ".join(line.detail for line in world.history(record))
    assert "people_given_up" in said.getvalue()
    assert "Buyer, main" not in reason

    world.puts(record, (ada, "Main buyer"), (grace, "User"))
    await world.once()

    assert world.roles(record) == world.wanted((ada, "Main buyer"), (grace, "User"))
    assert world.waiting() == set()


async def test_a_new_record_whose_tab_cannot_be_read_is_created_and_says_so(world: Bench) -> None:
    """The record itself is well; its people come when the tab is mended."""
    ada, grace = world.knows_all("Ada Byron", "Grace Hopper")
    record = world.has("Harbour crane")
    world.puts(record, (ada, "Buyer, main"), (grace, "User"))

    await world.once()

    assert world.twin(record)
    assert world.roles(record) == []
    assert any("People tab" in line.detail for line in world.history(record))


@pytest.mark.parametrize("quote", ["'", '"'])
async def test_a_text_with_a_comma_in_quotes_is_one_text(world: Bench, quote: str) -> None:
    """Where the service prints quotes there is no doubt."""
    world.workbooks.knobs.array_quote = quote
    ada, grace = world.knows_all("Ada Byron", "Grace Hopper")
    record = world.has("Harbour crane")
    world.puts(record, (ada, "Buyer, main"), (grace, "User"))

    await world.once()

    assert world.roles(record) == world.wanted((ada, "Buyer, main"), (grace, "User"))
