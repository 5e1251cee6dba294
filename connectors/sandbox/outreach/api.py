"""`/api/v2`: from one call to one response, without I/O (§5 to §8)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from starlette.responses import Response

from connectors.sandbox.outreach.envelope import (
    Refused,
    answer,
    invalid,
    malformed,
    missing_scope,
    not_permitted,
    resource_not_found,
    route_not_found,
    unsupported_media_type,
)
from connectors.sandbox.outreach.filters import Filters
from connectors.sandbox.outreach.listing import Listing
from connectors.sandbox.outreach.oauth import Grant
from connectors.sandbox.outreach.query import Query
from connectors.sandbox.outreach.resources import Renderer
from connectors.sandbox.outreach.rows import Row
from connectors.sandbox.outreach.schema import (
    BY_PLURAL,
    EMPTY_COLLECTIONS,
    MEDIA_TYPE,
    Relationship,
    Resource,
)
from connectors.sandbox.outreach.validations import document as types_document
from connectors.sandbox.outreach.world import OutreachWorld
from connectors.sandbox.outreach.writes import Write

_VERBS: Final[Mapping[str, str]] = {
    "GET": "read",
    "POST": "write",
    "PATCH": "write",
    "DELETE": "delete",
}
#: Resources that an org without the Opportunities plan cannot reach (§3.3, §15.15).
_OPPORTUNITY_PLAN: Final = frozenset({"opportunity", "opportunityProspectRole", "opportunityStage"})


@dataclass(frozen=True, slots=True)
class Call:
    """One request; `path` is what follows `/api/v2/`, `origin` the base of absolute links."""

    method: str
    path: tuple[str, ...]
    query: Query
    authorization: str | None
    content_type: str
    body: bytes
    origin: str

    @property
    def template(self) -> str:
        """The route with its id taken out; `*` for what is no route."""
        if self.path == ("types",):
            return "/types"
        plural, *rest = self.path
        known = plural in BY_PLURAL or plural in EMPTY_COLLECTIONS
        if not known or len(rest) > 1:
            return "*"
        return f"/{plural}/{{id}}" if rest else f"/{plural}"


class Api:
    """Answers calls against one world."""

    def __init__(self, world: OutreachWorld) -> None:
        self._world = world

    def respond(self, call: Call) -> Response:
        """The answer, with the rate limit headers that every response has (§4)."""
        world = self._world
        world.stats[call.method, call.template] += 1
        user_id: int | None = None
        try:
            world.limits.check_maintenance()
            grant = world.vault.owner_of(call.authorization)
            user_id = grant.user_id
            world.limits.admit(user_id)
            response = self._routed(call, grant)
        except Refused as refusal:
            response = Response(refusal.body, refusal.status, refusal.headers, refusal.media_type)
        for name, value in world.limits.headers(user_id, response.status_code):
            response.headers[name] = value
        return response

    def _routed(self, call: Call, grant: Grant) -> Response:
        match call.path:
            case ("types",) if call.method == "GET":
                pascal_case = self._world.knobs.types_casing == "pascal"
                return answer(types_document(self._world.custom_fields, pascal_case))
            case (plural,) if plural in EMPTY_COLLECTIONS and call.method == "GET":
                _check_scope(grant, plural, "read")
                counted = {"count": 0, "count_truncated": False}
                meta = counted if call.query.is_true("count") else {"count": None}
                return answer({"data": [], "meta": meta})
            case (plural,) if plural in BY_PLURAL and call.method in ("GET", "POST"):
                return self._collection(call, grant, BY_PLURAL[plural])
            case (plural, record_id) if plural in BY_PLURAL and call.method != "POST":
                return self._item(call, grant, BY_PLURAL[plural], record_id)
            case _:
                raise route_not_found(f"/{'/'.join(call.path)}")

    def _collection(self, call: Call, grant: Grant, resource: Resource) -> Response:
        self._check_access(call, grant, resource)
        if call.method == "POST":
            return self._create(call, grant, resource)
        tables, knobs = self._world.tables, self._world.knobs
        filters = Filters(resource, tables, knobs)
        listing = Listing(resource, tables[resource.type], filters, knobs, call.query)
        return answer(listing.document(self._renderer(call)))

    def _item(self, call: Call, grant: Grant, resource: Resource, record_id: str) -> Response:
        if call.method not in resource.methods:
            raise route_not_found(f"/{'/'.join(call.path)}")
        self._check_access(call, grant, resource)
        number = int(record_id) if record_id.isdecimal() else None
        row = self._world.tables[resource.type].get(number)
        if row is None:
            raise resource_not_found(resource.type, record_id)
        match call.method:
            case "PATCH":
                return self._update(call, grant, row)
            case "DELETE":
                self._check_may_edit(grant, row)
                self._world.remove(row)
                return Response(status_code=204)
            case _:
                return self._single(call, row)

    def _create(self, call: Call, grant: Grant, resource: Resource) -> Response:
        if resource.type == "opportunity" and not self._world.knobs.governance_create:
            raise not_permitted()
        data = _data(call, resource)
        if data.get("id") is not None:
            raise invalid("The id of a new record is not the client's to choose.", "/data/id")
        row = self._world.apply(_write(resource, None, data), actor_id=grant.user_id)
        return self._single(call, row, 201)

    def _update(self, call: Call, grant: Grant, row: Row) -> Response:
        self._check_may_edit(grant, row)
        data = _data(call, row.resource)
        if str(data.get("id")) != str(row.id):
            raise invalid("The id does not match the URL.", "/data/id")
        changed = self._world.apply(_write(row.resource, row, data), actor_id=grant.user_id)
        return self._single(call, changed)

    def _single(self, call: Call, row: Row, status: int = 200) -> Response:
        renderer = self._renderer(call)
        document: dict[str, Any] = {"data": renderer.resource(row)}
        # `include` works on reads only since 2023 (§6.3).
        include = call.query.get("include") if call.method == "GET" else None
        if include:
            document["included"] = renderer.included([row], include)
        return answer(document, status)

    def _renderer(self, call: Call) -> Renderer:
        # Writes answer with the full resource (§7).
        sparse = call.method == "GET"
        return Renderer.of(self._world.tables, call.origin, call.query, sparse)

    def _check_access(self, call: Call, grant: Grant, resource: Resource) -> None:
        _check_scope(grant, resource.plural, _VERBS[call.method])
        knobs = self._world.knobs
        if resource.type in _OPPORTUNITY_PLAN and not knobs.opportunities_sku:
            raise not_permitted()
        if resource.type == "opportunity" and not knobs.governance_use:
            raise not_permitted()

    def _check_may_edit(self, grant: Grant, row: Row) -> None:
        if row.resource.type != "opportunity":
            return
        rule = self._world.knobs.governance_edit
        if rule == "none" or (rule == "own" and row.relationships.get("owner") != grant.user_id):
            raise not_permitted()


def _check_scope(grant: Grant, plural: str, verb: str) -> None:
    if not grant.allows(plural, verb):
        raise missing_scope(f"{plural}.{verb}")


def _object(value: Any, pointer: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise invalid("An object is expected here.", pointer)
    return cast("dict[str, Any]", value)


def _data(call: Call, resource: Resource) -> dict[str, Any]:
    if call.content_type.partition(";")[0].strip().casefold() != MEDIA_TYPE:
        raise unsupported_media_type()
    try:
        document: Any = json.loads(call.body)
    except ValueError as error:
        raise malformed("The request body is not JSON.") from error
    data = _object(_object(document, "").get("data"), "/data")
    if data.get("type") != resource.type:
        raise invalid(f"The type must be '{resource.type}'.", "/data/type")
    return data


def _write(resource: Resource, current: Row | None, data: Mapping[str, Any]) -> Write:
    links = {
        name: _target(resource.relationships.get(name), name, value)
        for name, value in _object(data.get("relationships", {}), "/data/relationships").items()
    }
    attributes = _object(data.get("attributes", {}), "/data/attributes")
    return Write(resource, current, attributes, links)


def _target(relationship: Relationship | None, name: str, value: Any) -> int | None:
    if relationship is None or relationship.kind != "one":
        return None
    pointer = f"/data/relationships/{name}"
    linkage = _object(value, pointer)
    if "data" not in linkage:
        raise invalid(f"{name} has no data.", pointer)
    if linkage["data"] is None:
        return None
    identifier = _object(linkage["data"], pointer)
    record_id = identifier.get("id")
    # Ids are integers, but the vendor's own sample code sends digits as text (§1).
    is_id = type(record_id) is int or (isinstance(record_id, str) and record_id.isdecimal())
    if identifier.get("type") != relationship.target or not is_id:
        raise invalid(f"{name} must refer to a '{relationship.target}'.", pointer)
    return int(cast("int | str", record_id))
