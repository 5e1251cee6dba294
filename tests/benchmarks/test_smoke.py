"""The benchmarks themselves: they run, print what they promise, and count requests rightly.

Only counts are asserted; times belong to the machine.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks import rivals
from tests.benchmarks.__main__ import Benchmark, main
from tests.benchmarks.requests import CONSTANT_MAX, TAB_READS_MAX
from tests.benchmarks.stage import BenchmarkFailed, record_cpu_ms
from tests.postgres import VARIABLE, NoServer, binaries
from tests.searching import SEARCH

DEADLINE_S = 300.0
# What makes no promise but in seconds, or in bytes, is left to a longer search.
_TIMED = (
    *("drain", "edit", "idle", "lost", "watchdog", "reload", "memory", "start_up"),
    "projections",
    "farm",
)


def _has_server() -> bool:
    with suppress(NoServer):
        return bool(VARIABLE in os.environ or binaries())
    return False


ROOMS = (
    "requests",
    "speed",
    "store",
    "scrape",
    "asking",
    "planning",
    *(("databases",) if _has_server() else ()),
    *(_TIMED if SEARCH > 1 else ()),
)

# One quick run serves them all.
pytestmark = pytest.mark.xdist_group("benchmarks")


def run(*arguments: str) -> str:
    """Standard output of one run that must succeed."""
    ended = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks", *arguments],
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """What a quick run of everything reports."""
    return json.loads(run("--quick", "--json", *ROOMS))


@pytest.mark.slow
def test_every_benchmark_reports_its_figures(document: dict[str, Any]) -> None:
    """A benchmark that silently measures nothing would pass for a good one."""
    expected = {
        "requests": {"outreach_per_record", "idle_reads", "idle_tab_reads", "idle_outreach"},
        "speed": {"rate", "ratio", "bare_ratio", "cpu", "bare_cpu", "cpu_ratio"},
        "drain": {"400ms_1", "100ms_4", "20ms_16"},
        "edit": {"median", "p99"},
        "lost": {"looks", "listings"},
        "memory": {"small", "large", "growth", "page"},
        "store": {"alone", "together", "gain"},
        "scrape": {"text_loop", "openmetrics_loop", "openmetrics_cpu", "reader", "series"},
        "idle": {"small_rss", "large_rss", "large_peak"},
        "watchdog": {"found_poller", "found_opportunity_syncer", "found_dispatcher", "bound"},
        "reload": {"reloads", "answer", "effect_worst"},
        "asking": {"page", "why", "why_person", "command", "alone", "beside"},
        "databases": {"file", "database", "ratio", "file_cpu", "database_cpu", "cpu_ratio"},
        "planning": {"peak", "rate", "file"},
        "start_up": {"bare", "version_ratio", "help_ratio", "status_ratio", "why_offline_ratio"},
        "farm": {"first", "start", "transactions", "process", "evenly", "beside", "rate"},
        "projections": {"record_bytes", "record_transactions", "renewal_wal", "connections"},
    }

    assert document["schema_version"] == 1
    for benchmark in ROOMS:
        keys = expected[benchmark]
        assert keys <= document[benchmark].keys()
        for key in keys - {"growth", "idle_outreach"}:
            assert document[benchmark][key]["value"] > 0, key


@pytest.mark.slow
def test_a_create_costs_one_outreach_request_and_an_idle_poll_none(
    document: dict[str, Any],
) -> None:
    """The request budget is shared with others; this is the promise made about it."""
    figures = {key: figure["value"] for key, figure in document["requests"].items()}

    assert figures["creates"] == figures["records"]
    assert figures["outreach_constant"] <= CONSTANT_MAX
    assert figures["idle_reads"] == 1
    assert 0 < figures["idle_tab_reads"] <= TAB_READS_MAX
    assert figures["idle_others"] == 0
    assert figures["idle_outreach"] == 0


@pytest.mark.parametrize(
    ("rows", "few", "cost_ms"),
    [
        pytest.param((110, 1.5), (10, 0.5), 10.0, id="what a start takes is none of a record's"),
        pytest.param((50, 0.5), (10, 0.6), 10.0, id="a start that was disturbed"),
        pytest.param((50, 0.5), (10, 0.5), 10.0, id="too short for the clock"),
        pytest.param((10, 0.5), (10, 0.4), 50.0, id="no more records than few"),
    ],
)
def test_what_a_record_costs_is_something_on_any_machine(
    rows: tuple[int, float], few: tuple[int, float], cost_ms: float
) -> None:
    """A difference of two times may come out at nothing, or below, and others divide by it."""
    number, cpu_s = rows
    fewest, few_s = few

    assert record_cpu_ms(cpu_s, number, few_s, fewest) == pytest.approx(cost_ms)


def test_who_has_not_installed_the_rivals_is_told_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody needs them for anything else."""
    monkeypatch.setattr(rivals, "PYTHON", tmp_path / "python")

    with pytest.raises(BenchmarkFailed, match="`make rivals`"):
        rivals.measure(1, repeat=1)


@pytest.mark.slow
def test_a_person_gets_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    """The figures are mostly read by people."""
    main([Benchmark.STORE], quick=True)

    said = capsys.readouterr().out
    for words in ("Benchmarks", "rows per second, one caller", "gain of sharing commits"):
        assert words in said


@pytest.mark.slow
def test_the_promised_bounds_that_no_machine_changes_are_kept(document: dict[str, Any]) -> None:
    """Counts and thresholds are the same everywhere; only they may fail a build."""
    assert document["scrape"]["series"]["met"]
    if "watchdog" in ROOMS:
        assert document["watchdog"]["bound"]["met"]
    if "reload" in ROOMS:
        assert document["reload"]["lost"]["value"] == 0
        assert document["reload"]["repeated"]["value"] == 0
