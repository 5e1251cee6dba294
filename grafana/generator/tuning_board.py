"""For tuning: which actor is the bottleneck, what concurrency and budget do, what a setting did."""

from __future__ import annotations

from engine.metrics.labels import MAILBOXES
from grafana.generator.dashboards import Dashboard
from grafana.generator.operator_board import IS_SETTLED
from grafana.generator.panels import Panel, Query, Row, Text, column, graph, table
from grafana.generator.queries import (
    at_least,
    metric,
    one_of,
    per_minute,
    per_second,
    quantile,
    total,
    unlike_zero,
    worst,
)
from grafana.generator.tuning_work import MACHINE, WORK, quantiles

_WORDS = """
**Worker time** is told apart as *busy* (working, a request under way included), *blocked* (waiting
for a place in flight, for another worker, or for room in a mailbox), *throttled* (waiting for
budget, a pause or an outage) and *idle*. The actor whose workers are busy nearly all the time,
with a mailbox that fills before it, is the bottleneck: give it workers. Blocked workers before a
full mailbox are only its shadow. Blocked on places in flight: raise requests_in_flight_max of that
system. Throttled: more workers gain nothing; the budget or the other system decides.

`wosync tune` says the same in words; `wosync config set KEY VALUE` and `wosync reload` change a
setting while the service runs. Each reload is marked in every graph.
"""

_COLORS = {"busy": "green", "blocked": "orange", "throttled": "purple", "idle": "#5a5a5a"}
# The same in every picture; those that a setting gives workers are told apart most easily.
_ACTORS = {
    "opportunity_syncer": "blue",
    "relationship_syncer": "light-blue",
    "poller": "green",
    "write_back": "purple",
    "prospect_resolver": "yellow",
    "dispatcher": "#d683ce",
    "owner_resolver": "#56a6a6",
    "account_resolver": "#a2845e",
    "create_search": "#e0b4e8",
    "mapping_reader": "#b8c47a",
    "fuse_keeper": "#3f7d8c",
    "start_up": "#c8c8d0",
}
_ACTOR_COLORS = {rf"{actor}( \w+)?": color for actor, color in _ACTORS.items()}
_MAILBOXES = {
    r"changes( p\d+)?": "blue",
    r"contacts( p\d+)?": "light-blue",
    r"write_backs( p\d+)?": "purple",
}
_TIME = "actor_time_seconds_total"
_CHOSEN = 'actor=~"$actor"'
# What it does before there is any work is all that it does.
_WORKING = 'actor!="start_up"'


def _share(*states: str) -> str:
    spent = per_second(_TIME, _CHOSEN, _WORKING, one_of("state", *states), by=("actor",))
    return f"{spent} / {per_second(_TIME, _CHOSEN, _WORKING, by=('actor',))}"


def _of(gauge: str) -> str:
    return total(gauge, by=("mailbox",))


_FILL = f"{_of('mailbox_depth')} / {_of('mailbox_capacity')}"
_STATES = one_of("state", "blocked", "throttled")

_BOTTLENECK: tuple[Panel | Text, ...] = (
    graph(
        "Busy, share of worker time",
        "percentunit",
        Query(unlike_zero(f"round({_share('busy')}, 0.01)", "actor"), "{{actor}}"),
        what="Part of each actor's worker time that is work.",
        normal="far below 1 most of the day.",
        act="the actor near 1 limits throughput; [concurrency] gives it workers.",
        maximum=1,
        colors=_ACTOR_COLORS,
        width=7,
        height=7,
    ),
    graph(
        "Kept from work, share of time",
        "percentunit",
        Query(
            at_least(
                0.05,
                f"{per_second(_TIME, _CHOSEN, _STATES, by=('actor', 'state'))}"
                f" / on (actor) group_left () {per_second(_TIME, _CHOSEN, by=('actor',))}",
                "actor",
            ),
            "{{actor}} {{state}}",
        ),
        what="Part of each actor's worker time spent waiting for others (blocked), and for budget, "
        "a pause or an outage (throttled, dashed); less than a twentieth is left out.",
        normal="little or nothing; during a bulk import one of them rises.",
        act="blocked: look at the actor after it and at places in flight; throttled: budget.",
        maximum=1,
        dashed=(r"\w+ throttled",),
        colors=_ACTOR_COLORS,
        width=10,
        height=7,
    ),
    graph(
        "Mailbox fill",
        "percentunit",
        Query(_FILL, "{{mailbox}}"),
        what="Keys queued, as part of the keys one lane holds; two lanes may make it more "
        "than 1. The rest of a backlog waits on disk.",
        normal="near 0; full during a bulk import.",
        act="full without a backlog: its readers are the bottleneck.",
        alerts=("WosyncMailboxSaturated",),
        colors=_MAILBOXES,
        width=7,
        height=7,
    ),
    graph(
        "$actor",
        "short",
        Query(per_second(_TIME, _CHOSEN, by=("state",)), "{{state}}"),
        what="Where the time of the actor's workers goes, in workers; the whole height are the "
        "workers running.",
        normal="mostly idle.",
        act="all busy: add workers; blocked or throttled: the cause is elsewhere.",
        stacked=True,
        colors=_COLORS,
        width=6,
        height=6,
        repeat="actor",
    ),
)

_CONCURRENCY: tuple[Panel | Text, ...] = (
    graph(
        "Requests in flight",
        "short",
        Query(
            " or ".join(
                f'label_replace({expr}, "what", "{name}", "", "")'
                for system in ("workbooks", "outreach")
                for name, expr in (
                    (system, total("api_in_flight", f'connector="{system}"')),
                    (
                        f"{system} at most",
                        total("config_setting", f'setting="{system}.requests_in_flight_max"'),
                    ),
                )
            ),
            "{{what}}",
        ),
        what="Requests under way, and how many each system is asked at once.",
        normal="below the line; at it during a bulk import.",
        act="at the line with workers blocked: raise requests_in_flight_max.",
        lines=("workbooks at most", "outreach at most"),
        colors={"workbooks( at most)?": "purple", "outreach( at most)?": "blue"},
        width=8,
        height=6,
    ),
    graph(
        "Wait for admission, 95 %",
        "s",
        Query(quantile(0.95, "admission_wait_seconds", by=("connector",)), "{{connector}}"),
        what="What a request waits before it is sent.",
        normal="milliseconds.",
        act="see places in flight, then the budget.",
        colors={"workbooks": "purple", "outreach": "blue"},
        width=8,
        height=6,
    ),
    graph(
        "Held by budget or pause",
        "s",
        Query(unlike_zero(worst("budget_held_seconds", by=("lane",)), "lane"), "{{lane}}"),
        what="Seconds until pause and budget admit a request of the lane to Outreach again.",
        normal="0; backlog is held before fresh, for seconds at a time while what is kept for "
        "fresh edits is let go.",
        act="fresh held as well: the hour is used up, or Outreach told us to wait.",
        alerts=("WosyncBudgetSpent",),
        colors={"fresh": "orange", "backlog": "blue"},
        width=8,
        height=6,
    ),
)

_EFFECT: tuple[Panel | Text, ...] = (
    graph(
        "Settled, per minute",
        "short",
        Query(per_minute("reconciles_total", IS_SETTLED, by=("kind",)), "{{kind}}"),
        what="Changes that came to rest, by the minute; reloads are marked.",
        normal="rises after a setting that helped.",
        act="unchanged after more workers: something else limits, see above.",
        stacked=True,
        colors={"opportunity": "blue", "relationship": "light-blue"},
        width=8,
        height=8,
    ),
    graph(
        "Attempt, 95 %",
        "s",
        Query(
            quantile(0.95, "reconcile_duration_seconds", by=("kind",)),
            "{{kind}}",
            exemplars=True,
        ),
        what="One attempt, waits for admission included; reloads are marked.",
        normal="a few requests' time.",
        act="longer after a setting: it was too much of it.",
        colors={"opportunity": "blue", "relationship": "light-blue"},
        width=8,
        height=8,
    ),
    table(
        "Settings in force",
        Query(f"max by (setting) ({metric('config_setting')})", "{{setting}}"),
        what="Numeric settings a reload changes, each in its own unit.",
        normal="as you set them.",
        act="wosync config show names where each value comes from.",
        transformations=[
            {"id": "labelsToFields", "options": {"mode": "columns"}},
            {"id": "merge", "options": {}},
            {
                "id": "organize",
                "options": {
                    "excludeByName": {"Time": True},
                    "indexByName": {"setting": 0, "Value": 1},
                    "renameByName": {"setting": "Setting", "Value": "Value"},
                },
            },
            {"id": "sortBy", "options": {"fields": {}, "sort": [{"field": "Setting"}]}},
        ],
        overrides=[column("Value", unit="locale", custom__width=90)],
        alerts=("WosyncReloadRefused",),
        width=8,
        height=8,
    ),
)

_MAILBOX: tuple[Panel | Text, ...] = (
    graph(
        "Age at the head",
        "s",
        Query(worst("mailbox_oldest_age_seconds", by=("mailbox",)), "{{mailbox}}"),
        what="Wait of the longest queued key.",
        normal="seconds.",
        act="rising without end: nobody takes keys out.",
        colors=_MAILBOXES,
        width=6,
    ),
    graph(
        "Blocked senders",
        "short",
        Query(total("mailbox_blocked_senders", by=("mailbox",)), "{{mailbox}}"),
        what="Senders waiting for room.",
        normal="0; 1 while a bulk import is handed on.",
        act="see the actor that reads this mailbox.",
        colors=_MAILBOXES,
        alerts=("WosyncMailboxSaturated",),
        width=6,
    ),
    graph(
        "Waiting to be admitted",
        "short",
        Query(total("admission_waiting", by=("connector",)), "{{connector}}"),
        what="Requests waiting for a place in flight or for budget.",
        normal="fewer than the places in flight.",
        act="long queues with idle places mean budget or a pause.",
        colors={"workbooks": "purple", "outreach": "blue"},
        width=6,
    ),
    graph(
        "Reloads",
        "short",
        Query(
            unlike_zero(
                f"sum by (outcome) (increase({metric('config_reloads_total')}[$__rate_interval]))",
                "outcome",
            ),
            "{{outcome}}",
        ),
        what="Reloads asked for, by outcome.",
        normal="applied.",
        act="refused: the journal says which line of config.toml, and why.",
        alerts=("WosyncReloadRefused",),
        colors={"applied": "green", "refused": "red"},
        width=6,
    ),
    graph(
        "Wait in the mailbox",
        "s",
        *quantiles("mailbox_wait_seconds", "mailbox"),
        what="From a key's arrival to the worker that took it.",
        normal="under a second.",
        act="more workers for its reader help, unless they are blocked or throttled.",
        dashed=(".+ p50",),
        colors=_MAILBOXES,
    ),
    graph(
        "Keys queued",
        "short",
        Query(total("mailbox_depth", by=("mailbox",)), "{{mailbox}}"),
        Query(total("mailbox_capacity", by=("mailbox",)), "{{mailbox}} holds, each lane"),
        what="Keys in memory, and how many each lane holds.",
        normal="far below.",
        act="[mailboxes] changes it at the next start; it costs memory, not speed.",
        lines=tuple(f"{name} holds, each lane" for name in MAILBOXES),
        colors=_MAILBOXES,
    ),
    graph(
        "Longest piece of work",
        "s",
        Query(
            unlike_zero(worst("actor_longest_busy_seconds", by=("actor",)), "actor"), "{{actor}}"
        ),
        what="How long the worker that is busy longest has been at it.",
        normal="seconds; an import's polls take longer.",
        act="above the systems' time-outs a worker hangs; the watchdog ends that.",
        steps=((None, "green"), (600, "red")),
        alerts=("WosyncActorBusyLong", "WosyncActorStalled"),
        colors=_ACTORS,
    ),
    graph(
        "Workers running",
        "short",
        Query(total("actor_workers", by=("actor",)), "{{actor}}"),
        what="Workers by actor; fewer are asked for at once, and leave when they finish.",
        normal="as set.",
        act="more than set for long: a worker cannot finish its piece of work.",
        colors=_ACTORS,
    ),
)

# Those that a setting gives workers, and those all others wait for: a bulk that the budget holds
# waits with the dispatcher.
_NAMED = (
    "poller",
    "dispatcher",
    "opportunity_syncer",
    "relationship_syncer",
    "prospect_resolver",
    "write_back",
)

BOARD = Dashboard(
    uid="wosync-tuning",
    title="wosync: tuning",
    about="Which actor limits, what keeps it from work, what a setting did.",
    chosen=(("actor", metric("actor_workers", _WORKING)),),
    at_first={"actor": sorted(_NAMED)},
    span="now-1h",
    rows=(
        Row("Which actor limits", _BOTTLENECK),
        Row("What keeps it from work", _CONCURRENCY),
        Row("What a setting did", _EFFECT),
        Row("Mailboxes and workers", _MAILBOX, folded=True),
        Row("Work", WORK, folded=True),
        Row("Store and process", MACHINE, folded=True),
        Row("How to read this", (Text("Words", _WORDS.strip()),), folded=True),
    ),
)
