"""For the two systems: what requests are spent on, rate, errors, duration, and the limits."""

from __future__ import annotations

from grafana.generator.dashboards import Dashboard
from grafana.generator.operator_top import (
    CONDITIONS,
    LEFT,
    LIMIT,
    OWN_PAGE,
    UNTIL_RESET,
    board,
)
from grafana.generator.panels import NO_DATA, Link, Panel, Query, Row, Text, graph, stat
from grafana.generator.queries import (
    INSTANCE,
    age,
    alive,
    grown,
    metric,
    one_of,
    per_minute,
    quantile,
    recorded_per_minute,
    setting,
    side_by_side,
    total,
    unlike_zero,
    worst,
)

_WORDS = """
A **route** is a template, never an address; a **status** is what came back, or how a request ended
without an answer: timeout, connect_error, protocol_error. Duration is of the request alone; waits
of ours are on the tuning dashboard. The **budget** of the hour has the reserve taken off; it is
below the *even pace* line when more than its share of the hour is used up. Requests are spent on
*fresh* edits and on a *backlog*, on *audit* and sweep, on *people* who are looked up or made, on
*write_back*, and on *auth*.
"""

_HERE = 'connector=~"$connector"'
_REQUESTS = "api_requests_total"
_FAILED = 'status=~"401|403|5..|timeout|connect_error|protocol_error"'
_YEAR = 'window="year"'
_BY = ("instance", "connector")

_SYNCED = one_of("outcome", "created", "updated", "adopted", "related")
_FOUND = one_of("outcome", "hit", "negative_hit")
_LOOKUPS = "reference_lookups_total"
# Colours by rule: a success is green, a refusal orange, a failure red.
STATUS_COLORS = {
    "200": "green",
    "201": "semi-dark-green",
    "204": "light-green",
    "429": "orange",
    "401|403": "dark-red",
    "4xx|400|422": "yellow",
    # Names are looked up that are not there: an answer like any other.
    "404": "#8e8e8e",
    "500|503|5xx": "red",
    "timeout": "semi-dark-red",
    "connect_error|protocol_error|other": "light-red",
}
_KINDS = {
    "account( .+)?": "blue",
    "user( .+)?": "light-blue",
    "stage( .+)?": "purple",
}
PURPOSE_COLORS = {
    "fresh": "green",
    "backlog": "blue",
    "people": "purple",
    "audit": "#8e8e8e",
    "write_back": "light-blue",
    "auth": "yellow",
}


def _duration(share: float) -> str:
    """What this share of the requests did not exceed."""
    buckets = metric("instance:wosync_api_request_duration_seconds_bucket:rate2m", _HERE)
    return f"histogram_quantile({share}, sum by (le) ({buckets}))"


_BUDGET: tuple[Panel | Text, ...] = (
    graph(
        "Requests left of the hour",
        "short",
        Query(
            side_by_side(
                left=f"min ({LEFT})",
                limit=f"min ({LIMIT})",
                even_pace=f"min ({LIMIT}) * {UNTIL_RESET} / 3600",
            ),
            "{{what}}",
        ),
        what="Requests to Outreach left in the hour, all there are, and what an even pace would "
        "have left until the window refills; of several pairs the fewest.",
        normal="left lies above the even pace; a bulk draws it down to what others will draw and "
        "what is kept for fresh edits, and of that bit by bit until the window ends.",
        act="0: even fresh edits wait until the window refills.",
        alerts=("WosyncBudgetRunsOut", "WosyncBudgetSpent"),
        lines=("limit", "even pace"),
        colors={"left": "blue"},
        width=9,
        height=7,
    ),
    graph(
        "Spent on, Outreach, per minute",
        "short",
        Query(
            per_minute("requests_spent_total", 'connector="outreach"', by=("purpose",)),
            "{{purpose}}",
        ),
        what="Requests to Outreach by what they were for.",
        normal="fresh and people follow the edits; backlog during a bulk.",
        act="what takes most is what to change: a mapping, [owners] ttl_s, a longer interval.",
        stacked=True,
        colors=PURPOSE_COLORS,
        alerts=("WosyncYearlyBudgetForecast",),
        width=9,
        height=7,
    ),
    stat(
        "Refills in",
        "s",
        Query(UNTIL_RESET),
        what="When the system's hourly window refills; no data while that is not known.",
        normal="under an hour.",
        act="no data for long: no request is sent to it at all.",
        alerts=("WosyncBudgetSpent",),
        height=7,
    ),
    stat(
        "Of the year",
        "percentunit",
        Query(
            f"max ({metric('budget_year_used_requests')})"
            f" / min ({metric('budget_limit_requests', _YEAR)})",
            "used",
        ),
        Query(
            f"max ({metric('budget_year_forecast_requests')})"
            f" / min ({metric('budget_limit_requests', _YEAR)})",
            "at this pace",
        ),
        what="Part of [outreach.budget] per_year that is used, and what the pace of the last seven "
        "days makes of it; 0 without a ceiling.",
        normal="under 80 %.",
        act="see requests of a year.",
        steps=((None, NO_DATA), (0, "green"), (0.8, "yellow"), (1, "red")),
        alerts=("WosyncYearlyBudgetNearlySpent", "WosyncYearlyBudgetForecast"),
        height=7,
    ),
)

_SYSTEM: tuple[Panel | Text, ...] = (
    stat(
        "State",
        "none",
        Query(f"topk(1, {alive(metric('instance:wosync_condition_code:max', _HERE))})"),
        what="What keeps requests from the system, the most serious of it.",
        normal="up.",
        act="it is tried again by itself; look at the vendor's status page.",
        mappings=(CONDITIONS,),
        alerts=("WosyncSystemDown", "WosyncAuthRefused", "WosyncRateLimited"),
        leads=(OWN_PAGE,),
        height=7,
    ),
    graph(
        "Requests by status, per minute",
        "short",
        Query(
            unlike_zero(
                recorded_per_minute("api_requests_by_status", _HERE, by=("status",)), "status"
            ),
            "{{status}}",
        ),
        what="Finished requests by how they ended.",
        normal="200, 201 and 204; 404 for what is looked for and is not there.",
        act="401: credentials; 422: the mapping; 5.. and time-outs: the system.",
        alerts=("WosyncAuthRefused",),
        stacked=True,
        colors=STATUS_COLORS,
        width=7,
        height=7,
    ),
    graph(
        "Errors by route, per minute",
        "short",
        Query(
            f"label_replace({per_minute('rate_limited_total', _HERE)} > 0,"
            ' "route", "429", "", "") or '
            + unlike_zero(
                recorded_per_minute("api_requests_failed_by_route", _HERE, by=("route",)), "route"
            ),
            "{{route}}",
        ),
        what="Requests without a usable answer, or refused us, and those answered with 429.",
        normal="0.",
        act="they are tried again; creates without an answer are in doubt first.",
        alerts=("WosyncRateLimited",),
        colors={"429": "orange"},
        shades_of="red",
        width=7,
        height=7,
    ),
    graph(
        "Duration",
        "s",
        *(Query(_duration(share), f"{round(100 * share)} %") for share in (0.95, 0.5)),
        what="One request, without our own waits.",
        normal="half of them under half a second.",
        act="95 % near timeout_s of the system: it is in trouble.",
        colors={"50 %": "green", "95 %": "blue"},
        width=7,
        height=7,
    ),
)

_DETAILS: tuple[Panel | Text, ...] = (
    graph(
        "Requests by route, per minute",
        "short",
        Query(
            unlike_zero(
                per_minute(_REQUESTS, _HERE, by=("connector", "method", "route")), "method"
            ),
            "{{method}} {{route}}",
        ),
        what="Finished requests.",
        normal="a few per poll; many during an import.",
        act="one route far above the others: see what requests are spent on.",
        stacked=True,
        # A route is no fault, whichever it is.
        shades_of="blue",
        many=True,
        height=14,
    ),
    graph(
        "Duration by route, 95 %",
        "s",
        Query(quantile(0.95, "api_request_duration_seconds", _HERE, by=("route",)), "{{route}}"),
        what="What 95 % of the requests of a route did not exceed; empty for routes unused.",
        normal="collections slower than single records.",
        act="a slow collection: a smaller page_size helps.",
        # A route is no fault, whichever it is.
        shades_of="blue",
        many=True,
        height=14,
    ),
    stat(
        "429s",
        "short",
        Query(grown("rate_limited_total", _HERE)),
        what="Answers in the shown time that told us to slow down.",
        normal="0.",
        act="lower requests_in_flight_max or the budget; others may share the allowance.",
        steps=((None, NO_DATA), (0, "green"), (0.5, "orange")),
        alerts=("WosyncRateLimited",),
        width=6,
    ),
    stat(
        "Requests failed",
        "percentunit",
        Query(f"{grown(_REQUESTS, _HERE, _FAILED)} / clamp_min({grown(_REQUESTS, _HERE)}, 1)"),
        what="Part of the requests in the shown time without a usable answer, or refused us.",
        normal="under 1 %.",
        act="see errors by route.",
        steps=((None, NO_DATA), (0, "green"), (0.05, "orange")),
        alerts=("WosyncSystemDown",),
        width=6,
    ),
    stat(
        "Requests per record",
        "locale",
        Query(f"{grown(_REQUESTS, _HERE)} / ({grown('reconciles_total', _SYNCED)} > 0)"),
        what="Requests in the shown time for every record created, updated, adopted or related.",
        normal="steady; of Workbooks more, the less is edited, because polls count too; no data "
        "while nothing is.",
        act="rising: reference caches miss, or attempts fail and are repeated.",
        leads=(Link("Which part is slow", board("tuning")),),
        width=6,
    ),
    stat(
        "Paused for",
        "s",
        Query(worst("connector_paused_seconds", _HERE, by=INSTANCE)),
        what="Seconds until requests are admitted again.",
        normal="0.",
        act="the system told us to wait, and so we do.",
        steps=((None, NO_DATA), (0, "green"), (1, "yellow")),
        alerts=("WosyncRateLimited",),
        width=6,
    ),
    graph(
        "In flight and waiting",
        "short",
        Query(
            side_by_side(
                in_flight=total("api_in_flight", _HERE),
                waiting=total("admission_waiting", _HERE),
                at_most=total("config_setting", 'setting=~"$connector[.]requests_in_flight_max"'),
            ),
            "{{what}}",
        ),
        what="Requests under way, waiting for admission, and how many may be under way.",
        normal="below the line.",
        act="at the line with many waiting: raise requests_in_flight_max if latency allows.",
        lines=("at most",),
        colors={"in flight": "blue", "waiting": "purple"},
        width=8,
    ),
    graph(
        "Spent on, Workbooks, per minute",
        "short",
        Query(
            per_minute("requests_spent_total", 'connector="workbooks"', by=("purpose",)),
            "{{purpose}}",
        ),
        what="Requests to Workbooks by what they were for.",
        normal="mostly polls, which count as fresh, and write-backs.",
        act="audit far above the rest: a longer [poller] audit_interval_s.",
        stacked=True,
        colors=PURPOSE_COLORS,
        width=8,
    ),
    graph(
        "Outages",
        "short",
        Query(
            unlike_zero(worst("connector_down", _HERE, by=("connector",)), "connector"),
            "{{connector}}",
        ),
        shades_of="red",
        what="1 while the system counts as being in an outage.",
        normal="0.",
        act="it is tried again by itself; look at the vendor's status page.",
        alerts=("WosyncSystemDown",),
        width=8,
    ),
)

_YEARS: tuple[Panel | Text, ...] = (
    graph(
        "Requests of a year",
        "short",
        Query(worst("budget_year_used_requests", by=_BY), "{{connector}} used {{instance}}"),
        Query(
            worst("budget_year_forecast_requests", by=_BY), "{{connector}} forecast {{instance}}"
        ),
        Query(total("budget_limit_requests", _YEAR, by=_BY), "{{connector}} limit {{instance}}"),
        what="Requests of the last 365 days, of 365 days at the pace of the last seven, and "
        "[outreach.budget] per_year.",
        normal="the forecast stays below the limit.",
        act="longer poll and audit intervals, or a larger plan.",
        alerts=("WosyncYearlyBudgetForecast",),
        dashed=(".+ forecast .+",),
        colors={".+ (used|forecast) .+": "blue", ".+ limit .+": "#9e9e9e"},
        width=24,
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
        colors=_KINDS,
        width=6,
    ),
    graph(
        "Names looked up, per minute",
        "short",
        Query(
            unlike_zero(per_minute(_LOOKUPS, by=("kind", "outcome")), "kind"),
            "{{kind}} {{outcome}}",
        ),
        what="Names looked up, by what the cache did.",
        normal="hits.",
        act="ambiguous: two users of one name, see [owners] match and aliases.",
        dashed=(r"\w+ (miss|negative_hit)",),
        colors=_KINDS | {r"\w+ ambiguous": "orange", r"\w+ error": "red"},
        width=12,
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
        colors=_KINDS,
        width=6,
    ),
    graph(
        "Names in the cache",
        "short",
        Query(total("reference_cache_entries", by=("kind",)), "{{kind}}"),
        what="Names known of each kind.",
        normal="as many as there are in Outreach.",
        act="0 of a kind: it was not read yet, or there is nothing of it.",
        colors=_KINDS,
        width=24,
        height=6,
    ),
)

BOARD = Dashboard(
    uid="wosync-apis",
    title="wosync: APIs",
    about="What is left, what requests are spent on, and how both systems answer.",
    chosen=(("connector", metric("api_in_flight")),),
    rows=(
        Row("Budget", _BUDGET),
        Row("$connector", _SYSTEM, repeat="connector"),
        Row("The systems in detail", _DETAILS, folded=True),
        Row("The year", _YEARS, folded=True),
        Row("References", _REFERENCES, folded=True),
        Row("How to read this", (Text("Words", _WORDS.strip()),), folded=True),
    ),
)
