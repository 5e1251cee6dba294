"""A dashboard around its rows: variables, annotations, links, and a place for every panel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from grafana.generator.panels import DATASOURCE, RUNBOOK_URL, Json, Row, numbered
from grafana.generator.queries import metric

COLUMNS = 24
TAG = "wosync"
# Of whatever else one Prometheus scrapes nothing is ours.
JOBS = "wosync.*"
# Of a pair in a fleet there is no `up`: that is about the fleet, which can be chosen as well.
_NAMED = '{__name__=~"up|wosync_ready", '
# The newest that the model of Grafana's own kit knows.
SCHEMA_VERSION = 41
# The data source of grafana/provisioning.
_SOURCE = ("wosync Prometheus", "wosync-prometheus")
# Where the runbook is published; the same placeholder as in prometheus.yml, to be replaced in both.
_RUNBOOK = "https://docs.example.com/wosync/RUNBOOK.md"


@dataclass(frozen=True, slots=True)
class Dashboard:
    """One dashboard; `uid` never changes, because links depend on it.

    Args:
        chosen: variables of its own, each a label and the selector whose values it has.
        at_first: those values of a label that are chosen until somebody chooses others; all where
            it is not named.
        span: what it shows when nothing else is asked for, up to now.
    """

    uid: str
    title: str
    about: str
    rows: Sequence[Row]
    chosen: Sequence[tuple[str, str]] = ()
    at_first: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    span: str = "now-3h"

    def render(self) -> Json:
        """The dashboard as Grafana reads it."""
        return {
            "id": None,
            "uid": self.uid,
            "title": self.title,
            "description": self.about,
            "tags": [TAG],
            "schemaVersion": SCHEMA_VERSION,
            "version": 1,
            "editable": False,
            "graphTooltip": 1,
            "fiscalYearStartMonth": 0,
            "liveNow": False,
            "refresh": "30s",
            "time": {"from": self.span, "to": "now"},
            "timepicker": {},
            "timezone": "browser",
            "weekStart": "",
            "links": _links(),
            "annotations": {"list": _annotations()},
            "templating": {"list": _variables(self.chosen, self.at_first)},
            "panels": _placed(self.uid, self.rows),
        }


def _links() -> list[Json]:
    common: Json = {"icon": "external link", "tooltip": "", "asDropdown": False}
    return [
        common
        | {
            "type": "dashboards",
            "title": "wosync",
            "tags": [TAG],
            "url": "",
            "includeVars": True,
            "keepTime": True,
            "targetBlank": False,
        },
        common
        | {
            "type": "link",
            "title": "Runbook",
            "tags": [],
            "url": RUNBOOK_URL,
            "includeVars": False,
            "keepTime": False,
            "targetBlank": True,
        },
    ]


def _annotations() -> list[Json]:
    start = metric("process_start_time_seconds")
    reload = metric("config_last_reload_success_timestamp_seconds")
    return [
        _annotation("Starts", "blue", f"{start} * 1000", "Started", timed=True),
        _annotation("Settings", "purple", f"{reload} * 1000", "Settings in force", timed=True),
    ]


def _annotation(name: str, color: str, expr: str, title: str, *, timed: bool = False) -> Json:
    """Marks in every graph; `timed` ones at the moment, in ms, that is the value of the series."""
    return {
        "name": name,
        "enable": True,
        "hide": False,
        "iconColor": color,
        "datasource": dict(DATASOURCE),
        "expr": expr,
        "titleFormat": title,
        "textFormat": "{{instance}}",
        "tagKeys": "",
        "step": "60s",
        "useValueForTime": timed,
    }


def _variables(
    chosen: Sequence[tuple[str, str]], at_first: Mapping[str, Sequence[str]]
) -> list[Json]:
    datasource: Json = {
        "name": "datasource",
        "label": "Data source",
        "type": "datasource",
        "query": "prometheus",
        "refresh": 1,
        "regex": "",
        "hide": 0,
        "multi": False,
        "includeAll": False,
        "options": [],
        "current": {"selected": True, "text": _SOURCE[0], "value": _SOURCE[1]},
    }
    own = [
        _variable(
            label,
            label.capitalize(),
            f"label_values({selector}, {label})",
            at_first=at_first.get(label, ()),
        )
        for label, selector in chosen
    ]
    return [
        datasource,
        # What is not scraped is there to choose as well: whether it is up decides.
        _variable("job", "Job", f'label_values({_NAMED}job=~"{JOBS}"}}, job)', every=JOBS),
        _variable("instance", "Pair", f'label_values({_NAMED}job=~"$job"}}, instance)'),
        *own,
        _constant("runbook", "Runbook", _RUNBOOK),
    ]


def _variable(
    name: str, label: str, query: str, *, every: str = ".+", at_first: Sequence[str] = ()
) -> Json:
    return {
        "name": name,
        "label": label,
        "type": "query",
        "datasource": dict(DATASOURCE),
        "definition": query,
        "query": {"query": query, "refId": "PrometheusVariableQueryEditor-VariableQuery"},
        # On every change of the time range: an instance that was there then is there to choose.
        "refresh": 2,
        "sort": 1,
        "regex": "",
        "hide": 0,
        "multi": True,
        "includeAll": True,
        "allValue": every,
        "options": [],
        "current": {
            "selected": True,
            "text": [*at_first] or ["All"],
            "value": [*at_first] or ["$__all"],
        },
    }


def _constant(name: str, label: str, value: str) -> Json:
    return {
        "name": name,
        "label": label,
        "type": "constant",
        "query": value,
        # Neither the variable nor its name is shown.
        "hide": 2,
        "skipUrlSync": True,
        "current": {"selected": True, "text": value, "value": value},
        "options": [{"selected": True, "text": value, "value": value}],
    }


def _placed(uid: str, rows: Sequence[Row]) -> list[Json]:
    """Every row with its panels from left to right, at most 24 columns wide.

    What is folded away takes no room among the rest: its places are below everything, from where
    Grafana fetches it when somebody opens its row.
    """
    panels: list[Json] = []
    top = 0
    for row in rows:
        panels.append(_head(row, numbered(uid, f"row {row.title}"), top))
        top += 1
        if not row.folded:
            below, top = _below(uid, row, top)
            panels += below
    heads = (panel for panel in panels if panel["type"] == "row")
    for row, head in zip(rows, heads, strict=True):
        if row.folded:
            head["panels"], top = _below(uid, row, top)
    return panels


def _below(uid: str, row: Row, top: int) -> tuple[list[Json], int]:
    """The row's panels from there on, and where they end."""
    panels: list[Json] = []
    left = height = 0
    for panel in row.panels:
        if left + panel.width > COLUMNS:
            left, top, height = 0, top + height, 0
        place = {"x": left, "y": top, "w": panel.width, "h": panel.height}
        panels.append(panel.render(numbered(uid, f"{row.title}: {panel.title}"), place))
        left, height = left + panel.width, max(height, panel.height)
    return panels, top + height


def _head(row: Row, number: int, top: int) -> Json:
    head: Json = {
        "id": number,
        "type": "row",
        "title": row.title,
        "collapsed": row.folded,
        "gridPos": {"x": 0, "y": top, "w": COLUMNS, "h": 1},
        "panels": [],
    }
    if row.repeat is not None:
        head["repeat"] = row.repeat
    return head
