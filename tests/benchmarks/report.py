"""What a benchmark found, as a table for people and as JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

SCHEMA_VERSION = 1
WIDTH_MIN = 150


@dataclass(frozen=True, slots=True)
class Figure:
    """One number with its unit; `at_most` and `at_least` are the goal, when there is one.

    `beside` is what a rival, or the bare requests, came to in the same run, in words.
    """

    key: str
    title: str
    value: float
    unit: str
    at_most: float | None = None
    at_least: float | None = None
    beside: str = ""

    @property
    def goal(self) -> str:
        """The goal in words; empty without one."""
        if self.at_most is not None:
            return f"≤ {self.at_most:.4g}"
        return "" if self.at_least is None else f"≥ {self.at_least:.4g}"

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None without one."""
        if self.at_most is not None:
            return self.value <= self.at_most
        return None if self.at_least is None else self.value >= self.at_least


Findings = Mapping[str, Sequence[Figure]]
"""Figures by benchmark, in the order they were measured."""


def show(console: Console, findings: Findings) -> None:
    """Print one table."""
    table = Table(title="Benchmarks", title_justify="left")
    for heading in ("Benchmark", "What", "Measured", "Unit", "Goal", "Beside", ""):
        right = heading == "Measured"
        table.add_column(heading, justify="right" if right else "left", no_wrap=True)
    for benchmark, figures in findings.items():
        for place, figure in enumerate(figures):
            verdict = {None: "", True: "well", False: "[bold]not well[/bold]"}[figure.met]
            name = "" if place else benchmark
            value = f"{figure.value:,.4g}" if abs(figure.value) < 1000 else f"{figure.value:,.0f}"
            table.add_row(
                name, figure.title, value, figure.unit, figure.goal, figure.beside, verdict
            )
        table.add_section()
    # A table is one table in a log as well, whatever width a pipe is taken to have.
    console.width = max(console.width, WIDTH_MIN)
    console.print(table)


def as_json(findings: Findings) -> str:
    """One document: `{"schema_version": 1, benchmark: {key: {value, unit, goal, met}}}`."""
    document: dict[str, Any] = {"schema_version": SCHEMA_VERSION}
    for benchmark, figures in findings.items():
        document[benchmark] = {
            figure.key: {
                "value": figure.value,
                "unit": figure.unit,
                "goal": figure.goal or None,
                "met": figure.met,
            }
            for figure in figures
        }
    return json.dumps(document, ensure_ascii=False)
