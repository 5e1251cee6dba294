"""Capture: a page and the watermark in one transaction; an echo is no news."""

from __future__ import annotations

import sqlite3
from dataclasses import replace

import pytest

from engine.decide.reasons import foreign
from engine.model.capture import Watermark
from engine.model.history import Note
from engine.model.lane import Lane
from engine.model.mass_change import Limits, Mass
from engine.model.outbox import Owed
from engine.model.reason import Code
from engine.model.records import Captured, Position, TabLine
from engine.model.tab import KnownRole, Roles
from engine.model.work import Failure
from tests.unit.engine.stand_ins import NOW, announce, link, owed_to, pending, row, state_of, take
from tests.unit.engine.store.adapters import (
    capture,
    fuse,
    outbox,
    report,
    settle,
    tab_outcomes,
    tabs,
    work,
)

LIMITS = Limits(0.1, 2, 2)


def capture_rows(connection: sqlite3.Connection, *rows: Captured, sweep: int = 0) -> list[int]:
    """Ids taken as changes."""
    taken = capture.capture_page(connection, rows, now=NOW, fresh_max=2, sweep=sweep)
    assert taken.known == len(rows) - len(taken.changed)
    return [one.id for one in taken.changed]


def test_the_rows_and_the_watermark_are_kept_together(connection: sqlite3.Connection) -> None:
    """From that commit on the change is ours, and never asked for again."""
    mark = Watermark(Position(50, 2), 60, NOW)
    capture.capture_page(
        connection, [row(1), row(2)], now=NOW, fresh_max=20, feed="changes", mark=mark
    )

    assert capture.watermark(connection, "changes") == mark
    assert capture.watermark(connection, "other") == Watermark(None, None, None)
    assert work.due_keys(connection, Lane.FRESH, NOW, 10) == [1, 2]


def test_an_empty_feed_keeps_a_watermark_without_a_position(
    connection: sqlite3.Connection,
) -> None:
    """The first poll of an empty tenant."""
    mark = Watermark(None, 60, NOW)
    capture.set_watermark(connection, "changes", mark)

    assert capture.watermark(connection, "changes") == mark


def test_only_a_higher_version_is_a_change(connection: sqlite3.Connection) -> None:
    """An overlap window shows rows twice, and a stale read may come late."""
    assert capture_rows(connection, row(1, 5)) == [1]
    assert capture_rows(connection, row(1, 5)) == []
    assert capture_rows(connection, row(1, 4, name="stale")) == []
    assert capture_rows(connection, row(1, 6, name="new")) == [1]
    assert '"new"' in pending(connection, 1).payload
    assert pending(connection, 1).revision == 2


def test_the_version_our_own_write_back_made_is_no_change(
    connection: sqlite3.Connection,
) -> None:
    """No echo: in a steady state the target sees no request at all."""
    take(connection, row(1, 5))
    link(connection, 1, owed=Owed(target_id="7"))
    entry = owed_to(connection)
    assert entry is not None
    outbox.delivered(connection, [(entry, 6)], NOW)

    ours = replace(row(1, 6, linked=True), target_id="7")
    assert capture_rows(connection, ours) == []
    assert capture_rows(connection, replace(ours, version=7)) == [1]


def test_a_page_with_many_changes_goes_to_the_backlog(connection: sqlite3.Connection) -> None:
    """A bulk import must not overtake somebody's edit."""
    capture_rows(connection, row(1), row(2), row(3))
    capture_rows(connection, row(4), row(5), row(1), row(2))

    assert work.due_keys(connection, Lane.BACKLOG, NOW, 10) == [1, 2, 3]
    assert work.due_keys(connection, Lane.FRESH, NOW, 10) == [4, 5]


@pytest.mark.parametrize(("eligible", "state"), [(True, "pending"), (False, "ineligible")])
def test_a_captured_row_waits_when_it_is_eligible(
    connection: sqlite3.Connection, eligible: bool, state: str
) -> None:
    """An unticked record that was synced once is known, and left alone."""
    take(connection, row(1, eligible=eligible))

    assert state_of(connection, 1) == state


def test_resetting_the_flag_is_enough_to_have_a_refused_record_tried_again(
    connection: sqlite3.Connection,
) -> None:
    """Mission rule 6; the reset is a new version like any edit."""
    take(connection, row(1, 5))
    failure = Failure("validation", "name", foreign(Code.REFUSED, "too long"))
    settle.settle_refused(connection, pending(connection, 1), failure, NOW)
    assert state_of(connection, 1) == "refused"

    take(connection, row(1, 7))

    assert pending(connection, 1).attempts == 0


def test_a_sweep_brings_back_what_it_shows_and_drops_what_it_does_not(
    connection: sqlite3.Connection,
) -> None:
    """Unticked, flagged or deleted while it waited; and ticked again without a new version."""
    take(connection, row(1), row(2), row(3), row(4))
    settle.settle_ineligible(
        connection, pending(connection, 3), Note("left out", "off"), flagged=False, now=NOW
    )
    announce(connection, 4)
    sweep = capture.next_sweep(connection)

    assert capture_rows(connection, row(1), row(3), sweep=sweep) == [3]
    assert capture.finish_sweep(connection, sweep, NOW + 1, NOW + 1) == 1
    states = {number: state_of(connection, number) for number in (1, 2, 3, 4)}
    assert states == {1: "pending", 2: "ineligible", 3: "pending", 4: "pending"}
    assert capture.next_sweep(connection) == sweep + 1


def test_a_record_captured_while_the_sweep_ran_is_not_dropped(
    connection: sqlite3.Connection,
) -> None:
    """The sweep may have passed its place already."""
    sweep = capture.next_sweep(connection)
    take(connection, row(1), now=NOW + 5)

    assert capture.finish_sweep(connection, sweep, NOW, NOW) == 0
    assert state_of(connection, 1) == "pending"


TAB = [TabLine(31, "User")]
OTHER_TAB = [TabLine(31, "Sponsor")]


def related(connection: sqlite3.Connection) -> None:
    """The opportunity is synced, and its people are related."""
    take(connection, row(1, 5, tab=TAB))
    link(connection)
    work_of_people = tabs.load(connection, 1)
    assert work_of_people is not None
    tab_outcomes.settle(
        connection,
        work_of_people,
        Roles([]),
        waits_for=[],
        complete=True,
        note=None,
        now=NOW,
    )


def test_a_tab_that_differs_on_the_same_version_is_no_change_of_the_record(
    connection: sqlite3.Connection,
) -> None:
    """Mission rule 8, cases 2 and 3: an edit of the tab need not move the version."""
    related(connection)

    taken = capture.capture_page(connection, [row(1, 5, tab=OTHER_TAB)], now=NOW, fresh_max=2)

    assert (taken.changed, taken.tabs, taken.known) == ([], [1], 1)
    assert state_of(connection, 1) == "settled"
    found = tabs.load(connection, 1)
    assert found is not None
    assert found.tab == '[[31,"Sponsor"]]'
    assert "Sponsor" in found.payload


@pytest.mark.parametrize(
    "again",
    [
        row(1, 5, tab=TAB),
        row(1, 5, tab=None),
        row(1, 4, tab=OTHER_TAB),
        row(1, 5, tab=OTHER_TAB, eligible=False),
    ],
    ids=["the same tab", "a tab not shown whole", "a stale read", "an ineligible record"],
)
def test_nothing_is_looked_at_when_the_tab_says_nothing_new(
    connection: sqlite3.Connection, again: Captured
) -> None:
    """A part of a tab that passed for the whole would remove people in the target."""
    related(connection)

    capture.capture_page(connection, [again], now=NOW, fresh_max=2)

    assert tabs.load(connection, 1) is None


def test_a_new_version_brings_its_tab_along(connection: sqlite3.Connection) -> None:
    """Mission rule 8, case 1: the roles follow once the record itself is in step."""
    related(connection)

    taken = capture.capture_page(connection, [row(1, 6, tab=OTHER_TAB)], now=NOW, fresh_max=2)

    assert (len(taken.changed), taken.tabs) == (1, [])
    assert tabs.load(connection, 1) is None
    link(connection)
    found = tabs.load(connection, 1)
    assert found is not None
    assert found.tab == '[[31,"Sponsor"]]'


def test_reading_anew_reconciles_every_record_behind_fresh_edits(
    connection: sqlite3.Connection,
) -> None:
    """A changed mapping concerns records of the version known; a stale read still does not."""
    take(connection, row(1, 5), row(2, 5))
    link(connection, 1)
    link(connection, 2, 8)

    taken = capture.capture_page(
        connection, [row(1, 5, name="read anew"), row(2, 4)], now=NOW, fresh_max=20, anew=True
    )

    assert [one.id for one in taken.changed] == [1]
    assert pending(connection, 1).lane is Lane.BACKLOG
    assert "read anew" in pending(connection, 1).payload
    assert state_of(connection, 2) == "settled"


def test_a_record_that_is_no_longer_eligible_is_left_out_when_it_is_read_anew(
    connection: sqlite3.Connection,
) -> None:
    """A changed mapping is no reason to sync what somebody unticked."""
    take(connection, row(1, 5))
    link(connection)

    capture.capture_page(connection, [row(1, 6, eligible=False)], now=NOW, fresh_max=0, anew=True)

    assert state_of(connection, 1) == "ineligible"


def test_records_ever_captured_are_known(connection: sqlite3.Connection) -> None:
    """A relationship on any other opportunity is no business of ours."""
    take(connection, row(1), row(3, eligible=False))

    assert capture.known_ids(connection, [1, 2, 3]) == {1, 3}
    assert capture.known_ids(connection, []) == set()


def test_records_in_the_target_or_on_their_way_there_are_listed_by_id(
    connection: sqlite3.Connection,
) -> None:
    """Refused and unticked ones are not evaluated anew: that would need somebody's edit."""
    take(connection, row(4), row(2), row(3), row(1), row(5, eligible=False))
    link(connection, 2)
    failure = Failure("validation", "name", foreign(Code.REFUSED, "too long"))
    settle.settle_refused(connection, pending(connection, 3), failure, NOW)

    assert capture.reconciled_ids(connection, 0, 10) == [1, 2, 4]
    assert capture.reconciled_ids(connection, 1, 1) == [2]
    assert capture.reconciled_ids(connection, 4, 10) == []


def test_a_record_that_waits_keeps_its_lane_when_it_is_read_anew(
    connection: sqlite3.Connection,
) -> None:
    """Somebody's edit must not fall behind a changed mapping."""
    take(connection, row(1, 5), row(2, 5))
    link(connection, 2)

    capture.capture_page(connection, [row(1, 5), row(2, 5)], now=NOW, fresh_max=20, anew=True)

    assert work.due_keys(connection, Lane.FRESH, NOW, 10) == [1]
    assert work.due_keys(connection, Lane.BACKLOG, NOW, 10) == [2]


def test_what_waits_is_held_until_it_is_captured_again(connection: sqlite3.Connection) -> None:
    """Captured under another mapping, it lacks columns that are read only now."""
    take(connection, row(1, 5), row(2, 5))
    capture.hold_pending(connection, NOW + 3600)

    capture.capture_page(connection, [row(1, 5)], now=NOW, fresh_max=20, anew=True)

    assert work.due_keys(connection, Lane.FRESH, NOW, 10) == [1]
    assert work.next_due(connection, Lane.FRESH, NOW) == NOW + 3600


def test_a_page_with_many_tabs_that_differ_goes_to_the_backlog(
    connection: sqlite3.Connection,
) -> None:
    """A bulk edit of relationships must not overtake somebody's edit either."""
    numbers = range(1, 4)
    take(connection, *(row(number, tab=[]) for number in numbers))
    for number in numbers:
        link(connection, number, 70 + number)

    differing = [row(number, tab=TAB) for number in numbers]
    taken = capture.capture_page(connection, differing, now=NOW, fresh_max=2)

    assert (taken.tabs, taken.changed) == ([1, 2, 3], [])
    assert tabs.due_keys(connection, Lane.BACKLOG, NOW, 10) == [1, 2, 3]


def test_a_source_that_was_set_back_is_followed_and_many_records_at_once_are_a_mass_change(
    connection: sqlite3.Connection,
) -> None:
    """What we wrote to the later history is no proof, although its number comes round again."""
    numbers = range(1, 4)
    take(connection, *(row(number, 5) for number in numbers))
    for number in numbers:
        link(connection, number, 70 + number, owed=Owed(target_id=str(70 + number)))
        entry = owed_to(connection, number)
        assert entry is not None
        outbox.delivered(connection, [(entry, 6)], NOW)

    edited = [row(number, 2, updated_at=1_700_000_500) for number in numbers]
    taken = capture.capture_page(connection, edited, now=NOW + 2, fresh_max=0, asked_at=NOW + 1)

    assert len(taken.changed) == 3
    of = pending(connection, 1)
    assert (of.version, of.delivered_version, of.delivered_id) == (2, None, None)
    assert of.mass is Mass.EVALUATING
    assert of.target_id == 71


def test_a_page_asked_for_before_our_own_write_back_is_late(connection: sqlite3.Connection) -> None:
    """It shows the version from before, and nothing was set back."""
    take(connection, row(1, 5))
    link(connection, owed=Owed(target_id="7"))
    entry = owed_to(connection)
    assert entry is not None
    outbox.delivered(connection, [(entry, 6)], NOW + 5)

    taken = capture.capture_page(
        connection, [row(1, 5)], now=NOW + 6, fresh_max=0, asked_at=NOW + 4, may_lag=False
    )

    assert taken.changed == []


def test_a_lower_version_in_a_page_of_changes_is_believed_the_second_time(
    connection: sqlite3.Connection,
) -> None:
    """The first time it may come from a server that lags."""
    take(connection, row(1, 5))
    link(connection)
    late = [row(1, 3, updated_at=1_600_000_000)]

    first, soon, again = (
        capture.capture_page(connection, late, now=at, fresh_max=0, asked_at=at)
        for at in (NOW + 1, NOW + 2, NOW + 20)
    )

    assert (first.changed, soon.changed, again.changed) == ([], [], late)


def test_our_own_write_back_is_no_news_whenever_the_source_says_that_it_was_made(
    connection: sqlite3.Connection,
) -> None:
    """We know which version it made, and not at what time."""
    take(connection, row(1, 5))
    link(connection, owed=Owed(target_id="7"))
    entry = owed_to(connection)
    assert entry is not None
    outbox.delivered(connection, [(entry, 6)], NOW)

    shown = replace(row(1, 6, updated_at=1_700_000_900, linked=True), target_id="7")

    assert capture_rows(connection, shown) == []
    # From then on the time is known: another one is that of another history.
    assert capture_rows(connection, replace(shown, updated_at=1_700_000_901)) == [1]


def test_a_few_changes_on_a_page_of_a_sweep_are_part_of_a_mass_change(
    connection: sqlite3.Connection,
) -> None:
    """Many such pages come to many; only of what is read anew a few are edits of today."""
    for version, anew, mass in ((5, False, Mass.EVALUATING), (6, True, Mass.NONE)):
        take(connection, row(1, version - 1))
        link(connection, created=version == 5)
        capture.capture_page(
            connection, [row(1, version)], now=NOW, fresh_max=20, mass=True, anew=anew
        )
        assert pending(connection, 1).mass is mass


def test_a_tab_that_a_poll_shows_empty_waits_for_the_end_of_the_poll(
    connection: sqlite3.Connection,
) -> None:
    """Then it is known how many there are; those without a role of ours are no loss to anybody."""
    related(connection)
    take(connection, row(2, 5, tab=TAB))
    link(connection, 2, 8)
    role = KnownRole(501, 310, "User", True, NOW)
    work_of_people = tabs.load(connection, 2)
    assert work_of_people is not None
    tab_outcomes.settle(
        connection, work_of_people, Roles([role]), waits_for=[], complete=True, note=None, now=NOW
    )

    capture_rows(connection, row(1, 5, tab=[]), row(2, 5, tab=[]))

    assert tabs.due_keys(connection, Lane.FRESH, NOW, 10) == [1]
    assert fuse.judge_parked(connection, LIMITS, NOW, first_look=False) == 1
    assert tabs.due_keys(connection, Lane.FRESH, NOW, 10) == [1, 2]


def test_why_a_record_was_left_out_is_told(connection: sqlite3.Connection) -> None:
    """Whether its row says so, or that it is shown no more."""
    take(connection, row(1), row(2))
    take(connection, row(1, 2, eligible=False), now=NOW + 1)
    sweep = capture.next_sweep(connection)
    assert capture.finish_sweep(connection, sweep, NOW + 2, NOW + 2) == 1

    for ref in ("OPP-1", "OPP-2"):
        assert [line.decision for line in report.history(connection, ref)] == ["left out"]
