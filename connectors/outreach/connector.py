"""Outreach as the engine's target: the port, the start-up steps and the default mapping."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from connectors.outreach import mapping, protocol
from connectors.outreach.client import OutreachClient
from connectors.outreach.fields import FIELDS
from connectors.outreach.settings import OutreachSettings
from engine import (
    Exchange,
    Fields,
    Gone,
    Match,
    Misconfigured,
    Rejected,
    Scalar,
    Stage,
    StandardField,
    Step,
    Surroundings,
    TargetConnector,
    TargetField,
    User,
    Value,
)

CORRELATION_FIELD = "customId"
Shown = TypeVar("Shown")


@dataclass(frozen=True, slots=True)
class OutreachTarget:
    """The target port over one client."""

    settings: OutreachSettings
    client: OutreachClient

    @property
    def fields(self) -> Mapping[str, TargetField]:
        """Every writable field of an opportunity, by name (outreach-api §8.1)."""
        return FIELDS

    def steps(self) -> Sequence[Step]:
        """Start-up steps in order; each can be run again."""
        return (
            Step("credentials", self._check_credentials),
            Step("opportunities", self._check_opportunities),
            Step("users", self._count_users),
            Step("stages", self._count_stages),
        )

    def encode(self, field_name: str, value: Value) -> Scalar:
        """A typed value in canonical wire form; see `mapping.encode`.

        Raises:
            Rejected: Outreach would refuse it for certain; names the field.
        """
        return mapping.encode(field_name, value)

    async def create(self, fields: Fields) -> int:
        """Create one opportunity and return its id; never searched for before (outreach-api §7).

        Raises:
            Unreachable: with `ambiguous` when the opportunity may exist all the same.
            Rejected: refused; names the field when the answer does.
        """
        return await self.client.create(fields)

    async def update(self, target_id: int, changes: Fields) -> None:
        """Send exactly these fields; None clears one. Nothing to change sends nothing.

        Raises:
            Gone: no such opportunity, or hidden from our user.
            Rejected: refused; names the field when the answer does.
        """
        # A request that changes nothing may itself be refused (outreach-api §7).
        if changes:
            await self.client.update(target_id, changes)

    async def get(self, target_id: int, field_names: Collection[str]) -> Fields:
        """The opportunity's present values, canonical, exactly the fields asked for.

        Raises:
            Gone: no such opportunity, or hidden from our user.
        """
        return protocol.observed(await self.client.get(target_id, field_names), field_names)

    async def find(self, correlation: str) -> list[Match]:
        """Opportunities whose `customId` is exactly this value, oldest first.

        An empty list proves nothing while the collection may lag (outreach-api §6.4).
        """
        return protocol.matches(await self.client.find(correlation), correlation)

    async def users(self) -> list[User]:
        """Every user, locked ones included (outreach-api §8.4)."""
        return [protocol.user(resource) for resource in await self.client.users()]

    async def stages(self) -> list[Stage]:
        """Every opportunity stage (outreach-api §8.3)."""
        return [protocol.stage(resource) for resource in await self.client.stages()]

    async def accounts(self, ids: Collection[int]) -> set[int]:
        """Those of the ids that exist.

        The index shows named accounts only (outreach-api §8.6), so the rest are asked for one by
        one.
        """
        asked = iter(sorted({account_id for account_id in ids if account_id > 0}))
        found: set[int] = set()
        while chunk := list(islice(asked, protocol.ACCOUNTS_PER_REQUEST)):
            shown = await self.client.indexed_accounts(chunk)
            hidden = [account_id for account_id in chunk if account_id not in shown]
            found |= shown
            found.update([one for one in hidden if await self.client.account_exists(one)])
        return found

    def url(self, target_id: int) -> str:
        """Address of the opportunity in the web application (outreach-api §13)."""
        return self.settings.record_url.replace("{id}", str(target_id))

    async def _check_credentials(self) -> str:
        tokens = self.client.tokens
        minted_before = tokens.mints
        await tokens.bearer()
        origin = "reused" if tokens.mints == minted_before else "minted"
        return f"access token {origin}, expires in {round(tokens.expires_in_s / 60)} minutes"

    async def _check_opportunities(self) -> str:
        shown = await _readable("opportunities", self.client.probe())
        if not shown:
            return "readable, none there yet"
        if CORRELATION_FIELD not in shown[0].attributes:
            raise Misconfigured(
                f"opportunities have no attribute {CORRELATION_FIELD}, which finds a create whose "
                "answer was lost",
                system=protocol.SYSTEM,
                operation="probe",
                remedy=f"ask the vendor to enable {CORRELATION_FIELD} on opportunities",
            )
        return f"readable, with {CORRELATION_FIELD}"

    async def _count_users(self) -> str:
        return f"{len(await _readable('users', self.users()))} users"

    async def _count_stages(self) -> str:
        return f"{len(await _readable('stages', self.stages()))} stages"


async def _readable(what: str, reading: Awaitable[Shown]) -> Shown:
    """A reading whose refusal concerns every record alike, and so is a matter of configuration."""
    try:
        return await reading
    except (Rejected, Gone) as error:
        raise Misconfigured(
            f"{what} cannot be read: {error.message}",
            system=protocol.SYSTEM,
            operation=error.operation,
            status=error.status,
            remedy="the authorising user needs a seat and a profile that may use opportunities",
        ) from error


@asynccontextmanager
async def open_target(
    settings: OutreachSettings, surroundings: Surroundings
) -> AsyncGenerator[OutreachTarget]:
    """Open the target; closing it closes its connections."""
    async with Exchange(protocol.SYSTEM, surroundings, timeout_s=settings.timeout_s) as exchange:
        yield OutreachTarget(settings, OutreachClient(settings, surroundings, exchange))


connector = TargetConnector(
    name=protocol.SYSTEM,
    settings=OutreachSettings,
    standard_mapping=(
        StandardField("name", "title", "text"),
        StandardField("amount", "value", "money"),
        StandardField("currencyType", "value", "currency_code"),
        StandardField("closeDate", "close_date", "date"),
        StandardField("probability", "probability", "percent"),
        StandardField("opportunityStage", "stage", "stage"),
        StandardField("description", "notes", "text"),
        StandardField("customId", "reference", "text"),
        StandardField("externalCreatedAt", "created_at", "datetime"),
        StandardField("owner", "owner", "user"),
        StandardField("account", "customer", "account"),
    ),
    correlation_field=CORRELATION_FIELD,
    open=open_target,
)
