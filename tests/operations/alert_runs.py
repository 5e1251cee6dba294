"""The unit tests of the rules as promtool gets them here: each with the rules that matter to it.

promtool evaluates every rule of the files it is told at every step of every test, most of them for
nobody: nothing is asserted about them, or no series is there that they could be about. A day in
steps of a minute is a hundred thousand evaluations then.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.operations.alert_files import MATCHER, metric_names, read_yaml
from tests.waiting import DEADLINE_S

# What a rule says or records, and has from one process alone.
OF_ONE_PROCESS = '{__name__=~"ALERTS|instance:.+", process!=""}'

_ALERTS = re.compile(r"\bALERTS\b(?:\{(?P<matchers>[^}]*)\})?")

_Yaml = dict[str, Any]


def promtool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run promtool to its end."""
    return subprocess.run(
        ["promtool", *map(str, arguments)],
        check=False,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        # Memory there is; to collect what lies in it is a tenth of the work and more.
        env={**os.environ, "GOGC": "off", "GOMEMLIMIT": "1GiB"},
    )


def with_what_they_ask_for(path: Path, directory: Path) -> list[Path]:
    """The tests of the file, each by itself with the rules it asks for and those these need."""
    written = _Written(path, directory)
    for test in written.tests:
        asked = set[str]().union(
            *(_asked(check["expr"], written.alerts) for check in test["promql_expr_test"])
        )
        written.add(test, written.needed_for(asked))
    return written.paths


def of_two_processes(path: Path, directory: Path) -> list[Path]:
    """The tests of the file with each series twice, which assert that no rule tells the two apart.

    A rule about whose series nothing is known has no result, and is left out.
    """
    written = _Written(path, directory)
    for test in written.tests:
        series = list(_of_both(test.get("input_series", ())))
        if not series:
            continue
        nobody: list[_Yaml] = [
            {"expr": OF_ONE_PROCESS, "eval_time": check["eval_time"], "exp_samples": []}
            for check in test["promql_expr_test"]
        ]
        given = set[str]().union(*(metric_names(entry["series"]) for entry in series))
        written.add(
            {**test, "input_series": series, "promql_expr_test": nobody},
            written.fed_by(given),
        )
    return written.paths


def _of_both(series: Iterable[_Yaml]) -> Iterator[_Yaml]:
    """What a rule would have recorded is left to the rule; two that differ stay as they are."""
    for entry in series:
        if "process=" in entry["series"]:
            yield entry
        elif not entry["series"].startswith("instance:"):
            for name in ("one", "two"):
                yield {**entry, "series": entry["series"].replace("}", f', process="{name}"}}')}


def _asked(expr: str, alerts: Collection[str]) -> set[str]:
    """What of the rules an expression is about; alerts of no name in particular are all of them."""
    asked = metric_names(expr)
    for found in _ALERTS.finditer(expr):
        named = [
            matcher["value"]
            for matcher in MATCHER.finditer(found["matchers"] or "")
            if matcher["label"] == "alertname" and matcher["how"] in {"=", "=~"}
        ]
        asked |= {name for name in alerts if all(re.fullmatch(one, name) for one in named)}
    return asked


def _name(rule: Mapping[str, str]) -> str:
    return rule.get("alert") or rule["record"]


class _Written:
    """A file of unit tests, written anew test by test."""

    def __init__(self, path: Path, directory: Path) -> None:
        self._all: _Yaml = _as_promtool_reads(path)
        self._groups: list[_Yaml] = [
            group
            for name in self._all["rule_files"]
            for group in read_yaml(path.parent / name)["groups"]
        ]
        self._rules: list[_Yaml] = [rule for group in self._groups for rule in group["rules"]]
        self._directory = directory
        self.tests: list[_Yaml] = self._all["tests"]
        self.alerts = {rule["alert"] for rule in self._rules if "alert" in rule}
        self.paths: list[Path] = []

    def needed_for(self, asked: set[str]) -> set[str]:
        """The rules that are asked for, and whatever is recorded for them."""
        needed, more = set[str](), asked
        while more:
            needed |= more
            more = set[str]().union(
                *(metric_names(rule["expr"]) for rule in self._rules if _name(rule) in needed)
            )
            more -= needed
        return needed

    def fed_by(self, given: set[str]) -> set[str]:
        """The rules that something is known for, be it from other rules."""
        fed, more = set[str](), given
        while more:
            fed |= more
            more = {_name(rule) for rule in self._rules if metric_names(rule["expr"]) & fed} - fed
        return fed

    def add(self, test: _Yaml, rules: Collection[str]) -> None:
        """One more test, with these of the rules in their groups and order."""
        groups = [
            {**group, "rules": [rule for rule in group["rules"] if _name(rule) in rules]}
            for group in self._groups
        ]
        groups = [group for group in groups if group["rules"]]
        number = len(self.paths)
        file = self._directory / f"rules-{number}.yml"
        file.write_text(yaml.safe_dump({"groups": groups}), encoding="utf-8")
        text = yaml.safe_dump(
            {
                **self._all,
                "rule_files": [file.name],
                "group_eval_order": [group["name"] for group in groups],
                "tests": [test],
            }
        )
        self.paths.append(self._directory / f"test-{number}.yml")
        self.paths[-1].write_text(text, encoding="utf-8")


def _as_promtool_reads(path: Path) -> _Yaml:
    """The file with texts left as they are: `0x60` is 61 samples, and no hexadecimal number."""
    text = path.read_text(encoding="utf-8")
    read: _Yaml = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 # it makes texts alone
    for test in read["tests"]:
        for check in test["promql_expr_test"]:
            for sample in check["exp_samples"]:
                sample["value"] = float(sample["value"])
    return read
