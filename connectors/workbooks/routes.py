"""Every request this connector sends, as (method, route), for metrics.

A read travels as a POST (workbooks-api §1), so method and route do not tell reads from logins; the
routes do.
"""

from __future__ import annotations

from connectors.workbooks.wire import (
    CUSTOM_FIELDS,
    CUSTOM_RECORD_TYPES,
    CUSTOM_RECORDS,
    METADATA_TYPES,
    OPPORTUNITIES,
    ORGANISATIONS,
    PEOPLE,
    RELATIONSHIPS,
)
from engine import RecordType

LOGIN = "login.api"
LOGOUT = "logout"
# The address of a delayed answer is a ticket; it must not become a label.
DELAY_ROUTE = "/{delay}"

_READ = (
    OPPORTUNITIES,
    PEOPLE,
    ORGANISATIONS,
    RELATIONSHIPS,
    CUSTOM_FIELDS,
    CUSTOM_RECORD_TYPES,
    f"{CUSTOM_RECORDS}/{{type}}",
    METADATA_TYPES,
)

ROUTES = (
    *(("POST", f"/{path}.api") for path in _READ),
    ("PUT", f"/{OPPORTUNITIES}.api"),
    ("PUT", f"/{PEOPLE}.api"),
    ("POST", f"/{LOGIN}"),
    ("POST", f"/{LOGOUT}"),
    ("GET", DELAY_ROUTE),
)
# A write-back of one batch.
WRITTEN = {
    RecordType.OPPORTUNITY: ("PUT", f"/{OPPORTUNITIES}.api"),
    RecordType.PERSON: ("PUT", f"/{PEOPLE}.api"),
}
# Those that serve the credentials alone.
SIGN_IN = frozenset({f"/{LOGIN}", f"/{LOGOUT}"})


def route_of(path: str) -> str:
    """The template of a path; the name of a custom record type is the database's own."""
    folder, _, _ = path.partition("/")
    return f"/{CUSTOM_RECORDS}/{{type}}.api" if folder == CUSTOM_RECORDS else f"/{path}"
