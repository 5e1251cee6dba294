"""Prospects: looking people up by address, making them, and asking whether they are there."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from connectors.outreach.target import OutreachTarget
from engine import ProspectMatch, Rejected, Taken, TheirFault, Unreachable
from tests.unit.connectors.outreach.stand_ins import BASE, World, document, page, problem, resource

pytestmark = pytest.mark.anyio
RECORDED = "A Contact with this email_hash already exists."


def person(prospect_id: int, *emails: Any) -> dict[str, Any]:
    """A prospect as the lookup returns it."""
    return resource(prospect_id, type="prospect", attributes={"emails": list(emails)})


async def test_people_are_looked_up_by_address_in_the_syntax_that_takes_it_literally(
    world: World, target: OutreachTarget
) -> None:
    """A plus or a comma in an address must not turn it into another one."""
    world.server.script = [page()]

    assert await target.find_prospects(["ada+1@x.com", "b,c@x.com"]) == []

    params = world.server.requests[0].url.params
    assert world.server.requests[0].url.path == "/api/v2/prospects"
    assert params.get_list("filter[emails][]") == ["ada+1@x.com", "b,c@x.com"]
    assert params["newFilterSyntax"] == "true"
    assert params["fields[prospect]"] == "emails"
    assert params["count"] == "false"
    assert params["page[size]"] == "1000"


async def test_matches_are_checked_again_and_come_by_id_in_lower_case(
    world: World, target: OutreachTarget
) -> None:
    """Adopting the wrong person would put a stranger on the opportunity."""
    world.server.script = [
        page(
            person(9, "Ada@X.com", "ada@x.com ", "ada.private@x.com", None),
            person(7, "adam@x.com"),
            person(3, "BOB@x.com"),
            resource(4, attributes={"emails": None}),
        )
    ]

    assert await target.find_prospects([" ADA@x.com", "bob@x.com"]) == [
        ProspectMatch(3, ("bob@x.com",)),
        ProspectMatch(9, ("ada@x.com", "ada.private@x.com")),
    ]


async def test_every_page_of_a_lookup_is_read(world: World, target: OutreachTarget) -> None:
    """The person may stand on the last one."""
    link = f"{BASE}/api/v2/prospects?page%5Bafter%5D=abc"
    world.server.script = [page(person(1, "a@x.com"), following=link), page(person(2, "b@x.com"))]

    found = await target.find_prospects(["a@x.com", "b@x.com"])

    assert [match.id for match in found] == [1, 2]


async def test_many_addresses_are_asked_for_fifty_at_a_time_and_each_once(
    world: World, target: OutreachTarget
) -> None:
    """Servers refuse long addresses, and the budget is not spent on repeats."""
    asked = [f"p{number}@x.com" for number in range(101)]
    both = person(5, "p0@x.com", "p100@x.com")
    world.server.script = [page(both), page(), page(both)]

    found = await target.find_prospects([*asked, "P0@X.com", " p1@x.com "])

    sizes = [
        len(request.url.params.get_list("filter[emails][]")) for request in world.server.requests
    ]
    assert sizes == [50, 50, 1]
    assert [match.id for match in found] == [5]


async def test_no_address_costs_no_request(world: World, target: OutreachTarget) -> None:
    """An empty filter would list everybody."""
    assert await target.find_prospects(["", " "]) == []
    assert world.server.requests == []


async def test_a_person_is_created_without_blanks(world: World, target: OutreachTarget) -> None:
    """False is a value, and blank is none."""
    created = resource(42, type="prospect")
    world.server.script = [httpx.Response(201, json={"data": created})]
    fields = {
        "firstName": "Ada",
        "emails": ["ada@x.com"],
        "optedOut": False,
        "title": None,
        "workPhones": [],
        "owner": 3,
        "account": None,
    }

    assert await target.create_prospect(fields) == 42

    assert world.server.body() == {
        "data": {
            "type": "prospect",
            "attributes": {"firstName": "Ada", "emails": ["ada@x.com"], "optedOut": False},
            "relationships": {"owner": {"data": {"type": "user", "id": 3}}},
        }
    }
    assert world.observed[-1][:3] == ("POST", "/prospects", "201")


@pytest.mark.parametrize(
    "reply",
    [
        problem(422, "validationError", "Contacts email hash has already been taken.", "/data"),
        problem(
            422, "validationDuplicateValueError", "A Contact with this email_hash already exists."
        ),
        problem(422, "validationError", "Emails has already been taken", "/data/attributes/emails"),
        problem(422, "validationDuplicateValueError", "refused"),
        httpx.Response(422, json={"errors": [{"code": "taken", "title": "Validation Error"}]}),
    ],
)
async def test_an_address_somebody_else_has_is_told_apart(
    world: World, target: OutreachTarget, reply: httpx.Response
) -> None:
    """The engine looks again and adopts; nobody has to mend the person."""
    world.server.script = [reply]

    with pytest.raises(Taken) as caught:
        await target.create_prospect({"emails": ["ada@x.com"]})

    assert caught.value.field == "emails"


@pytest.mark.parametrize(
    ("reply", "field"),
    [
        (problem(422, "validationDataTooLongError", "Data provided is too long."), None),
        (
            problem(422, "validationError", "contact is using an excluded email address."),
            None,
        ),
        (problem(422, "validationError", "External id has already been taken.", "/data"), None),
        (
            problem(422, "validationDuplicateValueError", "taken", "/data/attributes/externalId"),
            "externalId",
        ),
        (problem(404, "resourceNotFound", "Could not find 'account' with ID '9'."), "account"),
    ],
)
async def test_any_other_refusal_of_a_person_is_plain(
    world: World, target: OutreachTarget, reply: httpx.Response, field: str | None
) -> None:
    """Looking for the address again would find nothing."""
    world.server.script = [reply]

    with pytest.raises(Rejected) as caught:
        await target.create_prospect({"emails": ["ada@x.com"]})

    assert type(caught.value) is Rejected
    assert caught.value.field == field


@pytest.mark.parametrize("reply", [httpx.ReadError("reset"), httpx.Response(502)])
async def test_a_lost_answer_leaves_a_person_in_doubt(
    world: World, target: OutreachTarget, reply: httpx.Response | Exception
) -> None:
    """Without a key of ours the address is the only way back."""
    world.server.script = [reply]

    with pytest.raises(Unreachable) as caught:
        await target.create_prospect({"emails": ["ada@x.com"]})

    assert caught.value.ambiguous
    assert len(world.server.requests) == 1


async def test_a_person_is_there_or_not(world: World, target: OutreachTarget) -> None:
    """An id kept in the source may be stale."""
    world.server.script = [
        document(42),
        problem(404, "resourceNotFound", "Could not find 'prospect' with ID '43'."),
    ]

    assert await target.prospect_exists(42)
    assert not await target.prospect_exists(43)

    assert world.server.requests[0].url.path == "/api/v2/prospects/42"
    assert world.server.query(0) == {"fields[prospect]": ""}


async def test_an_error_page_is_no_proof_that_a_person_is_gone(
    world: World, target: OutreachTarget
) -> None:
    """A proxy's page must not make the person anew."""
    world.server.script = [httpx.Response(404, text="<html>")]

    with pytest.raises(TheirFault):
        await target.prospect_exists(42)
