"""A fleet on a farm: its processes, and the systems of its pairs, each in a process of its own."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from connectors.sandbox.serving import free_port
from tests.benchmarks.projection import Work
from tests.benchmarks.stage import BenchmarkFailed, proc_cpu_s
from tests.benchmarks.statistics import Counted
from tests.farm import READY, TOLD

LEASE_S = 6.0
START_S = 900.0
LOOK_S = 0.25
# Whoever looks at very many must not fill the machine with that.
LOOK_S_PER_PAIR = 0.01


@dataclass(frozen=True, slots=True)
class Process:
    """A process of a fleet.

    Args:
        config: its own.
        url: of its port.
    """

    running: subprocess.Popen[bytes]
    config: Path
    url: str
    http: httpx.Client

    @property
    def id(self) -> int:
        """Of the process."""
        return self.running.pid

    def ready(self) -> set[str] | None:
        """The pairs that it works on and calls ready; None while it does not answer.

        Raises:
            BenchmarkFailed: it has ended.
        """
        if self.running.poll() is not None:
            raise BenchmarkFailed(f"a process of the fleet ended with {self.running.returncode}")
        with suppress(httpx.TransportError):
            pairs: list[dict[str, Any]] = self.http.get(f"{self.url}/status").json()["pairs"]
            return {one["name"] for one in pairs if one["ready"]}
        return None

    def kill(self) -> None:
        """Have it vanish."""
        self.running.send_signal(signal.SIGKILL)
        self.running.wait()


@dataclass(frozen=True, slots=True)
class Farm:
    """Systems of many pairs, and the configuration of a fleet for them.

    Args:
        told: where they are, by pair.
    """

    config: Path
    told: Mapping[str, Mapping[str, str]]
    http: httpx.Client

    @property
    def look_s(self) -> float:
        """Seconds between two looks at all of them."""
        return max(LOOK_S, LOOK_S_PER_PAIR * len(self.told))

    def requests(self) -> Work:
        """That both systems of all pairs have seen."""
        seen = [self.http.get(one["control"]).json() for one in self.told.values()]
        source, target = (
            sum(sum(one[system]["by_route"].values()) for one in seen)
            for system in ("workbooks", "outreach")
        )
        return Work(source_requests=source, target_requests=target)

    @contextmanager
    def fleet(self) -> Generator[tuple[Process, float]]:
        """A process of the fleet, and how long it took until all pairs were ready."""
        with self.process() as process:
            self.until(lambda: process.ready() is not None, "the process answers")
            yield process, self.all_ready(process)

    @contextmanager
    def process(self) -> Generator[Process]:
        """A process of the fleet, with a port of its own."""
        text = self.config.read_text()
        [line] = [one for one in text.splitlines() if one.startswith("http = ")]
        address = f"127.0.0.1:{free_port()}"
        home = self.config.parent / address.rpartition(":")[2]
        home.mkdir()
        (home / "pairs").symlink_to(self.config.parent / "pairs")
        config = home / self.config.name
        text = text.replace(line, f'http = "{address}"')
        config.write_text(text.replace(f'"{self.config.parent}/state"', f'"{home}/state"'))
        with program("engine", "fleet", "--config", str(config)) as running:
            yield Process(running, config, f"http://{address}", self.http)

    def all_ready(self, *processes: Process, evenly: bool = False) -> float:
        """Wait until the processes have all pairs ready; how long that took, seconds.

        Args:
            evenly: until none of them has more than one more than any other as well.
        """

        def reached() -> bool:
            parts = [one.ready() or set[str]() for one in processes]
            sizes = [len(part) for part in parts]
            fair = not evenly or max(sizes) - min(sizes) <= 1
            return fair and len(set[str]().union(*parts)) == len(self.told)

        return self.until(reached, "all pairs are ready")

    def until(self, reached: Callable[[], bool], what: str) -> float:
        """Wait for it; how long that took, seconds.

        Raises:
            BenchmarkFailed: too long.
        """
        began = time.monotonic()
        while not reached():
            if time.monotonic() - began > START_S:
                raise BenchmarkFailed(f"not within {START_S:g} s: {what}")
            time.sleep(self.look_s)
        return time.monotonic() - began

    def settle(self, for_s: float) -> None:
        """Wait until Outreach was asked nothing for so long."""
        last, since = -1.0, time.monotonic()

        def quiet() -> bool:
            nonlocal last, since
            if (seen := self.requests().target_requests) != last:
                last, since = seen, time.monotonic()
            return time.monotonic() - since >= for_s

        self.until(quiet, "Outreach is asked no more")

    def window(self, database: Counted, process: int, window_s: float) -> Work:
        """Each second of a window."""

        def moment() -> Work:
            return database.moment() + self.requests() + Work(cpu_s=proc_cpu_s(process))

        before, began = moment(), time.monotonic()
        time.sleep(window_s)
        return (moment() - before) / (time.monotonic() - began)


@contextmanager
def farm(
    database: Counted, pairs: int, interval_s: float, *wanted: str, lease_s: float = LEASE_S
) -> Generator[Farm]:
    """So many pairs, whose state is in a database.

    Args:
        interval_s: between two polls.
        wanted: further options of `tests.farm`.
    """
    with tempfile.TemporaryDirectory(prefix="wosync-bench-") as name, ExitStack() as stack:
        directory = Path(name) / "farm"
        given = ["--pairs", str(pairs), "--state", database.address, "--log-level", "warning"]
        given += ["--interval-s", str(interval_s), "--lease-s", str(lease_s), *wanted]
        stack.enter_context(program("tests.farm", str(directory), *given))
        told = _told(directory)
        http = stack.enter_context(httpx.Client(timeout=60.0, trust_env=False))
        yield Farm(directory / "fleet.toml", told, http)


@contextmanager
def program(module: str, *arguments: str) -> Generator[subprocess.Popen[bytes]]:
    """One that runs for the block."""
    with subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(60.0)
            except subprocess.TimeoutExpired:
                process.kill()


def _told(directory: Path) -> dict[str, dict[str, str]]:
    """Where the farm serves, once it does."""
    until = time.monotonic() + START_S
    while not (directory / READY).exists():
        if time.monotonic() > until:
            raise BenchmarkFailed("the farm did not start")
        time.sleep(LOOK_S)
    return json.loads((directory / TOLD).read_text())
