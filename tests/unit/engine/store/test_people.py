"""People who are, or were to be, prospects: what is known of each, and what each is owed."""

from __future__ import annotations

import sqlite3

import pytest

from engine.decide.reasons import foreign
from engine.model.history import Note
from engine.model.lane import Lane
from engine.model.outbox import Owed
from engine.model.person import Person
from engine.model.reason import Code
from engine.model.records import RecordType, TabLine
from engine.model.tab import Roles
from engine.model.work import Failure
from tests.unit.engine.stand_ins import NOW, link, owed_to, person, row, take
from tests.unit.engine.store.adapters import intents, outbox, people, report, tab_outcomes, tabs

EMAIL = "jo@example.org"
NOTE = Note("created", "id 310")
FAILURE = Failure("validation", "emails", foreign(Code.REFUSED, "not an address"))
OWED = Owed(target_id="310", target_url="https://target.example/310")


def known(connection: sqlite3.Connection, person_id: int = 31) -> Person:
    """What is known of the person."""
    return people.load(connection, [person_id])[person_id]


def linked(
    connection: sqlite3.Connection,
    person_id: int = 31,
    prospect_id: int = 310,
    *,
    email: str | None = EMAIL,
    owed: Owed | None = OWED,
) -> None:
    """The person is this prospect."""
    note = Note("created", f"id {prospect_id}")
    record = person(person_id)
    people.link(connection, record, prospect_id, email=email, owed=owed, note=note, now=NOW)


def refused(connection: sqlite3.Connection, person_id: int = 31) -> None:
    """The target refused the person."""
    people.refuse(connection, person(person_id), FAILURE, NOW)


def test_a_linked_person_is_known_and_owed_its_id(connection: sqlite3.Connection) -> None:
    """Like an opportunity, by mission rule 5."""
    linked(connection)

    found = known(connection)
    assert (found.ref, found.version, found.read_at) == ("PERS-31", 3, NOW)
    assert (found.prospect_id, found.reason, found.doubt_since) == (310, None, None)
    entry = owed_to(connection, 31, RecordType.PERSON)
    assert entry is not None
    assert (entry.target_id, entry.target_url, entry.error) == ("310", OWED.target_url, None)
    assert [line.decision for line in report.history(connection, "PERS-31")] == ["created"]
    assert people.load(connection, [31, 99]).keys() == {31}


def test_a_person_who_knows_its_prospect_is_owed_nothing(connection: sqlite3.Connection) -> None:
    """Zero writes, and no line of history for something nobody decided."""
    people.link(connection, person(31), 310, email=None, owed=None, note=None, now=NOW)

    assert owed_to(connection, 31, RecordType.PERSON) is None
    assert report.history(connection, "PERS-31") == []


def test_who_shares_an_address_shares_the_prospect(connection: sqlite3.Connection) -> None:
    """The target takes each address once only."""
    linked(connection, 31, 310)
    linked(connection, 32, 310)
    linked(connection, 33, 330, email=None)
    people.hold_back(connection, person(34), foreign(Code.UNSPECIFIED, "sync is off"), NOW)

    assert people.by_email(connection, [EMAIL, "nobody@example.org"]) == {EMAIL: 310}
    assert people.by_email(connection, []) == {}


def test_a_later_reading_without_the_address_does_not_forget_it(
    connection: sqlite3.Connection,
) -> None:
    """Whoever carries an id is read without a look at the address."""
    linked(connection)
    people.link(connection, person(31, 4), 310, email=None, owed=None, note=None, now=NOW)

    assert people.by_email(connection, [EMAIL]) == {EMAIL: 310}


def test_a_person_held_back_is_known_with_the_reason(connection: sqlite3.Connection) -> None:
    """Nobody is at fault, so nothing is written to the person."""
    people.hold_back(connection, person(31), foreign(Code.UNSPECIFIED, "sync is off"), NOW)

    assert (known(connection).prospect_id, known(connection).reason) == (None, "sync is off")
    assert owed_to(connection, 31, RecordType.PERSON) is None
    assert report.refused(connection, 10) == []


def test_a_refused_person_is_flagged_with_the_reason(connection: sqlite3.Connection) -> None:
    """Reported where it can be cured: on the person, not on the opportunity."""
    refused(connection)

    assert known(connection).refused_version == 3
    entry = owed_to(connection, 31, RecordType.PERSON)
    assert entry is not None
    assert (entry.error, entry.message, entry.target_id) == (True, "not an address", None)
    assert [one.ref for one in report.refused(connection, 10)] == ["PERS-31"]
    assert [line.detail for line in report.history(connection, "PERS-31")] == ["not an address"]


def test_the_version_our_own_flag_made_does_not_end_the_refusal(
    connection: sqlite3.Connection,
) -> None:
    """Only somebody else's edit does."""
    refused(connection)
    entry = owed_to(connection, 31, RecordType.PERSON)
    assert entry is not None
    outbox.delivered(connection, [(entry, 4)], NOW)

    found = known(connection)
    assert (found.version, found.delivered_version, found.refused_version) == (4, 4, 3)


def test_a_flag_still_on_its_way_is_taken_back_by_a_success(
    connection: sqlite3.Connection,
) -> None:
    """Otherwise it would outlive its cause."""
    refused(connection)
    linked(connection)

    entry = owed_to(connection, 31, RecordType.PERSON)
    assert entry is not None
    assert (entry.error, entry.message, entry.target_id) == (False, "", "310")
    assert known(connection).refused_version is None
    assert report.refused(connection, 10) == []


def test_a_reason_the_person_may_show_is_blanked_by_a_success(
    connection: sqlite3.Connection,
) -> None:
    """Nobody else would ever clear it."""
    refused(connection)
    entry = owed_to(connection, 31, RecordType.PERSON)
    assert entry is not None
    outbox.delivered(connection, [(entry, 4)], NOW)
    people.announce(connection, person(31, 5), EMAIL, NOW)
    linked(connection, owed=None)

    entry = owed_to(connection, 31, RecordType.PERSON)
    assert entry is not None
    assert (entry.message, entry.error, entry.target_id) == ("", None, None)


def test_an_announced_create_is_in_doubt_after_a_restart(connection: sqlite3.Connection) -> None:
    """The prospect may exist; sending it again would double it or be refused."""
    people.announce(connection, person(31), EMAIL, NOW)

    assert intents.doubt_unfinished(connection, NOW + 60) == 1
    assert intents.doubt_unfinished(connection, NOW + 90) == 0
    assert known(connection).doubt_since == NOW + 60


def test_a_create_that_surely_was_not_executed_leaves_no_doubt(
    connection: sqlite3.Connection,
) -> None:
    """A refused connection proves that nothing happened."""
    people.announce(connection, person(31), EMAIL, NOW)
    people.withdraw_announcement(connection, 31)

    assert intents.doubt_unfinished(connection, NOW + 60) == 0
    assert known(connection).doubt_since is None


def test_a_doubt_keeps_its_beginning_until_the_create_is_sent_again(
    connection: sqlite3.Connection,
) -> None:
    """The visibility bound counts from the lost answer; a second loss has a bound of its own."""
    people.announce(connection, person(31), EMAIL, NOW)
    people.doubt(connection, person(31), foreign(Code.UNSPECIFIED, "no answer"), NOW)
    people.doubt(connection, person(31), foreign(Code.UNSPECIFIED, "no answer"), NOW + 5)
    assert (known(connection).doubt_since, known(connection).reason) == (NOW, "no answer")
    assert report.counts(connection).in_doubt == 1

    people.announce(connection, person(31), EMAIL, NOW + 400)
    people.doubt(connection, person(31), foreign(Code.UNSPECIFIED, "no answer"), NOW + 401)
    assert known(connection).doubt_since == NOW + 401

    linked(connection)
    assert known(connection).doubt_since is None


def test_a_person_that_changed_is_read_again(connection: sqlite3.Connection) -> None:
    """Its age alone says whether what is known of it counts."""
    linked(connection)
    people.forget_reading(connection, [31, 99])

    assert (known(connection).read_at, known(connection).prospect_id) == (0, 310)


def test_another_link_on_a_person_relates_its_opportunities_anew(
    connection: sqlite3.Connection,
) -> None:
    """Somebody typed another id: the roles of the former prospect stand for nobody."""
    linked(connection)
    tab = [TabLine(31, "User"), TabLine(31, "Sponsor")]
    take(connection, row(1, tab=tab), row(2, tab=[TabLine(32, "User")]))
    for number in (1, 2):
        link(connection, number, 70 + number)
        work = tabs.load(connection, number)
        assert work is not None
        tab_outcomes.settle(
            connection, work, Roles([]), waits_for=[], complete=True, note=None, now=NOW
        )

    people.relink(connection, person(31, 4, target_id="999"), NOW + 1)

    assert tabs.due_keys(connection, Lane.BACKLOG, NOW + 1, 10) == [1]
    assert (known(connection).prospect_id, known(connection).read_at) == (None, 0)
    assert known(connection).version == 4


@pytest.mark.parametrize("ids", [[], [31]])
def test_a_person_nobody_asked_for_is_not_known(
    connection: sqlite3.Connection, ids: list[int]
) -> None:
    """Only people on tabs are ever read."""
    assert people.load(connection, ids) == {}
    assert people.awaited(connection) == []


def test_an_id_that_was_entered_meanwhile_is_not_overwritten(
    connection: sqlite3.Connection,
) -> None:
    """The create was answered after somebody had entered the id of another prospect."""
    people.announce(connection, person(31, 3), EMAIL, NOW)
    people.relink(connection, person(31, 5), NOW + 1)

    assert not people.link(
        connection, person(31, 3), 310, email=EMAIL, owed=OWED, note=NOTE, now=NOW + 2,
        known_version=3,
    )  # fmt: skip

    assert owed_to(connection, 31, RecordType.PERSON) is None
    assert (known(connection).prospect_id, known(connection).read_at) == (None, 0)


def test_what_was_created_for_somebody_who_changed_meanwhile_is_found_by_its_address(
    connection: sqlite3.Connection,
) -> None:
    """It may be wanted all the same, and must not be made again; and it can be undone."""
    people.announce(connection, person(31, 3), EMAIL, NOW)
    connection.execute("UPDATE person SET version = 5")

    assert not people.link(
        connection, person(31, 3), 310, email=EMAIL, owed=OWED, note=NOTE, now=NOW + 2,
        known_version=3,
    )  # fmt: skip

    assert known(connection).doubt_since == NOW + 2
    assert [line.decision for line in report.history(connection, "PERS-31")] == [NOTE.decision]


@pytest.mark.parametrize(
    ("changes", "known_version"),
    [
        # A source that was put back counts from below.
        ("version = 9", 9),
        # Our own flag was reset in the meantime.
        ("version = 4, delivered_version = 4", 3),
        # It is that prospect by now.
        ("version = 4, prospect_id = 310", 3),
    ],
)
def test_whoever_was_not_changed_by_others_is_linked(
    connection: sqlite3.Connection, changes: str, known_version: int
) -> None:
    """However its version is counted."""
    people.hold_back(connection, person(31, 3), foreign(Code.UNSPECIFIED, "sync is off"), NOW)
    connection.execute(f"UPDATE person SET {changes}")  # noqa: S608 # above

    assert people.link(
        connection, person(31, 3), 310, email=EMAIL, owed=OWED, note=NOTE, now=NOW,
        known_version=known_version,
    )  # fmt: skip
    assert known(connection).prospect_id == 310


@pytest.mark.parametrize("version", [1, 2])
def test_a_flag_that_is_owed_is_about_the_version_that_was_refused(
    connection: sqlite3.Connection, version: int
) -> None:
    """Set on a newer one, which waits for something else, it would be about what nobody refused."""
    people.refuse(connection, person(31, 1), FAILURE, NOW)

    wait = foreign(Code.UNSPECIFIED, "sync is off")
    people.hold_back(connection, person(31, version), wait, NOW)

    owed = owed_to(connection, 31, RecordType.PERSON)
    assert (owed is not None and owed.error is True) == (version == 1)
