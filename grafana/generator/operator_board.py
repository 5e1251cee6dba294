"""For whoever is on call: what is wrong, how far behind, what is in error, when is it done."""

from __future__ import annotations

from grafana.generator.dashboards import Dashboard
from grafana.generator.operator_errors import ERRORS, IN_ERROR, PROBLEMS
from grafana.generator.operator_guards import FRESH, GUARDS, OBJECTIVE
from grafana.generator.operator_processes import FLEET, PROCESSES
from grafana.generator.operator_top import BEHIND, BOUND, TOP
from grafana.generator.panels import Panel, Query, Row, Text, graph, heatmap
from grafana.generator.queries import (
    age,
    cells,
    metric,
    one_of,
    per_minute,
    quantile,
    side_by_side,
    total,
    unlike_zero,
    worst,
)

_WORDS = """
**A change** passes three stages: *observed* (the poller saw it in Workbooks), *target_ack*
(Outreach has it), *written_back* (Workbooks knows the Outreach Id). Lag counts from the time of the
edit. **Fresh** are edits that come in one by one; a **backlog** is what comes in masses (a first
import, a mass edit, a new mapping), and fresh edits overtake it. **In error** is what was refused
and waits for somebody to reset "Outreach Sync Error"; **in doubt** is a create whose answer was
lost and which is being looked for. Magenta points on the lag are single changes: their `run` stands
in the log lines of the same work, `journalctl -u wosync -o cat | grep RUN`.

A pair whose state is in a database may have several **processes**: one works, the others stand by
and take over from it. All numbers are those of the one that works. Each pair of a **fleet** is one
of its own here, under its name; the processes are the fleet's, and chosen under the name of that.
Only so many of its pairs have numbers, the worst first; `wosync pair list` has all of them.

`wosync status` says the same on the host, `wosync history REF` tells the story of one record.
"""

IS_SETTLED = one_of(
    "outcome", "created", "updated", "noop", "adopted", "related", "agreed", "refused"
)
_OPEN = "pending_records"
_ACK = 'stage="target_ack"'
_TO_DO = one_of("kind", "opportunity", "relationship")
_OF_LANES = {
    "fresh opportunity": "orange",
    "fresh relationship": "yellow",
    "backlog opportunity": "blue",
    "backlog relationship": "light-blue",
}
# Only what went wrong has a colour of warning.
_POLLS = {
    r"\w+ error": "red",
    r"changes \w+": "blue",
    r"tab_changes \w+": "light-blue",
    r"people \w+": "purple",
    r"(sweep|audit) \w+": "#8e8e8e",
}
_OUTCOMES = {
    "opportunity created": "blue",
    "opportunity (updated|adopted)": "semi-dark-blue",
    "relationship related": "light-blue",
    r"\w+ (noop|agreed)": "#8e8e8e",
    r"\w+ (left|again)": "#c8c8d0",
    r"\w+ (held|deferred)": "purple",
    r"\w+ in_doubt": "yellow",
    r"\w+ held_by_fuse": "orange",
    r"\w+ refused": "red",
}


_BEHIND: tuple[Panel, ...] = (
    graph(
        "Fresh edits behind, and what is allowed",
        "s",
        Query(
            side_by_side(behind=f"max ({BEHIND})", allowed=f"max ({BOUND})"),
            "{{what}}",
        ),
        what="What the objective judges, and the two poll intervals it is judged by; of several "
        "pairs the worst.",
        normal="below the line.",
        act="above it for five minutes somebody is woken.",
        lines=("allowed",),
        colors={"behind": "blue"},
        alerts=("WosyncFreshEditsHeld", "WosyncFreshnessBurn"),
        width=8,
        height=7,
    ),
    graph(
        "Waiting, by lane",
        "short",
        Query(total(_OPEN, _TO_DO, by=("lane", "kind")), "{{lane}} {{kind}}"),
        what="Changes that are known and not in Outreach, by lane and by what is still to be done.",
        normal="near zero, with a peak after a bulk that then falls steadily.",
        act="fresh work that stays: see the systems; a backlog that stays: the tuning dashboard.",
        stacked=True,
        colors=_OF_LANES,
        alerts=("WosyncBacklogStalled",),
        width=8,
        height=7,
    ),
    graph(
        "Backlog done in, minute by minute",
        "s",
        Query(f"max ({metric('backlog_done_seconds')} < 1e12)", "done in"),
        what="The service's own estimate over time; a gap while Outreach stands still.",
        normal="0, or a line that falls a minute a minute.",
        act="rising: more comes in than is done, or the hour's requests are used up.",
        colors={"done in": "blue"},
        alerts=("WosyncBacklogSlow",),
        width=8,
        height=7,
    ),
    graph(
        "Lag of what arrived, 95 %",
        "s",
        Query(quantile(0.95, "sync_lag_seconds", by=("stage",)), "{{stage}}", exemplars=True),
        what="From the edit in Workbooks to each stage, for changes that got there, bulk included: "
        "what 95 % did not exceed.",
        normal="about one poll interval to target_ack, a few seconds more to written_back.",
        act="the first stage that jumps is the slow one: observed is polling, target_ack is "
        "requests or budget, written_back is Workbooks.",
        colors={"observed": "green", "target_ack": "blue", "written_back": "purple"},
        alerts=("WosyncFreshnessBurn",),
        width=8,
        height=7,
    ),
    graph(
        "Settled and picked up, per minute",
        "short",
        Query(
            side_by_side(
                settled=per_minute("reconciles_total", IS_SETTLED),
                picked_up=per_minute("poll_records_total", 'what="changed"'),
            ),
            "{{what}}",
        ),
        what="Changes that came to rest, and changes that polls brought, by the minute.",
        normal="settled follows; it stays above while a backlog drains.",
        act="settled below picked up for long: the tuning dashboard names the bottleneck.",
        colors={"settled": "green", "picked up": "blue"},
        width=8,
        height=7,
    ),
)

_BACKLOG: tuple[Panel | Text, ...] = (
    heatmap(
        "Lag until Outreach has it",
        Query(cells("sync_lag_seconds", _ACK), "{{le}}", exemplars=True),
        what="How many changes took how long until Outreach acknowledged them.",
        normal="one band at about one poll interval; a bulk import draws a rising wedge.",
        act="a second band far above the first is a class of records that waits: see errors.",
    ),
    graph(
        "Oldest that waits",
        "s",
        Query(
            unlike_zero(worst("pending_oldest_age_seconds", by=("lane", "kind")), "lane"),
            "{{lane}} {{kind}}",
        ),
        what="Age of the oldest change not settled, from durable state; of a backlog it says when "
        "its records were edited last, not how late it is.",
        normal="fresh under two poll intervals.",
        act="wosync status names what waits; wosync history REF says why.",
        alerts=("WosyncFreshEditsHeld", "WosyncWriteBackStuck"),
        colors=_OF_LANES | {"fresh write_back": "purple", "backlog write_back": "dark-purple"},
    ),
    graph(
        "Watermarks",
        "s",
        Query(age("watermark_timestamp_seconds", "feed"), "{{feed}}"),
        what="How long ago the watermark of each feed stands; it moves with real edits only.",
        normal="a quiet watermark is no fault.",
        act="polls that fail are on the right.",
        colors={"changes": "blue", "tab_changes": "light-blue", "people": "purple"},
    ),
    graph(
        "Polls, per minute",
        "short",
        Query(
            unlike_zero(per_minute("polls_total", by=("feed", "outcome")), "feed"),
            "{{feed}} {{outcome}}",
        ),
        what="Finished polls of each feed.",
        normal="ok or empty, once per interval; people only while somebody waits for one.",
        act="error: Workbooks cannot be read, see errors by class.",
        alerts=("WosyncNoPoll", "WosyncFeedSilent"),
        colors=_POLLS,
    ),
    graph(
        "Attempts by outcome, per minute",
        "short",
        Query(
            unlike_zero(per_minute("reconciles_total", by=("kind", "outcome")), "kind"),
            "{{kind}} {{outcome}}",
        ),
        what="Finished attempts to make Outreach agree.",
        normal="updated, created, noop, agreed; deferred waits for time or budget.",
        act="refused rising: see what is in error; held_by_fuse: wosync approve.",
        alerts=("WosyncErrorRatio", "WosyncMassChangeWaiting"),
        stacked=True,
        colors=_OUTCOMES,
        width=24,
    ),
    graph(
        "Roles edited, per minute",
        "short",
        Query(unlike_zero(per_minute("role_edits_total", by=("edit",)), "edit"), "{{edit}}"),
        what="People related to opportunities in Outreach.",
        normal="a few for each edited People tab.",
        act="removed in masses is stopped by the fuse; see the mapping or the source.",
        colors={"created": "blue", "adopted|changed": "light-blue", "removed": "orange"},
        width=12,
    ),
    graph(
        "Linked records",
        "short",
        Query(total("records_linked", by=("instance",)), "{{instance}}"),
        what="Records that have their record in Outreach.",
        normal="grows with the business.",
        act="a fall means that records were deleted or unlinked.",
        width=12,
    ),
)

BOARD = Dashboard(
    uid="wosync-operator",
    title="wosync: operator",
    about="What is wrong, how far behind, what is in error, when is it done.",
    span="now-3h",
    rows=(
        Row("What is wrong", TOP),
        Row("How far behind, and when is it done", (*_BEHIND, *FRESH, IN_ERROR, PROBLEMS)),
        Row("Objective", OBJECTIVE, folded=True),
        Row("Guards: never anything but zero", GUARDS, folded=True),
        Row("Who works, and who stands by", PROCESSES, folded=True),
        Row("Fleet", FLEET, folded=True),
        Row("Errors in detail", ERRORS, folded=True),
        Row("Backlog and polls in detail", _BACKLOG, folded=True),
        Row("How to read this", (Text("Words", _WORDS.strip()),), folded=True),
    ),
)
