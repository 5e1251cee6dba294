"""The top of the operator's dashboard: one row a pair, then one number for each question."""

from __future__ import annotations

from typing import Any

from grafana.generator.panels import (
    NO_DATA,
    NOTHING,
    QUIET,
    Json,
    Link,
    Panel,
    Query,
    column,
    stat,
    table,
    thresholds,
    words,
)
from grafana.generator.queries import CHOSEN, alive, metric, over_all

STATES = words(("works", "green"), ("not ready", "orange"), ("DOWN", "red"))
CONDITIONS = words(
    ("up", "green"),
    ("budget spent", "yellow"),
    ("paused", "yellow"),
    ("throttled (429)", "orange"),
    ("makes no changes", "red"),
    ("down", "red"),
    ("misconfigured", "red"),
    ("refuses credentials", "red"),
)
UNKNOWN: Json = {
    "type": "special",
    "options": {
        "match": "nan",
        "result": {"text": "not known", "color": NO_DATA, "index": 91},
    },
}
NO_LIMIT: Json = {
    "type": "range",
    "options": {
        "from": 1e12,
        "to": None,
        "result": {"text": "no limit", "color": NO_DATA, "index": 93},
    },
}

# Alerts about what others follow from.
CAUSES = (
    "Wosync(Absent|AuthRefused|BudgetRunsOut|BudgetSpent|ClockSkew|CrashLoop|Down|FleetRegisterAway"
    "|Misconfigured|RateLimited|StateDiskFull|StateUnusable|SystemDown)"
)
# Lower ones have no room for a course behind the number.
TALL = 5
# A host with its domain and port.
NAME_WIDTH = 410
_HOUR = 'window="hour"'
_SAME = "${job:queryparam}&${instance:queryparam}&${__url_time_range}"


def _waiting(text: str) -> Json:
    """The words for an end that nobody can foretell."""
    return {
        "type": "range",
        "options": {
            "from": 1e12,
            "to": None,
            "result": {"text": text, "color": NO_DATA, "index": 92},
        },
    }


# Recording rules of grafana/alerts/recording.yml, which say what stale means.
STATE = metric("instance:wosync_state_code:max")
BEHIND = metric("instance:wosync_staleness_seconds:max")
BOUND = metric("instance:wosync_freshness_bound_seconds:max")
IN_ERROR = metric("instance:wosync_records_in_error:sum")
ERROR_SHARE = metric("instance:wosync_records_in_error:ratio")
DONE = metric("backlog_done_seconds")
LEFT = metric("budget_remaining_requests", _HOUR)
LIMIT = metric("budget_limit_requests", _HOUR)
UNTIL_RESET = f"clamp_max(max ({metric('budget_reset_timestamp_seconds')}) - time() > 0, 3600)"
_CODE = "instance:wosync_condition_code:max"


def condition(system: str) -> str:
    """What keeps requests from the system, as a code."""
    return metric(_CODE, f'connector="{system}"')


def board(name: str, more: str = "") -> str:
    """The address of a board of ours, for the same pairs and the same time."""
    return f"/d/wosync-{name}?{_SAME}{more}"


_ITS_BOARD = "/d/wosync-operator?var-instance=${__value.raw}&${__url_time_range}"
OWN_PAGE = Link("The service's own page", "http://${__field.labels.instance}/status", new_tab=True)

# Each column of the table of pairs with its expression; the last one only sorts.
_COLUMNS = {
    "State": STATE,
    "Outreach": condition("outreach"),
    "Workbooks": condition("workbooks"),
    "Behind": BEHIND,
    "In error": IN_ERROR,
    "Done in": DONE,
    "Left": LEFT,
    "Worst": f"1000 * {STATE} or 100 * (max by (job, instance) ({metric(_CODE)}) + 1)"
    f" or max by (job, instance) ({BEHIND})",
}


def _column(name: str, expr: str) -> str:
    return f'label_replace(max by (instance) ({expr}), "column", "{name}", "", "")'


def _one_row_a_pair() -> list[Json]:
    """What makes a row of the samples of one pair, the worst pair first."""
    return [
        {"id": "labelsToFields", "options": {"mode": "columns"}},
        {"id": "merge", "options": {}},
        {
            "id": "groupingToMatrix",
            "options": {
                "columnField": "column",
                "rowField": "instance",
                "valueField": "Value",
                "emptyValue": "null",
            },
        },
        {"id": "sortBy", "options": {"fields": {}, "sort": [{"field": "Worst", "desc": True}]}},
        {
            "id": "organize",
            "options": {
                "excludeByName": {"Worst": True},
                "indexByName": {
                    name: place for place, name in enumerate(["instance\\column", *_COLUMNS])
                },
                "renameByName": {"instance\\column": "Pair"},
            },
        },
    ]


def _columns_of_pairs() -> list[Json]:
    coded: Json = {"type": "color-background", "mode": "basic"}
    systems: dict[str, Any] = {
        "mappings": [CONDITIONS, NOTHING],
        "custom__cellOptions": coded,
        "custom__width": 142,
    }
    return [
        column(
            "Pair",
            custom__width=NAME_WIDTH,
            links=[
                Link("Its own board", _ITS_BOARD).render(),
                Link("The service's own page", "http://${__value.raw}/status", True).render(),
            ],
        ),
        column(
            "State",
            mappings=[STATES, NOTHING],
            custom__cellOptions=coded,
            custom__width=84,
        ),
        column("Outreach", **systems),
        column("Workbooks", **systems),
        column("Behind", unit="s", decimals=1, custom__minWidth=78),
        column("In error", unit="locale", decimals=0, custom__minWidth=70),
        column(
            "Done in",
            unit="s",
            decimals=1,
            mappings=[_waiting("waits"), UNKNOWN],
            custom__minWidth=82,
        ),
        column(
            "Left", unit="locale", decimals=0, mappings=[NO_LIMIT, NOTHING], custom__minWidth=66
        ),
    ]


def _pairs() -> Panel:
    return table(
        "Pairs, the worst first",
        Query(" or ".join(_column(*one) for one in _COLUMNS.items()), "{{column}}"),
        what="One row for each chosen pair: whether it works, what keeps requests from each "
        "system, how far its fresh edits are behind, records in error, when the backlog is done, "
        "and requests left of the hour.",
        normal="works, up, up.",
        act="a click on a pair leads to its own board, or to the service's own page.",
        transformations=_one_row_a_pair(),
        overrides=_columns_of_pairs(),
        alerts=("WosyncDown", "WosyncAbsent"),
        width=24,
        # Three pairs are seen at once.
        height=6,
    )


_OF_ALERTS = {
    "alertname": "Alert",
    "alertstate": "State",
    "severity": "Severity",
    "system": "System",
    "section": "Section",
    "pair": "Pair",
}
_CAUSES_FIRST: list[Json] = [
    {"id": "labelsToFields", "options": {"mode": "columns"}},
    {"id": "merge", "options": {}},
    {"id": "sortBy", "options": {"fields": {}, "sort": [{"field": "order"}]}},
    {
        "id": "organize",
        "options": {
            "excludeByName": {"Time": True, "Value": True, "order": True},
            "indexByName": {name: place for place, name in enumerate(_OF_ALERTS)},
            "renameByName": _OF_ALERTS,
        },
    },
]


def _of_alerts() -> list[Json]:
    """How each column of the alerts is shown."""
    short: Json = {
        "type": "regex",
        "options": {"pattern": "^Wosync(.*)$", "result": {"text": "$1", "index": 0}},
    }
    severe: Json = {
        "type": "value",
        "options": {
            "critical": {"text": "critical", "color": "red", "index": 0},
            "warning": {"text": "warning", "color": "orange", "index": 1},
        },
    }
    return [
        column(
            "Alert",
            mappings=[short],
            custom__width=210,
            links=[Link("What to do", "${runbook}#${__data.fields.Section}", True).render()],
        ),
        column("State", custom__width=90),
        column(
            "Severity",
            mappings=[severe],
            custom__width=90,
            custom__cellOptions={"type": "color-text"},
        ),
        column("System", custom__width=110),
        column("Pair", custom__minWidth=NAME_WIDTH),
        # Only the link of the alert's name is made of it.
        column("Section", custom__hideFrom={"viz": True, "legend": False, "tooltip": False}),
    ]


def _alerts() -> Panel:
    alerts = (
        f'ALERTS{{{CHOSEN}, alertstate="firing", severity!="none"}}'
        f' or ALERTS{{{CHOSEN}, alertstate="pending", alertname=~"{CAUSES}"}}'
    )
    found = f"sum by (alertname, alertstate, severity, system, pair, section) ({alerts})"
    later = f'label_replace({found}, "order", "1", "", "")'
    ranked = f'label_replace({later}, "order", "0", "alertname", "{CAUSES}")'
    shown = f'label_join({ranked}, "order", " ", "order", "alertstate", "severity")'
    none = 'label_replace(vector(0), "alertname", "none", "", "")'
    return table(
        "Alerts, causes first",
        Query(f"{shown} or ({none} unless on () {found})", "{{alertname}}"),
        what="Alerts of the chosen pairs that fire now, causes first; among these, pending, those "
        "whose alert fires if they last. All names begin with Wosync.",
        normal="none.",
        act="a click on one leads to its section of the runbook.",
        transformations=_CAUSES_FIRST,
        overrides=_of_alerts(),
        width=24,
        # Six alerts are seen at once: a refusal with what follows from it.
        height=8,
    )


def _system(system: str, title: str) -> Panel:
    return stat(
        title,
        "none",
        Query(f"topk(1, {alive(condition(system))})"),
        what=f"What keeps requests from {title}, the most serious of it; of several pairs the "
        "worst.",
        normal="up.",
        act="a click leads to its requests, or to the section of the runbook.",
        mappings=(CONDITIONS,),
        alerts=("WosyncSystemDown", "WosyncAuthRefused", "WosyncRateLimited"),
        leads=(Link("Its requests", board("apis", f"&var-connector={system}")), OWN_PAGE),
        height=TALL,
    )


TOP: tuple[Panel, ...] = (
    _pairs(),
    stat(
        "State",
        "none",
        Query(f"topk(1, {alive(STATE)})"),
        what="Whether a process of the pair runs and works, and calls itself ready; of several "
        "pairs the worst.",
        normal="works.",
        act="its own page, or wosync status on the host, says the reason in one line.",
        mappings=(STATES,),
        alerts=("WosyncDown", "WosyncNotReady"),
        leads=(OWN_PAGE,),
        height=TALL,
    ),
    _system("outreach", "Outreach"),
    _system("workbooks", "Workbooks"),
    stat(
        "Fresh edits behind",
        "s",
        Query(over_all(alive(BEHIND)), "behind"),
        Query(over_all(alive(f"{BEHIND} / {BOUND}")), "of what is allowed"),
        what="Age of the oldest fresh edit that waits, or of the last complete poll, whichever is "
        "older; and what part that is of the two poll intervals the objective allows.",
        normal="under 100 %.",
        act="the systems to the left name the cause.",
        overrides=[
            column("behind", decimals=1, color=QUIET),
            column(
                "of what is allowed",
                unit="percentunit",
                decimals=0,
                thresholds=thresholds((None, NO_DATA), (0, "green"), (1, "yellow"), (2.5, "red")),
            ),
        ],
        alerts=("WosyncFreshEditsHeld", "WosyncFreshnessBurn"),
        leads=(Link("Which part is slow", board("tuning")),),
        width=4,
        height=TALL,
    ),
    stat(
        "In error",
        "locale",
        Query(over_all(alive(IN_ERROR)), "records"),
        Query(over_all(alive(ERROR_SHARE)), "of all"),
        what="Refused opportunities, people and relationships that wait for somebody, and their "
        "share of all records.",
        normal="under 2 %, and known to those who own the records.",
        act="wosync status counts them by reason.",
        overrides=[
            column("records", decimals=0, color=QUIET),
            column(
                "of all",
                unit="percentunit",
                decimals=1,
                thresholds=thresholds(
                    (None, NO_DATA), (0, "green"), (0.02, "yellow"), (0.1, "red")
                ),
            ),
        ],
        alerts=("WosyncRecordsInError", "WosyncRecordsInErrorRising"),
        leads=(OWN_PAGE,),
        width=3,
        height=TALL,
    ),
    stat(
        "Backlog done in",
        "s",
        Query(f"topk(1, {alive(DONE)})"),
        what="The service's own estimate of when all that is due is settled: the greater of what "
        "its pace takes and the wait until it may ask again; of several pairs the longest.",
        normal="0 when nothing waits; otherwise it falls as time passes.",
        act="waits for Outreach: it stands still, or fresh edits use all it allows; nobody can "
        "tell the end.",
        mappings=(_waiting("waits for Outreach"), UNKNOWN),
        steps=((None, NO_DATA), (0, "green"), (86_400, "yellow")),
        alerts=("WosyncBacklogSlow", "WosyncBacklogStalled"),
        leads=(Link("Which part is slow", board("tuning")), OWN_PAGE),
        width=4,
        height=TALL,
    ),
    stat(
        "Requests left",
        "locale",
        Query(over_all(alive(LEFT), "min"), "left"),
        Query(UNTIL_RESET, "refills in"),
        what="Requests to Outreach that are left to us of this hour, those included that a bulk "
        "leaves to fresh edits and to others; of several pairs the fewest. And when the hour's "
        "window refills, while that is known.",
        normal="above 0.",
        act="wait until the window refills; work goes on by itself then.",
        mappings=(NO_LIMIT,),
        overrides=[
            # As its condition is: nothing is lost, and nobody has to do anything.
            column(
                "left",
                thresholds=thresholds((None, NO_DATA), (0, "yellow"), (1, "green")),
            ),
            column("refills in", unit="s", decimals=0, color=QUIET),
        ],
        alerts=("WosyncBudgetSpent", "WosyncBudgetRunsOut"),
        leads=(Link("The budget", board("apis")),),
        width=4,
        height=TALL,
    ),
    _alerts(),
)
"""The first rows: what is wrong, and where."""
