"""Panels: what one shows, and how Grafana's classic JSON says it."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

DATASOURCE: Mapping[str, str] = {"type": "prometheus", "uid": "${datasource}"}
# The variable `runbook` of every dashboard: the address stands in one place of each.
RUNBOOK_URL = "${runbook}"
# What is not there is neither good nor bad.
NO_DATA = "#6e6e6e"
# Of a number that says nothing of good or bad by itself.
QUIET: Json = {"mode": "fixed", "fixedColor": "#3d434c"}
NOTHING: Json = {
    "type": "special",
    "options": {
        "match": "null+nan",
        "result": {"text": "no data", "color": NO_DATA, "index": 90},
    },
}
Steps = Sequence[tuple[float | None, str]]
PLAIN: Steps = ((None, NO_DATA), (0, "green"))
# A window of four of these holds two polls at their default interval: no gaps between their bars.
MIN_STEP = "30s"
# The number before a course is its last point, which may be as old as two points are apart: with so
# many of them, and not one for each pixel, no older than a scrape in the hours that are shown.
SPARK_POINTS = 1000


@dataclass(frozen=True, slots=True)
class Query:
    """One expression and how its series are called."""

    expr: str
    legend: str = "{{instance}}"
    exemplars: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """Where a click on a value leads; the variables of the board go along."""

    title: str
    url: str
    new_tab: bool = False

    def render(self) -> Json:
        """The link as Grafana reads it."""
        return {"title": self.title, "url": self.url, "targetBlank": self.new_tab}


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One panel of any kind; built by the functions below.

    Args:
        what, normal, act: the three sentences of its description.
        steps: (lowest value, colour); the first value is None, and stands for no data.
        leads: where a click on a value leads.
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
    steps: Steps = PLAIN
    alerts: Sequence[str] = ()
    leads: Sequence[Link] = ()
    options: Json = field(default_factory=dict[str, Any])
    transformations: Sequence[Json] = ()
    custom: Json = field(default_factory=dict[str, Any])
    mappings: Sequence[Json] = ()
    overrides: Sequence[Json] = ()
    maximum: float | None = None
    shades_of: str | None = None
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
            "links": [runbook_link(alert).render() for alert in self.alerts if self.kind != "stat"],
        }
        if self.transformations:
            rendered["transformations"] = list(self.transformations)
        if self.kind == "stat" and not self.instant:
            rendered["maxDataPoints"] = SPARK_POINTS
        if self.repeat is not None:
            rendered |= {"repeat": self.repeat, "repeatDirection": "h", "maxPerRow": 6}
        return rendered

    def _color(self) -> Json:
        if self.shades_of is not None:
            return {"mode": "shades", "fixedColor": self.shades_of}
        return {"mode": "palette-classic" if self.kind == "timeseries" else "thresholds"}

    def _defaults(self) -> Json:
        defaults: Json = {
            "unit": self.unit,
            "min": 0,
            "color": self._color(),
            "thresholds": thresholds(*self.steps),
            "mappings": [*self.mappings, NOTHING],
            "noValue": "no data",
            "custom": self.custom,
            # A number by itself has no room for an icon beside its title: its links are its own.
            "links": [
                *(lead.render() for lead in self.leads),
                *(runbook_link(alert).render() for alert in self.alerts if self.kind == "stat"),
            ],
        }
        if self.unit in {"short", "locale"} and self.kind != "heatmap":
            defaults["unit"] = "locale"
            defaults["decimals"] = 0 if self.kind == "stat" else None
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


def numbered(board: str, title: str) -> int:
    """The number of a panel: it stays as long as its title does, so that links can name it."""
    return 1 + zlib.crc32(f"{board}: {title}".encode()) % 99_999


def runbook_link(alert: str) -> Link:
    """A link to what to do about an alert."""
    return Link(f"Runbook: {alert}", f"{RUNBOOK_URL}#{alert.lower()}", new_tab=True)


def words(*texts: tuple[str, str]) -> Json:
    """Words, with their colours, for the codes 0, 1, 2 and so on."""
    return {
        "type": "value",
        "options": {
            str(code): {"text": text, "color": color, "index": code}
            for code, (text, color) in enumerate(texts)
        },
    }


def zero_one(zero: str, one: str, *, good: int = 1) -> Json:
    """Words for the two states of a gauge."""
    colors = ("red", "green") if good else ("green", "red")
    return words((zero, colors[0]), (one, colors[1]))


def stat(
    title: str,
    unit: str,
    *queries: Query,
    what: str,
    normal: str,
    act: str,
    steps: Steps = PLAIN,
    alerts: Sequence[str] = (),
    leads: Sequence[Link] = (),
    mappings: Sequence[Json] = (),
    overrides: Sequence[Json] = (),
    name_only: bool = False,
    spark: bool = False,
    width: int = 3,
    height: int = 4,
) -> Panel:
    """One number, coloured by its thresholds.

    Args:
        spark: its course behind it. The number is the last one then, and of what has ended it is
            none: see `queries.alive`.
    """
    options: Json = {
        "reduceOptions": {"calcs": ["last"], "fields": "", "values": False},
        "colorMode": "value" if name_only else "background",
        "graphMode": "area" if spark else "none",
        "justifyMode": "auto",
        "orientation": "horizontal" if len(queries) > 1 else "auto",
        "textMode": "name" if name_only else "value_and_name" if len(queries) > 1 else "value",
        "wideLayout": False,
        "text": {"titleSize": 12, "valueSize": 24} if len(queries) > 1 else {},
    }
    return Panel(
        kind="stat",
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
        leads=leads,
        options=options,
        mappings=mappings,
        overrides=overrides,
        instant=not spark,
    )


def table(
    title: str,
    query: Query,
    *,
    what: str,
    normal: str,
    act: str,
    transformations: Sequence[Json],
    overrides: Sequence[Json],
    alerts: Sequence[str] = (),
    width: int,
    height: int,
) -> Panel:
    """Rows of what one query found."""
    return Panel(
        kind="table",
        title=title,
        what=what,
        normal=normal,
        act=act,
        unit="none",
        queries=(query,),
        width=width,
        height=height,
        alerts=alerts,
        options={"showHeader": True, "cellHeight": "sm", "footer": {"show": False}},
        custom={"align": "left", "cellOptions": {"type": "auto"}, "inspect": False},
        overrides=overrides,
        transformations=transformations,
        instant=True,
        style="table",
    )


def thresholds(*steps: tuple[float | None, str]) -> Json:
    """Steps as Grafana reads them."""
    return {
        "mode": "absolute",
        "steps": [{"value": value, "color": color} for value, color in steps],
    }


def column(name: str, **properties: Any) -> Json:
    """What is special about a column, or a series, of this name."""
    return {
        "matcher": {"id": "byName", "options": name},
        "properties": [
            {"id": key.replace("__", "."), "value": value} for key, value in properties.items()
        ],
    }


_NO_COLORS: dict[str, str] = {}
# What tells plain lines of one graph apart: long dashes, and dots.
_DASHES = ((8, 6), (2, 6))
_GRAPH: Json = {
    "legend": {
        "calcs": [],
        "displayMode": "list",
        "placement": "bottom",
        "showLegend": True,
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
    steps: Steps = PLAIN,
    alerts: Sequence[str] = (),
    stacked: bool = False,
    lines: Sequence[str] = (),
    dashed: Sequence[str] = (),
    colors: dict[str, str] = _NO_COLORS,
    shades: dict[str, str] = _NO_COLORS,
    leads: Sequence[Link] = (),
    maximum: float | None = None,
    shades_of: str | None = None,
    many: bool = False,
    width: int = 12,
    height: int = 8,
    repeat: str | None = None,
) -> Panel:
    """Series over time.

    Args:
        lines: series, by their legends, drawn as plain dashed lines over a stack.
        dashed: patterns for the legends of series whose lines are dashed, in their own colours.
        colors: colours of series by a pattern for their legends; the others get one of Grafana's.
        shades: colours by such patterns, of which each series gets a shade.
        shades_of: the colour that those get instead: no failure is green.
        many: so many series that their names have room only beside the graph.
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
        options=_GRAPH | ({"legend": _GRAPH["legend"] | {"placement": "right"}} if many else {}),
        custom=_drawn(stacked=stacked, bounded=steps is not PLAIN),
        overrides=[
            *(_plain_line(name, _DASHES[place % len(_DASHES)]) for place, name in enumerate(lines)),
            *(_dashed(name) for name in dashed),
            *(_painted(name, color, "shades") for name, color in shades.items()),
            *(_painted(name, color) for name, color in (_none_of(queries) | colors).items()),
        ],
        leads=leads,
        maximum=maximum,
        shades_of=shades_of,
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
        "interval": "" if panel.instant or "$__rate_interval" not in query.expr else MIN_STEP,
    }


def _drawn(*, stacked: bool, bounded: bool) -> Json:
    return {
        "drawStyle": "line",
        "lineInterpolation": "linear",
        # The line of what is nothing would lie on top of a whole stack, in its own colour.
        "lineWidth": 0 if stacked else 1,
        "fillOpacity": 70 if stacked else 8,
        # What stands alone between two gaps is a point and no line.
        "showPoints": "never" if stacked else "auto",
        "spanNulls": False,
        "axisPlacement": "auto",
        # Nothing at all is drawn at the foot of a small scale, not of one to a hundred.
        "axisSoftMax": 1,
        "stacking": {"group": "A", "mode": "normal" if stacked else "none"},
        "thresholdsStyle": {"mode": "line" if bounded else "off"},
    }


def _plain_line(name: str, dash: tuple[int, int]) -> Json:
    return {
        "matcher": {"id": "byName", "options": name},
        "properties": [
            {"id": "custom.stacking", "value": {"group": "A", "mode": "none"}},
            {"id": "custom.fillOpacity", "value": 0},
            {"id": "color", "value": {"mode": "fixed", "fixedColor": "#9e9e9e"}},
            {"id": "custom.lineWidth", "value": 2},
            {"id": "custom.lineStyle", "value": {"fill": "dash", "dash": list(dash)}},
        ],
    }


def _dashed(name: str) -> Json:
    return {
        "matcher": {"id": "byRegexp", "options": f"/^({name})$/"},
        "properties": [
            {"id": "custom.lineStyle", "value": {"fill": "dash", "dash": list(_DASHES[0])}}
        ],
    }


def _none_of(queries: Sequence[Query]) -> dict[str, str]:
    """The colour of the series that says that there is nothing: see `queries.unlike_zero`."""
    return {r"none(\W.*)?": NO_DATA} if any('"none"' in one.expr for one in queries) else {}


def _painted(name: str, color: str, mode: str = "fixed") -> Json:
    return {
        "matcher": {"id": "byRegexp", "options": f"/^({name})$/"},
        "properties": [{"id": "color", "value": {"mode": mode, "fixedColor": color}}],
    }
