"""Records as JSON:API resource objects (§2)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from connectors.sandbox.outreach.envelope import invalid
from connectors.sandbox.outreach.moments import iso
from connectors.sandbox.outreach.query import Query
from connectors.sandbox.outreach.rows import Row, Table
from connectors.sandbox.outreach.schema import RESOURCES, Relationship, Resource, plural_of

#: Where an embedded list of records comes from: the table, its look-up, its link (None: itself).
_EMBEDDED: Final[Mapping[tuple[str, str], tuple[str, str, str | None]]] = {
    ("prospect", "opportunities"): ("opportunityProspectRole", "prospect", "opportunity"),
    ("prospect", "opportunityProspectRoles"): ("opportunityProspectRole", "prospect", None),
    ("opportunity", "prospects"): ("opportunityProspectRole", "opportunity", "prospect"),
}


@dataclass(frozen=True, slots=True)
class Renderer:
    """Writes resource objects for one response; `origin` is scheme and host of every link."""

    tables: Mapping[str, Table]
    origin: str
    fields: Mapping[str, frozenset[str]]
    authorization_meta: bool = False
    data_connections: bool = False

    @staticmethod
    def of(tables: Mapping[str, Table], origin: str, query: Query, sparse: bool) -> "Renderer":
        """A renderer that honours the request's `fields` (if `sparse`) and resource meta."""
        fields = {
            key.removeprefix("fields[").removesuffix("]"): frozenset(
                name for value in values for name in value.split(",")
            )
            for key, values in query.grouped("fields[")
        }
        return Renderer(
            tables,
            origin,
            fields if sparse else {},
            query.is_true("provideAuthorizationMeta"),
            query.is_true("provideDataConnections"),
        )

    def resource(self, row: Row) -> dict[str, Any]:
        """One resource object: every attribute, every relationship, `links.self`."""
        rendered: dict[str, Any] = {
            "type": row.resource.type,
            "id": row.id,
            "attributes": self._attributes(row),
            "relationships": {
                relationship.name: self._relationship(row, relationship)
                for relationship in row.resource.relationships.values()
            },
            "links": {"self": f"{self.origin}/api/v2/{row.resource.plural}/{row.id}"},
        }
        meta = self._meta(row)
        return {**rendered, "meta": meta} if meta else rendered

    def included(self, rows: Iterable[Row], include: str) -> list[dict[str, Any]]:
        """The records that dotted paths reach from these rows, each once (§6.3).

        Raises:
            Refused: 422 for a path that is no relationship.
        """
        found: dict[tuple[str, int], Row] = {}
        start = list(rows)
        for path in include.split(","):
            level = start
            for name in path.split("."):
                level = [each for row in level for each in self._related(row, name)]
                found |= {(row.resource.type, row.id): row for row in level}
        return [self.resource(row) for row in found.values()]

    def _attributes(self, row: Row) -> dict[str, Any]:
        own = {
            **row.attributes,
            "createdAt": iso(row.created_at),
            "updatedAt": iso(row.updated_at),
        }
        fields = self.fields.get(row.resource.type)
        if fields is None:
            return row.resource.blank | own
        blank = row.resource.blank
        return {name: own.get(name, blank[name]) for name in sorted(fields) if name in blank}

    def _relationship(self, row: Row, relationship: Relationship) -> dict[str, Any]:
        if relationship.kind == "one":
            target = row.relationships.get(_stored(row.resource, relationship.name))
            return {"data": None if target is None else _identifier(relationship.target, target)}
        key = f"filter%5B{row.resource.type}%5D%5Bid%5D={row.id}"
        related = f"{self.origin}/api/v2/{plural_of(relationship.target)}?{key}"
        if relationship.kind == "link":
            return {"links": {"related": related}}
        ids = self._embedded(row, relationship.name)
        return {
            "data": [_identifier(relationship.target, each) for each in ids],
            "links": {"related": related},
            "meta": {"count": len(ids)},
        }

    def _embedded(self, row: Row, name: str) -> list[int]:
        if row.resource.type == "opportunity" and name == "assignedUsers":
            # Seen live: the owner is the one assigned user (§8.1, §15.14).
            return [row.relationships["owner"]] if "owner" in row.relationships else []
        source = _EMBEDDED.get((row.resource.type, name))
        if source is None:
            return []
        type_name, lookup, link = source
        others = self.tables[type_name].find(lookup, row.id)
        return list(dict.fromkeys(each.relationships[link] if link else each.id for each in others))

    def _related(self, row: Row, name: str) -> list[Row]:
        relationship = row.resource.relationships.get(name)
        if relationship is None:
            raise invalid(f"'{name}' is not a relationship of '{row.resource.type}'.")
        if relationship.target not in RESOURCES:
            return []
        if relationship.kind == "one":
            link = _stored(row.resource, name)
            ids = [row.relationships[link]] if link in row.relationships else []
        else:
            ids = self._embedded(row, name)
        rows = map(self.tables[relationship.target].get, ids)
        return [each for each in rows if each is not None]

    def _meta(self, row: Row) -> dict[str, Any]:
        meta: dict[str, Any] = {}
        if self.authorization_meta:
            meta["canWrite"] = True
            if "DELETE" in row.resource.methods:
                meta["canDelete"] = True
        if self.data_connections:
            meta["dataConnections"] = list[Any]()
        return meta


def _stored(resource: Resource, name: str) -> str:
    # An opportunity's `stage` only mirrors its `opportunityStage` (§8.1).
    mirrors = resource.type == "opportunity" and name == "stage"
    return "opportunityStage" if mirrors else name


def _identifier(type_name: str, record_id: int) -> dict[str, Any]:
    return {"type": type_name, "id": record_id}
