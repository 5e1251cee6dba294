"""What the service exports: every metric, read from its registry, with labels and their values."""

from __future__ import annotations

import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from prometheus_client import CollectorRegistry, Metric

from connectors.outreach.routes import ROUTES as OUTREACH_ROUTES
from connectors.workbooks.routes import ROUTES as WORKBOOKS_ROUTES
from engine.config.live import is_live
from engine.metrics import Metrics
from engine.service.fleet.metrics import Gauges

CONNECTORS = {"workbooks": WORKBOOKS_ROUTES, "outreach": OUTREACH_ROUTES}
BUDGETED = "outreach"
# Labels with values that nobody can write down beforehand; these words stand for them.
OPEN = {"version": "any", "python": "any"}
_MANUAL = Path(__file__).resolve().parent.parent.parent / "config.toml"


@dataclass(frozen=True, slots=True)
class Family:
    """One metric: its name as it is queried, its type, its meaning, and values by label."""

    name: str
    kind: str
    meaning: str
    labels: Mapping[str, tuple[str, ...]]


def families() -> list[Family]:
    """Every metric, in the order of the registry; those of a fleet come last."""
    registries = (_started().registry, _of_a_fleet())
    return [_family(metric) for one in registries for metric in one.collect()]


def _of_a_fleet() -> CollectorRegistry:
    """What a process of a fleet exports without the name of a pair."""
    registry = CollectorRegistry()
    Gauges(registry)
    return registry


def _started() -> Metrics:
    """A registry as it is once the service has started."""
    metrics = Metrics()
    metrics.know_connectors(tuple(CONNECTORS), BUDGETED)
    for connector, routes in CONNECTORS.items():
        metrics.know_routes(connector, routes)
    metrics.build.labels("any", "any")
    for key in live_numbers():
        metrics.setting.labels(key)
    return metrics


def live_numbers() -> list[str]:
    """The numeric settings a reload changes, as the manual has them."""
    return [key for key in _numbers(tomllib.loads(_MANUAL.read_text("utf-8")), "") if is_live(key)]


def _numbers(table: Mapping[str, Any], prefix: str) -> Iterator[str]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _numbers(cast("dict[str, Any]", value), f"{prefix}{name}.")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield f"{prefix}{name}"


def _family(metric: Metric) -> Family:
    values: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for sample in metric.samples:
        for label, value in sample.labels.items():
            values[label][value] = None
    name = f"{metric.name}_total" if metric.type == "counter" else metric.name
    found = {label: tuple(known) for label, known in values.items()}
    return Family(name, metric.type, metric.documentation, found)
