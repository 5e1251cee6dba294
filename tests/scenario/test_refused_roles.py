"""A role that is refused costs one request a day, whatever else its tab waits for."""

from __future__ import annotations

import json

import pytest

from connectors.sandbox.faults import Fault
from engine.decide import doubt
from engine.decide.tab import REFUSED_ROLE_RETRY_S
from tests.scenario.acting_hands import retry
from tests.scenario.bench import Bench
from tests.scenario.people import CREATE_PROSPECT, CREATE_ROLE

pytestmark = pytest.mark.anyio

NO = json.dumps({"errors": [{"id": "validationError", "detail": "Role is not in the list."}]})
ROUNDS = 5


@pytest.fixture
def patient(world: Bench, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """A bench that looks for a create in doubt once a minute, so that a run leaves it in doubt."""
    monkeypatch.setattr(doubt, "FIRST_LOOK_S", 60.0)
    world.settings["outreach"]["visibility_s"] = 60
    return world


def refuses(world: Bench, role: str) -> None:
    """Outreach does not take a role with this text."""
    path = "/opportunityProspectRoles"
    for method in ("POST", "PATCH"):
        world.outreach_fault(
            Fault(method=method, path=path, body=role, status=422, text=NO, times=None)
        )


def sent(world: Bench, role: str) -> int:
    """How often a role with this text was sent."""
    asked = [one for one in world.outreach_seen if one.method in ("POST", "PATCH")]
    return sum(f'"{role}"' in one.body for one in asked)


async def minutes_pass(world: Bench) -> None:
    """Several looks at whatever is due, more than a minute apart."""
    for _ in range(ROUNDS):
        await world.once()
        world.clock.advance(75)


@pytest.mark.parametrize("path", [CREATE_PROSPECT[1], CREATE_ROLE[1]], ids=["person", "role"])
async def test_a_refused_role_is_not_sent_again_with_what_fails_beside_it(
    patient: Bench, path: str
) -> None:
    """The tab is worked on again and again for the other line, and not for this one."""
    refuses(patient, "Sponsor")
    ada, bob = patient.knows("Ada Byron"), patient.knows("Bob Noyce")
    failing = "bob" if path == CREATE_PROSPECT[1] else "Buyer"
    lost = Fault(method="POST", path=path, body=failing, action="drop", times=2)
    patient.outreach_fault(lost)
    record = patient.has()
    patient.puts(record, (ada, "Sponsor"), (bob, "Buyer"))

    await minutes_pass(patient)

    assert patient.roles(record) == patient.wanted((bob, "Buyer"))
    assert sent(patient, "Sponsor") == 1
    assert patient.waiting() == {"Role is not in the list."}


async def test_a_refused_role_is_sent_again_the_next_day(world: Bench) -> None:
    """Somebody may have added it to the list."""
    refuses(world, "Sponsor")
    ada, bob = world.knows("Ada Byron"), world.knows("Bob Noyce")
    record = world.has()
    world.puts(record, (ada, "Sponsor"))
    await minutes_pass(world)
    world.puts(record, (ada, "Sponsor"), (bob, "Buyer"))
    await minutes_pass(world)
    assert sent(world, "Sponsor") == 1
    assert world.roles(record) == world.wanted((bob, "Buyer"))

    world.outreach_traffic.plan.clear()
    world.clock.advance(REFUSED_ROLE_RETRY_S)
    await world.once()

    assert sent(world, "Sponsor") == 2
    assert world.roles(record) == world.wanted((ada, "Sponsor"), (bob, "Buyer"))


async def test_a_line_that_is_edited_is_sent_at_once(world: Bench) -> None:
    """Another text, and then the one that was refused: each is a new request of somebody's."""
    refuses(world, "Sponsor")
    ada = world.knows("Ada Byron")
    record = world.has()
    world.puts(record, (ada, "Sponsor"))
    await world.once()

    world.puts(record, (ada, "Buyer"))
    await world.once()
    assert world.roles(record) == world.wanted((ada, "Buyer"))

    world.puts(record, (ada, "Sponsor"))
    await minutes_pass(world)

    assert sent(world, "Sponsor") == 2
    assert world.roles(record) == world.wanted((ada, "Buyer"))


async def test_what_somebody_asks_for_anew_is_sent_at_once(world: Bench) -> None:
    """Whoever has mended the list in Outreach need not wait for a day."""
    refuses(world, "Sponsor")
    ada = world.knows("Ada Byron")
    record = world.has()
    world.puts(record, (ada, "Sponsor"))
    await world.once()
    world.outreach_traffic.plan.clear()

    await retry(world, f"OPP-{record}")
    await world.once()

    assert world.roles(record) == world.wanted((ada, "Sponsor"))


async def test_what_is_taken_off_the_tab_leaves_beside_a_refused_role(world: Bench) -> None:
    """It is not kept for the other line of that person, which would never be sent in its place."""
    refuses(world, "Sponsor")
    ada = world.knows("Ada Byron")
    record = world.has()
    world.puts(record, (ada, "Sponsor"), (ada, "Buyer"))
    await world.once()
    assert world.roles(record) == world.wanted((ada, "Buyer"))

    world.puts(record, (ada, "Sponsor"))
    await minutes_pass(world)

    assert world.roles(record) == world.wanted()
    assert sent(world, "Sponsor") == 1
    assert world.waiting() == {"Role is not in the list."}


async def test_a_role_stays_while_what_it_shall_become_is_refused(world: Bench) -> None:
    """A refusal changes nothing: the person is not taken off the opportunity for it."""
    ada, bob = world.knows("Ada Byron"), world.knows("Bob Noyce")
    record = world.has()
    world.puts(record, (ada, "Buyer"))
    await world.once()
    refuses(world, "Sponsor")

    world.puts(record, (ada, "Sponsor"))
    await minutes_pass(world)
    world.puts(record, (ada, "Sponsor"), (bob, "User"))
    await minutes_pass(world)

    assert world.roles(record) == world.wanted((ada, "Buyer"), (bob, "User"))
    assert sent(world, "Sponsor") == 1
