"""Addresses to which credentials go unencrypted: allowed, since local stand-ins have no other."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from engine.config.loading import Config


def unencrypted(config: Config) -> list[str]:
    """A sentence for each system that is reached by plain HTTP beyond this machine."""
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
