"""What is in error: records, errors by class, doubts, and what must never happen."""

from __future__ import annotations

from grafana.generator.panels import Panel, Query, graph
from grafana.generator.queries import (
    grown,
    per_minute,
    recorded_per_minute,
    total,
    unlike_zero,
    worst,
)

# No error is green; those that pass by themselves are cooler than those that need somebody.
_CLASSES = {
    "rate_limited": "#8ab8ff",
    "unreachable": "blue",
    "held_back": "#c8c8d0",
    "validation": "yellow",
    "not_found|conflict|duplicate": "orange",
    "protocol": "dark-orange",
    "auth|forbidden|configuration": "red",
    "storage|clock_skew": "dark-red",
    "unexpected|other": "purple",
}

_ERRORS = per_minute("errors_total", by=("component",))
_RETRIES = (
    f"label_replace({per_minute('retries_total', by=('component',))},"
    ' "again", ", tried again", "", "")'
)

IN_ERROR = graph(
    "In error, by class",
    "short",
    Query(
        unlike_zero(total("records_in_error", by=("kind", "class")), "kind"), "{{kind}} {{class}}"
    ),
    what="Refused opportunities, people and relationships, left out until somebody acts.",
    normal="few, and known to the team that owns the records.",
    act="correct the record in Workbooks and untick its error flag; many of one class at "
    "once point at the mapping or a permission.",
    alerts=("WosyncRecordsInError", "WosyncRecordsInErrorRising"),
    stacked=True,
    shades_of="blue",
    shades={"opportunity .+": "blue", "relationship .+": "light-blue", "person .+": "purple"},
    width=12,
    height=7,
)

PROBLEMS = graph(
    "Errors by class, per minute",
    "short",
    Query(unlike_zero(recorded_per_minute("errors_by_class", by=("class",)), "class"), "{{class}}"),
    what="Every error once, where it is handled; most are tried again by themselves.",
    normal="zero, with short bursts while one of the systems has trouble.",
    act="auth and configuration need a person; unreachable and rate_limited pass.",
    alerts=(
        "WosyncAuthRefused",
        "WosyncMisconfigured",
        "WosyncUnexpectedErrors",
        "WosyncClockSkew",
    ),
    colors=_CLASSES,
    width=12,
    height=7,
)

ERRORS: tuple[Panel, ...] = (
    graph(
        "Errors and retries, per minute",
        "short",
        Query(unlike_zero(f"{_ERRORS} or {_RETRIES}", "component"), "{{component}}{{again}}"),
        what="Where errors were handled, and where work was scheduled again.",
        normal="retries follow errors and end with them.",
        act="retries without end lead to records in error after [retry] attempts_max.",
        dashed=(".+, tried again",),
        shades_of="red",
        width=12,
    ),
    graph(
        "In doubt",
        "short",
        Query(total("in_doubt_intents", by=("kind",)), "{{kind}}"),
        Query(
            grown("in_doubt_resolved_total", by=("resolution",), over="$__rate_interval"),
            "resolved: {{resolution}}",
        ),
        what="Creates whose answer was lost, and what looking for them found.",
        normal="a few while Outreach fails, resolved within [outreach] visibility_s.",
        act="older than that: Outreach cannot be searched, or its search lags.",
        alerts=("WosyncInDoubt",),
        colors={
            "opportunity": "blue",
            "role": "light-blue",
            "prospect": "purple",
            "resolved: executed": "green",
            "resolved: not_executed": "#c8c8d0",
        },
        width=6,
    ),
    graph(
        "Oldest doubt",
        "s",
        Query(worst("in_doubt_oldest_age_seconds"), "{{instance}}"),
        what="Age of the oldest doubt about a create.",
        normal="under ten minutes, which is twice [outreach] visibility_s.",
        act="see the runbook; the create is not sent again before this is known.",
        steps=((None, "green"), (600, "red")),
        alerts=("WosyncInDoubt",),
        width=6,
    ),
    graph(
        "People",
        "short",
        Query(
            unlike_zero(
                grown("prospects_total", by=("outcome",), over="$__rate_interval"), "outcome"
            ),
            "{{outcome}}",
        ),
        Query(total("lines_held_back"), "with a line held back"),
        what="People who had no prospect, by outcome, and opportunities with a person who "
        "cannot be related yet.",
        normal="held-back lines change slowly; refused is rare.",
        act="give the person an e-mail address or tick the sync box; the rest follows.",
        colors={
            "created": "blue",
            "adopted": "light-blue",
            "held_back": "#c8c8d0",
            "with a line held back": "purple",
            "in_doubt": "yellow",
            "refused": "red",
        },
        width=6,
    ),
    graph(
        "Audit",
        "short",
        Query(
            unlike_zero(
                grown("audited_total", by=("outcome",), over="$__rate_interval"), "outcome"
            ),
            "{{outcome}}",
        ),
        what="Records compared with Workbooks by the audit, a slice after each sweep.",
        normal="agreed; differed only for edits made a moment before.",
        act="differed again and again means that polls miss edits: keep the log.",
        colors={"agreed": "green", "differed": "yellow", "vanished": "orange"},
        width=6,
    ),
    graph(
        "Write-backs",
        "short",
        Query(
            unlike_zero(
                grown("writebacks_total", by=("outcome",), over="$__rate_interval"), "outcome"
            ),
            "{{outcome}}",
        ),
        what="What Workbooks was told, by outcome.",
        normal="delivered; stale and missing are records edited or deleted meanwhile.",
        act="refused or unknown: see errors of component write_back.",
        colors={
            "delivered": "green",
            "stale|missing": "#c8c8d0",
            "withdrawn": "purple",
            "unknown": "orange",
            "refused": "red",
        },
        alerts=("WosyncWriteBackStuck",),
        width=6,
    ),
    graph(
        "Oldest proof",
        "s",
        Query(worst("records_unproven_age_seconds"), "{{instance}}"),
        what="Age of the oldest comparison of a record with Workbooks.",
        normal="under two audit intervals.",
        act="the audit does not get through: see polls of feed audit.",
        alerts=("WosyncRecordsUnproven",),
        width=6,
    ),
)
"""What belongs to them, in detail."""
