"""The top of the operator's dashboard: one number for each question, coloured like its alert."""

from __future__ import annotations

from grafana.generator.panels import Panel, Query, graph, stat, zero_one
from grafana.generator.queries import INSTANCE, grown, metric, total, worst

_BY = f"by ({', '.join(INSTANCE)})"
_ACK = 'stage="target_ack"'

# The bucket of two poll intervals of 60 s.
_IN_TIME = 'le="120.0"'
_OBJECTIVE = 0.99

# Recording rules of grafana/alerts/recording.yml, which say what stale means.
_BEHIND = metric("instance:wosync_staleness_seconds:max")
_BOUND = metric("instance:wosync_freshness_bound_seconds:max")
_POLL_AGE = metric("instance:wosync_poll_age_seconds:max")
_STALE = metric("instance:wosync_stale:bool")


def _budget_left(window: str) -> str:
    """Part of the window's requests that is left; 1 where there is no limit."""
    matcher = f'window="{window}"'
    limit = f"sum {_BY} ({metric('budget_limit_requests', matcher)})"
    remaining = f"sum {_BY} ({metric('budget_remaining_requests', matcher)})"
    return f"{remaining} / {limit} >= 0 or {limit} == bool Inf"


HEALTH: tuple[Panel, ...] = (
    stat(
        "Ready",
        "bool",
        Query(f"min {_BY} ({metric('ready')})"),
        what="Whether both systems answered and polling works.",
        normal="ready.",
        act="wosync status says the reason in one line.",
        steps=((None, "red"), (1, "green")),
        mappings=(zero_one("not ready", "ready"),),
        alerts=("WosyncNotReady",),
    ),
    stat(
        "Behind by",
        "s",
        Query(_BEHIND),
        what="What the objective is about: the oldest pending change or the last good poll, "
        "whichever is older. The colours are those of the default poll interval.",
        normal="under two poll intervals.",
        act="the two numbers to the right tell polling from work that is not settled.",
        steps=((None, "green"), (60, "yellow"), (120, "red")),
        alerts=("WosyncFreshnessBurn",),
    ),
    stat(
        "Last good poll",
        "s",
        Query(_POLL_AGE),
        what="Time since Workbooks was last read completely.",
        normal="under one poll interval and a poll's time; no data during the very first poll.",
        act="Workbooks is down, refuses us, or the service hangs: see errors by class.",
        steps=((None, "green"), (120, "yellow"), (900, "red")),
        alerts=("WosyncNoPoll",),
    ),
    stat(
        "Oldest pending",
        "s",
        Query(worst("pending_oldest_age_seconds")),
        what="Age of the oldest change that is known and not settled.",
        normal="0, or seconds.",
        act="see how far behind, then what is in error.",
        steps=((None, "green"), (60, "yellow"), (120, "red")),
        alerts=("WosyncFreshnessBurn",),
    ),
    stat(
        "In error",
        "short",
        Query(total("records_in_error", by=INSTANCE)),
        what="Refused opportunities, people and relationships that wait for somebody.",
        normal="few, and known.",
        act="wosync status lists them with reasons.",
        steps=((None, "green"), (1, "yellow"), (25, "red")),
        alerts=("WosyncRecordsInError",),
    ),
    stat(
        "In doubt",
        "short",
        Query(total("in_doubt_intents", by=INSTANCE)),
        what="Creates whose result is not known and is being looked for.",
        normal="0, or a few for some minutes after Outreach failed.",
        act="see the age of the oldest doubt.",
        steps=((None, "green"), (1, "yellow")),
        alerts=("WosyncInDoubt",),
    ),
    stat(
        "Hourly budget left",
        "percentunit",
        Query(_budget_left("hour")),
        what="Part of the requests of this hour that is still ours to use, the reserve not "
        "counted; all of it while there is no limit.",
        normal="above a half outside of bulk imports.",
        act="work goes on when the window refills; see the APIs dashboard.",
        steps=((None, "red"), (0.1, "yellow"), (0.25, "green")),
        alerts=("WosyncBudgetRunsOut",),
    ),
    stat(
        "Version",
        "none",
        Query(metric("build_info"), "{{version}}"),
        what="What is running, by instance.",
        normal="the same everywhere.",
        act="deploy what is behind.",
        name_only=True,
    ),
)
"""The first row, eight numbers."""

OBJECTIVE: tuple[Panel, ...] = (
    stat(
        "Fresh, in the chosen time",
        "percentunit",
        Query(f"1 - avg_over_time({_STALE}[$__range])"),
        what="Part of the time in which everything was in Outreach within two poll "
        "intervals; 99 % is the objective over 30 days.",
        normal="99 % or more.",
        act="see how far behind for when it was not.",
        steps=((None, "red"), (_OBJECTIVE, "green")),
        alerts=("WosyncFreshnessBurn",),
    ),
    stat(
        "Error budget left",
        "percentunit",
        Query(metric("instance:wosync_error_budget_left:ratio30d")),
        what="What is left of the one percent of the last 30 days that may be stale; below 0 "
        "the objective is missed.",
        normal="above a quarter.",
        act="no risky change until it has recovered.",
        steps=((None, "red"), (0.25, "green")),
        alerts=("WosyncErrorBudgetLow",),
    ),
    stat(
        "Changes in time",
        "percentunit",
        Query(
            f"{grown('sync_lag_seconds_bucket', _ACK, _IN_TIME, by=INSTANCE)} / "
            f"{grown('sync_lag_seconds_count', _ACK, by=INSTANCE)}"
        ),
        what="Part of the changes that Outreach had within 120 s; it sees only those that "
        "got there.",
        normal="99 % or more; a bulk import or a first import lowers it.",
        act="compare with the fresh part of the time before drawing conclusions.",
        steps=((None, "red"), (_OBJECTIVE, "green")),
    ),
    stat(
        "Mass change waiting",
        "bool",
        Query(worst("fuse_tripped")),
        what="Whether the fuse holds a mass change back.",
        normal="no.",
        act="look at what it is with wosync status, then wosync approve.",
        steps=((None, "green"), (1, "red")),
        mappings=(zero_one("no", "approve?", good=0),),
        alerts=("WosyncMassChangeWaiting",),
    ),
    stat(
        "Duplicates",
        "short",
        Query(grown("duplicates_found_total", by=INSTANCE)),
        what="Target records found in the chosen time to share a correlation value.",
        normal="0.",
        act="merge them in Outreach; the runbook says how to find out which.",
        steps=((None, "green"), (1, "red")),
        alerts=("WosyncDuplicateFound",),
    ),
    stat(
        "Unproven",
        "short",
        Query(worst("records_unproven")),
        what="Records the source did not show within two audit intervals.",
        normal="0.",
        act="the audit does not get through, or records vanished.",
        steps=((None, "green"), (1, "red")),
        alerts=("WosyncRecordsUnproven",),
    ),
    stat(
        "Workers stalled",
        "short",
        Query(total("actor_stalled", by=INSTANCE)),
        what="Actors with a worker that neither makes progress nor shows what it waits for.",
        normal="0.",
        act="systemd restarts it; keep the journal for a report.",
        steps=((None, "green"), (1, "red")),
        alerts=("WosyncActorStalled",),
    ),
    stat(
        "Settings",
        "bool",
        Query(f"min {_BY} ({metric('config_last_reload_successful')})"),
        what="Whether the settings in force are those of the last reload.",
        normal="as asked.",
        act="the last reload was refused: journalctl -u wosync says why.",
        steps=((None, "red"), (1, "green")),
        mappings=(zero_one("refused", "as asked"),),
        alerts=("WosyncReloadRefused",),
    ),
    graph(
        "Behind by, against the objective",
        "s",
        Query(_BEHIND, "behind {{instance}}"),
        Query(_BOUND, "two poll intervals {{instance}}"),
        what="What the objective judges, and the bound it is judged by.",
        normal="below the bound.",
        act="see the runbook: the burn rate says how urgent it is.",
        alerts=("WosyncFreshnessBurn",),
        height=6,
    ),
    graph(
        "Burn rate",
        "short",
        *(
            Query(
                f"{metric(f'instance:wosync_stale:avg{window}')} / {1 - _OBJECTIVE:.2f}",
                f"{window} {{{{instance}}}}",
            )
            for window in ("1h", "6h", "1d", "3d")
        ),
        what="How many times faster than allowed the error budget is spent, over each window.",
        normal="below 1.",
        act="above 14.4 over 1h, or 6 over 6h, somebody is paged.",
        steps=((None, "green"), (1, "yellow"), (6, "orange"), (14.4, "red")),
        alerts=("WosyncFreshnessBurn",),
        height=6,
    ),
)
"""The second row: the objective, and what must never be anything but zero."""
