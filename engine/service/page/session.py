"""Who may press a button on the page: whoever has shown the configured token. Pure.

Nothing is kept: what the browser holds proves itself, and with another token it proves nothing.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field

from pydantic import SecretStr

COOKIE = "wosync_session"
# A working day.
LASTS_S = 12 * 3600
NONCE_CHARS = 32
_PARTS = 3


@dataclass(frozen=True, slots=True)
class Sessions:
    """Gives sessions out, and knows them again.

    Args:
        token: as it is configured; None while none is.
    """

    token: SecretStr | None = field(repr=False)

    @property
    def offered(self) -> bool:
        """Whether anybody can sign in at all."""
        return self.token is not None

    def admits(self, given: str) -> bool:
        """Whether this is the token."""
        if self.token is None:
            return False
        return hmac.compare_digest(
            given.strip().encode(errors="replace"), self.token.get_secret_value().encode()
        )

    def begun(self, now: float, nonce: str) -> str:
        """A new session, as the cookie's value.

        Args:
            nonce: letters and digits that nobody can guess.
        """
        ends_at = int(now + LASTS_S)
        return f"{ends_at}.{nonce}.{self._proof('session', f'{ends_at}.{nonce}')}"

    def holds(self, cookie: str | None, now: float) -> bool:
        """Whether a cookie is a session that has not ended."""
        parts = (cookie or "").split(".")
        if self.token is None or len(parts) != _PARTS:
            return False
        ends_at, nonce, proof = parts
        told = self._proof("session", f"{ends_at}.{nonce}")
        genuine = hmac.compare_digest(proof.encode(errors="replace"), told.encode())
        return genuine and ends_at.isascii() and ends_at.isdigit() and now < int(ends_at)

    def form_key(self, cookie: str) -> str:
        """What a form of this session carries, so that no other page can send one."""
        return self._proof("form", cookie)

    def is_of(self, cookie: str | None, key: str, now: float) -> bool:
        """Whether a form was made for this session, which still holds."""
        if cookie is None or not self.holds(cookie, now):
            return False
        told = self.form_key(cookie)
        return hmac.compare_digest(key.encode(errors="replace"), told.encode())

    def _proof(self, purpose: str, text: str) -> str:
        key = b"" if self.token is None else self.token.get_secret_value().encode()
        message = f"{purpose}:{text}".encode(errors="replace")
        return hmac.new(key, message, hashlib.sha256).hexdigest()
