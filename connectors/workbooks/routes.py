"""Every request this connector sends, as (method, route), for metrics.

A read travels as a POST (workbooks-api §1), so method and route do not tell reads from logins; the
routes do.
"""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

from connectors.workbooks.paths import (
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


def reads(method: str, url: str, body: bytes) -> bool:
    """Whether a request changes no record.

    The verb that counts is that of `_method`, in the address or in the body (workbooks-api §2);
    where several are named, none of them may write.
    """
    parts = urlsplit(url)
    if any(parts.path.endswith(path) for path in SIGN_IN):
        return True
    try:
        given = parse_qsl(parts.query) + parse_qsl(body.decode())
    except UnicodeDecodeError:
        return False
    verbs = {text.upper() for name, text in given if name == "_method"} or {method}
    return verbs == {"GET"}
