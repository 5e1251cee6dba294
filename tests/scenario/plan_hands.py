"""What tests of plans share: a plan of a bench, and the requests that really arrived."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio

from engine.model.plan import Change, End, Header, Kind, LeftOut, Requests
from engine.service.planning.files import lines_of
from engine.service.planning.planning import plan_alone
from engine.service.planning.rehearsal import Wanted
from tests.scenario.bench import Bench
from tests.scenario.service_port import ServicePort
from tests.waiting import DEADLINE_S

_CUSTOM = re.compile(r"/custom_record/\w+\.")
_ID = re.compile(r"/\d+$")
_SIGN_IN = ("/login.api", "/logout", "/oauth/token")


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan that was read."""

    path: Path
    header: Header
    changes: list[Change]
    left_out: list[LeftOut]
    end: End

    def of(self, kind: Kind) -> list[Change]:
        """The changes of one kind."""
        return [one for one in self.changes if one.kind is kind]


def read(path: Path) -> Plan:
    """The plan in a file."""
    header, *lines = lines_of(path)
    assert isinstance(header, Header)
    end = lines.pop()
    assert isinstance(end, End)
    changes = [one for one in lines if isinstance(one, Change)]
    return Plan(path, header, changes, [one for one in lines if isinstance(one, LeftOut)], end)


async def planned(world: Bench, wanted: Wanted | None = None, name: str = "a.plan") -> Plan:
    """A plan of what the next run would do, as the stopped service's state has it."""
    path = world.directory / name
    with path.open("w", encoding="utf-8") as out, anyio.fail_after(DEADLINE_S):
        await plan_alone(world.config(), wanted or Wanted(), out, world.environment())
    return read(path)


def predicted(requests: Iterable[Requests]) -> dict[tuple[str, str, str], int]:
    """By system, method and route."""
    return {(one.system, one.method, one.route): one.number for one in requests}


def arrived(world: Bench) -> dict[tuple[str, str, str], int]:
    """The same of what both systems have seen since the traffic was forgotten."""
    found: Counter[tuple[str, str, str]] = Counter()
    for one in world.workbooks_seen:
        if one.path not in _SIGN_IN:
            found["workbooks", one.method, _CUSTOM.sub("/custom_record/{type}.", one.path)] += 1
    for one in world.outreach_seen:
        if one.path not in _SIGN_IN:
            route = _route(one.method, one.path.removeprefix("/api/v2"))
            found["outreach", one.method, route] += 1
    return dict(found)


def _route(method: str, path: str) -> str:
    template = _ID.sub("/{id}", path)
    # A look at one role counts with the listings.
    alone = method == "GET" and template == "/opportunityProspectRoles/{id}"
    return template.removesuffix("/{id}") if alone else template


def writes(world: Bench) -> list[str]:
    """Whatever arrived that may have changed something."""
    changing = [one for one in world.workbooks_seen if one.method not in ("GET", "POST")]
    changing += [
        one for one in world.outreach_seen if one.method != "GET" and one.path not in _SIGN_IN
    ]
    return [f"{one.method} {one.path}" for one in changing]


async def planned_beside(world: Bench, port: ServicePort, **asked: Any) -> Plan:
    """A plan that the running service makes."""
    path = world.directory / "beside.plan"
    path.write_text("\n".join(await port.lines("/plan", asked)) + "\n", encoding="utf-8")
    return read(path)
