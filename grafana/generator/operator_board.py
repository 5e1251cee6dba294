"""For the operator: is it healthy, how far behind, what is in error, when is the backlog done."""

from __future__ import annotations

from grafana.generator.dashboards import Dashboard
from grafana.generator.operator_errors import ERRORS
from grafana.generator.operator_top import HEALTH, OBJECTIVE
from grafana.generator.panels import Panel, Query, Row, Text, graph, heatmap, stat
from grafana.generator.queries import (
    PACE,
    PACE_S,
    age,
    cells,
    grown,
    metric,
    one_of,
    per_second,
    quantile,
    total,
    worst,
)

_WORDS = """
**A change** passes three stages: *observed* (the poller saw it in Workbooks), *target_ack*
(Outreach has it), *written_back* (Workbooks knows the Outreach Id). Lag counts from the time of the
edit. **Pending** is what is known and not settled; **in error** is what was refused and waits for
somebody to reset "Outreach Sync Error"; **in doubt** is a create whose answer was lost and which is
being looked for. Magenta points on the lag are single changes: their `run` stands in the log
lines of the same work, `journalctl -u wosync -o cat | grep RUN`.

`wosync status` says the same on the host, `wosync history REF` tells the story of one record.
"""

_IS_SETTLED = one_of(
    "outcome", "created", "updated", "noop", "adopted", "related", "agreed", "refused"
)

_HOUR = 'window="hour"'
_OPEN = "pending_records"
_ACK = 'stage="target_ack"'
_SETTLED = grown("reconciles_total", _IS_SETTLED, over=PACE)
_LEFT = total(_OPEN, one_of("kind", "opportunity", "relationship"))
_ASKED = grown("api_requests_total", 'connector="outreach"', over=PACE)
_LIMIT = f"sum ({metric('budget_limit_requests', _HOUR)})"
_REMAINING = f"sum ({metric('budget_remaining_requests', _HOUR)})"
_NEEDED = f"({_LEFT}) * ({_ASKED}) / clamp_min({_SETTLED}, 1)"


_LAG: tuple[Panel | Text, ...] = (
    graph(
        "Lag by stage",
        "s",
        *(
            Query(
                quantile(share, "sync_lag_seconds", by=("stage",)),
                f"{{{{stage}}}} p{round(100 * share)}",
                exemplars=share == 0.99,
            )
            for share in (0.5, 0.95, 0.99)
        ),
        what="From the edit in Workbooks to each stage, for changes that got there.",
        normal="about one poll interval to target_ack, a few seconds more to written_back.",
        act="the first stage that jumps is the slow one: observed is polling, target_ack is "
        "requests or budget, written_back is Workbooks.",
        steps=((None, "green"), (120, "red")),
        alerts=("WosyncFreshnessBurn",),
    ),
    heatmap(
        "Lag until Outreach has it",
        Query(
            cells("sync_lag_seconds", _ACK),
            "{{le}}",
            exemplars=True,
        ),
        what="How many changes took how long until Outreach acknowledged them.",
        normal="one band at about one poll interval; a bulk import draws a rising wedge.",
        act="a second band far above the first is a class of records that waits: see errors.",
    ),
    graph(
        "Pending changes",
        "short",
        Query(total(_OPEN, by=("kind",)), "{{kind}}"),
        what="Known and not settled, by what is still to be done.",
        normal="near zero, with a peak after a bulk import that then falls steadily.",
        act="a flat line above zero does not drain: see errors, then the tuning dashboard.",
        stacked=True,
    ),
    graph(
        "Oldest pending change",
        "s",
        Query(worst("pending_oldest_age_seconds", by=("kind",)), "{{kind}}"),
        Query(age("watermark_timestamp_seconds", "feed"), "watermark of {{feed}}"),
        what="Age of the oldest change not settled, from durable state, and how long ago the "
        "watermark of each feed stands; it moves with real edits only.",
        normal="under two poll intervals; a quiet watermark is no fault.",
        act="wosync status names what waits; wosync history REF says why.",
        steps=((None, "green"), (120, "red")),
        alerts=("WosyncFreshnessBurn",),
    ),
)

_BACKLOG: tuple[Panel | Text, ...] = (
    stat(
        "Done at this pace in",
        "s",
        Query(f"({_LEFT} > 0) / ({_SETTLED} / {PACE_S}) or 0 * {_LEFT}", "done in"),
        what=f"Pending changes divided by the pace of the last {PACE}; new edits not counted.",
        normal="0 when nothing is pending; otherwise it falls as time passes.",
        act="infinite: nothing is settled at all, see what is in error.",
        alerts=("WosyncBacklogSlow",),
        steps=((None, "green"), (3600, "yellow"), (86_400, "red")),
        width=6,
    ),
    stat(
        "Waits for budget at least",
        "s",
        Query(f"clamp_min({_NEEDED} - {_REMAINING}, 0) / {_LIMIT} * 3600", "budget"),
        what="Requests the backlog still needs, beyond what is left of this hour, at the "
        "hourly limit. As many requests per record are assumed as lately.",
        normal="0: the hour has room for all of it.",
        act="raise [outreach.budget] per_hour if the allowance permits, or wait.",
        steps=((None, "green"), (3600, "yellow"), (86_400, "red")),
        width=6,
    ),
    graph(
        "Pace",
        "ops",
        Query(per_second("reconciles_total", _IS_SETTLED), "settled"),
        Query(per_second("poll_records_total", 'what="changed"'), "captured"),
        what="Changes captured and changes settled, per second.",
        normal="settled follows captured; above it while a backlog drains.",
        act="settled below captured for long: the tuning dashboard names the bottleneck.",
    ),
    graph(
        "Finished attempts by outcome",
        "ops",
        Query(per_second("reconciles_total", by=("kind", "outcome")), "{{kind}} {{outcome}}"),
        what="Attempts to make Outreach agree.",
        normal="updated, created, noop, agreed; deferred waits for time or budget.",
        act="refused rising: see what is in error; held_by_fuse: wosync approve.",
        alerts=("WosyncErrorRatio", "WosyncMassChangeWaiting"),
        stacked=True,
    ),
    graph(
        "Roles edited",
        "ops",
        Query(per_second("role_edits_total", by=("edit",)), "{{edit}}"),
        what="People related to opportunities in Outreach.",
        normal="a few for each edited People tab.",
        act="removed in masses is stopped by the fuse; see the mapping or the source.",
    ),
    graph(
        "Linked records",
        "short",
        Query(total("records_linked", by=("instance",)), "{{instance}}"),
        what="Records that have their record in Outreach.",
        normal="grows with the business.",
        act="a fall means that records were deleted or unlinked.",
    ),
    graph(
        "Polls",
        "ops",
        Query(per_second("polls_total", by=("feed", "outcome")), "{{feed}} {{outcome}}"),
        what="Finished polls of each feed.",
        normal="ok or empty, once per interval; people only while somebody waits for one.",
        act="error: Workbooks cannot be read, see errors by class.",
        alerts=("WosyncNoPoll", "WosyncFeedSilent"),
    ),
)

BOARD = Dashboard(
    uid="wosync-operator",
    title="wosync: operator",
    about="Is it healthy, how far behind, what is in error, when will the backlog be done.",
    rows=(
        Row("Is it healthy", HEALTH),
        Row("Objective and guards", OBJECTIVE),
        Row("How far behind", _LAG),
        Row("What is in error", ERRORS),
        Row("When will the backlog be done", _BACKLOG),
        Row("How to read this", (Text("Words", _WORDS.strip()),), folded=True),
    ),
)
