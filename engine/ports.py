"""The ports: what the engine asks of a source, of a target, and of the world around it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from random import Random
from typing import Any, Protocol

import httpx
from pydantic import BaseModel

from engine.flow.governor import Governor
from engine.records import (
    Captured,
    Fields,
    Json,
    Kind,
    Match,
    Page,
    Position,
    Scalar,
    SourceRecord,
    Stage,
    TargetField,
    User,
    Value,
    WriteBack,
    WriteBackResult,
)
from engine.settings import BudgetSettings


class WallClock(Protocol):
    """The only reader of the wall clock."""

    def now(self) -> float:
        """Seconds since the Unix epoch, UTC."""
        ...


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
class Surroundings:
    """Everything from outside that a connector may touch."""

    clock: WallClock
    rng: Random
    governor: Governor
    vault: Vault
    observe: RequestObserver
    transport: httpx.AsyncBaseTransport
    user_agent: str
    columns: Sequence[str] = field(default_factory=tuple)
    """Source columns the mapping needs, beyond the connector's own; empty for a target."""


class Source(Protocol):
    """The system changes come from and results are written back to."""

    def steps(self) -> Sequence[Step]:
        """Start-up steps in order; all must have run before any other call."""
        ...

    async def changes(self, after: Position | None, limit: int) -> Page:
        """Eligible records behind `after` in the change order (mission rule 2)."""
        ...

    async def unlinked(self, after_id: int, limit: int) -> Page:
        """Eligible records without a target id and with id > `after_id`, by id (rule 2, 3)."""
        ...

    async def fetch(self, ids: Sequence[int]) -> list[Captured]:
        """The records with these ids, whatever their eligibility; missing ones are left out."""
        ...

    def read(self, payload: str) -> SourceRecord:
        """Open the payload of a captured row."""
        ...

    def parse(self, raw: Json, kind: Kind) -> Value:
        """Read one column's raw value as `kind`; blank gives None.

        Raises:
            Malformed: the value does not have that form.
        """
        ...

    async def write_back(self, entries: Sequence[WriteBack]) -> list[WriteBackResult]:
        """Deliver up to one batch; one result per entry, in order.

        Raises:
            Unreachable: with `ambiguous`, when some entries may have been executed.
        """
        ...

    async def account_ids(self, customer_ids: Collection[int]) -> Mapping[int, str]:
        """Target account id recorded on each customer that has one, by customer id."""
        ...


class Target(Protocol):
    """The system records are created and updated in."""

    @property
    def fields(self) -> Mapping[str, TargetField]:
        """Every writable field, by name."""
        ...

    def steps(self) -> Sequence[Step]:
        """Start-up steps in order; all must have run before any other call."""
        ...

    def encode(self, field_name: str, value: Value) -> Scalar:
        """A typed value in the field's canonical wire form.

        Raises:
            Rejected: the target would refuse it for certain; names the field.
        """
        ...

    async def create(self, fields: Fields) -> int:
        """Create one record and return its id. Never repeats a request by itself.

        Raises:
            Unreachable: with `ambiguous` when the record may exist all the same.
        """
        ...

    async def update(self, target_id: int, changes: Fields) -> None:
        """Send exactly these fields; None clears one.

        Raises:
            Gone: no such record.
        """
        ...

    async def get(self, target_id: int, field_names: Collection[str]) -> Fields:
        """The record's present values, canonical.

        Raises:
            Gone: no such record.
        """
        ...

    async def find(self, correlation: str) -> list[Match]:
        """Records that carry the correlation value, oldest first, as the collection shows them."""
        ...

    async def users(self) -> list[User]:
        """Every user."""
        ...

    async def stages(self) -> list[Stage]:
        """Every stage."""
        ...

    async def accounts(self, ids: Collection[int]) -> set[int]:
        """Those of the given account ids that exist."""
        ...

    def url(self, target_id: int) -> str:
        """Address of the record in the target's web application."""
        ...


class SourceTerms(Protocol):
    """What the engine reads of a source's settings."""

    @property
    def base_url(self) -> str:
        """Address of the system."""
        ...

    @property
    def requests_in_flight_max(self) -> int:
        """Requests under way at once."""
        ...

    @property
    def page_size(self) -> int:
        """Rows read by one request."""
        ...


class TargetTerms(Protocol):
    """What the engine reads of a target's settings."""

    @property
    def base_url(self) -> str:
        """Address of the system."""
        ...

    @property
    def requests_in_flight_max(self) -> int:
        """Requests under way at once."""
        ...

    @property
    def visibility_s(self) -> float:
        """Seconds a collection may lag behind a write."""
        ...

    @property
    def on_missing(self) -> str:
        """ "refuse" or "recreate" a record that is gone."""
        ...

    @property
    def budget(self) -> BudgetSettings:
        """Requests the system may receive from us."""
        ...


@dataclass(frozen=True, slots=True)
class StandardField:
    """A default mapping line: target field, the neutral field it takes, and the conversion."""

    field: str
    standard: str
    conversion: str


@dataclass(frozen=True, slots=True)
class SourceConnector:
    """A source, as the entry-point group `wosync.connectors` offers it.

    `standard_columns` names the columns behind each neutral field, first non-blank wins.
    """

    name: str
    settings: type[BaseModel]
    standard_columns: Mapping[str, tuple[str, ...]]
    open: Callable[[Any, Surroundings], AbstractAsyncContextManager[Source]]


@dataclass(frozen=True, slots=True)
class TargetConnector:
    """A target, as the entry-point group `wosync.connectors` offers it.

    `correlation_field` is the filterable target field that carries the correlation value.
    """

    name: str
    settings: type[BaseModel]
    standard_mapping: Sequence[StandardField]
    correlation_field: str
    open: Callable[[Any, Surroundings], AbstractAsyncContextManager[Target]]
