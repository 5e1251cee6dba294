"""The rules, their unit tests and the runbook, read for the tests that compare them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast

import yaml

ROOT = Path(__file__).resolve().parents[2]
GRAFANA = ROOT / "grafana"
RULE_FILES = tuple(sorted((GRAFANA / "alerts").glob("*.yml")))
TEST_FILES = tuple(sorted((Path(__file__).parent / "alerts").glob("*.yml")))
RUNBOOK = GRAFANA / "RUNBOOK.md"

# Of a metric of ours or of the process, or of a rule that records one.
NAME = re.compile(r"(?:instance:)?(?:wosync|process|python)_\w+(?::\w+)*|\bup(?=[{[])")
SELECTOR = re.compile(rf"(?P<metric>{NAME.pattern})\{{(?P<matchers>[^}}]*)\}}")
MATCHER = re.compile(r'(?P<label>\w+)\s*(?P<how>=~|!~|!=|=)\s*"(?P<value>[^"]*)"')
USED_LABEL = re.compile(r"\$labels\.(\w+)")


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; `name` is the alert's, or that of the recorded series."""

    name: str
    expr: str
    is_alert: bool
    labels: dict[str, str]
    annotations: dict[str, str]


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a unit test expects of one alert at one moment.

    `seen` are the labels of the series that fire, none of them when it is to be quiet;
    `instances` are all that play in the test.
    """

    alert: str
    seen: tuple[dict[str, str], ...]
    instances: frozenset[str]


def read_yaml(path: Path) -> dict[str, Any]:
    """The file as a mapping."""
    return cast("dict[str, Any]", yaml.safe_load(path.read_text(encoding="utf-8")))


@cache
def rules() -> tuple[Rule, ...]:
    """Every rule of all files, in their order."""
    return tuple(
        Rule(
            name=rule.get("alert") or rule["record"],
            expr=rule["expr"],
            is_alert="alert" in rule,
            labels=rule.get("labels", {}),
            annotations=rule.get("annotations", {}),
        )
        for path in RULE_FILES
        for group in read_yaml(path)["groups"]
        for rule in group["rules"]
    )


def metric_names(text: str) -> set[str]:
    """Names of metrics and recorded series in an expression, without the text in quotes."""
    return set(NAME.findall(re.sub(r'"[^"]*"', '""', text)))


def alerts() -> list[Rule]:
    """Every alerting rule; an alert with several speeds has several."""
    return [rule for rule in rules() if rule.is_alert]


@cache
def expectations() -> tuple[Expectation, ...]:
    """What the unit tests say of each alert by its name."""
    return tuple(_all_expectations())


def _all_expectations() -> Iterator[Expectation]:
    for path in TEST_FILES:
        for test in read_yaml(path)["tests"]:
            series = " ".join(entry["series"] for entry in test.get("input_series", ()))
            instances = frozenset(re.findall(r'instance="([^"]+)"', series))
            for check in test["promql_expr_test"]:
                yield from _expectations(check, instances)


def _expectations(check: dict[str, Any], instances: frozenset[str]) -> Iterator[Expectation]:
    for _, names in re.findall(r'alertname(=~?)"([^"]+)"', check["expr"]):
        samples: list[dict[str, Any]] = check["exp_samples"]
        seen = tuple(dict(re.findall(r'(\w+)="([^"]*)"', one["labels"])) for one in samples)
        for name in names.split("|"):
            yield Expectation(name, seen, instances)
