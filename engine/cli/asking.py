"""Asking the running service over its own small HTTP port.

Where it listens is read from the file as far as that can be understood: a mistake in it must not
keep an operator from the service that runs on the former settings.
"""

from __future__ import annotations

import re
import ssl
import tomllib
from pathlib import Path
from typing import Any

import httpx

from engine.about import PROGRAM
from engine.config.loading import ServiceSettings
from engine.errors import Misconfigured
from engine.service.headers import ASKED_BY, CONFIG_OF

TIMEOUT_S = 5.0
# So does the service answer whoever means another one.
ANOTHER = 409
_HTTP = re.compile(r'^\s*http\s*=\s*"([^"]+)"', re.MULTILINE)


def ask_service(config: Path, path: str, method: str = "GET") -> dict[str, Any] | None:
    """The JSON document at this path, or None when no service answers.

    Args:
        config: the configuration file of the service that is meant.

    Raises:
        Misconfigured: the service that answers runs on another configuration.
    """
    answer = ask(config, path, method)
    try:
        return None if answer is None else answer.json()
    except ValueError:
        return None


def ask(config: Path, path: str, method: str = "GET", accept: str = "*/*") -> httpx.Response | None:
    """The whole answer; see `ask_service`."""
    headers = {ASKED_BY: PROGRAM, CONFIG_OF: str(config.resolve()), "Accept": accept}
    where = address(config)
    try:
        answer = httpx.request(
            method,
            f"http://{where}{path}",
            timeout=TIMEOUT_S,
            trust_env=False,
            headers=headers,
            # Nothing is encrypted here, and reading every authority of the world takes a while.
            verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
        )
        if answer.status_code == ANOTHER:
            raise Misconfigured(
                f"the service that answers at {where} runs on {answer.json()['config']},"
                f" not on {config.resolve()}",
                remedy="name its configuration with --config, or give each pair its own"
                " [service] http",
            )
        answer.raise_for_status()
    except (httpx.HTTPError, ValueError, KeyError):
        return None
    return answer


def address(config: Path) -> str:
    """Where the service listens, as host:port."""
    for http in (_http_of(config), ServiceSettings().http):
        try:
            host, port = ServiceSettings(http=http).http_address
        except ValueError:
            continue
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    raise AssertionError("the default address is valid")


def _http_of(config: Path) -> str:
    try:
        text = config.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    try:
        service: Any = tomllib.loads(text).get("service")
        found = service.get("http") if isinstance(service, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] # untyped TOML
    except (ValueError, RecursionError):
        line = _HTTP.search(text)
        found = line.group(1) if line else None
    return found if isinstance(found, str) else ""
