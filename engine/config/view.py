"""The values in force, each with where it comes from; a secret is only ever its reference."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from pydantic import BaseModel, SecretStr

from engine.config import loading as configuration
from engine.config.keys import Key, Keys, Kind
from engine.config.live import is_live
from engine.config.loading import Config, Connectors
from engine.config.values import value_at, with_value
from engine.mapping.fields import LineSetting
from engine.mapping.settings import TABLES
from engine.redaction import MASK, keep_secret
from engine.settings import UNREAD, is_reference, may_be_shown, resolve_secret

DEFAULT, FILE, SYSTEMD = "default", "file", "systemd STATE_DIRECTORY"
STATE_DIR = ("service", "state_dir")
UNRESOLVED = "not set here"
BUT_UNDER_SYSTEMD = "under systemd: $STATE_DIRECTORY"
# The only secret without which nobody can look into a state.
STATE_PASSWORD = ("service", "state_password")


@dataclass(frozen=True, slots=True)
class Setting:
    """One key with its value in force, in plain TOML types; None when it has none.

    `note` says what differs between this shell and the service: a reference to a secret that
    leads nowhere here, a directory that systemd chooses.
    """

    key: Key
    value: Any
    origin: str
    note: str | None = None

    @property
    def takes_effect(self) -> str:
        """What a change of it needs: "reload" or "restart"."""
        return "reload" if is_live(self.key.name) else "restart"


def checked(path: Path, tables: Mapping[str, Any]) -> Config:
    """Check the tables without need of any secret: they are often out of an operator's reach.

    UNREAD takes their place; only that of a database is there where it can be read.

    Raises:
        Misconfigured: they have mistakes; all are listed.
    """
    keep_secret(secrets_within_reach(tables))
    stand_ins = tables
    for key in _references(tables):
        known = value_at(tables, key.parts) if key.parts == STATE_PASSWORD else None
        text = None if known is None else _resolved(known)
        stand_ins = with_value(stand_ins, key.parts, UNREAD if text is None else SecretStr(text))
    return configuration.check(path, stand_ins)


def secrets_within_reach(tables: Mapping[str, Any]) -> list[str]:
    """The secrets that can be read here, so that they are known where they must not appear."""
    found = [_resolved(value_at(tables, key.parts)) for key in _references(tables) if key.secret]
    return [text for text in found if text is not None]


def secrets_of_systems(tables: Mapping[str, Any], config: Config) -> list[str]:
    """The secrets of both systems; of one that cannot be read here, where it is to be read."""
    systems = (config.connectors.source.name, config.connectors.target.name)
    found: list[str] = []
    for key in _references(tables):
        if key.secret and key.parts[0] in systems:
            reference = value_at(tables, key.parts)
            found.append(_resolved(reference) or repr(reference))
    return found


def _references(tables: Mapping[str, Any]) -> Iterator[Key]:
    for key in Keys(configuration.installed_connectors()).every():
        if key.kind is Kind.SETTING and is_reference(value_at(tables, key.parts)):
            yield key


def settings(tables: Mapping[str, Any], config: Config) -> Iterator[Setting]:
    """Every setting, in the order of the file; optional ones without a value included.

    Args:
        tables: the file as it is.
        config: the same, checked.
    """
    for key in Keys(config.connectors).every():
        if key.kind is Kind.OPEN_TABLE:
            yield from _entries(key, tables, config.connectors)
        else:
            yield _setting(key, tables, config)


def _entries(key: Key, tables: Mapping[str, Any], connectors: Connectors) -> Iterator[Setting]:
    """What stands in a table with keys of the operator's own, and its standard mapping lines."""
    own = cast("dict[str, Any]", value_at(tables, key.parts) or {})
    for name, value in {**standard_entries(key, connectors), **own}.items():
        entry = Key((*key.parts, name), None)
        yield Setting(entry, value, FILE if name in own else DEFAULT)


def _setting(key: Key, tables: Mapping[str, Any], config: Config) -> Setting:
    raw = value_at(tables, key.parts)
    origin = DEFAULT if raw is None else FILE
    if is_reference(raw):
        resolved = _resolved(raw) is not None
        shown = raw if resolved else _without_a_secret(raw)
        return Setting(key, shown, origin, None if resolved else UNRESOLVED)
    value = _in_force(key, config)
    if key.parts == STATE_DIR:
        if raw is None and os.environ.get("STATE_DIRECTORY"):
            return Setting(key, str(value), SYSTEMD)
        return Setting(key, str(value), origin, BUT_UNDER_SYSTEMD if raw is None else None)
    if key.secret:
        return Setting(key, None, origin)
    # 60 in the file is shown as 60, although it counts as 60.0.
    return Setting(key, raw if raw is not None and raw == value else _plain(value), origin)


def _without_a_secret(reference: Any) -> dict[str, str]:
    """A reference that leads nowhere, which may be a secret in the wrong place."""
    return {form: name if may_be_shown(form, name) else MASK for form, name in reference.items()}


def default_of(key: Key, connectors: Connectors) -> Any:
    """The value of a setting that is left out; None when it has none."""
    *tables, name = key.parts
    table = Keys(connectors).find(".".join(tables))
    if table.kind is Kind.OPEN_TABLE:
        return standard_entries(table, connectors).get(name)
    default: Any = table.model.model_fields[name].get_default(call_default_factory=True)
    return None if key.secret or table.model.model_fields[name].is_required() else _plain(default)


def standard_entries(key: Key, connectors: Connectors) -> dict[str, Any]:
    """The mapping lines that hold without a word in the file, as the file would write them."""
    for record_type, table in TABLES.items():
        if key.name == table:
            lines = connectors.default_mapping(record_type)
            return {name: _written(line) for name, line in lines.items()}
    return {}


def _written(line: LineSetting) -> dict[str, Any]:
    [*columns] = line.columns
    written: dict[str, Any] = {"from": columns[0] if len(columns) == 1 else columns}
    return written if line.conversion is None else {**written, "as": str(line.conversion)}


def _resolved(reference: Any) -> str | None:
    with suppress(ValueError):
        found: SecretStr | str = resolve_secret(reference)
        return found.get_secret_value() if isinstance(found, SecretStr) else found
    return None


def _in_force(key: Key, config: Config) -> Any:
    table, *rest = key.parts
    systems: dict[str, Any] = {
        config.connectors.source.name: config.source,
        config.connectors.target.name: config.target,
    }
    at: Any = systems[table] if table in systems else getattr(config.engine, table)
    for part in rest:
        at = getattr(at, part) if isinstance(at, BaseModel) else None
    return at


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Path) else value
