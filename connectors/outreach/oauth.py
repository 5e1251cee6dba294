"""Access tokens: minted with a rotating refresh token, shared by all requests, kept in the vault.

The rules (outreach-api §3.2): one refresher at a time; refresh tokens count as single use; a
rotated one is on disk before its access token is used, and before anything else in its answer is
judged; a configured token that was redeemed is never presented again, since where reuse is detected
that ends the whole authorisation; no two mints within 60 seconds, not even across a restart; a
refusal that only a person can cure reaches the operator as Unauthorized.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from urllib.parse import urlencode

import anyio
from pydantic import ValidationError

from connectors.outreach.grants import granted
from connectors.outreach.kept_tokens import Kept, Presented, after, fingerprint
from connectors.outreach.limits import WAIT_MAX_S, told_s
from connectors.outreach.protocol import SYSTEM
from connectors.outreach.refusals import AUTHORISE_AGAIN
from connectors.outreach.settings import OutreachSettings
from connectors.outreach.token_errors import OPERATION, not_authorised, refused, used_by_another
from engine import (
    Answer,
    Code,
    ConnectorEnvironment,
    EngineError,
    Misconfigured,
    Standing,
    TheirFault,
    Throttled,
    Transient,
    Unauthorized,
    Unreachable,
    because,
    holding,
    keep_secret,
)

VAULT_NAME = "oauth"
# The vendor's throttle is 60 s between arrivals; the second more covers requests that travel at
# different speeds.
MINT_INTERVAL_S = 61.0
THROTTLE_S = 60.0
# A mint that never left, for want of a connection, is tried again so soon.
UNSENT_RETRY_S = 5.0
# Requests are many, and the configured token may be a file: who asks so soon after another one is
# not told of a change.
LOOK_S = 1.0
# Why nobody is asked anything until then.
USUAL_WAIT = because(Code.ACCESS_AWAITED, detail="one is minted per minute")
REFUSED_WAIT = because(
    Code.ACCESS_AWAITED, detail="the one in use is refused, and one is minted per minute"
)
LONE_REFUSAL = "refused as unauthorised with an access token that other requests are answered with"
# So often in a row a token is refused before it is taken to be of no use to anybody.
REFUSALS_MAX = 3

TokenRequest = Callable[[bytes], Awaitable[Answer]]
"""Sends a form-encoded body to the token endpoint and returns the whole answer."""


@dataclass(slots=True)
class Tokens:
    """Hands out a usable access token, minting one when needed."""

    settings: OutreachSettings
    environment: ConnectorEnvironment = field(repr=False)
    request: TokenRequest = field(repr=False)
    mints: int = field(default=0, init=False)
    """Access tokens minted since start."""
    _kept: Kept | None = field(default=None, init=False, repr=False)
    _configured_lately: str = field(default="", init=False, repr=False)
    _looked_at: float = field(default=-math.inf, init=False)
    # A token nobody has accepted yet; refused right away, a further mint would not help.
    _unproven: str | None = field(default=None, init=False, repr=False)
    # Refusals since the API last took a token.
    _refusals: int = field(default=0, init=False)
    # A fresh token that was refused all the same, and then taken for another request: it is the
    # request, then, which is no reason to hold up all others.
    _doubted: str | None = field(default=None, init=False, repr=False)
    _blameless: str | None = field(default=None, init=False, repr=False)
    _lock: anyio.Lock = field(default_factory=anyio.Lock, init=False)

    async def bearer(self) -> str:
        """A usable access token.

        Waits for a mint under way, and for the rest of the 60 seconds since the last attempt.

        Raises:
            HeldBack: the work ends meanwhile, or all of the system is paused for long.
            Unauthorized: the credentials are refused.
            Throttled: minted too often, for example by another process.
            Unreachable: the token endpoint does not answer; never ambiguous, since the request
                that needed the token was not sent.
            TheirFault: its answer cannot be understood.
        """
        if (token := self._usable(self._stored_lately())) is not None:
            return token
        async with holding(self._lock):
            await self._load()
            if (token := self._usable(self._stored())) is not None:
                return token
            return await self._renewed()

    async def redeem(self, code: str, redirect_uri: str) -> None:
        """Exchange the code of a fresh consent; from then on its tokens are the ones in use.

        Raises:
            Unauthorized: the code is refused; the tokens in use before stay in use.
            Throttled, HeldBack: not now, but with the same code `retry_after_s` from now.
            Unreachable, TheirFault: as with `bearer`.
        """
        async with holding(self._lock):
            await self._load()
            self.environment.governor.operator_acted()
            await self.environment.governor.hold()
            if (rest := self._rest_s()) > 0:
                # Whoever has waited for a person can tell them, and wait on.
                raise _too_often(rest)
            configured = fingerprint(self._configured())
            await self._mint(Presented(configured, code=code, redirect_uri=redirect_uri))

    async def standing(self) -> Standing:
        """What was granted, and until when; asks nobody."""
        await self._load()
        return self._stored().standing

    async def held(self) -> str:
        """The present access token, whether it still lives or not, or ""; asks nobody."""
        await self._load()
        return self._stored().access_token

    async def replace(self, refused: str) -> str:
        """Another access token than `refused`, which earned a 401.

        Raises:
            Unauthorized: the refused token is fresh from the mint, so another one would not help.
            TheirFault: it is taken for other requests, so another one would not help this one.
            Throttled, Unreachable, TheirFault: as with `bearer`.
        """
        async with holding(self._lock):
            await self._load()
            kept = self._stored()
            if kept.access_token and kept.access_token != refused:
                return kept.access_token
            if refused == self._unproven and self._now() < kept.minted_at + MINT_INTERVAL_S:
                error = Unauthorized(
                    "a freshly minted access token is refused",
                    system=SYSTEM,
                    operation=OPERATION,
                    status=401,
                    remedy=AUTHORISE_AGAIN,
                )
                self.environment.governor.refused(error)
                raise error
            self._refusals += 1
            if refused == self._blameless and self._refusals < REFUSALS_MAX:
                # Something stands in front of some requests; nobody else waits for another token.
                raise TheirFault(LONE_REFUSAL, system=SYSTEM, operation=OPERATION, status=401)
            return (await self._mint(wait=REFUSED_WAIT)).access_token

    def accepted(self, token: str) -> None:
        """Note that the API took this token."""
        self._refusals = 0
        if token == self._unproven:
            self._unproven = None
        if token == self._doubted:
            self._blameless = token

    def refused_again(self, token: str) -> None:
        """Note that a request was refused with this token as with the one before."""
        self._doubted = token

    @property
    def expires_in_s(self) -> float:
        """Seconds the present access token still lives; 0 without one."""
        return max(0.0, self._stored().expires_at - self._now())

    def _now(self) -> float:
        return self.environment.clock.now()

    def _stored(self) -> Kept:
        """What is kept, without tokens of a grant that another authorisation has replaced."""
        return (self._kept or Kept()).of(self._configured())

    def _stored_lately(self) -> Kept:
        """The same, by the configuration as it was a moment ago."""
        recent = abs(self._now() - self._looked_at) < LOOK_S
        return (self._kept or Kept()).of(self._configured_lately) if recent else self._stored()

    def _usable(self, kept: Kept) -> str | None:
        """The present access token, while it needs no replacement or cannot be replaced yet."""
        now = self._now()
        if kept.access_token and (
            now < kept.refresh_at or (now < kept.expires_at and self._rest_s() > 0)
        ):
            return kept.access_token
        return None

    async def _renewed(self) -> str:
        try:
            return (await self._mint()).access_token
        except (Transient, TheirFault):
            kept = self._stored()
            # Renewal starts while the old token still lives, so trouble then delays nobody.
            if kept.access_token and self._now() < kept.expires_at:
                return kept.access_token
            raise

    async def _load(self) -> None:
        if self._kept is not None:
            return
        text = await self.environment.vault.load(VAULT_NAME)
        try:
            kept = Kept.model_validate_json(text) if text is not None else Kept()
        except ValidationError:
            # Unreadable state is as good as none: the configured token starts afresh.
            kept = Kept()
        _hide(kept)
        self._kept = kept

    def _configured(self) -> str:
        secret = self.settings.refresh_token
        self._looked_at = self._now()
        self._configured_lately = "" if secret is None else secret.get_secret_value()
        return self._configured_lately

    def _rest_s(self) -> float:
        """Seconds until the next attempt may be made."""
        now = self._now()
        # A stamp from a clock that ran ahead must not hold the service up for longer than usual.
        attempted_at = min(self._stored().attempted_at, now)
        return max(0.0, attempted_at + MINT_INTERVAL_S - now)

    async def _mint(self, consent: Presented | None = None, *, wait: str = USUAL_WAIT) -> Kept:
        """Mint with a consent, or the newest refresh token; a configured one is only the first.

        Args:
            wait: what is told of the wait for it, if there is one.
        """
        if consent is None:
            # Whoever has nothing to present need not wait to hear that.
            self._presented()
        # Both are waited out here, because the mint itself cannot be cancelled.
        await self.environment.governor.hold()
        if (rest := self._rest_s()) > 0:
            # Nobody can send anything meanwhile, and everybody can see why.
            await self.environment.governor.wait_out(rest, wait)
        # A cancelled mint would lose the rotated token, and with it the authorisation.
        with anyio.CancelScope(shield=True):
            await self._attempt(consent or self._presented())
        return self._stored()

    def _presented(self) -> Presented:
        kept = self._stored()
        if kept.refresh_token:
            return Presented(kept.fingerprint, kept.refresh_token)
        # Read once: a secret in a file may change while the answer is under way.
        configured = self._configured()
        if not configured:
            raise not_authorised()
        return Presented(fingerprint(configured), configured)

    async def _attempt(self, presented: Presented) -> None:
        started = self._now()
        # Tokens of a replaced grant stay in the vault until the new one has proved itself, so that
        # a mistyped secret can be corrected back.
        before = self._kept or Kept()
        await self._keep(before.model_copy(update={"attempted_at": started}))
        try:
            answer = await self.request(self._form(presented))
        except Unreachable as error:
            wait_s = MINT_INTERVAL_S
            if not error.ambiguous:
                wait_s = UNSENT_RETRY_S
                await self._keep(before)
            # Whoever waits for this token must not each wait for a mint of their own.
            self._pause(wait_s, error.message, error)
            raise Unreachable(
                error.message,
                system=SYSTEM,
                operation=OPERATION,
                retry_after_s=wait_s,
                remedy=error.remedy,
            ) from error
        kept = after(answer, presented, before, started)
        if kept is not None:
            # First of all: its refresh token exists nowhere else.
            await self._keep_grant(kept)
        try:
            self._check(answer, presented)
        except Misconfigured as error:
            self.environment.governor.refused(error)
            if kept is None:
                # Nothing was minted: whoever corrects the credentials need not wait.
                await self._keep(before)
            rotated = presented.refresh_token == before.refresh_token != ""
            if isinstance(error, Unauthorized) and rotated and error.remedy == AUTHORISE_AGAIN:
                raise used_by_another(error, started - before.minted_at) from error
            raise
        except TheirFault as error:
            # Everybody would meet the same answer, and can see why there is nothing to do.
            self._pause(MINT_INTERVAL_S, error.message, error)
            raise
        self.mints += 1
        self._unproven = self._stored().access_token

    def _pause(self, seconds: float, reason: str, cause: EngineError) -> None:
        """Let nobody send anything, unless the access token before still serves."""
        kept = self._stored()
        if not kept.access_token or self._now() >= kept.expires_at:
            self.environment.governor.pause(seconds, reason, cause=cause)

    async def _keep_grant(self, kept: Kept) -> None:
        try:
            await self._keep(kept)
        except EngineError:
            # Not used before it is on disk, and not lost while this process lives.
            self._kept = kept.model_copy(update={"access_token": ""})
            raise

    async def _keep(self, kept: Kept) -> None:
        _hide(kept)
        await self.environment.vault.save(VAULT_NAME, kept.model_dump_json())
        self._kept = kept

    def _form(self, presented: Presented) -> bytes:
        form = {
            "client_id": self.settings.client_id,
            "client_secret": self.settings.client_secret.get_secret_value(),
        }
        if presented.code:
            form |= {"grant_type": "authorization_code", "code": presented.code}
        else:
            form |= {"grant_type": "refresh_token", "refresh_token": presented.refresh_token}
        redirect_uri = presented.redirect_uri or self.settings.redirect_uri
        if redirect_uri:
            form["redirect_uri"] = redirect_uri
        return urlencode(form).encode()

    def _check(self, answer: Answer, presented: Presented) -> None:
        """Raise what the answer of the token endpoint stands for (outreach-api §3.1, §3.4)."""
        governor = self.environment.governor
        if 200 <= answer.status < 300:
            grant = granted(answer)
            if grant.access_token is None or (presented.code and grant.refresh_token is None):
                raise refused(answer, presented, MINT_INTERVAL_S)
            return
        if answer.status == 429:
            told = told_s(answer.headers, self._now())
            wait = max(THROTTLE_S, min(told or 0.0, WAIT_MAX_S))
            error = _too_often(wait, answer.status)
            self._pause(wait, error.message, error)
            raise error
        if answer.status >= 500:
            reason = f"the token endpoint answers {answer.status}"
            governor.failed(reason)
            raise Unreachable(
                reason,
                system=SYSTEM,
                operation=OPERATION,
                status=answer.status,
                retry_after_s=MINT_INTERVAL_S,
            )
        raise refused(answer, presented, MINT_INTERVAL_S)


def _too_often(wait_s: float, status: int | None = None) -> Throttled:
    return Throttled(
        "access tokens are minted too often",
        system=SYSTEM,
        operation=OPERATION,
        status=status,
        retry_after_s=wait_s,
    )


def _hide(kept: Kept) -> None:
    """Keep the tokens out of every text from now on."""
    keep_secret([kept.access_token, kept.refresh_token], passing=True)
