"""`wosync shadow`: what a service that only looks would have sent, and what others have done."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from engine.about import PROGRAM
from engine.cli.exits import Exit
from engine.cli.plans import SAMPLES, described, moment
from engine.cli.reading import look
from engine.cli.services import option
from engine.cli.state import NoState
from engine.cli.tables import console, table
from engine.cli.writes import value
from engine.config.places import find
from engine.model.plan import Kind
from engine.model.shadow import Outcome, Unsent
from engine.service.shadow.reading import Numbers, Reading, document, reading

_HEADINGS = ("What would have been sent", "Not done", "Done by another", "Differs")
# Those that need somebody first.
_ORDER = (Outcome.DIFFERS, Outcome.NOT_DONE, Outcome.DONE)


def shadow(path: Path | None, *, as_json: bool, everything: bool) -> int:
    """0 when others have done all of it, 3 when something differs or was not done.

    Args:
        everything: show every line, and not only some of each outcome.

    Raises:
        NoState: nothing has run in shadow.
        StateUnusable: the book cannot be read.
    """
    config = look(find(path)).in_shadow()
    place = config.engine.service.state_dir
    with reading(place) as found:
        if found is None:
            raise NoState(
                f"nothing has run in shadow yet: there is no book in {place}",
                remedy=f"start it: {PROGRAM} run --shadow{option(path)}",
            )
        counted = found.numbers()
        if as_json:
            _print_json(found, counted)
        else:
            _print(found, counted, everything=everything)
    left = counted.of(Outcome.NOT_DONE) + counted.of(Outcome.DIFFERS)
    return Exit.ATTENTION if left else Exit.DONE


def _print_json(found: Reading, counted: Numbers) -> None:
    out = sys.stdout
    out.write(f'{{"schema_version": 1, {json.dumps(counted.document())[1:-1]}, "lines": [')
    for number, line in enumerate(found.lines()):
        out.write((",\n" if number else "\n") + json.dumps(document(line)))
    out.write("]}\n")


def _print(found: Reading, counted: Numbers, *, everything: bool) -> None:
    out = console(soft_wrap=True)
    out.print(f"In shadow since {moment(counted.since)} UTC; nothing of this was sent.")
    if not counted.kinds:
        out.print("Nothing would have been sent.")
        return
    shown = table(*_HEADINGS)
    for kind in Kind:
        row = [counted.kinds.get((kind, outcome), 0) for outcome in Outcome]
        if any(row):
            shown.add_row(kind.value, *(str(number) if number else "" for number in row))
    console().print(shown)
    if counted.held:
        out.print(f"The fuse would have held {counted.held} records until they are approved.")
    for outcome in _ORDER:
        if number := counted.of(outcome):
            lines = found.lines(outcome)
            _print_lines(outcome, number, lines if everything else islice(lines, SAMPLES))


def _print_lines(outcome: Outcome, number: int, lines: Iterator[Unsent]) -> None:
    shown = table("", "", "")
    for one in lines:
        shown.add_row(f"  {one.change.ref}", one.change.kind.value, _told(one))
    count = shown.row_count
    out = console(soft_wrap=True)
    out.print()
    many = f"{count} of {number}" if count < number else str(number)
    out.print(f"{outcome.value} ({many})")
    console().print(shown)


def _told(one: Unsent) -> list[str]:
    lines = described(one.change)
    lines += [f"but {each.field} is {value(each.now)}" for each in one.there]
    if one.remark is not None:
        lines.append(one.remark)
    return lines
