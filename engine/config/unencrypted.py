"""Addresses to which credentials go unencrypted: allowed, since local stand-ins have no other."""

from __future__ import annotations

import os
from collections.abc import Iterator
from ipaddress import ip_address
from urllib.parse import parse_qs, unquote, urlsplit

from engine.config.loading import Config

# By itself a database is spoken to unencrypted where it does not offer anything else.
_ENCRYPTING = frozenset({"require", "verify-ca", "verify-full"})


def unencrypted(config: Config) -> list[str]:
    """A sentence for each system that is reached by plain HTTP beyond this machine, and for a
    database that may be reached without TLS."""
    address = config.engine.service.state
    found = _plain_systems(config)
    if address is not None and not config.shadow and not _encrypts(address):
        hosts = [host for host in _hosts(address) if not host.startswith("/") and not _local(host)]
        if hosts:
            found.append(
                f"[service] state has no sslmode=verify-full: password, tokens and records may"
                f" travel unencrypted to {', '.join(hosts)}; see TLS in docs/postgresql.md"
            )
    return found


def _encrypts(address: str) -> bool:
    given = parse_qs(urlsplit(address).query).get("sslmode", [os.environ.get("PGSSLMODE", "")])
    return given[-1] in _ENCRYPTING


def _hosts(address: str) -> Iterator[str]:
    """Every host that a database may be on; none is a socket of this machine."""
    parts = urlsplit(address)
    for place in parts.netloc.rpartition("@")[2].split(","):
        host, _, port = place.rpartition(":")
        name = unquote(host if host and not port.strip("0123456789") else place).strip("[]")
        if name:
            yield name
    for place in parse_qs(parts.query).get("host", []):
        yield from filter(None, place.split(","))


def _plain_systems(config: Config) -> list[str]:
    addresses = (
        (config.connectors.source.name, config.source.base_url),
        (config.connectors.target.name, config.target.base_url),
    )
    return [
        f"[{name}] base_url is http:// to {urlsplit(url).hostname}: credentials and records travel"
        " unencrypted; use https:// unless it is a test"
        for name, url in addresses
        if urlsplit(url).scheme.lower() == "http" and not _local(urlsplit(url).hostname or "")
    ]


def _local(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        name = host.lower().rstrip(".")
        return name == "localhost" or name.endswith(".localhost")
