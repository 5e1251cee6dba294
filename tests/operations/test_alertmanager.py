"""The sample configuration of Alertmanager sends every alert where it belongs."""

from __future__ import annotations

import re
import subprocess

import pytest

from tests.operations.alert_files import GRAFANA, Rule, alerts, read_yaml
from tests.operations.tools import needs
from tests.waiting import DEADLINE_S

CONFIG = GRAFANA / "alertmanager.yml"
RECEIVERS = {"critical": "pager", "warning": "tickets", "none": "dead-man"}


def amtool(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run amtool to its end."""
    return subprocess.run(
        ["amtool", *arguments], check=False, capture_output=True, text=True, timeout=DEADLINE_S
    )


def route(receiver: str, *labels: str) -> subprocess.CompletedProcess[str]:
    """Ask where an alert with these labels goes; fails unless it is this receiver."""
    where = ("--config.file", str(CONFIG), f"--verify.receivers={receiver}")
    return amtool("config", "routes", "test", *where, *labels)


def test_what_a_rule_inhibits_by_name_is_an_alert() -> None:
    """A misspelt name inhibits nothing, and wakes somebody twice."""
    names = {rule.name for rule in alerts()}
    text = CONFIG.read_text(encoding="utf-8")
    named = set(re.findall(r"\bWosync[A-Z]\w+", text))
    assert len(named) > 5
    assert named <= names


def test_every_inhibition_stays_within_one_instance() -> None:
    """The trouble of one pair says nothing about another."""
    inhibitions = read_yaml(CONFIG)["inhibit_rules"]
    assert inhibitions
    for rule in inhibitions:
        assert {"job", "instance"} <= set(rule["equal"])


def test_the_sample_holds_no_secret() -> None:
    """It lies in a public repository, and is the pattern for the real one."""
    text = CONFIG.read_text(encoding="utf-8")
    assert set(re.findall(r"https?://([\w.-]+)", text)) <= {
        "pager.example.com",
        "tickets.example.com",
        "dead-man.example.com",
    }
    assert not re.search(r"^\s*\w*(?:password|token|secret|_key):", text, flags=re.MULTILINE)


@needs("amtool")
def test_amtool_accepts_the_sample() -> None:
    """It is copied as it stands."""
    checked = amtool("check-config", str(CONFIG))
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "3 receivers" in checked.stdout


@needs("amtool")
@pytest.mark.parametrize(
    "rule",
    {(rule.name, rule.labels["severity"]): rule for rule in alerts()}.values(),
    ids=lambda rule: f"{rule.name}-{rule.labels['severity']}",
)
def test_every_alert_reaches_the_receiver_of_its_severity(rule: Rule) -> None:
    """What is critical wakes somebody, what is not waits, and the watchdog goes outside."""
    severity = rule.labels["severity"]
    asked = (f"alertname={rule.name}", f"severity={severity}", "job=wosync", "instance=a:9464")
    routed = route(RECEIVERS[severity], *asked)
    assert routed.returncode == 0, routed.stdout + routed.stderr


@needs("amtool")
def test_a_wrong_receiver_is_noticed() -> None:
    """Otherwise the test above would prove nothing."""
    assert route("tickets", "alertname=WosyncDown", "severity=critical").returncode != 0
