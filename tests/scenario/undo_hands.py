"""The hands of those who take something back: the engine without its service, over both worlds."""

from __future__ import annotations

import io
import json
from contextlib import closing
from typing import Any

from engine.model.plan import Change, Header, Kind, LeftOut, Line
from engine.service.planning.files import read
from engine.service.undoing import Asked, undo_alone
from engine.store.sqlite import runs, statefile
from tests.scenario.bench import UPDATE, Bench


async def undo(world: Bench, *, does: bool = True, **asked: Any) -> list[Line]:
    """Take it back, or with `does` False only say what would be."""
    out = io.StringIO()
    await undo_alone(world.config(), Asked(does=does, **asked), out, world.environment())
    return [read(json.loads(line)) for line in out.getvalue().splitlines()]


def changes(lines: list[Line], *kinds: Kind) -> list[Change]:
    """Those of these kinds; of all where none is given."""
    return [one for one in lines if isinstance(one, Change) and (not kinds or one.kind in kinds)]


def kept(lines: list[Line]) -> dict[str, list[str]]:
    """Why something was left as it is, by record."""
    found: dict[str, list[str]] = {}
    for one in lines:
        if isinstance(one, LeftOut):
            found.setdefault(one.ref, []).append(one.reason)
    return found


def done_as(lines: list[Line]) -> int:
    """The run that it was done as."""
    [header] = [one for one in lines if isinstance(one, Header)]
    return int(header.about["done as run"])


def latest_run(world: Bench, kind: str) -> int:
    """The latest run of this kind that has left anything."""
    with closing(statefile.connect(world.state / statefile.FILE_NAME)) as connection:
        return next(one.id for one in runs.listed(connection, limit=100) if one.kind == kind)


def patches(world: Bench) -> int:
    """Updates of opportunities that Outreach has seen."""
    return world.outreach_traffic.counts[UPDATE]
