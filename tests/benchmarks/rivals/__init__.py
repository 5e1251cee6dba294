"""Rivals: what else could create the same records, and what that costs in CPU and in duplicates.

Each is written as its documentation advises and runs as a process of its own with the libraries of
`requirements.lock` beside this, which `make rivals` installs apart from ours. None of them reads
Workbooks, writes ids back or remembers what it did: they are given the bodies that the service
sent. What is counted is the CPU of whole processes, from outside, as the kernel counts it for who
waits for them; that of a run with few records is taken off, so that no start-up is in a figure.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from tests.benchmarks.report import Figure
from tests.benchmarks.stage import BenchmarkFailed, Scene, Stage, record_cpu_ms, stage

ROOT = Path(__file__).parents[3]
PROGRAMS = Path(__file__).parent / "programs"
# Where `make rivals` puts them; apart from ours, for they pin other versions of the same libraries.
PYTHON = ROOT / ".rivals" / "bin" / "python"
RIVALS = {
    "bare": "bare aiohttp loop",
    "singer": "Singer target",
    "pipeline": "dlt pipeline",
    "script": "plug-in style script",
}
# What the service is to cost less than.
BEATEN = ("singer", "pipeline")
FEW = 10
WORKERS = 16
PEOPLE = 3
LOST = 0.1


@dataclass(frozen=True, slots=True)
class _Ended:
    """One process: its CPU in seconds, and the customIds that it had created, in order."""

    cpu_s: float
    created: Sequence[str]


def measure(rows: int, *, repeat: int) -> list[Figure]:
    """Let everybody create `rows` opportunities, `repeat` times in turn; figures are medians.

    Raises:
        BenchmarkFailed: the rivals' libraries are not installed, or one of them ended with an
            error.
    """
    if not PYTHON.exists():
        raise BenchmarkFailed(
            f"the rivals' libraries are missing: run `make rivals` ({PYTHON} is not there)"
        )
    names = {"service": "the service", **RIVALS}
    alone = [_costs(rows, 0) for _ in range(repeat)]
    with_people = [_costs(rows, PEOPLE) for _ in range(repeat)]
    lost = _round(Scene(rows, workers=WORKERS), LOST)
    figures: list[Figure] = []
    for key, title in names.items():
        each = f"CPU per record, {title}"
        figures += [
            _cpu(f"{key}_cpu", each, alone, key),
            _cpu(f"{key}_people_cpu", f"{each}, {PEOPLE} people each", with_people, key),
            Figure(
                f"{key}_twice",
                f"created twice of {rows}, 10 % lost, {title}",
                len(lost[key].created) - len(set(lost[key].created)),
                "records",
                at_most=0 if key == "service" else None,
            ),
        ]
    return figures


def _cpu(name: str, title: str, runs: Sequence[Mapping[str, float]], key: str) -> Figure:
    """The median of these runs; the service's is to be less than that of those it is meant for."""
    costs = {one: median(run[one] for run in runs) for one in runs[0]}
    if key != "service":
        return Figure(name, title, costs[key], "ms")
    beside = ", ".join(f"{RIVALS[one]} {costs[one]:.2f}" for one in BEATEN)
    return Figure(
        name, title, costs[key], "ms", at_most=min(costs[one] for one in BEATEN), beside=beside
    )


def _costs(rows: int, people: int) -> dict[str, float]:
    """Milliseconds of CPU per opportunity by who created them."""
    many, few = (_round(Scene(each, workers=WORKERS, people=people)) for each in (rows, FEW))
    return {key: record_cpu_ms(many[key].cpu_s, rows, few[key].cpu_s, FEW) for key in many}


def _round(scene: Scene, lost: float = 0.0) -> dict[str, _Ended]:
    """Everybody in turn, between the same emulators."""
    with stage(scene) as set_up:
        if lost:
            set_up.lose_answers(lost)
        ended = {"service": _run(set_up, [sys.executable, *_once(set_up)], {})}
        environment = _given(set_up, scene)
        for key in RIVALS:
            ended[key] = _run(set_up, [str(PYTHON), str(PROGRAMS / f"{key}.py")], environment)
        return ended


def _once(set_up: Stage) -> list[str]:
    return ["-m", "engine", "once", "--config", str(set_up.config)]


def _given(set_up: Stage, scene: Scene) -> dict[str, str]:
    """The environment of a rival: the records that the service created, and where they go."""
    prospects: list[int] = set_up.told["prospects"]
    path = set_up.directory / "records.jsonl"
    bodies = {_custom_id(body): json.loads(body) for body in set_up.bodies()}
    with path.open("w", encoding="utf-8") as lines:
        for number, body in enumerate(bodies.values()):
            people = [
                [prospects[(number + place) % len(prospects)], "Influencer"]
                for place in range(scene.people)
            ]
            lines.write(json.dumps({"body": body, "people": people}) + "\n")
    return {
        "BENCH_OUTREACH": set_up.url("outreach"),
        "BENCH_TOKEN": set_up.told["access_token"],
        "BENCH_RECORDS": str(path),
        "BENCH_DIRECTORY": str(set_up.directory),
    }


def _run(set_up: Stage, command: Sequence[str], environment: Mapping[str, str]) -> _Ended:
    """Run a program to its end.

    Raises:
        BenchmarkFailed: it ended with an error.
    """
    before = len(set_up.bodies())
    log = set_up.directory / "rival.log"
    with log.open("wb") as told:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=told,
            stderr=told,
        )
        _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        end = log.read_text(encoding="utf-8", errors="replace").splitlines()[-8:]
        raise BenchmarkFailed("\n  ".join([f"{command[1:]} ended with an error:", *end]))
    created = [_custom_id(body) for body in set_up.bodies()[before:]]
    return _Ended(used.ru_utime + used.ru_stime, created)


def _custom_id(body: str) -> str:
    document: dict[str, Any] = json.loads(body)
    return document["data"]["attributes"]["customId"]
