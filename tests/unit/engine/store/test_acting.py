"""What an operator does to records by name is done whole, or the reason is told."""

from __future__ import annotations

import sqlite3
from typing import Any

from engine.decide.reasons import because
from engine.model.acting import Did
from engine.model.history import Note
from engine.model.lane import Lane
from engine.model.mass_change import Mass
from engine.model.named import Named
from engine.model.reason import Code
from engine.model.records import RecordType, TabLine
from engine.model.work import Failure
from engine.store.rows.acting import FRESH_MAX
from tests.unit.engine.stand_ins import (
    NOW,
    announce,
    link,
    owed_to,
    pending,
    person,
    row,
    said,
    state_of,
    take,
)
from tests.unit.engine.store.adapters import acting, outbox, people, settle

FAILURE = Failure("validation", "name", said("too long"))
LATER = NOW + 60


def opportunity(number: int) -> Named:
    """An opportunity, named."""
    return Named(RecordType.OPPORTUNITY, number, f"OPP-{number}")


def somebody(number: int) -> Named:
    """A person, named."""
    return Named(RecordType.PERSON, number, f"PERS-{number}")


def refused(connection: sqlite3.Connection, *record_ids: int) -> None:
    """Opportunities that the target has refused, and of which the source was told so."""
    take(connection, *(row(one, 5) for one in record_ids))
    for one in record_ids:
        settle.settle_refused(connection, pending(connection, one), FAILURE, NOW)
    told = outbox.load(connection, RecordType.OPPORTUNITY, record_ids)
    outbox.delivered(connection, [(one, 6) for one in told], NOW)


def of(connection: sqlite3.Connection, columns: str, table: str = "record") -> tuple[Any, ...]:
    """Columns of the only row."""
    [found] = connection.execute(f"SELECT {columns} FROM {table}").fetchall()  # noqa: S608 # names of ours
    return tuple(found)


def decisions(connection: sqlite3.Connection, record_type: str = "opportunity") -> list[str]:
    """What was told of records of the type, oldest first."""
    rows = connection.execute(
        "SELECT decision FROM history WHERE record_type = ? ORDER BY seq", (record_type,)
    )
    return [one[0] for one in rows]


def test_what_is_refused_is_found_by_its_reason(connection: sqlite3.Connection) -> None:
    """Opportunities before people, or all of it."""
    refused(connection, 2, 1)
    people.refuse(connection, person(1), FAILURE, NOW)
    take(connection, row(3))
    every = [opportunity(1), opportunity(2), somebody(1)]

    assert acting.refused(connection, None) == every
    assert acting.refused(connection, Code.REFUSED) == every
    assert acting.refused(connection, Code.VALUE_TOO_LONG) == []


def test_a_refused_record_is_tried_again_and_its_flag_reset(connection: sqlite3.Connection) -> None:
    """The source is told at once."""
    refused(connection, 1)

    [done] = acting.retry(connection, [opportunity(1)], LATER)

    assert done.did is Did.RESET
    assert of(connection, "state, lane, mass, lifted, due_at") == ("pending", 0, 0, 1, 0)
    owed = owed_to(connection)
    assert owed is not None
    assert (owed.error, owed.message) == (False, "")
    assert outbox.due_keys(connection, 0, 9) == [(RecordType.OPPORTUNITY, 1)]
    assert decisions(connection)[-1] == "retried"


def test_more_than_a_few_are_a_backlog(connection: sqlite3.Connection) -> None:
    """Somebody who has named each of them waits for them."""
    few = range(1, FRESH_MAX + 1)
    refused(connection, *few, FRESH_MAX + 1)

    acting.retry(connection, [*map(opportunity, few), opportunity(FRESH_MAX + 1)], LATER)

    lanes = connection.execute("SELECT DISTINCT lane FROM record").fetchall()
    assert [one[0] for one in lanes] == [Lane.BACKLOG]


def test_what_waits_is_due_now(connection: sqlite3.Connection) -> None:
    """The record, and its people by themselves."""
    take(connection, row(1))
    connection.execute("UPDATE record SET due_at = ?", (LATER,))
    assert [one.did for one in acting.retry(connection, [opportunity(1)], NOW)] == [Did.DUE]
    assert of(connection, "due_at") == (0,)

    connection.execute("UPDATE record SET tab = '[[4,\"\"]]'")
    link(connection)
    connection.execute(
        "INSERT INTO refused_role (target_id, prospect_id, role, joined, held, retry_at,"
        " reason, reason_code, reason_class) VALUES (7, 1, 'User', 0, 0, 5, 'no', 'x', 'y')"
    )
    connection.execute(
        "UPDATE people_tab SET state = 'settled', reason = 'unknown', given_up = 1, due_at = ?",
        (LATER,),
    )
    assert [one.did for one in acting.retry(connection, [opportunity(1)], NOW)] == [Did.DUE]
    assert of(connection, "state, due_at, given_up", "people_tab") == ("pending", 0, 0)
    assert of(connection, "count(*)", "refused_role") == (0,)

    connection.execute("UPDATE people_tab SET state = 'settled', reason = NULL")
    assert [one.did for one in acting.retry(connection, [opportunity(1)], NOW)] == [Did.NOTHING]


def test_what_stands_in_the_way_of_a_retry_is_told(connection: sqlite3.Connection) -> None:
    """And nothing is done to the record."""
    take(connection, row(1), row(2), row(3, eligible=False))
    connection.execute("UPDATE record SET mass = ? WHERE id = 1", (Mass.HELD,))
    announce(connection, 2)
    acting.skip(connection, [opportunity(4)], "no", NOW)

    named = [opportunity(one) for one in (1, 2, 3, 5)]
    done = [one.did for one in acting.retry(connection, named, LATER)]

    assert done == [Did.HELD, Did.SOUGHT, Did.INELIGIBLE, Did.NOTHING]


def test_a_flag_of_somebody_else_stays(connection: sqlite3.Connection) -> None:
    """One of ours is reset though the record may not be synced."""
    take(connection, row(1))
    note = Note("left out", because(Code.ERROR_FLAG_SET))
    settle.settle_ineligible(connection, pending(connection, 1), note, flagged=False, now=NOW)
    assert [one.did for one in acting.retry(connection, [opportunity(1)], NOW)] == [Did.NOT_OURS]

    connection.execute("UPDATE record SET flagged = 1")
    assert [one.did for one in acting.retry(connection, [opportunity(1)], NOW)] == [Did.UNFLAGGED]
    owed = owed_to(connection)
    assert owed is not None
    assert owed.error is False


def test_people_are_retried_by_what_they_are(connection: sqlite3.Connection) -> None:
    """Refused, flagged by somebody, without a prospect, or not known."""
    people.refuse(connection, person(1), FAILURE, NOW)
    for one, prospect_id in ((2, None), (3, None), (4, 9)):
        connection.execute(
            "INSERT INTO person (id, ref, version, read_at, prospect_id, retry_at)"
            " VALUES (?, ?, 1, 1, ?, 50)",
            (one, f"PERS-{one}", prospect_id),
        )
    connection.execute(
        "UPDATE person SET reason_code = ? WHERE id = 2", (Code.PERSON_FLAGGED.value,)
    )

    done = acting.retry(connection, [somebody(one) for one in (1, 2, 3, 4, 5)], LATER)

    assert [one.did for one in done] == [
        Did.RESET,
        Did.NOT_OURS,
        Did.DUE,
        Did.NOTHING,
        Did.NOTHING,
    ]
    rows = connection.execute("SELECT lifted, retry_at, read_at FROM person ORDER BY id").fetchall()
    assert [tuple(one) for one in rows] == [(1, 0, 0), (0, 50, 1), (0, 0, 0), (0, 50, 1)]
    assert decisions(connection, "person")[-1] == "retried"


def test_what_is_skipped_is_left_alone_until_it_is_unskipped(
    connection: sqlite3.Connection,
) -> None:
    """The reason may be said anew; a record that is not known yet is skipped all the same."""
    take(connection, row(1))
    one = opportunity(1)

    assert [done.did for done in acting.skip(connection, [one, opportunity(2)], "no", NOW)] == [
        Did.SKIPPED,
        Did.SKIPPED,
    ]
    acting.skip(connection, [one], "never", LATER)
    assert state_of(connection, 1) == "ineligible"
    assert [done.did for done in acting.retry(connection, [one], LATER)] == [Did.LEFT_ALONE]
    assert [done.did for done in acting.resync(connection, [one], LATER)] == [Did.LEFT_ALONE]

    assert [done.did for done in acting.unskip(connection, [one, one], LATER)] == [
        Did.UNSKIPPED,
        Did.NOT_SKIPPED,
    ]
    assert of(connection, "state, reread, lane, due_at, pending_since") == (
        "pending",
        1,
        Lane.FRESH,
        0,
        LATER,
    )
    assert decisions(connection)[-3:] == ["skipped", "skipped", "unskipped"]


def test_a_create_in_doubt_is_looked_for_though_its_record_is_skipped(
    connection: sqlite3.Connection,
) -> None:
    """Otherwise nobody would ever know whether it is there."""
    take(connection, row(1))
    announce(connection, 1)

    assert [one.did for one in acting.skip(connection, [opportunity(1)], "no", NOW)] == [
        Did.DOUBTED
    ]
    assert state_of(connection, 1) == "pending"


def test_what_we_have_flagged_is_refused_still_once_it_is_unskipped(
    connection: sqlite3.Connection,
) -> None:
    """Our flag stands in the source."""
    refused(connection, 1)
    acting.skip(connection, [opportunity(1)], "no", NOW)

    assert [one.did for one in acting.unskip(connection, [opportunity(1)], LATER)] == [
        Did.STILL_REFUSED
    ]
    assert of(connection, "state, reread") == ("refused", 0)


def test_a_person_is_skipped_whether_known_or_not(connection: sqlite3.Connection) -> None:
    """And looked at once that is over."""
    acting.skip(connection, [somebody(1)], "no", NOW)
    assert of(connection, "id, ref, version, read_at", "person") == (1, "PERS-1", 0, 0)
    assert [one.did for one in acting.retry(connection, [somebody(1)], NOW)] == [Did.LEFT_ALONE]

    connection.execute("UPDATE person SET version = 7, read_at = 5")
    acting.skip(connection, [somebody(1)], "no", NOW)
    assert of(connection, "version, read_at", "person") == (7, 5)

    assert [one.did for one in acting.unskip(connection, [somebody(1)], LATER)] == [Did.UNSKIPPED]
    assert of(connection, "read_at", "person") == (0,)


def test_a_resync_forgets_what_the_target_is_known_to_hold(connection: sqlite3.Connection) -> None:
    """And reads the record anew, with the people on it."""
    take(connection, row(1, tab=[TabLine(4, "")]))
    link(connection)
    connection.execute(
        "INSERT INTO undone (record_id, target_id, version, mapping, fields, run)"
        " VALUES (1, 7, 1, 'm', '[]', 1)"
    )

    assert [one.did for one in acting.resync(connection, [opportunity(1)], LATER)] == [Did.READ]

    assert of(connection, "synced, reread, state, lane, due_at, pending_since") == (
        None,
        1,
        "pending",
        Lane.FRESH,
        0,
        LATER,
    )
    assert of(connection, "listed, state", "people_tab") == (0, "pending")
    assert of(connection, "count(*)", "undone") == (0,)
    assert decisions(connection)[-1] == "resynced"
    # It waits since then.
    acting.resync(connection, [opportunity(1)], LATER + 5)
    assert of(connection, "pending_since") == (LATER,)


def test_what_stands_in_the_way_of_a_resync_is_told(connection: sqlite3.Connection) -> None:
    """And nothing is done to the record."""
    take(connection, row(1), row(2), row(3, eligible=False))
    connection.execute("UPDATE record SET mass = ? WHERE id = 1", (Mass.EVALUATING,))

    named = [opportunity(one) for one in (1, 2, 3, 5)]
    done = [one.did for one in acting.resync(connection, named, LATER)]

    assert done == [Did.HELD, Did.NOT_LINKED, Did.INELIGIBLE, Did.NOTHING]
    assert acting.resync(connection, [somebody(1)], LATER)[0].did is Did.READ
