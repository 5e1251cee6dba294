"""The ports: what the engine asks of a source, of a target, and of the world around it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Protocol

from engine.clock import Clock
from engine.errors import TheirFault
from engine.flow.governor import Governor
from engine.model.fields import Fields, Json, Scalar
from engine.model.permissions import Permission, Standing, Use
from engine.model.pointer import Pointer
from engine.model.records import (
    Captured,
    Column,
    Kind,
    Listing,
    MappingRow,
    Match,
    Newest,
    Page,
    Position,
    ProspectMatch,
    RecordType,
    Role,
    Roster,
    SourceRecord,
    Stage,
    TabPage,
    TargetField,
    User,
    Value,
    WriteBack,
    WriteBackResult,
)
from engine.wire.way import Way


class Vault(Protocol):
    """Durable storage for a connector's own secrets, such as rotated tokens."""

    async def load(self, name: str) -> str | None:
        """The text saved under `name`, or None."""
        ...

    async def save(self, name: str, text: str) -> None:
        """Store `text`; it is on disk when this returns."""
        ...


class RequestObserver(Protocol):
    """Told about every finished request; feeds metrics."""

    def __call__(self, method: str, route: str, status: str, duration_s: float) -> None:
        """`route` is a template such as `/things/{id}`; `status` a code or an error class."""
        ...


@dataclass(frozen=True, slots=True)
class Step:
    """One named start-up step of a connector.

    `run` returns a short fact for the operator ("12 users") and raises an EngineError with a
    remedy when the step fails.
    """

    name: str
    run: Callable[[], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class ConnectorEnvironment:
    """Everything from outside that a connector may touch."""

    clock: Clock
    rng: Random
    governor: Governor
    vault: Vault
    observe: RequestObserver
    way: Way
    user_agent: str


class Authority(Protocol):
    """Leave to work in a system that a person gives on a consent page, for a code in return."""

    @property
    def redirect_uri(self) -> str | None:
        """Where the consent page is to lead back to, if that is configured."""
        ...

    def needed(self, uses: Collection[Use]) -> Sequence[Permission]:
        """What must be granted for these uses, without anything more."""
        ...

    def missing(
        self, needed: Collection[Permission], granted: Collection[str]
    ) -> Sequence[Permission]:
        """Those that were not granted, neither by name nor as part of a wider one."""
        ...

    def consent_address(self, needed: Collection[Permission], state: str, redirect_uri: str) -> str:
        """Address of the consent page; `state` comes back with the answer."""
        ...

    async def redeem(self, code: str, redirect_uri: str) -> None:
        """Exchange the code of a consent, and keep what comes of it; it is in force at once.

        Raises:
            Unauthorized: the code is refused; what was granted before stays in force.
        """
        ...

    async def standing(self) -> Standing:
        """What was granted, and until when; asks nobody."""
        ...

    async def renew(self) -> None:
        """Make use of the leave, where it has long not been used.

        Raises:
            EngineError: it could not be used.
        """
        ...

    async def attempt(self, needed: Permission) -> bool:
        """Try one without changing anything; False where only a change would show it.

        Raises:
            EngineError: it is refused, or cannot be tried now.
        """
        ...

    async def account(self) -> str | None:
        """Whose requests ours count as, told so that nobody can tell who that is; asks nobody.

        None where that is not known, or not yet.
        """
        ...

    async def holder(self) -> str | None:
        """Who gave the leave, as the system knows them; None where it does not tell."""
        ...


@dataclass(frozen=True, slots=True)
class Fetched:
    """What was asked for by its ids: who cannot be read keeps nobody else from being read.

    Args:
        unreadable: what is wrong with each row that cannot be read, by its id.
    """

    rows: list[Captured]
    unreadable: Mapping[int, TheirFault]

    def whole(self) -> list[Captured]:
        """All rows.

        Raises:
            TheirFault: one of them cannot be read.
        """
        for fault in self.unreadable.values():
            raise fault
        return self.rows

    @property
    def why_unreadable(self) -> list[str]:
        """What is wrong with those that cannot be read, in words."""
        return [fault.message for fault in self.unreadable.values()]


class Source(Protocol):
    """The system changes come from and results are written back to."""

    async def identity(self) -> str:
        """Who we are there, and in which database.

        Raises:
            EngineError: the credentials are refused, or the system cannot be reached.
        """
        ...

    def steps(self) -> Sequence[Step]:
        """Start-up steps in order; all must have run before any other call but `select`."""
        ...

    def select(self, record_type: RecordType, columns: Sequence[str]) -> None:
        """Read these columns too from now on, in place of those selected before."""
        ...

    def apart(self) -> Source:
        """The same system by the same connection; what is selected there concerns nobody else."""
        ...

    def sends(self, record_type: RecordType, entry: WriteBack) -> bool:
        """Whether anything of a write-back would be sent: there may be no column for it."""
        ...

    @property
    def people(self) -> bool:
        """Whether people carry the columns that link them to the target."""
        ...

    @property
    def tab_changes_listed(self) -> bool:
        """Whether `tab_changes` can be asked."""
        ...

    async def columns(self, record_type: RecordType) -> Mapping[str, Column] | None:
        """Every column of the record type by name, or None when we may not read the metadata."""
        ...

    async def changes(self, after: Position | None, limit: int, *, flagged: bool = False) -> Page:
        """Eligible opportunities behind `after` in the change order (mission rule 2).

        Args:
            flagged: those whose error flag alone keeps them from being eligible too.
        """
        ...

    async def unlinked(self, after_id: int, limit: int) -> Page:
        """Eligible opportunities without a target id and with id > `after_id`, by id (rule 3)."""
        ...

    async def eligible(self, after_id: int, limit: int) -> Page:
        """Eligible opportunities with id > `after_id`, by id, linked or not."""
        ...

    async def tab_changes(self, after: Position, limit: int) -> TabPage:
        """Relationships behind `after` in their own change order, removed ones included."""
        ...

    async def newest_tab_change(self) -> Newest:
        """Where the change order of relationships ends now."""
        ...

    async def people_changes(self, after: Position, limit: int) -> Page:
        """Eligible people behind `after` in their change order."""
        ...

    async def newest_person_change(self) -> Newest:
        """Where the change order of people ends now."""
        ...

    async def fetch(self, record_type: RecordType, ids: Sequence[int]) -> Fetched:
        """The records with these ids, whatever their eligibility; missing ones are left out."""
        ...

    async def pointed_at(self, pointer: Pointer) -> list[Captured]:
        """The records of this name, or that carry this target id, whatever their eligibility."""
        ...

    async def deleted(self, record_type: RecordType, ids: Sequence[int]) -> set[int]:
        """Those of these records that the source shows as deleted."""
        ...

    async def mapping_rows(self) -> list[MappingRow] | None:
        """Enabled lines kept in the source; None when it keeps none at all."""
        ...

    def read(self, record_type: RecordType, payload: str) -> SourceRecord:
        """Open the payload of a captured row; a column it does not hold is absent."""
        ...

    def parse(self, raw: Json, kind: Kind) -> Value:
        """Read one column's raw value as `kind`; blank gives None.

        Raises:
            Malformed: the value does not have that form.
        """
        ...

    async def write_back(
        self, record_type: RecordType, entries: Sequence[WriteBack]
    ) -> list[WriteBackResult]:
        """Deliver up to one batch; one result per entry, in order.

        Raises:
            Unreachable: with `ambiguous`, when some entries may have been executed.
        """
        ...

    async def account_ids(self, customer_ids: Collection[int]) -> Mapping[int, str | None]:
        """Target account id recorded on each customer that has one, by customer id.

        None stands for one that is not given, and may be anything.
        """
        ...

    async def accounts_changed(self, since: float) -> Mapping[int, str | None]:
        """The same of each customer that was changed at or after that time, unix seconds.

        One that has none is there with an empty text.
        """
        ...


class Target(Protocol):
    """The system records are created and updated in."""

    @property
    def authority(self) -> Authority | None:
        """By whose leave we work there; None where none is needed."""
        ...

    def fields(self, record_type: RecordType) -> Mapping[str, TargetField]:
        """Every writable field by name; labels and choices are known after the start-up steps."""
        ...

    def steps(self) -> Sequence[Step]:
        """Start-up steps in order; all must have run before any other call."""
        ...

    def encode(self, field: TargetField, value: Value) -> Scalar:
        """A typed value in the field's canonical wire form.

        Raises:
            Rejected: the target would refuse it for certain; names the field.
        """
        ...

    async def create(self, fields: Fields) -> int:
        """Create one opportunity and return its id. Never repeats a request by itself.

        Raises:
            Unreachable: with `ambiguous` when the opportunity may exist all the same.
        """
        ...

    async def update(self, target_id: int, changes: Fields) -> None:
        """Send exactly these fields of an opportunity; None clears one.

        Raises:
            Gone: no such opportunity.
        """
        ...

    async def get(self, target_id: int, field_names: Collection[str]) -> Fields:
        """The opportunity's present values, canonical.

        Raises:
            Gone: no such opportunity.
        """
        ...

    async def shown(
        self, target_ids: Collection[int], field_names: Collection[str]
    ) -> Mapping[int, Fields]:
        """What opportunities hold by id, canonical, as the collection shows, asked for together.

        One that is not there, or that cannot be read, is left out; so may be others.
        """
        ...

    async def find(self, correlations: Collection[str]) -> Mapping[str, list[Match]]:
        """Opportunities by the correlation value they carry, oldest first, as the collection shows.

        A value that none of them carries may be left out.
        """
        ...

    async def listed(self, field_names: Collection[str], after: str | None) -> Listing:
        """A page of all opportunities with these fields, as the collection shows.

        Args:
            after: what the page before told; None for the first one.
        """
        ...

    async def delete(self, target_id: int) -> None:
        """Remove an opportunity; one that is gone already counts as removed."""
        ...

    async def find_prospects(self, emails: Collection[str]) -> list[ProspectMatch]:
        """Prospects that carry any of these e-mail addresses, by id, as the collection shows."""
        ...

    async def create_prospect(self, fields: Fields) -> int:
        """Create one prospect and return its id. Never repeats a request by itself.

        Raises:
            Unreachable: with `ambiguous` when the prospect may exist all the same.
            Taken: another prospect has the e-mail address.
        """
        ...

    async def prospect_exists(self, prospect_id: int) -> bool:
        """Whether there is such a prospect now."""
        ...

    async def roles(self, target_id: int) -> list[Role]:
        """Every role on the opportunity, by id, as the collection shows."""
        ...

    async def role(self, target_id: int, role_id: int) -> Role | None:
        """The role as it is now, whatever the collection shows; None when it is not there."""
        ...

    async def create_role(self, target_id: int, prospect_id: int, role: str) -> int:
        """Relate a prospect to an opportunity and return the role's id. Never repeats by itself.

        Raises:
            Unreachable: with `ambiguous` when the role may exist all the same.
            Taken: the target holds that very role already.
        """
        ...

    async def update_role(self, role_id: int, role: str) -> None:
        """Change the text of a role.

        Raises:
            Gone: no such role.
        """
        ...

    async def delete_role(self, role_id: int) -> None:
        """Remove a role; one that is gone already counts as removed."""
        ...

    async def users(self) -> Roster[User]:
        """Every user."""
        ...

    async def user_exists(self, user_id: int) -> bool:
        """Whether there is such a user now."""
        ...

    async def stages(self) -> Roster[Stage]:
        """Every stage."""
        ...

    async def accounts(self, ids: Collection[int]) -> set[int]:
        """Those of the given account ids that exist."""
        ...

    def url(self, record_type: RecordType, target_id: int) -> str:
        """Address of the record in the target's web application."""
        ...
