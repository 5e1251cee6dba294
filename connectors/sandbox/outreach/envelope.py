"""Refusals as they appear on the wire: JSON:API errors, gateway errors and plain text (§5)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.responses import Response

from connectors.sandbox.outreach.schema import MEDIA_TYPE


@dataclass(slots=True, eq=False)
class Refused(Exception):
    """A request that Outreach answers with an error; carries that whole answer."""

    status: int
    body: str
    media_type: str = MEDIA_TYPE
    headers: dict[str, str] = field(default_factory=dict[str, str])

    def __str__(self) -> str:
        """The status and the body, for callers that edit the world from Python."""
        return f"{self.status} {self.body}"


def compact(value: object) -> str:
    """JSON text without blanks."""
    return json.dumps(value, separators=(",", ":"))


def answer(
    document: object, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """A JSON:API response."""
    return Response(compact(document), status, headers, MEDIA_TYPE)


def plain_json(document: object, status: int = 200) -> Response:
    """A response of the OAuth endpoints, which speak ordinary JSON (§1)."""
    return Response(compact(document), status, {"Cache-Control": "no-store"}, "application/json")


def _error(status: int, error_id: str, title: str, **members: Any) -> Refused:
    return Refused(status, compact({"errors": [{"id": error_id, "title": title, **members}]}))


def malformed(detail: str) -> Refused:
    """400: a request nobody can read (§5, assumption: no error id is published)."""
    return _error(400, "badRequest", "Bad Request", detail=detail)


def undecodable_token() -> Refused:
    """401 in the gateway's own form, for what is not a JWT at all (§5)."""
    return _gateway(401, "Invalid JWT token.", "The JWT token could not be decoded.")


def dead_token(form: str = "401") -> Refused:
    """A well-formed token that is expired, revoked or unknown (§15.2), in the form of a knob."""
    if form == "401":
        return _gateway(401, "Invalid JWT token.", "The JWT token has expired.")
    status, _, bare = form.partition(" ")
    title, detail = "Expired Access Token", "The access token has expired."
    if not bare:
        return _error(int(status), "expiredAccessToken", title, detail=detail)
    body = compact({"id": "expiredAccessToken", "title": title, "detail": detail})
    return Refused(int(status), body)


def _gateway(status: int, error: str, description: str) -> Refused:
    body = compact({"error": error, "description": description})
    return Refused(status, body, "application/json")


def missing_scope(scope: str) -> Refused:
    """403: the token works but its grant lacks this scope (§3.3)."""
    detail = f"Your authorization does not include the required scope '{scope}'."
    return _error(403, "unauthorizedOauthScope", "Unauthorized OAuth Scope", detail=detail)


def not_permitted() -> Refused:
    """403: the user's governance profile, or the org's plan, forbids it (§3.3)."""
    detail = "You are not authorized to perform that request."
    return _error(403, "unauthorizedRequest", "Unauthorized Request", detail=detail)


def resource_not_found(type_name: str, record_id: str) -> Refused:
    """404: no such record, or none that this user may see."""
    detail = f"Could not find '{type_name}' with ID '{record_id}'."
    return _error(404, "resourceNotFound", "Resource Not Found", detail=detail)


def route_not_found(path: str) -> Refused:
    """404: no such path or method inside the API."""
    detail = f"Could not find a route for '{path}'."
    return _error(404, "routeNotFound", "Route Not Found", detail=detail)


def unsupported_media_type() -> Refused:
    """415; this one body spells its text `details` (§5)."""
    details = f"Expected Content-Type header to be '{MEDIA_TYPE}'."
    return _error(415, "unsupportedMediaType", "Unsupported Media Type", details=details)


def invalid(detail: str, pointer: str | None = None) -> Refused:
    """422 `validationError`; the pointer is a JSON Pointer into the request."""
    source = {"source": {"pointer": pointer}} if pointer else {}
    return _error(422, "validationError", "Validation Error", detail=detail, **source)


def too_long() -> Refused:
    """422 for an over-long value, without saying which (§7)."""
    detail = "Data provided is too long."
    return _error(
        422, "validationDataTooLongError", "Validation Data Too Long Error", detail=detail
    )


def duplicate_value(detail: str) -> Refused:
    """422 seen on a prospect PATCH that changes nothing (§5)."""
    title = "Validation Duplicate Value Error"
    return _error(422, "validationDuplicateValueError", title, detail=detail)


def rate_limited(limit: int, until: str, headers: dict[str, str]) -> Refused:
    """429 of the API; `until` is a zoneless ISO instant (§4)."""
    detail = (
        f"You have exceeded your permitted rate limit of {limit:,}; please try again at {until}."
    )
    refusal = _error(429, "rateLimitExceeded", "Rate Limit Exceeded", detail=detail)
    refusal.headers = headers
    return refusal


def maintenance(until: str) -> Refused:
    """503 with an ISO `Retry-After` (§4)."""
    detail = f"Scheduled server maintenance is under way; please try again at {until}."
    title = "Scheduled Server Maintenance"
    refusal = _error(503, "scheduledServerMaintenance", title, detail=detail)
    refusal.headers = {"Retry-After": until}
    return refusal


def page_too_heavy() -> Refused:
    """502 in HTML: what stands in front gives up on a heavy page (§5)."""
    body = "<html><body><h1>502 Bad Gateway</h1></body></html>"
    return Refused(502, body, "text/html")


def oauth_refusal(status: int, error: str, description: str) -> Refused:
    """An OAuth error object (§3.4)."""
    body = compact({"error": error, "error_description": description})
    return Refused(status, body, "application/json")


def minted_too_often() -> Refused:
    """429 of the token endpoint: plain text (§3.4)."""
    return Refused(429, "Retry later\n", "text/plain")
