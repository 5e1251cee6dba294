"""Client: what reaches the server, and what the governor learns from the answers."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from typing import Any

import httpx
import pytest

from connectors.outreach.client import OutreachClient
from connectors.outreach.oauth import REFUSALS_MAX
from engine import (
    EngineError,
    Exchange,
    Gone,
    Rejected,
    TheirFault,
    Throttled,
    TooLarge,
    Unauthorized,
    Unreachable,
)
from tests.unit.connectors.outreach.stand_ins import (
    BASE,
    NOW,
    World,
    document,
    page,
    problem,
    resource,
    settings,
)

pytestmark = pytest.mark.anyio

GATEWAY_401 = {"error": "Invalid JWT token.", "description": "could not be decoded"}


@pytest.fixture
async def client(world: World) -> AsyncGenerator[OutreachClient]:
    """A client of that server."""
    async with Exchange("outreach", world.environment, timeout_s=5) as exchange:
        yield OutreachClient(settings(), world.environment, exchange)


async def test_a_create_carries_the_token_and_the_media_type(
    world: World, client: OutreachClient
) -> None:
    """Without either the vendor refuses it."""
    world.server.script = [httpx.Response(201, json={"data": resource(17)})]

    assert await client.create({"name": "Acme"}) == 17

    request = world.server.requests[0]
    assert request.headers["authorization"] == "Bearer AT1"
    assert request.headers["content-type"] == "application/vnd.api+json"
    assert request.headers["accept"] == "application/vnd.api+json"
    assert world.observed[-1][:3] == ("POST", "/opportunities", "201")


async def test_token_requests_stay_outside_the_request_budget(
    world: World, client: OutreachClient
) -> None:
    """They have a limit of their own."""
    world.server.script = [document(17)]

    await client.get(17, ["name"])

    assert world.server.mints == 1
    assert world.governor.budget.used_last_hour(NOW) == 1


async def test_a_refused_token_is_replaced_once_and_the_request_repeated(
    world: World, client: OutreachClient
) -> None:
    """Tokens are revoked before their time now and then."""
    world.server.script = [document(17), httpx.Response(401, json=GATEWAY_401), document(17)]
    await client.get(17, ["name"])
    world.clock.time += 100

    await client.get(17, ["name"])

    tokens = [request.headers["authorization"] for request in world.server.requests]
    assert tokens == ["Bearer AT1", "Bearer AT1", "Bearer AT2"]


EXPIRED = {"id": "expiredAccessToken", "title": "Expired", "detail": "It has expired."}
TOKEN_REFUSALS: dict[str, tuple[int, Any]] = {
    "gateway": (401, GATEWAY_401),
    "envelope": (401, {"errors": [EXPIRED]}),
    "bare": (401, EXPIRED),
    "forbidden": (403, {"errors": [EXPIRED]}),
    "forbidden, bare": (403, EXPIRED),
    "forbidden, id alone": (403, {"id": "expiredAccessToken"}),
    "forbidden, by the gateway": (403, GATEWAY_401),
    "forbidden, OAuth": (403, {"error": "invalid_token", "error_description": "expired"}),
    "forbidden, other words": (403, {"errors": [{"id": "accessTokenExpired"}]}),
    "forbidden, nested": (403, {"error": {"code": "token_revoked", "message": "no"}}),
    "malformed": (400, {"error": "invalid_token"}),
}


SPOKEN: dict[str, tuple[int, Any]] = {
    "a message": (403, {"message": "The access token expired"}),
    "OAuth": (403, {"error": "unauthorized", "error_description": "token expired"}),
    "a title": (403, {"errors": [{"id": "forbidden", "title": "Token Expired", "detail": "d"}]}),
    "a list": (403, [EXPIRED]),
    "a list of texts": (403, {"errors": ["expiredAccessToken"]}),
    "plain text": (403, "expiredAccessToken"),
    "another status": (498, {"reason": "token has expired"}),
    "deep down": (403, {"a": [[{"b": {"c": [None, 1, "Expired access token"]}}]]}),
}


@pytest.mark.parametrize(("status", "body"), SPOKEN.values(), ids=list(SPOKEN))
async def test_what_says_in_any_words_that_the_token_has_expired_gets_another_one(
    world: World, client: OutreachClient, status: int, body: Any
) -> None:
    """Where a repeat does no harm; then the answer to the new one is judged."""
    text = body if isinstance(body, str) else json.dumps(body)
    refusal = httpx.Response(status, text=text)
    world.server.script = [document(17), refusal, document(17)]
    await client.get(17, ["name"])
    world.clock.time += 100

    await client.update(17, {"name": "a"})

    assert world.server.mints == 2
    assert world.server.requests[-1].headers["authorization"] == "Bearer AT2"


async def test_a_create_that_only_words_call_refused_is_not_sent_again(
    world: World, client: OutreachClient
) -> None:
    """Who speaks is unknown, and so is whether the service has acted."""
    refusal = httpx.Response(403, text="The access token expired")
    world.server.script = [document(17), refusal]
    await client.get(17, ["name"])
    world.clock.time += 100

    with pytest.raises(Unreachable) as caught:
        await client.create({"name": "a"})

    assert caught.value.ambiguous
    assert world.server.mints == 1


@pytest.mark.parametrize(("status", "body"), TOKEN_REFUSALS.values(), ids=list(TOKEN_REFUSALS))
async def test_every_refusal_of_the_token_is_answered_with_another_one(
    world: World, client: OutreachClient, status: int, body: Any
) -> None:
    """Public clients of the service have met each of these; a create was not carried out."""
    refusal = httpx.Response(status, json=body)
    world.server.script = [document(17), refusal, httpx.Response(201, json={"data": resource(18)})]
    await client.get(17, ["name"])
    world.clock.time += 100

    assert await client.create({"name": "a"}) == 18

    assert world.server.mints == 2
    assert world.server.requests[-1].headers["authorization"] == "Bearer AT2"


@pytest.mark.parametrize("status", [401, 403])
async def test_a_token_refused_in_its_own_name_twice_is_the_credentials(
    world: World, client: OutreachClient, status: int
) -> None:
    """No record is at fault, and the service is not ready."""
    refusal = httpx.Response(status, json=EXPIRED)
    world.server.script = [document(17), refusal, refusal]
    await client.get(17, ["name"])
    world.clock.time += 100

    with pytest.raises(Unauthorized) as caught:
        await client.update(17, {"name": "a"})

    assert caught.value.status == status
    assert world.server.mints == 2


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (403, {"errors": [{"id": "unauthorizedRequest", "detail": "An expired token, perhaps"}]}),
        (403, "<html>invalid token</html>"),
        (403, None),
        (422, {"errors": [{"id": "invalidCleanupToken", "title": "t", "detail": "d"}]}),
        (404, EXPIRED),
    ],
)
async def test_what_does_not_name_the_token_costs_no_mint(
    world: World, client: OutreachClient, status: int, body: Any
) -> None:
    """A text may speak of anything, and each mint stops everybody for a minute."""
    world.server.script = [document(17), httpx.Response(status, json=body)]
    await client.get(17, ["name"])
    world.clock.time += 100

    with pytest.raises(EngineError) as caught:
        await client.update(17, {"name": "a"})

    assert not isinstance(caught.value, Unauthorized)
    assert world.server.mints == 1


UNNAMED_401 = [
    httpx.Response(401, html="<html>Sign in</html>"),
    httpx.Response(401),
    httpx.Response(401, text="Unauthorized"),
    httpx.Response(401, json=["no"]),
    httpx.Response(401, json={"message": "Unauthorized"}),
]


@pytest.mark.parametrize("refusal", UNNAMED_401, ids=lambda refusal: repr(refusal.content))
async def test_any_401_to_what_may_be_repeated_is_answered_with_another_token(
    world: World, client: OutreachClient, refusal: httpx.Response
) -> None:
    """What a refused token looks like is unpublished, and a repeat does no harm."""
    world.server.script = [document(17), refusal, document(17)]
    await client.get(17, ["name"])
    world.clock.time += 100

    await client.update(17, {"name": "a"})

    assert world.server.mints == 2


async def test_a_token_refused_for_one_request_holds_up_no_other(
    world: World, client: OutreachClient
) -> None:
    """Another one was refused as well, and serves everybody else; a third would not help."""
    refusal = httpx.Response(401, json={"message": "Unauthorized"})
    again = [refusal, document(17)] * REFUSALS_MAX
    world.server.script = [document(17), refusal, refusal, document(17), *again]
    await client.get(17, ["name"])
    world.clock.time += 100
    with pytest.raises(TheirFault):
        await client.update(17, {"name": "a"})
    await client.get(17, ["name"])

    for _ in range(REFUSALS_MAX):
        with pytest.raises(TheirFault):
            await client.update(17, {"name": "a"})
        await client.get(17, ["name"])

    assert world.server.mints == 2


async def test_a_second_refusal_of_the_token_is_final(world: World, client: OutreachClient) -> None:
    """More tokens would not help, and each costs a minute."""
    world.server.script = [document(17), *[httpx.Response(401, json=GATEWAY_401)] * 2]
    await client.get(17, ["name"])
    world.clock.time += 100

    with pytest.raises(Unauthorized) as caught:
        await client.create({"name": "a"})

    assert caught.value.status == 401
    assert world.server.mints == 2
    assert "AT" not in caught.value.message


@pytest.mark.parametrize("refusal", UNNAMED_401, ids=lambda refusal: repr(refusal.content))
async def test_a_create_refused_in_other_words_is_not_sent_again(
    world: World, client: OutreachClient, refusal: httpx.Response
) -> None:
    """Credentials are refused in words of the service; another answer may hide a creation."""
    world.server.script = [document(17), refusal, document(18)]
    await client.get(17, ["name"])
    world.clock.time += 100

    with pytest.raises(Unreachable) as caught:
        await client.create({"name": "a"})

    assert caught.value.ambiguous
    assert world.server.mints == 1


async def test_a_create_answered_by_a_record_of_another_type_is_in_doubt(
    world: World, client: OutreachClient
) -> None:
    """The id in it is of something else, and must not be written to anybody's record."""
    other: Any = {"data": {"type": "prospect", "id": 999, "attributes": {}}}
    world.server.script = [httpx.Response(201, json=other)]

    with pytest.raises(Unreachable) as caught:
        await client.create({"name": "a"})

    assert caught.value.ambiguous


async def test_a_create_without_a_token_was_not_sent(world: World, client: OutreachClient) -> None:
    """Looking for it would cost it minutes."""
    world.server.no_token = httpx.ReadTimeout("no token")

    with pytest.raises(Unreachable) as caught:
        await client.create({"name": "a"})

    assert not caught.value.ambiguous


async def test_a_fresh_token_that_is_refused_is_not_minted_again(
    world: World, client: OutreachClient
) -> None:
    """A minute's wait would end in the same refusal."""
    world.server.script = [httpx.Response(401, json=GATEWAY_401)]

    with pytest.raises(Unauthorized):
        await client.get(17, ["name"])

    assert world.server.mints == 1


async def test_the_governor_learns_the_budget_from_every_answer(
    world: World, client: OutreachClient
) -> None:
    """A refusal counts against the budget as well."""
    headers = {
        "X-RateLimit-Limit": "10000",
        "X-RateLimit-Remaining": "9321, 19988",
        "X-RateLimit-Reset": str(int(NOW) + 1800),
    }
    world.server.script = [problem(422, "validationError", headers=headers)]

    with pytest.raises(Rejected):
        await client.create({"name": "a"})

    assert world.governor.budget.window.limit == 10000
    assert world.governor.budget.window.remaining == 9321
    assert world.governor.budget.window.reset_at == NOW + 1800


@pytest.mark.parametrize(
    ("status", "error_id"), [(429, "rateLimitExceeded"), (503, "scheduledServerMaintenance")]
)
async def test_being_told_to_wait_pauses_the_whole_system(
    world: World, client: OutreachClient, status: int, error_id: str
) -> None:
    """Neither was executed, so nothing is in doubt and nothing is a failure."""
    headers = {"Retry-After": str(int(NOW) + 900)}
    world.server.script = [problem(status, error_id, headers=headers)]

    with pytest.raises(Throttled) as caught:
        await client.create({"name": "a"})

    assert caught.value.retry_after_s is not None
    assert 900 <= caught.value.retry_after_s <= 930
    assert world.governor.paused_s > 890
    assert world.governor.failures == 0


async def test_a_503_of_unknown_origin_is_in_doubt_but_its_wait_is_kept(
    world: World, client: OutreachClient
) -> None:
    """A gateway may answer so after the write went through."""
    world.server.script = [httpx.Response(503, text="busy", headers={"Retry-After": "30"})]

    with pytest.raises(Unreachable) as caught:
        await client.create({"name": "a"})

    assert caught.value.ambiguous
    assert world.governor.paused_s > 29


async def test_server_failures_are_reported_to_the_governor_and_a_success_clears_them(
    world: World, client: OutreachClient
) -> None:
    """Enough of them in a row are an outage."""
    world.server.script = [httpx.Response(500), httpx.Response(504), document(17)]

    for _ in range(2):
        with pytest.raises(Unreachable):
            await client.get(17, ["name"])
    assert world.governor.failures == 2

    await client.get(17, ["name"])
    assert world.governor.failures == 0


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"data":{"type":"opportunity"}}'])
async def test_a_create_whose_answer_is_unusable_is_in_doubt(
    world: World, client: OutreachClient, body: bytes
) -> None:
    """The record exists, but nobody knows its id."""
    world.server.script = [httpx.Response(201, content=body)]

    with pytest.raises(Unreachable) as caught:
        await client.create({"name": "a"})

    assert caught.value.ambiguous
    assert world.governor.failures == 1


async def test_a_lost_answer_to_a_create_is_in_doubt(world: World, client: OutreachClient) -> None:
    """The connection broke after the request had left."""
    world.server.script = [httpx.ReadError("reset")]

    with pytest.raises(Unreachable) as caught:
        await client.create({"name": "a"})

    assert caught.value.ambiguous


async def test_an_update_answered_with_another_record_is_not_believed(
    world: World, client: OutreachClient
) -> None:
    """Something between us and the vendor has mixed up answers; the update is sent again later."""
    world.server.script = [document(18)]

    with pytest.raises(Unreachable) as caught:
        await client.update(17, {"amount": 1})

    assert not caught.value.ambiguous


async def test_an_update_of_a_missing_record_is_gone(world: World, client: OutreachClient) -> None:
    """The engine has a setting for what happens then."""
    detail = "Could not find 'opportunity' with ID '17'."
    world.server.script = [problem(404, "resourceNotFound", detail)]

    with pytest.raises(Gone):
        await client.update(17, {"amount": 1})


async def test_pages_are_followed_and_each_id_is_kept_once(
    world: World, client: OutreachClient
) -> None:
    """A collection that moves while it is read repeats records."""
    link = f"{BASE}/api/v2/users?page%5Bafter%5D=abc"
    world.server.script = [
        page(resource(1), resource(2), following=link),
        page(resource(2), resource(3)),
    ]

    users = await client.users()

    assert [one.id for one in users.rows] == [1, 2, 3]
    assert str(world.server.requests[1].url) == link


async def test_a_page_on_another_origin_is_never_requested(
    world: World, client: OutreachClient
) -> None:
    """The request would carry our token."""
    world.server.script = [page(resource(1), following="https://evil.test/users")]

    with pytest.raises(TheirFault):
        await client.users()

    assert len(world.server.requests) == 1


USERS = f"{BASE}/api/v2/users"


@pytest.mark.parametrize(
    "leads",
    [
        ["?to=a", "?to=b", "?to=a"],
        ["?to=a", "?to=a"],
        [f"{USERS}?to=a", "?to=b", "/api/v2/users?to=a"],
    ],
)
async def test_a_link_that_was_followed_before_ends_the_listing(
    world: World, client: OutreachClient, leads: list[str]
) -> None:
    """Two thousand requests for one look at the users are a day's allowance of a small plan."""
    pages = [page(resource(number), following=link) for number, link in enumerate(leads, 1)]
    world.server.script = [*pages]

    with pytest.raises(TheirFault, match="leads back"):
        await client.users()

    assert len(world.server.requests) == len(leads)


async def test_a_page_without_a_new_record_that_leads_on_ends_the_listing(
    world: World, client: OutreachClient
) -> None:
    """A link that always differs may run in circles all the same."""
    world.server.script = [page(resource(1), following=f"?to={number}") for number in range(9)]

    with pytest.raises(TheirFault, match="nothing new"):
        await client.users()

    assert len(world.server.requests) == 2


async def test_a_link_to_the_very_first_page_ends_the_listing(
    world: World, client: OutreachClient
) -> None:
    """The last page of a circle leads to its beginning."""

    def first_again(request: httpx.Request) -> httpx.Response:
        return page(resource(1), following=str(request.url))

    world.server.script = [first_again]

    with pytest.raises(TheirFault, match="leads back"):
        await client.users()

    assert len(world.server.requests) == 1


async def test_pages_without_end_are_an_error(
    world: World, client: OutreachClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One new record a page, for ever, must not burn the budget."""
    monkeypatch.setattr("connectors.outreach.client.SHORT_PAGES_MAX", 3)
    world.server.script = [
        page(resource(number), following=f"?to={number}") for number in range(1, 9)
    ]

    with pytest.raises(TheirFault, match="4 pages"):
        await client.users()


async def test_relative_links_are_followed(world: World, client: OutreachClient) -> None:
    """From the address of the page they stand on."""
    world.server.script = [
        page(resource(1), following="?page[after]=x"),
        page(resource(2), following="/api/v2/users?page[after]=y"),
        page(resource(3)),
    ]

    assert [one.id for one in (await client.users()).rows] == [1, 2, 3]

    assert [request.url.params.get("page[after]") for request in world.server.requests] == [
        None,
        "x",
        "y",
    ]


async def test_a_page_too_large_to_read_is_asked_for_again_at_half_the_size(
    world: World, client: OutreachClient
) -> None:
    """Large records are no outage and no reason to read none of them."""
    large = httpx.Response(200, content=b" " * (33 << 20))
    world.server.script = [large, page(resource(1))]

    assert len((await client.users()).rows) == 1

    sizes = [request.url.params["page[size]"] for request in world.server.requests]
    assert sizes == ["1000", "500"]
    assert world.governor.failures == 0


async def test_a_created_record_too_large_to_read_is_in_doubt(
    world: World, client: OutreachClient
) -> None:
    """It exists, whatever was said about it."""
    world.server.script = [httpx.Response(201, content=b" " * (5 << 20))]

    with pytest.raises(TooLarge) as lost:
        await client.create({"name": "a"})

    assert lost.value.ambiguous
    assert world.governor.failures == 1


async def test_a_page_too_heavy_is_asked_for_again_at_half_the_size(
    world: World, client: OutreachClient
) -> None:
    """That is how the vendor's gateway answers heavy pages, and it is no outage."""
    world.server.script = [httpx.Response(502), httpx.Response(502), page(resource(1))]

    assert len((await client.users()).rows) == 1

    sizes = [request.url.params["page[size]"] for request in world.server.requests]
    assert sizes == ["1000", "500", "250"]
    assert world.governor.failures == 0


async def test_a_gateway_that_fails_on_the_lightest_page_counts_as_a_failure(
    world: World, client: OutreachClient
) -> None:
    """Then it is not the weight."""
    world.server.script = [httpx.Response(502)] * 6

    with pytest.raises(Unreachable):
        await client.users()

    assert world.server.requests[-1].url.params["page[size]"] == "50"
    assert world.governor.failures == 1


async def test_a_row_that_cannot_be_read_costs_no_other(
    world: World, client: OutreachClient
) -> None:
    """One null row, and nobody would own anything."""
    odd = page(resource(1), resource(2))
    body = json.loads(odd.content)
    body["data"] += [None, {"type": "user"}]
    world.server.script = [httpx.Response(200, json=body)]

    found = await client.users()

    assert [one.id for one in found.rows] == [1, 2]
    null, nameless = found.unreadable
    assert null.startswith("row 3 of the page: all of it: ")
    assert nameless == "row 4 of the page: id: Field required"


async def test_a_list_of_roles_is_read_whole_or_not_at_all(
    world: World, client: OutreachClient
) -> None:
    """A role that is skipped would be made a second time."""
    body = json.loads(page(resource(1)).content)
    body["data"] += [None]
    world.server.script = [httpx.Response(200, json=body)]

    with pytest.raises(TheirFault):
        await client.roles(7)
