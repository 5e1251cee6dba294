"""What is kept of the tokens, and what of it follows from an answer; without I/O."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256

from pydantic import BaseModel, ConfigDict, Field

from connectors.outreach.grants import granted
from engine import Answer, Standing

# Part of its lifetime after which an access token is replaced (outreach-api §3.2).
REFRESH_SHARE = 0.9
# A refresh token that nobody uses lives so long from its issue.
REFRESH_TOKEN_LIFETIME_S = 14 * 86_400.0
# Configured tokens remembered as redeemed; each one is a visit by an operator.
REDEEMED_MAX = 100


@dataclass(frozen=True, slots=True)
class Presented:
    """What is exchanged for new tokens: a refresh token, or the code of a fresh consent.

    `fingerprint` is that of the configured token it descends from, or that a consent replaces.
    """

    fingerprint: str
    refresh_token: str = field(default="", repr=False)
    code: str = field(default="", repr=False)
    redirect_uri: str | None = None


class Kept(BaseModel):
    """What the vault holds, as one JSON text; times in unix seconds.

    `fingerprint` is the SHA-256 of the configured refresh token these tokens descend from,
    `redeemed` holds those of all that were redeemed before it, newest last. `scopes` is None while
    no answer has told them, `issued_at` zero where it is not known of the refresh token.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    access_token: str = Field(default="", repr=False)
    refresh_token: str = Field(default="", repr=False)
    minted_at: float = 0.0
    expires_at: float = 0.0
    attempted_at: float = 0.0
    issued_at: float = 0.0
    scopes: tuple[str, ...] | None = None
    fingerprint: str = ""
    redeemed: tuple[str, ...] = ()

    @property
    def refresh_at(self) -> float:
        """When the access token is due for replacement."""
        return self.minted_at + REFRESH_SHARE * (self.expires_at - self.minted_at)

    @property
    def standing(self) -> Standing:
        """What was granted, and until when."""
        # A state of an earlier version knows the mint that brought the token, and no more.
        issued_at = self.issued_at or self.minted_at
        return Standing(
            authorised=bool(self.refresh_token),
            granted=None if self.scopes is None else frozenset(self.scopes),
            ends_at=issued_at + REFRESH_TOKEN_LIFETIME_S
            if self.refresh_token and issued_at
            else None,
        )

    def of(self, configured: str) -> Kept:
        """What is kept, without tokens of a grant that another authorisation has replaced.

        A configured token that was redeemed before is no other authorisation, but an old secret
        that somebody has put back: the newest tokens are still the ones to use.
        """
        if not configured or fingerprint(configured) in (self.fingerprint, *self.redeemed):
            return self
        return Kept(attempted_at=self.attempted_at)


def after(answer: Answer, presented: Presented, before: Kept, started: float) -> Kept | None:
    """What is to be kept of an answer; None when it holds nothing new."""
    grant = granted(answer)
    if grant.access_token is None and grant.refresh_token in (None, presented.refresh_token):
        return None
    if presented.code and grant.refresh_token is None:
        # Nothing that would last: what is kept already may.
        return None
    redeemed = (*before.redeemed, before.fingerprint, presented.fingerprint)
    kept = Kept(
        refresh_token=grant.refresh_token or presented.refresh_token,
        attempted_at=started,
        issued_at=started if grant.refresh_token else before.issued_at,
        fingerprint=presented.fingerprint,
        redeemed=tuple(dict.fromkeys(filter(None, redeemed)))[-REDEEMED_MAX:],
    )
    # An access token that cannot be used takes nothing away from the one before, while that lives.
    same = before.fingerprint == presented.fingerprint and not presented.code
    older = before if same else Kept()
    access = {
        "access_token": grant.access_token or older.access_token,
        "minted_at": started if grant.access_token else older.minted_at,
        "expires_at": started + grant.lifetime_s if grant.access_token else older.expires_at,
        "scopes": older.scopes if grant.scopes is None else grant.scopes,
    }
    return kept.model_copy(update=access)


def fingerprint(token: str) -> str:
    """By which a configured token is known again; of none, nothing."""
    return sha256(token.encode()).hexdigest() if token else ""
