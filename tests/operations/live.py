"""The real service between the sandbox's stand-ins, scraped by a real Prometheus.

Everything runs as a process of its own on loopback, and has ended when its block is left.
"""

from __future__ import annotations

import json
import math
import re
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import httpx
import yaml

from connectors.sandbox.serving import free_port
from tests.operations.boards import GRAFANA, Json
from tests.waiting import DEADLINE_S

SCRAPE_S = 1
LOOK_S = 0.25
# What the sandbox's settings do not say, so that every feed is read while somebody watches.
_HURRY = {
    "[service]": 'log_level = "debug"\nlog_format = "json"',
    "[poller]": "sweep_interval_s = 3\nmapping_interval_s = 3\naudit_interval_s = 10",
}
# What goes wrong meanwhile: errors, a refusal to go on, and writes whose answers are lost.
_FAULTS: Mapping[str, Sequence[Json]] = {
    "outreach": (
        {"method": "POST", "path": "/opportunities$", "status": 500, "times": 3, "skip": 2},
        {"method": "PATCH", "path": "/opportunities/", "status": 503, "times": 3},
        {"method": "GET", "path": "/prospects$", "status": 429, "headers": {"Retry-After": "1"}},
        {
            "method": "POST",
            "path": "/opportunities$",
            "when": "after",
            "action": "drop",
            "times": 2,
            "skip": 8,
        },
        {"method": "POST", "path": "/prospects$", "when": "after", "action": "garbage"},
    ),
    "workbooks": (
        {"method": "GET", "path": "/opportunities.api$", "status": 500, "times": 2, "skip": 4},
        {"method": "PUT", "path": "/opportunities.api$", "action": "drop", "times": 1},
    ),
}


@contextmanager
def running(
    command: Sequence[str | Path], log: Path, up: Callable[[], bool]
) -> Generator[subprocess.Popen[bytes]]:
    """A process whose whole output goes to `log`; the block begins when `up` says so.

    Raises:
        AssertionError: it ended, or was not up in time; the text has its output.
    """
    with log.open("wb") as out, subprocess.Popen(command, stdout=out, stderr=out) as process:
        try:
            deadline = time.monotonic() + DEADLINE_S
            while not up():
                said = log.read_text("utf-8", "replace")[-4000:]
                assert process.poll() is None, f"{command} ended:\n{said}"
                assert time.monotonic() < deadline, f"{command} is not up:\n{said}"
                time.sleep(LOOK_S)
            yield process
        finally:
            process.terminate()
            try:
                process.wait(DEADLINE_S)
            except subprocess.TimeoutExpired:
                process.kill()


def answers(url: str) -> bool:
    """Whether somebody answers there with 200."""
    try:
        return httpx.get(url, timeout=5).status_code == 200
    except httpx.TransportError:
        return False


@dataclass(slots=True)
class Users:
    """People at work in the stand-in for the source, by way of the sandbox's control port."""

    control: str
    _deals: list[int] = field(default_factory=list[int])
    _people: list[int] = field(default_factory=list[int])
    _done: int = 0

    def spoil(self) -> None:
        """Let things go wrong from now on."""
        for system, faults in _FAULTS.items():
            for fault in faults:
                httpx.post(f"{self.control}/{system}/faults", json=fault).raise_for_status()

    def work(self) -> None:
        """Edit some records, edit a People tab, enter a record."""
        if not self._deals:
            self._deals, self._people = self._ids("opportunities"), self._ids("people")
        self._done += 1
        for place in range(3):
            deal = self._deals[(3 * self._done + place) % len(self._deals)]
            self._send("PATCH", f"/{deal}", {"comment": f"note {self._done}"})
        people = [[self._people[self._done % len(self._people)], "Decision Maker"]]
        self._send("PATCH", f"/{self._deals[self._done]}", {"people": people})
        entered = {
            "description": f"Entered as number {self._done}",
            "cf_opportunity_sync_to_outreach": True,
            "people": people,
        }
        self._send("POST", "", entered)

    def _ids(self, table: str) -> list[int]:
        found: list[int] = httpx.get(f"{self.control}/workbooks/{table}").json()["ids"]
        return found

    def _send(self, method: str, path: str, given: Json) -> None:
        url = f"{self.control}/workbooks/opportunities{path}"
        httpx.request(method, url, json=given).raise_for_status()


@contextmanager
def sandbox(directory: Path) -> Generator[tuple[Users, Path]]:
    """Both stand-ins; yields the people at work and the configuration for the service."""
    home, log = directory / "home", directory / "sandbox.log"
    command = (sys.executable, "-m", "connectors.sandbox", "--directory", str(home))
    with running([*command, "--bulk", "60"], log, lambda: "Ctrl-C" in log.read_text("utf-8")):
        control = re.findall(r"^Control +(\S+)$", log.read_text("utf-8"), re.MULTILINE)[0]
        config = home / "config.toml"
        text = config.read_text("utf-8")
        for table, lines in _HURRY.items():
            text = text.replace(table, f"{table}\n{lines}")
        config.write_text(text, "utf-8")
        yield Users(control), config


@contextmanager
def service(config: Path, log: Path) -> Generator[str]:
    """The real service; yields where its HTTP port is, as `host:port`."""
    address: str = tomllib.loads(config.read_text("utf-8"))["service"]["http"]
    command = (sys.executable, "-m", "engine", "run", "--config", str(config))
    with running(command, log, lambda: answers(f"http://{address}/metrics")):
        yield address


@dataclass(frozen=True, slots=True)
class Prometheus:
    """A running Prometheus."""

    http: httpx.Client

    def series(self, expr: str) -> list[float]:
        """The present value of every series of the expression.

        Raises:
            AssertionError: it cannot be evaluated.
        """
        data = self._ask("query", {"query": expr})
        if data["resultType"] == "scalar":
            return [float(data["result"][1])]
        return [float(one["value"][1]) for one in data["result"]]

    def shows(self, expr: str) -> bool:
        """Whether there is at least one series and not only NaN."""
        return any(not math.isnan(value) for value in self.series(expr))

    def label_values(self, selector: str, label: str) -> list[str]:
        """The values of a label, as a variable of a dashboard asks for them."""
        found: list[str] = self._ask(f"label/{label}/values", {"match[]": selector}, get=True)
        return found

    def exemplars(self, selector: str) -> set[str]:
        """The `run` of every exemplar of the last minutes."""
        now = time.time()
        found = self._ask("query_exemplars", {"query": selector, "start": now - 300, "end": now})
        return {one["labels"]["run"] for series in found for one in series["exemplars"]}

    def rules(self) -> list[Json]:
        """Every loaded rule with its health."""
        groups: Iterable[Json] = self._ask("rules", {}, get=True)["groups"]
        return [rule for group in groups for rule in group["rules"]]

    def _ask(self, what: str, parameters: Mapping[str, Any], *, get: bool = False) -> Any:
        answer = (
            self.http.get(what, params=parameters) if get else self.http.post(what, data=parameters)
        )
        document = cast("Json", answer.json())
        assert document["status"] == "success", f"{parameters}: {document.get('error')}"
        return document["data"]


@contextmanager
def prometheus(directory: Path, target: str) -> Generator[Prometheus]:
    """The shipped Prometheus configuration with its rules, pointed at `target` and hurried."""
    address = f"127.0.0.1:{free_port()}"
    command = (
        "prometheus",
        f"--config.file={_hurried(directory, target)}",
        f"--storage.tsdb.path={directory / 'tsdb'}",
        f"--web.listen-address={address}",
        "--enable-feature=exemplar-storage",
        "--log.level=warn",
    )
    log = directory / "prometheus.log"
    with (
        running(command, log, lambda: answers(f"http://{address}/-/ready")),
        httpx.Client(base_url=f"http://{address}/api/v1/", timeout=DEADLINE_S) as http,
    ):
        yield Prometheus(http)


def _hurried(directory: Path, target: str) -> Path:
    """The configuration as shipped, but scraping and judging every second."""
    config = cast("Json", yaml.safe_load((GRAFANA / "prometheus.yml").read_text("utf-8")))
    del config["alerting"]
    config["global"] |= {"scrape_interval": f"{SCRAPE_S}s", "evaluation_interval": "2s"}
    [job] = config["scrape_configs"]
    job |= {"scrape_timeout": f"{SCRAPE_S}s", "static_configs": [{"targets": [target]}]}
    for path in (GRAFANA / "alerts").glob("*.yml"):
        groups = cast("Json", yaml.safe_load(path.read_text("utf-8")))
        for group in groups["groups"]:
            group.pop("interval", None)
        rules = directory / "alerts" / path.name
        rules.parent.mkdir(exist_ok=True)
        rules.write_text(yaml.safe_dump(groups), "utf-8")
    written = directory / "prometheus.yml"
    written.write_text(yaml.safe_dump(config), "utf-8")
    return written


def logged(log: Path) -> Generator[Json]:
    """Every line of the service's log."""
    for line in log.read_text("utf-8").splitlines():
        yield json.loads(line)
