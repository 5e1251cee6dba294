"""Requests to Workbooks, built without I/O.

Every request is a form. Reads go as POST with `_method=GET` in the body, which the service takes
for a GET (workbooks-api §2.2): a real GET with a body may lose it on the way, and a query string
would put long filters, and the key with them, into access logs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, NamedTuple
from urllib.parse import quote_plus

from connectors.workbooks.paths import OPPORTUNITIES
from connectors.workbooks.routes import LOGIN, LOGOUT, route_of
from connectors.workbooks.settings import WorkbooksSettings
from connectors.workbooks.wire import NO_VALUE
from engine import OurFault

Form = tuple[tuple[str, str], ...]
"""Form parameters in wire order; names may repeat."""

FORM_TYPE = "application/x-www-form-urlencoded"

# `updated_at` then has one form on the wire, with no zone and no names to misread (§6.2).
EPOCH_SECONDS: Form = (("_json_output_datetime_format", "%s"),)


@dataclass(frozen=True, slots=True)
class Call:
    """One request before credentials are added.

    `path` has no leading slash and no secret, so it may be named in errors and metrics.
    """

    verb: Literal["GET", "PUT", "POST"]
    path: str
    operation: str
    form: Form

    @property
    def reads(self) -> bool:
        """True for a listing."""
        return self.verb == "GET"

    @property
    def writes(self) -> bool:
        """True when repeating it could execute something twice."""
        return self.verb == "PUT"

    @property
    def method(self) -> str:
        """The HTTP method that carries the verb."""
        return "POST" if self.verb == "GET" else self.verb

    @property
    def route(self) -> str:
        """Template for metrics."""
        return route_of(self.path)

    def body(self, credentials: Form) -> bytes:
        """The form body, credentials first."""
        verb: Form = () if self.verb == "POST" else (("_method", self.verb),)
        pairs = (*credentials, ("client", "api"), *verb, *self.form)
        # Names come again with every row, and their brackets are dear to quote.
        return "&".join(
            f"{_word(name)}={_word(value) if name in _OF_COLUMNS else quote_plus(value)}"
            for name, value in pairs
        ).encode()


# Values that are names of columns come again with every listing, and are most of it.
_OF_COLUMNS = frozenset({"_select_columns[]", "_sort[]", "_ff[]"})
_word = lru_cache(maxsize=1000)(quote_plus)


class Filter(NamedTuple):
    """One filter triple (§5); operators without a criterion still carry a blank one."""

    field: str
    operator: str
    criterion: str = ""


def listing(
    path: str,
    operation: str,
    *,
    columns: Iterable[str],
    filters: Sequence[Filter],
    match: str,
    sort: Sequence[str],
    limit: int,
    direction: Literal["ASC", "DESC"] = "ASC",
) -> Call:
    """One page of a resource, always from offset 0 (§4, §9: offsets skip rows that move).

    Args:
        columns: selected once each, in order.
        match: `_fm` expression over the 1-based filter numbers.
        sort: columns, all in `direction`.
    """
    form = [
        # The limit is ignored without a start (§4).
        ("_start", "0"),
        ("_limit", str(limit)),
        ("_skip_total_rows", "1"),
        *EPOCH_SECONDS,
        *(pair for column in sort for pair in (("_sort[]", column), ("_dir[]", direction))),
        *_triples(filters),
        ("_fm", match),
        *(("_select_columns[]", column) for column in dict.fromkeys(columns)),
    ]
    return Call("GET", f"{path}.api", operation, tuple(form))


def by_ids(path: str, operation: str, columns: Iterable[str], ids: Sequence[int]) -> Call:
    """The visible records with these ids, at most OBJECTS_MAX (§5: `eq` takes a comma list)."""
    return listing(
        path,
        operation,
        columns=columns,
        filters=[Filter("id", "eq", ",".join(map(str, ids)))],
        match="1",
        sort=("id",),
        limit=len(ids),
    )


def any_opportunity() -> Call:
    """The cheapest read that proves the credentials."""
    return listing(
        OPPORTUNITIES,
        "credentials",
        columns=("id",),
        filters=[Filter("id", "gt", "0")],
        match="1",
        sort=("id",),
        limit=1,
    )


def write(path: str, objects: Sequence[tuple[int, int, dict[str, str]]]) -> Call:
    """Update records of one resource, each in its own transaction (§7.1, §7.5, §7.6).

    Args:
        objects: id, expected lock_version, and the attributes to set, per object. An attribute
            that only some objects set is left alone on the others.
    """
    attributes = sorted({name for _, _, values in objects for name in values})
    form = [
        ("_per_object_transactions", "true"),
        # Without it a wrong column name is ignored in silence, and the write is lost (§7.6).
        ("_strict_attribute_checking", "true"),
        ("_fm", "or"),
        *_triples([Filter("id", "eq", str(object_id)) for object_id, _, _ in objects]),
    ]
    for object_id, version, values in objects:
        row = {name: values.get(name, NO_VALUE) for name in attributes}
        row |= {"id": str(object_id), "lock_version": str(version)}
        form.append(("__method[]", "PUT"))
        form += [(f"{name}[]", row[name]) for name in sorted(row)]
    return Call("PUT", f"{path}.api", "write_back", tuple(form))


def login(settings: WorkbooksSettings) -> Call:
    """A login with the key, or else with name and password (§3.1)."""
    form = [("api_version", "1"), ("_strict_attribute_checking", "true")]
    if settings.api_key is not None:
        form.append(("api_key", settings.api_key.get_secret_value()))
    elif settings.username is not None and settings.password is not None:
        form += [
            ("username", settings.username),
            ("password", settings.password.get_secret_value()),
        ]
        if settings.logical_database_id is not None:
            form.append(("logical_database_id", str(settings.logical_database_id)))
    else:
        raise OurFault("a login without credentials", system="workbooks", operation="login")
    return Call("POST", LOGIN, "login", tuple(form))


def logout() -> Call:
    """End the session; the path has no extension (§1)."""
    return Call("POST", LOGOUT, "logout", ())


def _triples(filters: Sequence[Filter]) -> list[tuple[str, str]]:
    return [
        pair
        for each in filters
        for pair in (("_ff[]", each.field), ("_ft[]", each.operator), ("_fc[]", each.criterion))
    ]
