"""Requests and readings of prospects, without I/O (outreach-api §8.5)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from typing import cast

from connectors.outreach.fields import EMAILS
from connectors.outreach.protocol import PROSPECT, Request, Requests, whole_pages
from connectors.outreach.spelling import normalised
from connectors.outreach.wire import Resource
from engine import Fields, Json, ProspectMatch

# Addresses per request: keeps the request's own address below the 8 kB that servers commonly take.
EMAILS_PER_REQUEST = 50


def chunks(emails: Collection[str]) -> Iterator[list[str]]:
    """The addresses to ask for, each once whatever its letter case, in parts one request takes."""
    asked = iter({email.lower(): email for raw in emails if (email := normalised(raw))}.values())
    while chunk := list(islice(asked, EMAILS_PER_REQUEST)):
        yield chunk


def find(requests: Requests, emails: Sequence[str]) -> Request:
    """GET the prospects that have any of these addresses (§8.5)."""
    query = [
        # In the classic syntax a comma or two dots in an address would be operators (§6.2).
        ("newFilterSyntax", "true"),
        *((f"filter[{EMAILS}][]", email) for email in emails),
        ("fields[prospect]", EMAILS),
        *whole_pages().items(),
    ]
    return requests.read("/prospects", "find_prospects", query)


def create(requests: Requests, fields: Fields) -> Request:
    """POST one prospect; blank fields are left out (§8.5)."""
    return requests.post("/prospects", "create_prospect", PROSPECT, fields)


def one(requests: Requests, prospect_id: int) -> Request:
    """GET one prospect without any attribute (§6.3)."""
    return requests.read(
        "/prospects/{id}", "prospect_exists", {"fields[prospect]": ""}, prospect_id
    )


def matches(resources: Sequence[Resource], emails: Collection[str]) -> list[ProspectMatch]:
    """Those that really carry one of these addresses, by id, addresses in lower case.

    How the filter treats case and blanks is unpublished (§6.2), so that is established here.
    """
    asked = {email.strip().lower() for email in emails}
    carried = {resource.id: _emails(resource.attributes.get(EMAILS)) for resource in resources}
    return [
        ProspectMatch(prospect_id, addresses)
        for prospect_id, addresses in sorted(carried.items())
        if asked.intersection(addresses)
    ]


def _emails(raw: Json) -> tuple[str, ...]:
    if not isinstance(raw, list):
        return ()
    members = cast("list[object]", raw)
    texts = (one.strip().lower() for one in members if isinstance(one, str))
    return tuple(dict.fromkeys(text for text in texts if text))
