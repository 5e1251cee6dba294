"""Every metric the service has; each label set is there from the start, at zero.

What happened is counted where it happens. What is so is set when somebody asks, by
`engine/service/gauges.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product

from engine.metrics import labels
from engine.metrics.families import Families
from engine.model.condition import Condition
from engine.model.purpose import Purpose
from engine.runs import exemplar

# Also told by a process that stands by, which has no other metric.
LEADER = "1 for the process that works on the state, 0 for one that stands by."


class Metrics(Families):
    """All metrics of the service.

    Args:
        process: as in `Families`.
    """

    def __init__(self, *, process: bool = True) -> None:
        super().__init__(process=process)
        self._changes()
        self._polls()
        self._mailboxes()
        self._work()
        self._requests()
        self._conditions()
        self._spending()
        self._records()
        self._machinery()
        self._service()

    def know_routes(self, connector: str, routes: Iterable[tuple[str, str]]) -> None:
        """Start the counters of these (method, route) pairs at zero."""
        for method, route in routes:
            self.registry.promise(self.api_request_duration, [(connector, route)])
            ends = product([connector], [method], [route], labels.statuses(method))
            self.registry.promise(self.api_requests, ends)

    def polled(self, feed: str, changed: int, took_s: float, now: float) -> None:
        """Count a complete poll of a feed; `now` in unix seconds."""
        self.polls.labels(feed, "ok" if changed else "empty").inc()
        self.poll_duration.labels(feed).observe(took_s, exemplar())
        self.poll_last_success.labels(feed).set(now)

    def _changes(self) -> None:
        self.sync_lag = self.histogram(
            "sync_lag_seconds",
            "From the change in the source to: seen, acknowledged by the target, written back.",
            labels.LAG_BUCKETS,
            ("kind", "stage"),
            labels.STAGES,
        )
        self.pending_records = self.gauge(
            "pending_records",
            "Changes that are known and not settled, by what is still to be done.",
            ("kind", "lane"),
            product(labels.KINDS, labels.LANES),
        )
        self.pending_oldest_age = self.gauge(
            "pending_oldest_age_seconds",
            "Age of the oldest change that is not settled, by what is still to be done.",
            ("kind", "lane"),
            product(labels.KINDS, labels.LANES),
        )
        self.backlog_done = self.gauge(
            "backlog_done_seconds",
            "Seconds until all that waits will be settled, by pace and budget; +Inf while the"
            " target stands still or fresh edits use all it allows, NaN while no pace is known.",
        )
        self.reconciles = self.counter(
            "reconciles",
            "Finished attempts to make the target agree.",
            ("kind", "outcome"),
            labels.OUTCOMES,
        )
        self.reconcile_duration = self.histogram(
            "reconcile_duration_seconds",
            "One attempt, waits for admission included.",
            labels.REQUEST_BUCKETS,
            ("kind",),
            ("opportunity", "relationship"),
        )
        self.role_edits = self.counter(
            "role_edits",
            "Roles edited in the target, or found there.",
            ("edit",),
            labels.ROLE_EDITS,
        )
        self.prospects = self.counter(
            "prospects",
            "People who had no prospect, by outcome.",
            ("outcome",),
            labels.PROSPECT_OUTCOMES,
        )
        self.deliveries = self.counter(
            "writebacks", "Write-back entries by outcome.", ("outcome",), labels.DELIVERIES
        )
        self.batch_records = self.histogram(
            "writeback_batch_records", "Entries in one write-back request.", labels.BATCH_BUCKETS
        )

    def _polls(self) -> None:
        feeds = ("feed",)
        self.polls = self.counter(
            "polls",
            "Finished polls of a feed.",
            ("feed", "outcome"),
            product(labels.FEEDS, labels.POLL_OUTCOMES),
        )
        self.poll_duration = self.histogram(
            "poll_duration_seconds",
            "One poll, all its pages.",
            labels.REQUEST_BUCKETS,
            feeds,
            labels.FEEDS,
        )
        self.poll_pages = self.counter("poll_pages", "Pages read.", feeds, labels.FEEDS)
        self.poll_records = self.counter(
            "poll_records",
            "Rows read, by what they were.",
            ("feed", "what"),
            product(labels.FEEDS, ("changed", "known")),
        )
        self.poll_last_success = self.gauge(
            "poll_last_success_timestamp_seconds",
            "End of the last complete poll, unix time; 0 before the first.",
            feeds,
            labels.FEEDS,
        )
        self.watermark = self.gauge(
            "watermark_timestamp_seconds",
            "Source time up to which every change is captured, unix time; 0 before the first.",
            feeds,
            ("changes", "tab_changes", "people"),
        )
        self.audited = self.counter(
            "audited",
            "Records compared with the source by the audit.",
            ("outcome",),
            labels.AUDIT_OUTCOMES,
        )

    def _mailboxes(self) -> None:
        mailbox = ("mailbox",)
        self.mailbox_depth = self.gauge("mailbox_depth", "Keys queued.", mailbox, labels.MAILBOXES)
        self.mailbox_capacity = self.gauge(
            "mailbox_capacity", "Keys each lane of the mailbox holds.", mailbox, labels.MAILBOXES
        )
        self.mailbox_oldest_age = self.gauge(
            "mailbox_oldest_age_seconds",
            "Wait of the longest queued key.",
            mailbox,
            labels.MAILBOXES,
        )
        self.mailbox_blocked = self.gauge(
            "mailbox_blocked_senders", "Senders waiting for room.", mailbox, labels.MAILBOXES
        )
        self.mailbox_wait = self.histogram(
            "mailbox_wait_seconds",
            "From a key's arrival to the worker that took it.",
            labels.WAIT_BUCKETS,
            mailbox,
            labels.MAILBOXES,
        )

    def _work(self) -> None:
        actor = ("actor",)
        self.actor_workers = self.gauge(
            "actor_workers", "Workers running now.", actor, labels.ACTORS
        )
        self.actor_time = self.counter(
            "actor_time_seconds",
            "Worker time by state; per actor the states add up to workers times time.",
            ("actor", "state"),
            product(labels.ACTORS, labels.STATES),
        )
        self.actor_longest_busy = self.gauge(
            "actor_longest_busy_seconds",
            "How long the worker that is busy longest has been at its piece of work.",
            actor,
            labels.ACTORS,
        )
        self.actor_stalled = self.gauge(
            "actor_stalled",
            "1 while a worker neither makes progress nor can show what it waits for.",
            actor,
            labels.ACTORS,
        )
        self.errors = self.counter(
            "errors",
            "Errors, each counted once where it is handled.",
            ("component", "class"),
            (*product(labels.COMPONENTS, labels.ERROR_CLASSES), (labels.STORE, "storage")),
        )
        self.retries = self.counter(
            "retries",
            "Retries scheduled, by the class of the failure.",
            ("component", "class"),
            product(labels.RETRYING, labels.ERROR_CLASSES),
        )
        self.retry_backoff = self.counter(
            "retry_backoff_seconds",
            "Waits planned before retries.",
            ("component",),
            labels.RETRYING,
        )

    def _requests(self) -> None:
        # The pairs of method and route are the connectors' to tell: see `know_routes`.
        self.api_requests = self.counter(
            "api_requests",
            "Finished requests.",
            ("connector", "method", "route", "status"),
        )
        self.api_request_duration = self.histogram(
            "api_request_duration_seconds",
            "One request, without the wait for admission.",
            labels.REQUEST_BUCKETS,
            ("connector", "route"),
        )
        connector = ("connector",)
        self.api_in_flight = self.gauge("api_in_flight", "Requests under way.", connector)
        self.rate_limited = self.counter(
            "rate_limited", "Answers that told us to slow down (429).", connector
        )

    def _conditions(self) -> None:
        connector = ("connector",)
        self.connector_paused = self.gauge(
            "connector_paused_seconds",
            "Seconds until requests are admitted again; 0 when they are.",
            connector,
        )
        self.connector_down = self.gauge(
            "connector_down", "1 while the system counts as being in an outage.", connector
        )
        self.authorisation_ends = self.gauge(
            "authorisation_ends_timestamp_seconds",
            "When the system's leave ends if nothing uses it, unix time; 0 while it is not known.",
            connector,
        )
        self.connector_condition = self.gauge(
            "connector_condition",
            "1 for what keeps requests from the system, the most serious of it.",
            ("connector", "condition"),
        )

    def _spending(self) -> None:
        connector = ("connector",)
        self.requests_spent = self.counter(
            "requests_spent",
            "Finished requests by what they were for.",
            ("connector", "purpose"),
        )
        self.admission_waiting = self.gauge(
            "admission_waiting", "Requests waiting to be admitted.", connector
        )
        self.admission_wait = self.histogram(
            "admission_wait_seconds",
            "Wait for a place in flight and for the budget, before a request is sent.",
            labels.WAIT_BUCKETS,
            connector,
        )
        self.budget_limit = self.gauge(
            "budget_limit_requests",
            "Requests the window allows us, the reserve taken off; +Inf without a limit.",
            ("connector", "window"),
        )
        self.budget_remaining = self.gauge(
            "budget_remaining_requests",
            "Requests left to us in the window; +Inf without a limit.",
            ("connector", "window"),
        )
        self.budget_reset = self.gauge(
            "budget_reset_timestamp_seconds",
            "When the system's hourly window refills, unix time; 0 while it is not known.",
            connector,
        )
        self.budget_held = self.gauge(
            "budget_held_seconds",
            "Seconds until pause and budget admit a request of the lane; 0 when they do.",
            ("connector", "lane"),
        )
        self.budget_year_used = self.gauge(
            "budget_year_used_requests", "Requests of the last 365 days.", connector
        )
        self.budget_year_forecast = self.gauge(
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
            for condition in Condition:
                self.connector_condition.labels(name, condition).set(condition is Condition.UP)
            self.registry.promise(self.requests_spent, product([name], Purpose))
            self.admission_waiting.labels(name)
            self.admission_wait.labels(name)
            self.rate_limited.labels(name)
        self.budget_reset.labels(budgeted)
        self.authorisation_ends.labels(budgeted)
        self.budget_year_used.labels(budgeted)
        self.budget_year_forecast.labels(budgeted)
        for lane in labels.LANES:
            self.budget_held.labels(budgeted, lane)
        for window in labels.WINDOWS:
            self.budget_limit.labels(budgeted, window).set(float("inf"))
            self.budget_remaining.labels(budgeted, window).set(float("inf"))

    def _records(self) -> None:
        self.records_linked = self.gauge("records_linked", "Records with a target record.")
        self.records_in_error = self.gauge(
            "records_in_error",
            "Records that were refused, and opportunities whose people cannot be related.",
            ("kind", "class"),
            product(labels.REFUSED_KINDS, labels.REFUSAL_CLASSES),
        )
        self.lines_held_back = self.gauge(
            "lines_held_back", "Opportunities with a person who cannot be related yet."
        )
        self.in_doubt = self.gauge(
            "in_doubt_intents",
            "Creates whose result is not known.",
            ("kind",),
            labels.DOUBTS,
        )
        self.in_doubt_age = self.gauge(
            "in_doubt_oldest_age_seconds", "Age of the oldest doubt about a create."
        )
        self.in_doubt_resolved = self.counter(
            "in_doubt_resolved",
            "Doubts about creates that ended, by what was found.",
            ("kind", "resolution"),
            product(labels.DOUBTS, labels.RESOLUTIONS),
        )
        self.duplicates = self.counter(
            "duplicates_found", "Target records found to share a correlation value."
        )
        self.records_unproven = self.gauge(
            "records_unproven", "Records the source did not show within two audit intervals."
        )
        self.unproven_age = self.gauge(
            "records_unproven_age_seconds", "Age of the oldest proof of a record."
        )
        self.fuse_held = self.gauge("fuse_held_records", "Edits held by the mass-change fuse.")
        self.fuse_tripped = self.gauge(
            "fuse_tripped", "1 while a mass change waits for wosync approve."
        )
        self.reference_lookups = self.counter(
            "reference_lookups",
            "Names looked up in the target, by what the cache did.",
            ("kind", "outcome"),
            product(labels.REFERENCE_KINDS, labels.LOOKUPS),
        )
        self.reference_cache_entries = self.gauge(
            "reference_cache_entries", "Names known.", ("kind",), labels.REFERENCE_KINDS
        )
        self.reference_cache_refresh = self.gauge(
            "reference_cache_refresh_timestamp_seconds",
            "Last reading of the target, unix time; 0 before the first.",
            ("kind",),
            labels.REFERENCE_KINDS,
        )

    def _machinery(self) -> None:
        self.commits = self.histogram(
            "sqlite_commit_duration_seconds",
            "One group of store writes, from its start to the disk or the database.",
            labels.COMMIT_BUCKETS,
        )
        self.sqlite_file_bytes = self.gauge(
            "sqlite_file_bytes",
            "Size of the state's files; of one in a database `main` are its tables.",
            ("file",),
            ("main", "wal"),
        )
        self.sqlite_writer_queue = self.gauge(
            "sqlite_writer_queue_depth", "Store writes waiting for the writer."
        )
        self.state_readable = self.gauge(
            "state_readable", "1 when the state answered the last look at it in time."
        )
        self.state_readable.set(1)
        self.state_disk_free = self.gauge(
            "state_disk_free_bytes", "Free on the file system of the state directory."
        )
        self.state_disk_size = self.gauge(
            "state_disk_size_bytes", "Size of the file system of the state directory."
        )
        self.loop_lag = self.histogram(
            "event_loop_lag_seconds", "How late a timer fires.", labels.LOOP_BUCKETS
        )

    def _service(self) -> None:
        self.leader = self.gauge("leader", LEADER)
        self.leader.set(1)
        self.ready = self.gauge("ready", "1 when both systems answered and polling works.")
        self.build = self.gauge(
            "build_info", "Constant 1, labelled with what is running.", ("version", "python")
        )
        self.log_lines_dropped = self.counter(
            "log_lines_dropped", "Log lines that nobody took from standard error in time."
        )
        self.reload_successful = self.gauge(
            "config_last_reload_successful",
            "1 when the settings in force are those of the last reload, or no reload was asked.",
        )
        self.reload_successful.set(1)
        self.reload_success_at = self.gauge(
            "config_last_reload_success_timestamp_seconds",
            "When the settings in force were read, unix time.",
        )
        self.reloads = self.counter(
            "config_reloads", "Reloads asked for.", ("outcome",), ("applied", "refused")
        )
        self.setting = self.gauge(
            "config_setting", "Numeric settings in force, in the key's own unit.", ("setting",)
        )
