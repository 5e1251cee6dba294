"""Apps, consents and tokens: what the token endpoint hands out and the API accepts (§3).

Tokens are made from a counter, so that two runs of one simulation see the same ones; they are worth
nothing outside this process.
"""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from connectors.sandbox.outreach.envelope import (
    Refused,
    compact,
    dead_token,
    minted_too_often,
    oauth_refusal,
    undecodable_token,
)
from connectors.sandbox.outreach.knobs import OutreachKnobs

_SIGNING_KEY: Final = b"outreach emulator"


@dataclass(frozen=True, slots=True)
class App:
    """A registered application; without redirect URIs any is accepted."""

    client_id: str
    client_secret: str
    redirect_uris: frozenset[str]


@dataclass(frozen=True, slots=True)
class Grant:
    """What a user allowed an app: the owner of every token made from it."""

    client_id: str
    user_id: int
    scopes: tuple[str, ...]

    def allows(self, plural: str, verb: str) -> bool:
        """Scopes are not additive: write gives no read; only `.all` covers everything (§3.3)."""
        return f"{plural}.{verb}" in self.scopes or f"{plural}.all" in self.scopes


@dataclass(frozen=True, slots=True)
class _Held:
    grant: Grant
    expires_at: float
    redirect_uri: str | None = None


class TokenVault:
    """Everything OAuth that the service remembers."""

    def __init__(self, knobs: OutreachKnobs, clock: Callable[[], float]) -> None:
        self._knobs = knobs
        self._clock = clock
        self._apps: dict[str, App] = {}
        self._codes: dict[str, _Held] = {}
        self._refresh: dict[str, _Held] = {}
        self._access: dict[str, _Held] = {}
        self._minted_at: dict[tuple[str, int], float] = {}
        self._serial = 0

    def add_app(self, client_id: str, client_secret: str, redirect_uris: Iterable[str]) -> None:
        """Register an application, or replace its secret."""
        self._apps[client_id] = App(client_id, client_secret, frozenset(redirect_uris))

    def app(self, client_id: str) -> App | None:
        """The application of that id."""
        return self._apps.get(client_id)

    def issue_code(self, grant: Grant, redirect_uri: str | None) -> str:
        """A single-use authorization code."""
        lifetime = self._knobs.authorization_code_lifetime_s
        code = self._opaque("code")
        self._codes[code] = _Held(grant, self._clock() + lifetime, redirect_uri)
        return code

    def issue_refresh_token(self, grant: Grant) -> str:
        """A refresh token; past the cap the oldest of this user and app fall out (§3.2)."""
        token = self._opaque("refresh")
        lifetime = self._knobs.refresh_token_lifetime_s
        self._refresh[token] = _Held(grant, self._clock() + lifetime)
        owner = (grant.client_id, grant.user_id)
        same = [
            each
            for each, held in self._refresh.items()
            if (held.grant.client_id, held.grant.user_id) == owner
        ]
        for oldest in same[: max(0, len(same) - self._knobs.refresh_tokens_max)]:
            del self._refresh[oldest]
        return token

    def issue_access_token(self, grant: Grant) -> str:
        """An access token that looks like a JWT, as the real ones do."""
        now = self._clock()
        self._access = {
            token: held for token, held in self._access.items() if held.expires_at > now
        }
        self._serial += 1
        expires_at = now + self._knobs.access_token_lifetime_s
        claims = {
            "aud": grant.client_id,
            "sub": str(grant.user_id),
            "scope": " ".join(grant.scopes),
            "iat": int(now),
            "exp": int(expires_at),
            "jti": self._serial,
        }
        token = _signed(claims)
        self._access[token] = _Held(grant, expires_at)
        return token

    def revoke_all(self) -> None:
        """Every token stops working: the user has withdrawn consent."""
        self._refresh.clear()
        self._access.clear()

    def expire_access_tokens(self) -> None:
        """Access tokens stop working; refresh tokens still do."""
        self._access.clear()

    def owner_of(self, authorization: str | None) -> Grant:
        """Who calls, from an `Authorization` header.

        Raises:
            Refused: 401 in one of the two gateway bodies.
        """
        scheme, _, token = (authorization or "").partition(" ")
        held = self._access.get(token) if scheme.casefold() == "bearer" else None
        if held is not None and held.expires_at > self._clock():
            return held.grant
        raise dead_token(self._knobs.expired_answer) if _decodes(token) else undecodable_token()

    def exchange(self, form: Mapping[str, str]) -> dict[str, Any]:
        """Answer a token request with the six members of outreach-api §3.1.

        Raises:
            Refused: invalid_client, invalid_grant, unsupported_grant_type, or minted too often.
        """
        app = self._apps.get(form.get("client_id", ""))
        if app is None or app.client_secret != form.get("client_secret"):
            raise oauth_refusal(401, "invalid_client", "Client authentication failed.")
        match form.get("grant_type"):
            case "authorization_code":
                return self._from_code(app, form)
            case "refresh_token":
                return self._from_refresh(app, form.get("refresh_token", ""))
            case _:
                raise oauth_refusal(400, "unsupported_grant_type", "The grant type is unknown.")

    def _from_code(self, app: App, form: Mapping[str, str]) -> dict[str, Any]:
        code = form.get("code", "")
        grant = self._usable(self._codes.get(code), app).grant
        redirect_uri = self._codes[code].redirect_uri
        if redirect_uri is not None and form.get("redirect_uri") != redirect_uri:
            raise _invalid_grant()
        self._throttle(grant)
        del self._codes[code]
        return self._minted(grant)

    def _from_refresh(self, app: App, token: str) -> dict[str, Any]:
        grant = self._usable(self._refresh.get(token), app).grant
        self._throttle(grant)
        if self._knobs.refresh_reuse == "deny":
            del self._refresh[token]
        return self._minted(grant)

    def _usable(self, held: _Held | None, app: App) -> _Held:
        if (
            held is None
            or held.grant.client_id != app.client_id
            or held.expires_at <= self._clock()
        ):
            raise _invalid_grant()
        return held

    def _throttle(self, grant: Grant) -> None:
        last = self._minted_at.get((grant.client_id, grant.user_id))
        if last is not None and self._clock() - last < self._knobs.mint_interval_s:
            raise minted_too_often()

    def _minted(self, grant: Grant) -> dict[str, Any]:
        self._minted_at[grant.client_id, grant.user_id] = self._clock()
        return {
            "access_token": self.issue_access_token(grant),
            "token_type": "Bearer",
            "expires_in": self._knobs.access_token_lifetime_s,
            "refresh_token": self.issue_refresh_token(grant),
            "scope": " ".join(grant.scopes),
            "created_at": int(self._clock()),
        }

    def _opaque(self, kind: str) -> str:
        self._serial += 1
        return hashlib.sha256(f"{kind} {self._serial}".encode()).hexdigest()[:43]


def _invalid_grant() -> Refused:
    description = "The authorization grant is invalid, expired, revoked or was already used."
    return oauth_refusal(400, "invalid_grant", description)


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _signed(claims: Mapping[str, object]) -> str:
    head = _b64(compact({"alg": "HS256", "typ": "JWT"}).encode())
    body = f"{head}.{_b64(compact(claims).encode())}"
    return f"{body}.{_b64(hmac.digest(_SIGNING_KEY, body.encode(), 'sha256'))}"


def _decodes(token: str) -> bool:
    parts = token.split(".")
    if len(parts) != 3:
        return False
    try:
        for part in parts[:2]:
            json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (binascii.Error, ValueError):
        return False
    return True
