"""The dashboards: generated from one source, well-formed, and about metrics that exist.

The rules are those of Grafana's own dashboard linter, which cannot be had here, and some more.
"""

from __future__ import annotations

import json
import re
import subprocess
from itertools import chain, combinations
from math import prod
from pathlib import Path
from typing import Any, cast

import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.dashboard import Dashboard

from grafana.generator.dashboards import JOBS
from grafana.generator.output import files
from tests.operations.boards import (
    BOARDS,
    GRAFANA,
    Json,
    Selector,
    all_panels,
    annotated,
    bare_names,
    can_match,
    data_links,
    everything,
    graphs,
    queried,
    read_board,
    rules,
    selectors,
    siblings,
    substituted,
    targets,
)
from tests.operations.tools import needs

UNITS = {value for name, value in vars(units).items() if name[0].isupper()}
# Keys of Grafana's classic JSON that its model leaves to the data source.
UNMODELLED = re.compile(
    r"\.annotations\.list\[\d\]\.(step|textFormat|titleFormat|useValueForTime)"
    r"|\.templating\.list\[\d\]\.definition"
)
# What Prometheus says itself: who is scraped, and what fires.
PROMETHEUS = {"up", "ALERTS"}
# Metrics without a panel, each with the reason.
UNSHOWN = {
    "wosync_log_lines_dropped_total": "for whoever misses a line: the log says it too",
    "process_max_fds": "far away; a line there would flatten what is open",
    "process_virtual_memory_bytes": "an allocator's reserve; resident memory is what counts",
    "python_gc_objects_collected_total": "for a profiler, not for an operator",
    "python_gc_objects_uncollectable_total": "for a profiler, not for an operator",
    "python_gc_collections_total": "for a profiler, not for an operator",
}
# Alerts with a threshold of their own, and the panel that shows it.
BOUNDS = (
    ("WosyncNoPoll", "operator", "Last complete poll", 240),
    ("WosyncBacklogSlow", "operator", "Backlog done in", 86_400),
    ("WosyncErrorBudgetLow", "operator", "Error budget left", 0.25),
    ("WosyncInDoubt", "operator", "Oldest doubt", 600),
    ("WosyncActorBusyLong", "tuning", "Longest piece of work", 600),
    ("WosyncSqliteSlow", "tuning", "Commits", 1),
    ("WosyncEventLoopLag", "tuning", "Event loop lag", 0.25),
)


def test_what_is_committed_is_what_the_generator_writes() -> None:
    """Two sources of one dashboard would soon be two dashboards."""
    expected = files()

    assert {path: path.read_text("utf-8") for path in expected} == expected
    assert {path.stem for path in (GRAFANA / "dashboards").iterdir()} == set(BOARDS)


@pytest.mark.parametrize("name", BOARDS)
def test_a_dashboard_is_found_by_its_uid_and_cannot_be_edited(name: str) -> None:
    """Links lead to the uid; what somebody edits in the browser is lost at the next start."""
    board = read_board(name)

    assert board["uid"] == f"wosync-{name}"
    assert board["id"] is None
    assert board["schemaVersion"] == Dashboard().schema_version
    assert (board["editable"], board["graphTooltip"]) == (False, 1)
    assert {link["type"] for link in board["links"]} == {"dashboards", "link"}
    assert all(set(link["tags"]) <= set(board["tags"]) for link in board["links"])


@pytest.mark.parametrize("name", BOARDS)
def test_every_panel_has_a_place_and_a_number_of_its_own(name: str) -> None:
    """Grafana would move, or drop, one of two that claim the same."""
    board = read_board(name)
    panels = list(all_panels(board))
    places = [panel["gridPos"] for panel in panels]
    numbers = [panel["id"] for panel in panels]

    assert len(set(numbers)) == len(numbers)
    assert all(one["x"] >= 0 and one["x"] + one["w"] <= 24 for one in places)
    assert [pair for pair in combinations(places, 2) if _overlap(*pair)] == []
    # What is folded away takes no room among the rest before somebody opens it.
    shown = [panel["gridPos"] for panel in board["panels"]]
    assert sum(one["w"] * one["h"] for one in shown) >= 20 * max(one["y"] for one in shown)


def _overlap(one: Json, other: Json) -> bool:
    return (
        one["x"] < other["x"] + other["w"]
        and other["x"] < one["x"] + one["w"]
        and one["y"] < other["y"] + other["h"]
        and other["y"] < one["y"] + one["h"]
    )


@pytest.mark.parametrize("name", BOARDS)
def test_every_panel_explains_itself(name: str) -> None:
    """Whoever is woken at night has not read the source."""
    for panel in graphs(read_board(name)):
        defaults = panel["fieldConfig"]["defaults"]
        steps = defaults["thresholds"]["steps"]
        heights = [step["value"] for step in steps[1:]]

        assert panel["title"]
        assert re.fullmatch(r"(?s).+\n\nNormal: .+\.\n\nOtherwise: .+\.", panel["description"])
        assert defaults["unit"] in UNITS, panel["title"]
        assert steps[0]["value"] is None
        assert heights == sorted(heights), panel["title"]
        assert panel["targets"], panel["title"]
        assert len({target["legendFormat"] for target in panel["targets"]}) == len(panel["targets"])
        assert all(target["legendFormat"] for target in panel["targets"])


@pytest.mark.parametrize("name", BOARDS)
def test_the_data_source_is_chosen_and_nowhere_written_down(name: str) -> None:
    """Every installation has another one."""
    board = read_board(name)
    asking = [
        *graphs(board),
        *(target for panel in graphs(board) for target in panel["targets"]),
        *board["annotations"]["list"],
        *(one for one in board["templating"]["list"] if one["type"] == "query"),
    ]
    first = board["templating"]["list"][0]

    assert (first["name"], first["label"], first["type"], first["query"]) == (
        "datasource",
        "Data source",
        "datasource",
        "prometheus",
    )
    assert {one["datasource"]["uid"] for one in asking} == {"${datasource}"}
    [source] = yaml.safe_load((GRAFANA / "provisioning/datasources/wosync.yml").read_text("utf-8"))[
        "datasources"
    ]
    assert (first["current"]["text"], first["current"]["value"]) == (source["name"], source["uid"])


@pytest.mark.parametrize("name", BOARDS)
def test_job_and_instance_can_be_chosen_one_some_or_all(name: str) -> None:
    """Several pairs run on one host, each an instance."""
    chosen = {one["name"]: one for one in read_board(name)["templating"]["list"]}
    asked = [one for one in chosen.values() if one["type"] == "query"]

    assert list(chosen)[1:3] == ["job", "instance"]
    for variable in asked:
        assert (variable["multi"], variable["includeAll"]) == (True, True)
        every = JOBS if variable["name"] == "job" else ".+"
        assert (variable["allValue"], variable["refresh"]) == (every, 2)
        assert variable["definition"] == variable["query"]["query"]


def test_every_selector_asks_for_the_chosen_instances_only() -> None:
    """One forgotten matcher would add up instances nobody chose."""
    chosen = {("job", "=~", "$job"), ("instance", "=~", "$instance")}
    shown = chain.from_iterable(
        (*targets(board), *annotated(board)) for board in map(read_board, BOARDS)
    )

    for query in shown:
        assert bare_names(query.expr) == set(), query
        for selector in selectors(query.expr):
            assert chosen <= set(selector.matchers), query


def test_counters_are_shown_as_rates_or_increases_over_a_fitting_window() -> None:
    """A raw counter says when the process started, and a short window shows nothing."""
    for query in everything():
        for selector in selectors(query.expr):
            if _is_counter(selector):
                assert selector.function in {"rate", "increase"}, query
            if selector.function == "rate":
                assert selector.window == "$__rate_interval", query


def _is_counter(selector: Selector) -> bool:
    known = queried().get(selector.name)
    return known is not None and known.kind in {"counter", "histogram"}


def test_every_metric_and_label_value_asked_for_exists() -> None:
    """A misspelt one is an empty panel that looks like good news."""
    known, recorded = queried(), {rule.get("record") for rule in rules()} | PROMETHEUS
    wrong: list[str] = []
    for query in everything():
        for selector in selectors(query.expr):
            if selector.name not in known and selector.name not in recorded:
                wrong.append(f"{query.where}: {selector.name}")
            elif selector.name in known:
                wrong += [
                    f"{query.where}: {selector.name} {matcher}"
                    for matcher in selector.matchers
                    if not can_match(known[selector.name], *matcher)
                ]

    assert wrong == []


def test_a_misspelt_metric_or_value_would_be_noticed() -> None:
    """The checks see what is wrong."""
    [pending] = selectors('sum (wosync_pending_records{kind="oportunity"})')

    assert "wosync_pending_recods" not in queried()
    assert not can_match(queried()[pending.name], *pending.matchers[0])
    assert not can_match(queried()[pending.name], "kind", "=~", "opportunity|write_bak")
    assert bare_names('rate(wosync_polls_total[5m]) / wosync_ready{job="a"}') == {
        "wosync_polls_total"
    }


def test_every_metric_is_shown_somewhere_or_left_out_for_a_reason() -> None:
    """A metric nobody looks at is either missing from a dashboard or not worth its series."""
    shown = {selector.name for query in everything() for selector in selectors(query.expr)}
    recorded = " ".join(rule["expr"] for rule in rules() if "record" in rule)
    unseen = {
        family.name
        for name, family in queried().items()
        if not any(other in shown or other in recorded for other in siblings(name, family))
    }

    assert unseen == set(UNSHOWN)


@pytest.mark.parametrize(("alert", "board", "title", "bound"), BOUNDS)
def test_a_panel_turns_red_where_its_alert_fires(
    alert: str, board: str, title: str, bound: float
) -> None:
    """A page about a green panel would be believed by nobody."""
    [panel] = [panel for panel in graphs(read_board(board)) if panel["title"] == title]
    fires = [rule["expr"] for rule in rules() if rule.get("alert") == alert]
    steps = {step["value"] for step in panel["fieldConfig"]["defaults"]["thresholds"]["steps"]}

    assert any(re.search(rf"(?<![\d.]){bound}(?![\d.])", expr) for expr in fires), fires
    assert bound in steps


def test_the_runbook_sections_that_panels_link_belong_to_alerts() -> None:
    """A link to nowhere is found at the worst moment."""
    alerts = {rule["alert"].lower() for rule in rules() if "alert" in rule}
    shown = [one for name in BOARDS for one in graphs(read_board(name))]
    links = [link for one in shown for link in (*one["links"], *data_links(one))]
    addresses = {link["url"] for link in links if link["url"].startswith("${runbook}#")}
    sections = {address.removeprefix("${runbook}#") for address in addresses} - {
        "${__data.fields.Section}"
    }
    [prometheus] = list(GRAFANA.glob("prometheus.yml"))
    base = yaml.safe_load(prometheus.read_text("utf-8"))["global"]["external_labels"]
    written = [one for name in BOARDS for one in read_board(name)["templating"]["list"]]

    assert sections - alerts == set()
    assert {one["query"] for one in written if one["name"] == "runbook"} == {base["wosync_runbook"]}


@pytest.mark.parametrize("name", BOARDS)
def test_grafanas_own_model_reads_a_dashboard_and_loses_nothing(name: str) -> None:
    """A key that its model does not know would be dropped without a word."""
    register_default_plugins()
    board = read_board(name)

    again = JSONEncoder(sort_keys=True).encode(Dashboard.from_json(board))
    lost = [key for key in _lost(board, json.loads(again)) if not UNMODELLED.fullmatch(key)]

    assert lost == []


def _lost(before: object, after: object, where: str = "") -> list[str]:
    if isinstance(before, dict) and isinstance(after, dict):
        one, other = cast("Json", before), cast("Json", after)
        return [
            lost
            for key, value in one.items()
            for lost in (
                _lost(value, other[key], f"{where}.{key}")
                if key in other
                else [f"{where}.{key}"] * (value not in (None, [], {}, False, ""))
            )
        ]
    if isinstance(before, list) and isinstance(after, list):
        pairs = zip(cast("list[Any]", before), cast("list[Any]", after), strict=True)
        return [
            lost
            for place, (one, other) in enumerate(pairs)
            for lost in _lost(one, other, f"{where}[{place}]")
        ]
    return [] if before == after else [f"{where}: {before!r} became {after!r}"]


def test_grafana_is_provisioned_with_a_data_source_and_the_dashboards() -> None:
    """These files are copied as they are."""
    folder = GRAFANA / "provisioning"
    [source] = yaml.safe_load((folder / "datasources/wosync.yml").read_text())["datasources"]
    [provider] = yaml.safe_load((folder / "dashboards/wosync.yml").read_text())["providers"]
    prometheus = yaml.safe_load((GRAFANA / "prometheus.yml").read_text())
    [exemplar] = source["jsonData"]["exemplarTraceIdDestinations"]

    assert (source["type"], source["uid"]) == ("prometheus", "wosync-prometheus")
    assert source["jsonData"]["timeInterval"] == prometheus["global"]["scrape_interval"]
    assert exemplar["name"] == "run"
    assert "$${__value.raw}" in exemplar["url"]
    assert provider["type"] == "file"
    assert (provider["allowUiUpdates"], provider["disableDeletion"]) == (False, True)


@needs("promtool")
def test_prometheus_parses_every_expression(tmp_path: Path) -> None:
    """One misplaced bracket is an error message instead of a panel."""
    queries = everything()
    recorded = [
        {"record": f"parsed:{place}", "expr": substituted(query.expr)}
        for place, query in enumerate(queries)
    ]
    path = tmp_path / "expressions.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "parsed", "rules": recorded}]}), "utf-8")

    checked = subprocess.run(
        ["promtool", "check", "rules", str(path)], capture_output=True, text=True, check=False
    )

    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert f"SUCCESS: {len(queries)} rules found" in checked.stdout


def test_no_open_graph_reads_hundreds_of_series() -> None:
    """What has them is recorded once for everybody; at 15 s a series has 240 samples an hour."""
    asked = 0
    for name in BOARDS:
        board = read_board(name)
        folded = {one["id"] for row in board["panels"] for one in row.get("panels", [])}
        for panel in graphs(board):
            for target in panel["targets"] if panel["id"] not in folded else ():
                for selector in selectors(target["expr"]):
                    if selector.function in {"rate", "increase"}:
                        labels = queried()[selector.name].labels
                        assert prod(map(len, labels.values())) < 150, (name, panel["title"])
                        asked += 1
    assert asked >= 5
