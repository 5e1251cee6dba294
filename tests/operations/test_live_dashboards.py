"""Every expression of dashboards and rules, asked of a real Prometheus that scrapes the service.

The service works between the stand-ins while people edit and things go wrong; a panel that shows
nothing then would show nothing in earnest either.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from grafana.generator.registry import OPEN
from tests.operations.boards import (
    BOARDS,
    Expression,
    annotated,
    queried,
    read_board,
    rules,
    substituted,
    targets,
    variables,
)
from tests.operations.live import LOOK_S, Prometheus, Users, logged, prometheus, sandbox, service
from tests.operations.tools import needs
from tests.waiting import DEADLINE_S

pytestmark = [needs("prometheus"), pytest.mark.slow]

SERIES_MAX = 1600
# What the faults and the sample data must have led to, or less would be proved than it seems.
WENT_WRONG = (
    'sum(wosync_rate_limited_total{connector="outreach"})',
    'sum(wosync_api_requests_total{status=~"5.."})',
    'sum(wosync_api_requests_total{status="protocol_error"})',
    'sum(wosync_records_in_error{kind="opportunity"})',
    "sum(wosync_in_doubt_resolved_total)",
    'sum(wosync_reference_lookups_total{outcome="ambiguous"})',
    "sum(wosync_errors_total)",
)


@dataclass(frozen=True, slots=True)
class Watched:
    """The service at work, whoever works with it, and who watches it."""

    users: Users
    prometheus: Prometheus
    log: Path

    def missing(self, queries: Iterable[Expression], seen: Callable[[str], bool]) -> list[str]:
        """Those of the queries that were not seen in time, while people go on working."""
        left, deadline = list(queries), time.monotonic() + DEADLINE_S
        while True:
            left = [query for query in left if not seen(query.expr)]
            if not left or time.monotonic() > deadline:
                return [f"{query.where}: {query.expr}" for query in left]
            self.users.work()
            time.sleep(LOOK_S)


@pytest.fixture
def watched(tmp_path: Path) -> Generator[Watched]:
    """Everything running; it ends with the test."""
    log = tmp_path / "service.log"
    with ExitStack() as stack:
        users, config = stack.enter_context(sandbox(tmp_path))
        users.spoil()
        target = stack.enter_context(service(config, log))
        yield Watched(users, stack.enter_context(prometheus(tmp_path, target)), log)


def test_dashboards_and_rules_see_the_service_at_work(
    watched: Watched, subtests: pytest.Subtests
) -> None:
    """One test, because starting everything is what takes long."""
    with subtests.test("what is to go wrong goes wrong"):
        _goes_wrong(watched)
    for name in BOARDS:
        with subtests.test(f"every panel of {name} shows data"):
            _shows_data(watched, name)
        with subtests.test(f"every variable of {name} has values"):
            _has_values(watched, name)
    with subtests.test("a misspelt metric would be noticed"):
        _notices(watched)
    with subtests.test("METRICS.md lists what is exported"):
        _is_listed(watched)
    with subtests.test("every rule is evaluated without an error"):
        _evaluates(watched)
    with subtests.test("an exemplar leads to the log"):
        _leads_to_the_log(watched)


def _goes_wrong(watched: Watched) -> None:
    """Error panels over a service without errors would prove nothing."""
    queries = [Expression("fault", expr) for expr in WENT_WRONG]

    def happened(expr: str) -> bool:
        return sum(watched.prometheus.series(expr)) > 0

    assert watched.missing(queries, happened) == []


def _shows_data(watched: Watched, name: str) -> None:
    """At least one series, and not only NaN; zeros are data."""
    board = read_board(name)
    queries = [
        Expression(query.where, substituted(query.expr, rate="15s", span="5m"))
        for query in (*targets(board), *annotated(board))
    ]

    assert watched.missing(queries, watched.prometheus.shows) == []


def _has_values(watched: Watched, name: str) -> None:
    """An empty list to choose from empties every panel."""
    for where, selector, label in variables(read_board(name)):
        assert watched.prometheus.label_values(substituted(selector), label), where


def _notices(watched: Watched) -> None:
    """The checks above see what is not there."""
    assert watched.prometheus.shows("sum(wosync_pending_records)")
    assert not watched.prometheus.shows("sum(wosync_pending_recods)")
    assert not watched.prometheus.shows("0 / (0 * sum(wosync_ready))")
    assert watched.prometheus.label_values("wosync_build_inf", "job") == []


def _is_listed(watched: Watched) -> None:
    """A metric, or a value of a label, that nobody wrote down grows without anybody noticing."""
    ask = watched.prometheus.label_values
    exported = set(ask('{job="wosync", __name__=~"(wosync|process|python)_.+"}', "__name__"))
    unlisted = {
        (name, label, value)
        for name, family in queried().items()
        for label, known in family.labels.items()
        if label not in OPEN
        for value in set(ask(name, label)) - set(known)
    }

    # Those of a fleet are exported by its processes alone.
    assert exported == {name for name in queried() if not name.startswith("wosync_fleet_")}
    assert unlisted == set()
    assert max(watched.prometheus.series("scrape_samples_scraped")) < SERIES_MAX


def _evaluates(watched: Watched) -> None:
    """A rule that fails at run time is silent."""
    loaded = watched.prometheus.rules

    def evaluated(name: str) -> bool:
        return all(rule["health"] == "ok" for rule in loaded() if rule["name"] == name)

    names = {rule["name"] for rule in loaded()}

    assert names == {rule.get("record") or rule["alert"] for rule in rules()}
    assert watched.missing([Expression("rule", name) for name in names], evaluated) == []
    assert [rule["name"] for rule in loaded() if rule.get("lastError")] == []
    for rule in rules():
        watched.prometheus.series(rule["expr"])


def _leads_to_the_log(watched: Watched) -> None:
    """That is how a slow bucket becomes a story."""
    names = ("sync_lag_seconds", "reconcile_duration_seconds", "api_request_duration_seconds")
    queries = [Expression("exemplar", f"wosync_{name}_bucket") for name in names]

    def told(selector: str) -> bool:
        runs = {line.get("run") for line in logged(watched.log)}
        return bool(watched.prometheus.exemplars(selector) & runs)

    assert watched.missing(queries, told) == []
