"""Requests and readings of roles, each a prospect's place on an opportunity (outreach-api §8.2).

A blank role is an empty text on both sides: the schema allows null as well, but only one of the
two can be compared, and the vendor takes an empty text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from connectors.outreach.mapping import too_long
from connectors.outreach.observing import linked_id
from connectors.outreach.protocol import (
    OPPORTUNITY,
    PROSPECT,
    ROLE,
    Request,
    Requests,
    whole_pages,
)
from connectors.outreach.spelling import TooLong, normalised, observed_datetime
from connectors.outreach.wire import Resource
from engine import Json, Role

ROLE_CHARS_MAX = 255
COLLECTION = "/opportunityProspectRoles"
ITEM = "/opportunityProspectRoles/{id}"


def of_opportunity(requests: Requests, target_id: int) -> Request:
    """GET every role on one opportunity (§8.2)."""
    query = {"filter[opportunity][id]": str(target_id)} | whole_pages()
    return requests.read(COLLECTION, "roles", query)


def one(requests: Requests, role_id: int) -> Request:
    """GET one role (§8.2).

    It is rare, and counts with the lists of roles: each route costs a dozen series.
    """
    return replace(requests.read(ITEM, "role", {}, role_id), route=COLLECTION)


def create(requests: Requests, target_id: int, prospect_id: int, role: str) -> Request:
    """POST a role, the text included when it is empty.

    Raises:
        Rejected: the text is too long.
    """
    fields = {"role": _sent(role, "create_role"), OPPORTUNITY: target_id, PROSPECT: prospect_id}
    return requests.post(COLLECTION, "create_role", ROLE, fields)


def update(requests: Requests, role_id: int, role: str) -> Request:
    """PATCH the text of a role and nothing else.

    Raises:
        Rejected: the text is too long.
    """
    changes = {"role": _sent(role, "update_role")}
    return requests.patch(ITEM, "update_role", ROLE, role_id, changes)


def delete(requests: Requests, role_id: int) -> Request:
    """DELETE a role."""
    return requests.delete(ITEM, "delete_role", ROLE, role_id)


def on_opportunity(resources: Sequence[Resource], target_id: int) -> list[Role]:
    """Those that are on this opportunity and name a prospect, by id.

    A filter is not taken at its word (§6.4): a role of another opportunity must not be changed.
    """
    found = [
        Role(
            resource.id,
            prospect_id,
            _text(resource.attributes.get("role")),
            _moment(resource.attributes.get("createdAt")),
        )
        for resource in resources
        if linked_id(resource.relationships.get(OPPORTUNITY)) == target_id
        and (prospect_id := linked_id(resource.relationships.get(PROSPECT))) is not None
    ]
    return sorted(found, key=lambda role: role.id)


def _moment(raw: Json) -> float | None:
    text = observed_datetime(raw)
    return None if text is None else datetime.fromisoformat(text).timestamp()


def _text(raw: Json) -> str:
    return (normalised(raw) or "") if isinstance(raw, str) else ""


def _sent(role: str, operation: str) -> str:
    text = _text(role)
    if len(text) > ROLE_CHARS_MAX:
        raise too_long("role", "role", TooLong(len(text), ROLE_CHARS_MAX), operation)
    return text
