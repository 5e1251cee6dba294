"""The stage of a benchmark: emulators in one process, the service in another, both ended for sure.

with stage(Scene(rows=1000)) as set_up:
    set_up.once()
    set_up.counters()
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import httpx

from connectors.sandbox.serving import free_port

STOP_S = 20.0
LOOK_S = 0.05
CONTROL_TIMEOUT_S = 60.0
_SYNCERS = re.compile(r"^(opportunity_syncers = )\d+$", re.MULTILINE)
RUN = ("-m", "engine", "run")


class BenchmarkFailed(Exception):
    """A benchmark could not be carried out; the text says why."""


@dataclass(frozen=True, slots=True)
class Scene:
    """Sizes of a stage; times in seconds.

    Args:
        rows: opportunities ready to be created.
        latency_s: added to every request of both systems.
        workers: opportunity syncers, and requests in flight to Outreach.
        interval_s: between two polls of `wosync run`.
        ago_s: how long ago both systems are, until `come_to_the_present`.
        people: on the tab of every `every`-th opportunity, whom both systems know.
        linked: the opportunities are in Outreach already.
        comment_chars: so long is the comment of each; 0 for an ordinary one.
        state: the database that the state is in; blank for a file.
    """

    rows: int
    latency_s: float = 0.0
    workers: int = 4
    interval_s: float = 60.0
    ago_s: float = 0.0
    people: int = 0
    every: int = 1
    linked: bool = False
    comment_chars: int = 0
    state: str = ""


@dataclass(frozen=True, slots=True)
class Stage:
    """Running emulators, and a configuration that points at them."""

    directory: Path
    config: Path
    service_url: str
    told: dict[str, Any]
    http: httpx.Client

    @property
    def state_dir(self) -> Path:
        """Where the service keeps its state."""
        return self.directory / "state"

    def url(self, name: str) -> str:
        """Base URL of `workbooks`, `outreach`, `control`, `ledger`, `reactions` or `clock`."""
        return self.told["urls"][name]

    def counters(self, system: str) -> dict[str, int]:
        """Requests the system has seen, by "METHOD path"."""
        return self._control().json()[system]["by_route"]

    def in_flight(self) -> int:
        """Requests both systems are serving now."""
        return sum(system["in_flight"] for system in self._control().json().values())

    def slow_creates(self, delay_s: float) -> None:
        """Let every create take that much longer."""
        self._spoil_creates({"action": "delay", "delay_s": delay_s})

    def lose_answers(self, probability: float) -> None:
        """Carry creates out and cut the connection before the answer, by chance."""
        self._spoil_creates({"action": "drop", "when": "after", "probability": probability})

    def _spoil_creates(self, how: Mapping[str, Any]) -> None:
        fault = {"method": "POST", "path": "/opportunities$", "times": None, **how}
        self.http.post(f"{self.url('control')}/outreach/faults", json=fault).raise_for_status()

    def set_syncers(self, number: int) -> None:
        """Write another number of opportunity syncers into the configuration."""
        text = self.config.read_text(encoding="utf-8")
        self.config.write_text(_SYNCERS.sub(rf"\g<1>{number}", text), encoding="utf-8")

    def ledger(self) -> dict[str, Any]:
        """`creates`, a number, and `span_s`, from the first one's arrival to the last answer."""
        return self.http.get(self.url("ledger")).json()

    def bodies(self) -> list[str]:
        """What every create that arrived has sent, in order."""
        return self.http.get(f"{self.url('ledger')}/bodies").json()

    def forget_creates(self) -> None:
        """Start the ledger's span anew; the bodies stay."""
        self.http.delete(self.url("ledger")).raise_for_status()

    def come_to_the_present(self) -> None:
        """Let all the time pass by which both systems were in the past."""
        self.http.delete(self.url("clock")).raise_for_status()

    def status(self) -> dict[str, Any] | None:
        """What the running service says about itself; None while it does not answer."""
        try:
            answer = self.http.get(f"{self.service_url}/status")
        except httpx.TransportError:
            return None
        return answer.json() if answer.status_code == 200 else None

    def metric(self, sample: str) -> float:
        """One sample of the running service, by its full name with labels."""
        return self.metrics(sample)[0]

    def metrics(self, *samples: str) -> list[float]:
        """Several samples of one moment."""
        lines = self.http.get(f"{self.service_url}/metrics").text.splitlines()
        held = {name: value for name, _, value in (line.rpartition(" ") for line in lines)}
        missing = [sample for sample in samples if sample not in held]
        if missing:
            raise BenchmarkFailed(f"the service has no metric {missing[0]}")
        return [float(held[sample]) for sample in samples]

    def measured(self, *arguments: str, **environment: str) -> dict[str, float]:
        """Run `tests.benchmarks.measured` to its end: `wall_s` and `cpu_s` of what it measured.

        Raises:
            BenchmarkFailed: it ended with an error.
        """
        with self._log().open("ab") as log:
            ended = subprocess.run(
                [sys.executable, "-m", "tests.benchmarks.measured", *arguments],
                stdout=subprocess.PIPE,
                stderr=log,
                env={**os.environ, **environment},
                check=False,
            )
        if ended.returncode:
            raise BenchmarkFailed(
                f"{arguments[0]} ended with {ended.returncode}; {self._log_end()}"
            )
        return json.loads(ended.stdout)

    @contextlib.contextmanager
    def running(
        self, program: Sequence[str] = RUN, *, talks: bool = False, **environment: str
    ) -> Generator[subprocess.Popen[bytes]]:
        """`wosync run` for the block, or a program that does the same and more.

        Args:
            program: what the interpreter is to run.
            talks: whether its standard input and output are ours.
        """
        command = [sys.executable, *program, "--config", str(self.config)]
        with (
            self._log().open("ab") as log,
            subprocess.Popen(
                command,
                stdin=subprocess.PIPE if talks else subprocess.DEVNULL,
                stdout=subprocess.PIPE if talks else None,
                stderr=log,
                env={**os.environ, **environment},
            ) as process,
            _ending(process),
        ):
            yield process

    def wait_until(
        self,
        reached: Callable[[], bool],
        what: str,
        within_s: float,
        *,
        look_s: float = LOOK_S,
    ) -> None:
        """Look again and again until it is so.

        Args:
            look_s: so long lies between two looks; what is looked at pays for each.

        Raises:
            BenchmarkFailed: it is not so in time.
        """
        give_up_at = time.monotonic() + within_s
        while not reached():
            if time.monotonic() > give_up_at:
                raise BenchmarkFailed(f"not within {within_s:g} s: {what}; {self._log_end()}")
            time.sleep(look_s)

    def _control(self) -> httpx.Response:
        return self.http.get(self.url("control"))

    def _log(self) -> Path:
        return self.directory / "service.log"

    def _log_end(self) -> str:
        lines = self._log().read_text(encoding="utf-8", errors="replace").splitlines()
        return "the end of its log:\n  " + "\n  ".join(lines[-8:])


@contextlib.contextmanager
def stage(scene: Scene) -> Generator[Stage]:
    """Set everything up in a directory of its own, and take it away again."""
    command = [sys.executable, "-m", "tests.benchmarks.emulators"]
    command += ["--rows", str(scene.rows), "--latency", str(scene.latency_s)]
    command += ["--ago", str(scene.ago_s), "--people", str(scene.people)]
    command += ["--every", str(scene.every), "--comment", str(scene.comment_chars)]
    command += ["--linked"] if scene.linked else []
    with (
        tempfile.TemporaryDirectory(prefix="wosync-bench-") as name,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as emulators,
        _ending(emulators),
        httpx.Client(timeout=CONTROL_TIMEOUT_S, trust_env=False) as http,
    ):
        told: dict[str, Any] = json.loads(_first_line(emulators.stdout))
        directory, address = Path(name), f"127.0.0.1:{free_port()}"
        config = _write_config(directory, scene, told, address)
        yield Stage(directory, config, f"http://{address}", told, http)


def _first_line(stream: IO[bytes] | None) -> bytes:
    line = stream.readline() if stream is not None else b""
    if not line:
        raise BenchmarkFailed("the emulators did not start")
    return line


@contextlib.contextmanager
def _ending(process: subprocess.Popen[bytes]) -> Generator[None]:
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()


def _write_config(directory: Path, scene: Scene, told: dict[str, Any], address: str) -> Path:
    for name in ("api_key", "client_secret", "refresh_token"):
        secret = directory / name
        secret.touch(mode=0o600)
        secret.write_text(told[name], encoding="utf-8")
    text = f"""
[service]
state_dir = "state"
http = "{address}"
log_format = "json"
shutdown_s = 0
{f'state = "{scene.state}"' if scene.state else ""}

[workbooks]
base_url = "{told["urls"]["workbooks"]}"
api_key = {{ file = "{directory / "api_key"}" }}

[outreach]
base_url = "{told["urls"]["outreach"]}"
client_id = "{told["client_id"]}"
client_secret = {{ file = "{directory / "client_secret"}" }}
refresh_token = {{ file = "{directory / "refresh_token"}" }}
requests_in_flight_max = {scene.workers}

[poller]
interval_s = {scene.interval_s}
# The seconds after which an idle poll reads nothing twice; the default would only lengthen the run.
overlap_s = 1

[concurrency]
opportunity_syncers = {scene.workers}

[fuse]
# Whoever is to be measured with all of it at work does not wait for anybody's approval.
creates_max = {scene.rows}
"""
    path = directory / "config.toml"
    path.write_text(text, encoding="utf-8")
    return path


def pipe(stream: IO[bytes] | None) -> IO[bytes]:
    """One end of a pipe to a process that was started to be talked to.

    Raises:
        BenchmarkFailed: it was not.
    """
    if stream is None:
        raise BenchmarkFailed("the service was not started to be talked to")
    return stream


def proc_status_mb(process_id: int, name: str) -> float:
    """A size in /proc/PID/status, in MB (10⁶ bytes): VmRSS is now, VmHWM the most so far.

    Read from the kernel and not from the resource usage of an ended child, which would also count
    what this process held when it started the child.

    Raises:
        BenchmarkFailed: the system has no /proc.
    """
    path = Path(f"/proc/{process_id}/status")
    if not path.exists():
        raise BenchmarkFailed("the memory benchmarks need Linux: they read /proc")
    for line in path.read_text(encoding="ascii").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise BenchmarkFailed(f"{os.fspath(path)} has no {name}")


def proc_cpu_s(process_id: int) -> float:
    """CPU seconds that a process has taken so far, all its threads together.

    Raises:
        BenchmarkFailed: the system has no /proc.
    """
    path = Path(f"/proc/{process_id}/stat")
    if not path.exists():
        raise BenchmarkFailed("this benchmark needs Linux: it reads /proc")
    # The name, in parentheses, may hold anything; user and system time are the 14th and 15th.
    fields = path.read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def record_cpu_ms(cpu_s: float, rows: int, few_s: float, few: int) -> float:
    """CPU of one record in milliseconds, without what a start and an end take; never nothing.

    Args:
        cpu_s: of a run with `rows` records, in seconds.
        few_s: of a run with `few`.
    """
    # On a busy machine the short run may take longer: then all that is known is a bound.
    if few_s >= cpu_s or few >= rows:
        return cpu_s / rows * 1000
    return (cpu_s - few_s) / (rows - few) * 1000
