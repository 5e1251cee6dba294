"""Every metric the service has; each label set is there from the start, at zero.

What happened is counted where it happens. What is so is set when somebody asks, by
`engine/service/gauges.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)

from engine.metrics import labels
from engine.runs import exemplar

# Otherwise every counter and histogram would export a second `_created` series.
disable_created_metrics()

PREFIX = "wosync"


class Metrics:
    """All metrics on a registry of their own, so that tests can build many."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self._changes()
        self._polls()
        self._work()
        self._requests()
        self._records()
        self._machinery()
        self._service()

    def know_routes(self, connector: str, routes: Iterable[tuple[str, str]]) -> None:
        """Start the counters of these (method, route) pairs at zero."""
        for method, route in routes:
            self.api_request_duration.labels(connector, route)
            for status in labels.statuses(method):
                self.api_requests.labels(connector, method, route, status)

    def polled(self, feed: str, changed: int, took_s: float, now: float) -> None:
        """Count a complete poll of a feed; `now` in unix seconds."""
        self.polls.labels(feed, "ok" if changed else "empty").inc()
        self.poll_duration.labels(feed).observe(took_s, exemplar())
        self.poll_last_success.labels(feed).set(now)

    def _changes(self) -> None:
        self.sync_lag = self._histogram(
            "sync_lag_seconds",
            "From the change in the source to: seen, acknowledged by the target, written back.",
            labels.LAG_BUCKETS,
            ("kind", "stage"),
            labels.STAGES,
        )
        self.pending_records = self._gauge(
            "pending_records",
            "Changes that are known and not settled, by what is still to be done.",
            ("kind",),
            labels.KINDS,
        )
        self.pending_oldest_age = self._gauge(
            "pending_oldest_age_seconds",
            "Age of the oldest change that is not settled, by what is still to be done.",
            ("kind",),
            labels.KINDS,
        )
        self.reconciles = self._counter(
            "reconciles",
            "Finished attempts to make the target agree.",
            ("kind", "outcome"),
            labels.OUTCOMES,
        )
        self.reconcile_duration = self._histogram(
            "reconcile_duration_seconds",
            "One attempt, waits for admission included.",
            labels.REQUEST_BUCKETS,
            ("kind",),
            ("opportunity", "relationship"),
        )
        self.role_edits = self._counter(
            "role_edits",
            "Roles edited in the target, or found there.",
            ("edit",),
            labels.ROLE_EDITS,
        )
        self.prospects = self._counter(
            "prospects",
            "People who had no prospect, by outcome.",
            ("outcome",),
            labels.PROSPECT_OUTCOMES,
        )
        self.deliveries = self._counter(
            "writebacks", "Write-back entries by outcome.", ("outcome",), labels.DELIVERIES
        )
        self.batch_records = self._histogram(
            "writeback_batch_records", "Entries in one write-back request.", labels.BATCH_BUCKETS
        )

    def _polls(self) -> None:
        feeds = ("feed",)
        self.polls = self._counter(
            "polls",
            "Finished polls of a feed.",
            ("feed", "outcome"),
            product(labels.FEEDS, labels.POLL_OUTCOMES),
        )
        self.poll_duration = self._histogram(
            "poll_duration_seconds",
            "One poll, all its pages.",
            labels.REQUEST_BUCKETS,
            feeds,
            labels.FEEDS,
        )
        self.poll_pages = self._counter("poll_pages", "Pages read.", feeds, labels.FEEDS)
        self.poll_records = self._counter(
            "poll_records",
            "Rows read, by what they were.",
            ("feed", "what"),
            product(labels.FEEDS, ("changed", "known")),
        )
        self.poll_last_success = self._gauge(
            "poll_last_success_timestamp_seconds",
            "End of the last complete poll, unix time; 0 before the first.",
            feeds,
            labels.FEEDS,
        )
        self.watermark = self._gauge(
            "watermark_timestamp_seconds",
            "Source time up to which every change is captured, unix time; 0 before the first.",
            feeds,
            ("changes", "tab_changes", "people"),
        )
        self.audited = self._counter(
            "audited",
            "Records compared with the source by the audit.",
            ("outcome",),
            labels.AUDIT_OUTCOMES,
        )

    def _work(self) -> None:
        mailbox, actor = ("mailbox",), ("actor",)
        self.mailbox_depth = self._gauge("mailbox_depth", "Keys queued.", mailbox, labels.MAILBOXES)
        self.mailbox_capacity = self._gauge(
            "mailbox_capacity", "Keys each lane of the mailbox holds.", mailbox, labels.MAILBOXES
        )
        self.mailbox_oldest_age = self._gauge(
            "mailbox_oldest_age_seconds",
            "Wait of the longest queued key.",
            mailbox,
            labels.MAILBOXES,
        )
        self.mailbox_blocked = self._gauge(
            "mailbox_blocked_senders", "Senders waiting for room.", mailbox, labels.MAILBOXES
        )
        self.mailbox_wait = self._histogram(
            "mailbox_wait_seconds",
            "From a key's arrival to the worker that took it.",
            labels.WAIT_BUCKETS,
            mailbox,
            labels.MAILBOXES,
        )
        self.actor_workers = self._gauge(
            "actor_workers", "Workers running now.", actor, labels.ACTORS
        )
        self.actor_time = self._counter(
            "actor_time_seconds",
            "Worker time by state; per actor the states add up to workers times time.",
            ("actor", "state"),
            product(labels.ACTORS, labels.STATES),
        )
        self.actor_longest_busy = self._gauge(
            "actor_longest_busy_seconds",
            "How long the worker that is busy longest has been at its piece of work.",
            actor,
            labels.ACTORS,
        )
        self.actor_stalled = self._gauge(
            "actor_stalled",
            "1 while a worker neither makes progress nor can show what it waits for.",
            actor,
            labels.ACTORS,
        )
        self.errors = self._counter(
            "errors",
            "Errors, each counted once where it is handled.",
            ("component", "class"),
            product(labels.COMPONENTS, labels.ERROR_CLASSES),
        )
        self.retries = self._counter(
            "retries",
            "Retries scheduled, by the class of the failure.",
            ("component", "class"),
            product(labels.RETRYING, labels.ERROR_CLASSES),
        )
        self.retry_backoff = self._counter(
            "retry_backoff_seconds",
            "Waits planned before retries.",
            ("component",),
            labels.RETRYING,
        )

    def _requests(self) -> None:
        # The pairs of method and route are the connectors' to tell: see `know_routes`.
        self.api_requests = self._counter(
            "api_requests",
            "Finished requests.",
            ("connector", "method", "route", "status"),
        )
        self.api_request_duration = self._histogram(
            "api_request_duration_seconds",
            "One request, without the wait for admission.",
            labels.REQUEST_BUCKETS,
            ("connector", "route"),
        )
        connector = ("connector",)
        self.api_in_flight = self._gauge("api_in_flight", "Requests under way.", connector)
        self.rate_limited = self._counter(
            "rate_limited", "Answers that told us to slow down (429).", connector
        )
        self.connector_paused = self._gauge(
            "connector_paused_seconds",
            "Seconds until requests are admitted again; 0 when they are.",
            connector,
        )
        self.connector_down = self._gauge(
            "connector_down", "1 while the system counts as being in an outage.", connector
        )
        self.admission_waiting = self._gauge(
            "admission_waiting", "Requests waiting to be admitted.", connector
        )
        self.admission_wait = self._histogram(
            "admission_wait_seconds",
            "Wait for a place in flight and for the budget, before a request is sent.",
            labels.WAIT_BUCKETS,
            connector,
        )
        self.budget_limit = self._gauge(
            "budget_limit_requests",
            "Requests the window allows us, the reserve taken off; +Inf without a limit.",
            ("connector", "window"),
        )
        self.budget_remaining = self._gauge(
            "budget_remaining_requests",
            "Requests left to us in the window; +Inf without a limit.",
            ("connector", "window"),
        )
        self.budget_reset = self._gauge(
            "budget_reset_timestamp_seconds",
            "When the system's hourly window refills, unix time; 0 while it is not known.",
            connector,
        )
        self.budget_held = self._gauge(
            "budget_held_seconds",
            "Seconds until pause and budget admit a request of the lane; 0 when they do.",
            ("connector", "lane"),
        )
        self.budget_year_used = self._gauge(
            "budget_year_used_requests", "Requests of the last 365 days.", connector
        )
        self.budget_year_forecast = self._gauge(
            "budget_year_forecast_requests",
            "Requests of 365 days at the pace of the last seven.",
            connector,
        )

    def know_connectors(self, names: Sequence[str], budgeted: str) -> None:
        """Start what is told apart by connector at zero.

        Args:
            budgeted: the one whose requests are held to a budget.
        """
        for name in names:
            for gauge in (self.api_in_flight, self.connector_paused, self.connector_down):
                gauge.labels(name)
            self.admission_waiting.labels(name)
            self.admission_wait.labels(name)
            self.rate_limited.labels(name)
        self.budget_reset.labels(budgeted)
        self.budget_year_used.labels(budgeted)
        self.budget_year_forecast.labels(budgeted)
        for lane in labels.LANES:
            self.budget_held.labels(budgeted, lane)
        for window in labels.WINDOWS:
            self.budget_limit.labels(budgeted, window).set(float("inf"))
            self.budget_remaining.labels(budgeted, window).set(float("inf"))

    def _records(self) -> None:
        self.records_linked = self._gauge("records_linked", "Records with a target record.")
        self.records_in_error = self._gauge(
            "records_in_error",
            "Records that were refused, and opportunities whose people cannot be related.",
            ("kind", "class"),
            product(labels.REFUSED_KINDS, labels.REFUSAL_CLASSES),
        )
        self.lines_held_back = self._gauge(
            "lines_held_back", "Opportunities with a person who cannot be related yet."
        )
        self.in_doubt = self._gauge(
            "in_doubt_intents",
            "Creates whose result is not known.",
            ("kind",),
            labels.DOUBTS,
        )
        self.in_doubt_age = self._gauge(
            "in_doubt_oldest_age_seconds", "Age of the oldest doubt about a create."
        )
        self.in_doubt_resolved = self._counter(
            "in_doubt_resolved",
            "Doubts about creates that ended, by what was found.",
            ("kind", "resolution"),
            product(labels.DOUBTS, labels.RESOLUTIONS),
        )
        self.duplicates = self._counter(
            "duplicates_found", "Target records found to share a correlation value."
        )
        self.records_unproven = self._gauge(
            "records_unproven", "Records the source did not show within two audit intervals."
        )
        self.unproven_age = self._gauge(
            "records_unproven_age_seconds", "Age of the oldest proof of a record."
        )
        self.fuse_held = self._gauge("fuse_held_records", "Edits held by the mass-change fuse.")
        self.fuse_tripped = self._gauge(
            "fuse_tripped", "1 while a mass change waits for wosync approve."
        )
        self.reference_lookups = self._counter(
            "reference_lookups",
            "Names looked up in the target, by what the cache did.",
            ("kind", "outcome"),
            product(labels.REFERENCE_KINDS, labels.LOOKUPS),
        )
        self.reference_cache_entries = self._gauge(
            "reference_cache_entries", "Names known.", ("kind",), labels.REFERENCE_KINDS
        )
        self.reference_cache_refresh = self._gauge(
            "reference_cache_refresh_timestamp_seconds",
            "Last reading of the target, unix time; 0 before the first.",
            ("kind",),
            labels.REFERENCE_KINDS,
        )

    def _machinery(self) -> None:
        self.commits = self._histogram(
            "sqlite_commit_duration_seconds",
            "One group of store writes, from its start to the disk.",
            labels.COMMIT_BUCKETS,
        )
        self.sqlite_file_bytes = self._gauge(
            "sqlite_file_bytes", "Size of the state's files.", ("file",), ("main", "wal")
        )
        self.sqlite_writer_queue = self._gauge(
            "sqlite_writer_queue_depth", "Store writes waiting for the writer."
        )
        self.loop_lag = self._histogram(
            "event_loop_lag_seconds", "How late a timer fires.", labels.LOOP_BUCKETS
        )

    def _service(self) -> None:
        self.ready = self._gauge("ready", "1 when both systems answered and polling works.")
        self.build = self._gauge(
            "build_info", "Constant 1, labelled with what is running.", ("version", "python")
        )
        self.log_lines_dropped = self._counter(
            "log_lines_dropped", "Log lines that nobody took from standard error in time."
        )
        self.reload_successful = self._gauge(
            "config_last_reload_successful",
            "1 when the settings in force are those of the last reload, or no reload was asked.",
        )
        self.reload_successful.set(1)
        self.reload_success_at = self._gauge(
            "config_last_reload_success_timestamp_seconds",
            "When the settings in force were read, unix time.",
        )
        self.reloads = self._counter(
            "config_reloads", "Reloads asked for.", ("outcome",), ("applied", "refused")
        )
        self.setting = self._gauge(
            "config_setting", "Numeric settings in force, in the key's own unit.", ("setting",)
        )

    def _counter(
        self,
        name: str,
        text: str,
        names: Sequence[str] = (),
        values: Iterable[str | tuple[str, ...]] = (),
    ) -> Counter:
        counter = Counter(f"{PREFIX}_{name}", text, names, registry=self.registry)
        for value in values:
            counter.labels(*_tuple(value))
        return counter

    def _gauge(
        self,
        name: str,
        text: str,
        names: Sequence[str] = (),
        values: Iterable[str | tuple[str, ...]] = (),
    ) -> Gauge:
        gauge = Gauge(f"{PREFIX}_{name}", text, names, registry=self.registry)
        for value in values:
            gauge.labels(*_tuple(value))
        return gauge

    def _histogram(
        self,
        name: str,
        text: str,
        buckets: Sequence[float],
        names: Sequence[str] = (),
        values: Iterable[str | tuple[str, ...]] = (),
    ) -> Histogram:
        histogram = Histogram(
            f"{PREFIX}_{name}", text, names, buckets=buckets, registry=self.registry
        )
        for value in values:
            histogram.labels(*_tuple(value))
        return histogram


def _tuple(value: str | tuple[str, ...]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else value
