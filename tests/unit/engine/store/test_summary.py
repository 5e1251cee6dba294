"""What the state holds, in numbers and in reasons: the same for a running and a stopped service."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import fields

from engine.decide.reasons import foreign
from engine.model.reason import Code
from engine.model.records import TabLine
from engine.model.report import Populations
from engine.model.work import Failure
from engine.store.port.report import unknown_summary
from tests.unit.engine.stand_ins import NOW, announce, link, pending, person, row, take
from tests.unit.engine.store.adapters import intents, people, settle, summary

COUNTED = [one.name for one in fields(Populations)]
COMMON = Failure("validation", "ownerId", foreign(Code.REFUSED, "this user may not own it"))
RARE = Failure("forbidden", None, foreign(Code.REFUSED, "no permission"))


def refuse(connection: sqlite3.Connection, numbers: range, failure: Failure) -> None:
    """Capture these records, and have each refused."""
    take(connection, *(row(number) for number in numbers))
    for number in numbers:
        settle.settle_refused(connection, pending(connection, number), failure, NOW)


def test_a_new_state_holds_nothing(connection: sqlite3.Connection) -> None:
    """The first look at a new service, in the members that every later look has too."""
    assert summary.summary(connection) == {
        "records": {"pending": 0, "linked": 0, "refused": 0, "in_doubt": 0},
        "people": {"pending": 0, "held_back": 0, "refused": 0},
        "counts": dict.fromkeys(COUNTED, 0),
        "outbox": 0,
        "clocks": [],
        "creates_paused": None,
        "refused_total": 0,
        "refused_by_reason": [],
        "refused": [],
    }
    assert list(unknown_summary()) == list(summary.summary(connection))


def test_the_commonest_reason_comes_first_and_counts_people_too(
    connection: sqlite3.Connection,
) -> None:
    """Where to begin, before anybody reads hundreds of lines."""
    refuse(connection, range(100, 103), COMMON)
    refuse(connection, range(200, 201), RARE)
    take(connection, row(1, tab=[TabLine(31, "User")]))
    link(connection)
    people.refuse(
        connection,
        person(31),
        Failure("forbidden", None, foreign(Code.REFUSED, "no permission")),
        NOW,
    )

    told = summary.summary(connection)

    assert told["refused_total"] == 5
    assert told["refused_by_reason"] == [
        {
            "records": 3,
            "field": "ownerId",
            "class": "validation",
            "reason": "this user may not own it",
            "reason_code": "refused",
        },
        {
            "records": 2,
            "field": None,
            "class": "forbidden",
            "reason": "no permission",
            "reason_code": "refused",
        },
    ]
    assert [one["ref"] for one in told["refused"]][-2:] == ["OPP-200", "PERS-31"]
    assert json.loads(json.dumps(told)) == told


def test_a_rare_reason_is_among_those_shown(connection: sqlite3.Connection) -> None:
    """By reference alone it would fall off the end, and nobody would ever see it."""
    refuse(connection, range(100, 200), COMMON)
    refuse(connection, range(900, 901), RARE)

    told, whole = summary.summary(connection), summary.summary(connection, everything=True)

    shown = [one["ref"] for one in told["refused"]]
    assert (told["refused_total"], len(shown)) == (101, summary.REFUSED_SHOWN_MAX)
    assert shown == sorted(shown)
    assert shown[-1] == "OPP-900"
    assert len(whole["refused"]) == 101
    assert whole["refused_by_reason"] == told["refused_by_reason"]


def test_a_create_that_was_cut_off_is_counted_before_it_is_looked_for(
    connection: sqlite3.Connection,
) -> None:
    """Whoever stopped the process wants to know what it leaves in doubt."""
    take(connection, row(1), row(2))
    announce(connection, 1)
    people.announce(connection, person(31), "x@example.org", NOW)

    assert summary.cut_off(connection) == 2

    intents.doubt_unfinished(connection, NOW)
    assert summary.cut_off(connection) == 0
