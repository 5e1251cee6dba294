"""Requests and readings of the Outreach API, without I/O.

A request is a frozen value; a reading turns an answer's bytes into wire shapes. Errors have their
own room, `refusals`; so have the directory, prospects, roles and the
rules of custom fields.
"""

from __future__ import annotations

import json
from collections.abc import Collection as AnyCollection
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar
from urllib.parse import parse_qsl, quote, urlencode, urljoin

import httpx
from pydantic import ValidationError

from connectors.outreach import mapping
from connectors.outreach.fields import RELATIONSHIPS
from connectors.outreach.settings import API_PATH
from connectors.outreach.spelling import observed_datetime
from connectors.outreach.wire import Collection, Resource, Wire
from engine import (
    Answer,
    AnswerKind,
    Fields,
    Json,
    Listed,
    Match,
    Scalar,
    TargetField,
    TheirFault,
    Unreachable,
)

SYSTEM = "outreach"
MEDIA_TYPE = "application/vnd.api+json"
# Largest page the API takes (outreach-api §6.1), and the smallest tried when it is too heavy.
PAGE_SIZE_MAX = 1000
PAGE_SIZE_MIN = 50
FIND_PAGE_SIZE = 10
# Values looked for in one request, and the characters they may take up in its address: servers
# commonly take 8 kB.
FINDS_MAX = 100
# Ids that one request names.
IDS_MAX = 100
FIND_CHARS_MAX = 6000
PAGE_SIZE = "page[size]"
TRASHED_AT = "trashedAt"
OPPORTUNITY = "opportunity"
PROSPECT = "prospect"
ROLE = "opportunityProspectRole"

Query = Mapping[str, str] | Sequence[tuple[str, str]]
Shape = TypeVar("Shape", bound=Wire)


@dataclass(frozen=True, slots=True)
class Request:
    """One request; `route` is its template for metrics, `operation` its name in errors.

    `resource` is the type of the record a write is about, None for a reading.
    """

    method: str
    url: str
    route: str
    operation: str
    content: bytes | None = field(default=None, repr=False)
    resource: str | None = None

    @property
    def repeatable(self) -> bool:
        """Whether sending it twice does no harm: everything but a POST (outreach-api §7)."""
        return self.method != "POST"

    @property
    def answer_kind(self) -> AnswerKind:
        """What a success answers with: a page, or one record."""
        whole = self.method == "GET" and "{id}" not in self.route
        return AnswerKind.LISTING if whole else AnswerKind.DOCUMENT


@dataclass(frozen=True, slots=True)
class Requests:
    """Builds every request of the API below one base address, given without a trailing slash."""

    base_url: str

    def create(self, fields: Fields) -> Request:
        """POST one opportunity; blank fields are left out (§7, §8.1)."""
        return self.post("/opportunities", "create", OPPORTUNITY, fields)

    def update(self, target_id: int, changes: Fields) -> Request:
        """PATCH exactly these fields; None clears one (§7)."""
        return self.patch("/opportunities/{id}", "update", OPPORTUNITY, target_id, changes)

    def get(self, target_id: int, field_names: AnyCollection[str]) -> Request:
        """GET one opportunity, limited to these attributes and relationships (§6.3)."""
        query = {"fields[opportunity]": ",".join(sorted({*field_names, TRASHED_AT}))}
        return self.read("/opportunities/{id}", "get", query, target_id)

    def shown(self, target_ids: Sequence[int], field_names: AnyCollection[str]) -> Request:
        """GET the opportunities with these ids, limited as in `get` (§6.2, §6.3)."""
        query = {
            "filter[id]": ",".join(map(str, target_ids)),
            "fields[opportunity]": ",".join(sorted({*field_names, TRASHED_AT})),
        }
        return self.read("/opportunities", "shown", query | whole_pages())

    def remove(self, target_id: int) -> Request:
        """DELETE one opportunity (§7)."""
        return self.delete("/opportunities/{id}", "delete", OPPORTUNITY, target_id)

    def find(self, correlations: Sequence[str]) -> Request:
        """GET the opportunities whose `customId` is one of the values (§9, step 3)."""
        # The plain form for a single value is the documented one, and the most likely to be taken.
        name = "filter[customId]" if len(correlations) == 1 else "filter[customId][]"
        query = [
            # In the classic syntax a comma or two dots in the value would be operators (§6.2).
            ("newFilterSyntax", "true"),
            *((name, correlation) for correlation in correlations),
            ("fields[opportunity]", f"customId,createdAt,{TRASHED_AT}"),
            ("sort", "createdAt"),
            (PAGE_SIZE, str(min(PAGE_SIZE_MAX, FIND_PAGE_SIZE * len(correlations)))),
            ("count", "false"),
        ]
        return self.read("/opportunities", "find", query)

    def listed(self, field_names: AnyCollection[str]) -> Request:
        """GET every opportunity, limited to these attributes and relationships (§6.1, §6.3)."""
        names = ",".join(sorted({*field_names, "createdAt", TRASHED_AT}))
        query = {"fields[opportunity]": names, "sort": "createdAt", **whole_pages()}
        return self.read("/opportunities", "listed", query)

    def probe(self) -> Request:
        """GET a single opportunity, to see whether `customId` exists (§9, step 5)."""
        query = {"fields[opportunity]": "customId", PAGE_SIZE: "1", "count": "false"}
        return self.read("/opportunities", "probe", query)

    def peek(self, resource: str) -> Request:
        """GET a single record of any resource, to see whether we may (§3.3)."""
        return self.read(f"/{resource}", "peek", {PAGE_SIZE: "1", "count": "false"})

    def following(self, present: Request, page: Collection) -> Request | None:
        """The request for the page after `page`, or None at the end (§6.1).

        Args:
            present: what `page` answers; a link may leave out what its address begins with.

        Raises:
            TheirFault: the link leads to another origin, which would be handed our token.
        """
        link = page.links.next if page.links else None
        if not link:
            return None
        target = _resolved(link, present.url)
        if target is None or not _same_origin(target, self.base_url):
            raise TheirFault(
                "the link to the next page leads to another origin",
                system=SYSTEM,
                operation=present.operation,
            )
        return replace(present, url=target)

    def read(
        self, route: str, operation: str, query: Query, target_id: int | None = None
    ) -> Request:
        """GET a route; `{id}` in it stands for the id."""
        address = self._url(route, target_id)
        return Request(
            "GET", f"{address}?{_encoded(query)}" if query else address, route, operation
        )

    def post(self, route: str, operation: str, resource: str, fields: Fields) -> Request:
        """POST one record of this type; blank fields are left out (§7)."""
        given = {name: value for name, value in fields.items() if value not in (None, [])}
        body = _body(resource, None, given)
        return Request("POST", self._url(route, None), route, operation, body, resource)

    def patch(
        self, route: str, operation: str, resource: str, target_id: int, changes: Fields
    ) -> Request:
        """PATCH exactly these fields of a record; None clears one (§7)."""
        body = _body(resource, target_id, changes)
        return Request("PATCH", self._url(route, target_id), route, operation, body, resource)

    def delete(self, route: str, operation: str, resource: str, target_id: int) -> Request:
        """DELETE a record (§7)."""
        return Request("DELETE", self._url(route, target_id), route, operation, resource=resource)

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


def observed(
    resource: Resource, field_names: AnyCollection[str], fields: Mapping[str, TargetField]
) -> dict[str, Scalar]:
    """The named fields of a resource, canonical; what the answer leaves out is None.

    Raises:
        KeyError: a name that is none of `fields`, a defect of the caller.
    """
    return {
        name: mapping.observe(
            fields[name],
            (resource.relationships if name in RELATIONSHIPS else resource.attributes).get(name),
        )
        for name in field_names
    }


def in_trash(resource: Resource) -> bool:
    """Whether the screens have deleted it, which leaves it readable and writable (§8.1, §15.9)."""
    return resource.attributes.get(TRASHED_AT) is not None


def listed(
    resource: Resource, field_names: AnyCollection[str], fields: Mapping[str, TargetField]
) -> Listed:
    """A row of the listing of all opportunities."""
    return Listed(
        resource.id,
        observed_datetime(resource.attributes.get("createdAt")) or "",
        in_trash(resource),
        observed(resource, field_names, fields),
    )


def find_chunks(correlations: Iterable[str]) -> Iterator[list[str]]:
    """The values to look for, each once, in parts that one request takes."""
    chunk: list[str] = []
    size = 0
    for correlation in dict.fromkeys(correlations):
        # Percent-encoded, and with the name of the filter.
        needed = len(quote(correlation, safe="")) + len("&filter[customId][]=")
        if chunk and (len(chunk) == FINDS_MAX or size + needed > FIND_CHARS_MAX):
            yield chunk
            chunk, size = [], 0
        chunk.append(correlation)
        size += needed
    if chunk:
        yield chunk


def matches(
    resources: Sequence[Resource], correlations: AnyCollection[str]
) -> dict[str, list[Match]]:
    """Those that carry exactly one of these correlation values, by value, oldest first.

    Case and trimming of the filter are unpublished (§6.2) and order is not kept strictly (§6.4),
    so both are established here.
    """
    found: dict[str, list[Match]] = {correlation: [] for correlation in correlations}
    for resource in resources:
        carried = resource.attributes.get("customId")
        if isinstance(carried, str) and carried in found:
            found[carried].append(
                Match(
                    id=resource.id,
                    created_at=observed_datetime(resource.attributes.get("createdAt")) or "",
                    trashed=in_trash(resource),
                )
            )
    for one in found.values():
        one.sort(key=lambda match: (match.created_at, match.id))
    return found


def whole_pages() -> dict[str, str]:
    """The largest pages, uncounted."""
    # Counting is slow and off by default only for newer applications, so it is always said (§6.1).
    return {PAGE_SIZE: str(PAGE_SIZE_MAX), "count": "false"}


def _encoded(query: Query) -> str:
    return urlencode(query, safe="[],")


def _body(kind: str, target_id: int | None, fields: Fields) -> bytes:
    """A resource object with attributes and relationships apart; the id must match the URL (§7)."""
    resource: dict[str, Json] = {"type": kind}
    if target_id is not None:
        resource["id"] = target_id
    attributes = {name: value for name, value in fields.items() if name not in RELATIONSHIPS}
    relationships = {
        name: {"data": None if fields[name] is None else {"type": pointed, "id": fields[name]}}
        for name, pointed in RELATIONSHIPS.items()
        if name in fields
    }
    if attributes:
        resource["attributes"] = attributes
    if relationships:
        resource["relationships"] = relationships
    return json.dumps({"data": resource}).encode()


def _resolved(link: str, present: str) -> str | None:
    """The absolute address of a link on a page at `present`; an absolute one stays as it is."""
    try:
        return urljoin(present, link.strip())
    except ValueError:
        return None


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
