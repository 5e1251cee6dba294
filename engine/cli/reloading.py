"""`wosync reload`: the running service reads its configuration again."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path
from typing import Any

from engine import config as configuration
from engine.cli.asking import ask_address
from engine.cli.exits import Exit
from engine.cli.running import look
from engine.config import ServiceSettings
from engine.errors import Misconfigured, Unreachable

_HTTP = re.compile(r'^\s*http\s*=\s*"([^"]+)"', re.MULTILINE)


def reload(path: Path | None) -> int:
    """Ask the service; 0 applied, 78 refused, 69 when none answers.

    The file may have any mistake: it is the service that judges it, and says so in its own log,
    metrics and status too.
    """
    path = configuration.find(path)
    answer = ask_address(_address(path), "/reload", "POST")
    if answer is None:
        look(path)
        raise Unreachable(
            "no service answers on [service] http",
            remedy="start it; the settings are read at every start",
        )
    if not answer["applied"]:
        raise Misconfigured(
            f"the reload was refused, the old settings stay in force: {answer['reason']}",
            remedy=answer["remedy"],
        )
    _print(answer["changes"])
    return Exit.DONE


def _print(changes: list[str]) -> None:
    sys.stdout.write("".join(f"{change}\n" for change in changes) or "nothing has changed\n")


def _address(path: Path) -> tuple[str, int]:
    """Where the service listens, as far as the file can be understood."""
    for http in (_http_of(path), ServiceSettings().http):
        try:
            return ServiceSettings(http=http).http_address
        except ValueError:
            continue
    raise AssertionError("the default address is valid")


def _http_of(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    try:
        service: Any = tomllib.loads(text).get("service")
        found = service.get("http") if isinstance(service, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] # untyped TOML
    except (ValueError, RecursionError):
        line = _HTTP.search(text)
        found = line.group(1) if line else None
    return found if isinstance(found, str) else ""
