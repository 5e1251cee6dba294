"""Where Outreach takes one role for each person on an opportunity: the texts are joined in one."""

from __future__ import annotations

import pytest

from tests.scenario.bench import Bench
from tests.scenario.people import CREATE_ROLE

pytestmark = pytest.mark.anyio


@pytest.fixture
def strict(world: Bench) -> Bench:
    """An org that refuses a second role, whatever it says."""
    world.outreach.knobs.one_role_per_person = True
    return world


async def runs(world: Bench, times: int = 3) -> None:
    """Long enough for what was refused to be looked for."""
    for _ in range(times):
        await world.once()
        world.clock.advance(60)


async def test_a_second_role_that_is_refused_is_joined_with_the_first(strict: Bench) -> None:
    """Both are said, and the history tells how."""
    world = strict
    ada, grace = world.knows_all("Ada Byron", "Grace Hopper")
    record = world.has("Harbour crane")
    world.puts(record, (ada, "Influencer"), (ada, "Buyer"), (ada, ""), (grace, "User"))

    await runs(world)

    assert world.roles(record) == world.wanted((ada, "Buyer, Influencer"), (grace, "User"))
    assert any("joined in one role" in line.detail for line in world.history(record))
    assert world.waiting() == set()


async def test_what_was_learnt_is_not_tried_again(strict: Bench) -> None:
    """The next record with such a person costs no refused request, and edits go on as ever."""
    world = strict
    ada = world.knows()
    record = world.has("Harbour crane")
    world.puts(record, (ada, "Influencer"), (ada, "Buyer"))
    await runs(world)
    other = world.has("Tug")
    world.puts(other, (ada, "User"), (ada, "Buyer"))
    world.forget_traffic()

    await world.once()
    assert world.roles(other) == world.wanted((ada, "Buyer, User"))
    assert world.outreach_traffic.counts[CREATE_ROLE] == 1

    world.puts(record, (ada, "Influencer"))
    await world.once()
    assert world.roles(record) == world.wanted((ada, "Influencer"))


async def test_one_role_for_each_person_may_be_asked_for(world: Bench) -> None:
    """Nothing is refused then, in any org."""
    world.settings["contacts"] = {"one_role_per_person": "always"}
    ada = world.knows()
    record = world.has("Harbour crane")
    world.puts(record, (ada, "Influencer"), (ada, "Buyer"))

    await world.once()

    assert world.roles(record) == world.wanted((ada, "Buyer, Influencer"))
    assert world.outreach_traffic.counts[CREATE_ROLE] == 1


async def test_a_role_by_hand_that_takes_the_only_place_is_told(strict: Bench) -> None:
    """It is somebody else's, so it stays as it is; the line says why it is not there."""
    world = strict
    ada, prospect = world.knows(), world.prospect("ada.byron@customer.example")
    record = world.has("Harbour crane")
    await world.once()
    world.relates(record, prospect, "Friend")

    world.puts(record, (ada, "Buyer"))
    await runs(world)

    assert world.roles(record) == [(prospect, "Friend")]
    assert any("taken" in reason for reason in world.waiting())
