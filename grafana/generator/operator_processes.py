"""Several processes: for one pair, of which one works, or for all pairs of a fleet."""

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
from grafana.generator.queries import PROCESS, UP, WORKS, metric, side_by_side, unlike_zero

# One that stands by does what it is there for; one that is missed leaves the pair at work.
STATES = words(
    ("works", "green"), ("not ready", "orange"), ("stands by", "blue"), ("no answer", "yellow")
)
_LEADER = metric("leader")
_READY = metric("ready")
_STATE = (
    f"3 + ({UP} == 0) or 2 + ({_LEADER} == 0) or 1 + ({_READY} == 0) or 0 * {UP} or 0 * {_READY}"
)
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
        "whose state is in a database as many as you run, and one of a fleet whoever works on it.",
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

_MEMBERS_ALERTS = ("WosyncFleetRegisterAway", "WosyncFleetProcessLost")
_PAIRS_ALERTS = ("WosyncFleetPairBroken", "WosyncFleetPairUnassigned")
_NO_FLEET = f"0 * sum ({WORKS})"
_MEMBERS = f"sum (max by (job, instance) ({metric('fleet_members')}))"
_REFUSED = f"sum (max by (job, instance) ({metric('fleet_broken_pairs')}))"

FLEET: tuple[Panel, ...] = (
    graph(
        "Members of the fleet",
        "short",
        Query(
            side_by_side(
                members=f"({_MEMBERS} or {_NO_FLEET})",
                reach_the_register=f"(sum ({metric('fleet_register_reached')}) or {_NO_FLEET})",
            ),
            "{{what}}",
        ),
        what="Processes that share the pairs among them, as they tell, and how many of those that "
        "are scraped reach the register in the database.",
        normal="both as many as you run; 0 where there is no fleet.",
        act="fewer: look on the host of the one that is missed; the others take its pairs.",
        colors={"members": "blue", "reach the register": "green"},
        alerts=_MEMBERS_ALERTS,
        width=12,
        height=7,
    ),
    graph(
        "Pairs of the fleet, by condition",
        "short",
        Query(
            unlike_zero(
                f"sum by (condition) ({metric('fleet_pairs')})"
                f' or label_replace({_REFUSED}, "condition", "refused", "", "")'
                f" or {_NO_FLEET}",
                "condition",
            ),
            "{{condition}}",
        ),
        what="How it is with the pairs that the processes are to work on; refused are those whose "
        "configuration cannot be worked with.",
        normal="ready; for minutes also starting, taken and stopping while pairs change hands.",
        act="broken and refused: wosync pair list says which, and why.",
        stacked=True,
        colors={
            "ready": "green",
            "working": "orange",
            "starting|taken": "blue",
            "stopping": "light-blue",
            "broken": "red",
            "refused": "dark-red",
        },
        alerts=_PAIRS_ALERTS,
        width=12,
        height=7,
    ),
)
"""Processes that share many pairs among them: who is there, and how it is with all of these."""
