"""Recovery: how soon, and by how many requests, what some bad minutes left behind is made up for.

One process between both emulators on virtual time, trouble of one kind, and then fair weather.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import anyio
import httpx

from connectors.sandbox.outreach import OutreachKnobs
from connectors.sandbox.workbooks import WorkbooksKnobs
from tests.scratch import scratch
from tests.simulation import virtual_time
from tests.simulation.fates import Fate
from tests.simulation.history import History, quiet
from tests.simulation.network import Weather
from tests.simulation.plan import Odds, Plan, System
from tests.simulation.sweep import Route, route_of

OPPORTUNITIES = "/api/v2/opportunities"
CREATE: Route = ("outreach", "POST", OPPORTUNITIES)
LOOK: Route = ("outreach", "GET", f"{OPPORTUNITIES} find")
READ: Route = ("outreach", "GET", f"{OPPORTUNITIES}/{{id}}")

# Virtual seconds after which nobody waits any longer for what was to be made up for.
PATIENCE_S = 4_000.0

#: What happens to a request to Outreach, by the request and the virtual time.
Trouble = Callable[[httpx.Request, float], Fate | None]


@dataclass(slots=True)
class FirstAnswers:
    """Each create loses its first `times` answers, and nothing else goes wrong."""

    fate: Fate
    times: int = 1
    _met: Counter[str] = field(default_factory=Counter[str], init=False)

    def __call__(self, request: httpx.Request, now: float) -> Fate | None:  # noqa: ARG002 # whenever
        """The fate of the request, if it is a bad one."""
        if (request.method, request.url.path) != ("POST", OPPORTUNITIES):
            return None
        correlation = json.loads(request.content)["data"]["attributes"]["customId"]
        self._met[correlation] += 1
        return self.fate if self._met[correlation] <= self.times else None


@dataclass(frozen=True, slots=True)
class WritesOut:
    """Writes alone fail from `start_s` to `end_s`."""

    fate: Fate
    start_s: float
    end_s: float
    methods: tuple[str, ...] = ("POST", "PATCH", "DELETE")

    def __call__(self, request: httpx.Request, now: float) -> Fate | None:
        """The fate of the request, if it is a bad one."""
        bad = request.method in self.methods and request.url.path != "/oauth/token"
        return self.fate if bad and self.start_s <= now < self.end_s else None


@dataclass(frozen=True, slots=True)
class Recovered:
    """When the last request went wrong, when everything was as it should be, and what it took."""

    last_loss_s: float
    settled_s: float
    requests: Counter[Route]
    waiting: frozenset[str]

    @property
    def took_s(self) -> float:
        """Virtual seconds from the last loss until all was made up for."""
        return self.settled_s - self.last_loss_s


class _Troubled(Weather):
    def __init__(self, system: System, trouble: Trouble, story: Recovery) -> None:
        super().__init__(system, Random(f"recovery of {system}"), Odds(), (), 0.0)  # noqa: S311 # chance, not secrets
        self._trouble = trouble
        self._story = story

    def fate(self, request: httpx.Request) -> Fate:
        self._story.requests[route_of(self.system, request)] += 1
        now = anyio.current_time()
        bad = self._trouble(request, now) if self.system == "outreach" else None
        if bad is None:
            return Fate()
        self._story.last_loss_s = now
        return bad


class Recovery(History):
    """So many records, created in trouble, and edited once when `edit_s` is given."""

    def __init__(
        self,
        directory: Path,
        trouble: Trouble,
        *,
        records: int,
        edit_s: float | None,
        settings: dict[str, dict[str, Any]],
    ) -> None:
        super().__init__(fair_plan(settings), directory, echo=False)
        self._trouble = trouble
        self._count = records
        self._edit_s = edit_s
        self._names: dict[int, str] = {}
        self.requests: Counter[Route] = Counter()
        self.last_loss_s = 0.0
        self.recovered: Recovered | None = None
        self.waiting: set[str] = set()

    def weather(self, system: System) -> Weather:
        """The weather of one system."""
        return _Troubled(system, self._trouble, self)

    def begin(self) -> None:
        """What is there before the engine first runs."""
        self.scene.add_seat("Ada King")
        for number in range(self._count):
            name = f"Deal {number}"
            record_id = self.scene.workbooks.opportunities.create(
                description=name, cf_opportunity_sync_to_outreach=True
            )
            self._names[record_id] = name

    async def busy(self) -> None:
        """Edit once, then wait until both systems agree."""
        if self._edit_s is not None:
            await self._until(self._edit_s)
            for record_id in self._names:
                self._names[record_id] += ", blue"
                name = self._names[record_id]
                self.scene.workbooks.opportunities.update(record_id, description=name)
        while not self._agree() and anyio.current_time() < PATIENCE_S:  # noqa: ASYNC110 # another loop decides
            await asyncio.sleep(0.5)
        self.recovered = Recovered(
            self.last_loss_s,
            anyio.current_time(),
            Counter(self.requests),
            frozenset(self.waiting),
        )

    async def _until(self, at_s: float) -> None:
        await asyncio.sleep(max(0.0, at_s - anyio.current_time()))

    def _agree(self) -> bool:
        shown = Counter(
            (str(row.attributes["customId"]), str(row.attributes["name"]))
            for row in self.scene.outreach.opportunities.rows()
        )
        value = self.scene.workbooks.opportunities.value
        return shown == Counter(
            (f"OPP-{record_id}", name) for record_id, name in self._names.items()
        ) and all(value(record_id, "cf_opportunity_outreach_id") for record_id in self._names)

    async def run_out(self) -> Recovered:
        """Play it until everything is made up for."""
        complaints = (await self.run())[2]
        assert self.recovered is not None, complaints
        return self.recovered

    async def _settle(self) -> list[str]:
        return []


def recovered(
    trouble: Trouble,
    *,
    records: int,
    edit_s: float | None = None,
    **settings: dict[str, Any],
) -> Recovered:
    """Play one story of trouble.

    Args:
        edit_s: when every record is edited.
        settings: tables of the configuration.
    """
    directory = Path(tempfile.mkdtemp(prefix="wosync-recovery-", dir=scratch()))
    try:
        with quiet([]):
            return virtual_time.run(
                lambda: Recovery(
                    directory, trouble, records=records, edit_s=edit_s, settings=settings
                ).run_out()
            )
    finally:
        shutil.rmtree(directory)


def fair_plan(settings: dict[str, dict[str, Any]], outreach: OutreachKnobs | None = None) -> Plan:
    """A plan in which nothing goes wrong by itself, and nobody does anything."""
    usual: dict[str, dict[str, Any]] = {
        "outreach": {"visibility_s": 5.0},
        "poller": {"interval_s": 5, "sweep_interval_s": 600, "mapping_interval_s": 900},
        "owners": {"ttl_s": 600},
    }
    return Plan(
        seed=0,
        records=0,
        people=0,
        busy_s=0.0,
        pause_s=0.0,
        odds=Odds(),
        outages=(),
        ends=(),
        token_losses=(),
        session_losses=(),
        index_lag_s=0.0,
        workbooks=WorkbooksKnobs(),
        outreach=outreach or OutreachKnobs(),
        settings={
            table: usual.get(table, {}) | settings.get(table, {}) for table in {*usual, *settings}
        },
    )
