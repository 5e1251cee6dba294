"""From two scrapes of one service to rates: what happened in between, and how things stand.

Counters that went back to zero count from zero, so a restart never yields a negative rate.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families

from engine.metrics import PREFIX
from engine.metrics.labels import ACTORS, KINDS, LANES, MAILBOXES, WINDOWS
from engine.model.condition import Condition

Labels = frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Scrape:
    """One answer of `/metrics`: sample values by name and labels, and when it was asked for.

    Args:
        at: unix seconds.
    """

    at: float
    samples: Mapping[str, Mapping[Labels, float]]

    def total(self, name: str, **labels: str) -> float:
        """The sum of every series of this name that has these labels; 0 without any."""
        wanted = labels.items()
        return sum(
            value
            for found, value in self.samples.get(name, {}).items()
            if wanted <= dict(found).items()
        )

    def highest(self, name: str, **labels: str) -> float:
        """The highest of every series of this name that has these labels; 0 without any."""
        wanted = labels.items()
        return max(
            (
                value
                for found, value in self.samples.get(name, {}).items()
                if wanted <= dict(found).items()
            ),
            default=0.0,
        )

    def values(self, name: str, label: str) -> list[str]:
        """Every value the label has under this name, sorted."""
        return sorted({dict(found)[label] for found in self.samples.get(name, {})})


def read_scrape(text: str, at: float) -> Scrape:
    """Parse the text format.

    Raises:
        ValueError: it is not this format, or not of this service.
    """
    samples: dict[str, dict[Labels, float]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = frozenset(sample.labels.items())
            samples.setdefault(sample.name, {})[labels] = float(sample.value)
    if _named("ready") not in samples:
        raise ValueError(f"there is no metric {_named('ready')}")
    return Scrape(at, samples)


@dataclass(frozen=True, slots=True)
class Shares:
    """What an actor's workers did, as parts (0 to 1) of their time; all 0 when none was counted."""

    workers: int
    busy: float
    blocked: float
    throttled: float
    idle: float

    @property
    def known(self) -> bool:
        """Whether any time was counted."""
        return self.busy + self.blocked + self.throttled + self.idle > 0

    @property
    def used(self) -> float:
        """The part in which there was something to do."""
        return self.busy + self.blocked + self.throttled


@dataclass(frozen=True, slots=True)
class Fill:
    """A mailbox: keys queued at the first and at the last scrape, and the wait of its head."""

    depth_before: int
    depth: int
    capacity: int
    oldest_age_s: float
    blocked_senders: int


@dataclass(frozen=True, slots=True)
class Backlog:
    """Changes of one kind that are not settled, at the first and at the last scrape."""

    before: int
    now: int
    oldest_age_s: float
    over_s: float

    @property
    def steady(self) -> int:
        """Changes that waited at both scrapes."""
        return min(self.before, self.now)

    @property
    def done_in_s(self) -> float | None:
        """Seconds to none at the present pace; None when it does not shrink."""
        shrunk = self.before - self.now
        return self.now * self.over_s / shrunk if shrunk > 0 else None


@dataclass(frozen=True, slots=True)
class Load:
    """The traffic with one system.

    Args:
        in_flight: requests under way on average.
        answer_s: mean time of an answer; 0 when none came.
        told_to_wait: answers that told us to slow down.
        condition: what keeps requests from it at the last scrape, as `Condition` has it; empty
            where that was not told.
    """

    requests_s: float
    in_flight: float
    answer_s: float
    told_to_wait: int
    paused_s: float
    down: bool
    condition: str = ""


@dataclass(frozen=True, slots=True)
class Allowance:
    """The budget of the one system that has one.

    Args:
        held_s: seconds until a request is admitted, by lane.
        limit: requests by window, +Inf without a limit; `remaining` likewise.
    """

    system: str
    held_s: Mapping[str, float]
    limit: Mapping[str, float]
    remaining: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Rates:
    """Everything the rules look at. Rates are per second, ages and waits in seconds.

    Args:
        at: unix seconds of the last scrape.
        restarted: the two scrapes are of different processes.
        polls: whether a poll for changes has ever succeeded.
        captured_s: rows a second that were changes nobody knew.
        seen_lag_s: mean time from a change to the poll that saw it; None without any.
        lag_s: mean time from a change to the target's answer; None without any.
        processor: processor cores used.
    """

    at: float
    over_s: float
    uptime_s: float
    restarted: bool
    polls: bool
    reconciles_s: Mapping[str, float]
    write_backs_s: float
    captured_s: float
    retries_s: float
    batch_records: float
    backlog: Mapping[str, Backlog]
    actors: Mapping[str, Shares]
    mailboxes: Mapping[str, Fill]
    systems: Mapping[str, Load]
    allowance: Allowance | None
    settings: Mapping[str, float]
    fuse_held: int
    fuse_tripped: bool
    seen_lag_s: float | None
    lag_s: float | None
    commit_p99_s: float
    loop_lag_p90_s: float
    processor: float

    @property
    def budget_hours(self) -> float | None:
        """Hours the backlog takes by the budget alone; None when this hour's rest suffices."""
        allowance, reconciled_s = self.allowance, sum(self.reconciles_s.values())
        if allowance is None or not reconciled_s or math.isinf(allowance.limit["hour"]):
            return None
        owed = sum(one.now for kind, one in self.backlog.items() if kind in self.reconciles_s)
        needed = owed * self.systems[allowance.system].requests_s / reconciled_s
        beyond = needed - max(0.0, allowance.remaining["hour"])
        return 1 + beyond / max(1.0, allowance.limit["hour"]) if beyond > 0 else None

    @property
    def source(self) -> str | None:
        """The system without a budget."""
        target = self.allowance.system if self.allowance else None
        others = [name for name in self.systems if name != target]
        return others[0] if len(others) == 1 else None

    @property
    def target(self) -> str | None:
        """The system with the budget."""
        return self.allowance.system if self.allowance else None


@dataclass(frozen=True, slots=True)
class _Between:
    """Two scrapes; names without the prefix."""

    before: Scrape
    after: Scrape
    over_s: float

    def grown(self, name: str, **labels: str) -> float:
        """How much the counters grew, each judged by itself."""
        known = self.before.samples.get(_named(name), {})
        grown = 0.0
        for found, value in self.after.samples.get(_named(name), {}).items():
            if labels.items() <= dict(found).items():
                earlier = known.get(found, 0.0)
                grown += value - earlier if value >= earlier else value
        return grown

    def rate(self, name: str, **labels: str) -> float:
        return self.grown(name, **labels) / self.over_s

    def mean(self, name: str, **labels: str) -> float | None:
        """The mean of a histogram's new observations; None without any."""
        count = self.grown(f"{name}_count", **labels)
        return self.grown(f"{name}_sum", **labels) / count if count else None

    def last(self, name: str, **labels: str) -> float:
        return self.after.total(_named(name), **labels)

    def highest(self, name: str, **labels: str) -> float:
        return self.after.highest(_named(name), **labels)

    def first(self, name: str, **labels: str) -> float:
        return self.before.total(_named(name), **labels)

    def quantile(self, share: float, name: str) -> float:
        """The bound under which this share of the new observations lies; 0 without any."""
        bounds = self.after.values(_named(f"{name}_bucket"), "le")
        counts = [(float(le), self.grown(f"{name}_bucket", le=le)) for le in bounds]
        return _quantile(share, sorted(counts))


def rates(before: Scrape, after: Scrape, over_s: float) -> Rates:
    """What the service did between two scrapes `over_s` seconds apart."""
    pair = _Between(before, after, over_s)
    started = "process_start_time_seconds"
    return Rates(
        at=after.at,
        over_s=over_s,
        uptime_s=max(0.0, after.at - after.total(started)),
        restarted=before.total(started) != after.total(started),
        polls=pair.last("poll_last_success_timestamp_seconds", feed="changes") > 0,
        reconciles_s={
            kind: pair.rate("reconciles_total", kind=kind) for kind in KINDS if kind != "write_back"
        },
        write_backs_s=pair.rate("writebacks_total", outcome="delivered"),
        captured_s=pair.rate("poll_records_total", what="changed"),
        retries_s=pair.rate("retries_total"),
        batch_records=pair.mean("writeback_batch_records") or 0.0,
        backlog={kind: _backlog(pair, kind) for kind in KINDS},
        actors={actor: _shares(pair, actor) for actor in ACTORS},
        mailboxes={mailbox: _fill(pair, mailbox) for mailbox in MAILBOXES},
        systems={
            system: _load(pair, system)
            for system in after.values(_named("connector_down"), "connector")
        },
        allowance=_allowance(pair),
        settings={
            setting: pair.last("config_setting", setting=setting)
            for setting in after.values(_named("config_setting"), "setting")
        },
        fuse_held=int(pair.last("fuse_held_records")),
        fuse_tripped=pair.last("fuse_tripped") > 0,
        seen_lag_s=pair.mean("sync_lag_seconds", stage="observed"),
        lag_s=pair.mean("sync_lag_seconds", stage="target_ack"),
        commit_p99_s=pair.quantile(0.99, "sqlite_commit_duration_seconds"),
        loop_lag_p90_s=pair.quantile(0.9, "event_loop_lag_seconds"),
        processor=_processor(before, after) / over_s,
    )


def _backlog(pair: _Between, kind: str) -> Backlog:
    return Backlog(
        before=int(pair.first("pending_records", kind=kind)),
        now=int(pair.last("pending_records", kind=kind)),
        oldest_age_s=pair.highest("pending_oldest_age_seconds", kind=kind),
        over_s=pair.over_s,
    )


def _shares(pair: _Between, actor: str) -> Shares:
    states = ("busy", "blocked", "throttled", "idle")
    spent = [pair.grown("actor_time_seconds_total", actor=actor, state=state) for state in states]
    whole = sum(spent) or 1.0
    workers = int(pair.last("actor_workers", actor=actor))
    return Shares(workers, *(part / whole for part in spent))


def _fill(pair: _Between, mailbox: str) -> Fill:
    return Fill(
        depth_before=int(pair.first("mailbox_depth", mailbox=mailbox)),
        depth=int(pair.last("mailbox_depth", mailbox=mailbox)),
        capacity=int(pair.last("mailbox_capacity", mailbox=mailbox)),
        oldest_age_s=pair.last("mailbox_oldest_age_seconds", mailbox=mailbox),
        blocked_senders=int(pair.last("mailbox_blocked_senders", mailbox=mailbox)),
    )


def _load(pair: _Between, system: str) -> Load:
    shown = (
        pair.first("api_in_flight", connector=system),
        pair.last("api_in_flight", connector=system),
    )
    # Requests of long answers end outside the window, and quick ones show in no gauge.
    spent = pair.rate("api_request_duration_seconds_sum", connector=system)
    return Load(
        requests_s=pair.rate("api_requests_total", connector=system),
        in_flight=max(spent, sum(shown) / 2),
        answer_s=pair.mean("api_request_duration_seconds", connector=system) or 0.0,
        told_to_wait=int(pair.grown("rate_limited_total", connector=system)),
        paused_s=pair.last("connector_paused_seconds", connector=system),
        down=pair.last("connector_down", connector=system) > 0,
        condition=_condition(pair, system),
    )


def _condition(pair: _Between, system: str) -> str:
    return next(
        (
            one.value
            for one in reversed(Condition)
            if pair.last("connector_condition", connector=system, condition=one.value) > 0
        ),
        "",
    )


def _allowance(pair: _Between) -> Allowance | None:
    systems = pair.after.values(_named("budget_held_seconds"), "connector")
    if len(systems) != 1:
        return None
    [system] = systems
    return Allowance(
        system=system,
        held_s={
            lane: pair.last("budget_held_seconds", connector=system, lane=lane) for lane in LANES
        },
        limit={
            window: pair.last("budget_limit_requests", connector=system, window=window)
            for window in WINDOWS
        },
        remaining={
            window: pair.last("budget_remaining_requests", connector=system, window=window)
            for window in WINDOWS
        },
    )


def _processor(before: Scrape, after: Scrape) -> float:
    name = "process_cpu_seconds_total"
    return max(0.0, after.total(name) - before.total(name))


def _quantile(share: float, counts: Iterable[tuple[float, float]]) -> float:
    """Interpolated within its bucket, as a histogram's reader does; above the last bound, that."""
    buckets = list(counts)
    if not buckets or buckets[-1][1] <= 0:
        return 0.0
    rank = share * buckets[-1][1]
    low, below = 0.0, 0.0
    for bound, count in buckets:
        if count >= rank:
            if math.isinf(bound):
                return low
            return low + (bound - low) * (rank - below) / max(count - below, 1e-9)
        low, below = bound, count
    return low


def _named(name: str) -> str:
    return f"{PREFIX}_{name}"
