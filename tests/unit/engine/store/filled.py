"""A state file with rows in every table, of every kind of value that there can be.

The rows follow from the schema alone, so that a table of a later version has some as well.
"""

from __future__ import annotations

import contextlib
import re
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from engine.store.sqlite import statefile

ROWS = 4
# What any program may have to copy: signs of every kind, and what a COPY has to escape.
TEXTS = (
    "",
    "plain",
    "tab\t, line\nand \\N with \\ and \"'",
    "\u00e4\u6f22\U0001f600 \u2028 \x1f \x7f",
)
INTEGERS = (0, -(2**63), 2**63 - 1, 1_700_000_000)
REALS = (0.1, -1.5e-300, 1.7976931348623157e308, 1_700_000_000.123456)
# Each table says of some columns what may be in them.
AMONG = re.compile(r"CHECK\s*\(\s*(\w+) IN \(([^)]*)\)\s*\)")
BETWEEN = re.compile(r"CHECK\s*\(\s*(\w+) BETWEEN (\d+) AND (\d+)\s*\)")
# What the settings say is told by those who read them.
APART = frozenset({"setting", "move", "sqlite_sequence", "history_size"})


def fill(path: Path, rows: int = ROWS, text: Callable[[int], str] | None = None) -> None:
    """Make the file, with so many rows in each table.

    Args:
        text: those of the column `payload`, by the number of the row.
    """
    statefile.prepare(path)
    with contextlib.closing(sqlite3.connect(path)) as file:
        file.execute("PRAGMA synchronous = OFF")
        triggers = file.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        kept = triggers.fetchall()
        for name, _ in kept:
            file.execute(f"DROP TRIGGER {name}")
        for name, made in tables(file):
            if name not in APART:
                _fill_table(file, name, made, rows, text)
        file.execute("INSERT INTO setting (name, value) VALUES ('pair', 'this pair')")
        file.execute("INSERT INTO setting (name, value) VALUES ('state_name', 'a')")
        file.execute("INSERT INTO setting (name, value) VALUES ('state_writes', '7')")
        file.execute("UPDATE history_size SET bytes = 4711")
        for _, statement in kept:
            file.execute(statement)
        file.commit()


def tables(file: sqlite3.Connection) -> list[tuple[str, str]]:
    """Every table, with the statement that made it."""
    found = file.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table' ORDER BY name")
    return [(name, made) for name, made in found]


def _fill_table(
    file: sqlite3.Connection,
    name: str,
    made: str,
    rows: int,
    text: Callable[[int], str] | None,
) -> None:
    columns = file.execute('SELECT name, type, "notnull", pk FROM pragma_table_info(?)', (name,))
    known: Sequence[tuple[str, str, int, int]] = columns.fetchall()
    among = {column: _values(listed) for column, listed in AMONG.findall(made)}
    among |= {
        column: list(range(int(low), int(high) + 1)) for column, low, high in BETWEEN.findall(made)
    }
    for number in range(1, rows + 1):
        values = [
            text(number)
            if text is not None and column == "payload"
            else _value(column, kind, number, key=bool(key), nullable=not needed, among=among)
            for column, kind, needed, key in known
        ]
        marks = ", ".join("?" * len(values))
        file.execute(f"INSERT OR REPLACE INTO {name} VALUES ({marks})", values)  # noqa: S608 # names of the schema


def _values(listed: str) -> list[Any]:
    return [each.strip().strip("'") if "'" in each else int(each) for each in listed.split(",")]


def _value(
    column: str,
    kind: str,
    number: int,
    *,
    key: bool,
    nullable: bool,
    among: dict[str, list[Any]],
) -> Any:
    if column in among:
        return among[column][number % len(among[column])]
    # Every reference leads to a record, and what may be there once is there once.
    if column == "record_id" or (kind == "INTEGER" and (key or column.endswith("_id"))):
        return number
    if nullable and (number == 1 or (column == "doubt_since" and number % 2 == 0)):
        # What is not open is not in doubt.
        return None
    if kind == "INTEGER":
        return INTEGERS[number % len(INTEGERS)]
    if kind == "REAL":
        return REALS[number % len(REALS)]
    return f"{number} {TEXTS[number % len(TEXTS)]}" if key else TEXTS[number % len(TEXTS)]


def contents(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of every table, in order, with what SQLite remembers of its numbers."""
    with contextlib.closing(sqlite3.connect(path)) as file:
        return {
            name: sorted(file.execute(f"SELECT * FROM {name}"), key=repr)  # noqa: S608 # names of the schema
            for name, _ in tables(file)
        }


def typed(rows: dict[str, list[tuple[Any, ...]]]) -> dict[str, list[list[tuple[str, Any]]]]:
    """The same with the type of each value, since 1 and 1.0 are equal."""
    return {
        name: [[(type(value).__name__, value) for value in row] for row in all_of_it]
        for name, all_of_it in rows.items()
    }
