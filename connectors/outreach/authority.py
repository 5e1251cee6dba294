"""The leave that a person gives us on the consent page (outreach-api §3.1, §3.3)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import cast
from urllib.parse import urlencode

from connectors.outreach.client import OutreachClient
from connectors.outreach.routes import AUTHORIZE_PATH
from connectors.outreach.settings import OutreachSettings
from engine import Json, Permission, Standing, Use, made_whole

# The scopes of each use. They are not additive: write gives no read.
SCOPES: Mapping[Use, tuple[str, ...]] = MappingProxyType(
    {
        Use.OPPORTUNITIES: ("opportunities.read", "opportunities.write"),
        Use.STAGES: ("opportunityStages.read",),
        Use.OWNERS: ("users.read",),
        Use.ACCOUNTS: ("accounts.read",),
        Use.PEOPLE: (
            "prospects.read",
            "opportunityProspectRoles.read",
            "opportunityProspectRoles.write",
        ),
        Use.NEW_PEOPLE: ("prospects.write",),
        Use.REMOVED_PEOPLE: ("opportunityProspectRoles.delete",),
    }
)
# What a scope that covers every verb ends in, and one for reading.
EVERYTHING, READ = "all", "read"
# So much of a digest tells users apart.
DIGEST_CHARS = 32


@dataclass(frozen=True, slots=True)
class OutreachAuthority:
    """The authority port over one client."""

    settings: OutreachSettings
    client: OutreachClient

    @property
    def redirect_uri(self) -> str | None:
        """As it is registered with the application."""
        return self.settings.redirect_uri

    def needed(self, uses: Collection[Use]) -> Sequence[Permission]:
        """The scopes of these uses, none of them twice."""
        return [Permission(scope, use) for use in Use if use in uses for scope in SCOPES[use]]

    def missing(
        self, needed: Collection[Permission], granted: Collection[str]
    ) -> Sequence[Permission]:
        """Those neither granted themselves nor covered by `.all` of their resource."""
        return [one for one in needed if not allows(granted, one.name)]

    def consent_address(self, needed: Collection[Permission], state: str, redirect_uri: str) -> str:
        """Address of the consent page for exactly these scopes (§3.1)."""
        query = {
            "client_id": self.settings.client_id,
            "redirect_uri": redirect_uri,
            "response_type": "code",
            "scope": " ".join(one.name for one in needed),
            "state": state,
        }
        return f"{self.settings.base_url}{AUTHORIZE_PATH}?{urlencode(query)}"

    async def redeem(self, code: str, redirect_uri: str) -> None:
        """Exchange a code for tokens, which are in use from then on.

        Raises:
            Unauthorized: the code or the application's credentials are refused.
            EngineError: as `Tokens.bearer`.
        """
        await self.client.tokens.redeem(code, redirect_uri)

    async def standing(self) -> Standing:
        """What was granted, and until when; asks nobody."""
        return await self.client.tokens.standing()

    async def renew(self) -> None:
        """Have a token, for which an access token that has expired is replaced (§3.2).

        Raises:
            EngineError: as `Tokens.bearer`.
        """
        await self.client.tokens.bearer()

    async def attempt(self, needed: Permission) -> bool:
        """Read one record of what a scope lets read; a scope to write shows in a write alone.

        Raises:
            EngineError: the scope, or the profile of the user, does not let us (§3.3).
        """
        resource, _, verb = needed.name.rpartition(".")
        if verb != READ:
            return False
        await self.client.peek(resource)
        return True

    async def account(self) -> str | None:
        """A digest of where we ask and of the user the tokens act for; asks nobody (§4)."""
        subject = subject_of(await self.client.tokens.held())
        if subject is None:
            return None
        told = f"{self.settings.base_url}\n{subject}"
        return hashlib.sha256(told.encode()).hexdigest()[:DIGEST_CHARS]

    async def holder(self) -> str | None:
        """Name and e-mail address of the user the tokens act for.

        Raises:
            EngineError: a request failed.
        """
        subject = subject_of(await self.client.tokens.bearer())
        if subject is None or not subject.isdecimal():
            return subject
        return await self.client.user_named(int(subject))


def allows(granted: Collection[str], scope: str) -> bool:
    """Whether a scope is among those granted, or part of one of them (§3.3)."""
    resource = scope.rpartition(".")[0]
    return scope in granted or f"{resource}.{EVERYTHING}" in granted


def subject_of(token: str) -> str | None:
    """Whom an access token says it acts for; None where it does not (§3.1)."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        told = base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))
        claims: Json = json.loads(made_whole(told))
    except (ValueError, binascii.Error, RecursionError):
        return None
    subject = cast("dict[str, Json]", claims).get("sub") if isinstance(claims, dict) else None
    if isinstance(subject, int) and not isinstance(subject, bool):
        subject = str(subject)
    return subject if isinstance(subject, str) and subject.strip() else None
