"""The Outreach emulator as a reader meets it: shapes, errors, custom fields, the world's hands.

`Emulator` is shared with the other `test_outreach_emulator_*` files.
"""

from typing import Any

import httpx
import pytest

from connectors.sandbox.outreach import (
    ALL_SCOPES,
    OutreachKnobs,
    OutreachWorld,
    Validation,
    outreach_app,
)
from connectors.sandbox.outreach.schema import BY_PLURAL, EMPTY_COLLECTIONS

pytestmark = pytest.mark.anyio

ORIGIN = "https://api.outreach.test"
NOON = 1_785_585_600.0  # 2026-08-01T12:00:00Z
MEDIA_TYPE = "application/vnd.api+json"


class Emulator:
    """One world with one app and one user, and a client that holds a valid access token."""

    def __init__(self, *scopes: str, **knobs: Any) -> None:
        self.now = NOON
        knobs.setdefault("mint_interval_s", 0)
        self.world = OutreachWorld(lambda: self.now, OutreachKnobs(**knobs))
        self.world.add_app("client", "secret")
        self.user_id = self.world.users.create({"username": "Ada_King", "email": "ada@x.test"})
        self.refresh_token = self.world.grant("client", self.user_id, scopes or ALL_SCOPES)
        self.bearer = self.world.issue_access_token("client", self.user_id, scopes or ALL_SCOPES)
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=outreach_app(self.world)), base_url=ORIGIN
        )

    async def get(self, path: str) -> httpx.Response:
        """GET below /api/v2, without a Content-Type, as stock readers do."""
        url = path if path.startswith("http") else f"/api/v2{path}"
        return await self.http.get(url, headers={"Authorization": f"Bearer {self.bearer}"})

    async def data(self, path: str) -> Any:
        """The `data` of a successful GET."""
        response = await self.get(path)
        assert response.status_code == 200, response.text
        return response.json()["data"]

    async def ids(self, path: str) -> list[int]:
        """The ids of a listed page, in order."""
        return [each["id"] for each in await self.data(path)]

    async def send(
        self, method: str, path: str, document: Any = None, media_type: str = MEDIA_TYPE
    ) -> httpx.Response:
        """A write below /api/v2."""
        headers = {"Authorization": f"Bearer {self.bearer}", "Content-Type": media_type}
        return await self.http.request(method, f"/api/v2{path}", json=document, headers=headers)

    async def post(
        self, plural: str, attributes: dict[str, Any], **links: tuple[str, int | None]
    ) -> httpx.Response:
        """Create; a link is (type, id)."""
        data = {
            "type": BY_PLURAL[plural].type,
            "attributes": attributes,
            "relationships": _linkage(links),
        }
        return await self.send("POST", f"/{plural}", {"data": data})

    async def patch(
        self,
        plural: str,
        record_id: int,
        attributes: dict[str, Any],
        **links: tuple[str, int | None],
    ) -> httpx.Response:
        """Update; a link is (type, id)."""
        data = {
            "type": BY_PLURAL[plural].type,
            "id": record_id,
            "attributes": attributes,
            "relationships": _linkage(links),
        }
        return await self.send("PATCH", f"/{plural}/{record_id}", {"data": data})


def _linkage(links: dict[str, tuple[str, int | None]]) -> dict[str, Any]:
    return {
        name: {"data": None if target is None else {"type": type_name, "id": target}}
        for name, (type_name, target) in links.items()
    }


def error_of(response: httpx.Response) -> dict[str, Any]:
    """The one error of a refusal."""
    (error,) = response.json()["errors"]
    return error


async def test_a_created_opportunity_comes_back_whole() -> None:
    """The client stores the id from this answer; typed readers need every member."""
    outreach = Emulator()
    stage = outreach.world.stages.create({"name": "Proposal", "order": 1})

    response = await outreach.post(
        "opportunities",
        {"name": "Harbour crane", "amount": 12500, "closeDate": "2026-09-30", "tags": []},
        opportunityStage=("opportunityStage", stage),
        owner=("user", outreach.user_id),
    )

    assert response.status_code == 201
    assert response.headers["content-type"] == MEDIA_TYPE
    data = response.json()["data"]
    assert data["type"] == "opportunity"
    assert data["id"] == 1
    assert data["links"] == {"self": f"{ORIGIN}/api/v2/opportunities/1"}
    attributes = data["attributes"]
    assert "id" not in attributes
    assert attributes["createdAt"] == attributes["updatedAt"] == "2026-08-01T12:00:00.000Z"
    assert attributes["closeDate"] == "2026-09-30T00:00:00.000Z"
    assert (attributes["amount"], attributes["amountPrecise"]) == (12500, "12500.00")
    assert attributes["tags"] == []
    assert {attributes[f"custom{n}"] for n in range(1, 151)} == {None}
    relationships = data["relationships"]
    assert relationships["stage"] == relationships["opportunityStage"]
    assert relationships["stage"] == {"data": {"type": "opportunityStage", "id": stage}}
    assert relationships["creator"] == {"data": {"type": "user", "id": outreach.user_id}}
    assert relationships["account"] == {"data": None}
    assert relationships["assignedUsers"] == {
        "data": [{"type": "user", "id": outreach.user_id}],
        "links": {"related": f"{ORIGIN}/api/v2/users?filter%5Bopportunity%5D%5Bid%5D=1"},
        "meta": {"count": 1},
    }
    assert relationships["prospects"] == {
        "links": {"related": f"{ORIGIN}/api/v2/prospects?filter%5Bopportunity%5D%5Bid%5D=1"}
    }


@pytest.mark.parametrize("plural", sorted(BY_PLURAL))
async def test_every_resource_has_the_members_that_generic_readers_need(plural: str) -> None:
    """Stock JSON:API readers fail on a relationship without data and links, or on text ids."""
    outreach = Emulator()
    world = outreach.world
    account = world.accounts.create({"name": "Acme"})
    prospect = world.prospects.create({"emails": ["a@x.test"]}, {"account": account})
    opportunity = world.opportunities.create({"name": "Deal"}, {"account": account})
    world.roles.create({"role": "Buyer"}, {"opportunity": opportunity, "prospect": prospect})
    world.stages.create({"name": "Open"})

    (resource,) = await outreach.data(f"/{plural}")

    assert isinstance(resource["id"], int)
    assert resource.keys() >= {"type", "attributes", "relationships", "links"}
    assert resource["attributes"].keys() == BY_PLURAL[plural].blank.keys()
    for relationship in resource["relationships"].values():
        assert "data" in relationship or "links" in relationship


@pytest.mark.parametrize("plural", sorted(EMPTY_COLLECTIONS))
async def test_collections_of_other_resources_are_empty(plural: str) -> None:
    """Stock readers poll these; an error there would stop them."""
    response = await Emulator().get(f"/{plural}?count=false&page[size]=1000")
    assert (response.status_code, response.json()) == (200, {"data": [], "meta": {"count": None}})


async def test_unknown_records_and_routes_have_their_own_error_ids() -> None:
    """One is a fact about a record, the other a mistake in our code."""
    outreach = Emulator()

    missing = await outreach.get("/prospects/1")
    nowhere = await outreach.get("/rockets")
    no_delete = await outreach.send("DELETE", f"/users/{outreach.user_id}")
    environment = await outreach.http.get("/somewhere")

    assert missing.status_code == nowhere.status_code == no_delete.status_code == 404
    assert error_of(missing)["id"] == "resourceNotFound"
    assert error_of(missing)["detail"] == "Could not find 'prospect' with ID '1'."
    assert error_of(nowhere)["id"] == error_of(no_delete)["id"] == "routeNotFound"
    assert environment.json() == {"error": "404", "error_description": "route not found"}


async def test_a_prospect_lists_its_roles_and_opportunities() -> None:
    """The same person may hold several roles on one opportunity; all must be visible."""
    outreach = Emulator()
    world = outreach.world
    prospect = world.prospects.create({"firstName": "Ada", "lastName": "King"})
    opportunity = world.opportunities.create({"name": "Deal"})
    links: dict[str, int | None] = {"opportunity": opportunity, "prospect": prospect}
    roles = [world.roles.create({"role": role}, links) for role in ("Buyer", "Lawyer")]

    data = await outreach.data(f"/prospects/{prospect}")

    listed = data["relationships"]
    assert [each["id"] for each in listed["opportunityProspectRoles"]["data"]] == roles
    assert [each["id"] for each in listed["opportunities"]["data"]] == [opportunity]
    assert data["attributes"]["name"] == "Ada King"
    for path in ("filter[opportunity][id]", "filter[opportunities][id]"):
        assert await outreach.ids(f"/prospects?{path}={opportunity}") == [prospect]
    assert await outreach.ids(f"/opportunities?filter[prospects][id]={prospect}") == [opportunity]


async def test_fields_and_include_shape_a_read() -> None:
    """The client asks for few fields to keep answers small."""
    outreach = Emulator()
    world = outreach.world
    account = world.accounts.create({"name": "Acme"}, {"owner": outreach.user_id})
    opportunity = world.opportunities.create(
        {"name": "Deal", "customId": "k"}, {"account": account, "owner": outreach.user_id}
    )

    response = await outreach.get(
        f"/opportunities/{opportunity}?fields[opportunity]=customId&fields[user]="
        "&include=account.owner,owner"
    )

    assert response.json()["data"]["attributes"] == {"customId": "k"}
    included = response.json()["included"]
    assert [(each["type"], each["id"]) for each in included] == [
        ("account", account),
        ("user", outreach.user_id),
    ]
    assert included[1]["attributes"] == {}


async def test_resource_meta_appears_on_request_only() -> None:
    """Asking for it must never be an error, nor must an unknown parameter."""
    outreach = Emulator()
    stage = outreach.world.stages.create({"name": "Open"})
    query = "?provideAuthorizationMeta=true&provideDataConnections=true&whatever=1"

    asked = await outreach.data(f"/opportunityStages/{stage}{query}")
    plain = await outreach.data(f"/opportunityStages/{stage}")

    assert asked["meta"] == {"canWrite": True, "canDelete": True, "dataConnections": []}
    assert "meta" not in plain


async def test_types_publishes_the_rules_of_custom_fields() -> None:
    """The client reads this at start to refuse a bad value before it is sent."""
    outreach = Emulator()
    rule = Validation("inclusion", "Region", required=True, definition=("EMEA", "AMER"))
    outreach.world.define_custom_field("opportunity", "custom1", rule)

    types = {each["type"]: each["meta"]["validations"] for each in await outreach.data("/types")}
    outreach.world.knobs.types_casing = "pascal"
    pascal = [each["type"] for each in await outreach.data("/types")]

    assert types["opportunity"] == {
        "custom1": {
            "type": "inclusion",
            "required": True,
            "label": "Region",
            "definition": ["EMEA", "AMER"],
        }
    }
    assert types["prospect"] == {}
    assert "OpportunityProspectRole" in pascal


async def test_the_world_and_the_api_edit_the_same_records() -> None:
    """Tests and the demo play the people who work in Outreach."""
    outreach = Emulator()
    world = outreach.world
    made = (await outreach.post("opportunities", {"name": "Deal", "customId": "wb-1"})).json()
    opportunity = made["data"]["id"]

    outreach.now += 60
    world.opportunities.update(opportunity, {"probability": 40}, {"owner": outreach.user_id})

    row = world.opportunities.get(opportunity)
    assert row is not None
    assert (row.created_at, row.updated_at) == (NOON, NOON + 60)
    assert row.attributes["probability"] == 40
    assert row.relationships["owner"] == outreach.user_id
    assert world.find_opportunities("wb-1") == [row]
    assert world.find_opportunities("WB-1") == []
    shown = await outreach.data(f"/opportunities/{opportunity}")
    assert shown["attributes"]["updatedAt"] == "2026-08-01T12:01:00.000Z"
    world.opportunities.trash(opportunity)
    trashed = await outreach.data(f"/opportunities/{opportunity}")
    assert trashed["attributes"]["trashedAt"] == "2026-08-01T12:01:00.000Z"
    world.opportunities.delete(opportunity)
    assert world.opportunities.rows() == []


def test_the_world_refuses_what_cannot_be() -> None:
    """A typo in a test must not build a world that could not exist."""
    world = Emulator().world
    world.prospects.create({"emails": ["a@x.test"]})

    for attributes in ({"nmae": "x"}, {"name": 3}, {"closeDate": "soon"}):
        with pytest.raises(ValueError, match="validationError"):
            world.opportunities.create(attributes)
    with pytest.raises(ValueError, match="Could not find 'user'"):
        world.opportunities.create({"name": "x"}, {"owner": 99})
    with pytest.raises(ValueError, match="already been taken"):
        world.prospects.create({"emails": ["A@X.test"]})
    with pytest.raises(ValueError, match="exists"):
        world.prospects.create({}, id=1)
    with pytest.raises(ValueError, match="no prospect 9"):
        world.prospects.delete(9)


async def test_requests_are_counted_by_route_and_by_month() -> None:
    """Tests prove with these that nothing was asked twice and that the yearly budget holds."""
    outreach = Emulator()
    await outreach.get("/opportunities")
    await outreach.get("/opportunities/7")
    await outreach.get("/opportunities/8")
    outreach.now += 31 * 86_400
    outreach.bearer = outreach.world.issue_access_token("client", outreach.user_id)
    await outreach.get("/nowhere")

    assert outreach.world.stats == {
        ("GET", "/opportunities"): 1,
        ("GET", "/opportunities/{id}"): 2,
        ("GET", "*"): 1,
    }
    assert outreach.world.calls_by_month == {
        (outreach.user_id, "2026-08"): 3,
        (outreach.user_id, "2026-09"): 1,
    }
