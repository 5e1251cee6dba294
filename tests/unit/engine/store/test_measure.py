"""What the metrics say of the state: since when changes wait, what is in error, at what cost."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Sequence
from functools import partial
from itertools import product

import pytest

from engine.decide.reasons import because, foreign
from engine.model.capture import Watermark
from engine.model.history import Note
from engine.model.lane import Lane
from engine.model.mass_change import Held, Limits, Mass
from engine.model.measure import Backlog, Measured
from engine.model.outbox import Owed
from engine.model.reason import Code
from engine.model.records import RecordType, TabLine
from engine.model.tab import Roles, TabWork
from engine.model.work import Failure
from tests.unit.engine.stand_ins import NOW, announce, link, owed_to, pending, person, row, take
from tests.unit.engine.store.adapters import (
    ON_SQLITE,
    awaited,
    capture,
    fuse,
    intents,
    measure,
    outbox,
    people,
    report,
    settle,
    tab_outcomes,
    tabs,
)

# The wait before roles that cannot be related are tried again.
SELDOM_S = 3600.0
# A long time before NOW, when records were edited.
EDITED = int(NOW) - 500
LATER = int(NOW) - 100
FAILURE = Failure("validation", None, foreign(Code.REFUSED, "no"))
NOTHING = Backlog(0, None)
TAB = [TabLine(31, "User")]
OTHER_TAB = [TabLine(31, "Buyer")]


def look(db: sqlite3.Connection) -> Measured:
    """Everything, with nobody unproven."""
    return measure.measured(db, 0.0, soon=0.0)


def waits(db: sqlite3.Connection, kind: str = "opportunity") -> Backlog:
    """What is still to be done."""
    return look(db).waiting(kind)


def related(db: sqlite3.Connection, record_id: int = 1) -> TabWork:
    """The opportunity whose roles wait."""
    found = tabs.load(db, record_id)
    assert found is not None
    return found


def agree(db: sqlite3.Connection, at: TabWork) -> None:
    """The target's roles are those of the tab."""
    tab_outcomes.settle(db, at, Roles([]), waits_for=[], complete=True, note=None, now=NOW)


@pytest.fixture
def tabbed(connection: sqlite3.Connection) -> sqlite3.Connection:
    """A record that is linked, with a tab the target agrees with."""
    take(connection, row(1, 5, updated_at=EDITED, tab=TAB))
    link(connection)
    agree(connection, related(connection))
    return connection


def test_a_new_state_has_nothing_to_show(connection: sqlite3.Connection) -> None:
    """Zeros and no ages: the first look at a new service."""
    found = look(connection)

    kinds = ("opportunity", "relationship", "write_back")
    assert found.pending == dict.fromkeys(product(kinds, Lane), NOTHING)
    assert found.in_doubt == {"opportunity": 0, "role": 0, "prospect": 0}
    assert found.in_error == found.watermarks == {}
    assert (found.linked, found.unproven, found.lines_held_back) == (0, 0, 0)
    assert found.in_doubt_since is found.proved_at is None


def test_an_edit_waits_since_it_was_made_in_the_source(connection: sqlite3.Connection) -> None:
    """The user's view: when I changed it, and not when somebody noticed."""
    take(connection, row(1, updated_at=EDITED), row(2, updated_at=LATER))

    assert waits(connection) == Backlog(2, EDITED)


def test_editing_again_what_waits_does_not_make_it_younger(connection: sqlite3.Connection) -> None:
    """Otherwise whoever edits most would hide how late everything is."""
    take(connection, row(1, 1, updated_at=EDITED))
    take(connection, row(1, 2, updated_at=LATER))

    assert waits(connection) == Backlog(1, EDITED)


def test_an_edit_after_all_was_settled_begins_a_new_wait(connection: sqlite3.Connection) -> None:
    """The age of the last change must not stick to the next one."""
    take(connection, row(1, 1, updated_at=EDITED))
    link(connection)
    assert waits(connection) == NOTHING
    take(connection, row(1, 2, updated_at=LATER))

    assert waits(connection) == Backlog(1, LATER)


def test_what_is_settled_is_no_longer_waited_for_when_a_newer_edit_is(
    connection: sqlite3.Connection,
) -> None:
    """A record somebody edits all day would seem to wait since the morning."""
    take(connection, row(1, 1, updated_at=EDITED))
    at = pending(connection, 1)
    take(connection, row(1, 2, updated_at=LATER))
    settle.settle_linked(
        connection,
        at,
        target_id=7,
        synced={},
        owed=None,
        awaited=(),
        note=Note("created", ""),
        now=NOW,
    )

    assert waits(connection) == Backlog(1, LATER)


def test_a_failure_leaves_the_age_alone(connection: sqlite3.Connection) -> None:
    """Trying again later is still the same change."""
    take(connection, row(1, updated_at=EDITED))
    settle.defer(connection, pending(connection, 1), FAILURE, due_at=NOW + 9, counts=True, now=NOW)

    assert waits(connection) == Backlog(1, EDITED)


def test_a_first_import_waits_since_it_was_read(connection: sqlite3.Connection) -> None:
    """Records of ten years ago are not ten years late."""
    capture.capture_page(connection, [row(1, updated_at=5)], now=NOW, fresh_max=0, news=False)

    assert waits(connection) == Backlog(1, NOW)


def test_a_reference_that_turned_up_is_waited_for_since_then(
    connection: sqlite3.Connection,
) -> None:
    """Nobody edited the record; a user was added to the target."""
    take(connection, row(1, updated_at=EDITED))
    link(connection, awaited=[("user", "Jo")])
    awaited.wake_awaiting(connection, "user", ["Jo"], NOW)

    assert waits(connection) == Backlog(1, NOW)


def test_a_changed_mapping_counts_from_now_but_not_for_what_waits_already(
    connection: sqlite3.Connection,
) -> None:
    """Everything is evaluated anew; who waited before waits since before."""
    take(connection, *(row(number, 5, updated_at=EDITED) for number in (1, 2)))
    link(connection, 1)
    capture.capture_page(
        connection,
        [row(number, 5, updated_at=EDITED) for number in (1, 2)],
        now=NOW,
        fresh_max=0,
        anew=True,
        mass=True,
    )

    assert pending(connection, 1).pending_since == NOW
    assert waits(connection) == Backlog(2, EDITED)


@pytest.mark.parametrize("eligible", [True, False])
def test_what_may_not_be_synced_does_not_wait(
    connection: sqlite3.Connection, eligible: bool
) -> None:
    """Unticked while it waited."""
    take(connection, row(1, 1, updated_at=EDITED))
    take(connection, row(1, 2, updated_at=LATER, eligible=eligible))

    assert waits(connection).records == int(eligible)


def test_what_was_refused_is_in_error_and_not_late(connection: sqlite3.Connection) -> None:
    """It waits for a person, for days perhaps, and no freshness can be kept by us."""
    take(connection, row(1, updated_at=EDITED), row(2, updated_at=EDITED))
    settle.settle_refused(connection, pending(connection, 1), FAILURE, NOW)
    link(connection, 2)

    found = look(connection)
    assert found.waiting("opportunity") == NOTHING
    assert found.in_error == {("opportunity", "validation"): 1}


def test_what_the_fuse_holds_is_neither_late_nor_in_error(tabbed: sqlite3.Connection) -> None:
    """It waits for an approval, which has metrics of its own."""
    take(tabbed, row(1, 6, updated_at=EDITED, tab=OTHER_TAB))
    at = pending(tabbed, 1)
    link(tabbed)
    give_up(tabbed)
    fuse.hold_tab(tabbed, 1, related(tabbed).revision, "would remove 1 role")
    take(tabbed, row(1, 7, updated_at=EDITED, tab=OTHER_TAB))
    fuse.hold_record(tabbed, 1, at.revision + 1, {}, "would send name")

    found = look(tabbed)
    assert found.waiting("opportunity") == found.waiting("relationship") == NOTHING
    assert found.in_error == {}
    assert found.held == Held(2, 1, tripped=False)

    fuse.release(tabbed, NOW)
    assert [look(tabbed).waiting(kind).records for kind in ("opportunity", "relationship")] == [
        1,
        1,
    ]


def test_roles_wait_since_the_change_of_their_opportunity(connection: sqlite3.Connection) -> None:
    """One edit, whose people follow it."""
    take(connection, row(1, updated_at=EDITED, tab=TAB))
    link(connection)

    assert waits(connection, "relationship") == Backlog(1, EDITED)
    agree(connection, related(connection))
    assert waits(connection, "relationship") == NOTHING


@pytest.mark.parametrize(("told", "since"), [({1: float(LATER)}, LATER), ({}, NOW), (None, NOW)])
def test_an_edited_tab_waits_since_its_own_edit_where_that_is_known(
    tabbed: sqlite3.Connection, told: dict[int, float] | None, since: float
) -> None:
    """The opportunity's own time may be years ago; a sweep knows no better than now."""
    capture.capture_page(
        tabbed,
        [row(1, 5, updated_at=EDITED, tab=OTHER_TAB)],
        now=NOW,
        fresh_max=9,
        tab_changed_at=told,
    )

    assert waits(tabbed, "relationship") == Backlog(1, since)


def test_a_tab_edited_again_keeps_the_older_time(tabbed: sqlite3.Connection) -> None:
    """As with records."""
    for since in (float(LATER), NOW - 1):
        tabs.look_again(tabbed, [1], Lane.FRESH, NOW, since=since)

    assert waits(tabbed, "relationship") == Backlog(1, LATER)


def test_a_line_that_can_be_told_only_later_does_not_wait_before(
    tabbed: sqlite3.Connection,
) -> None:
    """Until then nothing is late."""
    tabs.look_later(tabbed, 1, NOW + 60)

    assert waits(tabbed, "relationship") == Backlog(1, NOW + 60)


def test_roles_found_unfinished_at_a_start_wait_since_then(tabbed: sqlite3.Connection) -> None:
    """A create that was announced and settled otherwise is looked for again."""
    tabs.look_again(tabbed, [1], Lane.FRESH, NOW, since=EDITED)
    tab_outcomes.begin(tabbed, related(tabbed), [(310, "User")], NOW)
    intents.doubt_unfinished(tabbed, NOW + 5)

    found = look(tabbed)
    assert found.waiting("relationship") == Backlog(1, EDITED)
    assert (found.in_doubt["role"], found.in_doubt_since) == (1, NOW + 5)


def fail(db: sqlite3.Connection, due_at: float, *, given_up: bool) -> None:
    """The roles could not be related; they are tried again."""
    tab_outcomes.defer(
        db,
        related(db),
        Roles([]),
        FAILURE,
        due_at=due_at,
        counts=True,
        now=NOW,
        given_up=given_up,
    )


def give_up(db: sqlite3.Connection) -> None:
    """The roles cannot be related; they are tried again, but seldom."""
    fail(db, NOW + SELDOM_S, given_up=True)


def test_roles_given_up_are_in_error_and_not_late(connection: sqlite3.Connection) -> None:
    """There is no flag for them in the source; this is where they show."""
    take(connection, row(1, updated_at=EDITED, tab=TAB))
    link(connection)
    give_up(connection)

    found = look(connection)
    assert found.waiting("relationship") == NOTHING
    assert found.in_error == {("relationship", "validation"): 1}


def test_roles_that_wait_for_better_times_are_late_and_not_in_error(
    connection: sqlite3.Connection,
) -> None:
    """An outage is nobody's error."""
    take(connection, row(1, updated_at=EDITED, tab=TAB))
    link(connection)
    fail(connection, NOW + SELDOM_S, given_up=False)

    found = look(connection)
    assert found.waiting("relationship") == Backlog(1, EDITED)
    assert found.in_error == {}


@pytest.mark.parametrize("after_s", [60, 3 * SELDOM_S])
def test_a_fresh_edit_of_roles_given_up_is_a_change_that_waits(
    connection: sqlite3.Connection, after_s: float
) -> None:
    """Somebody mended the tab, and waits for the result, however long ago it had failed."""
    take(connection, row(1, updated_at=EDITED, tab=TAB))
    link(connection)
    give_up(connection)
    tabs.look_again(connection, [1], Lane.FRESH, NOW + after_s, since=NOW + after_s)

    found = look(connection)
    assert found.in_error == {}
    assert found.waiting("relationship").records == 1


def test_a_refused_person_is_in_error(connection: sqlite3.Connection) -> None:
    """By what was wrong, as records are."""
    people.refuse(connection, person(31), FAILURE, NOW)
    people.refuse(
        connection, person(32), Failure("conflict", None, foreign(Code.REFUSED, "taken")), NOW
    )

    assert look(connection).in_error == {("person", "validation"): 1, ("person", "conflict"): 1}


def test_what_the_source_is_owed_waits_since_the_change_it_answers(
    connection: sqlite3.Connection,
) -> None:
    """The last part of the way back to the user who edited."""
    take(connection, row(1, updated_at=EDITED))
    link(connection, owed=Owed(target_id="7"))

    assert waits(connection, "write_back") == Backlog(1, EDITED)
    entry = owed_to(connection)
    assert entry is not None
    outbox.delivered(connection, [(entry, 9)], NOW)
    assert waits(connection, "write_back") == NOTHING


@pytest.mark.parametrize("linked", [True, False])
def test_what_a_person_is_owed_waits_since_we_know_it(
    connection: sqlite3.Connection, linked: bool
) -> None:
    """The person may not have been edited for years when it comes onto a tab."""
    if linked:
        people.link(
            connection,
            person(31),
            310,
            email="x@example.org",
            owed=Owed(target_id="310"),
            note=None,
            now=NOW,
        )
    else:
        people.refuse(connection, person(31), FAILURE, NOW)
    assert person(31).updated_at < NOW - 1000

    assert waits(connection, "write_back") == Backlog(1, int(NOW))


def test_nothing_is_late_for_a_record_that_is_deleted(connection: sqlite3.Connection) -> None:
    """It is looked for now and then, and nobody can bring it back."""
    take(connection, *(row(number, updated_at=EDITED + number) for number in (1, 2)))
    for number in (1, 2):
        link(connection, number, 70 + number, owed=Owed(target_id="7"))
    entry = owed_to(connection, 1)
    assert entry is not None
    outbox.postpone(
        connection, entry, because(Code.RECORD_HIDDEN), due_at=NOW + 900, counts=True, missed=1
    )

    assert waits(connection, "write_back") == Backlog(1, EDITED + 2)


def test_doubts_are_counted_by_what_is_in_doubt_and_the_oldest_gives_the_age(
    tabbed: sqlite3.Connection,
) -> None:
    """The alert asks for the oldest, the operator where to look."""
    take(tabbed, row(2), row(3))
    for number, since in ((2, NOW - 7), (3, NOW - 3)):
        announce(tabbed, number, since)
        settle.doubt(tabbed, pending(tabbed, number), FAILURE, due_at=NOW, counts=False, now=since)
    tabs.look_again(tabbed, [1], Lane.FRESH, NOW)
    tab_outcomes.doubt(
        tabbed, related(tabbed), Roles([]), FAILURE, announced=[], due_at=NOW, now=NOW - 9
    )
    people.announce(tabbed, person(32), "x@example.org", NOW)
    people.doubt(tabbed, person(32), foreign(Code.UNSPECIFIED, "lost"), NOW - 5)

    found = look(tabbed)
    assert found.in_doubt == {"opportunity": 2, "role": 1, "prospect": 1}
    assert found.in_doubt_since == NOW - 9


def test_what_is_linked_unproven_held_back_and_captured_is_told(
    tabbed: sqlite3.Connection,
) -> None:
    """The remaining numbers of the overview."""
    capture.set_watermark(tabbed, "changes", Watermark((LATER, 3), None, None))  # pyright: ignore[reportArgumentType] # a position is a tuple
    capture.set_watermark(tabbed, "people", Watermark(None, 5, NOW))
    tabs.look_again(tabbed, [1], Lane.FRESH, NOW)
    tab_outcomes.settle(
        tabbed, related(tabbed), Roles([]), waits_for=[31, 32], complete=False, note=None, now=NOW
    )

    found = measure.measured(tabbed, NOW + 1, NOW)
    assert (found.linked, found.unproven, found.proved_at) == (1, 1, NOW)
    assert found.lines_held_back == 1
    assert found.watermarks == {"changes": LATER}
    assert measure.measured(tabbed, NOW - 1, NOW).unproven == 0


def plans(db: sqlite3.Connection, ask: Callable[[sqlite3.Connection], object]) -> list[str]:
    """Each step of the plans of every statement that is run."""
    said: list[str] = []
    db.set_trace_callback(said.append)
    ask(db)
    db.set_trace_callback(None)
    return [
        str(step["detail"])
        for statement in said
        if re.match(r"SELECT|UPDATE", statement)
        for step in db.execute(f"EXPLAIN QUERY PLAN {statement}")
    ]


def whole_tables(steps: Sequence[str]) -> list[str]:
    """The steps that read a table of the size of the population row by row."""
    return [step for step in steps if re.fullmatch(r"SCAN (record|people_tab|person|role)", step)]


@ON_SQLITE
@pytest.mark.parametrize(
    "ask",
    [
        partial(measure.measured, proved_before=NOW, soon=NOW),
        fuse.held,
        partial(fuse.decide, limits=Limits(0.3, 0, 0), now=NOW),
        partial(fuse.release, now=NOW),
        report.counts,
        report.progress,
        partial(report.due, now=NOW, lane_max=Lane.BACKLOG),
        partial(report.waiting_reasons, limit=5),
    ],
    ids=[
        "a scrape",
        "every second",
        "a decision",
        "an approval",
        "a status",
        "its line",
        "due",
        "reasons",
    ],
)
def test_what_is_asked_again_and_again_reads_no_table_whole(
    tabbed: sqlite3.Connection, ask: Callable[[sqlite3.Connection], object]
) -> None:
    """With 100,000 records each look would read all of them, while workers wait for the reader."""
    tabs.look_again(tabbed, [1], Lane.BACKLOG, NOW, mass=Mass.EVALUATING)
    fuse.hold_tab(tabbed, 1, related(tabbed).revision, "would remove 1 role")

    assert whole_tables(plans(tabbed, ask)) == []


@ON_SQLITE
def test_a_plan_that_reads_a_table_whole_is_told_apart(connection: sqlite3.Connection) -> None:
    """Otherwise the test above would be green for nothing."""

    def careless(db: sqlite3.Connection) -> None:
        db.execute("SELECT count(*) FROM record WHERE payload = ''")

    assert whole_tables(plans(connection, careless)) == ["SCAN record"]
    assert owed_to(connection, 1, RecordType.PERSON) is None
