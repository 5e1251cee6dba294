"""Every metric, its labels and its buckets; each label set starts at zero.

Labels are closed sets: never a record id, a name, or an address.
"""

from __future__ import annotations

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)

# Otherwise every counter and histogram would export a second `_created` series.
disable_created_metrics()

PREFIX = "wosync"
LAG_BUCKETS = (1, 2.5, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 21_600, 86_400)
API_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60)
COMMIT_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5)
BATCH_BUCKETS = (1, 2, 5, 10, 20, 50, 100)

STAGES = ("observed", "target_ack", "written_back")
OUTCOMES = (
    "created",
    "updated",
    "noop",
    "adopted",
    "held",
    "deferred",
    "in_doubt",
    "refused",
    "left",
)
ERROR_CLASSES = (
    "auth",
    "rate_limited",
    "held_back",
    "unreachable",
    "conflict",
    "not_found",
    "validation",
    "forbidden",
    "configuration",
    "protocol",
    "duplicate",
    "storage",
    "unexpected",
)
COMPONENTS = (
    "poller",
    "people_poller",
    "mapping_reader",
    "opportunity_syncer",
    "relationship_syncer",
    "owner_resolver",
    "account_resolver",
    "prospect_resolver",
    "write_back",
)
RELATE_OUTCOMES = (
    "related",
    "agreed",
    "again",
    "held",
    "held_by_fuse",
    "deferred",
    "in_doubt",
    "left",
)
AUDIT_OUTCOMES = ("agreed", "differed", "vanished")
ROLE_EDITS = ("created", "changed", "removed", "adopted")
PROSPECT_OUTCOMES = ("created", "adopted", "held_back", "refused", "in_doubt")
POLL_OUTCOMES = ("ok", "empty", "error")
DELIVERIES = ("delivered", "stale", "missing", "refused", "withdrawn", "unknown")
REFERENCE_KINDS = ("user", "stage", "account")
REFERENCE_OUTCOMES = ("found", "unknown", "ambiguous")


class Metrics:
    """All metrics on a registry of their own, so that tests can build many."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._traffic()
        self._progress()
        self._state()

    def _counter(self, name: str, text: str, **labels: tuple[str, ...]) -> Counter:
        counter = Counter(f"{PREFIX}_{name}", text, list(labels), registry=self.registry)
        for values in _combinations(list(labels.values())):
            counter.labels(*values)
        return counter

    def _gauge(self, name: str, text: str, **labels: tuple[str, ...]) -> Gauge:
        gauge = Gauge(f"{PREFIX}_{name}", text, list(labels), registry=self.registry)
        for values in _combinations(list(labels.values())):
            gauge.labels(*values)
        return gauge

    def _histogram(
        self, name: str, text: str, buckets: tuple[float, ...], **labels: tuple[str, ...]
    ) -> Histogram:
        histogram = Histogram(
            f"{PREFIX}_{name}", text, list(labels), buckets=buckets, registry=self.registry
        )
        for values in _combinations(list(labels.values())):
            histogram.labels(*values)
        return histogram

    def _traffic(self) -> None:
        # Routes and statuses are known only as they occur; both come from closed sets in code.
        self.api_requests = Counter(
            f"{PREFIX}_api_requests",
            "Finished requests.",
            ["connector", "method", "route", "status"],
            registry=self.registry,
        )
        self.api_request_duration = Histogram(
            f"{PREFIX}_api_request_duration_seconds",
            "One request, without the wait for admission.",
            ["connector", "route"],
            buckets=API_BUCKETS,
            registry=self.registry,
        )
        self.rate_limit_remaining = Gauge(
            f"{PREFIX}_rate_limit_remaining",
            "Requests left in the system's window, as it last said.",
            ["connector"],
            registry=self.registry,
        )
        self.connector_paused = Gauge(
            f"{PREFIX}_connector_paused_seconds",
            "Seconds until requests are admitted again; 0 when they are.",
            ["connector"],
            registry=self.registry,
        )
        self.polls = self._counter("polls", "Finished polls.", outcome=POLL_OUTCOMES)
        self.poll_pages = self._counter("poll_pages", "Pages read by polls and sweeps.")
        self.poll_records = self._counter(
            "poll_records", "Rows read, by what they were.", what=("changed", "known")
        )
        self.deliveries = self._counter(
            "writebacks", "Write-back entries by outcome.", outcome=DELIVERIES
        )
        self.batch_records = self._histogram(
            "writeback_batch_records", "Entries in one write-back request.", BATCH_BUCKETS
        )

    def _progress(self) -> None:
        self.sync_lag = self._histogram(
            "sync_lag_seconds",
            "From the change in the source to: seen, acknowledged by the target, written back.",
            LAG_BUCKETS,
            stage=STAGES,
        )
        self.reconciles = self._counter(
            "reconciles", "Finished reconcile attempts.", outcome=OUTCOMES
        )
        self.audited = self._counter(
            "audited", "Records compared with the source.", outcome=AUDIT_OUTCOMES
        )
        self.relates = self._counter(
            "relates", "Finished attempts to relate people.", outcome=RELATE_OUTCOMES
        )
        self.role_edits = self._counter(
            "role_edits", "Roles edited in the target, or found there.", edit=ROLE_EDITS
        )
        self.prospects = self._counter(
            "prospects", "People who had no prospect, by outcome.", outcome=PROSPECT_OUTCOMES
        )
        self.errors = self._counter(
            "errors",
            "Errors, each counted once where it is handled.",
            component=COMPONENTS,
            **{"class": ERROR_CLASSES},
        )
        self.references = self._counter(
            "references",
            "References resolved, by kind and outcome.",
            kind=REFERENCE_KINDS,
            outcome=REFERENCE_OUTCOMES,
        )
        self.duplicates = self._counter(
            "duplicates_found", "Target records found to share a correlation value."
        )
        self.commits = self._histogram(
            "sqlite_commit_duration_seconds", "One group of store writes.", COMMIT_BUCKETS
        )

    def rested(self) -> float:
        """How many records, tabs and write-backs came to rest so far: a measure of progress."""
        counted = (
            (self.reconciles, {"created", "updated", "noop", "refused", "left"}),
            (self.relates, {"related", "agreed", "left"}),
            (self.deliveries, {"delivered", "withdrawn"}),
        )
        return sum(
            sample.value
            for counter, outcomes in counted
            for family in counter.collect()
            for sample in family.samples
            if sample.labels.get("outcome") in outcomes
        )

    def _state(self) -> None:
        self.poll_last_success = self._gauge(
            "poll_last_success_timestamp_seconds", "End of the last complete poll, unix time."
        )
        self.pending_records = self._gauge("pending_records", "Records waiting to be reconciled.")
        self.pending_oldest_age = self._gauge(
            "pending_oldest_age_seconds", "Age by source time of the oldest waiting change."
        )
        self.in_doubt = self._gauge("in_doubt_intents", "Creates whose result is not known.")
        self.in_doubt_age = self._gauge(
            "in_doubt_oldest_age_seconds", "Age of the oldest doubt about a create."
        )
        self.records_in_error = self._gauge("records_in_error", "Refused records.")
        self.records_linked = self._gauge("records_linked", "Records with a target record.")
        self.outbox_entries = self._gauge("outbox_entries", "Write-backs owed to the source.")
        self.contacts_pending = self._gauge(
            "contacts_pending", "Opportunities whose people wait to be related."
        )
        self.lines_held_back = self._gauge(
            "lines_held_back", "Opportunities with a person who cannot be related yet."
        )
        self.people_in_error = self._gauge("people_in_error", "Refused people.")
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
        mailboxes = ("changes", "contacts", "write_backs")
        self.mailbox_depth = self._gauge("mailbox_depth", "Keys queued.", mailbox=mailboxes)
        self.mailbox_capacity = self._gauge(
            "mailbox_capacity", "Keys each lane of the mailbox holds.", mailbox=mailboxes
        )
        self.mailbox_oldest_age = self._gauge(
            "mailbox_oldest_age_seconds", "Wait of the longest queued key.", mailbox=mailboxes
        )
        self.mailbox_blocked = self._gauge(
            "mailbox_blocked_senders", "Senders waiting for room.", mailbox=mailboxes
        )
        self.ready = self._gauge("ready", "1 when both systems answered and polling works.")
        self.build = Gauge(
            f"{PREFIX}_build_info",
            "Constant 1, labelled with what is running.",
            ["version", "python"],
            registry=self.registry,
        )


def _combinations(values: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    combined: list[tuple[str, ...]] = [()]
    for options in values:
        combined = [(*left, option) for left in combined for option in options]
    return combined if values else []
