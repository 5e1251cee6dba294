"""Every request this connector sends, as (method, route template), for metrics."""

from __future__ import annotations

from urllib.parse import urlsplit

# The consent page is for people, and none of our requests.
AUTHORIZE_PATH = "/oauth/authorize"
TOKEN_PATH = "/oauth/token"  # noqa: S105 # an address, not a secret

ROUTES = (
    ("POST", "/opportunities"),
    ("GET", "/opportunities"),
    ("GET", "/opportunities/{id}"),
    ("PATCH", "/opportunities/{id}"),
    ("DELETE", "/opportunities/{id}"),
    ("GET", "/opportunityProspectRoles"),
    ("POST", "/opportunityProspectRoles"),
    ("PATCH", "/opportunityProspectRoles/{id}"),
    ("DELETE", "/opportunityProspectRoles/{id}"),
    ("GET", "/prospects"),
    ("POST", "/prospects"),
    ("GET", "/prospects/{id}"),
    ("GET", "/users"),
    ("GET", "/opportunityStages"),
    ("GET", "/accounts"),
    ("GET", "/accounts/{id}"),
    ("GET", "/types"),
    ("POST", TOKEN_PATH),
)
# Each operation of the port that is one request.
CALLS = {
    "create": ("POST", "/opportunities"),
    "get": ("GET", "/opportunities/{id}"),
    "update": ("PATCH", "/opportunities/{id}"),
    "delete": ("DELETE", "/opportunities/{id}"),
    "create_prospect": ("POST", "/prospects"),
    "prospect_exists": ("GET", "/prospects/{id}"),
    "roles": ("GET", "/opportunityProspectRoles"),
    "role": ("GET", "/opportunityProspectRoles"),
    "create_role": ("POST", "/opportunityProspectRoles"),
    "update_role": ("PATCH", "/opportunityProspectRoles/{id}"),
    "delete_role": ("DELETE", "/opportunityProspectRoles/{id}"),
}
# Those that serve the credentials alone.
SIGN_IN = frozenset({TOKEN_PATH})


def reads(method: str, url: str, _body: bytes) -> bool:
    """Whether a request changes no record; one that only mints a token does not."""
    return method == "GET" or (method == "POST" and urlsplit(url).path.endswith(TOKEN_PATH))
