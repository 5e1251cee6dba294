"""The fault sweep: one fixed story with every kind of request, spoilt at one point at a time."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import anyio
import httpx

from connectors.sandbox.outreach import OutreachKnobs
from connectors.sandbox.workbooks import Money, WorkbooksKnobs
from tests.scratch import scratch
from tests.simulation import virtual_time
from tests.simulation.fates import Fate, Kind
from tests.simulation.history import History, kept, quiet
from tests.simulation.network import Weather
from tests.simulation.oracle import Oracle
from tests.simulation.plan import ATTEMPTS_MAX, End, Odds, Plan, System
from tests.simulation.scene import Keep, Scene
from tests.simulation.states import Files

Route = tuple[System, str, str]

#: How a point is spoilt, by name.
SPOILT = {
    "dropped before": Fate(Kind.LOST),
    "dropped after": Fate(Kind.CUT),
    "500 before": Fate(Kind.STATUS_BEFORE, 500),
    "500 after": Fate(Kind.STATUS_AFTER, 500),
    "garbage before": Fate(Kind.GARBAGE),
    "garbage after": Fate(Kind.GARBAGE, after=True),
    "death before": Fate(Kind.DEATH_BEFORE),
    "death after": Fate(Kind.DEATH_AFTER),
}
# Who has died is started again so soon.
AWAY_S = 5.0
# Points of the story itself: without a lost create nobody would look for one.
ALWAYS: dict[tuple[str, str], Fate] = {
    ("POST", "/api/v2/opportunities"): Fate(Kind.CUT),
    ("POST", "/api/v2/prospects"): Fate(Kind.STATUS_AFTER, 502),
    ("POST", "/api/v2/opportunityProspectRoles"): Fate(Kind.CUT),
}
LINES = (
    "SELECT at, record_type, record_id, version, decision, detail, reason_code, writes, requests"
    " FROM history ORDER BY seq"
)
_ID = re.compile(r"(?<=/)(\d+|[0-9a-f]{32})(?=/|$)")


def route_of(system: System, request: httpx.Request) -> Route:
    """What kind of request this is; Workbooks has its method in a parameter (§2.2)."""
    method, body = request.method, request.content.decode()
    if system == "workbooks" and "_method=GET" in body:
        method = "GET"
    path = _ID.sub("{id}", request.url.path)
    filtered = "find" if b"filter[" in request.url.query else ""
    return system, method, f"{path} {filtered}".strip()


@dataclass(slots=True)
class Points:
    """The requests of one run in their order; the one numbered `spoilt` meets `fate`."""

    spoilt: int | None = None
    fate: Fate = field(default_factory=Fate)
    seen: list[Route] = field(default_factory=list[Route])
    met: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])

    def next(self, system: System, request: httpx.Request) -> Fate:
        """The fate of the next request."""
        number = len(self.seen)
        self.seen.append(route_of(system, request))
        key = request.method, request.url.path
        self.met[key] += 1
        if number == self.spoilt:
            return self.fate
        if self.met[key] == 1:
            return ALWAYS.get(key, Fate())
        return Fate()


class _Scripted(Weather):
    """Fair weather but for the points."""

    def __init__(self, system: System, points: Points) -> None:
        super().__init__(system, Random(f"sweep of {system}"), Odds(), (), 0.0)  # noqa: S311 # chance, not secrets
        self._points = points

    def fate(self, request: httpx.Request) -> Fate:
        return self._points.next(self.system, request)


class Story(History):
    """The fixed story.

    Args:
        keep: what keeps the state.
        dies: the first process dies after so many instants: before and after each request and
            each commit is one.
    """

    quiet_s = 65.0

    def __init__(
        self, directory: Path, points: Points, keep: Keep = Files, dies: int | None = None
    ) -> None:
        super().__init__(_plan(dies), directory, echo=False, keep=keep)
        self._points = points
        self.instants = 0
        self.lines: list[tuple[Any, ...]] = []

    def weather(self, system: System) -> Weather:
        """The weather of one system."""
        return _Scripted(system, self._points)

    def begin(self) -> None:
        """What is there before the engine first runs."""
        scene = self.scene
        workbooks, outreach = scene.workbooks, scene.outreach
        scene.add_seat("Ada King")
        outreach.stages.create({"name": "Discovery", "order": 1})
        account = outreach.accounts.create({"name": "Dockside", "named": True})
        customer = workbooks.organisations.create(
            name="Dockside", cf_organisation_outreach_id=str(account)
        )
        outreach.prospects.create({"emails": ["nils@customer.example"]})
        self._mary = _person(scene, "Mary", "mary@customer.example")
        self._nils = _person(scene, "Nils", "nils@customer.example")
        self._crane = workbooks.opportunities.create(
            description="Crane",
            cf_opportunity_sync_to_outreach=True,
            document_currency_net_value=Money(Decimal("12.50"), "GBP"),
            document_date=date(2026, 12, 1),
            opportunity_stage_name="Discovery",
            party_id=customer,
            **{"queue_entry[queue[name]]": "Ada King"},
        )
        self._nameless = workbooks.opportunities.create(cf_opportunity_sync_to_outreach=True)
        scene.ledger.bad_records.add(self._nameless)
        workbooks.set_people(self._crane, [(self._mary, "Sponsor"), (self._nils, "Buyer")])
        self._linked(scene)

    def _linked(self, scene: Scene) -> None:
        """An opportunity that has been in Outreach for long, with a role made by hand."""
        record = scene.workbooks.opportunities.create(
            description="Barge", cf_opportunity_sync_to_outreach=True
        )
        twin = scene.outreach.opportunities.create(
            {"name": "Old name", "customId": f"OPP-{record}"}
        )
        scene.workbooks.opportunities.update(
            record,
            cf_opportunity_outreach_id=str(twin),
            cf_opportunity_outreach_url=f"https://outreach.example/opportunities/{twin}",
        )
        scene.workbooks.set_people(record, [(self._nils, "Buyer")])
        links = {"opportunity": twin, "prospect": 1}
        role = scene.outreach.roles.create({"role": "Buyer"}, links)
        scene.ledger.hand_roles[role] = (twin, 1, "Buyer")

    async def busy(self) -> None:
        """Somebody edits, cures, and moves people."""
        opportunities = self.scene.workbooks.opportunities
        await _until(90.0)
        opportunities.update(self._crane, description="Crane, blue")
        lines = [(self._mary, "Decision maker"), (self._nils, "Sponsor"), (self._nils, "Buyer")]
        self.scene.workbooks.set_people(self._crane, lines)
        await _until(120.0)
        opportunities.update(
            self._nameless, description="Buoy", cf_opportunity_outreach_sync_error=False
        )
        self.scene.workbooks.set_people(self._crane, [(self._mary, "Decision maker")])
        await _until(150.0)
        # Back to what it was, while an answer may be lost.
        opportunities.update(self._crane, description="Crane")

    async def _rest(self, oracle: Oracle) -> list[str]:
        counts = self.trace.counts
        self.instants = 2 * (counts["request"] + counts["commit"])
        complaints = await super()._rest(oracle)
        self.lines = self.scene.states.rows(LINES)
        return complaints

    def make_good(self) -> None:
        """A flag that came late is reset."""
        opportunities = self.scene.workbooks.opportunities
        if opportunities.value(self._nameless, "cf_opportunity_outreach_sync_error"):
            opportunities.update(self._nameless, cf_opportunity_outreach_sync_error=False)


async def _until(at_s: float) -> None:
    await anyio.sleep(max(0.0, at_s - anyio.current_time()))


def _person(scene: Scene, name: str, email: str) -> int:
    return scene.workbooks.people.create(
        name=name,
        person_last_name=name,
        main_location_email=email,
        cf_person_sync_to_outreach=True,
    )


def _plan(dies: int | None) -> Plan:
    settings = {
        "outreach": {"visibility_s": 40.0},
        "poller": {"interval_s": 30, "sweep_interval_s": 60, "mapping_interval_s": 900},
        "owners": {"ttl_s": 60},
        "retry": {"attempts_max": ATTEMPTS_MAX, "base_s": 1, "cap_s": 20},
    }
    return Plan(
        seed=0,
        records=3,
        people=2,
        busy_s=160.0,
        pause_s=0.0,
        odds=Odds(),
        outages=(),
        ends=() if dies is None else (End(0.0, "die", dies, AWAY_S),),
        token_losses=(),
        session_losses=(),
        index_lag_s=0.0,
        workbooks=WorkbooksKnobs(),
        outreach=OutreachKnobs(),
        settings=settings,
    )


@dataclass(frozen=True, slots=True)
class Told:
    """How the story went.

    Args:
        digest: of everything that happened.
        complaints: the oracle's.
        counts: of what happened, by kind.
        instants: at how many of them a process could have died before everything was at rest.
        lines: of the history that the state holds in the end.
    """

    digest: str
    complaints: list[str]
    counts: Counter[str]
    instants: int
    lines: Sequence[tuple[Any, ...]]


def told(points: Points, keep: Keep = Files, dies: int | None = None) -> Told:
    """Play the story; see `Story`."""
    directory = Path(tempfile.mkdtemp(prefix="wosync-sweep-", dir=scratch()))
    surprises: list[str] = []
    story = Story(directory, points, keep, dies)
    try:
        with quiet(surprises):
            trace, _, complaints = virtual_time.run(story.run)
    finally:
        shutil.rmtree(directory)
    return Told(trace.digest, [*complaints, *surprises], trace.counts, story.instants, story.lines)


def spoil(state: str, point: tuple[int, str]) -> list[str]:
    """Play the story with one point spoilt in one way; returns complaints that name both."""
    number, way = point
    points = Points(number, SPOILT[way])
    what = f"request {number}, {way}"
    complaints = told(points, kept(state, 0)).complaints
    if number < len(points.seen):
        what = f"{what} ({' '.join(points.seen[number])})"
    return [f"{what}: {one}" for one in complaints]


def die(state: str, instant: int) -> list[str]:
    """Play the story with a process that dies at that instant; returns complaints that name it."""
    story = told(Points(), kept(state, 0), instant)
    if not story.counts["death"]:
        return [f"nobody dies at instant {instant}"]
    return [f"dead at instant {instant}: {one}" for one in story.complaints]
