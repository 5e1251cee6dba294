"""No statement reads through a table that grows: the plan of every one of them is looked at.

Statements are found in the source, so that a new one is looked at as soon as it is written.
"""

from __future__ import annotations

import ast
import importlib
import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from engine.model.listing import KINDS, Wanted
from engine.model.records import RecordType
from engine.store.sqlite import listing, statefile

ROOT = Path(__file__).resolve().parents[4]
RUNS = frozenset({"execute", "executemany"})
# Tables with a row for each record, person, role, decision or request there ever was.
GROWING = frozenset(
    {
        "awaited",
        "people_tab",
        "history",
        "intent",
        "left_blank",
        "outbox",
        "person",
        "record",
        "role",
        "tab_person",
        "usage_minute",
        "setting_change",
        "slowest",
        "vanished",
    }
)
# What holds only the few things that are unusual: in error, in doubt, or under way this moment.
FEW = frozenset(
    {
        "people_tab_given_up",
        "intent_announced",
        "intent_doubt",
        "person_refused",
        "record_refused",
    }
)
LISTED = listing.united(Wanted(KINDS, "owner"))
# Names that a statement takes from the function around it, with the values they have there.
LOCAL: Mapping[str, Sequence[Mapping[str, Any]]] = {
    "dossiers._pointed_at": [
        {"table": table, "column": column}
        for table, target in (("record", "target_id"), ("person", "prospect_id"))
        for column in ("id", "ref", target)
    ],
    "dossiers.alike": [
        {"pointer": SimpleNamespace(record_type=one), "column": column}
        for one in RecordType
        for column in ("id", "ref")
    ],
    # A column of both its tables.
    "fuse._let_go": [{"these": "due_at <= ?"}],
    "fuse.held_ids": [
        {
            "these": "id IN (SELECT value FROM json_each(?))",
            "tabs": "record_id IN (SELECT value FROM json_each(?))",
        }
    ],
    "fuse.take_out": [
        {"table": table, "column": column}
        for table, column in (("record", "id"), ("people_tab", "record_id"))
    ],
    "fuse._hold_again": [
        {"table": table, "these": these}
        for table, column in (("record", "id"), ("people_tab", "record_id"))
        for these in (f"{column} = ? AND let_go = ?", "let_go = ?")
    ],
    "fuse.release": [{"table": "record"}, {"table": "people_tab"}],
    "journal.counted": [{"where": "h.at >= ?"}],
    "journal.lines": [{"where": "h.at >= ?"}],
    "kept.save_usage": [
        {"table": "usage_minute", "unit": "minute"},
        {"table": "usage_day", "unit": "day"},
    ],
    "listing.chosen": [{"query": LISTED}],
    "listing.counted": [{"query": LISTED}],
    "listing.part": [{"query": one} for kind in KINDS for one in listing.queries(kind)],
    "outbox.load": [{"record_type": one} for one in RecordType],
    "outbox._forget_flag": [{"entry": SimpleNamespace(record_type=one)} for one in RecordType],
    "outbox._carry": [{"entry": SimpleNamespace(record_type=one)} for one in RecordType],
    "outbox.void_flag": [{"key": SimpleNamespace(record_type=one)} for one in RecordType],
    "people._write": [{"announces": True}, {"announces": False}],
    # What each of its statements is about in turn.
    "waits.bound": [
        {"table": "people_tab", "column": "due_at"},
        {"table": "person", "column": "retry_at"},
    ],
    "waits.following": [{"table": "record", "key": "id"}],
    "waits._any_ahead": [{"key": "id", "stretch": SimpleNamespace(table="record")}],
    "waits._take_back": [
        {"table": "people_tab", "taken_back": "failed_at = :now", "among": among}
        for among in ("", "record_id > :after AND record_id <= :until AND ")
    ],
    "work.known": [{"further": ""}, {"further": " AND r.state = 'pending' AND r.mass <> 2"}],
}
# Opens and migrates the file, before anybody works; or works on a copy of its own.
UNTOUCHED = frozenset(
    {
        "engine.store.sqlite.scratch",
        "engine.store.sqlite.statefile",
    }
)
# Not about our tables: settings of a connection.
OTHERS = re.compile(r"\s*(PRAGMA|BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|VACUUM)\b", re.IGNORECASE)
ENDS_AT_LIMIT = "reads in the order of the index and ends at its LIMIT"
ONE_ROW = "ends at the first row"
COUNTS = "counts what waits, on the reader, for whoever looks"
BEFORE_WORK = "once at each start, before anybody works"
ASKED = "on the reader, once for somebody who asks"
ONCE = "once after a changed mapping or a whole sweep; it may concern all that waits"
# Functions that may read through one, and why.
ALLOWED: Mapping[str, str] = {
    "audit.population": "counts, once for each slice of the audit",
    "awaited.pending_column": ENDS_AT_LIMIT,
    "blanks.fields": ENDS_AT_LIMIT,
    "capture.finish_sweep": ONCE,
    "capture.hold_pending": ONCE,
    "populations.populations": COUNTS,
    "samples.behind": COUNTS,
    "day._awaited": ASKED,
    "day._decisions": ASKED,
    "dossiers._pointed_at": ASKED,
    "history._forget": ENDS_AT_LIMIT,
    "journal.counted": ASKED,
    "journal.lines": ASKED,
    "listing.chosen": ASKED,
    "listing.counted": ASKED,
    "listing.part": ASKED,
    "runs.listed": ASKED,
    "undo.meant": ASKED,
    "tabs.people_ahead": ENDS_AT_LIMIT,
    "grants.note_granted": "once for each consent",
    "kept.claim_pair": ONE_ROW,
    "kept.has_worked": ONE_ROW,
    "measure._in_error": COUNTS,
    "measure._pending": COUNTS,
    "provenance._evidence": ONE_ROW,
    "provenance._forget": BEFORE_WORK,
    "report.counts": COUNTS,
    "report.progress": COUNTS,
    "report.waiting_reasons": COUNTS,
    "waits.bound": BEFORE_WORK,
    "waits._take_back": BEFORE_WORK,
}


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement, and the function it stands in."""

    where: str
    sql: str

    def __str__(self) -> str:
        return self.where


class Unreadable(Exception):
    """A statement whose text depends on more than LOCAL says: (where, why)."""


def statements() -> Iterator[Statement]:
    """Every statement in the source of the adapter."""
    for path in sorted((ROOT / "engine" / "store" / "sqlite").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if any(_runs(node) for node in ast.walk(tree)):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            yield from _in_module(name, tree)


def _runs(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in RUNS
        and bool(node.args)
    )


def _in_module(name: str, tree: ast.Module) -> Iterator[Statement]:
    if name in UNTOUCHED:
        return
    names = vars(importlib.import_module(name))
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        where = f"{name.removeprefix('engine.store.sqlite.')}.{function.name}"
        for node in ast.walk(function):
            if _runs(node):
                assert isinstance(node, ast.Call)
                yield from _readings(where, node.args[0], names)


def _readings(where: str, text: ast.expr, names: Mapping[str, Any]) -> Iterator[Statement]:
    code = compile(ast.Expression(text), where, "eval")
    for local in LOCAL.get(where, ({},)):
        try:
            sql = eval(code, {**names, **local})  # noqa: S307 # our own source
        except NameError as error:
            raise Unreadable(where, str(error)) from error
        if not OTHERS.match(sql):
            yield Statement(where, sql)


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    """An empty state with the present schema."""
    path = tmp_path_factory.mktemp("plans") / statefile.FILE_NAME
    statefile.prepare(path)
    connection = statefile.connect(path)
    yield connection
    connection.close()


def scans(state: sqlite3.Connection, sql: str) -> list[str]:
    """What of the statement's plan reads through a table that grows."""
    plan = [row["detail"] for row in state.execute(f"EXPLAIN QUERY PLAN {sql}", _values(sql))]
    named = re.findall(r"(?:FROM|JOIN|UPDATE|INTO|,)\s+(\w+)\s+(?:AS\s+)?(\w+)", sql)
    tables = {short: table for table, short in named if table in GROWING}
    found: list[str] = []
    for detail in plan:
        scan = re.match(r"SCAN (\w+)(?: USING (?:COVERING )?INDEX (\w+))?", detail)
        if scan is None or scan.group(2) in FEW:
            continue
        if tables.get(scan.group(1), scan.group(1)) in GROWING:
            found.append(detail)
    return found


def _values(sql: str) -> Any:
    """A value for each place of the statement; which one changes no plan."""
    numbers = [int(number) for number in re.findall(r"\?(\d+)", sql)]
    names = re.findall(r"(?<![\w']):([a-z]\w*)", sql)
    return dict.fromkeys(names) or [None] * (max(numbers, default=0) or sql.count("?"))


def test_no_statement_reads_through_a_table_that_grows(state: sqlite3.Connection) -> None:
    """At 100,000 records each of those would hold up everybody else."""
    looked_at = list(statements())
    found = [
        f"{one}: {one.sql}\n{scanned}"
        for one in looked_at
        if one.where not in ALLOWED and (scanned := scans(state, one.sql))
    ]

    assert looked_at
    assert found == []


def test_whoever_may_does(state: sqlite3.Connection) -> None:
    """A permission nobody needs would hide the next scan."""
    needed = {one.where for one in statements() if scans(state, one.sql)}

    assert set(ALLOWED) == needed


def _read_again(state: sqlite3.Connection, sql: str) -> list[str]:
    """Lists handed over that are read again for each row of something else: they have no index."""
    if not re.search(r"json_each\([?:]", sql):
        return []
    plan = state.execute(f"EXPLAIN QUERY PLAN {sql}", _values(sql)).fetchall()
    looping: set[int] = set()
    found: list[str] = []
    for row in plan:
        reads = re.match(r"(SCAN|SEARCH) \w+( VIRTUAL TABLE)?", row["detail"])
        if reads is not None:
            if reads.group(2) and row["parent"] in looping:
                found.append(row["detail"])
            looping.add(row["parent"])
    return found


def test_no_list_that_is_handed_over_is_read_again_for_each_row(state: sqlite3.Connection) -> None:
    """Of a thousand creates in doubt, each compared with a thousand: a second in a busy night."""
    assert [str(one) for one in statements() if _read_again(state, one.sql)] == []


# What a statement says in cases of its own: how something is counted, or listed, for whoever looks.
COUNTED = frozenset(
    {"blanks.keep", "day.day", "listing.chosen", "listing.counted", "measure._pending"}
)
DECIDES = re.compile(r"\bCASE\b")


def test_no_statement_decides() -> None:
    """It writes what it is told by `engine.decide`, where each decision can be read and tried."""
    deciding = {one.where for one in statements() if DECIDES.search(one.sql)}

    assert deciding <= COUNTED
