"""The Outreach emulator's collections: filters, order, pages, counts, lag."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.contract.test_outreach_emulator import NOON, ORIGIN, Emulator, error_of

pytestmark = pytest.mark.anyio


def with_opportunities(count: int, **knobs: Any) -> Emulator:
    """A world with opportunities 1..count, created one second apart, probability = id."""
    outreach = Emulator(**knobs)
    for number in range(1, count + 1):
        outreach.world.opportunities.create(
            {"name": f"Deal {number}", "probability": number, "customId": f"wb-{number}"}
        )
        outreach.now += 1
    return outreach


async def pages_of(outreach: Emulator, path: str) -> list[list[int]]:
    """Follow links.next to the end; the ids of every page."""
    pages: list[list[int]] = []
    url: str | None = path
    while url:
        body = (await outreach.get(url)).json()
        pages.append([each["id"] for each in body["data"]])
        url = body.get("links", {}).get("next")
    return pages


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("filter[id]=1,3", [1, 3]),
        ("filter[id]=2..3", [2, 3]),
        ("filter[probability]=3..inf", [3, 4]),
        ("filter[probability]=neginf..2", [1, 2]),
        ("filter[customId]=wb-3", [3]),
        ("filter[customId]=WB-3", [3]),
        ("filter[customId]=wb-1,wb-9", [1]),
        ("filter[name]=deal 2", [2]),
        ("filter%5Bname%5D=Deal%202", [2]),
        ("filter[customId]=__null__", []),
        ("filter[customId]=__notnull__", [1, 2, 3, 4]),
        ("filter[probability]=2..inf&filter[id]=neginf..3", [2, 3]),
        ("filter[updatedAt]=2019-01-01T00:00:00Z..inf", [1, 2, 3, 4]),
        ("filter[updatedAt]=2026-08-01T12:00:02Z..inf", [3, 4]),
        ("filter[updatedAt]=2026-08-02..inf", []),
        ("newFilterSyntax=true&filter[customId]=wb-3", [3]),
        ("newFilterSyntax=true&filter[customId]=wb-1,wb-3", []),
        ("newFilterSyntax=true&filter[customId][]=wb-1&filter[customId][]=wb-3", [1, 3]),
        ("newFilterSyntax=true&filter[id][gte]=2&filter[id][lte]=3", [2, 3]),
        ("newFilterSyntax=true&filter[id][]=4&filter[id][]=1", [1, 4]),
        ("newFilterSyntax=true&filter[updatedAt][gte]=1990-01-01T00:00:00.000Z", [1, 2, 3, 4]),
        ("newFilterSyntax=true&filter[updatedAt][lte]=2026-08-01T12:00:00.500Z", [1]),
        ("filter[customId]=wb-2&filter[customId]=wb-2", [2]),
    ],
)
async def test_filters_select(query: str, expected: list[int]) -> None:
    """Both syntaxes are in use; each line is a request some reader sends."""
    outreach = with_opportunities(4)
    assert await outreach.ids(f"/opportunities?{query}") == expected


@pytest.mark.parametrize(
    "query",
    [
        "filter[description]=x",
        "filter[custom1]=x",
        "filter[amount]=1",
        "filter[primaryProspect][id]=1",
        "filter[owner][name]=x",
        "filter[id][gte]=1",
        "newFilterSyntax=true&filter[id][gt]=1",
        "filter[probability]=high",
        "filter[updatedAt]=yesterday..inf",
        "filter[",
        "sort=description",
        "sort=owner",
        "page[size]=0",
        "page[size]=1001",
        "page[size]=ten",
        "page[limit]=1001",
        "page[offset]=10001",
        "include=boss",
    ],
)
async def test_what_cannot_be_asked_is_refused(query: str) -> None:
    """Answering such a question with everything would hide a mistake of the client."""
    response = await with_opportunities(1).get(f"/opportunities?{query}")
    assert response.status_code == 422
    assert error_of(response)["id"] == "validationError"


async def test_relationship_filters_find_by_id_and_by_permitted_attributes() -> None:
    """Roles are reconciled per opportunity, or for several at once."""
    outreach = Emulator()
    world = outreach.world
    account = world.accounts.create({"name": "Acme", "customId": "wb-org-1"})
    stage = world.stages.create({"name": "Open"})
    person = world.prospects.create({"emails": ["a@x.test"]}, {"account": account})
    deals = [
        world.opportunities.create(
            {"name": name}, {"account": account, "opportunityStage": stage, "owner": 1}
        )
        for name in ("A", "B")
    ]
    roles = [
        world.roles.create({"role": "Buyer"}, {"opportunity": deal, "prospect": person})
        for deal in deals
    ]

    assert await outreach.ids(f"/opportunityProspectRoles?filter[opportunity][id]={deals[0]}") == [
        roles[0]
    ]
    both = f"/opportunityProspectRoles?filter[opportunity][id]={deals[0]},{deals[1]}"
    assert await outreach.ids(both) == roles
    assert await outreach.ids(f"/opportunityProspectRoles?filter[prospect][id]={person}") == roles
    for key in ("stage", "opportunityStage"):
        assert await outreach.ids(f"/opportunities?filter[{key}][id]={stage}") == deals
    assert await outreach.ids("/opportunities?filter[account][name]=acme") == deals
    assert await outreach.ids("/prospects?filter[account][customId]=wb-org-1") == [person]
    assert await outreach.ids(f"/users?filter[opportunity][id]={deals[0]}") == [1]
    assert await outreach.ids("/opportunities?filter[territory][id]=1") == []


async def test_prospects_are_found_by_any_of_their_addresses() -> None:
    """A person is identified by e-mail alone."""
    outreach = Emulator()
    ada = outreach.world.prospects.create({"emails": ["ada@x.test", "king@x.test"]})
    bo = outreach.world.prospects.create({"emails": ["bo@y.test"], "firstName": "Bo"})
    outreach.world.prospects.create({"firstName": "Nobody"})

    asked = "newFilterSyntax=true&filter[emails][]=KING%40x.test&filter[emails][]=bo%40y.test"
    assert await outreach.ids(f"/prospects?{asked}") == [ada, bo]
    outreach.world.prospects.update(ada, {"emails": ["ada@x.test"]})
    assert await outreach.ids(f"/prospects?{asked}") == [bo]
    assert await outreach.ids("/prospects?filter[q]=bo") == [bo]
    assert await outreach.ids("/prospects?filter[emails]=__null__") == [3]


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("probability", [[2, 1], [3, 4], [5]]),
        ("-probability", [[5, 3], [4, 1], [2]]),
        ("-probability,-id", [[5, 4], [3, 1], [2]]),
        ("-updatedAt", [[5, 4], [3, 2], [1]]),
        ("", [[1, 2], [3, 4], [5]]),
    ],
)
async def test_every_order_pages_to_the_end_without_gaps(
    sort: str, expected: list[list[int]]
) -> None:
    """Ties and nulls must neither repeat nor lose a row at a page break."""
    outreach = with_opportunities(5)
    for number, probability in ((1, 20), (2, 10), (3, 30), (4, 30), (5, None)):
        row_update = {"probability": probability}
        outreach.world.opportunities.update(number, row_update)
        outreach.now += 1
    assert await pages_of(outreach, f"/opportunities?sort={sort}&page[size]=2") == expected


async def test_links_carry_the_whole_request_and_stay_on_its_origin() -> None:
    """Clients follow them as they are, and refuse to leave the origin."""
    outreach = with_opportunities(3)
    query = "count=false&newFilterSyntax=true&filter[id][]=1&filter[id][]=2&page[size]=1&sort=id"

    links = (await outreach.get(f"/opportunities?{query}")).json()["links"]

    assert links["next"].startswith(f"{ORIGIN}/api/v2/opportunities?count=false&filter%5Bid%5D%5B")
    next_url: str = links["next"]
    asked = parse_qs(urlsplit(next_url).query)
    assert asked.pop("page[after]")
    assert asked == parse_qs(query)
    assert links.keys() == {"first", "next"}
    # tap-outreach sends the original parameters again beside links.next.
    repeated = await outreach.get(f"{next_url}&{query}")
    assert [each["id"] for each in repeated.json()["data"]] == [2]
    assert "next" not in repeated.json()["links"]
    outreach.world.knobs.public_base_url = "https://public.test"
    links = (await outreach.get("/opportunities?page[size]=1")).json()["links"]
    assert links["next"].startswith("https://public.test/api/v2/opportunities?")


async def test_cursors_hold_their_place_while_records_come_and_go() -> None:
    """Keyset paging: a row deleted or inserted behind the cursor shifts nothing."""
    outreach = with_opportunities(4)
    first = (await outreach.get("/opportunities?page[size]=2&sort=createdAt")).json()
    outreach.world.opportunities.delete(2)
    outreach.world.opportunities.create({"name": "Early", "createdAt": "2026-01-01"})

    second = (await outreach.get(first["links"]["next"])).json()
    back = (await outreach.get(second["links"]["prev"])).json()

    assert [each["id"] for each in second["data"]] == [3, 4]
    assert [each["id"] for each in back["data"]] == [5, 1]


async def test_a_foreign_or_broken_cursor_is_a_bad_request() -> None:
    """A cursor belongs to one order of one collection."""
    outreach = with_opportunities(3)
    url = (await outreach.get("/opportunities?page[size]=1&sort=id")).json()["links"]["next"]
    for bad in (url.replace("sort=id", "sort=name"), "/opportunities?page[after]=xx"):
        assert (await outreach.get(bad)).status_code == 400


async def test_without_page_size_pages_go_by_offset() -> None:
    """Fifty rows by default, and a last link, as the deprecated form has."""
    outreach = with_opportunities(60)

    body = (await outreach.get("/opportunities")).json()
    rest = (await outreach.get(body["links"]["next"])).json()

    assert [each["id"] for each in body["data"]] == list(range(1, 51))
    assert [each["id"] for each in rest["data"]] == list(range(51, 61))
    assert body["links"].keys() == {"first", "last", "next"}
    assert rest["links"].keys() == {"first", "last", "prev"}


async def test_counts_come_only_when_asked_for() -> None:
    """Apps registered today get no count by default."""
    outreach = with_opportunities(3)
    silent = (await outreach.get("/opportunities?page[size]=1")).json()
    counted = (await outreach.get("/opportunities?page[size]=1&count=true")).json()
    nothing = (await outreach.get("/opportunities?filter[id]=9&page[size]=1")).json()

    assert silent["meta"] == {"count": None}
    assert counted["meta"] == {"count": 3, "count_truncated": False}
    assert nothing == {"data": [], "meta": {"count": None}}


async def test_collections_lag_behind_writes_while_single_reads_do_not() -> None:
    """One empty answer does not prove that a create never happened."""
    outreach = with_opportunities(1)
    outreach.world.knobs.index_lag_s = 10
    created = (await outreach.post("opportunities", {"name": "New", "customId": "k"})).json()
    new = created["data"]["id"]
    await outreach.patch("opportunities", 1, {"customId": "moved"})

    assert (await outreach.get(f"/opportunities/{new}")).status_code == 200
    assert await outreach.ids("/opportunities") == [1]
    assert await outreach.ids("/opportunities?filter[customId]=k") == []
    assert await outreach.ids("/opportunities?filter[customId]=wb-1") == [1]
    assert await outreach.ids("/opportunities?filter[customId]=moved") == []
    outreach.now += 10
    assert await outreach.ids("/opportunities?filter[customId]=k") == [new]
    assert await outreach.ids("/opportunities?filter[customId]=moved") == [1]
    assert len(outreach.world.find_opportunities("k")) == 1


async def test_deleted_records_linger_in_lagging_collections() -> None:
    """A listing may name a record that a read by id no longer finds."""
    outreach = with_opportunities(2)
    outreach.world.knobs.index_lag_s = 10
    await outreach.send("DELETE", "/opportunities/1")

    assert (await outreach.get("/opportunities/1")).status_code == 404
    assert await outreach.ids("/opportunities?page[size]=5") == [1, 2]
    assert await outreach.ids("/opportunities?filter[id]=1,2") == [1, 2]
    outreach.now += 5
    outreach.world.opportunities.create({"name": "One again"}, id=1)
    outreach.now += 5
    assert await outreach.ids("/opportunities") == [2]
    outreach.world.knobs.index_lag_s = 0
    assert await outreach.ids("/opportunities") == [1, 2]


async def test_a_late_write_is_seen_version_by_version() -> None:
    """Two edits within the lag appear one after the other, never the second one early."""
    outreach = with_opportunities(1)
    outreach.world.knobs.index_lag_s = 10
    seen: list[Any] = []
    for probability in (50, 60):
        outreach.world.opportunities.update(1, {"probability": probability})
        outreach.now += 4
    for _ in range(3):
        seen.append((await outreach.data("/opportunities"))[0]["attributes"]["probability"])
        outreach.now += 4
    assert seen == [1, 50, 60]


async def test_disorder_swaps_rows_but_loses_none() -> None:
    """Seen live despite sort: a reader must not take the last row for the newest."""
    outreach = with_opportunities(5, disorder=True)
    pages = await pages_of(outreach, "/opportunities?sort=updatedAt&page[size]=3")
    assert pages == [[2, 1, 3], [5, 4]]


async def test_rows_past_the_upper_bound_may_appear() -> None:
    """Seen live: the client filters again."""
    outreach = with_opportunities(4, upper_bound_slack_s=2)
    query = "/opportunities?newFilterSyntax=true&filter[updatedAt][lte]=2026-08-01T12:00:00Z"
    assert outreach.now == NOON + 4
    assert await outreach.ids(query) == [1, 2, 3]


async def test_pages_that_are_too_heavy_die_in_front_of_the_api() -> None:
    """The client halves the page and asks again; the body is HTML."""
    outreach = with_opportunities(1, page_size_answered_max=100)
    heavy = await outreach.get("/opportunities?page[size]=200")
    light = await outreach.get("/opportunities?page[size]=100")
    assert (heavy.status_code, heavy.headers["content-type"]) == (502, "text/html; charset=utf-8")
    assert light.status_code == 200


@pytest.mark.parametrize(
    ("form", "links"),
    [
        ("absolute", [f"{ORIGIN}/api/v2/opportunities?page", None]),
        ("path", ["/api/v2/opportunities?page", None]),
        ("query", ["?page", None]),
        ("circle", [f"{ORIGIN}/api/v2/opportunities?page", f"{ORIGIN}/api/v2/opportunities?page"]),
    ],
)
async def test_links_to_the_next_page_come_in_every_form(
    form: str, links: list[str | None]
) -> None:
    """Relative ones are allowed to anybody, and circles have been met."""
    outreach = with_opportunities(4, next_links=form)
    path = "/opportunities?page[size]=2"
    seen: list[str | None] = []
    for after in ("", "&page[after]="):
        cursor = after and str(seen[-1]).rpartition("page%5Bafter%5D=")[2].partition("&")[0]
        body = (await outreach.get(f"{path}{after}{cursor}")).json()
        seen.append(body["links"].get("next"))

    for link, beginning in zip(seen, links, strict=True):
        assert link is None if beginning is None else str(link).startswith(beginning)


async def test_a_page_can_lead_to_itself() -> None:
    """A reader without a bound never ends."""
    outreach = with_opportunities(4, next_links="self")

    body = (await outreach.get("/opportunities?page[size]=2")).json()

    assert str(body["links"]["next"]).endswith("/opportunities?page%5Bsize%5D=2")
