"""Requests and readings of the Outreach API, without I/O.

A request is a frozen value; a reading turns an answer's bytes into wire shapes. Errors have their
own room, `refusals`.
"""

from __future__ import annotations

import json
from collections.abc import Collection as AnyCollection
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar
from urllib.parse import parse_qsl, urlencode

import httpx
from pydantic import ValidationError

from connectors.outreach import mapping
from connectors.outreach.fields import RELATIONSHIPS
from connectors.outreach.settings import API_PATH
from connectors.outreach.wire import Collection, Resource, Wire
from engine import Answer, Fields, Json, Match, Scalar, Stage, TheirFault, Unreachable, User

SYSTEM = "outreach"
MEDIA_TYPE = "application/vnd.api+json"
# Largest page the API takes (outreach-api §6.1), and the smallest tried when it is too heavy.
PAGE_SIZE_MAX = 1000
PAGE_SIZE_MIN = 50
FIND_PAGE_SIZE = 10
# Ids per request: keeps the address below the 8 kB that servers commonly take.
ACCOUNTS_PER_REQUEST = 500
PAGE_SIZE = "page[size]"
OPPORTUNITY = "opportunity"

Shape = TypeVar("Shape", bound=Wire)


@dataclass(frozen=True, slots=True)
class Request:
    """One request; `route` is its template for metrics, `operation` its name in errors."""

    method: str
    url: str
    route: str
    operation: str
    content: bytes | None = field(default=None, repr=False)

    @property
    def repeatable(self) -> bool:
        """Whether sending it twice does no harm: everything but a POST (outreach-api §7)."""
        return self.method != "POST"


@dataclass(frozen=True, slots=True)
class Requests:
    """Builds every request of the API below one base address, given without a trailing slash."""

    base_url: str

    def create(self, fields: Fields) -> Request:
        """POST one opportunity; blank fields are left out (§7, §8.1)."""
        given = {name: value for name, value in fields.items() if value not in (None, [])}
        return self._write("POST", "/opportunities", "create", None, given)

    def update(self, target_id: int, changes: Fields) -> Request:
        """PATCH exactly these fields; None clears one (§7)."""
        return self._write("PATCH", "/opportunities/{id}", "update", target_id, changes)

    def get(self, target_id: int, field_names: AnyCollection[str]) -> Request:
        """GET one opportunity, limited to these attributes and relationships (§6.3)."""
        query = {"fields[opportunity]": ",".join(sorted(field_names))}
        return self._read("/opportunities/{id}", "get", query, target_id)

    def find(self, correlation: str) -> Request:
        """GET the opportunities whose `customId` is the correlation value (§9, step 3)."""
        return self._read(
            "/opportunities",
            "find",
            {
                # In the classic syntax a comma or two dots in the value would be operators (§6.2).
                "newFilterSyntax": "true",
                "filter[customId]": correlation,
                "fields[opportunity]": "customId,createdAt,trashedAt",
                "sort": "createdAt",
                PAGE_SIZE: str(FIND_PAGE_SIZE),
                "count": "false",
            },
        )

    def probe(self) -> Request:
        """GET a single opportunity, to see whether `customId` exists (§9, step 5)."""
        query = {"fields[opportunity]": "customId", PAGE_SIZE: "1", "count": "false"}
        return self._read("/opportunities", "probe", query)

    def users(self) -> Request:
        """GET every user, locked ones included: they may own records (§8.4)."""
        members = "name,username,email,firstName,lastName,locked"
        return self._read("/users", "users", {"fields[user]": members} | _whole_pages())

    def stages(self) -> Request:
        """GET every opportunity stage (§8.3)."""
        query = {"fields[opportunityStage]": "name"} | _whole_pages()
        return self._read("/opportunityStages", "stages", query)

    def accounts(self, ids: Sequence[int]) -> Request:
        """GET the accounts with these ids; the index shows only named ones (§6.2, §8.6)."""
        query = {"filter[id]": ",".join(map(str, ids)), "fields[account]": "name"}
        return self._read("/accounts", "accounts", query | _whole_pages())

    def account(self, account_id: int) -> Request:
        """GET one account, named or not (§8.6)."""
        return self._read("/accounts/{id}", "accounts", {"fields[account]": "name"}, account_id)

    def following(self, first: Request, page: Collection) -> Request | None:
        """The request for the page after `page`, or None at the end (§6.1).

        Raises:
            TheirFault: the link leads to another origin, which would be handed our token.
        """
        link = page.links.next if page.links else None
        if not link:
            return None
        if not _same_origin(link, self.base_url):
            raise TheirFault(
                "the link to the next page leads to another origin",
                system=SYSTEM,
                operation=first.operation,
            )
        return replace(first, url=link)

    def _read(
        self, route: str, operation: str, query: Mapping[str, str], target_id: int | None = None
    ) -> Request:
        return Request("GET", f"{self._url(route, target_id)}?{_encoded(query)}", route, operation)

    def _write(
        self, method: str, route: str, operation: str, target_id: int | None, fields: Fields
    ) -> Request:
        body = json.dumps({"data": _resource(target_id, fields)}).encode()
        return Request(method, self._url(route, target_id), route, operation, body)

    def _url(self, route: str, target_id: int | None) -> str:
        return self.base_url + API_PATH + route.replace("{id}", str(target_id))


def smaller(request: Request) -> Request | None:
    """The same page at half the size, or None when it has none or is small already.

    A 502 on a page means that it was too heavy (outreach-api §5).
    """
    address, _, query = request.url.partition("?")
    pairs = parse_qsl(query, keep_blank_values=True)
    sizes = [int(value) for name, value in pairs if name == PAGE_SIZE and value.isdecimal()]
    if not sizes or sizes[-1] <= PAGE_SIZE_MIN:
        return None
    half = str(max(PAGE_SIZE_MIN, sizes[-1] // 2))
    halved = [(name, half if name == PAGE_SIZE else value) for name, value in pairs]
    return replace(request, url=f"{address}?{_encoded(halved)}")


def parsed(shape: type[Shape], answer: Answer, request: Request) -> Shape:
    """The body of a successful answer.

    Raises:
        Unreachable: a write whose body is unusable; ambiguous after a POST.
        TheirFault: a reading whose body is unusable.
    """
    try:
        return shape.model_validate_json(answer.body)
    except ValidationError as error:
        raise unusable(answer, request) from error


def unusable(answer: Answer, request: Request) -> Unreachable | TheirFault:
    """The error for an answer that says success in a body that does not."""
    reason = "the answer reports success in a body that cannot be read"
    if request.method == "GET":
        return TheirFault(reason, system=SYSTEM, operation=request.operation, status=answer.status)
    return Unreachable(
        reason,
        ambiguous=not request.repeatable,
        system=SYSTEM,
        operation=request.operation,
        status=answer.status,
    )


def observed(resource: Resource, field_names: AnyCollection[str]) -> dict[str, Scalar]:
    """The named fields of a resource, canonical; what the answer leaves out is None."""
    return {
        name: mapping.observe(
            name,
            (resource.relationships if name in RELATIONSHIPS else resource.attributes).get(name),
        )
        for name in field_names
    }


def matches(resources: Sequence[Resource], correlation: str) -> list[Match]:
    """Those that carry exactly this correlation value, oldest first.

    Case and trimming of the filter are unpublished (§6.2) and order is not kept strictly (§6.4),
    so both are established here.
    """
    found = [
        Match(
            id=resource.id,
            created_at=mapping.observed_datetime(resource.attributes.get("createdAt")) or "",
            trashed=resource.attributes.get("trashedAt") is not None,
        )
        for resource in resources
        if resource.attributes.get("customId") == correlation
    ]
    return sorted(found, key=lambda match: (match.created_at, match.id))


def user(resource: Resource) -> User:
    """A user; the name is `name`, else first and last name (§8.4)."""
    given = {name: _text(resource.attributes.get(name)) for name in _USER_TEXTS}
    full = f"{given['firstName']} {given['lastName']}".strip()
    return User(
        id=resource.id,
        name=given["name"] if given["name"].strip() else full,
        username=given["username"],
        email=given["email"],
    )


def stage(resource: Resource) -> Stage:
    """A stage; the name as it stands, which may repeat (§8.3)."""
    return Stage(id=resource.id, name=_text(resource.attributes.get("name")))


_USER_TEXTS = ("name", "username", "email", "firstName", "lastName")


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""


def _whole_pages() -> dict[str, str]:
    # Counting is slow and off by default only for newer applications, so it is always said (§6.1).
    return {PAGE_SIZE: str(PAGE_SIZE_MAX), "count": "false"}


def _encoded(query: Mapping[str, str] | Sequence[tuple[str, str]]) -> str:
    return urlencode(query, safe="[],")


def _resource(target_id: int | None, fields: Fields) -> dict[str, Json]:
    """A resource object with attributes and relationships apart; the id must match the URL (§7)."""
    resource: dict[str, Json] = {"type": OPPORTUNITY}
    if target_id is not None:
        resource["id"] = target_id
    attributes = {name: value for name, value in fields.items() if name not in RELATIONSHIPS}
    relationships = {
        name: {"data": None if fields[name] is None else {"type": kind, "id": fields[name]}}
        for name, kind in RELATIONSHIPS.items()
        if name in fields
    }
    if attributes:
        resource["attributes"] = attributes
    if relationships:
        resource["relationships"] = relationships
    return resource


def _same_origin(link: str, base_url: str) -> bool:
    try:
        url = httpx.URL(link)
    except httpx.InvalidURL:
        return False
    base = httpx.URL(base_url)
    return not url.userinfo and (url.scheme, url.host, url.port) == (
        base.scheme,
        base.host,
        base.port,
    )
