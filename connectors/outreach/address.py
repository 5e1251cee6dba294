"""The base address as a person writes it, in the one way in which it is kept.

A state knows its pair by that text, so none of it may be written in another way by a later version.
By itself and without a client's library: every command that reads a configuration checks it.
"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import quote

_PORTS = {"http": 80, "https": 443}
_PORT_MAX = 65_535
# The first two parts of an address, and what may follow its path (RFC 3986, appendix B).
_PARTS = re.compile(r"(?:([a-zA-Z][a-zA-Z0-9+.-]*):)?(?://([^/?#]*))?([^?#]*)([?#].*)?")
_AUTHORITY = re.compile(r"(?:(.*)@)?(\[.*\]|[^:@]*):?(.*)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_IPV6 = re.compile(r"\[.*\]")
_IPV4 = re.compile(r"[0-9]+(?:\.[0-9]+){3}")
_IN_NO_NAME = re.compile(r"[^a-z0-9._-]")
# What a path holds only as %XX; what is written so already stays as it is.
_TO_ENCODE = re.compile(r"[^!$-;=@-_a-z|~]")


class Address(NamedTuple):
    """An address of a service: no query, no fragment, no credentials, no slash at its end."""

    scheme: str
    host: str
    port: int | None
    path: str

    def __str__(self) -> str:
        """The text by which it is known."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port is None else f":{self.port}"
        return f"{self.scheme}://{host}{port}{self.path}".rstrip("/")


def address_in(text: str) -> Address:
    """The address that a person wrote.

    Raises:
        ValueError: it is none, or carries what it must not; names what is wrong.
    """
    if _CONTROL.search(text):
        raise ValueError("must hold no control character, such as a tab or the end of a line")
    scheme, authority, path, beyond = _parts(_PARTS, text)
    credentials, host, port = _parts(_AUTHORITY, authority)
    if scheme.lower() not in _PORTS or not host:
        raise ValueError("must be an http or https address, for example https://api.outreach.io")
    if beyond or credentials:
        raise ValueError("must not carry a query, a fragment or credentials")
    return Address(scheme.lower(), _host(host), _port(port, scheme), _path(path))


def _parts(form: re.Pattern[str], text: str) -> tuple[str, ...]:
    """What the groups of a form hold that fits every text."""
    found = form.fullmatch(text)
    return tuple(part or "" for part in found.groups()) if found else ("",) * form.groups


def _port(text: str, scheme: str) -> int | None:
    if not text:
        return None
    try:
        port = int(text)
    except ValueError:
        port = -1
    if not 0 <= port <= _PORT_MAX:
        raise ValueError(f"its port must be a number up to {_PORT_MAX}")
    # Of HTTPS in capital letters a written 443 was always kept, and states know their pair by it.
    return None if port == _PORTS.get(scheme) else port


def _host(text: str) -> str:
    if _IPV6.fullmatch(text) or _IPV4.fullmatch(text):
        return _numbered(text)
    name = text.lower()
    if not name.isascii() or name.startswith("xn--"):
        name = _in_ascii(name)
    if (strange := _IN_NO_NAME.search(name)) is not None:
        raise ValueError(f"its host holds {strange[0]!r}, which the name of no host does")
    return name


def _numbered(text: str) -> str:
    from ipaddress import IPv4Address, IPv6Address

    within = text.startswith("[")
    number = text[1:-1] if within else text
    try:
        _ = IPv6Address(number) if within else IPv4Address(number)
    except ValueError as error:
        kind = "IPv6" if within else "IPv4"
        raise ValueError(f"its host is no {kind} address: {error}") from error
    return number


def _in_ascii(name: str) -> str:
    """A name of other letters, as it is looked up: by the rules of today, which leave ß a letter.

    The standard library's codec has those of 2003, and would look for somebody else's host.
    """
    import idna

    try:
        written = name if name.isascii() else idna.encode(name).decode("ascii")
        idna.decode(written)
        return written
    except idna.IDNAError as error:
        raise ValueError(f"its host is no name of a host: {error}") from error


def _path(text: str) -> str:
    steps: list[str] = []
    for step in text.split("/"):
        if step == "..":
            # The first is what precedes the first slash, and is empty.
            del steps[max(1, len(steps) - 1) :]
        elif step != ".":
            steps.append(step)
    return _TO_ENCODE.sub(lambda found: quote(found[0], safe=""), "/".join(steps))
