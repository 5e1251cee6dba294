"""Outreach as the engine's target: the port and the start-up steps."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeVar

from connectors.outreach import custom_fields, directory, mapping, prospects, protocol, roles
from connectors.outreach.authority import OutreachAuthority
from connectors.outreach.client import OutreachClient
from connectors.outreach.fields import FIELDS
from connectors.outreach.pointing import address
from connectors.outreach.prospect_fields import PROSPECT_FIELDS
from connectors.outreach.settings import OutreachSettings
from connectors.outreach.standard import CORRELATION_FIELD
from engine import (
    ConnectorEnvironment,
    EngineError,
    Exchange,
    Fields,
    Gone,
    Listing,
    Match,
    Misconfigured,
    ProspectMatch,
    RecordType,
    Rejected,
    Role,
    Roster,
    Stage,
    Step,
    TargetField,
    TheirFault,
    User,
)

# What each record type is called on the wire, and its fields before their rules are known.
RESOURCES = {RecordType.OPPORTUNITY: protocol.OPPORTUNITY, RecordType.PERSON: protocol.PROSPECT}
WRITABLE = {RecordType.OPPORTUNITY: FIELDS, RecordType.PERSON: PROSPECT_FIELDS}
# Answers that mean `/types` is not for us; its scope is unpublished (outreach-api §3.3).
TYPES_WITHHELD = frozenset({403, 404})
Shown = TypeVar("Shown")


@dataclass(frozen=True, slots=True)
class OutreachTarget:
    """The target port over one client."""

    settings: OutreachSettings
    client: OutreachClient
    _fields: dict[RecordType, Mapping[str, TargetField]] = field(default_factory=WRITABLE.copy)

    @property
    def authority(self) -> OutreachAuthority:
        """The leave we work by."""
        return OutreachAuthority(self.settings, self.client)

    def fields(self, record_type: RecordType) -> Mapping[str, TargetField]:
        """Every writable field by name (outreach-api §8.1, §8.5).

        A custom field is plain text until `read_custom_fields` has run.
        """
        return self._fields[record_type]

    def steps(self) -> Sequence[Step]:
        """Start-up steps in order; each can be run again."""
        return (
            Step("credentials", self._check_credentials),
            Step("opportunities", self._check_opportunities),
            Step("custom fields", self.read_custom_fields),
            Step("users", self._count_users),
            Step("stages", self._count_stages),
        )

    # As it stands: it is asked for each field of a record.
    encode = staticmethod(mapping.encode)

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
        found = await self.client.get(target_id, field_names)
        return protocol.observed(found, field_names, self.fields(RecordType.OPPORTUNITY))

    async def shown(
        self, target_ids: Collection[int], field_names: Collection[str]
    ) -> Mapping[int, Fields]:
        """What opportunities hold by id, as the collection shows: it may lag (outreach-api §6.4).

        What is in the trash is left out, as `get` would call it gone.
        """
        found: dict[int, Fields] = {}
        fields, asked = self.fields(RecordType.OPPORTUNITY), iter(target_ids)
        while chunk := list(islice(asked, protocol.IDS_MAX)):
            for one in (await self.client.shown(chunk, field_names)).rows:
                if one.id in chunk and not protocol.in_trash(one):
                    found[one.id] = protocol.observed(one, field_names, fields)
        return found

    async def find(self, correlations: Collection[str]) -> Mapping[str, list[Match]]:
        """Opportunities by their `customId`, exactly one of these values, oldest first.

        An empty list proves nothing while the collection may lag (outreach-api §6.4).
        """
        found: dict[str, list[Match]] = {}
        for chunk in protocol.find_chunks(correlations):
            found |= protocol.matches(await self.client.find(chunk), chunk)
        return found

    async def listed(self, field_names: Collection[str], after: str | None) -> Listing:
        """A page of all opportunities with these fields (outreach-api §6.1).

        Args:
            after: what the page before told; None for the first one.
        """
        page, following = await self.client.listed(field_names, after)
        fields = self.fields(RecordType.OPPORTUNITY)
        rows = [protocol.listed(one, field_names, fields) for one in page.rows]
        return Listing(rows, following, page.unreadable)

    async def delete(self, target_id: int) -> None:
        """Remove an opportunity; one that is gone already counts as removed (outreach-api §7)."""
        await self.client.delete(target_id)

    async def find_prospects(self, emails: Collection[str]) -> list[ProspectMatch]:
        """Prospects that carry any of these addresses, by id, addresses in lower case.

        An empty list proves nothing while the collection may lag (outreach-api §6.4).
        """
        found: dict[int, ProspectMatch] = {}
        for chunk in prospects.chunks(emails):
            shown = await self.client.indexed_prospects(chunk)
            found.update((match.id, match) for match in prospects.matches(shown.rows, chunk))
            if shown.unreadable:
                found |= await self._one_by_one(chunk, found.values())
        return [found[prospect_id] for prospect_id in sorted(found)]

    async def _one_by_one(
        self, emails: Collection[str], found: Collection[ProspectMatch]
    ) -> dict[int, ProspectMatch]:
        """Those whom a listing with unreadable rows has not shown: one of these may be they.

        Raises:
            TheirFault: it is.
        """
        shown_emails = {email for match in found for email in match.emails}
        further: dict[int, ProspectMatch] = {}
        for email in emails:
            if email.lower() in shown_emails:
                continue
            shown = await self.client.indexed_prospects([email])
            matches = prospects.matches(shown.rows, [email])
            if shown.unreadable and not matches:
                raise TheirFault(
                    "the prospects with an e-mail address cannot be read",
                    system=protocol.SYSTEM,
                    operation="find_prospects",
                )
            further.update((match.id, match) for match in matches)
        return further

    async def create_prospect(self, fields: Fields) -> int:
        """Create one prospect and return its id; blank fields are left out (outreach-api §8.5).

        Raises:
            Unreachable: with `ambiguous` when the prospect may exist all the same.
            Taken: another prospect has the e-mail address.
            Rejected: refused; names the field when the answer does.
        """
        return await self.client.create_prospect(fields)

    async def prospect_exists(self, prospect_id: int) -> bool:
        """Whether there is such a prospect now, and our user may see it."""
        return await self.client.prospect_exists(prospect_id)

    async def roles(self, target_id: int) -> list[Role]:
        """Every role on the opportunity, by id, as the collection shows (outreach-api §8.2)."""
        return roles.on_opportunity(await self.client.roles(target_id), target_id)

    async def role(self, target_id: int, role_id: int) -> Role | None:
        """One role of the opportunity, current whatever the collection shows (outreach-api §6.4).

        None when it is not there, or hidden from our user.
        """
        shown = roles.on_opportunity(await self.client.role(role_id), target_id)
        return next((one for one in shown if one.id == role_id), None)

    async def create_role(self, target_id: int, prospect_id: int, role: str) -> int:
        """Relate a prospect to an opportunity and return the role's id.

        Raises:
            Unreachable: with `ambiguous` when the role may exist all the same.
            Taken: the opportunity has that very role already.
            Rejected: refused; `field` is "role", "prospect" or "opportunity" when that is known.
        """
        return await self.client.create_role(target_id, prospect_id, role)

    async def update_role(self, role_id: int, role: str) -> None:
        """Change the text of a role; an empty text leaves it blank.

        Raises:
            Gone: no such role, or hidden from our user.
            Taken: the opportunity has that very role already.
            Rejected: refused; names the field when the answer does.
        """
        await self.client.update_role(role_id, role)

    async def delete_role(self, role_id: int) -> None:
        """Remove a role; one that is gone already counts as removed."""
        await self.client.delete_role(role_id)

    async def users(self) -> Roster[User]:
        """Every user, locked ones included (outreach-api §8.4)."""
        shown = directory.readable(await self.client.users(), directory.USER_TEXTS)
        return Roster([directory.user(one) for one in shown.rows], shown.unreadable)

    async def user_exists(self, user_id: int) -> bool:
        """Whether there is such a user now, and ours may see it."""
        return await self.client.user_exists(user_id)

    async def stages(self) -> Roster[Stage]:
        """Every opportunity stage (outreach-api §8.3)."""
        shown = directory.readable(await self.client.stages(), directory.STAGE_TEXTS)
        return Roster([directory.stage(one) for one in shown.rows], shown.unreadable)

    async def accounts(self, ids: Collection[int]) -> set[int]:
        """Those of the ids that exist.

        The index shows named accounts only (outreach-api §8.6), so the rest are asked for one by
        one.
        """
        asked = iter(sorted({account_id for account_id in ids if account_id > 0}))
        found: set[int] = set()
        while chunk := list(islice(asked, directory.ACCOUNTS_PER_REQUEST)):
            shown = await self.client.indexed_accounts(chunk)
            hidden = [account_id for account_id in chunk if account_id not in shown]
            found |= shown
            found.update([one for one in hidden if await self.client.account_exists(one)])
        return found

    def url(self, record_type: RecordType, target_id: int) -> str:
        """Address of the record in the web application (outreach-api §13)."""
        return address(self.settings, record_type, target_id)

    async def read_custom_fields(self) -> str:
        """Learn label, kind, need and choices of the custom fields (outreach-api §10).

        Can be run again at any time. Where the rules are withheld from us, what is known stays.
        """
        try:
            types = await self.client.types()
        except EngineError as error:
            if error.status not in TYPES_WITHHELD:
                raise
            return f"rules cannot be read (HTTP {error.status}), custom fields stay plain texts"
        ruled: list[str] = []
        for record_type, fields in WRITABLE.items():
            rules = custom_fields.rules_of(types, RESOURCES[record_type])
            self._fields[record_type] = custom_fields.ruled(fields, rules)
            ruled.append(f"{len(rules)} of the {RESOURCES[record_type]}")
        return f"rules for custom fields: {', '.join(ruled)}"

    async def _check_credentials(self) -> str:
        tokens = self.client.tokens
        minted_before = tokens.mints
        await tokens.bearer()
        until = f"expires in {round(tokens.expires_in_s / 60)} minutes"
        if tokens.mints != minted_before:
            return f"access token minted, {until}"
        return f"access token reused, {until}; client secret and refresh token were not tried"

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
        return f"{len((await _readable('users', self.users())).rows)} users"

    async def _count_stages(self) -> str:
        return f"{len((await _readable('stages', self.stages())).rows)} stages"


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
    settings: OutreachSettings, environment: ConnectorEnvironment
) -> AsyncGenerator[OutreachTarget]:
    """Open the target; closing it closes its connections."""
    async with Exchange(protocol.SYSTEM, environment, timeout_s=settings.timeout_s) as exchange:
        yield OutreachTarget(settings, OutreachClient(settings, environment, exchange))
