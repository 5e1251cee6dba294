"""What a shell is offered in the place of a setting, a reference or the code of a reason.

A key was pressed, and somebody waits: this reads what it needs and loads nothing else.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable
from pathlib import Path

import click

from engine.command import Completion
from engine.home import with_home

BY, SORTS = ("reason",), ("since", "ref", "reason")
_HOME, _STATES = Path("/etc/wosync"), Path("/var/lib")
_FILE, _STATE, _SCHEMA = "config.toml", "state.db", "wosync"
_TABLE = re.compile(r"^\[([\w.]+)\]$")
_KEY = re.compile(r"^(# )?(\w+) = ")
# Nothing that a shell would take for more than a word; references come from another system.
_HARMLESS = re.compile(r"[\w./#-]+")
# Tables with keys of the operator's own: of these only what stands in force is known.
_OPEN = ("mapping.", "owners.aliases")


def _harmless(words: Iterable[str]) -> list[str]:
    return [word for word in words if _HARMLESS.fullmatch(word)]


def one_of(*words: str) -> Completion:
    """A choice of a few words."""

    def offered(_context: click.Context, _parameter: click.Parameter, beginning: str) -> list[str]:
        return [word for word in words if word.startswith(beginning)]

    return offered


def codes(_context: click.Context, _parameter: click.Parameter, beginning: str) -> list[str]:
    """Every code of a reason."""
    from engine.model.reason import Code

    return [code.value for code in Code if code.value.startswith(beginning.lower())]


def settings(_context: click.Context, _parameter: click.Parameter, beginning: str) -> list[str]:
    """Every key of the manual, and every table of it."""
    return [name for name in known_settings() if name.startswith(beginning)]


def known_settings() -> list[str]:
    """Names of settings and of the tables they are in, as `wosync config` takes them."""
    path = _manual()
    found: dict[str, None] = {}
    table = ""
    for line in path.read_text(encoding="utf-8").splitlines() if path else ():
        if (heading := _TABLE.match(line)) is not None:
            table = heading[1]
            found[table.partition(".")[0]] = found[table] = None
        elif (key := _KEY.match(line)) is not None and not (
            key[1] and f"{table}.".startswith(_OPEN)
        ):
            found[f"{table}.{key[2]}"] = None
    return list(found)


def _manual() -> Path | None:
    checkout = Path(__file__).parents[2] / _FILE
    installed = Path(sys.prefix) / "share/wosync" / _FILE
    return next((path for path in (checkout, installed) if path.is_file()), None)


def references(context: click.Context, _parameter: click.Parameter, beginning: str) -> list[str]:
    """References of records that the state of the configuration on this line knows."""
    try:
        return _harmless(_known(context.params.get("config"), beginning.upper()))
    except (OSError, StopIteration, ImportError, ValueError, AttributeError, TypeError):
        return []


def _known(named: Path | None, beginning: str) -> list[str]:
    """Those in the state of the configuration that the line names, or that is found by itself."""
    import tomllib

    places = [Path(_FILE), _HOME / _FILE] if named is None else [named]
    path = next(place for place in places if place.is_file())
    with path.open("rb") as file:
        service = tomllib.load(file).get("service", {})
    if "state" not in service:
        from engine.store.sqlite.known import references as known

        named = service.get("state_dir")
        directory = with_home(Path(named)) if named else _usual(path)
        return known(path.absolute().parent / directory / _STATE, beginning)
    from engine.store.postgres.database import Database
    from engine.store.postgres.known import at_once

    secret = _secret(service.get("state_password"), path)
    schema = service.get("state_schema", _SCHEMA)
    return at_once(Database(service["state"], schema, lambda: secret), beginning)


def _secret(reference: dict[str, str] | None, path: Path) -> str | None:
    """What a reference in a configuration leads to; None for nothing.

    Args:
        path: the configuration.
    """
    for form, name in (reference or {}).items():
        if form == "env":
            return os.environ.get(name)
        place = with_home(Path(name))
        if form == "credential":
            given = os.environ.get("CREDENTIALS_DIRECTORY")
            place = (Path(given) if given else path.absolute().parent / "credentials") / name
        return place.read_text(encoding="utf-8").strip()
    return None


def _usual(path: Path) -> Path:
    """Where the state is when the configuration does not say."""
    given = os.environ.get("STATE_DIRECTORY")
    place = path.absolute().parent
    if given:
        return Path(given)
    if place == _HOME:
        return _STATES / "wosync"
    return _STATES / f"wosync-{place.name}" if place.parent == _HOME else Path("state")
