"""Hands that edit the configuration of a running service, and ask it to reload."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import Any

from tests.scenario.bench import CREATE, Bench, until
from tests.scenario.service_port import ServicePort, total

Tables = Mapping[str, Mapping[str, Any]]


def lines(out: io.StringIO, event: str) -> list[dict[str, Any]]:
    """The log lines of one event."""
    every: list[dict[str, Any]] = [json.loads(line) for line in out.getvalue().splitlines()]
    return [line for line in every if line["event"] == event]


def linked(world: Bench, *records: int) -> bool:
    """Whether the records carry their ids."""
    return all(world.record(record)["outreach_id"] is not None for record in records)


def posts(world: Bench) -> int:
    """Creates that reached Outreach."""
    return world.outreach_traffic.counts[CREATE]


def writes(world: Bench, tables: Tables) -> None:
    """Somebody edits these keys of the configuration file."""
    for table, keys in tables.items():
        world.settings[table] = world.settings.get(table, {}) | dict(keys)
    world.config()


def spoils(world: Bench, text: str) -> None:
    """Somebody leaves this in the configuration file."""
    (world.directory / "config.toml").write_text(text, encoding="utf-8")


async def applied(world: Bench, port: ServicePort, tables: Tables) -> list[str]:
    """Edit and reload; what was changed, as told."""
    writes(world, tables)
    outcome = await port.reload()
    assert outcome["applied"], outcome
    assert outcome["reason"] is None
    changes: list[str] = outcome["changes"]
    return changes


async def refused(port: ServicePort) -> str:
    """Reload what cannot be applied; the reason."""
    outcome = await port.reload()
    assert not outcome["applied"]
    assert outcome["changes"] == []
    assert outcome["remedy"]
    reason: str = outcome["reason"]
    return reason


async def syncs(world: Bench, name: str) -> None:
    """The service does its work."""
    record = world.has(name)
    await until(lambda: linked(world, record))
    assert len(world.twins(record)) == 1


def number(value: float) -> dict[str, float]:
    """All three pools of this size."""
    return {"opportunity_syncers": value, "relationship_syncers": value, "write_backs": value}


async def workers(port: ServicePort) -> tuple[float, ...]:
    """How many work in each pool."""
    values = await port.values("actor_workers")
    actors = ("opportunity_syncer", "relationship_syncer", "write_back")
    return tuple(total(values, "actor_workers", actor=actor) for actor in actors)


async def shows(port: ServicePort, name: str, value: float, **told: str) -> bool:
    """Whether the metric has this value."""
    return await port.value(name, **told) == value


async def pools_are(port: ServicePort, size: int) -> bool:
    """Whether each pool has so many workers."""
    return await workers(port) == (size, size, size)
