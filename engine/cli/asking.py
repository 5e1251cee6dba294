"""Asking the running service over its own small HTTP port."""

from __future__ import annotations

from typing import Any

import httpx

from engine.about import PROGRAM
from engine.config import Config
from engine.http import ASKED_BY

TIMEOUT_S = 5.0


def ask_service(config: Config, path: str, method: str = "GET") -> dict[str, Any] | None:
    """The JSON document at this path, or None when no service answers."""
    return ask_address(config.engine.service.http_address, path, method)


def ask_address(address: tuple[str, int], path: str, method: str = "GET") -> dict[str, Any] | None:
    """The same of whoever listens on this host and port."""
    host, port = address
    shown = f"[{host}]" if ":" in host else host
    try:
        headers = {ASKED_BY: PROGRAM}
        url = f"http://{shown}:{port}{path}"
        answer = httpx.request(method, url, timeout=TIMEOUT_S, trust_env=False, headers=headers)
        answer.raise_for_status()
        return answer.json()
    except (httpx.HTTPError, ValueError):
        return None
