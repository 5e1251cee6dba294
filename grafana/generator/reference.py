"""METRICS.md: every metric, its labels with their values, and what it means."""

from __future__ import annotations

from collections.abc import Iterator

from engine.metrics import PREFIX
from grafana.generator.registry import OPEN, Family, families

_HEAD = f"""# Metrics

Generated from the service's own registry by `python -m grafana.generator`; do not edit.

Base units only. Every label set is there from the start at zero, so a panel without data means
that the service is not scraped. A histogram has `_bucket`, `_sum` and `_count`. The histograms of
lag, reconciles and requests carry exemplars: `run` is the name of the work in the log.

Metrics of the service begin with `{PREFIX}_`; the others describe its process. A process of a fleet
exports those of the service for each pair, with the label `pair`; what it says of itself, its fleet
and its process has none.
"""
_SETTING = "a live key of config.toml whose value is a number, such as `poller.interval_s`"


def reference() -> str:
    """The whole document."""
    known = families()
    ours = [family for family in known if family.name.startswith(PREFIX)]
    fleet = [family for family in ours if family.name.startswith(f"{PREFIX}_fleet_")]
    own = [family for family in ours if family not in fleet]
    process = [family for family in known if family not in ours]
    tables = [*_table("Service", own), *_table("Fleet", fleet), *_table("Process", process)]
    return "\n".join([_HEAD, *tables, *_values(ours)]) + "\n"


def _table(title: str, known: list[Family]) -> Iterator[str]:
    yield f"## {title}\n"
    yield "| Name | Type | Labels | Meaning |"
    yield "|---|---|---|---|"
    for family in known:
        names = ", ".join(f"`{label}`" for label in family.labels)
        yield f"| `{family.name}` | {family.kind} | {names} | {family.meaning} |"
    yield ""


def _values(own: list[Family]) -> Iterator[str]:
    yield "## Label values\n"
    yield "| Metric | Label | Values |"
    yield "|---|---|---|"
    for family in own:
        for label, values in family.labels.items():
            yield f"| `{family.name}` | `{label}` | {_listed(label, values)} |"


def _listed(label: str, values: tuple[str, ...]) -> str:
    if label == "setting":
        return _SETTING
    if label in OPEN:
        return OPEN[label]
    return ", ".join(f"`{value}`" for value in values)
