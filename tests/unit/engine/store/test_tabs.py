"""People as work: whose roles may differ, and what became of each edit."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

import pytest

from engine.decide.reasons import foreign
from engine.model.history import Note
from engine.model.intent import Intent, IntentKind
from engine.model.lane import Lane
from engine.model.reason import Code
from engine.model.records import TabLine
from engine.model.tab import KnownRole, Later, Roles, TabWork
from engine.model.work import Failure
from tests.unit.engine.stand_ins import NOW, link, pending, row, state_of, take
from tests.unit.engine.store.adapters import capture, intents, people, report, tab_outcomes, tabs
from tests.unit.engine.store.adapters import settle as record_settle

TAB = [TabLine(31, "User"), TabLine(32, "")]
FAILURE = Failure("unreachable", None, foreign(Code.REFUSED, "no answer"))
ROLE = KnownRole(501, 310, "User", True, NOW)
OTHERS = KnownRole(502, 320, "", False, NOW)
NOTHING = Roles([])


@pytest.fixture
def db(connection: sqlite3.Connection) -> sqlite3.Connection:
    """A state with one opportunity with two people, created just now as 7."""
    take(connection, row(1, 5, tab=TAB))
    link(connection)
    return connection


def due(db: sqlite3.Connection, record_id: int = 1) -> TabWork:
    """The opportunity, whose roles must be waiting."""
    found = tabs.load(db, record_id)
    assert found is not None
    return found


def intent_of(work: TabWork) -> Intent:
    """The create of its roles, which must be known."""
    assert work.intent is not None
    return work.intent


def settle(
    db: sqlite3.Connection,
    work: TabWork | None = None,
    roles: Sequence[KnownRole] = (ROLE, OTHERS),
    *,
    removed: Sequence[int] = (),
    waits_for: Iterable[int] = (),
    later: Later | None = None,
) -> bool:
    """The target agrees with the tab, but for the people it waits for."""
    held = list(waits_for)
    return tab_outcomes.settle(
        db,
        work or due(db),
        Roles(roles, removed),
        waits_for=held,
        complete=not held,
        note=None,
        later=later,
        now=NOW,
    )


def test_a_created_opportunity_has_its_people_related_and_nothing_to_list(
    db: sqlite3.Connection,
) -> None:
    """Rule 8, case 1; nobody has a role on a record that did not exist a moment ago."""
    work = due(db)

    assert tabs.due_keys(db, Lane.FRESH, NOW, 10) == [1]
    assert (work.target_id, work.listed, work.roles, work.ref) == (7, True, (), "OPP-1")
    assert work.tab == '[[31,"User"],[32,""]]'


def test_an_opportunity_that_was_there_already_is_listed_first(
    connection: sqlite3.Connection,
) -> None:
    """After a loss of the state its roles are in the target; unseen, they would be doubled."""
    take(connection, row(1, tab=TAB))
    link(connection, created=False)

    assert not due(connection).listed


@pytest.mark.parametrize("tab", [None, []])
def test_an_opportunity_without_people_waits_for_nothing(
    connection: sqlite3.Connection, tab: list[TabLine] | None
) -> None:
    """Most have none, and each look would be for nothing."""
    take(connection, row(1, tab=tab))
    link(connection)

    assert tabs.load(connection, 1) is None
    assert report.counts(connection).tabs == 0


def test_an_opportunity_reconciled_again_with_the_same_tab_is_left_alone(
    db: sqlite3.Connection,
) -> None:
    """An edit of the amount says nothing about people."""
    assert settle(db)
    take(db, row(1, 6, tab=list(reversed(TAB))))
    link(db)

    assert tabs.load(db, 1) is None


@pytest.mark.parametrize("waits_for", [[], [32]])
def test_an_opportunity_reconciled_again_with_lines_missing_is_looked_at(
    db: sqlite3.Connection, waits_for: list[int]
) -> None:
    """Another tab, or one that was never complete."""
    settle(db, waits_for=waits_for)
    take(db, row(1, 6, tab=TAB if waits_for else TAB[:1]))
    link(db)

    assert due(db).roles == (ROLE, OTHERS)
    assert due(db).listed


def test_an_opportunity_left_out_while_it_is_related_waits_for_nobody(
    db: sqlite3.Connection,
) -> None:
    """What was under way is settled only now."""
    work = due(db)
    capture.leave_out(db, [(1, 5)], foreign(Code.UNSPECIFIED, "deleted"), NOW)

    settle(db, work, waits_for=[32])

    assert people.awaited(db) == []


def test_people_are_not_related_to_an_opportunity_that_is_gone(db: sqlite3.Connection) -> None:
    """It is to be created anew, and its people come with the new one."""
    settle(db, waits_for=[32])
    take(db, row(1, 6, tab=TAB))

    record_settle.forget_target(db, pending(db, 1), 7, Note("target gone", "id 7"), NOW)

    assert tabs.look_again(db, [1], Lane.FRESH, NOW) == 0
    assert people.awaited(db) == []


def test_roles_on_another_target_record_are_forgotten(db: sqlite3.Connection) -> None:
    """Somebody linked the opportunity to another record: theirs are no business of this one."""
    settle(db)
    take(db, row(1, 6, tab=TAB))
    link(db, target_id=8, created=False)

    work = due(db)
    assert (work.target_id, work.listed, work.roles) == (8, False, ())


def test_a_reason_that_came_up_meanwhile_keeps_the_opportunity_waiting(
    db: sqlite3.Connection,
) -> None:
    """No lost change: what was settled was settled for the older tab."""
    older = due(db)
    assert tabs.look_again(db, [1, 99], Lane.BACKLOG, NOW + 1) == 1

    assert not settle(db, older)
    newer = due(db)
    assert (newer.roles, newer.listed, newer.lane) == ((ROLE, OTHERS), True, Lane.FRESH)
    assert settle(db, newer)


def test_roles_are_kept_as_they_are_told_and_removed_ones_are_gone(
    db: sqlite3.Connection,
) -> None:
    """The next edit script is computed from them, without a question to the target."""
    settle(db)
    tabs.look_again(db, [1], Lane.FRESH, NOW)
    renamed = KnownRole(ROLE.id, ROLE.prospect_id, "Sponsor", True, NOW + 5)
    settle(db, roles=[renamed], removed=[OTHERS.id])
    tabs.look_again(db, [1], Lane.FRESH, NOW)

    assert due(db).roles == (renamed,)


def test_a_settled_opportunity_that_becomes_due_again_takes_the_lane_of_the_reason(
    db: sqlite3.Connection,
) -> None:
    """A pending one is never put behind a bulk import, a settled one has no claim left."""
    settle(db)
    tabs.look_again(db, [1], Lane.BACKLOG, NOW)

    assert due(db).lane is Lane.BACKLOG


def test_people_who_are_waited_for_wake_the_opportunity(db: sqlite3.Connection) -> None:
    """The edge is completed by itself as soon as the person becomes available."""
    settle(db, roles=[ROLE], waits_for=[32])
    assert people.awaited(db) == [32]

    assert tabs.wake_awaiting(db, [31], NOW) == 0
    assert tabs.wake_awaiting(db, [32], NOW) == 1
    settle(db)

    assert people.awaited(db) == []
    assert tabs.wake_awaiting(db, [32], NOW) == 0


def test_a_line_that_can_be_told_later_is_looked_at_then(db: sqlite3.Connection) -> None:
    """A prospect in doubt: nobody rings when the doubt is over."""
    settle(db, waits_for=[32])
    tabs.look_later(db, 1, NOW + 30)

    assert tabs.due_keys(db, Lane.FRESH, NOW + 29, 10) == []
    assert tabs.next_due(db, Lane.FRESH, NOW) == NOW + 30

    tabs.look_later(db, 1, NOW + 60)

    assert tabs.due_keys(db, Lane.FRESH, NOW + 30, 10) == [1]


def test_an_opportunity_that_may_not_be_synced_rests_until_it_is_reconciled(
    db: sqlite3.Connection,
) -> None:
    """Ticked again, it is related in full, whatever happened to its tab meanwhile."""
    tab_outcomes.leave(db, due(db))
    assert tabs.load(db, 1) is None

    take(db, row(1, 6, tab=TAB))
    link(db)

    assert due(db).target_id == 7


def test_a_deferred_opportunity_comes_back_with_what_was_done(db: sqlite3.Connection) -> None:
    """Three roles made, the fourth refused by an outage: the three are not made again."""
    taken_up = due(db)
    tab_outcomes.begin(db, taken_up, [(31, "User")], NOW)
    tab_outcomes.defer(
        db,
        taken_up,
        Roles([ROLE]),
        FAILURE,
        due_at=NOW + 30,
        counts=True,
        now=NOW + 1,
    )

    assert tabs.due_keys(db, Lane.FRESH, NOW + 29, 10) == []
    work = due(db)
    assert (work.roles, work.attempts, work.failed_at) == ((ROLE,), 1, NOW + 1)
    assert intents.doubt_unfinished(db, NOW) == 0


def test_deferring_an_older_revision_does_not_delay_the_newer_one(db: sqlite3.Connection) -> None:
    """An edit that cures the tab must not wait out the failure it cures."""
    older = due(db)
    tabs.look_again(db, [1], Lane.FRESH, NOW)
    tab_outcomes.defer(db, older, NOTHING, FAILURE, due_at=NOW + 300, counts=True, now=NOW)

    assert tabs.due_keys(db, Lane.FRESH, NOW, 10) == [1]


def test_whatever_dies_after_the_announcement_the_roles_are_listed(
    db: sqlite3.Connection,
) -> None:
    """No duplicate: a create may have been executed without anybody hearing of it."""
    tab_outcomes.begin(db, due(db), [(31, "User")], NOW)

    assert intents.doubt_unfinished(db, NOW + 60) == 1
    assert intents.doubt_unfinished(db, NOW + 90) == 0
    work = due(db)
    assert (work.listed, work.doubt_since) == (False, NOW + 60)
    assert report.counts(db).in_doubt == 1


def test_an_announced_change_alone_is_looked_at_and_nothing_is_in_doubt(
    db: sqlite3.Connection,
) -> None:
    """A text that may have been changed is read back; no role can have been doubled."""
    tab_outcomes.begin(db, due(db), [], NOW)

    assert intents.doubt_unfinished(db, NOW + 60) == 0
    assert not due(db).listed


def test_a_doubt_keeps_its_beginning_and_its_own_time(db: sqlite3.Connection) -> None:
    """Asking too early proves nothing, whoever edits the tab meanwhile."""
    tab_outcomes.doubt(db, due(db), Roles([ROLE]), FAILURE, announced=[], due_at=NOW + 5, now=NOW)
    tab_outcomes.doubt(
        db,
        due(db),
        Roles([ROLE]),
        FAILURE,
        announced=[],
        due_at=NOW + 20,
        now=NOW + 5,
    )
    tabs.look_again(db, [1], Lane.FRESH, NOW + 6)

    work = due(db)
    assert (work.doubt_since, intent_of(work).checks, work.listed, work.roles) == (
        NOW,
        2,
        False,
        (ROLE,),
    )
    assert tabs.due_keys(db, Lane.FRESH, NOW + 19, 10) == []

    settle(db, work)
    assert report.counts(db).in_doubt == 0


def test_a_create_sent_again_begins_a_doubt_of_its_own(db: sqlite3.Connection) -> None:
    """Its answer may be lost as well, and the bound counts from then on."""
    tab_outcomes.doubt(db, due(db), NOTHING, FAILURE, announced=[], due_at=NOW + 5, now=NOW)
    tab_outcomes.begin(db, due(db), [(31, "User")], NOW)
    tab_outcomes.doubt(db, due(db), NOTHING, FAILURE, announced=[], due_at=NOW + 310, now=NOW + 305)

    assert (due(db).doubt_since, intent_of(due(db)).checks) == (NOW + 305, 1)


def test_the_decision_is_a_line_of_the_opportunitys_history(db: sqlite3.Connection) -> None:
    """Everything is explained."""
    tab_outcomes.settle(
        db,
        due(db),
        Roles([ROLE]),
        waits_for=[32],
        complete=False,
        note=Note("related", "created User of prospect 310"),
        now=NOW,
    )

    assert report.history(db, "OPP-1")[-1].detail == "created User of prospect 310"


def test_people_of_the_next_opportunities_are_known_beforehand(db: sqlite3.Connection) -> None:
    """One question to the source is for a hundred of them."""
    take(db, row(2, tab=[TabLine(33, "User"), TabLine(31, "User")]), row(3, tab=None), now=NOW + 1)
    link(db, 2, 8, now=NOW + 1)
    link(db, 3, 9, now=NOW + 1)

    assert sorted(tabs.people_ahead(db, 1)) == [31, 32]
    assert sorted(tabs.people_ahead(db, 10)) == [31, 32, 33]


def test_relating_people_does_not_touch_the_record_itself(db: sqlite3.Connection) -> None:
    """An opportunity with a person held back is in step all the same."""
    settle(db, waits_for=[32])

    assert state_of(db, 1) == "settled"


def test_what_was_announced_by_another_attempt_stays_open(db: sqlite3.Connection) -> None:
    """One that never came to a look knows nothing of it."""
    tab_outcomes.begin(db, due(db), [(31, "User")], NOW)
    later = due(db)

    tab_outcomes.defer(db, later, NOTHING, FAILURE, due_at=NOW, counts=True, now=NOW)

    assert due(db).announced == ((31, "User"),)
    assert intents.doubt_unfinished(db, NOW + 60) == 1


def test_a_role_that_is_made_anew_joins_those_that_were_announced(db: sqlite3.Connection) -> None:
    """Nothing of them was sent yet: it is one create, not two in a row."""
    before = due(db)
    tab_outcomes.begin(db, before, [(31, "User")], NOW)
    tab_outcomes.begin(db, before, [(31, "User"), (32, "Buyer")], NOW, widens=True)

    assert due(db).announced == ((31, "User"), (32, "Buyer"))
    assert due(db).sent == 1


def test_a_tab_that_is_followed_no_more_takes_its_creates_along(db: sqlite3.Connection) -> None:
    """They were those of an opportunity that the record has left."""
    tab_outcomes.begin(db, due(db), [(31, "User")], NOW)

    db.execute("UPDATE record SET target_id = 8 WHERE id = 1")

    assert intents.of(db, IntentKind.ROLE, 1) is None


def test_what_can_be_told_only_later_is_kept_with_the_outcome(db: sqlite3.Connection) -> None:
    """Whatever dies right after it: a line that waits is never taken for told."""
    why = foreign(Code.UNSPECIFIED, "read again")

    assert settle(db, due(db), later=Later(NOW + 5, why))

    assert tabs.due_keys(db, Lane.FRESH, NOW + 4, 10) == []
    assert tabs.due_keys(db, Lane.FRESH, NOW + 5, 10) == [1]
    assert db.execute("SELECT reason FROM people_tab").fetchone()[0] == why
