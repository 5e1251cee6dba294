"""Taking back, as kept: which records are meant, and what stands of each step, whatever dies."""

from __future__ import annotations

import json
import sqlite3

import pytest

from engine.model.edit import Edit
from engine.model.history import UNDONE, Note
from engine.model.intent import IntentKind
from engine.model.named import Named
from engine.model.records import RecordType, TabLine
from engine.model.run import RunKind
from engine.model.tab import KnownRole
from engine.model.undo import Scope
from engine.model.undone import Undone
from engine.model.work import Work
from engine.model.write import Write, WriteKind
from engine.runs import within
from tests.unit.engine.stand_ins import NOW, link, pending, row, take
from tests.unit.engine.store.adapters import history, intents, journal, runs, undo, work

EDITS = (Edit("name", "Crane", "A deal"),)
MARK = Undone(7, 1, "mapping 1", frozenset({"name", "amount"}), None, 1)
ROLE = KnownRole(12, 310, "Buyer", made=True, seen_at=NOW)
OPPORTUNITY = RecordType.OPPORTUNITY


def named(record_id: int, record_type: RecordType = OPPORTUNITY) -> Named:
    """A record by its names."""
    ref = f"{'OPP' if record_type is OPPORTUNITY else 'PERS'}-{record_id}"
    return Named(record_type, record_id, ref)


def wrote(
    connection: sqlite3.Connection,
    record_id: int,
    at: float,
    record_type: RecordType = OPPORTUNITY,
    name: str = "Crane",
) -> None:
    """Something was written for the record."""
    write = Write(WriteKind.UPDATED, 7, (Edit("name", "", name),))
    history_line(connection, record_id, at, record_type, (write,))


def history_line(
    connection: sqlite3.Connection,
    record_id: int,
    at: float,
    record_type: RecordType = OPPORTUNITY,
    writes: tuple[Write, ...] = (),
) -> None:
    """A line of the record's history."""
    note = Note("updated", f"at {at - NOW:.0f}", writes)
    history.remember(connection, record_id, 1, note, at, record_type=record_type)


def settled(connection: sqlite3.Connection, record_id: int = 1, target_id: int = 7) -> Work:
    """A record that waits for nothing, and its target record."""
    take(connection, row(record_id, tab=[TabLine(310, "Buyer")]))
    link(connection, record_id, target_id)
    connection.execute(
        "UPDATE people_tab SET state = 'settled', listed = 1, settled_tab = '[]'"
        " WHERE record_id = ?",
        (record_id,),
    )
    found = work.known(connection, record_id)
    assert found is not None
    return found


def one(connection: sqlite3.Connection, statement: str) -> tuple[object, ...]:
    """The one row of it."""
    [found] = connection.execute(statement).fetchall()
    return tuple(found)


def last_told(connection: sqlite3.Connection) -> tuple[str, tuple[Write, ...]]:
    """The latest line of the record's history."""
    line = journal.of_record(connection, OPPORTUNITY, 1)[-1]
    return line.decision, line.writes


@pytest.fixture
def written_for(connection: sqlite3.Connection) -> sqlite3.Connection:
    """Three opportunities and a person that something was written for, in two runs."""
    take(connection, *(row(number) for number in (1, 2, 3, 4)))
    people_known(connection)
    with within(runs.begin(connection, RunKind.UNDO, NOW, "")):
        wrote(connection, 1, NOW)
        wrote(connection, 2, NOW + 1)
    with within(runs.begin(connection, RunKind.UNDO, NOW, "")):
        wrote(connection, 3, NOW + 2)
        wrote(connection, 5, NOW + 3, RecordType.PERSON)
        wrote(connection, 1, NOW + 4)
        history_line(connection, 4, NOW + 5)
    return connection


def people_known(connection: sqlite3.Connection) -> None:
    """A person."""
    connection.execute("INSERT INTO person (id, ref, version, read_at) VALUES (5, 'PERS-5', 1, 0)")


def test_those_written_last_come_first_and_part_by_part(written_for: sqlite3.Connection) -> None:
    """What only tells is no reason to look at a record."""
    every = [named(1), named(5, RecordType.PERSON), named(3), named(2)]

    assert undo.newest(written_for) == 6
    assert undo.meant(written_for, Scope(), 0, 10) == every
    assert undo.meant(written_for, Scope(), 0, 3) == every[:3]
    assert undo.meant(written_for, Scope(), 3, 3) == every[3:]
    assert undo.meant(written_for, Scope(), 6, 3) == []


@pytest.mark.parametrize(
    ("scope", "ids"),
    [
        (Scope(run=1), [2, 1]),
        (Scope(run=2), [1, 5, 3]),
        (Scope(since=NOW + 2), [1, 5, 3]),
        (Scope(upto=3), [3, 2, 1]),
        (Scope(record=named(1)), [1]),
        (Scope(record=named(5, RecordType.PERSON)), [5]),
        (Scope(record=named(1), run=1, since=NOW, upto=6), [1]),
        (Scope(record=named(2), run=2), []),
    ],
)
def test_a_scope_is_all_of_its_parts_together(
    written_for: sqlite3.Connection, scope: Scope, ids: list[int]
) -> None:
    """Whoever names a run and a record means that of the run for the record."""
    assert [found.id for found in undo.meant(written_for, scope, 0, 10)] == ids


def test_what_was_written_after_what_is_meant_is_told_apart(
    written_for: sqlite3.Connection,
) -> None:
    """It is what somebody would lose."""
    meant, later = undo.written(written_for, Scope(run=1), named(1))
    assert [[line.detail for line in lines] for lines in (meant, later)] == [["at 0"], ["at 4"]]

    meant, later = undo.written(written_for, Scope(), named(1))
    assert [[line.detail for line in lines] for lines in (meant, later)] == [["at 0", "at 4"], []]

    assert undo.written(written_for, Scope(), named(4)) == ([], [])
    assert undo.newest(written_for) == 6


def test_how_a_record_stands(connection: sqlite3.Connection) -> None:
    """And whose the target record is."""
    assert undo.standing(connection, 1, 7) is None

    settled(connection)
    take(connection, row(2))
    stands = undo.standing(connection, 1, 7)
    assert stands is not None
    assert (stands.work.id, stands.pending, stands.owner) == (1, False, "OPP-1")
    assert (stands.related, stands.in_doubt, stands.tab) == (True, False, '[[310,"Buyer"]]')

    intents.announce(connection, IntentKind.ROLE, 1, "[]", NOW)
    stands = undo.standing(connection, 1, 7)
    assert stands is not None
    assert stands.in_doubt
    stands = undo.standing(connection, 1, 8)
    assert stands is not None
    assert (stands.owner, stands.related, stands.in_doubt) == (None, False, False)
    stands = undo.standing(connection, 2, 7)
    assert stands is not None
    assert (stands.pending, stands.owner, stands.related) == (True, "OPP-1", False)

    intents.answer(connection, IntentKind.ROLE, 1)
    stands = undo.standing(connection, 1, 7)
    assert stands is not None
    assert not stands.in_doubt


@pytest.mark.parametrize("answered", [True, False])
@pytest.mark.parametrize(("holds", "shown"), [("A deal", True), ("Crane", False)])
def test_what_is_announced_is_told_once_it_is_known(
    connection: sqlite3.Connection, answered: bool, holds: str, shown: bool
) -> None:
    """By the target's own word, or by what it holds."""
    known = settled(connection)

    assert undo.announce_fields(connection, known, 7, EDITS, MARK)
    assert one(connection, "SELECT synced FROM record") == (None,)
    assert one(connection, "SELECT sending IS NULL FROM record")[0] in (0, False)
    undone = work.known(connection, 1)
    assert undone is not None
    assert undone.undone == MARK

    undo.settle_fields(
        connection,
        known,
        7,
        {"name": holds, "amount": 1.5, "other": "x"},
        answered=answered,
        mapped={"name", "amount"},
        now=NOW + 1,
    )
    synced, sending = one(connection, "SELECT synced, sending FROM record")
    assert (json.loads(str(synced)), sending) == ({"name": holds, "amount": 1.5}, None)
    told = (UNDONE, (Write(WriteKind.UPDATED, 7, EDITS, found=not answered),))
    assert (last_told(connection) == told) is (answered or shown)


def test_a_mark_is_replaced_whole_and_goes_with_what_was_before(
    connection: sqlite3.Connection,
) -> None:
    """The one there was counts again where nothing was carried out."""
    known = settled(connection)
    first = Undone(7, 1, "mapping 0", frozenset({"a"}), "[]", 1)
    undo.announce_fields(connection, known, 7, EDITS, first)
    undo.announce_fields(connection, known, 7, EDITS, MARK)
    stands = undo.standing(connection, 1, 7)
    assert stands is not None
    assert stands.work.undone == MARK

    undo.withdraw_fields(connection, known, first, {"name": "Crane"})
    stands = undo.standing(connection, 1, 7)
    assert stands is not None
    assert (stands.work.undone, stands.work.synced) == (first, {"name": "Crane"})
    assert one(connection, "SELECT sending FROM record") == (None,)

    undo.withdraw_fields(connection, known, None, None)
    stands = undo.standing(connection, 1, 7)
    assert stands is not None
    assert (stands.work.undone, stands.work.synced) == (None, None)


def test_nothing_is_sent_for_what_does_not_stand_any_more(connection: sqlite3.Connection) -> None:
    """Captured anew, or another's by now."""
    known = settled(connection)
    assert not undo.announce_fields(connection, known, 8, EDITS, MARK)

    take(connection, row(1, 2, name="Another deal"))
    assert not undo.announce_fields(connection, known, 7, EDITS, MARK)
    assert not undo.announce_fields(connection, pending(connection, 1), 7, EDITS, MARK)
    assert not undo.announce_role(
        connection, known, 7, ROLE, MARK, kind=WriteKind.ROLE_ADDED, now=NOW
    )
    assert one(connection, "SELECT count(*) FROM undone") == (0,)
    assert one(connection, "SELECT sending FROM record") == (None,)


def test_a_role_that_is_added_is_looked_for_where_its_answer_is_lost(
    connection: sqlite3.Connection,
) -> None:
    """It is a create as any other."""
    known = settled(connection)

    assert undo.announce_role(connection, known, 7, ROLE, MARK, kind=WriteKind.ROLE_ADDED, now=NOW)
    intent = intents.of(connection, IntentKind.ROLE, 1)
    assert intent is not None
    assert (intent.correlation, intent.doubt_since) == ('[[310, "Buyer"]]', None)
    assert one(connection, "SELECT listed FROM people_tab") == (0,)
    assert one(connection, "SELECT count(*) FROM role_edit") == (0,)

    undo.doubt_role(connection, known, 7, NOW + 1, lost=True)
    intent = intents.of(connection, IntentKind.ROLE, 1)
    assert intent is not None
    assert (intent.doubt_since, intent.look_at) == (NOW + 1, NOW + 1)
    shown = "SELECT state, due_at, pending_since FROM people_tab"
    assert one(connection, shown) == ("pending", NOW + 1, NOW + 1)

    undo.doubt_role(connection, known, 7, NOW + 2, lost=False)
    assert intents.of(connection, IntentKind.ROLE, 1) is None
    assert one(connection, shown) == ("pending", NOW + 2, NOW + 1)


def test_a_role_that_was_added_is_ours(connection: sqlite3.Connection) -> None:
    """And is told with the text it had, if it was there before."""
    known = settled(connection)
    for before in (None, "Sponsor"):
        kind = WriteKind.ROLE_ADDED if before is None else WriteKind.ROLE_CHANGED
        undo.announce_role(connection, known, 7, ROLE, MARK, kind=kind, now=NOW)
        undo.settle_role(connection, known, 7, ROLE, kind=kind, before=before, now=NOW + 1)

        shown = "SELECT id, record_id, target_id, prospect_id, role, made, seen_at FROM role"
        assert one(connection, shown) == (12, 1, 7, 310, "Buyer", 1, NOW + 1)
        assert one(connection, "SELECT listed, settled_tab FROM people_tab") == (0, None)
        assert intents.of(connection, IntentKind.ROLE, 1) is None
        decision, [write] = last_told(connection)
        assert (decision, write.kind, write.role_id) == (UNDONE, kind, 12)


def test_a_role_that_is_changed_or_removed_may_be_shown_as_before(
    connection: sqlite3.Connection,
) -> None:
    """What is to become of it is kept, and replaced whole."""
    known = settled(connection)
    shown = "SELECT role_id, target_id, sent_at, became, removes FROM role_edit"

    undo.announce_role(connection, known, 7, ROLE, None, kind=WriteKind.ROLE_CHANGED, now=NOW)
    assert one(connection, shown) == (12, 7, NOW, "Buyer", 0)
    undo.announce_role(connection, known, 7, ROLE, None, kind=WriteKind.ROLE_REMOVED, now=NOW + 1)
    assert one(connection, shown) == (12, 7, NOW + 1, None, 1)
    undo.settle_role(
        connection, known, 7, ROLE, kind=WriteKind.ROLE_REMOVED, before="Buyer", now=NOW + 2
    )

    assert one(connection, "SELECT count(*) FROM role") == (0,)
    decision, [write] = last_told(connection)
    assert (decision, write.kind) == (UNDONE, WriteKind.ROLE_REMOVED)


def test_roles_elsewhere_are_left_as_they_are(connection: sqlite3.Connection) -> None:
    """The tab is followed on another target record."""
    known = settled(connection)
    connection.execute("INSERT INTO claim (target_id, record_id, since) VALUES (8, 1, ?)", (NOW,))

    assert undo.announce_role(connection, known, 8, ROLE, MARK, kind=WriteKind.ROLE_ADDED, now=NOW)
    undo.doubt_role(connection, known, 8, NOW + 1, lost=True)

    assert intents.of(connection, IntentKind.ROLE, 1) is None
    assert one(connection, "SELECT listed, state FROM people_tab") == (1, "settled")
