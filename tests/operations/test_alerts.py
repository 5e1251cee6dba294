"""The alerting rules agree with the metrics, the runbook and their own unit tests, and work."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import CollectorRegistry, Metric

from engine.cli.commands import application
from engine.config.live import is_live
from engine.config.loading import installed_connectors
from engine.metrics import Metrics
from engine.service.fleet.metrics import Gauges
from tests.operations.alert_files import (
    GRAFANA,
    MATCHER,
    RULE_FILES,
    RUNBOOK,
    SELECTOR,
    TEST_FILES,
    USED_LABEL,
    Rule,
    alerts,
    expectations,
    metric_names,
    read_yaml,
    rules,
)
from tests.operations.alert_runs import of_two_processes, promtool, with_what_they_ask_for
from tests.operations.tools import needs
from tests.waiting import DEADLINE_S

# What every alert says, and nothing beside it.
ANNOTATIONS = {"summary", "description", "runbook_url", "dashboard"}
SEVERITIES = {"critical", "warning", "none"}
SYSTEMS = {"wosync", "workbooks", "outreach", "{{ $labels.connector }}"}
DASHBOARDS = {"wosync-operator", "wosync-tuning", "wosync-apis"}
# About the whole installation; there is no second instance that could stay quiet beside.
OF_NO_INSTANCE = {"WosyncAbsent", "WosyncWatchdog"}
ALWAYS_FIRING = "WosyncWatchdog"
PARTS = ("Means", "Look", "Do", "Wait", "Over")
ADDED_BY_PROMETHEUS = {"job", "instance"}
# What goes on for a month is made of nothing but what rules have recorded.
WITH_SERIES = [path for path in TEST_FILES if path.stem != "month"]
# Of a service, and of a fleet.
JOBS = {"wosync", "wosync-fleet"}


def known_metrics() -> dict[str, Metric]:
    """Every series name the service exports, with the metric it belongs to."""
    metrics = Metrics()
    connectors = installed_connectors()
    source, target = connectors.source.name, connectors.target.name
    metrics.know_connectors((source, target), target)
    for name in (source, target):
        metrics.know_routes(name, [("GET", "/route")])
    suffixes = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum")}
    fleet = CollectorRegistry()
    Gauges(fleet)
    return {
        family.name + suffix: family
        for family in (*metrics.registry.collect(), *fleet.collect())
        for suffix in suffixes.get(family.type, ("",))
    }


def known_values(family: Metric) -> Mapping[str, set[str]]:
    """The label values a metric has from the start."""
    values: dict[str, set[str]] = defaultdict(set)
    for sample in family.samples:
        for label, value in sample.labels.items():
            values[label].add(value)
    return values


def test_every_metric_in_a_rule_is_one_the_service_has() -> None:
    """A misspelt metric never fires, and nobody notices."""
    known = set(known_metrics()) | {rule.name for rule in rules() if not rule.is_alert} | {"up"}
    assert len(known) > 100
    for rule in rules():
        named = metric_names(rule.expr)
        assert bool(named) is (rule.name != ALWAYS_FIRING), rule.name
        assert named <= known, rule.name


def test_every_label_value_in_a_rule_is_one_the_metric_has() -> None:
    """A misspelt class or feed selects nothing, for ever."""
    known, looked_at = known_metrics(), 0
    for rule in rules():
        for selector in SELECTOR.finditer(rule.expr):
            family = known.get(selector["metric"])
            for matcher in MATCHER.finditer(selector["matchers"]):
                if matcher["label"] == "job":
                    assert matcher["value"] in JOBS, rule.name
                    continue
                assert family is not None, f"{rule.name}: {selector['metric']} has no such label"
                _assert_value(rule, family, matcher["label"], matcher["value"])
                looked_at += 1
    assert looked_at > 20


def _assert_value(rule: Rule, family: Metric, label: str, value: str) -> None:
    if label == "setting":
        assert is_live(value), f"{rule.name}: only live settings are among the metrics"
        return
    for one in value.split("|"):
        assert one in known_values(family)[label], f"{rule.name}: {label}={one!r}"


def test_recorded_series_are_named_by_level_metric_and_operation() -> None:
    """The name alone tells what a series was aggregated to, and from what."""
    recorded = [rule.name for rule in rules() if not rule.is_alert]
    assert len(recorded) == len(set(recorded))
    for name in recorded:
        assert re.fullmatch(r"instance:wosync_[a-z0-9_]+:[a-z0-9_]+", name), name


@pytest.mark.parametrize("rule", alerts(), ids=lambda rule: rule.name)
def test_every_alert_says_what_it_is_and_where_to_look(rule: Rule) -> None:
    """Whoever is woken did not write the rule."""
    assert set(rule.annotations) == ANNOTATIONS
    assert rule.labels["severity"] in SEVERITIES
    assert rule.labels["system"] in SYSTEMS
    everywhere = rule.name in OF_NO_INSTANCE
    assert rule.labels["pair"] == ("all" if everywhere else "{{ $labels.instance }}")
    assert rule.labels["section"] == rule.name.lower()
    summary = rule.annotations["summary"]
    assert summary.endswith(".") and "wosync_" not in summary and "$value" not in summary
    if rule.name not in OF_NO_INSTANCE:
        assert "$labels.instance" in summary
        assert "var-instance={{ $labels.instance | urlquery }}" in rule.annotations["dashboard"]
    address, _, anchor = rule.annotations["runbook_url"].partition("#")
    assert address == '{{ or $externalLabels.wosync_runbook "grafana/RUNBOOK.md" }}'
    assert anchor == rule.name.lower()
    dashboard = rule.annotations["dashboard"].partition("?")[0]
    assert dashboard.removeprefix("{{ $externalLabels.wosync_grafana }}/d/") in DASHBOARDS


def test_every_alert_has_its_section_in_the_runbook_and_every_section_its_alert() -> None:
    """A link that leads nowhere is worst at night; a section without alert is out of date."""
    text = RUNBOOK.read_text(encoding="utf-8")
    sections = re.split(r"^### ", text, flags=re.MULTILINE)[1:]
    named = [section.partition("\n")[0] for section in sections]
    assert sorted(named) == sorted({rule.name for rule in alerts()})
    for name, section in zip(named, sections, strict=True):
        parts = re.findall(r"^\*\*(\w+)\.\*\*", section, flags=re.MULTILINE)
        assert tuple(parts) == PARTS, name
    anchors = {name.lower() for name in named}
    assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= anchors


def test_the_runbook_names_only_metrics_and_commands_that_exist() -> None:
    """Advice that does not work is worse than none."""
    text = RUNBOOK.read_text(encoding="utf-8")
    known = {rule.name for rule in rules() if not rule.is_alert}
    for name, family in known_metrics().items():
        known |= {name, family.name} if family.type == "histogram" else {name}
    named = set(re.findall(r"(?:instance:)?\b(?:wosync|process)_\w+(?::\w+)*", text))
    assert named <= known
    commands = set(_commands(application()))
    for command in re.findall(
        r"(?:`|^    )(?:wosync|inside) ([a-z]+(?: (?:get|set|show))?)", text, re.M
    ):
        assert command in commands, command


@pytest.mark.skipif(shutil.which("bash") is None, reason="the runbook is for bash")
def test_the_runbooks_shell_function_gives_a_command_the_credentials_there_are(
    tmp_path: Path,
) -> None:
    """An encrypted one that is loaded as it lies ends in "credentials refused", misleadingly."""
    [function] = re.findall(
        r"^    inside\(\) {\n.*?^    }\n", RUNBOOK.read_text("utf-8"), re.M | re.S
    )
    secrets = tmp_path / "credentials"
    secrets.mkdir()
    script = f"set -eu\nsystemd-run() {{ printf '%s\\n' \"$@\"; }}\n{function}inside check; echo\n"
    for name in ("open", "sealed.cred"):
        script += f": > {secrets}/{name}\n"
    said = subprocess.run(
        ["bash", "-c", f"unit=wosync-uat etc={tmp_path}\n{script}inside history OPP-17\n"],
        capture_output=True,
        text=True,
        check=True,
        timeout=DEADLINE_S,
    ).stdout
    without, _, with_secrets = said.partition("\n\n")
    assert "LoadCredential" not in without
    assert re.findall("LoadCredential.*", with_secrets) == [
        f"LoadCredential=open:{secrets}/open",
        f"LoadCredentialEncrypted=sealed:{secrets}/sealed.cred",
    ]
    end = ["history", "OPP-17", "--config", f"{tmp_path}/config.toml"]
    assert with_secrets.split()[-5:] == ["/opt/wosync/bin/wosync", *end]


def _commands(command: object, path: tuple[str, ...] = ()) -> list[str]:
    inner: dict[str, object] = getattr(command, "commands", {})
    return [" ".join(path)] + [
        name for key, one in inner.items() for name in _commands(one, (*path, key))
    ]


@pytest.mark.parametrize("rule", alerts(), ids=lambda rule: rule.name)
def test_every_alert_is_seen_firing_and_seen_quiet(rule: Rule) -> None:
    """An alert nobody saw fire may never fire; one nobody saw quiet may never be."""
    mine = [expected for expected in expectations() if expected.alert == rule.name]
    firing = [expected for expected in mine if expected.seen]
    speed = {"severity": rule.labels["severity"]} | (
        {"window": rule.labels["window"]} if "window" in rule.labels else {}
    )
    assert any(speed.items() <= labels.items() for one in firing for labels in one.seen)
    if rule.name != ALWAYS_FIRING:
        assert any(not expected.seen for expected in mine)
    if rule.name not in OF_NO_INSTANCE:
        # Beside each that fires stands another instance that does not, at the same moment.
        for expected in firing:
            assert expected.instances > {labels["instance"] for labels in expected.seen}


@pytest.mark.parametrize("rule", alerts(), ids=lambda rule: rule.name)
def test_every_label_an_alert_speaks_of_is_one_it_has(rule: Rule) -> None:
    """A label that the expression dropped leaves a hole in the sentence."""
    spoken = set(USED_LABEL.findall(" ".join(rule.annotations.values())))
    has = {
        label
        for expected in expectations()
        if expected.alert == rule.name
        for labels in expected.seen
        for label in labels
    }
    assert spoken <= has


def test_no_unit_test_speaks_of_an_alert_that_does_not_exist() -> None:
    """A misspelt name is quiet at any time."""
    assert {expected.alert for expected in expectations()} == {rule.name for rule in alerts()}


@needs("promtool")
def test_promtool_finds_nothing_to_say_about_the_rules() -> None:
    """Syntax, templates and duplicates, by the program that will load them."""
    checked = promtool("check", "rules", "--lint=all", "--lint-fatal", *RULE_FILES)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    found = sum(map(int, re.findall(r"SUCCESS: (\d+) rules found", checked.stdout)))
    assert found == len(rules())


@needs("promtool")
def test_the_sample_configuration_of_prometheus_loads_every_rule() -> None:
    """It is copied as it stands; its globs must not take in the unit tests either."""
    checked = promtool("check", "config", "--lint=all", "--lint-fatal", GRAFANA / "prometheus.yml")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert f"{len(RULE_FILES)} rule files found" in checked.stdout


@needs("promtool")
def test_the_job_of_a_fleet_makes_a_pair_of_each_of_its_pairs(tmp_path: Path) -> None:
    """It is commented out; whoever has a fleet takes the marks away, and every rule knows it."""
    text = (GRAFANA / "prometheus.yml").read_text(encoding="utf-8")
    begin = text.index("  # - job_name: wosync-fleet\n")
    marked = text[begin : text.index("\nalerting:")]
    path = tmp_path / "prometheus.yml"
    unmarked = re.sub(r"(?m)^  # ", "  ", marked)
    path.write_text(text.replace(marked, unmarked), encoding="utf-8")
    shutil.copytree(GRAFANA / "alerts", tmp_path / "alerts")

    checked = promtool("check", "config", "--lint=all", "--lint-fatal", path)

    assert checked.returncode == 0, checked.stdout + checked.stderr
    one, fleet = read_yaml(path)["scrape_configs"]
    assert {one["job_name"], fleet["job_name"]} == JOBS
    assert fleet["relabel_configs"] == one["relabel_configs"]
    made = {rule["target_label"]: rule for rule in fleet["metric_relabel_configs"]}
    assert all(rule["source_labels"] == ["pair"] for rule in made.values())
    assert made["instance"].get("replacement", "$1") == "$1"
    assert made["job"]["replacement"] == one["job_name"]


@needs("promtool")
@pytest.mark.parametrize("path", TEST_FILES, ids=lambda path: path.stem)
def test_every_alert_fires_when_it_should_and_not_otherwise(path: Path, tmp_path: Path) -> None:
    """The unit tests of the rules; see the files beside this one."""
    written = with_what_they_ask_for(path, tmp_path)

    tested = promtool("test", "rules", *written)

    assert len(written) == len(read_yaml(path)["tests"])
    assert tested.returncode == 0, tested.stdout + tested.stderr


@needs("promtool")
@pytest.mark.parametrize("path", WITH_SERIES, ids=lambda path: path.stem)
def test_what_is_said_of_a_pair_is_said_of_no_process_of_it(path: Path, tmp_path: Path) -> None:
    """Of two that take turns both are seen once: no rule fails over that, nor begins anew."""
    written = of_two_processes(path, tmp_path)

    tested = promtool("test", "rules", *written)

    assert written
    assert tested.returncode == 0, tested.stdout + tested.stderr


@needs("promtool")
def test_every_sentence_of_an_alert_reads_well_with_values_in_it(tmp_path: Path) -> None:
    """A template that fails is only seen in the page it spoils."""
    texts = _rendered(tmp_path)
    assert len(texts) == len(alerts())
    for rule, text in zip(alerts(), texts, strict=True):
        assert not re.search(r"<no value>|<error|%!|\{\{|NaN", text), text
        assert f"https://docs.example.com/RUNBOOK.md#{rule.name.lower()}" in text
        assert "https://grafana.example.com/d/wosync-" in text
        if rule.name not in OF_NO_INSTANCE:
            assert "sick:9464" in text and "var-instance=sick%3A9464" in text


def _rendered(directory: Path) -> list[str]:
    """The annotations of every alert as promtool shows them, over a series with every label."""
    every = 'job="wosync", instance="sick:9464", connector="outreach", actor="poller",'
    every += ' mailbox="changes", feed="sweep", component="poller"'
    texts = alerts()
    groups = {
        "groups": [
            {
                "name": "texts",
                "rules": [
                    {"alert": f"Text{number}", "expr": "one", "annotations": dict(rule.annotations)}
                    for number, rule in enumerate(texts)
                ],
            }
        ]
    }
    test: dict[str, Any] = {
        "rule_files": ["texts.yml"],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [{"series": f"one{{{every}}}", "values": "12.5x5"}],
                "external_labels": {
                    "wosync_runbook": "https://docs.example.com/RUNBOOK.md",
                    "wosync_grafana": "https://grafana.example.com",
                },
                # Nothing is expected, so promtool shows what it got instead.
                "alert_rule_test": [
                    {"eval_time": "2m", "alertname": f"Text{number}", "exp_alerts": []}
                    for number in range(len(texts))
                ],
            }
        ],
    }
    (directory / "texts.yml").write_text(yaml.safe_dump(groups), encoding="utf-8")
    (directory / "test.yml").write_text(yaml.safe_dump(test), encoding="utf-8")
    tested = promtool("test", "rules", directory / "test.yml")
    shown = tested.stdout + tested.stderr
    return re.findall(r"Annotations:\{(.*?)\}\s*\]", shown, flags=re.DOTALL)
