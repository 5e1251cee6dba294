"""The committed dashboards as tests read them: panels, expressions, selectors."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

import yaml

from grafana.generator.registry import Family, families

ROOT = Path(__file__).resolve().parent.parent.parent
GRAFANA = ROOT / "grafana"
BOARDS = ("operator", "tuning", "apis")

Json = dict[str, Any]

_SELECTOR = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)\{([^}]*)\}(?:\[([^\]]+)\])?")
_MATCHER = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)"')
_LABEL_VALUES = re.compile(r"^label_values\((.+), (\w+)\)$")


@dataclass(frozen=True, slots=True)
class Expression:
    """A query and where it stands."""

    where: str
    expr: str


@dataclass(frozen=True, slots=True)
class Selector:
    """One metric asked for: (label, operator, value) by matcher, and the function around it."""

    name: str
    matchers: tuple[tuple[str, str, str], ...]
    window: str | None
    function: str


def read_board(name: str) -> Json:
    """A dashboard as it is committed."""
    board: Json = json.loads((GRAFANA / "dashboards" / f"{name}.json").read_text("utf-8"))
    return board


def all_panels(board: Json) -> Iterator[Json]:
    """Every panel, rows included, and what is folded into rows."""
    for panel in board["panels"]:
        yield panel
        yield from panel.get("panels", [])


def graphs(board: Json) -> Iterator[Json]:
    """Every panel that shows data."""
    return (panel for panel in all_panels(board) if panel["type"] not in {"row", "text"})


def data_links(panel: Json) -> list[Json]:
    """Where clicks on its values lead, those on single columns included."""
    found: list[Json] = list(panel["fieldConfig"]["defaults"].get("links", []))
    for override in panel["fieldConfig"]["overrides"]:
        for one in override["properties"]:
            found += one["value"] if one["id"] == "links" else []
    return found


def targets(board: Json) -> Iterator[Expression]:
    """The query of every panel."""
    for panel in graphs(board):
        for target in panel["targets"]:
            where = f"{board['uid']}: {panel['title']} {target['refId']}"
            yield Expression(where, target["expr"])


def annotated(board: Json) -> Iterator[Expression]:
    """The query of every annotation."""
    for annotation in board["annotations"]["list"]:
        yield Expression(f"{board['uid']}: annotation {annotation['name']}", annotation["expr"])


def variables(board: Json) -> Iterator[tuple[str, str, str]]:
    """(where, selector, label) of every variable whose values are asked for."""
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            found = _LABEL_VALUES.match(variable["query"]["query"])
            assert found, variable["query"]
            yield f"{board['uid']}: ${variable['name']}", found[1], found[2]


def selectors(expr: str) -> Iterator[Selector]:
    """Every selector of an expression."""
    for found in _SELECTOR.finditer(expr):
        before = re.search(r"(\w+)\($", expr[: found.start()])
        matchers = tuple((one[1], one[2], one[3]) for one in _MATCHER.finditer(found[2]))
        yield Selector(found[1], matchers, found[3], before[1] if before else "")


def bare_names(expr: str) -> set[str]:
    """Metrics asked for without any matcher."""
    without = re.sub(r'"[^"]*"', '""', expr)
    return set(re.findall(r"\b(?:wosync_|process_|python_|instance:)[\w:]+(?![\w:{])", without))


def substituted(expr: str, *, rate: str = "1m", span: str = "1h") -> str:
    """The expression as Grafana would send it with everything chosen.

    Args:
        rate: what $__rate_interval becomes.
        span: what $__range becomes.
    """
    values = {"__rate_interval": rate, "__interval": "15s", "__range": span}
    chosen = dict.fromkeys(("job", "instance", "connector", "actor"), ".+") | values
    for name, value in chosen.items():
        expr = re.sub(
            rf"\$\{{{name}(?::\w+)?\}}|\[\[{name}\]\]|\${name}\b", lambda _, v=value: v, expr
        )
    assert "$" not in expr, expr
    return expr


def everything() -> list[Expression]:
    """Every expression of every dashboard."""
    boards = [read_board(name) for name in BOARDS]
    asked = [
        Expression(where, selector) for board in boards for where, selector, _ in variables(board)
    ]
    return [*chain.from_iterable((*targets(one), *annotated(one)) for one in boards), *asked]


def rules() -> list[Json]:
    """Every rule beside the dashboards."""
    found: list[Json] = []
    for path in sorted((GRAFANA / "alerts").glob("*.yml")):
        for group in yaml.safe_load(path.read_text("utf-8"))["groups"]:
            found += group["rules"]
    return found


@cache
def queried() -> dict[str, Family]:
    """Every name that can be queried, with the metric it belongs to."""
    names: dict[str, Family] = {}
    for family in families():
        suffixes = ("_bucket", "_sum", "_count") if family.kind == "histogram" else ("",)
        names |= {f"{family.name}{suffix}": family for suffix in suffixes}
    return names


def can_match(family: Family, label: str, operator: str, value: str) -> bool:
    """Whether every alternative of the matcher is a value of the label."""
    if label in {"job", "instance"}:
        return True
    values = family.labels.get(label, ())
    if operator in {"=", "!="}:
        return value in values
    alternatives = re.sub(r"\$\w+", ".+", value).split("|")
    return all(any(re.fullmatch(one, known) for known in values) for one in alternatives)


def siblings(name: str, family: Family) -> set[str]:
    """The names under which the same metric can be queried."""
    if family.kind != "histogram":
        return {name}
    return {f"{family.name}_bucket", f"{family.name}_sum", f"{family.name}_count"}
