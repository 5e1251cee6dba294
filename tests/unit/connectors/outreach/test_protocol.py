"""Protocol: the bytes of requests, and the reading of answers."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from connectors.outreach import directory, protocol
from connectors.outreach.fields import FIELDS
from connectors.outreach.protocol import Request, Requests
from connectors.outreach.wire import Collection, Document, Resource
from engine import TheirFault, Unreachable
from tests.unit.connectors.outreach.stand_ins import BASE, answer

requests = Requests(BASE)


def body(request: Request) -> Any:
    """The JSON a request carries."""
    assert request.content is not None
    return json.loads(request.content)


def query(request: Request) -> dict[str, list[str]]:
    """The decoded query of a request."""
    return parse_qs(urlsplit(request.url).query)


def test_a_create_sends_attributes_and_relationships_apart_and_leaves_blanks_out() -> None:
    """The envelope is the vendor's, and an absent member is the safest blank."""
    request = requests.create(
        {"name": "Acme", "amount": 12, "closeDate": None, "tags": [], "owner": 3, "account": None}
    )

    assert (request.method, request.url) == ("POST", f"{BASE}/api/v2/opportunities")
    assert body(request) == {
        "data": {
            "type": "opportunity",
            "attributes": {"name": "Acme", "amount": 12},
            "relationships": {"owner": {"data": {"type": "user", "id": 3}}},
        }
    }


def test_an_update_sends_exactly_the_given_fields_with_the_id_as_an_integer() -> None:
    """Members that are absent stay as they are, and null clears."""
    request = requests.update(17, {"probability": None, "owner": None, "opportunityStage": 2})

    assert (request.method, request.url) == ("PATCH", f"{BASE}/api/v2/opportunities/17")
    assert request.route == "/opportunities/{id}"
    assert body(request) == {
        "data": {
            "type": "opportunity",
            "id": 17,
            "attributes": {"probability": None},
            "relationships": {
                "owner": {"data": None},
                "opportunityStage": {"data": {"type": "opportunityStage", "id": 2}},
            },
        }
    }


def test_a_search_escapes_its_value_and_uses_the_syntax_that_takes_it_literally() -> None:
    """A reference with a comma or an ampersand must not turn into another question."""
    request = requests.find(["OPP-1,2&x=[3]"])

    assert query(request) == {
        "newFilterSyntax": ["true"],
        "filter[customId]": ["OPP-1,2&x=[3]"],
        "fields[opportunity]": ["customId,createdAt,trashedAt"],
        "sort": ["createdAt"],
        "page[size]": ["10"],
        "count": ["false"],
    }


def test_several_values_are_asked_for_as_a_list() -> None:
    """The plain form takes one value; of several the last alone would count."""
    request = requests.find(["OPP-1,2", "OPP-3..4"])

    assert query(request)["filter[customId][]"] == ["OPP-1,2", "OPP-3..4"]
    assert query(request)["newFilterSyntax"] == ["true"]
    assert query(request)["page[size]"] == ["20"]


@pytest.mark.parametrize("value", ["OPP-{}", "ÜÜ€€-{}" * 20, "x{}" * 80])
def test_no_request_for_many_values_has_an_address_too_long_to_be_taken(value: str) -> None:
    """Servers commonly take 8 kB."""
    values = [value.format(*[number] * 80) for number in range(250)]

    chunks = list(protocol.find_chunks([*values, values[0]]))

    assert [one for chunk in chunks for one in chunk] == values
    assert all(len(chunk) <= 100 for chunk in chunks)
    assert all(len(requests.find(chunk).url) < 7000 for chunk in chunks)


def test_a_reading_is_limited_to_what_was_asked_for() -> None:
    """A whole opportunity carries over two hundred members."""
    assert query(requests.get(17, {"owner", "name"})) == {
        "fields[opportunity]": ["name,owner,trashedAt"]
    }


def test_five_hundred_account_ids_fit_into_one_address() -> None:
    """Servers commonly refuse addresses over 8 kB."""
    request = directory.accounts(
        requests, [10**9 + n for n in range(directory.ACCOUNTS_PER_REQUEST)]
    )

    assert len(request.url) < 8000
    assert len(query(request)["filter[id]"][0].split(",")) == 500


def test_a_next_link_is_followed_verbatim() -> None:
    """The cursor is opaque, and the link carries every original parameter."""
    first = directory.users(requests)
    link = f"{BASE}/api/v2/users?page%5Bafter%5D=ab%3D&page%5Bsize%5D=1000"
    page = Collection.model_validate({"data": [], "links": {"next": link}})

    following = requests.following(first, page)

    assert following is not None
    assert following.url == link


@pytest.mark.parametrize("links", [None, {}, {"next": None}, {"next": ""}])
def test_an_absent_link_is_the_end(links: Any) -> None:
    """All of these have been seen at the end of a listing."""
    page = Collection.model_validate({"data": [], "links": links})

    assert requests.following(directory.users(requests), page) is None


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.test/api/v2/users",
        "http://api.outreach.test/api/v2/users",
        "https://api.outreach.test:8443/api/v2/users",
        "https://x@api.outreach.test/api/v2/users",
        "https://api.outreach.test@evil.test/users",
        "//evil.test/api/v2/users",
        "javascript:alert(1)",
        "https://[",
        "//[",
    ],
)
def test_a_link_to_another_origin_is_refused(link: str) -> None:
    """Following it would hand our access token to a stranger."""
    page = Collection.model_validate({"data": [], "links": {"next": link}})

    with pytest.raises(TheirFault, match="another origin"):
        requests.following(directory.users(requests), page)


@pytest.mark.parametrize(
    ("link", "target"),
    [
        ("/api/v2/users?page[after]=x", "/api/v2/users?page[after]=x"),
        ("?page[after]=x", "/api/v2/users?page[after]=x"),
        ("users?page[after]=x", "/api/v2/users?page[after]=x"),
        ("//api.outreach.test/api/v2/users?a=1", "/api/v2/users?a=1"),
        (" /api/v2/users?page[after]=x\n", "/api/v2/users?page[after]=x"),
    ],
)
def test_a_relative_link_is_a_link(link: str, target: str) -> None:
    """It means the same to every browser, and would otherwise be a list that cannot be read."""
    page = Collection.model_validate({"data": [], "links": {"next": link}})

    following = requests.following(directory.users(requests), page)

    assert following is not None
    assert following.url == f"https://api.outreach.test{target}"


def test_a_heavy_page_is_halved_down_to_fifty_and_keeps_everything_else() -> None:
    """The vendor's gateway gives up on heavy pages with a 502."""
    request: Request | None = directory.users(requests)
    sizes: list[str] = []

    while request is not None:
        sizes += query(request)["page[size]"]
        assert query(request)["fields[user]"] == query(directory.users(requests))["fields[user]"]
        request = protocol.smaller(request)

    assert sizes == ["1000", "500", "250", "125", "62", "50"]


def test_only_pages_can_be_made_lighter() -> None:
    """A write or a reading by id has no size to halve."""
    assert protocol.smaller(requests.create({"name": "a"})) is None
    assert protocol.smaller(requests.get(1, ["name"])) is None
    assert protocol.smaller(requests.find("x")) is None


def test_an_unusable_body_leaves_a_create_in_doubt_and_only_a_create() -> None:
    """The record may exist; writing it again without looking would duplicate it."""
    page = answer(200, b"<html>")

    with pytest.raises(Unreachable) as created:
        protocol.parsed(Document, page, requests.create({"name": "a"}))
    with pytest.raises(Unreachable) as updated:
        protocol.parsed(Document, page, requests.update(1, {"name": "a"}))
    with pytest.raises(TheirFault):
        protocol.parsed(Document, page, requests.get(1, ["name"]))

    assert created.value.ambiguous
    assert not updated.value.ambiguous


def test_observed_fields_are_canonical_and_complete() -> None:
    """The engine compares them with == and expects each field it asked for."""
    resource = Resource.model_validate(
        {
            "id": 17,
            "attributes": {"name": " Acme ", "amount": "12", "owner": "nonsense"},
            "relationships": {"owner": {"data": {"type": "user", "id": 3}}},
        }
    )

    names = ["name", "amount", "owner", "account", "probability"]

    assert protocol.observed(resource, names, FIELDS) == {
        "name": "Acme",
        "amount": 12,
        "owner": 3,
        "account": None,
        "probability": None,
    }


def test_matches_are_compared_exactly_and_sorted_by_age() -> None:
    """Filters may ignore case, and collections come slightly out of order."""

    def found(resource_id: int, custom_id: str, created: str, trashed: str | None) -> Resource:
        attributes = {"customId": custom_id, "createdAt": created, "trashedAt": trashed}
        return Resource.model_validate({"id": resource_id, "attributes": attributes})

    resources = [
        found(9, "OPP-1", "2026-08-01T10:00:00.000Z", None),
        found(4, "opp-1", "2026-08-01T07:00:00.000Z", None),
        found(8, "OPP-1", "2026-08-01T11:00:00+02:00", "2026-08-02T00:00:00.000Z"),
        found(7, "OPP-1", "2026-08-01T10:00:00.000Z", None),
    ]

    matches = protocol.matches(resources, ["OPP-1"])["OPP-1"]

    assert [match.id for match in matches] == [8, 7, 9]
    assert [match.trashed for match in matches] == [True, False, False]
    assert matches[0].created_at == "2026-08-01T09:00:00.000Z"


@pytest.mark.parametrize(
    ("attributes", "name"),
    [
        ({"name": "Ada Lovelace", "firstName": "A", "lastName": "B"}, "Ada Lovelace"),
        ({"name": None, "firstName": "Ada", "lastName": "Lovelace"}, "Ada Lovelace"),
        ({"name": " ", "firstName": "Ada", "lastName": None}, "Ada"),
        ({}, ""),
    ],
)
def test_a_user_without_a_full_name_is_named_by_its_parts(
    attributes: dict[str, Any], name: str
) -> None:
    """Owners are matched by name, which is absent on some users."""
    resource = Resource.model_validate({"id": 3, "attributes": attributes})

    assert directory.user(resource).name == name
