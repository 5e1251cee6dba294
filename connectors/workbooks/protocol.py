"""Requests to Workbooks, built without I/O.

Every request is a form. Reads go as POST with `_method=GET` in the body, which the service takes
for a GET (workbooks-api §2.2): a real GET with a body may lose it on the way, and a query string
would put long filters, and the key with them, into access logs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple
from urllib.parse import urlencode

from connectors.workbooks.settings import WorkbooksSettings
from connectors.workbooks.values import utc_text
from connectors.workbooks.wire import (
    CUSTOM_FIELDS,
    METADATA_TYPES,
    NO_VALUE,
    OBJECTS_MAX,
    OPPORTUNITIES,
    ORGANISATIONS,
    PluginColumns,
)
from engine import OurFault, Position

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
        return f"/{self.path}"

    def body(self, credentials: Form) -> bytes:
        """The form body, credentials first."""
        verb: Form = () if self.verb == "POST" else (("_method", self.verb),)
        return urlencode([*credentials, ("client", "api"), *verb, *self.form]).encode()


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
) -> Call:
    """One page of a resource, always from offset 0 (§4, §9: offsets skip rows that move).

    Args:
        columns: selected once each, in order.
        match: `_fm` expression over the 1-based filter numbers.
        sort: columns, ascending.
    """
    form = [
        # The limit is ignored without a start (§4).
        ("_start", "0"),
        ("_limit", str(limit)),
        ("_skip_total_rows", "1"),
        *EPOCH_SECONDS,
        *(pair for column in sort for pair in (("_sort[]", column), ("_dir[]", "ASC"))),
        *_triples(filters),
        ("_fm", match),
        *(("_select_columns[]", column) for column in dict.fromkeys(columns)),
    ]
    return Call("GET", f"{path}.api", operation, tuple(form))


def changes(
    plugin: PluginColumns, columns: Iterable[str], after: Position | None, limit: int
) -> Call:
    """Eligible opportunities behind `after`, by (updated_at, id).

    The keyset needs only `ge` and `gt` on whole seconds. `eq` on a datetime would be the shorter
    form, but whether it matches the whole second is undocumented (A3).
    """
    filters = _eligible(plugin)
    match = "1 AND 2"
    if after is not None:
        filters += [
            Filter("updated_at", "ge", utc_text(after.updated_at + 1)),
            Filter("updated_at", "ge", utc_text(after.updated_at)),
            Filter("id", "gt", str(after.id)),
        ]
        match = "(1 AND 2) AND (3 OR (4 AND 5))"
    return listing(
        OPPORTUNITIES,
        "changes",
        columns=columns,
        filters=filters,
        match=match,
        sort=("updated_at", "id"),
        limit=limit,
    )


def unlinked(plugin: PluginColumns, columns: Iterable[str], after_id: int, limit: int) -> Call:
    """Eligible opportunities whose Outreach Id is blank and whose id is greater, by id."""
    return listing(
        OPPORTUNITIES,
        "unlinked",
        columns=columns,
        filters=[
            *_eligible(plugin),
            Filter(plugin.outreach_id, "blank"),
            Filter("id", "gt", str(after_id)),
        ],
        match="(1 AND 2) AND (3 AND 4)",
        sort=("id",),
        limit=limit,
    )


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


def opportunities(columns: Iterable[str], ids: Sequence[int]) -> Call:
    """Opportunities by id, whatever their eligibility."""
    return by_ids(OPPORTUNITIES, "fetch", columns, ids)


def organisations(account_field: str, ids: Sequence[int]) -> Call:
    """Outreach account ids of organisations; ids of people are simply not among the answers."""
    return by_ids(ORGANISATIONS, "account_ids", ("id", account_field), ids)


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


def custom_fields(class_name: str, after_id: int) -> Call:
    """Custom fields of one record type with a greater id, by id (§13)."""
    return listing(
        CUSTOM_FIELDS,
        "fields",
        columns=("id", "title", "value_column_name", "data_type"),
        filters=[Filter("resource_type", "eq", class_name), Filter("id", "gt", str(after_id))],
        match="1 AND 2",
        sort=("id",),
        limit=OBJECTS_MAX,
    )


def record_type(class_name: str) -> Call:
    """The description of one record type with all its fields (§12)."""
    form = (
        ("class_names[]", class_name),
        ("_select_columns[]", "class_name"),
        ("_select_columns[]", "fields"),
    )
    return Call("GET", f"{METADATA_TYPES}.api", "fields", form)


def write(objects: Sequence[tuple[int, int, dict[str, str]]]) -> Call:
    """Update opportunities, each in its own transaction (§7.1, §7.5, §7.6).

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
    return Call("PUT", f"{OPPORTUNITIES}.api", "write_back", tuple(form))


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
    return Call("POST", "login.api", "login", tuple(form))


def logout() -> Call:
    """End the session; the path has no extension (§1)."""
    return Call("POST", "logout", "logout", ())


def _eligible(plugin: PluginColumns) -> list[Filter]:
    return [Filter(plugin.sync, "true"), Filter(plugin.error, "false")]


def _triples(filters: Sequence[Filter]) -> list[tuple[str, str]]:
    return [
        pair
        for each in filters
        for pair in (("_ff[]", each.field), ("_ft[]", each.operator), ("_fc[]", each.criterion))
    ]
