"""What the running service measures of itself, held against what both emulators saw."""

from __future__ import annotations

import io
import json
import threading
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from typing import Any

import anyio
import pytest
from prometheus_client import Metric
from prometheus_client.openmetrics import parser as openmetrics

from connectors.sandbox.faults import Fault
from engine import logs
from engine.actors.opportunity_syncer import OpportunitySyncer
from engine.flow import worktime
from engine.metrics import labels
from engine.metrics.families import Registry
from engine.model.measure import Backlog
from engine.service import supervision
from engine.store.sqlite import measure, statefile
from tests.scenario.bench import OPPORTUNITIES, START, UPDATE, Bench, running, until
from tests.scenario.service_port import OPENMETRICS, ServicePort, eventually, served, total

pytestmark = pytest.mark.anyio

SERIES_MAX = 1600
KNOWN = {
    "kind": {*labels.KINDS, *labels.REFUSED_KINDS, *labels.DOUBTS, *labels.REFERENCE_KINDS},
    "status": {*labels.STATUSES, "201", "204", "422"},
    "connector": {"workbooks", "outreach"},
    "actor": set(labels.ACTORS),
    "mailbox": set(labels.MAILBOXES),
    "feed": set(labels.FEEDS),
}
"""Values of labels; an id or a name among them would grow the monitoring without bound."""


@pytest.fixture
def said() -> io.StringIO:
    """The service's log at its most talkative, for the time of one test."""
    out = io.StringIO()
    logs.configure("debug", "json", out)
    return out


def linked(world: Bench, *records: int) -> bool:
    """Whether the records carry their ids."""
    return all(world.record(record)["outreach_id"] is not None for record in records)


async def at_rest(port: ServicePort) -> bool:
    """Whether nothing is left to do."""
    open_ends = ("pending_records", "mailbox_depth", "in_doubt_intents", "api_in_flight")
    values = await port.values(*open_ends)
    return not any(total(values, name) for name in open_ends)


async def busy_day(world: Bench, port: ServicePort) -> list[int]:
    """Everything that can go wrong, and everything that is done; returns the records."""
    world.outreach_traffic.plan.add(
        Fault(method="POST", path="/opportunities$", status=500, times=2),
        Fault(method="POST", path="/opportunities$", status=502, when="after", skip=2),
        Fault(method="POST", path="/opportunities$", action="drop", skip=4),
        Fault(method="POST", path="/opportunities$", action="garbage", skip=6),
        Fault(method="PATCH", status=429, headers={"Retry-After": "0"}),
        Fault(method="GET", path="/prospects$", status=504),
        Fault(method="POST", path="/prospects$", action="drop", when="after"),
        Fault(method="POST", path="/opportunityProspectRoles", status=599),
    )
    world.workbooks_traffic.plan.add(
        Fault(method="PUT", status=500),
        Fault(path=OPPORTUNITIES, body=r"_ff\[\]=updated_at", status=500, skip=1),
        Fault(path=OPPORTUNITIES, action="garbage", skip=5),
    )
    people = world.knows_all("Ada Byron", "Grace Hopper", "Emmy Noether")
    people.append(world.knows("No Address", None))
    records = [world.has(f"Row {number}") for number in range(20)]
    for number, record in enumerate(records):
        world.puts(record, (people[number % 4], "Partner"))
    world.has("x" * 300)
    # What is refused stays so; everything else arrives.
    await until(lambda: linked(world, *records))
    for record in records[:5]:
        world.edit(record, description=f"Edited {record}")
        world.puts(record, (people[0], "Buyer"))
    await until(lambda: world.outreach_traffic.counts[UPDATE] >= 5)
    await eventually(lambda: at_rest(port))
    return records


async def test_every_series_is_there_from_the_start(world: Bench) -> None:
    """The first error of a kind is invisible to a rate if its series begins with it."""
    world.settings["contacts"] = {"source": "resource"}
    world.settings["outreach"]["visibility_s"] = 0.2
    async with served(world, sweep_interval_s=0.2, audit_interval_s=0.2) as port:
        before = await port.values()
        await busy_day(world, port)
        after = await port.values()

    assert after.keys() == before.keys()
    assert len(after) < SERIES_MAX
    for name, text in {pair for _, pairs in after for pair in pairs}:
        assert text in KNOWN.get(name, {text}), (name, text)
        # No id ever gets into a route.
        assert name != "route" or not any(sign.isdigit() for sign in text), text


async def test_a_scrape_is_put_together_beside_the_loop(
    world: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than a thousand series are read and written down: nobody waits for that meanwhile."""
    collect = Registry.collect
    threads: list[threading.Thread] = []

    def noted(registry: Registry) -> Iterator[Metric]:
        threads.append(threading.current_thread())
        yield from collect(registry)

    monkeypatch.setattr(Registry, "collect", noted)
    async with served(world) as port:
        await port.values("ready")

    assert threads
    assert threading.current_thread() not in threads


async def test_every_request_is_spent_on_something(world: Bench) -> None:
    """Who asks what the requests went for must not be told of half of them."""
    world.settings["contacts"] = {"source": "resource"}
    async with served(world, sweep_interval_s=0.2, audit_interval_s=0.2) as port:
        await busy_day(world, port)
        await eventually(lambda: spent(port, "workbooks", "audit"))
        values = await port.values()

    for connector in ("workbooks", "outreach"):
        finished = total(values, "api_requests_total", connector=connector)
        assert total(values, "requests_spent_total", connector=connector) == finished
    tokens = total(values, "api_requests_total", connector="outreach", route="/oauth/token")
    assert total(values, "requests_spent_total", connector="outreach", purpose="auth") == tokens
    for connector, purpose in (
        ("outreach", "fresh"),
        ("outreach", "people"),
        ("workbooks", "people"),
        ("workbooks", "write_back"),
    ):
        assert total(values, "requests_spent_total", connector=connector, purpose=purpose), purpose


async def spent(port: ServicePort, connector: str, purpose: str) -> bool:
    """Whether a request was spent on it."""
    return await port.value("requests_spent_total", connector=connector, purpose=purpose) > 0


@pytest.mark.parametrize("connector", ["workbooks", "outreach"])
async def test_refused_credentials_say_whose_they_are(world: Bench, connector: str) -> None:
    """Somebody is woken to renew one of two."""

    other = "outreach" if connector == "workbooks" else "workbooks"
    if connector == "outreach":
        invalid = '{"error": "invalid_grant"}'
        world.outreach_fault(Fault(path="/oauth/token", status=400, text=invalid, times=None))
    else:
        world.workbooks_fault(Fault(status=401, times=None))
    async with served(world) as port:
        await eventually(lambda: _refused(port, connector))

        assert await port.value("connector_condition", connector=connector) == 1
        assert await port.value("connector_condition", connector=other, condition="up") == 1


async def test_a_key_that_is_taken_again_shows_at_once(world: Bench) -> None:
    """Whoever renewed it wants to know."""
    async with served(world) as port:
        await eventually(lambda: _up(port, "workbooks"))
        world.workbooks_fault(Fault(status=401, times=None))
        await eventually(lambda: _refused(port, "workbooks"))
        world.workbooks_traffic.plan.clear()
        await eventually(lambda: _up(port, "workbooks"))


async def _refused(port: ServicePort, connector: str) -> bool:
    told = {"connector": connector, "condition": "credentials_refused"}
    return await port.value("connector_condition", **told) == 1


async def _up(port: ServicePort, connector: str) -> bool:
    return await port.value("connector_condition", connector=connector, condition="up") == 1


async def test_worker_time_adds_up_to_workers_times_time(world: Bench) -> None:
    """Busy, blocked, throttled and idle are shares of a whole."""
    world.settings["concurrency"] = {"opportunity_syncers": 3, "write_backs": 2}
    world.outreach_traffic.latency_s = 0.01
    async with served(world) as port:
        first = world.has("Harbour crane")
        await until(lambda: linked(world, first))
        before = await port.values("actor_")
        records = [world.has(f"Row {number}") for number in range(20)]
        await until(lambda: linked(world, *records))
        after = await port.values("actor_")

    def passed(actor: str, **state: str) -> float:
        name = "actor_time_seconds_total"
        return total(after, name, actor=actor, **state) - total(before, name, actor=actor, **state)

    # One poller's whole time is the time that passed.
    whole = passed("poller")
    assert whole > 0
    for actor in labels.ACTORS:
        workers = total(after, "actor_workers", actor=actor)
        assert (workers >= 1) == (actor != labels.START_UP), actor
        # The moments of reading the actors differ by the work between them only.
        assert passed(actor) == pytest.approx(workers * whole, abs=0.02 * workers), actor
    assert total(after, "actor_workers", actor="opportunity_syncer") == 3
    assert passed("opportunity_syncer", state="busy") > 0
    assert passed("opportunity_syncer", state="idle") > 0


async def test_requests_and_outcomes_are_counted_as_both_systems_saw_them(world: Bench) -> None:
    """By method, route and status: what the service says is held against the other end."""
    world.settings["outreach"]["visibility_s"] = 0.2
    async with served(world) as port:
        records = await busy_day(world, port)
        # Between two looks at the emulators nothing was asked, so the look between is of the same.
        while True:
            seen = Counter(world.outreach_traffic.counts), world.workbooks_traffic.total
            values = await port.values()
            if seen == (world.outreach_traffic.counts, world.workbooks_traffic.total):
                break

    counted = Counter[tuple[str, str]]()
    for (name, pairs), value in values.items():
        of = dict(pairs)
        if name == "wosync_api_requests_total" and of["connector"] == "outreach" and value:
            route = of["route"]
            path = route if route.startswith("/oauth") else f"/api/v2{route}"
            counted[of["method"], path] += int(value)
    assert counted == seen[0]
    assert total(values, "api_requests_total", connector="workbooks") == seen[1]
    assert total(values, "api_requests_total", status="429", connector="outreach") == 1
    assert total(values, "rate_limited_total", connector="outreach") == 1
    assert total(values, "api_requests_total", status="5xx") == 3

    def told(name: str, **given: str) -> float:
        return total(values, name, **given)

    assert len(world.outreach.opportunities) == len(records)
    created = told("reconciles_total", kind="opportunity", outcome="created")
    adopted = told("reconciles_total", kind="opportunity", outcome="adopted")
    assert created + adopted == len(records)
    assert adopted >= 1
    assert told("in_doubt_resolved_total", kind="opportunity", resolution="executed") == adopted
    assert told("duplicates_found_total") == 0
    assert told("records_linked") == len(records)
    assert told("records_in_error", kind="opportunity", class_="validation") == 1
    # One was created without our hearing of it, and found.
    assert told("prospects_total", outcome="created") == len(world.outreach.prospects.rows()) - 1
    assert told("in_doubt_resolved_total", kind="prospect", resolution="executed") == 1
    assert told("role_edits_total", edit="created") >= len(world.outreach.roles.rows())
    # The ids of records and people, and one flag.
    assert told("writebacks_total", outcome="delivered") >= len(records) + 3 + 1
    assert told("sync_lag_seconds_count", kind="opportunity", stage="target_ack") >= created
    finished = told("reconciles_total", kind="opportunity")
    assert told("reconcile_duration_seconds_count", kind="opportunity") == finished
    requests = told("api_requests_total")
    assert told("api_request_duration_seconds_count") == requests
    assert told("retries_total") >= 2
    assert told("polls_total", feed="changes", outcome="error") >= 1
    assert told("ready") == 1


async def test_both_forms_say_the_same_and_can_be_read(world: Bench) -> None:
    """Prometheus asks for the one, a person reads the other."""
    async with served(world) as port:
        record = world.has("Harbour crane")
        await until(lambda: linked(world, record))
        await eventually(lambda: at_rest(port))
        plain = set(await port.values())
        text = await port.text(OPENMETRICS)

    families = _openmetrics(text)
    names = {
        (sample.name, frozenset(sample.labels.items())) for f in families for sample in f.samples
    }
    assert names == plain
    assert text.endswith("# EOF\n")
    assert all(family.documentation for family in families)


def _openmetrics(text: str) -> list[Metric]:
    untyped: Callable[..., Generator[Metric]] = openmetrics.text_string_to_metric_families  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] # untyped there
    return list(untyped(text))


async def test_an_exemplar_leads_to_the_lines_of_its_run(world: Bench, said: io.StringIO) -> None:
    """From a slow bucket to the record it was."""
    world.settings["service"]["log_level"] = "debug"
    async with served(world) as port:
        ada = world.knows()
        record = world.has("Harbour crane")
        world.puts(record, (ada, "Partner"))
        await until(lambda: linked(world, record))
        await eventually(lambda: at_rest(port))
        text = await port.text(OPENMETRICS)

    found: dict[str, set[str]] = {}
    for family in _openmetrics(text):
        for sample in family.samples:
            if sample.exemplar:
                assert set(sample.exemplar.labels) == {"run"}
                found.setdefault(family.name, set()).add(sample.exemplar.labels["run"])
    lines: list[dict[str, Any]] = [json.loads(line) for line in said.getvalue().splitlines()]
    logged = {line.get("run") for line in lines}

    assert found.keys() == {
        "wosync_sync_lag_seconds",
        "wosync_reconcile_duration_seconds",
        "wosync_api_request_duration_seconds",
        "wosync_poll_duration_seconds",
    }
    for name, runs in found.items():
        assert runs <= logged, name
    [created] = [line for line in lines if line["event"] == "created"]
    assert created["run"] in found["wosync_reconcile_duration_seconds"]


async def test_a_frozen_worker_shows_everywhere_until_it_goes_on(
    world: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In readiness, in the metrics, in the status: whoever looks, wherever."""
    monkeypatch.setattr(worktime, "STALL_S", 1.0)
    monkeypatch.setattr(supervision, "CHECK_EVERY_S", 0.2)
    thaw = anyio.Event()
    attempt = OpportunitySyncer.step

    async def frozen(self: OpportunitySyncer, key: int) -> str:
        await thaw.wait()
        return await attempt(self, key)

    monkeypatch.setattr(OpportunitySyncer, "step", frozen)
    async with served(world) as port:
        await eventually(lambda: _ready(port))
        record = world.has("Harbour crane")
        await eventually(lambda: _stalled(port))

        assert await port.ready() == (503, "no progress in: opportunity_syncer")
        assert (await port.status())["reason"] == "no progress in: opportunity_syncer"
        values = await port.values()
        assert total(values, "actor_stalled") == 1
        assert total(values, "actor_longest_busy_seconds", actor="opportunity_syncer") > 1.0
        assert total(values, "ready") == 0

        thaw.set()
        await eventually(lambda: _ready(port))
        assert await port.value("actor_stalled") == 0
        await until(lambda: linked(world, record))


async def _ready(port: ServicePort) -> bool:
    return (await port.ready())[0] == 200


async def _stalled(port: ServicePort) -> bool:
    return await port.value("actor_stalled", actor="opportunity_syncer") == 1


def waiting(world: Bench, kind: str) -> Backlog:
    """What waits, by the state on disk."""
    path = world.state / statefile.FILE_NAME
    if not path.exists():
        return Backlog(0, None)
    with closing(statefile.connect(path, query_only=True)) as connection:
        return measure.measured(connection, 0.0, soon=0.0).waiting(kind)


async def test_an_edited_tab_waits_since_the_edit_of_the_tab(world: Bench) -> None:
    """The opportunity itself was not touched; its own time would be an older one."""
    world.settings["contacts"] = {"source": "resource"}
    world.settings["service"]["shutdown_s"] = 0.2
    ada = world.knows()
    record = world.has("Harbour crane")
    await world.once()
    # Seen as the write-back left it, maybe a second later, and past the overlap of that: no poll of
    # the changes reads the record again.
    await world.once()
    world.clock.advance(1000)
    await world.once()
    world.clock.advance(1000)
    edited_at = world.clock.now()
    world.puts(record, (ada, "Partner"))
    world.clock.advance(300)
    world.outreach_fault(Fault(path="/opportunityProspectRoles", status=503, times=None))

    async with running(world):
        await until(lambda: waiting(world, "relationship").records == 1)
        found = waiting(world, "relationship")

    assert found.since == pytest.approx(edited_at, abs=2)


@pytest.mark.parametrize("interrupted", [False, True])
async def test_a_first_import_waits_since_it_began_even_when_it_was_interrupted(
    world: Bench, interrupted: bool
) -> None:
    """Records of last year are not a year late, and nobody must be woken for them."""
    world.settings["service"]["shutdown_s"] = 0.2
    world.settings["workbooks"]["page_size"] = 4
    for number in range(20):
        world.has(f"Row {number}", updated_at=int(START) - 365 * 86_400 + 60 * number)
    world.outreach_fault(Fault(method="POST", path="/opportunities$", status=503, times=None))
    if interrupted:
        world.workbooks_fault(Fault(path=OPPORTUNITIES, body="updated_at", status=500, skip=4))

    async with running(world):
        await until(lambda: waiting(world, "opportunity").records == 20)
        found = waiting(world, "opportunity")

    assert not world.workbooks_traffic.plan.waiting
    assert found.since is not None
    assert found.since >= START - 5
