"""Services that never ran, each under one known limit: their metrics at two scrapes."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from prometheus_client import generate_latest

from engine.metrics import Metrics
from engine.metrics.labels import ACTORS
from engine.tuning import Finding, Range, Rates, findings, rates, read_scrape

OVER_S = 10.0
STARTED_AT = 1_000_000.0
SYSTEMS = ("crm", "sales")
SETTINGS = {
    "concurrency.opportunity_syncers": 4.0,
    "concurrency.relationship_syncers": 4.0,
    "concurrency.write_backs": 1.0,
    "crm.page_size": 100.0,
    "crm.requests_in_flight_max": 4.0,
    "poller.interval_s": 60.0,
    "sales.budget.fresh_share": 0.1,
    "sales.budget.per_hour": 0.0,
    "sales.budget.per_year": 0.0,
    "sales.budget.reserve": 500.0,
    "sales.requests_in_flight_max": 4.0,
    "write_back.batch_max": 100.0,
    "write_back.linger_ms": 1000.0,
}
RANGES = {
    "concurrency.opportunity_syncers": Range(1, 256, whole=True),
    "concurrency.relationship_syncers": Range(1, 256, whole=True),
    "concurrency.write_backs": Range(1, 16, whole=True),
    "crm.page_size": Range(1, 100, whole=True),
    "crm.requests_in_flight_max": Range(1, 64, whole=True),
    "mailboxes.changes": Range(1, 100_000, whole=True),
    "mailboxes.contacts": Range(1, 100_000, whole=True),
    "mailboxes.write_backs": Range(1, 100_000, whole=True),
    "poller.interval_s": Range(0, 86_400, whole=False, open_low=True),
    "sales.budget.fresh_share": Range(0, 0.9, whole=False),
    "sales.budget.per_hour": Range(0, math.inf, whole=True),
    "sales.budget.per_year": Range(0, math.inf, whole=True),
    "sales.budget.reserve": Range(0, math.inf, whole=True),
    "sales.requests_in_flight_max": Range(1, 64, whole=True),
    "write_back.batch_max": Range(1, 100, whole=True),
    "write_back.linger_ms": Range(0, 60_000, whole=True),
}


@dataclass
class Service:
    """A service that never ran: its metrics before and after ten seconds nobody waited for."""

    settings: dict[str, float] = field(default_factory=lambda: dict(SETTINGS))
    before: Metrics = field(default_factory=Metrics)
    after: Metrics = field(default_factory=Metrics)
    times: dict[str, dict[str, float]] = field(default_factory=dict[str, dict[str, float]])
    processor_s: float = 0.1

    def __post_init__(self) -> None:
        for metrics in (self.before, self.after):
            metrics.know_connectors(SYSTEMS, "sales")
            metrics.know_routes("sales", [("POST", "/deals")])
            metrics.know_routes("crm", [("GET", "/deals")])
            metrics.poll_last_success.labels("changes").set(STARTED_AT)
            for mailbox, capacity in (("changes", 256), ("contacts", 256), ("write_backs", 512)):
                metrics.mailbox_capacity.labels(mailbox).set(capacity)
        for actor in ACTORS:
            self.spends(actor, 1, idle=1.0)

    def both(self, does: Callable[[Metrics], object]) -> None:
        """Something that is so at both scrapes."""
        does(self.before)
        does(self.after)

    def spends(
        self,
        actor: str,
        workers: int,
        *,
        busy: float = 0.0,
        blocked: float = 0.0,
        throttled: float = 0.0,
        idle: float = 0.0,
    ) -> None:
        """What parts of their time the workers of an actor spend on what."""
        self.both(lambda metrics: metrics.actor_workers.labels(actor).set(workers))
        self.times[actor] = {
            state: part * workers * OVER_S
            for state, part in (
                ("busy", busy),
                ("blocked", blocked),
                ("throttled", throttled),
                ("idle", idle),
            )
        }

    def waits(self, kind: str, before: int, after: int, mailbox: str = "", depth: int = 0) -> None:
        """A backlog, and what of it lies in the mailbox."""
        self.before.pending_records.labels(kind, "backlog").set(before)
        self.after.pending_records.labels(kind, "backlog").set(after)
        if mailbox:
            self.both(lambda metrics: metrics.mailbox_depth.labels(mailbox).set(depth))

    def asks(self, system: str, requests: int, seconds: float) -> None:
        """Requests that ended while measuring, and the mean of their times."""
        method, route = ("POST" if system == "sales" else "GET"), "/deals"
        self.after.api_requests.labels(system, method, route, "200").inc(requests)
        for _ in range(requests):
            self.after.api_request_duration.labels(system, route).observe(seconds)

    def rates(self) -> Rates:
        """The difference."""
        texts = [self._text(self.before, 0.0), self._text(self.after, 1.0)]
        first, last = (read_scrape(text, STARTED_AT + 3600) for text in texts)
        return rates(first, last, OVER_S)

    def found(self) -> list[Finding]:
        """What the rules say."""
        return findings(self.rates(), RANGES)

    def _text(self, metrics: Metrics, passed: float) -> str:
        for setting, value in self.settings.items():
            metrics.setting.labels(setting).set(value)
        for actor, states in self.times.items():
            for state, spent in states.items():
                metrics.actor_time.labels(actor, state).inc(spent * passed)
        own = [
            line
            for line in generate_latest(metrics.registry).decode().splitlines()
            if not line.startswith("process_")
        ]
        process = [
            f"process_start_time_seconds {STARTED_AT}",
            f"process_cpu_seconds_total {self.processor_s * passed}",
        ]
        return "\n".join([*own, *process]) + "\n"


def busy_opportunities(service: Service, workers: int = 4) -> None:
    """All opportunity syncers at work, and many opportunities waiting."""
    service.settings["concurrency.opportunity_syncers"] = workers
    service.spends("opportunity_syncer", workers, busy=0.97, idle=0.03)
    service.waits("opportunity", 900, 860, "changes", 256)
    service.after.reconciles.labels("opportunity", "created").inc(40)


def too_few_syncers(service: Service) -> None:
    busy_opportunities(service, workers=2)
    service.asks("sales", 20, 0.9)


def too_few_relationship_syncers(service: Service) -> None:
    service.settings["concurrency.relationship_syncers"] = 1
    service.spends("relationship_syncer", 1, busy=0.9, idle=0.1)
    service.waits("relationship", 300, 290, "contacts", 256)


def as_many_syncers_as_places(service: Service) -> None:
    busy_opportunities(service)
    service.asks("sales", 40, 0.95)


def one_place(service: Service) -> None:
    busy_opportunities(service, workers=8)
    service.spends("opportunity_syncer", 8, busy=0.13, blocked=0.87)
    service.settings["sales.requests_in_flight_max"] = 1
    service.asks("sales", 20, 0.5)


def budget_of_the_hour(service: Service) -> None:
    service.waits("opportunity", 900, 900)
    service.spends("dispatcher", 5, throttled=1.0)
    for lane in ("fresh", "backlog"):
        service.after.budget_held.labels("sales", lane).set(1800)
    service.after.budget_limit.labels("sales", "hour").set(9500)
    service.after.budget_remaining.labels("sales", "hour").set(0)


def own_ceiling(service: Service) -> None:
    budget_of_the_hour(service)
    service.settings |= {"sales.budget.per_hour": 200.0, "sales.budget.reserve": 0.0}


def share_for_fresh_edits(service: Service) -> None:
    budget_of_the_hour(service)
    service.after.budget_held.labels("sales", "fresh").set(0)


def budget_of_the_year(service: Service) -> None:
    budget_of_the_hour(service)
    service.settings["sales.budget.per_year"] = 250_000.0
    service.after.budget_limit.labels("sales", "year").set(250_000)
    service.after.budget_remaining.labels("sales", "year").set(0)


def no_setting_of_the_budget(service: Service) -> None:
    budget_of_the_hour(service)
    service.settings["sales.budget.reserve"] = 0.0


def many_short_holds(service: Service) -> None:
    busy_opportunities(service)
    service.spends("opportunity_syncer", 4, busy=0.2, throttled=0.8)
    service.after.budget_limit.labels("sales", "hour").set(9500)
    service.after.budget_remaining.labels("sales", "hour").set(3)


def held_back_again_and_again(service: Service) -> None:
    busy_opportunities(service)
    service.spends("opportunity_syncer", 4, busy=0.2, throttled=0.8)


def outage(service: Service) -> None:
    service.waits("opportunity", 900, 900)
    service.after.connector_down.labels("sales").set(1)
    service.after.connector_paused.labels("sales").set(20)


def told_to_wait(service: Service) -> None:
    service.waits("opportunity", 900, 900)
    service.after.connector_paused.labels("sales").set(30)
    service.after.rate_limited.labels("sales").inc(2)


def mass_change(service: Service) -> None:
    service.waits("opportunity", 900, 900)
    service.after.fuse_tripped.set(1)
    service.after.fuse_held.set(900)


def busy_write_backs(service: Service, records: int) -> None:
    """Write-backs at work on batches of so many records, and more waiting than before."""
    service.spends("write_back", 1, busy=0.95, idle=0.05)
    service.waits("write_back", 700, 900, "write_backs", 512)
    service.after.batch_records.observe(records)


def write_backs_with_full_batches(service: Service) -> None:
    busy_write_backs(service, 100)


def write_backs_with_a_low_bound(service: Service) -> None:
    busy_write_backs(service, 20)
    service.settings["write_back.batch_max"] = 20.0


def write_backs_with_small_batches(service: Service) -> None:
    busy_write_backs(service, 3)
    service.settings["write_back.linger_ms"] = 0.0


def write_backs_without_places(service: Service) -> None:
    service.settings |= {"crm.requests_in_flight_max": 2.0, "concurrency.write_backs": 4.0}
    busy_write_backs(service, 100)
    service.spends("write_back", 4, busy=0.5, blocked=0.5)
    service.asks("crm", 20, 0.95)


def empty_mailbox(service: Service) -> None:
    service.spends("opportunity_syncer", 4, busy=0.5, idle=0.5)
    service.waits("opportunity", 9000, 8000, "changes", 2)
    service.after.reconciles.labels("opportunity", "noop").inc(1000)


def poller_without_a_pause(service: Service) -> None:
    service.settings["crm.page_size"] = 25.0
    service.spends("poller", 1, busy=1.0)
    service.after.poll_records.labels("changes", "changed").inc(250)
    service.asks("crm", 10, 1.0)


def poller_with_the_largest_pages(service: Service) -> None:
    poller_without_a_pause(service)
    service.settings["crm.page_size"] = 100.0


def slow_disk(service: Service) -> None:
    busy_opportunities(service, workers=2)
    for _ in range(50):
        service.after.commits.observe(0.8)


def late_timers(service: Service) -> None:
    busy_opportunities(service, workers=2)
    for _ in range(50):
        service.after.loop_lag.observe(0.2)


def one_whole_core(service: Service) -> None:
    busy_opportunities(service, workers=2)
    service.processor_s = 9.8


def slow_answers(service: Service) -> None:
    as_many_syncers_as_places(service)
    service.asks("sales", 40, 6.0)


def waiting_for_a_resolver(service: Service) -> None:
    busy_opportunities(service)
    service.spends("opportunity_syncer", 4, busy=0.1, blocked=0.9)
    service.spends("prospect_resolver", 1, busy=0.95, idle=0.05)


def nothing_due(service: Service) -> None:
    service.waits("opportunity", 12, 12)


def seen_late(service: Service) -> None:
    service.after.sync_lag.labels("opportunity", "observed").observe(40)
    service.after.sync_lag.labels("opportunity", "target_ack").observe(41)


def idle(service: Service) -> None:
    assert service


def keeping_up(service: Service) -> None:
    service.after.reconciles.labels("opportunity", "updated").inc(5)
    service.waits("opportunity", 3, 2)


def just_keeping_up(service: Service) -> None:
    busy_opportunities(service)
    service.waits("opportunity", 3, 2)


def just_come_in(service: Service) -> None:
    busy_opportunities(service)
    service.waits("opportunity", 2, 900)
