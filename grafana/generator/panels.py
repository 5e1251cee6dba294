"""Panels: what one shows, and how Grafana's classic JSON says it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

DATASOURCE: Mapping[str, str] = {"type": "prometheus", "uid": "${datasource}"}
# The variable `runbook` of every dashboard: the address stands in one place of each.
RUNBOOK_URL = "${runbook}"


@dataclass(frozen=True, slots=True)
class Query:
    """One expression and how its series are called."""

    expr: str
    legend: str = "{{instance}}"
    exemplars: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One panel of any kind; built by the functions below.

    Args:
        what, normal, act: the three sentences of its description.
        steps: (lowest value, colour); the first value is None.
        alerts: alerts about the same thing, whose runbook sections the panel links.
        repeat: the variable for whose every value the panel is repeated.
    """

    kind: str
    title: str
    what: str
    normal: str
    act: str
    unit: str
    queries: Sequence[Query]
    width: int
    height: int
    steps: Sequence[tuple[float | None, str]] = ((None, "green"),)
    alerts: Sequence[str] = ()
    options: Json = field(default_factory=dict[str, Any])
    custom: Json = field(default_factory=dict[str, Any])
    mappings: Sequence[Json] = ()
    overrides: Sequence[Json] = ()
    maximum: float | None = None
    instant: bool = False
    style: str = "time_series"
    repeat: str | None = None

    def render(self, number: int, place: Json) -> Json:
        """The panel as Grafana reads it."""
        rendered: Json = {
            "id": number,
            "type": self.kind,
            "title": self.title,
            "description": f"{self.what}\n\nNormal: {self.normal}\n\nOtherwise: {self.act}",
            "gridPos": place,
            "datasource": dict(DATASOURCE),
            "targets": [
                _target(query, "ABCDEFGHIJ"[position], self)
                for position, query in enumerate(self.queries)
            ],
            "fieldConfig": {"defaults": self._defaults(), "overrides": list(self.overrides)},
            "options": self.options,
            "links": [runbook_link(alert) for alert in self.alerts],
        }
        if self.repeat is not None:
            rendered |= {"repeat": self.repeat, "repeatDirection": "h", "maxPerRow": 4}
        return rendered

    def _defaults(self) -> Json:
        defaults: Json = {
            "unit": self.unit,
            "min": 0,
            "color": {"mode": "thresholds" if self.kind == "stat" else "palette-classic"},
            "thresholds": {
                "mode": "absolute",
                "steps": [{"value": value, "color": color} for value, color in self.steps],
            },
            "mappings": list(self.mappings),
            "noValue": "no data",
            "custom": self.custom,
        }
        if self.maximum is not None:
            defaults["max"] = self.maximum
        return defaults


@dataclass(frozen=True, slots=True)
class Text:
    """A panel of words, in Markdown."""

    title: str
    words: str
    width: int = 24
    height: int = 7

    def render(self, number: int, place: Json) -> Json:
        """The panel as Grafana reads it."""
        return {
            "id": number,
            "type": "text",
            "title": self.title,
            "description": "How to read this dashboard.",
            "gridPos": place,
            "options": {"mode": "markdown", "content": self.words},
        }


@dataclass(frozen=True, slots=True)
class Row:
    """A headline with the panels under it; folded, they are read when somebody opens it."""

    title: str
    panels: Sequence[Panel | Text]
    repeat: str | None = None
    folded: bool = False


def runbook_link(alert: str) -> Json:
    """A link to what to do about an alert."""
    return {
        "title": f"Runbook: {alert}",
        "url": f"{RUNBOOK_URL}#{alert.lower()}",
        "targetBlank": True,
    }


def zero_one(zero: str, one: str, *, good: int = 1) -> Json:
    """Words for the two states of a gauge."""
    colors = ("red", "green") if good else ("green", "red")
    return {
        "type": "value",
        "options": {
            str(value): {"text": text, "color": colors[value], "index": value}
            for value, text in enumerate((zero, one))
        },
    }


def stat(
    title: str,
    unit: str,
    query: Query,
    *,
    what: str,
    normal: str,
    act: str,
    steps: Sequence[tuple[float | None, str]] = ((None, "green"),),
    alerts: Sequence[str] = (),
    mappings: Sequence[Json] = (),
    name_only: bool = False,
    width: int = 3,
) -> Panel:
    """One number per instance, coloured by its thresholds."""
    options: Json = {
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "colorMode": "value" if name_only else "background",
        "graphMode": "none",
        "justifyMode": "auto",
        "orientation": "auto",
        "textMode": "name" if name_only else "auto",
    }
    return Panel(
        kind="stat",
        title=title,
        what=what,
        normal=normal,
        act=act,
        unit=unit,
        queries=(query,),
        width=width,
        height=4,
        steps=steps,
        alerts=alerts,
        options=options,
        mappings=mappings,
        instant=True,
    )


_NO_COLORS: Mapping[str, str] = {}
_GRAPH: Json = {
    "legend": {
        "calcs": ["lastNotNull", "max"],
        "displayMode": "table",
        "placement": "bottom",
        "showLegend": True,
        # Every label set is there at zero; what is not zero comes first.
        "sortBy": "Max",
        "sortDesc": True,
    },
    "tooltip": {"mode": "multi", "sort": "desc", "hideZeros": True},
}


def graph(
    title: str,
    unit: str,
    *queries: Query,
    what: str,
    normal: str,
    act: str,
    steps: Sequence[tuple[float | None, str]] = ((None, "green"),),
    alerts: Sequence[str] = (),
    stacked: bool = False,
    lines: Sequence[str] = (),
    colors: Mapping[str, str] = _NO_COLORS,
    maximum: float | None = None,
    width: int = 12,
    height: int = 8,
    repeat: str | None = None,
) -> Panel:
    """Series over time.

    Args:
        lines: series, by their legends, drawn as plain dashed lines over a stack.
        colors: colours of series by their legends; the others get one of Grafana's.
    """
    return Panel(
        kind="timeseries",
        title=title,
        what=what,
        normal=normal,
        act=act,
        unit=unit,
        queries=queries,
        width=width,
        height=height,
        steps=steps,
        alerts=alerts,
        options=_GRAPH,
        custom=_drawn(stacked=stacked, bounded=len(steps) > 1),
        overrides=[
            *(_plain_line(name) for name in lines),
            *(_painted(name, color) for name, color in colors.items()),
        ],
        maximum=maximum,
        repeat=repeat,
    )


def heatmap(
    title: str, query: Query, *, what: str, normal: str, act: str, width: int = 12
) -> Panel:
    """The buckets of a histogram in seconds over time."""
    options: Json = {
        "calculate": False,
        "cellGap": 1,
        "color": {
            "mode": "scheme",
            "scheme": "Oranges",
            "exponent": 0.5,
            "fill": "dark-orange",
            "reverse": False,
            "steps": 64,
        },
        "exemplars": {"color": "rgba(255,0,255,0.7)"},
        "filterValues": {"le": 1e-9},
        "legend": {"show": True},
        "rowsFrame": {"layout": "auto"},
        "showValue": "never",
        "tooltip": {"mode": "single", "yHistogram": False, "showColorScale": False},
        "yAxis": {"axisPlacement": "left", "unit": "s", "reverse": False},
    }
    return Panel(
        kind="heatmap",
        title=title,
        what=what,
        normal=normal,
        act=act,
        unit="short",
        queries=(query,),
        width=width,
        height=8,
        options=options,
        style="heatmap",
    )


def _target(query: Query, letter: str, panel: Panel) -> Json:
    return {
        "refId": letter,
        "datasource": dict(DATASOURCE),
        "expr": query.expr,
        "legendFormat": query.legend,
        "editorMode": "code",
        "format": panel.style,
        "instant": panel.instant,
        "range": not panel.instant,
        "exemplar": query.exemplars,
    }


def _drawn(*, stacked: bool, bounded: bool) -> Json:
    return {
        "drawStyle": "line",
        "lineInterpolation": "linear",
        "lineWidth": 1,
        "fillOpacity": 60 if stacked else 8,
        "showPoints": "never",
        "spanNulls": False,
        "axisPlacement": "auto",
        "stacking": {"group": "A", "mode": "normal" if stacked else "none"},
        "thresholdsStyle": {"mode": "line" if bounded else "off"},
    }


def _plain_line(name: str) -> Json:
    return {
        "matcher": {"id": "byName", "options": name},
        "properties": [
            {"id": "custom.stacking", "value": {"group": "A", "mode": "none"}},
            {"id": "custom.fillOpacity", "value": 0},
            {"id": "custom.lineWidth", "value": 2},
            {"id": "custom.lineStyle", "value": {"fill": "dash", "dash": [8, 6]}},
        ],
    }


def _painted(name: str, color: str) -> Json:
    return {
        "matcher": {"id": "byName", "options": name},
        "properties": [{"id": "color", "value": {"mode": "fixed", "fixedColor": color}}],
    }
