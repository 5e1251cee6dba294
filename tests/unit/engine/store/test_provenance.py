"""How old a state is, and whose: what follows from it in the state itself."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from engine import installation
from engine.errors import StateUnusable
from engine.installation import Installation
from engine.model.age import Seen
from engine.model.kept import CREATES_PAUSED
from engine.model.tab import RefusedRole
from engine.model.work import Failure
from tests.unit.engine.stand_ins import NOW, row, said, take
from tests.unit.engine.store.adapters import kept, provenance, refused_roles

HERE = Installation("m1", "/var/lib/wosync", "")


def test_a_state_of_an_older_version_is_taken_up(connection: sqlite3.Connection) -> None:
    """It kept no mark, and did not say where it was at work."""
    take(connection, row(1, 5))

    assert provenance.begin(connection, HERE, None, NOW) is None
    assert kept.setting(connection, provenance.NAME)
    assert kept.setting(connection, provenance.INSTALLATION) == HERE.text


def test_the_count_never_falls_behind_a_mark(connection: sqlite3.Connection) -> None:
    """A state put back counts on from where the mark stands, under a name of its own."""
    take(connection, row(1, 5))
    provenance.begin(connection, HERE, None, NOW)
    name = kept.setting(connection, provenance.NAME) or ""
    assert provenance.count(connection, 3) == (name, 3)

    aged = provenance.begin(connection, HERE, Seen(name, 40, moved=False), NOW + 1)
    counted = provenance.count(connection, 1)

    assert aged is not None
    assert provenance.aged(connection) == aged
    assert counted is not None
    assert counted[0] != name
    assert counted[1] == 41


@pytest.mark.parametrize("holds", [True, False])
@pytest.mark.parametrize(
    ("before", "after", "aged"),
    [
        ("00000001", "00000002", True),
        ("00000002", "00000001", True),
        ("00000001", "00000001", False),
        ("", "00000002", False),
        ("00000001", "", False),
    ],
)
def test_a_state_on_a_server_that_goes_by_another_timeline_is_of_unknown_age(
    connection: sqlite3.Connection, before: str, after: str, aged: bool, holds: bool
) -> None:
    """The replica that was promoted may not have had what was committed last."""
    if holds:
        take(connection, row(1, 5))
    provenance.begin(connection, replace(HERE, timeline=before), None, NOW)
    mark = Seen(kept.setting(connection, provenance.NAME) or "", 0, moved=False)

    found = provenance.begin(connection, replace(HERE, timeline=after), mark, NOW + 1)

    assert (found is not None) is aged
    if found is not None:
        assert f"timeline {after} after {before}" in found.reason
        # It goes on from there: the same is not told again.
        mark = Seen(kept.setting(connection, provenance.NAME) or "", 0, moved=False)
        again = provenance.begin(connection, replace(HERE, timeline=after), mark, NOW + 2)
        assert again is None


def test_nothing_known_of_the_target_counts_in_an_aged_state(
    connection: sqlite3.Connection,
) -> None:
    """It is read when it is needed; nothing becomes due by it."""
    take(connection, row(1, 5))
    connection.execute("UPDATE record SET synced = '{}', state = 'settled', target_id = 9")
    connection.execute(
        "INSERT INTO people_tab (record_id, state, lane, due_at, target_id, listed, settled_tab)"
        " VALUES (1, 'settled', 0, 0, 9, 1, '[]')"
    )
    connection.execute(
        "INSERT INTO person (id, ref, version, read_at) VALUES (2, 'PERS-2', 1, ?)", (NOW,)
    )
    connection.execute(
        "INSERT INTO intent (kind, record_id, correlation, opened_at, doubt_since)"
        " VALUES ('opportunity', 1, 'OPP-1', 0, 0)"
    )
    provenance.adopt(connection, HERE)
    provenance.begin(connection, HERE, None, NOW)

    assert tuple(connection.execute("SELECT synced, state FROM record").fetchone()) == (
        None,
        "settled",
    )
    assert tuple(
        connection.execute("SELECT listed, settled_tab, state FROM people_tab").fetchone()
    ) == (0, None, "settled")
    assert connection.execute("SELECT read_at FROM person").fetchone()[0] == 0
    assert connection.execute("SELECT doubt_since FROM intent").fetchone()[0] == NOW
    assert provenance.begin(connection, HERE, _mark_of(connection), NOW) is None


def test_no_list_that_may_lag_proves_a_role_gone_in_an_aged_state(
    connection: sqlite3.Connection,
) -> None:
    """Another life may have touched it until just now, and what it was refused counts no more."""
    take(connection, row(1, 5))
    connection.execute(
        "INSERT INTO role (id, record_id, target_id, prospect_id, role, made, seen_at)"
        " VALUES (5, 1, 9, 4, 'Buyer', 1, 0)"
    )
    refused = RefusedRole(
        Failure("validation", None, said("no")), joined=False, held=False, retry_at=NOW + 9
    )
    refused_roles.keep(connection, 9, {(4, "Sponsor"): refused})
    provenance.adopt(connection, HERE)

    aged = provenance.begin(connection, HERE, None, NOW)

    assert aged is not None
    assert connection.execute("SELECT seen_at FROM role").fetchone()[0] == aged.since
    assert refused_roles.on(connection, 9) == {}


@pytest.mark.parametrize("connection", ["postgres"], indirect=True)
def test_of_several_machines_each_may_go_on_with_a_state_in_a_database(
    connection: sqlite3.Connection,
) -> None:
    """What each keeps is of when it worked itself, and proves something if it tells of more."""
    take(connection, row(1, 5))
    provenance.begin(connection, HERE, None, NOW)
    name = kept.setting(connection, provenance.NAME) or ""
    provenance.count(connection, 10)
    for mark in (None, Seen(name, 4, moved=False), Seen(name, 10, moved=True)):
        assert provenance.begin(connection, HERE, mark, NOW) is None

    assert provenance.begin(connection, HERE, Seen(name, 11, moved=False), NOW + 1) is not None
    # Whoever took it up then gave it another name, which the others do not know.
    later = kept.setting(connection, provenance.NAME) or ""
    assert later > name
    assert provenance.begin(connection, HERE, Seen(name, 99, moved=False), NOW + 2) is None
    kept.set_setting(connection, provenance.NAME, name)
    assert provenance.begin(connection, HERE, Seen(later, 1, moved=False), NOW + 3) is not None


def _mark_of(connection: sqlite3.Connection) -> Seen:
    name = kept.setting(connection, provenance.NAME)
    return Seen(name or "", int(kept.setting(connection, provenance.WRITES) or 0), moved=False)


def test_a_state_of_another_installation_is_refused_until_it_is_adopted(
    connection: sqlite3.Connection,
) -> None:
    """Two services with copies of one state create everything twice."""
    take(connection, row(1, 5))
    provenance.begin(connection, HERE, None, NOW)
    kept.set_setting(connection, CREATES_PAUSED, "two services")
    there = replace(HERE, machine="m2")
    with pytest.raises(StateUnusable, match="this state belongs to") as refused:
        provenance.begin(connection, there, _mark_of(connection), NOW)
    assert "wosync state adopt" in (refused.value.remedy or "")

    provenance.adopt(connection, there)
    assert provenance.begin(connection, there, _mark_of(connection), NOW) is not None
    assert kept.setting(connection, CREATES_PAUSED) is None


@pytest.mark.parametrize(
    ("there", "same"),
    [
        (HERE, True),
        (replace(HERE, machine="m2"), False),
        (replace(HERE, directory="/srv"), False),
        (replace(HERE, machine=""), True),
        (replace(HERE, machine="", directory="/srv"), False),
        (replace(HERE, instance="prod"), True),
        (replace(HERE, machine="m2", instance="prod"), False),
    ],
)
def test_machine_and_directory_make_an_installation(there: Installation, same: bool) -> None:
    """Where the machine has no id, the directory alone."""
    assert there.is_that_of(HERE) is same
    assert Installation.read(there.text) == there


def test_a_name_says_more_than_machine_and_directory() -> None:
    """A container has others at each start."""
    prod = Installation("m1", "/a", "prod")

    assert Installation("m2", "/b", "prod").is_that_of(prod)
    assert not Installation("m1", "/a", "test").is_that_of(prod)


@pytest.mark.parametrize("text", [None, "", "uninitialized\n"])
def test_a_machine_without_an_id_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None
) -> None:
    """A container, or an image at its first start."""
    path = tmp_path / "machine-id"
    monkeypatch.setattr(installation, "MACHINE_ID", path)
    if text is not None:
        path.write_text(text)

    assert Installation.here(tmp_path, "").machine == ""


def test_the_id_of_the_machine_cannot_be_read_from_the_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is to be kept confidential."""
    path = tmp_path / "machine-id"
    path.write_text("3d1219c7c4c5404aaa1f6d2a48adfda4\n")
    monkeypatch.setattr(installation, "MACHINE_ID", path)
    here = Installation.here(tmp_path, "")

    assert here.machine
    assert "3d1219c7" not in here.text


def doubt_age_s(connection: sqlite3.Connection, now: float) -> float:
    """How old the one doubt is."""
    return now - connection.execute("SELECT doubt_since FROM intent").fetchone()[0]


@pytest.fixture
def doubtful(connection: sqlite3.Connection) -> sqlite3.Connection:
    """A create in doubt for 60 s when the service was last alive."""
    take(connection, row(1, 5))
    connection.execute(
        "INSERT INTO intent (kind, record_id, correlation, opened_at, doubt_since)"
        " VALUES ('opportunity', 1, 'OPP-1', ?, ?)",
        (NOW - 60, NOW - 60),
    )
    provenance.note_life(connection, NOW, {"workbooks": 1000.0})
    return connection


@pytest.mark.parametrize(
    ("clock_s", "told_s", "age_s"),
    [
        (100.0, 100.0, 160.0),
        # Set forward while nobody looked; the systems' word counts.
        (7300.0, 100.0, 161.0),
        # Set back.
        (-7100.0, 100.0, 60.0),
        # Nobody has told the time.
        (100.0, None, 60.0),
    ],
)
def test_a_doubt_grows_older_only_by_time_that_is_proven(
    doubtful: sqlite3.Connection, clock_s: float, told_s: float | None, age_s: float
) -> None:
    """A create that a look does not show yet must not be repeated for a clock that is wrong."""
    now = NOW + clock_s
    provenance.resume(doubtful, now, {} if told_s is None else {"workbooks": 1000.0 + told_s})

    assert doubt_age_s(doubtful, now) == pytest.approx(age_s)


def test_what_a_clock_ahead_has_noted_of_the_age_is_past_when_it_is_right(
    connection: sqlite3.Connection,
) -> None:
    """Whoever looks for another life's creates would wait for a day to come."""
    take(connection, row(1, 5))
    provenance.adopt(connection, HERE)
    ahead = NOW + 86_400
    provenance.begin(connection, HERE, None, ahead)
    provenance.resume(connection, ahead, {"workbooks": NOW}, "workbooks")
    provenance.resume(connection, NOW + 60, {"workbooks": NOW + 60}, "workbooks")

    aged = provenance.aged(connection)
    assert aged is not None
    assert aged.since <= NOW + 60
    assert aged.noticed_at == NOW


def test_what_is_noted_after_the_clock_was_set_back_is_as_young_as_now(
    doubtful: sqlite3.Connection,
) -> None:
    """A list that does not show a role or a create yet must not be believed."""
    provenance.begin(doubtful, HERE, None, NOW)
    provenance.note_life(doubtful, NOW, {})
    now = NOW - 86_400

    assert provenance.begin(doubtful, HERE, _mark_of(doubtful), now) is not None
    provenance.resume(doubtful, now, {})

    aged = provenance.aged(doubtful)
    assert aged is not None
    assert aged.since == now
    assert doubt_age_s(doubtful, now) == 0


def test_without_any_sign_of_life_every_doubt_begins_anew(connection: sqlite3.Connection) -> None:
    """A version that kept none may have stopped at any time."""
    take(connection, row(1, 5))
    connection.execute(
        "INSERT INTO intent (kind, record_id, correlation, opened_at, doubt_since)"
        " VALUES ('opportunity', 1, 'OPP-1', 0, 0)"
    )
    provenance.resume(connection, NOW, {"workbooks": 1.0})

    assert doubt_age_s(connection, NOW) == 0
