"""Desks: what the control port may do to each world, with every value as plain JSON.

The two worlds are edited differently; a desk gives both the same five verbs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, is_dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Protocol, cast

from connectors.sandbox.faults import Faults
from connectors.sandbox.outreach import OutreachWorld, Row
from connectors.sandbox.outreach.world import Shelf
from connectors.sandbox.workbooks import Money, WorkbooksWorld
from connectors.sandbox.workbooks.formats import parse
from connectors.sandbox.workbooks.tables import Table

JsonObject = dict[str, Any]

_TEXTUAL = frozenset({"string", "text", "picklist"})


class Desk(Protocol):
    """One emulated system, as the control port handles it.

    Methods that name a table raise LookupError for one that does not exist, for an unknown record
    and for an unknown column; ValueError for a value that cannot be.
    """

    traffic: Faults
    knobs: object

    def ids(self, table: str) -> list[int]:
        """Ids of a table's records, in order."""
        ...

    def read(self, table: str, record_id: int) -> JsonObject:
        """One record."""
        ...

    def create(self, table: str, given: JsonObject) -> int:
        """Add a record; returns its id."""
        ...

    def update(self, table: str, record_id: int, given: JsonObject) -> None:
        """Change a record."""
        ...

    def delete(self, table: str, record_id: int) -> None:
        """Delete a record as a user of the system does."""
        ...


class WorkbooksDesk:
    """Tables `opportunities`, `people`, `organisations`, `contacts` and `mappings`.

    Columns go by API name; a record of `contacts` is one line of a People tab, one of `mappings`
    a field mapping kept in Workbooks. Values are as the API takes them, numbers and booleans also
    as JSON. The People tab of an opportunity is its column `people`: a list of
    `[party id, relationship]`.
    """

    def __init__(self, world: WorkbooksWorld, traffic: Faults) -> None:
        self.traffic = traffic
        self.knobs: object = world.knobs
        self._world = world
        self._tables = {
            "opportunities": world.opportunities,
            "people": world.people,
            "organisations": world.organisations,
            "contacts": world.contacts,
            "mappings": world.mappings,
        }

    def ids(self, table: str) -> list[int]:
        """See `Desk`."""
        return self._tables[table].ids()

    def read(self, table: str, record_id: int) -> JsonObject:
        """See `Desk`; deleted records are still there, with `is_deleted`."""
        record = {name: _plain(value) for name, value in self._tables[table].get(record_id).items()}
        if table == "opportunities":
            record["people"] = [list(entry) for entry in self._world.people_on(record_id)]
        return record

    def create(self, table: str, given: JsonObject) -> int:
        """See `Desk`; `id`, `created_at` and `updated_at` may be given too."""
        people = self._people(table, given)
        record_id = self._tables[table].create(**_typed(self._tables[table], given))
        if people is not None:
            self._world.set_people(record_id, people)
        return record_id

    def update(self, table: str, record_id: int, given: JsonObject) -> None:
        """See `Desk`; `updated_at` and `lock_version` are set to what no edit would make them."""
        people = self._people(table, given)
        stamps = {name: given.pop(name) for name in ("updated_at", "lock_version") if name in given}
        columns = _typed(self._tables[table], given)
        if columns:
            self._tables[table].update(record_id, **columns)
        self._tables[table].restamp(record_id, **_typed(self._tables[table], stamps))
        if people is not None:
            self._world.set_people(record_id, people)

    def delete(self, table: str, record_id: int) -> None:
        """See `Desk`."""
        self._tables[table].delete(record_id)

    def _people(self, table: str, given: JsonObject) -> list[tuple[int, str]] | None:
        if table != "opportunities" or "people" not in given:
            return None
        entries = cast("Sequence[tuple[int, str]]", given.pop("people"))
        try:
            return [(int(party_id), str(role)) for party_id, role in entries]
        except TypeError as error:
            raise ValueError("people is a list of [party id, relationship]") from error


class OutreachDesk:
    """Tables `opportunities`, `users`, `stages`, `accounts`, `prospects` and `roles`.

    A record is `{"attributes": {...}, "relationships": {name: id or null}}`, as is what creates
    or changes one; `id` may be given for a new one.
    """

    def __init__(self, world: OutreachWorld, traffic: Faults) -> None:
        self.traffic = traffic
        self.knobs: object = world.knobs
        self._shelves: Mapping[str, Shelf] = {
            "opportunities": world.opportunities,
            "users": world.users,
            "stages": world.stages,
            "accounts": world.accounts,
            "prospects": world.prospects,
            "roles": world.roles,
        }

    def ids(self, table: str) -> list[int]:
        """See `Desk`."""
        return [row.id for row in self._shelves[table].rows()]

    def read(self, table: str, record_id: int) -> JsonObject:
        """See `Desk`."""
        row = self._row(table, record_id)
        return {
            "id": row.id,
            "attributes": dict(row.attributes),
            "relationships": dict(row.relationships),
            "created_at": row.created_at,
            "updated_at": row.updated_at,
        }

    def create(self, table: str, given: JsonObject) -> int:
        """See `Desk`."""
        record_id = given.pop("id", None)
        return self._shelves[table].create(*_members(given), id=record_id)

    def update(self, table: str, record_id: int, given: JsonObject) -> None:
        """See `Desk`."""
        self._shelves[table].update(self._row(table, record_id).id, *_members(given))

    def delete(self, table: str, record_id: int) -> None:
        """See `Desk`."""
        self._shelves[table].delete(self._row(table, record_id).id)

    def _row(self, table: str, record_id: int) -> Row:
        row = self._shelves[table].get(record_id)
        if row is None:
            raise LookupError(f"{table} has no record {record_id}")
        return row


def _members(given: JsonObject) -> tuple[JsonObject, dict[str, int | None]]:
    unknown = given.keys() - {"attributes", "relationships"}
    if unknown:
        raise ValueError(f"unknown: {', '.join(sorted(unknown))}; put it into attributes")
    return given.get("attributes", {}), given.get("relationships", {})


def _typed(table: Table, given: Mapping[str, Any]) -> JsonObject:
    """Texts as the column's own type; what is no text already has one."""
    typed: JsonObject = {}
    for name, value in given.items():
        datatype = table.type.named(name).datatype
        # A long or blank text is what a user may type, so texts pass unchecked.
        typed[name] = (
            parse(datatype, value, 0)
            if isinstance(value, str) and datatype not in _TEXTUAL
            else value
        )
    return typed


def _plain(value: object) -> object:
    match value:
        case Money():
            return f"{value.amount:f} {value.code} {value.flags}"
        case Decimal():
            return str(value)
        case date():
            return value.isoformat()
        case _:
            return value


def knobs_of(desk: Desk) -> JsonObject:
    """Every knob at its present value, sets as lists."""
    knobs = desk.knobs
    if not is_dataclass(knobs) or isinstance(knobs, type):
        raise TypeError(f"knobs are a dataclass, not {type(knobs).__name__}")
    return {
        name: sorted(cast("frozenset[str]", value)) if isinstance(value, frozenset) else value
        for name, value in asdict(knobs).items()
    }


def turn(desk: Desk, name: str, value: object) -> None:
    """Set one knob.

    Raises:
        LookupError: no such knob.
        ValueError: the value is of another type than the present one.
    """
    present = knobs_of(desk).get(name, KeyError)
    if present is KeyError:
        raise LookupError(f"no knob {name}")
    if isinstance(present, list):
        value = frozenset(cast("list[str]", value))
    elif present is not None and value is not None and not _alike(present, value):
        raise ValueError(f"{name} is a {type(present).__name__}")
    setattr(desk.knobs, name, value)


def _alike(present: object, value: object) -> bool:
    if isinstance(present, bool) or isinstance(value, bool):
        return isinstance(present, bool) and isinstance(value, bool)
    if isinstance(present, int | float):
        return isinstance(value, int | float)
    return isinstance(value, type(present))
