"""For the two systems: requests, latency, errors, limits, and what a record costs."""

from __future__ import annotations

from grafana.generator.dashboards import Dashboard
from grafana.generator.panels import Panel, Query, Row, Text, graph, stat, zero_one
from grafana.generator.queries import (
    INSTANCE,
    age,
    grown,
    metric,
    one_of,
    per_second,
    quantile,
    setting,
    total,
    worst,
)

_WORDS = """
A **route** is a template, never an address; a **status** is what came back, or how a request ended
without an answer: timeout, connect_error, protocol_error. Latency is of the request
alone; waits of ours are on the tuning dashboard. The **budget** of the hour has the reserve taken
off; it is below the *even pace* line when more than its share of the hour is used up.
"""

_HERE = 'connector=~"$connector"'
_REQUESTS = "api_requests_total"
_FAILED = 'status=~"5..|timeout|connect_error|protocol_error"'
_HOUR = 'window="hour"'
_YEAR = 'window="year"'
_SYNCED = one_of("outcome", "created", "updated", "adopted", "related")
_BY = ("instance", "connector")
_LIMIT = total("budget_limit_requests", _HOUR, by=_BY)
_UNTIL_RESET = (
    f"clamp(max by ({', '.join(_BY)}) ({metric('budget_reset_timestamp_seconds')}) - time(), "
    "0, 3600)"
)

_FOUND = one_of("outcome", "hit", "negative_hit")
_LOOKUPS = "reference_lookups_total"


_STATE: tuple[Panel | Text, ...] = (
    stat(
        "State",
        "bool",
        Query(worst("connector_down", _HERE)),
        what="Whether the system counts as being in an outage.",
        normal="up.",
        act="it is tried again by itself; look at the vendor's status page.",
        steps=((None, "green"), (1, "red")),
        mappings=(zero_one("up", "down", good=0),),
        alerts=("WosyncSystemDown",),
        width=4,
    ),
    stat(
        "Paused for",
        "s",
        Query(worst("connector_paused_seconds", _HERE)),
        what="Seconds until requests are admitted again.",
        normal="0.",
        act="the system told us to wait, and so we do.",
        steps=((None, "green"), (1, "yellow"), (300, "red")),
        width=4,
    ),
    stat(
        "429s",
        "short",
        Query(grown("rate_limited_total", _HERE, by=INSTANCE)),
        what="Answers in the chosen time that told us to slow down.",
        normal="0.",
        act="lower requests_in_flight_max or the budget; others may share the allowance.",
        steps=((None, "green"), (1, "red")),
        alerts=("WosyncRateLimited",),
        width=4,
    ),
    stat(
        "In flight",
        "short",
        Query(total("api_in_flight", _HERE, by=INSTANCE)),
        what="Requests under way now.",
        normal="at most requests_in_flight_max.",
        act="always at the most: see the tuning dashboard.",
        width=4,
    ),
    stat(
        "Requests failed",
        "percentunit",
        Query(
            f"{grown(_REQUESTS, _HERE, _FAILED)} / clamp_min({grown(_REQUESTS, _HERE)}, 1)",
            "failed",
        ),
        what="Part of the requests in the chosen time without a usable answer.",
        normal="under 1 %.",
        act="see errors by route.",
        steps=((None, "green"), (0.01, "yellow"), (0.05, "red")),
        width=4,
    ),
    stat(
        "Requests per synced record",
        "short",
        Query(
            f"{grown(_REQUESTS, _HERE)} / clamp_min({grown('reconciles_total', _SYNCED)}, 1)",
            "requests",
        ),
        what="Requests in the chosen time for every record created, updated, adopted or related.",
        normal="steady; of Workbooks more, the less is edited, because polls count too.",
        act="rising: reference caches miss, or attempts fail and are repeated.",
        width=4,
    ),
)

_TRAFFIC: tuple[Panel | Text, ...] = (
    graph(
        "Requests by route",
        "reqps",
        Query(per_second(_REQUESTS, _HERE, by=("method", "route")), "{{method}} {{route}}"),
        what="Finished requests.",
        normal="a few per poll; many during an import.",
        act="one route far above the others: see requests per synced record.",
        stacked=True,
    ),
    graph(
        "Requests by status",
        "reqps",
        Query(per_second(_REQUESTS, _HERE, by=("status",)), "{{status}}"),
        what="Finished requests by how they ended.",
        normal="200, 201 and 204.",
        act="401: credentials; 422: the mapping; 5.. and time-outs: the system.",
        alerts=("WosyncAuthRefused",),
        stacked=True,
    ),
    graph(
        "Errors by route",
        "reqps",
        Query(per_second(_REQUESTS, _HERE, _FAILED, by=("route",)), "{{route}}"),
        Query(per_second("rate_limited_total", _HERE), "429"),
        what="Requests without a usable answer, and those answered with 429.",
        normal="0.",
        act="they are tried again; creates without an answer are in doubt first.",
        alerts=("WosyncRateLimited",),
    ),
    graph(
        "Latency",
        "s",
        *(
            Query(
                quantile(share, "api_request_duration_seconds", _HERE),
                f"p{round(100 * share)}",
                exemplars=True,
            )
            for share in (0.5, 0.95, 0.99)
        ),
        what="One request, without our own waits.",
        normal="p50 under half a second.",
        act="p99 near timeout_s of the system: it is in trouble.",
        steps=((None, "green"), (20, "red")),
    ),
    graph(
        "Latency by route, p95",
        "s",
        Query(quantile(0.95, "api_request_duration_seconds", _HERE, by=("route",)), "{{route}}"),
        what="What 95 % of the requests of a route did not exceed; empty for routes unused.",
        normal="collections slower than single records.",
        act="a slow collection: a smaller page_size helps.",
        steps=((None, "green"), (20, "red")),
    ),
    graph(
        "In flight and waiting",
        "short",
        Query(total("api_in_flight", _HERE), "in flight"),
        Query(total("admission_waiting", _HERE), "waiting"),
        Query(
            "sum ("
            + metric("config_setting", 'setting=~"$connector[.]requests_in_flight_max"')
            + ")",
            "at most",
        ),
        what="Requests under way, waiting for admission, and how many may be under way.",
        normal="below the line.",
        act="at the line with many waiting: raise requests_in_flight_max if latency allows.",
        lines=("at most",),
    ),
)

_BUDGET: tuple[Panel | Text, ...] = (
    graph(
        "Hourly budget against its reset",
        "short",
        Query(total("budget_remaining_requests", _HOUR, by=_BY), "{{connector}} left"),
        Query(_LIMIT, "{{connector}} limit"),
        Query(f"{_LIMIT} * {_UNTIL_RESET} / 3600", "{{connector}} even pace"),
        what="Requests left in the hour, all there are, and what an even pace would have "
        "left until the window refills.",
        normal="left lies above the even pace.",
        act="below it for long: the hour ends before its window does.",
        alerts=("WosyncBudgetRunsOut",),
        lines=("outreach limit", "outreach even pace"),
    ),
    graph(
        "Seconds until the window refills",
        "s",
        Query(_UNTIL_RESET, "{{connector}}"),
        what="When the system's hourly window refills; 0 while that is not known.",
        normal="a sawtooth.",
        act="0 for long: no request is sent to it at all.",
    ),
    graph(
        "Requests of a year",
        "short",
        Query(worst("budget_year_used_requests", by=_BY), "{{connector}} used"),
        Query(worst("budget_year_forecast_requests", by=_BY), "{{connector}} forecast"),
        Query(total("budget_limit_requests", _YEAR, by=_BY), "{{connector}} limit"),
        what="Requests of the last 365 days, of 365 days at the pace of the last seven, and "
        "[outreach.budget] per_year.",
        normal="the forecast stays below the limit.",
        act="longer poll and audit intervals, or a larger plan.",
        alerts=("WosyncYearlyBudgetForecast",),
    ),
    stat(
        "Year used",
        "percentunit",
        Query(
            f"{worst('budget_year_used_requests', by=_BY)} / "
            f"{total('budget_limit_requests', _YEAR, by=_BY)}",
            "{{connector}}",
        ),
        what="Part of [outreach.budget] per_year that is used; 0 without a ceiling.",
        normal="at most the part of the contract's year that is over.",
        act="see requests of a year.",
        steps=((None, "green"), (0.8, "yellow"), (1, "red")),
        alerts=("WosyncYearlyBudgetNearlySpent",),
        width=6,
    ),
    stat(
        "Year forecast",
        "percentunit",
        Query(
            f"{worst('budget_year_forecast_requests', by=_BY)} / "
            f"{total('budget_limit_requests', _YEAR, by=_BY)}",
            "{{connector}}",
        ),
        what="What the pace of the last seven days makes of the year's ceiling.",
        normal="under 80 %.",
        act="see requests of a year.",
        steps=((None, "green"), (0.8, "yellow"), (1, "red")),
        alerts=("WosyncYearlyBudgetForecast",),
        width=6,
    ),
)

_REFERENCES: tuple[Panel | Text, ...] = (
    graph(
        "Reference cache hit ratio",
        "percentunit",
        Query(
            f"{grown(_LOOKUPS, _FOUND, by=('kind',), over='15m')} / "
            f"clamp_min({grown(_LOOKUPS, by=('kind',), over='15m')}, 1)",
            "{{kind}}",
        ),
        what="Part of the names of users, stages and accounts that were known already, in "
        "the last 15 minutes; 0 when none was looked up.",
        normal="above 0.9 during work.",
        act="lower: [owners] ttl_s is short for how often names change.",
        maximum=1,
        width=8,
    ),
    graph(
        "Names looked up",
        "ops",
        Query(per_second(_LOOKUPS, by=("kind", "outcome")), "{{kind}} {{outcome}}"),
        what="Names looked up, by what the cache did.",
        normal="hits.",
        act="ambiguous: two users of one name, see [owners] match and aliases.",
        width=8,
    ),
    graph(
        "Names known, and since when",
        "s",
        Query(
            age("reference_cache_refresh_timestamp_seconds", "kind"),
            "{{kind}} read ago",
        ),
        Query(f"max ({setting('owners.ttl_s')})", "[owners] ttl_s"),
        what="Time since the names of a kind were last read.",
        normal="up to [owners] ttl_s; longer while nobody asks.",
        act="older during work: Outreach cannot be read.",
        lines=("[owners] ttl_s",),
        width=8,
    ),
    graph(
        "Names in the cache",
        "short",
        Query(total("reference_cache_entries", by=("kind",)), "{{kind}}"),
        what="Names known of each kind.",
        normal="as many as there are in Outreach.",
        act="0 of a kind: it was not read yet, or there is nothing of it.",
        width=24,
        height=6,
    ),
)

BOARD = Dashboard(
    uid="wosync-apis",
    title="wosync: APIs",
    about="Requests, latency, errors and limits of the two systems, and what a record costs.",
    chosen=(("connector", "api_in_flight"),),
    rows=(
        Row("$connector", (*_STATE, *_TRAFFIC), repeat="connector"),
        Row("Budget", _BUDGET),
        Row("References", _REFERENCES),
        Row("How to read this", (Text("Words", _WORDS.strip()),), folded=True),
    ),
)
