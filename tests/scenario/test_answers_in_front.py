"""What stands in front of Outreach answers for it: by its own page, after Outreach has acted."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.sandbox.faults import Fault
from tests.scenario.bench import CREATE, UPDATE, Bench, running, until
from tests.scenario.people import CREATE_PROSPECT, CREATE_ROLE

pytestmark = pytest.mark.anyio

PAGE = "<!DOCTYPE html><html><body>Request blocked. Support id 4711.</body></html>"
STATUSES = [
    302,
    307,
    400,
    401,
    403,
    404,
    405,
    408,
    409,
    410,
    413,
    421,
    422,
    423,
    425,
    429,
    431,
    451,
]
NO_ANSWERS = [
    "",
    "blocked",
    '{"message":"Forbidden"}',
    '{"errors":[]}',
    '{"errors":[{"code":1020,"message":"Access denied"}]}',
    '{"blocked":true}',
]


# With the status of a validation as well.
ANYBODYS = ['{"error":"forbidden"}', '{"error":"blocked","code":"waf","request_id":"1-2-3"}']


def in_front(path: str, method: str = "POST", **members: Any) -> Fault:
    """A page in the place of every answer, unless it is said otherwise."""
    given: dict[str, Any] = {"when": "after", "times": None, "status": 404, "text": PAGE}
    # A wait for a page that tells of too many requests.
    given["headers"] = {"Retry-After": "1"}
    return Fault(method=method, path=path, **(given | members))


@pytest.mark.parametrize("status", STATUSES)
async def test_a_page_after_each_create_leaves_one_opportunity(world: Bench, status: int) -> None:
    """Its status is that of a refusal, and the opportunity is there all the same."""
    world.outreach_fault(in_front("/opportunities$", status=status))
    record = world.has("Harbour crane")

    await world.once()

    assert world.twin(record)
    assert len(world.outreach.opportunities) == 1
    assert world.outreach_traffic.counts[CREATE] == 1
    assert world.reasons() == {}


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("text", [*NO_ANSWERS, *ANYBODYS])
async def test_an_answer_of_no_known_form_leaves_one_opportunity(
    world: Bench, text: str, status: int
) -> None:
    """Neither is a text or some JSON the refusal of the service, or of its credentials."""
    world.outreach_fault(in_front("/opportunities$", status=status, text=text))
    record = world.has("Harbour crane")

    await world.once()

    assert world.twin(record)
    assert world.outreach_traffic.counts[CREATE] == 1


@pytest.mark.parametrize("status", [302, 400, 401, 403, 404, 405, 409, 413, 421, 422, 429])
async def test_a_page_after_each_role_and_prospect_leaves_one_of_each(
    world: Bench, status: int
) -> None:
    """People come with the opportunity, through the same front."""
    world.outreach_fault(in_front("/opportunityProspectRoles$", status=status))
    world.outreach_fault(in_front("/prospects$", status=status))
    record, ada = world.has("Harbour crane"), world.knows("Ada Byron")
    world.puts(record, (ada, "Buyer"))

    await world.once()

    assert world.roles(record) == world.wanted((ada, "Buyer"))
    assert world.outreach_traffic.counts[CREATE_ROLE] == 1
    assert world.outreach_traffic.counts[CREATE_PROSPECT] == 1


@pytest.mark.parametrize("text", ANYBODYS)
async def test_what_might_be_anybodys_answer_is_no_validation(world: Bench, text: str) -> None:
    """It names no field, and something in front may say it after the create was carried out."""
    world.outreach_fault(in_front("/opportunities$", status=422, text=text))
    record = world.has("Harbour crane")

    await world.once()

    assert world.twin(record)
    assert world.outreach_traffic.counts[CREATE] == 1
    assert world.reasons() == {}


@pytest.mark.parametrize("status", [400, 403, 404, 405, 422, 429])
async def test_an_update_answered_by_a_page_is_made_once_more_and_flags_nobody(
    world: Bench, status: int
) -> None:
    """What the record holds is read before it is compared again, so a repeat is not needed."""
    record = world.has("Harbour crane")
    await world.once()
    world.outreach_fault(in_front("/opportunities/", "PATCH", status=status, times=1))

    world.edit(record, description="Harbour crane, red")
    world.forget_traffic()
    await world.once()

    assert world.twin(record).attributes["name"] == "Harbour crane, red"
    assert world.outreach_traffic.counts[UPDATE] == 1
    assert world.reasons() == {}


@pytest.mark.parametrize("status", [302, 303, 307, 308])
async def test_an_update_that_a_front_redirects_holds_up_no_other(
    world: Bench, status: int
) -> None:
    """A redirect concerns everybody only where everybody is redirected."""
    odd, other = world.has("Harbour crane"), world.has("River barge")
    await world.once()
    front = in_front(f"/opportunities/{world.twin(odd).id}$", "PATCH", when="before", status=status)
    world.outreach_fault(front)

    async with running(world):
        world.edit(odd, description="Harbour crane, red")
        await until(lambda: bool(world.waiting()))
        for number in range(3):
            name = f"River barge {number}"
            world.edit(other, description=name)
            await until(lambda name=name: world.twin(other).attributes["name"] == name)

    assert world.reasons() == {}


async def test_the_reason_of_the_doubt_says_what_was_seen(world: Bench) -> None:
    """Whoever looks into it must learn of the front, and read nothing of its page."""
    world.outreach_fault(in_front("/opportunities$", status=403))
    record = world.has("Harbour crane")

    await world.once()

    [line] = [one for one in world.history(record) if one.decision == "in doubt"]
    assert "an HTML page, not a refusal by the service itself" in line.detail
    assert "4711" not in line.detail


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"id":"validationError","title":"No","detail":"Name is odd."}', "Name is odd."),
        ('{"message":"Name is odd."}', "Name is odd."),
        ('{"name":["is odd",null]}', "name: is odd"),
        ('["Name is odd.",null]', "Name is odd."),
    ],
)
async def test_a_validation_of_any_known_form_is_flagged_with_its_words(
    world: Bench, text: str, said: str
) -> None:
    """A reason that nobody can read helps nobody to mend the record."""
    world.outreach_fault(Fault(method="POST", path="/opportunities$", status=422, text=text))
    record = world.has("Harbour crane")

    await world.once()

    assert world.record(record)["error"] is True
    assert said in world.reasons()[f"OPP-{record}"].reason
