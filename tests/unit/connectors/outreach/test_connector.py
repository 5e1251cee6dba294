"""Connector: the target port as the engine uses it."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.outreach.connector import connector
from connectors.outreach.target import OutreachTarget, open_target
from engine import EngineError, Misconfigured, RecordType, Roster, Stage, User
from tests.unit.connectors.outreach.stand_ins import World, document, page, problem, resource
from tests.unit.connectors.outreach.stand_ins import settings as some_settings

pytestmark = pytest.mark.anyio


async def run_step(target: OutreachTarget, name: str) -> str:
    """Run one start-up step by name."""
    [step] = [step for step in target.steps() if step.name == name]
    return await step.run()


@pytest.mark.parametrize("record_type", RecordType)
async def test_the_default_mapping_names_fields_that_exist_once_each(
    target: OutreachTarget, record_type: RecordType
) -> None:
    """A default that cannot be written would fail every record of every installation."""
    names = [line.field for line in connector.standard_mapping[record_type]]

    assert set(names) <= set(target.fields(record_type))
    assert len(set(names)) == len(names)


def test_the_fields_that_find_records_again_are_filled_by_default() -> None:
    """A create in doubt is looked for by one, and a person by the other."""
    filled = {
        record_type: {line.field for line in lines}
        for record_type, lines in connector.standard_mapping.items()
    }

    assert connector.correlation_field in filled[RecordType.OPPORTUNITY]
    assert connector.email_field in filled[RecordType.PERSON]


async def test_an_update_of_nothing_sends_nothing(world: World, target: OutreachTarget) -> None:
    """An empty change may be refused, and always costs a request."""
    await target.update(17, {})

    assert world.server.requests == []


async def test_an_update_sends_what_it_is_given(world: World, target: OutreachTarget) -> None:
    """Blank included: that is how a field is cleared."""
    world.server.script = [document(17)]

    await target.update(17, {"probability": None})

    assert world.server.body()["data"]["attributes"] == {"probability": None}


async def test_a_reading_returns_the_asked_fields_canonically(
    world: World, target: OutreachTarget
) -> None:
    """What the service wrote and the vendor restyled must compare equal."""
    members: dict[str, Any] = {
        "attributes": {"closeDate": "2026-09-29T22:00:00.000Z", "name": "Acme"},
        "relationships": {"owner": {"data": {"type": "user", "id": 3}}},
    }
    world.server.script = [document(17, **members)]

    values = await target.get(17, ["closeDate", "owner"])

    assert values == {"closeDate": "2026-09-30T12:00:00.000Z", "owner": 3}


async def test_a_search_returns_exact_matches_only(world: World, target: OutreachTarget) -> None:
    """Adopting a record of another reference would overwrite it."""
    world.server.script = [
        page(
            resource(5, attributes={"customId": "opp-1", "createdAt": "2026-08-01T00:00:00.000Z"}),
            resource(6, attributes={"customId": "OPP-1", "createdAt": "2026-08-01T00:00:01.000Z"}),
        )
    ]

    found = await target.find(["OPP-1"])

    assert [match.id for match in found["OPP-1"]] == [6]


async def test_many_values_are_looked_for_in_one_request(
    world: World, target: OutreachTarget
) -> None:
    """After a bad minute there are many creates in doubt, and each request counts."""
    values = [f"OPP-{number}" for number in range(100)]
    world.server.script = [page(resource(7, attributes={"customId": "OPP-42"}))]

    found = await target.find(values)

    assert {value: [match.id for match in one] for value, one in found.items() if one} == {
        "OPP-42": [7]
    }


async def test_users_and_stages_come_as_neutral_records(
    world: World, target: OutreachTarget
) -> None:
    """The engine resolves owners and stages by name."""
    world.server.script = [
        page(resource(3, attributes={"name": "Ada L", "username": "Ada_L", "email": "a@b.c"})),
        page(resource(2, attributes={"name": "Won"}), resource(4, attributes={"name": None})),
    ]

    assert await target.users() == Roster([User(3, "Ada L", "Ada_L", "a@b.c")])
    assert await target.stages() == Roster([Stage(2, "Won"), Stage(4, "")])


async def test_a_user_or_stage_shown_without_any_text_is_a_row_that_cannot_be_read(
    world: World, target: OutreachTarget
) -> None:
    """Nobody has lost a name that was not shown: owners would be cleared on what is edited."""
    world.server.script = [
        page(resource(3, attributes={"email": "a@b.c"}), resource(4, attributes={"locked": False})),
        page(resource(2, attributes={}), resource(5, attributes={"name": "Won"})),
    ]

    assert await target.users() == Roster(
        [User(3, "", "", "a@b.c")],
        ("the row with id 4 holds none of name, username, email, firstName, lastName",),
    )
    assert await target.stages() == Roster(
        [Stage(5, "Won")], ("the row with id 2 holds none of name",)
    )


async def test_accounts_the_index_hides_are_asked_for_one_by_one(
    world: World, target: OutreachTarget
) -> None:
    """Only named accounts appear there, so absence from it proves nothing."""
    world.server.script = [
        page(resource(1)),
        document(2),
        problem(404, "resourceNotFound", "Could not find 'account' with ID '3'."),
    ]

    assert await target.accounts([3, 1, 2, 2, 0]) == {1, 2}

    assert world.server.query(0)["filter[id]"] == "1,2,3"
    assert [request.url.path for request in world.server.requests[1:]] == [
        "/api/v2/accounts/2",
        "/api/v2/accounts/3",
    ]


async def test_no_ids_cost_no_request(world: World, target: OutreachTarget) -> None:
    """An empty filter would list every account there is."""
    assert await target.accounts([]) == set()
    assert world.server.requests == []


async def test_the_address_of_a_record_comes_from_the_template(world: World) -> None:
    """It must be possible to compute it again at any time."""
    template = "https://web.outreach.io/opportunities/{id}/overview?x={y}"

    async with open_target(some_settings(record_url=template), world.environment) as target:
        assert (
            target.url(RecordType.OPPORTUNITY, 17)
            == "https://web.outreach.io/opportunities/17/overview?x={y}"
        )


async def test_a_prospect_has_an_address_of_its_own(world: World, target: OutreachTarget) -> None:
    """It is written back to the person, as the opportunity's is to the opportunity."""
    assert target.url(RecordType.PERSON, 42) == "https://web.outreach.io/prospects/42/overview"

    template = "https://web.outreach.io/people/{id}"
    async with open_target(some_settings(prospect_url=template), world.environment) as other:
        assert other.url(RecordType.PERSON, 42) == "https://web.outreach.io/people/42"


async def test_the_first_steps_are_all_that_opportunities_need(target: OutreachTarget) -> None:
    """A quiet start runs only the beginning of the list."""
    names = [step.name for step in target.steps()]

    assert names == ["credentials", "opportunities", "custom fields", "users", "stages"]


async def test_the_credentials_step_says_whether_it_minted(
    world: World, target: OutreachTarget
) -> None:
    """An operator sees at once whether restarts cost mints."""
    assert await run_step(target, "credentials") == "access token minted, expires in 120 minutes"

    world.clock.time += 600

    assert await run_step(target, "credentials") == (
        "access token reused, expires in 110 minutes;"
        " client secret and refresh token were not tried"
    )


async def test_the_opportunities_step_accepts_an_org_without_any(
    world: World, target: OutreachTarget
) -> None:
    """A new installation has nothing to look at yet."""
    world.server.script = [page(), page(resource(1, attributes={"customId": None}))]

    assert "none there yet" in await run_step(target, "opportunities")
    assert "customId" in await run_step(target, "opportunities")
    assert world.server.query() == {
        "page[size]": "1",
        "count": "false",
        "fields[opportunity]": "customId",
    }


async def test_the_opportunities_step_refuses_an_org_without_the_correlation_field(
    world: World, target: OutreachTarget
) -> None:
    """Without it a create in doubt could never be found again."""
    world.server.script = [page(resource(1, attributes={}))]

    with pytest.raises(Misconfigured, match="customId") as caught:
        await run_step(target, "opportunities")

    assert caught.value.remedy


async def test_the_opportunities_step_explains_a_user_without_access(
    world: World, target: OutreachTarget
) -> None:
    """At start this concerns every record, so it is a matter of configuration."""
    world.server.script = [problem(403, "unauthorizedRequest", "You are not authorized.")]

    with pytest.raises(EngineError) as caught:
        await run_step(target, "opportunities")

    assert type(caught.value) is Misconfigured
    assert "profile" in (caught.value.remedy or "")


async def test_the_last_steps_count_users_and_stages(world: World, target: OutreachTarget) -> None:
    """They also prove that both scopes are granted."""
    named = [resource(number, attributes={"name": "A"}) for number in (1, 2)]
    world.server.script = [page(*named), page(named[0])]

    assert await run_step(target, "users") == "2 users"
    assert await run_step(target, "stages") == "1 stages"


@pytest.mark.parametrize("step", ["users", "stages"])
async def test_a_step_refused_by_the_profile_is_a_matter_of_configuration(
    world: World, target: OutreachTarget, step: str
) -> None:
    """There is no record to blame at start."""
    world.server.script = [problem(403, "unauthorizedRequest", "You are not authorized.")]

    with pytest.raises(Misconfigured, match=step):
        await run_step(target, step)
