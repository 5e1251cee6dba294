"""The session of `auth = "session"`: one login at a time, shared by everybody who waits for it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import anyio

from connectors.workbooks.wire import Login
from engine import EngineError, holding, keep_secret


@dataclass(frozen=True, slots=True)
class SignedIn:
    """One successful login; compared by identity, so each login is another one."""

    facts: Login = field(repr=False)

    @property
    def who(self) -> str:
        """The user and database, for an operator."""
        user = self.facts.person_name or self.facts.login_name or "an unnamed user"
        return f"{user} in {self.facts.database_name or 'an unnamed database'}"


@dataclass(slots=True)
class Session:
    """The present login and the newest cookie of it.

    Args:
        log_in: signs in once and returns the facts and the session id.
    """

    log_in: Callable[[], Awaitable[tuple[Login, str]]]
    signed_in: SignedIn | None = None
    cookie: str = field(default="", repr=False)
    _attempts: int = 0
    _failure: EngineError | None = None
    _lock: anyio.Lock = field(default_factory=anyio.Lock)

    async def current(self) -> SignedIn:
        """The present login, after signing in where there is none."""
        return self.signed_in or await self.renew(None)

    async def renew(self, lost: SignedIn | None) -> SignedIn:
        """A login other than `lost`; those who come meanwhile share the one under way.

        Raises:
            EngineError: the login failed; everyone who waited for it gets the same error, since
                repeating a refused login for each of them could lock the account.
        """
        seen = self._attempts
        async with holding(self._lock):
            if self.signed_in is not None and self.signed_in is not lost:
                return self.signed_in
            if self._attempts != seen and self._failure is not None:
                raise self._failure
            self.signed_in = None
            try:
                facts, cookie = await self.log_in()
            except EngineError as error:
                self._attempts += 1
                self._failure = error
                raise
            self._attempts += 1
            self._failure = None
            keep_secret([cookie, facts.authenticity_token or ""], passing=True)
            self.cookie = cookie
            self.signed_in = SignedIn(facts)
            return self.signed_in

    def learn(self, signed_in: SignedIn | None, cookie: str | None) -> None:
        """Keep the newest session id (§3.2), unless the answer belongs to an earlier login."""
        if cookie and signed_in is not None and signed_in is self.signed_in:
            keep_secret([cookie], passing=True)
            self.cookie = cookie
