"""`wosync pair ...`: the pairs of a fleet, shown and changed."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine import logs
from engine.about import PROGRAM
from engine.cli.exits import Exit
from engine.cli.services import option
from engine.cli.tables import console, table
from engine.config import fleet as fleet_config
from engine.config import loading
from engine.config import view as config_view
from engine.config.common import in_common, schema_of
from engine.config.fleet import Fleet
from engine.config.loading import Config
from engine.errors import Misconfigured
from engine.model.fleet import PairRow
from engine.settings import secrets_in
from engine.store.places import database_at, ensure_driver

if TYPE_CHECKING:
    from engine.store.postgres.fleet.register import Register

SUFFIX = ".toml"


def add(path: Path | None, name: str, file: Path, *, replace: bool) -> int:
    """Keep a pair in the database; 0 when that is done, 78 for a configuration with mistakes.

    Raises:
        Misconfigured: the fleet takes its pairs from files, or there is a mistake.
        StateUnusable: the database cannot be reached.
    """
    fleet = _of_rows(path)
    try:
        fleet_config.checked_name(name)
    except ValueError as error:
        raise Misconfigured(f"{name}: the name of a pair {error}", remedy="name another") from error
    _checked(fleet, file, name)
    register = _register(fleet)
    register.prepare()
    if not register.put(name, file.read_text(encoding="utf-8"), replace=replace):
        raise Misconfigured(
            f"the fleet {fleet.table.name} has a pair {name} already",
            remedy="give this one another name, or have it take its place with --replace",
        )
    within_s = fleet.service.lease_s
    sys.stdout.write(f"{name} is kept; a process of the fleet takes it within {within_s:g} s\n")
    return Exit.DONE


def pause(path: Path | None, name: str, *, resume: bool) -> int:
    """Have nobody work on a pair, or somebody again; 0.

    Raises:
        Misconfigured: there is no such pair.
        StateUnusable: the database cannot be reached.
    """
    fleet = _look(path)
    register = _register(fleet)
    register.prepare()
    if name not in _names(fleet, register.look().rows):
        raise _unknown(fleet, name, path)
    register.pause(name, paused=not resume)
    within_s = fleet.service.lease_s
    told = "is worked on again" if resume else "is paused"
    sys.stdout.write(f"{name} {told} within {within_s:g} s\n")
    return Exit.DONE


def remove(path: Path | None, name: str) -> int:
    """Take a pair out of the database; 0.

    Raises:
        Misconfigured: there is none, or it is a file.
        StateUnusable: the database cannot be reached.
    """
    fleet = _of_rows(path)
    register = _register(fleet)
    register.prepare()
    config = register.configs([name]).get(name)
    if config is None or not register.remove(name):
        raise _unknown(fleet, name, path)
    schema = _schema(fleet, name, config)
    sys.stdout.write(
        f"{name} is taken out; a state that it has stays in schema {schema}, until it is dropped\n"
    )
    return Exit.DONE


def list_pairs(path: Path | None, *, as_json: bool) -> int:
    """List the pairs; 0, or 3 when something is wrong with one of them.

    Raises:
        Misconfigured: the fleet's own configuration has mistakes.
        StateUnusable: the database cannot be reached.
    """
    fleet = _look(path)
    register = _register(fleet)
    register.prepare()
    roster = register.look()
    rows = [*_listed(fleet, roster.rows)]
    holders = register.holders([one["schema"] for one in rows])
    for one in rows:
        one["holder"] = holders.get(one["schema"])
    wrong = any(one["reason"] for one in rows)
    if as_json:
        told = {
            "schema_version": 1,
            "fleet": fleet.table.name,
            "members": [{"holder": one.holder, "weight": one.weight} for one in roster.members],
            "pairs": rows,
        }
        sys.stdout.write(json.dumps(told) + "\n")
        return Exit.ATTENTION if wrong else Exit.DONE
    shown = table("Pair", "Weight", "Worked on by", "Note")
    for one in rows:
        note = one["reason"] or ("paused" if one["paused"] else "")
        # Of several mistakes each has a line of its own.
        lines = note.splitlines()
        shown.add_row(one["name"], f"{one['weight']:g}", one["holder"] or "nobody", lines)
    out = console()
    out.print(shown)
    out.print(f"{len(rows)} pairs, {len(roster.members)} processes", soft_wrap=True)
    return Exit.ATTENTION if wrong else Exit.DONE


def _listed(fleet: Fleet, rows: Mapping[str, PairRow]) -> Iterator[dict[str, Any]]:
    texts = _register(fleet).configs(list(rows)) if fleet.table.pairs == "rows" else None
    found: dict[str, tuple[Config, Sequence[str]] | Misconfigured] = {}
    for name in _names(fleet, rows):
        try:
            found[name] = _config(fleet, name, None if texts is None else texts[name])
        except Misconfigured as error:
            found[name] = error
    firsts = fleet_config.doubles(
        {name: () if isinstance(one, Misconfigured) else one[1] for name, one in found.items()}
    )
    for name, one in found.items():
        weight, reason, schema = 1.0, None, schema_of(name)
        if isinstance(one, Misconfigured):
            reason = one.message
        else:
            service = one[0].engine.service
            weight, schema = service.weight, service.state_schema
        if name in firsts:
            path = fleet.files / f"{name}{SUFFIX}"
            reason = fleet_config.configured_twice(path, firsts[name]).message
        row = rows.get(name)
        yield {
            "name": name,
            "weight": weight,
            "paused": row is not None and row.paused,
            "schema": schema,
            "reason": reason,
        }


def _config(fleet: Fleet, name: str, text: str | None) -> tuple[Config, Sequence[str]]:
    """The configuration of a pair, without its secrets, and its marks (`fleet_config.marks`)."""
    path = fleet.files / f"{name}{SUFFIX}"
    if text is None:
        tables = loading.read(path)
    else:
        common = loading.read_alone(fleet.path)
        tables = in_common(fleet.path, common, path, loading.parsed(path, text))
    config = config_view.checked(path, tables)
    return config, fleet_config.marks(config, config_view.secrets_of_systems(tables, config))


def _checked(fleet: Fleet, file: Path, name: str) -> Config:
    """The configuration in a file, as it would be that of a pair."""
    common = loading.read_alone(fleet.path)
    path = file.with_name(f"{name}{SUFFIX}")
    return config_view.checked(file, in_common(fleet.path, common, path, loading.read_alone(file)))


def _schema(fleet: Fleet, name: str, text: str) -> str:
    try:
        return _config(fleet, name, text)[0].engine.service.state_schema
    except Misconfigured:
        return schema_of(name)


def _names(fleet: Fleet, rows: Mapping[str, PairRow]) -> list[str]:
    """Of all pairs that are configured."""
    if fleet.table.pairs == "rows":
        return sorted(name for name, row in rows.items() if row.configured)
    return sorted(one.stem for one in fleet.files.glob(f"*{SUFFIX}") if one.is_file())


def _unknown(fleet: Fleet, name: str, path: Path | None) -> Misconfigured:
    return Misconfigured(
        f"the fleet {fleet.table.name} has no pair {name}",
        remedy=f"see: {PROGRAM} pair list{option(path)}",
    )


def _of_rows(path: Path | None) -> Fleet:
    fleet = _look(path)
    if fleet.table.pairs != "rows":
        raise Misconfigured(
            f"the fleet {fleet.table.name} takes its pairs from files",
            remedy=f"put its file into {fleet.files} on each machine, or take it away there; to"
            ' keep pairs in the database set [fleet] pairs = "rows"',
        )
    return fleet


def _look(path: Path | None) -> Fleet:
    fleet = fleet_config.look(path)
    logs.keep_secret(secrets_in(fleet.service))
    logs.configure(fleet.service.log_level, fleet.service.log_format)
    return fleet


def _register(fleet: Fleet) -> Register:
    ensure_driver()
    from engine.store.postgres.fleet.register import Register

    return Register(database_at(fleet.service, fleet.schema, "[service] state"))
