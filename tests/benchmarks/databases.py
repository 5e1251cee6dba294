"""Databases: what a bulk import costs with the state in PostgreSQL, beside one with it in a file.

Both keep every commit through a power loss. One run after the other, several times, on a server of
this benchmark's own; its CPU is not in that of the service.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from statistics import median
from urllib.parse import quote

import psycopg
from psycopg.conninfo import conninfo_to_dict

from tests import postgres
from tests.benchmarks.report import Figure
from tests.benchmarks.stage import BenchmarkFailed, Scene, record_cpu_ms, stage

RATIO_MIN = 0.7
# Of ten records: what a start and an end take is none of a record's.
FEW = 10
_NUMBERS = count(1)


@dataclass(frozen=True, slots=True)
class Run:
    """One import: creates per second, and CPU per record in milliseconds."""

    rate: float
    cpu_ms: float


def measure(rows: int, *, workers: int, latency_s: float, repeat: int) -> list[Figure]:
    """Create `rows` opportunities from nothing, in turn with the state in either; medians.

    Raises:
        BenchmarkFailed: there is no server to start.
    """
    with tempfile.TemporaryDirectory() as shared:
        try:
            with postgres.server(Path(shared), durable=True) as server:
                rounds = [
                    (
                        _run(rows, latency_s, workers, lambda: ""),
                        _run(rows, latency_s, workers, lambda: _new_database(server)),
                    )
                    for _ in range(repeat)
                ]
        except postgres.NoServer as missing:
            raise BenchmarkFailed(str(missing)) from missing
    in_file, in_database = [one for one, _ in rounds], [other for _, other in rounds]
    return [
        Figure("file", "creates per second, in a file", _rate(in_file), "1/s"),
        Figure("database", "creates per second, in PostgreSQL", _rate(in_database), "1/s"),
        Figure(
            "ratio",
            "rate in PostgreSQL to that in a file",
            median(other.rate / one.rate for one, other in rounds),
            "",
            at_least=RATIO_MIN,
        ),
        Figure("file_cpu", "CPU per record, in a file", _cpu_ms(in_file), "ms"),
        Figure("database_cpu", "CPU per record, in PostgreSQL", _cpu_ms(in_database), "ms"),
        Figure(
            "cpu_ratio",
            "CPU to that in a file",
            median(other.cpu_ms / one.cpu_ms for one, other in rounds),
            "",
        ),
    ]


def _rate(runs: list[Run]) -> float:
    return median(run.rate for run in runs)


def _cpu_ms(runs: list[Run]) -> float:
    return median(run.cpu_ms for run in runs)


def _run(rows: int, latency_s: float, workers: int, state: Callable[[], str]) -> Run:
    with stage(Scene(FEW, latency_s, workers, state=state())) as set_up:
        few_s = set_up.measured("once", str(set_up.config))["cpu_s"]
    with stage(Scene(rows, latency_s, workers, state=state())) as set_up:
        cpu_s = set_up.measured("once", str(set_up.config))["cpu_s"]
        rate = rows / set_up.ledger()["span_s"]
    return Run(rate, record_cpu_ms(cpu_s, rows, few_s, FEW))


def _new_database(server: str) -> str:
    """The address of one with nothing in it."""
    name = f"round_{next(_NUMBERS)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name}".encode())
        connection.execute(f"CREATE DATABASE {name}".encode())
    known = {part: str(value) for part, value in conninfo_to_dict(server).items()}
    user, _ = known.pop("user"), known.pop("dbname")
    query = "&".join(f"{part}={quote(value, safe='')}" for part, value in known.items())
    return f"postgresql://{user}@/{name}?{query}"
