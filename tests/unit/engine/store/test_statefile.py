"""The state file: its directory, its one owner, its schema."""

from __future__ import annotations

import contextlib
import sqlite3
import stat
from pathlib import Path

import pytest

from engine.errors import StateUnusable
from engine.store import statedir
from engine.store.sqlite import statefile
from engine.store.sqlite.statefile import APPLICATION_ID, FILE_NAME
from engine.store.statedir import StateInUse

pytestmark = pytest.mark.usefixtures("every_migration")


def pragma(path: Path, name: str) -> int:
    """A number from the file's header."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return int(connection.execute(f"PRAGMA {name}").fetchone()[0])


def test_a_new_state_is_for_its_owner_alone_and_bears_our_mark(tmp_path: Path) -> None:
    """Tokens lie in it."""
    directory = tmp_path / "a" / "state"
    with statedir.lease(directory) as made:
        statefile.prepare(directory / FILE_NAME)

    assert made
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert stat.S_IMODE((directory / FILE_NAME).stat().st_mode) == 0o600
    assert pragma(directory / FILE_NAME, "application_id") == APPLICATION_ID
    assert pragma(directory / FILE_NAME, "user_version") == len(statefile.migrations())


def test_preparing_twice_changes_nothing(tmp_path: Path) -> None:
    """Every start prepares."""
    path = tmp_path / FILE_NAME
    statefile.prepare(path)
    before = path.read_bytes()
    statefile.prepare(path)

    assert path.read_bytes() == before


def test_the_writer_is_durable_and_a_reader_cannot_write(tmp_path: Path) -> None:
    """An intent must survive a power loss, or its create could be sent twice."""
    path = tmp_path / FILE_NAME
    statefile.prepare(path)
    with contextlib.closing(statefile.connect(path)) as writer:
        durable = writer.execute("PRAGMA synchronous").fetchone()[0]
        journal = writer.execute("PRAGMA journal_mode").fetchone()[0]
    with (
        contextlib.closing(statefile.connect(path, query_only=True)) as reader,
        pytest.raises(sqlite3.OperationalError),
    ):
        reader.execute("DELETE FROM record")

    assert (durable, journal) == (2, "wal")


def test_a_second_process_is_refused_and_may_come_when_the_first_is_gone(tmp_path: Path) -> None:
    """Two writers on one state would duplicate records."""
    with (
        statedir.lease(tmp_path),
        pytest.raises(StateInUse, match="another wosync process") as refused,
        statedir.lease(tmp_path),
    ):
        pass
    with statedir.lease(tmp_path) as made:
        assert not made

    assert refused.value.remedy
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """A path below a regular file is a typing mistake the operator can see."""
    (tmp_path / "file").write_text("")

    with (
        pytest.raises(StateUnusable, match="file/state cannot be used") as refused,
        statedir.lease(tmp_path / "file" / "state"),
    ):
        pass

    assert refused.value.remedy


def test_a_state_of_a_newer_version_is_refused_untouched(tmp_path: Path) -> None:
    """A downgrade must not damage what the newer version wrote."""
    path = tmp_path / FILE_NAME
    statefile.prepare(path)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 999")
    before = path.read_bytes()

    with pytest.raises(StateUnusable, match=r"newer version of wosync \(schema 999"):
        statefile.prepare(path)

    assert path.read_bytes() == before


def test_another_programs_database_is_refused(tmp_path: Path) -> None:
    """Somebody pointed state_dir at the wrong directory."""
    path = tmp_path / FILE_NAME
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE theirs (x)")

    with pytest.raises(StateUnusable, match="another program"):
        statefile.prepare(path)


def test_a_damaged_file_is_refused_with_the_way_out(tmp_path: Path) -> None:
    """Losing the file must not duplicate anything, and the operator must know that."""
    path = tmp_path / FILE_NAME
    path.write_bytes(b"this is no database, whatever its name says" * 100)

    with pytest.raises(StateUnusable, match="cannot be read") as refused:
        statefile.prepare(path)

    assert "away and start again" in (refused.value.remedy or "")


@pytest.mark.parametrize("worth_keeping", [False, True])
def test_a_state_made_just_now_goes_only_when_it_holds_nothing(
    tmp_path: Path, worth_keeping: bool
) -> None:
    """A failed first start leaves no trace; a rotated token must never be thrown away."""
    directory = tmp_path / "state"
    directory.mkdir()
    path = directory / FILE_NAME
    statefile.prepare(path)
    if worth_keeping:
        with contextlib.closing(statefile.connect(path)) as connection:
            connection.execute("INSERT INTO secret VALUES ('x', 'y')")

    statefile.discard_if_empty(path, directory=True)

    assert directory.exists() is worth_keeping
    assert path.exists() is worth_keeping


def test_a_state_is_kept_as_it_was_before_its_schema_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever goes back to the version before needs one that it can read."""
    path, known = tmp_path / FILE_NAME, statefile.migrations()
    with monkeypatch.context() as earlier:
        earlier.setattr(statefile, "migrations", lambda: known[:-1])
        statefile.prepare(path)
        with contextlib.closing(statefile.connect(path)) as connection:
            connection.execute("INSERT INTO setting (name, value) VALUES ('mine', 'x')")

    statefile.prepare(path)

    kept = tmp_path / f"{FILE_NAME}.schema-{len(known) - 1}"
    assert pragma(path, "user_version") == len(known)
    assert pragma(kept, "user_version") == len(known) - 1
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    with contextlib.closing(sqlite3.connect(kept)) as copy:
        assert copy.execute("SELECT value FROM setting WHERE name = 'mine'").fetchone() == ("x",)


def test_a_new_state_has_nothing_before_it(tmp_path: Path) -> None:
    """A file that looks like a way back to nowhere would be one more to ask about."""
    statefile.prepare(tmp_path / FILE_NAME)

    assert [path.name for path in tmp_path.glob("*schema*")] == []


def test_a_schema_does_not_change_where_the_state_cannot_be_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without room for the copy there is none for the way back."""
    path, known = tmp_path / FILE_NAME, statefile.migrations()
    with monkeypatch.context() as earlier:
        earlier.setattr(statefile, "migrations", lambda: known[:-1])
        statefile.prepare(path)
    (tmp_path / f"{FILE_NAME}.schema-{len(known) - 1}").mkdir()

    with pytest.raises(StateUnusable) as refused:
        statefile.prepare(path)

    assert refused.value.remedy
    assert pragma(path, "user_version") == len(known) - 1


def test_a_sqlite_without_strict_tables_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own message would be a syntax error in a file of ours."""
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 34, 1))

    with pytest.raises(StateUnusable, match="is needed") as refused:
        statefile.prepare(tmp_path / FILE_NAME)

    assert "newer SQLite" in str(refused.value.remedy)
