"""`wosync apply FILE`: do what a plan says, and nothing else."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from engine.about import PROGRAM
from engine.cli.exits import Exit
from engine.cli.planning import done_by
from engine.cli.reading import load
from engine.cli.services import option
from engine.cli.tables import console, table
from engine.cli.workplace import workplace
from engine.config.places import find
from engine.service.planning.applying import apply_alone
from engine.service.planning.files import ensure_whole

# So many records that were left out are shown; all of them with --json.
SHOWN_MAX = 100


def apply(path: Path | None, plan: Path, *, as_json: bool) -> int:
    """0 when all of it is done, 3 when something was left out."""
    ensure_whole(plan)
    found = find(path)
    with workplace() as directory:
        file = directory / "answer"
        with file.open("w", encoding="utf-8") as written:
            done_by(found, "/apply", plan, written, lambda: apply_alone(load(found), plan, written))
        with file.open(encoding="utf-8") as lines:
            left_out, numbers, run = _read(json.loads(line) for line in lines)
    if as_json:
        document = {"schema_version": 1, **numbers, "run": run, "records_left_out": left_out}
        sys.stdout.write(json.dumps(document) + "\n")
    else:
        _print(left_out, numbers)
        # Of what is left out a part may have been done.
        if numbers["done"] or left_out:
            asked = f"{option(path)} --run {run}"
            console(soft_wrap=True).print(
                f"What it did: {PROGRAM} history{asked}; take it back: {PROGRAM} undo{asked}"
            )
    return Exit.ATTENTION if left_out else Exit.DONE


def _read(
    lines: Iterable[dict[str, Any]],
) -> tuple[list[dict[str, Any]], dict[str, int], int | None]:
    """What was left out, the numbers, and the run in which it was done."""
    left_out: list[dict[str, Any]] = []
    numbers: dict[str, int] = {}
    run: int | None = None
    for line in lines:
        if "left_out" in line:
            left_out.append(line["left_out"])
        else:
            numbers, run = line["applied"], line["run"]
    return left_out, numbers, run


def _print(left_out: list[dict[str, Any]], numbers: dict[str, int]) -> None:
    out = console(soft_wrap=True)
    words = ", ".join(f"{number} {name.replace('_', ' ')}" for name, number in numbers.items())
    out.print(f"records and people: {words}")
    if not left_out:
        return
    out.print()
    out.print("Left out:")
    shown = table("", "")
    for one in left_out[:SHOWN_MAX]:
        shown.add_row(f"  {one['ref']}", one["reason"])
    console().print(shown)
    if len(left_out) > SHOWN_MAX:
        out.print(f"and {len(left_out) - SHOWN_MAX} more; all of them with --json")
