"""What work takes, and what carries it: attempts, polls, write-backs, the store, the process."""

from __future__ import annotations

from grafana.generator.panels import Panel, Query, graph, stat
from grafana.generator.queries import (
    INSTANCE,
    mean,
    metric,
    per_minute,
    per_second,
    quantile,
    setting,
    total,
    unlike_zero,
    worst,
)

# No feed is a fault, and none has its colour.
_FEEDS = {
    "changes .+": "blue",
    "tab_changes .+": "light-blue",
    "people .+": "purple",
    "sweep .+": "#8e8e8e",
    "audit .+": "#c8c8d0",
}
_SHARES = {"mean|p50": "light-blue", "p95": "blue", "p99": "purple"}
_COMMITS = "sqlite_commit_duration_seconds"


def quantiles(histogram: str, label: str) -> tuple[Query, ...]:
    """The middle and the 95th percentile of each value of the label."""
    return tuple(
        Query(quantile(share, histogram, by=(label,)), f"{{{{{label}}}}} p{round(100 * share)}")
        for share in (0.5, 0.95)
    )


WORK: tuple[Panel, ...] = (
    graph(
        "Reconcile duration",
        "s",
        *(
            Query(
                quantile(share, "reconcile_duration_seconds", by=("kind",)),
                f"{{{{kind}}}} p{round(100 * share)}",
                exemplars=share == 0.99,
            )
            for share in (0.5, 0.95, 0.99)
        ),
        what="One attempt, waits for admission included.",
        normal="a few requests' time.",
        act="compare with the latency of the APIs: the rest is waiting.",
        colors={
            f"{kind} p{share}": f"{shade}{color}"
            for kind, color in (("opportunity", "blue"), ("relationship", "purple"))
            for share, shade in ((50, "dark-"), (95, ""), (99, "light-"))
        },
    ),
    graph(
        "Records per write-back",
        "short",
        Query(mean("writeback_batch_records"), "mean"),
        Query(quantile(0.95, "writeback_batch_records"), "p95"),
        Query(f"max ({setting('write_back.batch_max')})", "at most"),
        what="Records in one write to Workbooks.",
        normal="1 for single edits, near the maximum during an import.",
        act="small during an import: a longer [write_back] linger_ms fills batches.",
        lines=("at most",),
        colors=_SHARES,
    ),
    graph(
        "Poll duration",
        "s",
        *quantiles("poll_duration_seconds", "feed"),
        what="One poll of a feed, all its pages.",
        normal="far below the poll interval.",
        act="longer than the interval: polls follow each other without a break.",
        dashed=(".+ p50",),
        colors=_FEEDS,
    ),
    graph(
        "Rows and pages read, per minute",
        "short",
        Query(
            unlike_zero(per_minute("poll_records_total", by=("feed", "what")), "feed"),
            "{{feed}} {{what}}",
        ),
        Query(per_minute("poll_pages_total", by=("feed",)), "{{feed}} pages"),
        what="Rows that had changed or were known already, and the pages they came in.",
        normal="known rows are the overlap of polls, and sweeps.",
        act="many known rows in changes: [poller] overlap_s is larger than it need be.",
        dashed=(".+ pages",),
        colors=_FEEDS | {"changes changed": "green"},
    ),
    graph(
        "Planned waits before retries",
        "s",
        Query(per_second("retry_backoff_seconds_total", by=("component",)), "{{component}}"),
        what="Seconds of waiting planned per second.",
        normal="0.",
        act="errors by class on the operator dashboard name the cause.",
        colors={
            "opportunity_syncer": "blue",
            "relationship_syncer": "light-blue",
            "write_back": "purple",
        },
    ),
    graph(
        "Retries by class, per minute",
        "short",
        Query(unlike_zero(per_minute("retries_total", by=("class",)), "class"), "{{class}}"),
        what="Retries scheduled, by the class of the failure.",
        normal="0, with bursts while a system fails.",
        act="the same class for hours: see its records in error.",
    ),
)
"""What a piece of work takes."""

MACHINE: tuple[Panel, ...] = (
    graph(
        "Commits",
        "s",
        *(
            Query(quantile(share, _COMMITS), f"p{round(100 * share)}")
            for share in (0.5, 0.95, 0.99)
        ),
        what="One group of store writes, from its start to the disk or the database.",
        normal="about a millisecond on a good disk, some more in a database.",
        act="a disk is slow or busy, or no local one; a database is slow, or far away.",
        colors=_SHARES,
        steps=((None, "green"), (1, "red")),
        alerts=("WosyncSqliteSlow",),
        width=8,
    ),
    graph(
        "Store writes waiting",
        "short",
        Query(total("sqlite_writer_queue_depth", by=INSTANCE), "{{instance}}"),
        what="Store writes waiting for the writer.",
        normal="a few.",
        act="see Commits.",
        width=8,
    ),
    graph(
        "Size of the state",
        "bytes",
        Query(total("sqlite_file_bytes", by=("file",)), "{{file}}"),
        what="Size of the state's files; of one in a database main are its tables, and wal is 0.",
        normal="main grows slowly; wal stays below some tens of megabytes.",
        act="a growing wal: something reads the state for hours.",
        colors={"main": "blue", "wal": "light-blue"},
        width=8,
    ),
    graph(
        "Event loop lag",
        "s",
        *(
            Query(quantile(share, "event_loop_lag_seconds"), f"p{round(100 * share)}")
            for share in (0.5, 0.99)
        ),
        what="How late a timer of 100 ms fires.",
        normal="milliseconds.",
        act="the processor is taken, or a piece of code holds the loop.",
        colors=_SHARES,
        steps=((None, "green"), (0.25, "red")),
        alerts=("WosyncEventLoopLag",),
        width=8,
    ),
    graph(
        "Processor",
        "percentunit",
        Query(
            f"sum by (instance) (rate({metric('process_cpu_seconds_total')}[$__rate_interval]))",
            "{{instance}}",
        ),
        what="Cores used.",
        normal="under 0.01 when idle; up to 1 during an import.",
        act="1 for long: one process has no more; split the work by instance.",
        width=8,
    ),
    graph(
        "Memory",
        "bytes",
        Query(worst("process_resident_memory_bytes"), "{{instance}}"),
        what="Resident memory.",
        normal="under 80 MB when idle, and level.",
        act="growing for days: keep the numbers for a report.",
        width=8,
    ),
    graph(
        "Open files",
        "short",
        Query(worst("process_open_fds"), "open {{instance}}"),
        what="File descriptors.",
        normal="some tens.",
        act="growing: connections are not closed.",
    ),
    stat(
        "Up since",
        "dateTimeFromNow",
        Query(f"{metric('process_start_time_seconds')} * 1000"),
        what="When the process started.",
        normal="at the last deployment.",
        act="more recent: it crashed or was restarted; see the journal.",
        alerts=("WosyncCrashLoop",),
        width=12,
    ),
)
"""The state, the loop, the process."""
