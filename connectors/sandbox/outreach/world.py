"""The Outreach org behind the API, and the hands of the people who use it on screen.

HTTP requests and Python callers edit the same tables under the same rules; see `writes` for the few
liberties that the screens have over the API.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from connectors.sandbox.outreach.envelope import Refused
from connectors.sandbox.outreach.knobs import OutreachKnobs
from connectors.sandbox.outreach.limits import RateLimits
from connectors.sandbox.outreach.moments import iso
from connectors.sandbox.outreach.oauth import Grant, TokenVault
from connectors.sandbox.outreach.rows import Row, Table
from connectors.sandbox.outreach.schema import ALL_SCOPES, RESOURCES
from connectors.sandbox.outreach.validations import Validation
from connectors.sandbox.outreach.writes import Links, Rules, Write, changes_nothing, drafted

_LOOKUPS: Final[Mapping[str, tuple[str, ...]]] = {
    "opportunity": ("customId",),
    "opportunityProspectRole": ("opportunity", "prospect"),
    "opportunityStage": ("name",),
    "user": ("username", "email"),
    "prospect": ("emails",),
    "account": ("customId", "domain", "name"),
}


class Shelf:
    """One resource as its users handle it: no API rules about read-only or required members."""

    def __init__(self, world: "OutreachWorld", table: Table) -> None:
        self._world = world
        self._table = table

    def __len__(self) -> int:
        return len(self._table)

    def create(
        self,
        attributes: Mapping[str, Any],
        relationships: Links | None = None,
        id: int | None = None,  # noqa: A002 - the member's own name on the wire
    ) -> int:
        """Add a record and return its id. `createdAt` and `updatedAt` may be given.

        Raises:
            ValueError: an unknown member, a value of the wrong type, a missing related record, a
                taken e-mail address or user name, or an id in use.
        """
        if id is not None and self._table.get(id) is not None:
            raise ValueError(f"{self._table.resource.type} {id} exists")
        return self._write(None, attributes, relationships, id).id

    def get(self, id: int) -> Row | None:  # noqa: A002 - as in create
        """The record as it is now."""
        return self._table.get(id)

    def update(
        self,
        id: int,  # noqa: A002 - as in create
        attributes: Mapping[str, Any] | None = None,
        relationships: Links | None = None,
    ) -> None:
        """Change the given members; None clears one.

        Raises:
            ValueError: as in create, or there is no such record.
        """
        self._write(self._present(id), attributes or {}, relationships, None)

    def delete(self, id: int) -> None:  # noqa: A002 - as in create
        """Remove a record, and what cannot be without it.

        Raises:
            ValueError: there is no such record.
        """
        self._world.remove(self._present(id))

    def trash(self, id: int) -> None:  # noqa: A002 - as in create
        """Delete as the screens do: the record stays readable with `trashedAt` set (§15.9).

        Raises:
            ValueError: there is no such record, or this resource has no `trashedAt`.
        """
        self._write(self._present(id), {"trashedAt": iso(int(self._world.clock()))}, None, None)

    def rows(self) -> list[Row]:
        """Every record as it is now, by id."""
        return self._table.rows()

    def _present(self, row_id: int) -> Row:
        row = self._table.get(row_id)
        if row is None:
            raise ValueError(f"there is no {self._table.resource.type} {row_id}")
        return row

    def _write(
        self,
        current: Row | None,
        attributes: Mapping[str, Any],
        links: Links | None,
        new_id: int | None,
    ) -> Row:
        write = Write(self._table.resource, current, attributes, links or {}, trusted=True)
        try:
            return self._world.apply(write, new_id=new_id)
        except Refused as refusal:
            raise ValueError(str(refusal)) from refusal


class OutreachWorld:
    """One Outreach org: records, tokens, limits, counters. `clock` gives epoch seconds."""

    def __init__(
        self, clock: Callable[[], float] = time.time, knobs: OutreachKnobs | None = None
    ) -> None:
        self.clock = clock
        self._knobs = knobs or OutreachKnobs()
        self.tables: dict[str, Table] = {
            name: Table(RESOURCES[name], lookups, self._knobs, clock)
            for name, lookups in _LOOKUPS.items()
        }
        self.custom_fields: dict[str, dict[str, Validation]] = {}
        self.vault = TokenVault(self._knobs, clock)
        self.limits = RateLimits(self._knobs, clock)
        #: Requests by (method, route template), for example ("PATCH", "/opportunities/{id}").
        self.stats: Counter[tuple[str, str]] = Counter()
        self.users = Shelf(self, self.tables["user"])
        self.stages = Shelf(self, self.tables["opportunityStage"])
        self.accounts = Shelf(self, self.tables["account"])
        self.prospects = Shelf(self, self.tables["prospect"])
        self.opportunities = Shelf(self, self.tables["opportunity"])
        self.roles = Shelf(self, self.tables["opportunityProspectRole"])

    @property
    def knobs(self) -> OutreachKnobs:
        """The knobs of this world; turn one by setting its attribute, at any time."""
        return self._knobs

    @property
    def calls_by_month(self) -> Counter[tuple[int, str]]:
        """API calls by (user id, "YYYY-MM"), the measure of the annual plan (§16.18)."""
        return self.limits.calls_by_month

    def add_app(
        self, client_id: str, client_secret: str, redirect_uris: Iterable[str] = ()
    ) -> None:
        """Register an OAuth application; without redirect URIs any is accepted."""
        self.vault.add_app(client_id, client_secret, redirect_uris)

    def grant(self, client_id: str, user_id: int, scopes: Iterable[str] = ALL_SCOPES) -> str:
        """Let a user consent to an app; returns the first refresh token.

        Raises:
            ValueError: there is no such app or user.
        """
        return self.issue_refresh_token(client_id, user_id, scopes)

    def issue_refresh_token(
        self, client_id: str, user_id: int, scopes: Iterable[str] = ALL_SCOPES
    ) -> str:
        """One more refresh token for that user and app, outside the mint throttle.

        Raises:
            ValueError: there is no such app or user.
        """
        return self.vault.issue_refresh_token(self._granted(client_id, user_id, scopes))

    def issue_access_token(
        self, client_id: str, user_id: int, scopes: Iterable[str] = ALL_SCOPES
    ) -> str:
        """A valid access token without a visit to the token endpoint.

        Raises:
            ValueError: there is no such app or user.
        """
        return self.vault.issue_access_token(self._granted(client_id, user_id, scopes))

    def revoke_all_tokens(self) -> None:
        """Every access and refresh token stops working."""
        self.vault.revoke_all()

    def expire_access_tokens(self) -> None:
        """Every access token stops working; refresh tokens still do."""
        self.vault.expire_access_tokens()

    def define_custom_field(self, type_name: str, name: str, rule: Validation) -> None:
        """Put a rule on a custom field, as an admin does; shown at `/types` (§10).

        Raises:
            ValueError: that resource has no such custom field.
        """
        attribute = RESOURCES[type_name].attributes.get(name)
        if attribute is None or not attribute.is_custom:
            raise ValueError(f"{type_name} has no custom field {name}")
        self.custom_fields.setdefault(type_name, {})[name] = rule

    def find_opportunities(self, custom_id: str) -> list[Row]:
        """Opportunities with exactly this customId, by id; several is what must not happen."""
        found = self.tables["opportunity"].find("customId", custom_id)
        return [row for row in found if row.attributes.get("customId") == custom_id]

    def roles_on(self, opportunity_id: int) -> list[Row]:
        """Roles on one opportunity, by id."""
        return self.tables["opportunityProspectRole"].find("opportunity", opportunity_id)

    def apply(self, write: Write, actor_id: int | None = None, new_id: int | None = None) -> Row:
        """Carry out a create or an update and return the record.

        Raises:
            Refused: the write breaks a rule of `writes`.
        """
        draft = drafted(write, Rules(self.tables, self.knobs, self.custom_fields))
        current = write.current
        if current is not None and changes_nothing(write, draft, self.knobs):
            return current
        now = int(self.clock())
        table = self.tables[write.resource.type]
        _sign(write, draft.links, actor_id)
        created_at = draft.created_at or (current.created_at if current else now)
        row = Row(
            write.resource,
            current.id if current else new_id or table.next_id(),
            draft.attributes,
            draft.links,
            created_at,
            draft.updated_at or (now if current else max(now, created_at)),
        )
        table.put(row)
        return row

    def remove(self, row: Row) -> None:
        """Delete a record with its roles; elsewhere it is only unlinked (§15.9)."""
        roles = self.tables["opportunityProspectRole"]
        if row.resource.type in roles.lookups:
            for role in roles.find(row.resource.type, row.id):
                roles.drop(role.id)
        table = self.tables[row.resource.type]
        if self.knobs.soft_delete and row.resource.type == "opportunity":
            trashed = {**row.attributes, "trashedAt": iso(int(self.clock()))}
            table.put(replace(row, attributes=trashed, updated_at=int(self.clock())))
            return
        table.drop(row.id)
        if row.resource.type not in ("opportunity", "opportunityProspectRole"):
            self._unlink(row)

    def _unlink(self, row: Row) -> None:
        for table in self.tables.values():
            names = {
                each.name
                for each in table.resource.relationships.values()
                if each.kind == "one" and each.target == row.resource.type
            }
            for other in table.rows() if names else ():
                kept = {
                    name: target
                    for name, target in other.relationships.items()
                    if name not in names or target != row.id
                }
                if len(kept) != len(other.relationships):
                    table.put(replace(other, relationships=kept))

    def _granted(self, client_id: str, user_id: int, scopes: Iterable[str]) -> Grant:
        if self.vault.app(client_id) is None or self.users.get(user_id) is None:
            raise ValueError(f"there is no app {client_id!r} or no user {user_id}")
        return Grant(client_id, user_id, tuple(scopes))


def _sign(write: Write, links: dict[str, int], actor_id: int | None) -> None:
    name = "creator" if write.creates else "updater"
    if actor_id is not None and name in write.resource.relationships:
        links[name] = actor_id
