"""From one schema to the next: what a former version wrote is kept, and completed."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Generator
from pathlib import Path

import pytest

from engine.errors import StateUnusable
from engine.model.intent import Intent
from engine.model.kept import MAPPING
from engine.model.outbox import Key, Owed
from engine.model.records import RecordType, TabLine
from engine.store.sqlite import (
    awaited,
    capture,
    claims,
    intents,
    kept,
    outbox,
    people,
    report,
    statefile,
    tabs,
    work,
)
from tests.unit.engine.stand_ins import NOW, link, row, state_of

pytestmark = pytest.mark.usefixtures("every_migration")

OPPORTUNITY = RecordType.OPPORTUNITY

SETTLED = """
INSERT INTO record (id, ref, version, updated_at, captured_at, linked, payload, state, lane,
                    due_at, target_id, synced)
VALUES (1, 'OPP-1', 5, 1700000000, 1, 0, '{}', 'settled', 0, 1, 7, '{"name": "A deal"}')
"""
WAITING = """
INSERT INTO record (id, ref, version, updated_at, captured_at, linked, payload, state, lane, due_at)
VALUES (2, 'OPP-2', 3, 1700000000, 1, 0, '{}', 'pending', 0, 1)
"""
OWED = """
INSERT INTO outbox (record_id, generation, target_id, target_url, error, message, changed_at,
                    due_at, attempts, reason)
VALUES (1, 4, '7', 'https://target.example/7', 0, '', 1700000000, 50, 2, 'busy')
"""
INTENT = "INSERT INTO intent (record_id, correlation, opened_at) VALUES (2, 'OPP-2', 9)"
HISTORY = """
INSERT INTO history (at, record_id, version, decision, detail)
VALUES (1, 1, 4, 'created', 'id 7'), (2, 2, 3, 'refused', 'too long'), (3, 1, 5, 'noop', 'again')
"""


def first_schema(path: Path, *statements: str) -> None:
    """A file as the first version left it, with these rows in it."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.executescript(statefile.migrations()[0])
        connection.execute("PRAGMA user_version = 1")
        connection.execute(f"PRAGMA application_id = {statefile.APPLICATION_ID}")
        for statement in statements:
            connection.execute(statement)
        connection.commit()


@contextlib.contextmanager
def upgraded(path: Path) -> Generator[sqlite3.Connection]:
    """The file in today's schema."""
    statefile.prepare(path)
    with contextlib.closing(statefile.connect(path)) as connection:
        yield connection


def columns(connection: sqlite3.Connection) -> dict[str, list[tuple[object, ...]]]:
    """Every table with its columns, their types and constraints."""
    tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    return {
        table["name"]: [
            tuple(column) for column in connection.execute(f"PRAGMA table_info({table['name']})")
        ]
        for table in tables
    }


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the state file lies."""
    return tmp_path / statefile.FILE_NAME


def test_what_was_owed_is_still_owed(path: Path) -> None:
    """A lost id would make a duplicate; its time and its attempts go on as they were."""
    first_schema(path, SETTLED, OWED)

    with upgraded(path) as connection:
        [entry] = outbox.load(connection, OPPORTUNITY, [1])
        due = (outbox.due_keys(connection, 49, 10), outbox.due_keys(connection, 50, 10))

    assert due == ([], [Key(OPPORTUNITY, 1)])
    assert (entry.target_id, entry.target_url) == ("7", "https://target.example/7")
    assert (entry.error, entry.message, entry.changed_at) == (False, "", 1_700_000_000)
    assert (entry.generation, entry.version, entry.attempts) == (4, 5, 2)


def test_history_goes_on_where_it_ended(path: Path) -> None:
    """Everything is explained, also what an earlier version did."""
    first_schema(path, SETTLED, WAITING, HISTORY)

    with upgraded(path) as connection:
        lines = {ref: report.history(connection, ref) for ref in ("OPP-1", "OPP-2")}

    assert [(line.at, line.decision) for line in lines["OPP-1"]] == [(1, "created"), (3, "noop")]
    assert [line.detail for line in lines["OPP-2"]] == ["too long"]
    assert {line.reason_code for one in lines.values() for line in one} == {None}


def test_a_create_that_was_announced_is_still_in_doubt(path: Path) -> None:
    """An upgrade is a restart like any other."""
    first_schema(path, WAITING, INTENT)

    with upgraded(path) as connection:
        assert intents.doubt_unfinished(connection, NOW) == 1
        found = work.load(connection, 2)

    assert found is not None
    assert found.intent is not None
    assert found.intent.correlation == "OPP-2"


@pytest.mark.parametrize(
    ("reason_class", "failed_since", "message"),
    [("validation", "NULL", ""), ("unreachable", "9", None), ("held_back", "NULL", None)],
)
def test_only_what_was_refused_is_taken_back(
    path: Path, reason_class: str, failed_since: str, message: str | None
) -> None:
    """The source may show the reason of a refusal, and of nothing else."""
    known = (
        f"UPDATE record SET reason = 'why', reason_class = '{reason_class}',"  # noqa: S608 # above
        f" failed_since = {failed_since}"
    )
    first_schema(path, WAITING, known)

    with upgraded(path) as connection:
        link(connection, 2, owed=Owed(target_id="7"))
        [entry] = outbox.load(connection, OPPORTUNITY, [2])

    assert entry.message == message


def test_what_is_in_the_target_is_read_anew_and_gets_its_people(path: Path) -> None:
    """It was captured without its tab, so no tab would ever seem to have changed."""
    first_schema(path, SETTLED, WAITING)

    with upgraded(path) as connection:
        assert kept.setting(connection, MAPPING) == "0"
        capture.capture_page(
            connection,
            [row(1, 5, linked=True, tab=[TabLine(31, "User")])],
            now=NOW,
            fresh_max=0,
            anew=True,
        )
        assert state_of(connection, 1) == "pending"
        link(connection, 1, created=False)
        found = tabs.load(connection, 1)

    assert found is not None
    assert (json.loads(found.tab or ""), found.listed) == ([[31, "User"]], False)


def test_a_state_without_anything_in_the_target_has_nothing_to_read_anew(path: Path) -> None:
    """A first start must not look like a changed mapping."""
    first_schema(path, WAITING)

    with upgraded(path) as connection:
        assert kept.setting(connection, MAPPING) is None


def test_an_upgraded_file_is_like_a_new_one(path: Path, tmp_path: Path) -> None:
    """Two kinds of the same schema would each have their own faults."""
    first_schema(path, SETTLED, WAITING, OWED, INTENT, HISTORY)

    with upgraded(path) as old, upgraded(tmp_path / "new.db") as new:
        assert columns(old) == columns(new)
        assert old.execute("PRAGMA foreign_key_check").fetchall() == []
        assert old.execute("PRAGMA integrity_check").fetchone()[0] == "ok"


PAIR = """
INSERT INTO record (id, ref, version, updated_at, captured_at, linked, payload, state, lane,
                    due_at, target_id, synced)
VALUES (1, 'OPP-1', 5, 1700000000, 1, 1, '{}', 'settled', 0, 1, 7, '{"name": "A copy"}'),
       (2, 'OPP-2', 3, 1700000000, 1, 1, '{}', 'settled', 0, 1, 7, '{"name": "A deal"}'),
       (3, 'OPP-3', 3, 1700000000, 1, 1, '{}', 'settled', 0, 1, 8, '{"name": "A tug"}')
"""
PAIR_HISTORY = """
INSERT INTO history (at, record_id, version, decision, detail)
VALUES (1, 2, 3, '{decision}', 'id 7, sent name'), (2, 1, 5, 'updated', 'id 7, sent name'),
       (3, 2, 3, 'updated', 'id 7, sent name'), (4, 3, 3, 'created', 'id 8, sent name')
"""


@pytest.mark.parametrize("decision", ["created", "updated"])
def test_of_two_records_linked_to_one_the_first_keeps_it(path: Path, decision: str) -> None:
    """A former version let both overwrite each other; the other is looked at again."""
    first_schema(path, PAIR, PAIR_HISTORY.format(decision=decision))

    with upgraded(path) as connection:
        assert [claims.owner_of(connection, one) for one in (7, 8)] == [2, 3]
        states = [state_of(connection, one) for one in (1, 2, 3)]
        loser = work.load(connection, 1)
        [other] = claims.others(connection, 7, 2)

    assert states == ["pending", "settled", "settled"]
    assert loser is not None
    assert (loser.target_id, loser.synced) == (None, None)
    assert (other.record_id, other.since) == (1, None)


LEFT_OUT = """
INSERT INTO record (id, ref, version, updated_at, captured_at, linked, payload, state, lane, due_at)
VALUES (4, 'OPP-4', 3, 1700000000, 1, 1, '{}', 'ineligible', 0, 1)
"""
AWAITED = "INSERT INTO awaited VALUES ('user', 'Jo', 1), ('user', 'Ada', 4)"


def test_what_was_left_out_waits_for_nothing_any_more(path: Path) -> None:
    """A former version asked for it again and again."""
    first_schema(path, SETTLED, LEFT_OUT, AWAITED)

    with upgraded(path) as connection:
        assert awaited.awaited_names(connection, "user") == ["Jo"]


UNCODED = """
INSERT INTO record (id, ref, version, updated_at, captured_at, linked, payload, state, lane, due_at,
                    reason, reason_class)
VALUES (5, 'OPP-5', 3, 1700000000, 1, 0, '{}', 'refused', 0, 1,
        'name: 300 characters long, at most 255 are taken', 'validation'),
       (6, 'OPP-6', 3, 1700000000, 1, 0, '{}', 'pending', 0, 1, 'answered HTTP 503', 'unreachable'),
       (7, 'OPP-7', 3, 1700000000, 1, 0, '{}', 'pending', 0, 1, 'who knows', 'of another kind')
"""
UNTICKED = """
INSERT INTO history (at, record_id, version, decision, detail)
VALUES (1, 5, 4, 'left out', 'sync is off'), (2, 5, 4, 'noop', 'id 7, sent no field')
"""


def test_a_reason_that_had_no_code_has_one(path: Path) -> None:
    """Nobody has to guess from its sentence afterwards."""
    first_schema(path, SETTLED, UNCODED, UNTICKED, OWED)

    with upgraded(path) as connection:
        kept_codes = connection.execute(
            "SELECT id, reason_code FROM record WHERE reason IS NOT NULL ORDER BY id"
        ).fetchall()
        told = connection.execute("SELECT reason_code FROM history ORDER BY seq").fetchall()
        owed = connection.execute("SELECT reason_code FROM outbox").fetchall()

    assert [tuple(row) for row in kept_codes] == [
        (5, "value-too-long"), (6, "unanswered"), (7, "unspecified"),
    ]  # fmt: skip
    assert [row[0] for row in told] == ["sync-off", None]
    assert [row[0] for row in owed] == ["unspecified"]


THREE_IN_DOUBT = """
INSERT INTO record (id, ref, version, updated_at, captured_at, linked, payload, state, lane,
                    due_at, target_id, tab)
VALUES (1, 'OPP-1', 5, 1700000000, 1, 0, '{}', 'pending', 0, 1, NULL, NULL),
       (2, 'OPP-2', 5, 1700000000, 1, 0, '{}', 'settled', 0, 1, 7, '[[31, "User"]]'),
       (3, 'OPP-3', 5, 1700000000, 1, 0, '{}', 'settled', 0, 1, 8, '[[31, "User"]]');
INSERT INTO intent (record_id, correlation, opened_at, doubt_since, checks, sent, look_at)
VALUES (1, 'OPP-1', 9, 10, 2, 3, 25);
INSERT INTO contacts (record_id, state, lane, due_at, target_id, listed, announced, announced_at,
                      sending, doubt_since, checks, sent)
VALUES (2, 'pending', 0, 30, 7, 0, '[[310, "User"]]', 11, 0, 12, 1, 2),
       (3, 'settled', 0, 1, 8, 0, '[[310, "User"]]', 13, 1, NULL, 0, 1);
INSERT INTO person (id, ref, version, read_at, email, prospect_id, doubt_since, sending, sent)
VALUES (31, 'P-31', 4, 14, 'ada@example.com', NULL, 15, 0, 2),
       (32, 'P-32', 4, 16, 'bea@example.com', NULL, NULL, 1, 1),
       (33, 'P-33', 4, 17, 'cy@example.com', NULL, NULL, 0, 4),
       (34, 'P-34', 4, 18, 'di@example.com', 340, NULL, 0, 0)
"""


def schema_of(path: Path, version: int, script: str) -> None:
    """A file as that version left it, with these rows in it."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        for step in statefile.migrations()[:version]:
            connection.executescript(step)
        connection.executescript(script)
        connection.execute(f"PRAGMA user_version = {version}")
        connection.execute(f"PRAGMA application_id = {statefile.APPLICATION_ID}")
        connection.commit()


# The last one with a table of creates for opportunities alone.
APART = 20


def creates(connection: sqlite3.Connection) -> dict[str, Intent | None]:
    """The creates that are known, of each kind."""
    found = work.load(connection, 1)
    related = tabs.load(connection, 2)
    persons = people.load(connection, (31, 33, 34))
    assert found is not None
    assert related is not None
    assert related.announced == ((310, "User"),)
    return {"OPP-1": found.intent, "tab of OPP-2": related.intent} | {
        one.ref: one.intent for one in persons.values()
    }


def test_creates_in_doubt_of_all_three_kinds_are_in_doubt_still(path: Path) -> None:
    """With their time, how often they were sent, and what they are looked for by."""
    schema_of(path, APART, THREE_IN_DOUBT)

    with upgraded(path) as connection:
        known = creates(connection)
        cut_off = intents.doubt_unfinished(connection, NOW)
        tab_of_another, person = tabs.load(connection, 3), people.load(connection, (32,))[32]

    assert known == {
        "OPP-1": Intent("OPP-1", 9, 10, 2, 3, 25),
        "tab of OPP-2": Intent('[[310, "User"]]', 11, 12, 1, 2, 30),
        "P-31": Intent("ada@example.com", 14, 15, 0, 2, 15),
        # It came to nothing, and how often it was sent still counts.
        "P-33": Intent("cy@example.com", 17, None, 0, 4, open=False),
        "P-34": None,
    }
    assert cut_off == 2
    assert tab_of_another is not None
    assert (tab_of_another.doubt_since, person.doubt_since) == (NOW, NOW)


def test_an_interrupted_migration_starts_again(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of it or nothing: no create may get lost on the way."""
    schema_of(path, APART, THREE_IN_DOUBT)
    steps = statefile.migrations()
    with monkeypatch.context() as patched:
        patched.setattr(statefile, "migrations", lambda: [*steps[:-1], f"{steps[-1]}\nSELECT no;"])
        with pytest.raises(StateUnusable):
            statefile.prepare(path)
    assert statefile.version_of(path) == APART

    with upgraded(path) as connection:
        assert [one for one in creates(connection).values() if one is not None and one.open] == [
            Intent("OPP-1", 9, 10, 2, 3, 25),
            Intent('[[310, "User"]]', 11, 12, 1, 2, 30),
            Intent("ada@example.com", 14, 15, 0, 2, 15),
        ]
