"""A scope that nobody granted holds up what needs it, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from connectors.sandbox.faults import Fault
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


@pytest.mark.parametrize("missing", PEOPLE[3:])
async def test_a_consent_wakes_roles_that_were_refused_without_it(
    tmp_path: Path, missing: str
) -> None:
    """One is to be added, one changed and one removed; nobody has to ask for it again."""
    async with bench(tmp_path) as world:
        ada, bob, carl = world.knows_all("Ada Byron", "Bob Hill", "Carl Cox")
        deal = world.has("Peopled")
        world.puts(deal, (ada, "Buyer"), (bob, "Advisor"))
        await world.once()
        consents_to(world, *OPPORTUNITIES, *(one for one in PEOPLE if one != missing))
        wanted = ((ada, "Sponsor"), (carl, "Buyer"))
        world.puts(deal, *wanted)
        for _ in range(3):
            world.clock.advance(61)
            await world.once()
        assert world.roles(deal) != world.wanted(*wanted)

        consents_to(world, *OPPORTUNITIES, *PEOPLE)
        world.clock.advance(61)
        await world.once()

        assert world.roles(deal) == world.wanted(*wanted)


async def test_a_consent_wakes_roles_that_our_user_might_not_edit(tmp_path: Path) -> None:
    """Refused for a permission, which need not say which; and none that is refused for its text."""
    async with bench(tmp_path) as world:
        consents_to(world, *OPPORTUNITIES, *PEOPLE[:-1])
        ada, bob = world.knows_all("Ada Byron", "Bob Hill")
        first, second = world.has("Peopled"), world.has("Peopled otherwise")
        world.puts(first, (ada, "Buyer"))
        world.puts(second, (bob, "Nobody"))
        for status, code, role in ((403, "forbidden", "Buyer"), (422, "validationError", "Nobody")):
            text = json.dumps({"errors": [{"id": code, "detail": f"No {role} here."}]})
            world.outreach_fault(
                Fault(method="POST", path="Roles$", body=role, status=status, text=text, times=None)
            )
        for _ in range(3):
            world.clock.advance(61)
            await world.once()
        assert world.roles(first) == []
        world.outreach_traffic.plan.clear()

        consents_to(world, *OPPORTUNITIES, *PEOPLE)
        world.clock.advance(61)
        await world.once()

        assert world.roles(first) == world.wanted((ada, "Buyer"))
        assert world.roles(second) == []
