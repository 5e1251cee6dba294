"""The objective as numbers, and what must never be anything but zero."""

from __future__ import annotations

from grafana.generator.panels import NO_DATA, Panel, Query, graph, stat, zero_one
from grafana.generator.queries import (
    INSTANCE,
    alive,
    grown,
    metric,
    over_all,
    side_by_side,
    total,
    unlike_zero,
    worst,
)

_ACK = 'stage="target_ack"'
# The bucket of two poll intervals of 60 s.
_IN_TIME = 'le="120.0"'
_OBJECTIVE = 0.99
_STALE = metric("instance:wosync_stale:bool")

FRESH: tuple[Panel, ...] = (
    stat(
        "In time, lately",
        "percentunit",
        Query(f"min (1 - avg_over_time({_STALE}[$__range]))"),
        what="Part of the shown time in which every fresh edit was in Outreach within two poll "
        "intervals; 99 % is the objective over 30 days.",
        normal="99 % or more.",
        act="a day below it is what the objective allows for; the error budget says how many.",
        steps=((None, NO_DATA), (0, "yellow"), (_OBJECTIVE, "green")),
        alerts=("WosyncFreshnessBurn",),
        width=4,
        height=7,
    ),
    stat(
        "Error budget left",
        "percentunit",
        Query(over_all(alive(metric("instance:wosync_error_budget_left:ratio30d")), "min")),
        what="What is left of the 432 minutes in 30 days that may be stale; below 0 the objective "
        "is missed. It follows within a quarter of an hour.",
        normal="above a quarter.",
        act="no risky change until it has recovered.",
        steps=((None, NO_DATA), (-100, "red"), (0.25, "green")),
        alerts=("WosyncErrorBudgetLow",),
        spark=True,
        width=4,
        height=7,
    ),
)
"""The objective in two numbers."""

OBJECTIVE: tuple[Panel, ...] = (
    graph(
        "Burn rate",
        "none",
        *(
            Query(
                f"max ({metric(f'instance:wosync_stale:avg{window}')}) / {1 - _OBJECTIVE:.2f}",
                window,
            )
            for window in ("1h", "6h", "1d", "3d")
        ),
        colors={"1h": "blue", "6h": "purple", "1d": "light-blue", "3d": "#c8c8d0"},
        what="How many times faster than allowed the error budget is spent, over each window.",
        normal="below 1.",
        act="above 14.4 over 1h, or 6 over 6h, somebody is paged.",
        steps=((None, "green"), (1, "yellow"), (6, "orange"), (14.4, "red")),
        alerts=("WosyncFreshnessBurn",),
    ),
    graph(
        "Last complete poll",
        "s",
        Query(metric("instance:wosync_poll_age_seconds:max"), "{{instance}}"),
        what="Time since Workbooks was last read completely; none during the very first poll.",
        normal="under one poll interval and a poll's time.",
        act="Workbooks is down, refuses us, or the service hangs: see errors by class.",
        steps=((None, "green"), (240, "red")),
        alerts=("WosyncNoPoll",),
        width=8,
    ),
    stat(
        "Changes in time",
        "percentunit",
        Query(
            f"{grown('sync_lag_seconds_bucket', _ACK, _IN_TIME, by=INSTANCE)} / "
            f"{grown('sync_lag_seconds_count', _ACK, by=INSTANCE)}"
        ),
        what="Part of the changes that Outreach had within 120 s; it sees only those that "
        "got there, those of a bulk included.",
        normal="99 % or more; a bulk import or a first import lowers it.",
        act="compare with the time in which all was fresh before drawing conclusions.",
        alerts=("WosyncFreshnessBurn",),
        width=4,
        height=8,
    ),
)
"""How fast the objective is lost."""

GUARDS: tuple[Panel, ...] = (
    stat(
        "Fuse",
        "none",
        Query(alive(metric("fuse_tripped"))),
        what="Whether the fuse holds a mass change back.",
        normal="none.",
        act="look at what it is with wosync status, then wosync approve.",
        mappings=(zero_one("none", "approve?", good=0),),
        alerts=("WosyncMassChangeWaiting",),
    ),
    stat(
        "Duplicates",
        "short",
        Query(grown("duplicates_found_total", by=INSTANCE)),
        what="Target records found in the shown time to share a correlation value.",
        normal="0.",
        act="merge them in Outreach; the runbook says how to find out which.",
        steps=((None, NO_DATA), (0, "green"), (0.5, "red")),
        alerts=("WosyncDuplicateFound",),
    ),
    stat(
        "Unproven",
        "short",
        Query(alive(metric("records_unproven"))),
        what="Records the source did not show within two audit intervals.",
        normal="0.",
        act="the audit does not get through, or records vanished.",
        steps=((None, NO_DATA), (0, "green"), (1, "red")),
        alerts=("WosyncRecordsUnproven",),
    ),
    stat(
        "Stalled",
        "short",
        Query(total("actor_stalled", by=INSTANCE)),
        what="Actors with a worker that neither makes progress nor shows what it waits for.",
        normal="0.",
        act="systemd restarts it; keep the journal for a report.",
        steps=((None, NO_DATA), (0, "green"), (1, "red")),
        alerts=("WosyncActorStalled",),
    ),
    stat(
        "Settings",
        "none",
        Query(f"min by (job, instance) ({metric('config_last_reload_successful')})"),
        what="Whether the settings in force are those of the last reload.",
        normal="as asked.",
        act="the last reload was refused: journalctl -u wosync says why.",
        mappings=(zero_one("refused", "as asked"),),
        alerts=("WosyncReloadRefused",),
    ),
    stat(
        "State",
        "none",
        Query(f"min by (job, instance) ({metric('state_readable')})"),
        what="Whether the state answered the last look at it.",
        normal="readable.",
        act="the disk or the database under it fails or hangs: the runbook.",
        mappings=(zero_one("unusable", "readable"),),
        alerts=("WosyncStateUnusable",),
    ),
    stat(
        "Disk free",
        "percentunit",
        Query(f"min ({metric('state_disk_free_bytes')} / {metric('state_disk_size_bytes')})"),
        what="Room on the file system of the state directory.",
        normal="above 5 %, and 1 GB.",
        act="make room: the service ends when it cannot write its state there.",
        steps=((None, NO_DATA), (0, "red"), (0.05, "green")),
        alerts=("WosyncStateDiskFull",),
    ),
    stat(
        "Version",
        "none",
        Query(metric("build_info"), "{{version}}"),
        what="What is running, by instance.",
        normal="the same everywhere.",
        act="deploy what is behind.",
        alerts=("WosyncCrashLoop",),
        name_only=True,
    ),
    graph(
        "Never expected",
        "short",
        Query(
            unlike_zero(
                side_by_side(
                    duplicates=grown("duplicates_found_total", by=INSTANCE, over="1d"),
                    unproven=worst("records_unproven"),
                    # What it has counted in the last hour is held only where it has tripped.
                    held_by_the_fuse=f"{worst('fuse_held_records')}"
                    f" * on (job, instance) {worst('fuse_tripped')}",
                ),
                "what",
            ),
            "{{what}} {{instance}}",
        ),
        shades_of="red",
        what="Target records found within a day to share a correlation value, records the "
        "source did not show in time, edits held by the mass-change fuse.",
        normal="zero, all of them.",
        act="duplicates and unproven records: the runbook; the fuse: wosync approve.",
        alerts=("WosyncDuplicateFound", "WosyncRecordsUnproven", "WosyncMassChangeWaiting"),
        width=21,
        height=6,
    ),
    stat(
        "Leave lasts",
        "s",
        Query(
            "clamp_min(min by (job, instance)"
            f" (last_over_time({metric('authorisation_ends_timestamp_seconds')}[14d])) - time(), 0)"
        ),
        what="How long the leave to work in Outreach lasts if nobody uses it before, by the last "
        "word of the service; 0 before it is known.",
        normal="about two weeks: each use renews it.",
        act="a service that does not run lets it end; then somebody has to authorise it again.",
        steps=(
            (None, NO_DATA),
            (1, "red"),
            (3 * 86_400, "yellow"),
            (7 * 86_400, "green"),
        ),
        alerts=("WosyncAuthorisationEnds",),
        height=6,
    ),
)
"""One number each."""
