"""The doors of the HTTP port: for which names it answers, and whom it obeys. Pure.

A name that is not ours may have been pointed here by a web page, whose scripts would then read and
send what they like; an address cannot be pointed anywhere.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Self

from pydantic import SecretStr

from engine.config.loading import ServiceSettings

LOOPBACK_NAME = "localhost"


@dataclass(frozen=True, slots=True)
class Doors:
    """What a request must bring.

    Args:
        host: what the service listens on, as configured.
        token: the control token.
        names: further names under which it is asked.
        nudge_token: what a nudge must bring; None while none is configured.
        page_token: what whoever presses a button of the page must have shown, likewise.
    """

    host: str
    token: str = field(repr=False)
    names: frozenset[str] = frozenset()
    nudge_token: SecretStr | None = None
    page_token: SecretStr | None = None

    @classmethod
    def of(cls, service: ServiceSettings, token: str) -> Self:
        """Those of a service that obeys whoever has the token."""
        return cls(
            service.http_address[0],
            token,
            frozenset(service.hosts),
            service.nudge_token,
            service.page_token,
        )

    @classmethod
    def that_only_show(cls, service: ServiceSettings) -> Self:
        """Those of whoever has nothing to change, so that there is no token."""
        return cls(service.http_address[0], "", frozenset(service.hosts))

    def knows(self, host: str | None, *, only_shows: bool) -> bool:
        """Whether a request for this Host header is meant for us.

        Args:
            host: the header as it was sent; None without one, as no browser sends it.
            only_shows: it changes nothing.
        """
        if host is None:
            return only_shows
        name = name_of(host)
        if name in {LOOPBACK_NAME, self.host.lower(), *self.names} or is_address(name):
            return True
        # Beyond this machine it has names that nobody told us; what changes something needs none.
        return only_shows and not on_loopback(self.host)

    def obeys(self, token: str | None) -> bool:
        """Whether whoever sent this token may change something."""
        return _same(token, self.token)

    def nudged_by(self, token: str | None) -> bool:
        """Whether whoever sent this token may have the poller look."""
        return self.nudge_token is not None and _same(token, self.nudge_token.get_secret_value())


def _same(given: str | None, token: str) -> bool:
    return hmac.compare_digest((given or "").encode(errors="replace"), token.encode())


def name_of(host: str) -> str:
    """The name or address in a Host header, in lower case and without its port."""
    host = host.strip().lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.rpartition(":")[0].rstrip(".") if host.count(":") == 1 else host.rstrip(".")


def is_address(name: str) -> bool:
    """Whether it is an IP address."""
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def on_loopback(host: str) -> bool:
    """Whether this address or name is only reached from the same machine."""
    if is_address(host):
        return ip_address(host).is_loopback
    return host.lower().rstrip(".") == LOOPBACK_NAME
