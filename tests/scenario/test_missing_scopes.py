"""A scope that nobody granted holds up what needs it, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.decide.failure import NOT_GRANTED_RETRY_S
from engine.errors import NotGranted
from tests.scenario.bench import CLIENT_ID, Bench, bench

pytestmark = pytest.mark.anyio

OPPORTUNITIES = (
    "opportunities.read",
    "opportunities.write",
    "opportunityStages.read",
    "users.read",
    "accounts.read",
)
PEOPLE = (
    "prospects.read",
    "prospects.write",
    "opportunityProspectRoles.read",
    "opportunityProspectRoles.write",
    "opportunityProspectRoles.delete",
)


def consents_to(world: Bench, *scopes: str) -> None:
    """Somebody authorises the service for these alone."""
    user = world.outreach.users.rows()[0].id
    token = world.outreach.grant(CLIENT_ID, user, scopes)
    (world.directory / "refresh_token").write_text(token, encoding="utf-8")


@pytest.mark.parametrize("missing", [PEOPLE, *((one,) for one in PEOPLE)], ids=" ".join)
async def test_opportunities_go_on_without_the_scopes_for_people(
    tmp_path: Path, missing: tuple[str, ...]
) -> None:
    """Those without people, those with them, and each later edit of both."""
    async with bench(tmp_path) as world:
        consents_to(world, *OPPORTUNITIES, *(one for one in PEOPLE if one not in missing))
        person = world.knows("Ada", "ada@customer.example")
        alone = [world.has(f"Alone {number}") for number in range(3)]
        peopled = [world.has(f"Peopled {number}") for number in range(3)]
        for one in peopled:
            world.puts(one, (person, "Buyer"))
        await world.once()
        for one in (*alone, *peopled):
            world.edit(one, probability=77)
        world.clock.advance(120)
        await world.once()

        for one in (*alone, *peopled):
            assert world.twin(one).attributes["probability"] == 77
            assert world.record(one)["error"] is False
        # Nobody is at fault.
        assert world.person(person)["error"] is False


async def test_people_are_related_once_the_scopes_are_granted(tmp_path: Path) -> None:
    """Without an edit of anybody."""
    async with bench(tmp_path) as world:
        consents_to(world, *OPPORTUNITIES)
        person = world.knows("Ada", "ada@customer.example")
        deal = world.has("Peopled")
        world.puts(deal, (person, "Buyer"))
        await world.once()
        before = len(world.role_rows(deal))

        consents_to(world, *OPPORTUNITIES, *PEOPLE)
        world.clock.advance(NOT_GRANTED_RETRY_S)
        await world.once()

        assert before == 0
        assert [row.attributes["role"] for row in world.role_rows(deal)] == ["Buyer"]


async def test_opportunities_without_an_account_do_not_wait_for_the_scope_for_accounts(
    tmp_path: Path,
) -> None:
    """Those with one wait, and nobody is flagged."""
    async with bench(tmp_path) as world:
        consents_to(world, *(one for one in OPPORTUNITIES if one != "accounts.read"))
        account = world.outreach.accounts.create({"name": "Harbour Ltd"})
        customer = world.workbooks.organisations.create(
            name="Harbour Ltd", cf_organisation_outreach_id=str(account)
        )
        alone = [world.has(f"Alone {number}") for number in range(3)]
        waiting = world.has("With an account", party_id=customer)
        await world.once()

        assert all(world.twin(one) for one in alone)
        assert world.twins(waiting) == []
        assert world.record(waiting)["error"] is False


async def test_a_missing_scope_for_opportunities_themselves_pauses_everything(
    tmp_path: Path,
) -> None:
    """Each record alone would be refused once a minute, for nothing."""
    async with bench(tmp_path) as world:
        scopes = (one for one in OPPORTUNITIES if one != "opportunities.write")
        consents_to(world, *scopes, *PEOPLE)
        for number in range(5):
            world.has(f"Deal {number}")

        with pytest.raises(NotGranted) as caught:
            await world.once()

        assert "opportunities.write" in str(caught.value)
        assert "wosync auth" in str(caught.value.remedy)


async def test_a_consent_wakes_whoever_waited_for_it(tmp_path: Path) -> None:
    """Nobody has to wait for the quarter of an hour to pass."""
    async with bench(tmp_path) as world:
        consents_to(world, *OPPORTUNITIES)
        person = world.knows("Ada", "ada@customer.example")
        deal = world.has("Peopled")
        world.puts(deal, (person, "Buyer"))
        await world.once()
        world.clock.advance(60)
        await world.once()
        assert world.role_rows(deal) == []

        consents_to(world, *OPPORTUNITIES, *PEOPLE)
        world.clock.advance(61)
        await world.once()

        assert [row.attributes["role"] for row in world.role_rows(deal)] == ["Buyer"]
