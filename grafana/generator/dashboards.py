"""A dashboard around its rows: variables, annotations, links, and a place for every panel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from grafana.generator.panels import DATASOURCE, RUNBOOK_URL, Json, Row
from grafana.generator.queries import metric

COLUMNS = 24
TAG = "wosync"
# Older servers refuse what is newer; the newest ones still read this.
SCHEMA_VERSION = 39
# Where the runbook is published; the same placeholder as in prometheus.yml, to be replaced in both.
_RUNBOOK = "https://docs.example.com/wosync/RUNBOOK.md"


@dataclass(frozen=True, slots=True)
class Dashboard:
    """One dashboard; `uid` never changes, because links depend on it.

    Args:
        chosen: variables of its own, each a label and a metric whose values it has.
    """

    uid: str
    title: str
    about: str
    rows: Sequence[Row]
    chosen: Sequence[tuple[str, str]] = ()

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
            "time": {"from": "now-6h", "to": "now"},
            "timepicker": {},
            "timezone": "browser",
            "weekStart": "",
            "links": _links(),
            "annotations": {"list": _annotations()},
            "templating": {"list": _variables(self.chosen)},
            "panels": _placed(self.rows),
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
    refused = metric("config_reloads_total", 'outcome="refused"')
    return [
        _annotation("Process starts", "blue", f"{start} * 1000", "Started", timed=True),
        _annotation(
            "Settings taken", "purple", f"{reload} * 1000", "Settings in force", timed=True
        ),
        # Without `timed` Grafana marks the moments at which the value is 1.
        _annotation(
            "Reloads refused", "red", f"increase({refused}[2m]) > bool 0", "Reload refused"
        ),
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


def _variables(chosen: Sequence[tuple[str, str]]) -> list[Json]:
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
        "current": {},
    }
    build = "wosync_build_info"
    own = [
        _variable(label, label.capitalize(), f"label_values({metric(name)}, {label})")
        for label, name in chosen
    ]
    return [
        datasource,
        _variable("job", "Job", f"label_values({build}, job)"),
        _variable("instance", "Instance", f'label_values({build}{{job=~"$job"}}, instance)'),
        *own,
        _constant("runbook", "Runbook", _RUNBOOK),
    ]


def _variable(name: str, label: str, query: str) -> Json:
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
        "allValue": ".+",
        "options": [],
        "current": {"selected": True, "text": ["All"], "value": ["$__all"]},
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


def _placed(rows: Sequence[Row]) -> list[Json]:
    """Every row with its panels from left to right, at most 24 columns wide."""
    panels: list[Json] = []
    number, top = 1, 0
    for row in rows:
        head = _head(row, number, top)
        number, top = number + 1, top + 1
        below: list[Json] = []
        left = height = 0
        for panel in row.panels:
            if left + panel.width > COLUMNS:
                left, top, height = 0, top + height, 0
            place = {"x": left, "y": top, "w": panel.width, "h": panel.height}
            below.append(panel.render(number, place))
            number, left, height = number + 1, left + panel.width, max(height, panel.height)
        top += height
        if row.folded:
            head["panels"] = below
            panels.append(head)
        else:
            panels += [head, *below]
    return panels


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
