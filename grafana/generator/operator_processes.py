"""Several processes for one pair: which one works, and which stand by."""

from __future__ import annotations

from grafana.generator.operator_top import NAME_WIDTH
from grafana.generator.panels import (
    NOTHING,
    Json,
    Link,
    Panel,
    Query,
    column,
    graph,
    table,
    words,
)
from grafana.generator.queries import PROCESS, UP, metric, side_by_side

# One that stands by does what it is there for; one that is missed leaves the pair at work.
STATES = words(
    ("works", "green"), ("not ready", "orange"), ("stands by", "blue"), ("no answer", "yellow")
)
_LEADER = metric("leader")
_STATE = f"3 + ({UP} == 0) or 2 + ({_LEADER} == 0) or 1 + ({metric('ready')} == 0) or 0 * {UP}"
_ALERTS = ("WosyncNoStandby", "WosyncTwoLeaders")
_OF_PROCESSES = {"instance": "Pair", PROCESS: "Process", "Value": "State"}
_PAIR_BY_PAIR: list[Json] = [
    {"id": "labelsToFields", "options": {"mode": "columns"}},
    {"id": "merge", "options": {}},
    {
        "id": "sortBy",
        "options": {"fields": {}, "sort": [{"field": "instance"}, {"field": PROCESS}]},
    },
    {
        "id": "organize",
        "options": {
            "excludeByName": {"Time": True},
            "indexByName": {name: place for place, name in enumerate(_OF_PROCESSES)},
            "renameByName": _OF_PROCESSES,
        },
    },
]

PROCESSES: tuple[Panel, ...] = (
    table(
        "Processes",
        Query(f"max by (instance, {PROCESS}) ({_STATE})", f"{{{{{PROCESS}}}}}"),
        what="One row for each process of the chosen pairs; a pair on one machine has one, a pair "
        "whose state is in a database as many as you run.",
        normal="one of each pair works, all others stand by.",
        act="no answer: look on its host; the pair goes on as long as another one works.",
        transformations=_PAIR_BY_PAIR,
        overrides=[
            column("Pair", custom__width=NAME_WIDTH),
            column(
                "Process",
                custom__minWidth=200,
                links=[
                    Link("Its own words", "http://${__value.raw}/status", new_tab=True).render()
                ],
            ),
            column(
                "State",
                mappings=[STATES, NOTHING],
                custom__cellOptions={"type": "color-background", "mode": "basic"},
                custom__width=100,
            ),
        ],
        alerts=_ALERTS,
        width=24,
        height=6,
    ),
    graph(
        "Who works",
        "short",
        Query(f"max by ({PROCESS}) ({_LEADER})", f"{{{{{PROCESS}}}}}"),
        what="1 for a process that works, 0 for one that stands by, nothing for one without an "
        "answer.",
        normal="one line at 1 for each pair, and a change of hands at an upgrade.",
        act="hands that change again and again: the database answers too slowly, see its log.",
        alerts=_ALERTS,
        width=12,
        height=7,
    ),
    graph(
        "Work and stand by",
        "short",
        Query(
            side_by_side(
                work=f"sum ({_LEADER})",
                stand_by=f"sum ({metric('instance:wosync_standby:count')})",
            ),
            "{{what}}",
        ),
        what="How many processes of the chosen pairs work, and how many stand by.",
        normal="one of each pair works; 0 stand by where a pair has one process.",
        act="fewer stand by than were started: the runbook.",
        colors={"work": "green", "stand by": "blue"},
        alerts=_ALERTS,
        width=12,
        height=7,
    ),
)
"""One that stands by is no fault, and nothing that it does not export is missed."""
