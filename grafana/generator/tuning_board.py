"""For tuning: which actor is the bottleneck, what concurrency and budget do, what a setting did."""

from __future__ import annotations

from grafana.generator.dashboards import Dashboard
from grafana.generator.panels import Panel, Query, Row, Text, graph
from grafana.generator.queries import (
    INSTANCE,
    metric,
    one_of,
    per_second,
    setting,
    total,
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
_TIME = "actor_time_seconds_total"


_HOUR = 'window="hour"'


def _share(*states: str) -> str:
    spent = per_second(_TIME, one_of("state", *states), by=("actor",))
    return f"{spent} / {per_second(_TIME, by=('actor',))}"


def _of(gauge: str) -> str:
    return total(gauge, by=("mailbox",))


def _chart(title: str, unit: str, keys: str, what: str) -> Panel:
    shown = metric("config_setting", f'setting=~"{keys}"')
    return graph(
        title,
        unit,
        Query(f"max by (setting) ({shown})", "{{setting}}"),
        what=what,
        normal="changes only where a reload is marked.",
        act="wosync config show names where each value comes from.",
        width=8,
        height=7,
    )


_FILL = f"{_of('mailbox_depth')} / {_of('mailbox_capacity')}"

_BOTTLENECK: tuple[Panel | Text, ...] = (
    graph(
        "Share of worker time busy",
        "percentunit",
        Query(_share("busy"), "{{actor}}"),
        what="Part of each actor's worker time that is work.",
        normal="far below 1 most of the day.",
        act="the actor near 1 limits throughput; [concurrency] gives it workers.",
        steps=((None, "green"), (0.9, "red")),
        maximum=1,
        width=8,
    ),
    graph(
        "Share of worker time blocked or throttled",
        "percentunit",
        Query(_share("blocked"), "{{actor}} blocked"),
        Query(_share("throttled"), "{{actor}} throttled"),
        what="Part of each actor's worker time spent waiting for others, and for budget, a "
        "pause or an outage.",
        normal="low; during a bulk import one of them rises.",
        act="blocked: look at the actor after it and at places in flight; throttled: budget.",
        maximum=1,
        width=8,
    ),
    graph(
        "Longest piece of work",
        "s",
        Query(worst("actor_longest_busy_seconds", by=("actor",)), "{{actor}}"),
        what="How long the worker that is busy longest has been at it.",
        normal="seconds; an import's polls take longer.",
        act="above the systems' time-outs a worker hangs; the watchdog ends that.",
        steps=((None, "green"), (600, "red")),
        alerts=("WosyncActorBusyLong", "WosyncActorStalled"),
        width=8,
    ),
    graph(
        "$actor",
        "short",
        Query(per_second(_TIME, 'actor=~"$actor"', by=("state",)), "{{state}}"),
        Query(total("actor_workers", 'actor=~"$actor"'), "workers"),
        what="Where the time of the actor's workers goes, in workers; the stack is full, at "
        "100 %, where it meets the dashed line of workers running.",
        normal="mostly idle.",
        act="all busy: add workers; blocked or throttled: the cause is elsewhere.",
        stacked=True,
        lines=("workers",),
        colors=_COLORS,
        width=6,
        repeat="actor",
    ),
)

_MAILBOX: tuple[Panel | Text, ...] = (
    graph(
        "Mailbox fill",
        "percentunit",
        Query(_FILL, "{{mailbox}}"),
        what="Keys queued, as part of the keys one lane holds; two lanes may make it more "
        "than 1. The rest of a backlog waits on disk.",
        normal="near 0; full during a bulk import.",
        act="full without a backlog: its readers are the bottleneck.",
        steps=((None, "green"), (0.9, "red")),
        alerts=("WosyncMailboxSaturated",),
        width=8,
    ),
    graph(
        "Age at the head",
        "s",
        Query(worst("mailbox_oldest_age_seconds", by=("mailbox",)), "{{mailbox}}"),
        what="Wait of the longest queued key.",
        normal="seconds.",
        act="rising without end: nobody takes keys out.",
        steps=((None, "green"), (300, "red")),
        width=8,
    ),
    graph(
        "Blocked senders",
        "short",
        Query(total("mailbox_blocked_senders", by=("mailbox",)), "{{mailbox}}"),
        what="Senders waiting for room.",
        normal="0; 1 while a bulk import is handed on.",
        act="see the actor that reads this mailbox.",
        steps=((None, "green"), (1, "yellow")),
        alerts=("WosyncMailboxSaturated",),
        width=8,
    ),
    graph(
        "Wait in the mailbox",
        "s",
        *quantiles("mailbox_wait_seconds", "mailbox"),
        what="From a key's arrival to the worker that took it.",
        normal="under a second.",
        act="more workers for its reader help, unless they are blocked or throttled.",
    ),
    graph(
        "Keys queued",
        "short",
        Query(total("mailbox_depth", by=("mailbox",)), "{{mailbox}}"),
        Query(total("mailbox_capacity", by=("mailbox",)), "{{mailbox}} holds, each lane"),
        what="Keys in memory, and how many each lane holds.",
        normal="far below.",
        act="[mailboxes] changes it at the next start; it costs memory, not speed.",
    ),
)

_CONCURRENCY: tuple[Panel | Text, ...] = (
    graph(
        "Requests in flight",
        "short",
        Query(total("api_in_flight", by=("connector",)), "{{connector}}"),
        *(
            Query(f"sum ({setting(f'{name}.requests_in_flight_max')})", f"{name} at most")
            for name in ("workbooks", "outreach")
        ),
        what="Requests under way, and how many each system is asked at once.",
        normal="below the line; at it during a bulk import.",
        act="at the line with workers blocked: raise requests_in_flight_max.",
        lines=("workbooks at most", "outreach at most"),
    ),
    graph(
        "Waiting to be admitted",
        "short",
        Query(total("admission_waiting", by=("connector",)), "{{connector}}"),
        what="Requests waiting for a place in flight or for budget.",
        normal="fewer than the places in flight.",
        act="long queues with idle places mean budget or a pause.",
    ),
    graph(
        "Wait for admission",
        "s",
        *quantiles("admission_wait_seconds", "connector"),
        what="What a request waits before it is sent.",
        normal="milliseconds.",
        act="see places in flight, then the budget.",
        steps=((None, "green"), (60, "red")),
    ),
    graph(
        "Budget held",
        "s",
        Query(worst("budget_held_seconds", by=("lane",)), "{{lane}}"),
        Query(worst("connector_paused_seconds", by=("connector",)), "{{connector}} paused"),
        what="Seconds until pause and budget admit a request of the lane again.",
        normal="0; backlog is held before fresh.",
        act="fresh held as well: the hour is used up.",
        alerts=("WosyncBudgetSpent",),
    ),
    graph(
        "Budget of the hour",
        "short",
        Query(total("budget_remaining_requests", _HOUR, by=INSTANCE), "left {{instance}}"),
        Query(total("budget_limit_requests", _HOUR, by=INSTANCE), "limit {{instance}}"),
        what="Requests left to us in the hour, and how many there are.",
        normal="well above zero when the window refills.",
        act="fewer requests per record, a slower import, or a larger allowance.",
        alerts=("WosyncBudgetRunsOut",),
    ),
)

_SETTINGS: tuple[Panel | Text, ...] = (
    _chart(
        "Concurrency",
        "short",
        "concurrency[.].+|.+[.]requests_in_flight_max",
        "Workers asked for, and places in flight.",
    ),
    _chart(
        "Intervals and times",
        "s",
        "poller[.].+_s|owners[.]ttl_s|retry[.].+_s",
        "Seconds of polls, sweeps, audits, caches and retries.",
    ),
    _chart(
        "Sizes and budget",
        "short",
        ".+[.]page_size|write_back[.].+|retry[.]attempts_max|.+[.]budget[.].+",
        "Pages, batches, attempts and the budget, in the keys' own units.",
    ),
    graph(
        "Workers running",
        "short",
        Query(total("actor_workers", by=("actor",)), "{{actor}}"),
        what="Workers by actor; fewer are asked for at once, and leave when they finish.",
        normal="as set.",
        act="more than set for long: a worker cannot finish its piece of work.",
        width=12,
    ),
    graph(
        "Reloads",
        "short",
        Query(
            f"sum by (outcome) (increase({metric('config_reloads_total')}[$__rate_interval]))",
            "{{outcome}}",
        ),
        what="Reloads asked for, by outcome.",
        normal="applied.",
        act="refused: the journal says which line of config.toml, and why.",
        alerts=("WosyncReloadRefused",),
        width=12,
    ),
)

BOARD = Dashboard(
    uid="wosync-tuning",
    title="wosync: tuning",
    about="Which actor is the bottleneck, how concurrency and budget are used, what a setting did.",
    chosen=(("actor", "actor_workers"),),
    rows=(
        Row("Which actor is the bottleneck", _BOTTLENECK),
        Row("Mailboxes", _MAILBOX),
        Row("Concurrency and budget", _CONCURRENCY),
        Row("What a setting did", _SETTINGS),
        Row("Work", WORK),
        Row("Store and process", MACHINE),
        Row("How to read this", (Text("Words", _WORDS.strip()),), folded=True),
    ),
)
