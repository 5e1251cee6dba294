"""The fault sweep at a database: whichever transaction is cut off, and where, nobody notices."""

from __future__ import annotations

import pytest

from tests.searching import SEARCH
from tests.simulation.pool import spread
from tests.simulation.sweep import Points, told

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("shared")]

# Those without which the others prove nothing.
KINDS = {
    ("write", "capture_page"),
    ("write", "open_intent"),
    ("write", "settle_linked"),
    ("write", "settle"),
    ("write", "begin_update"),
    ("write", "announce"),
    ("write", "doubt"),
    ("write", "delivered"),
    ("write", "compare"),
    ("look", "load"),
    ("look", "next_due"),
}
# Played by a usual search: each kind of transaction is in the first.
STORIES = 1
# Connections that are lost, by the number of a way: the first of one start, the second of the next
# one, and the third of the one after that, which is opened again, with the fourth.
LOST = {0: 0, 2: 1, 5: 0, 7: 1}
STARTS = 4


def test_nobody_notices_where_the_way_to_the_database_is_cut() -> None:
    """Before a transaction begins, in it, before its commit arrives, and before the answer to that:
    each kind of transaction in one of these ways. A longer search takes every one in all."""
    from tests.simulation.severed import sever, stories

    in_file = told(Points())
    uncut = sever({})
    assert uncut.told == in_file

    played = stories(uncut.seen, every=SEARCH > 1)[: None if SEARCH > 1 else STORIES]
    assert KINDS - {(one.kind, one.name) for story in played for one in story} == set()
    for story, found in zip(played, spread(sever, played), strict=True):
        assert (found.told, found.cuts) == (in_file, len(story)), story


def test_a_start_that_loses_its_connection_is_made_good_by_the_next_one() -> None:
    """At each of the connections that it opens."""
    from tests.simulation.severed import CONNECTION, SEVERED, Transaction, sever

    ways = list(SEVERED[CONNECTION])
    at = {Transaction(CONNECTION, "", each): ways[way] for each, way in LOST.items()}
    story = sever(at)

    assert story.told.complaints == []
    assert (story.cuts, story.told.counts["start"]) == (len(LOST), STARTS)
