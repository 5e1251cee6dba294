"""The state directory: its lock, and that nothing in it leads elsewhere; most of it as root."""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
import stat
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest

from engine import ownership
from engine.errors import StateUnusable
from engine.store import statedir
from engine.store.sqlite import statefile
from engine.store.statedir import FILE_NAME, LOCK_NAME, MARK_NAME, StateInUse

pytestmark = pytest.mark.usefixtures("every_migration")

SERVICE = 61_234
STRANGER = 61_235

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may act as somebody else")


@pytest.fixture
def public() -> Generator[Path]:
    """A directory that everybody can walk to, as /var/lib is."""
    with tempfile.TemporaryDirectory(prefix="wosync-statedir-") as name:
        directory = Path(name)
        directory.chmod(0o755)
        yield directory


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """The directory of a service whose user cannot walk there, as below /var/lib/private."""
    directory = tmp_path / "private" / "state"
    directory.mkdir(parents=True)
    directory.chmod(0o700)
    os.chown(directory, SERVICE, SERVICE)
    directory.parent.chmod(0o700)
    return directory


@as_root
def test_root_acting_as_the_service_can_load_what_it_is_made_of(
    public: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The program may be installed where the service's user cannot walk, as in root's home."""
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    module = home / "module.py"
    module.write_text("loaded when it is needed", encoding="utf-8")
    monkeypatch.setattr(ownership, "CODE", (str(module),))
    directory = public / "state"
    directory.mkdir(mode=0o700)
    os.chown(directory, SERVICE, SERVICE)

    with statedir.lease(directory):
        found = module.read_text(encoding="utf-8")
        with pytest.raises(PermissionError):
            module.write_text("written over", encoding="utf-8")

    assert found == "loaded when it is needed"


@as_root
@pytest.mark.parametrize("name", [FILE_NAME, f"{FILE_NAME}-wal", f"{FILE_NAME}-shm", LOCK_NAME])
def test_a_planted_link_is_refused_and_nothing_is_made_behind_it(state: Path, name: str) -> None:
    """The service's user must not have root write files elsewhere."""
    victim = state.parent / "victim"
    (state / name).symlink_to(victim)
    os.lchown(state / name, SERVICE, SERVICE)

    with pytest.raises(StateUnusable, match="is a link") as refused, statedir.lease(state):
        pass

    assert name in str(refused.value)
    assert refused.value.remedy
    assert not victim.exists()


@as_root
def test_a_second_name_of_a_file_elsewhere_is_refused(state: Path) -> None:
    """A hard link leads elsewhere as well as a symbolic one."""
    victim = state.parent / "victim"
    victim.write_text("precious")
    (state / FILE_NAME).hardlink_to(victim)

    with pytest.raises(StateUnusable, match="second name"), statedir.entered(state):
        pass

    assert victim.read_text() == "precious"
    assert victim.stat().st_uid == 0


@as_root
def test_root_makes_nothing_of_its_own_in_the_services_directory(state: Path) -> None:
    """What a command leaves there, the service must be able to read and to write."""
    with statedir.lease(state) as made:
        statefile.prepare(state / FILE_NAME)
        with contextlib.closing(statefile.connect(state / FILE_NAME)) as connection:
            connection.execute("INSERT INTO setting VALUES ('x', 'y')")
            owners = {one.name: one.stat().st_uid for one in state.iterdir()}
        acting = os.geteuid()

    assert not made
    assert acting == SERVICE
    assert set(owners) >= {FILE_NAME, f"{FILE_NAME}-wal", f"{FILE_NAME}-shm", LOCK_NAME}
    assert set(owners.values()) == {SERVICE}
    assert (os.geteuid(), os.getegid()) == (0, 0)


@as_root
def test_root_acting_as_the_service_can_write_nothing_else(state: Path) -> None:
    """Whoever swaps a file for a link between the look and the opening gains nothing by it."""
    victim = state.parent / "victim"
    with statedir.lease(state):
        (state / FILE_NAME).symlink_to(victim)
        with pytest.raises((StateUnusable, sqlite3.Error)):
            statefile.prepare(state / FILE_NAME)
        (state / FILE_NAME).unlink()

    assert not victim.exists()


@as_root
def test_a_directory_behind_somebodys_link_is_refused(public: Path) -> None:
    """Root would act as root in a directory of its own that somebody else has named."""
    ours = public / "ours"
    ours.mkdir(mode=0o700)
    link = public / "state"
    link.symlink_to(ours)
    os.lchown(link, STRANGER, STRANGER)

    with pytest.raises(StateUnusable, match="somebody else has laid"), statedir.lease(link):
        pass

    assert list(ours.iterdir()) == []


@as_root
def test_a_directory_behind_roots_link_is_fine(public: Path, state: Path) -> None:
    """systemd keeps /var/lib/wosync as a link below /var/lib/private."""
    link = public / "wosync"
    link.symlink_to(state)

    with statedir.lease(link):
        statefile.prepare(link / FILE_NAME)

    assert (state / FILE_NAME).stat().st_uid == SERVICE


@as_root
def test_a_file_of_a_third_user_is_refused(state: Path) -> None:
    """Neither the service nor root has put it there."""
    (state / FILE_NAME).write_text("")
    os.chown(state / FILE_NAME, STRANGER, STRANGER)

    with pytest.raises(StateUnusable, match="belongs to somebody else"), statedir.entered(state):
        pass


@pytest.mark.parametrize("mode", [0o770, 0o702, 0o1777])
def test_a_directory_that_others_may_write_to_is_refused(tmp_path: Path, mode: int) -> None:
    """They could lay there what SQLite opens by name."""
    directory = tmp_path / "state"
    directory.mkdir()
    directory.chmod(mode)

    with (
        pytest.raises(StateUnusable, match="others may write") as refused,
        statedir.lease(directory),
    ):
        pass

    assert "chmod go-w" in (refused.value.remedy or "")
    assert list(directory.iterdir()) == []


def test_something_that_is_no_file_keeps_nobody_waiting(tmp_path: Path) -> None:
    """A pipe in place of a file would wait for its other end."""
    os.mkfifo(tmp_path / LOCK_NAME)

    with pytest.raises(StateUnusable, match="no regular file"), statedir.lease(tmp_path):
        pass
    assert statedir.held(tmp_path) is False


@contextlib.contextmanager
def locked(path: Path) -> Generator[None]:
    """Somebody else's lock on it."""
    handle = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def test_nobody_blocks_us_by_locking_what_everybody_can_read(tmp_path: Path) -> None:
    """Any user can lock a directory that it can open."""
    tmp_path.chmod(0o755)
    with locked(tmp_path), statedir.lease(tmp_path) as made:
        assert not made
        assert statedir.held(tmp_path)
        assert stat.S_IMODE((tmp_path / LOCK_NAME).stat().st_mode) == 0o600
    with locked(tmp_path):
        assert not statedir.held(tmp_path)


def test_an_older_version_at_work_is_noticed(tmp_path: Path) -> None:
    """It locks the directory, which nobody else can open, and knows no other lock."""
    tmp_path.chmod(0o700)
    with locked(tmp_path):
        assert statedir.held(tmp_path)
        with pytest.raises(StateInUse), statedir.lease(tmp_path):
            pass


def test_a_lock_that_a_killed_process_left_holds_nobody_up(tmp_path: Path) -> None:
    """The lock ends with the process; its file may stay."""
    (tmp_path / LOCK_NAME).touch(mode=0o600)

    assert not statedir.held(tmp_path)
    with statedir.lease(tmp_path):
        assert statedir.held(tmp_path)
    assert not (tmp_path / LOCK_NAME).exists()


def test_what_was_made_for_nothing_goes_again(tmp_path: Path) -> None:
    """A command that failed early leaves no trace."""
    directory = tmp_path / "state"
    with statedir.lease(directory) as made:
        (directory / MARK_NAME).touch()
        statefile.prepare(directory / FILE_NAME)
        statefile.discard_if_empty(directory / FILE_NAME, directory=made)

    assert made
    assert not directory.exists()


def test_who_may_not_write_is_told_what_opens_the_directory(
    public: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Giving a directory to whoever has it already opens nothing."""
    monkeypatch.setattr("os.access", lambda *_, **__: False)  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType] # whatever is asked

    with (
        pytest.raises(StateUnusable, match="cannot be written to") as refused,
        statedir.lease(public),
    ):
        pass

    assert f"chmod u+rwx {public};" in str(refused.value.remedy)
    assert statedir.opening(public, STRANGER) == f"chown {STRANGER} {public}, as root"


def test_a_disk_that_is_mounted_read_only_is_not_taken_for_somebody_elses(
    public: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No owner and no mode opens it."""
    (public / FILE_NAME).touch()
    told = os.statvfs(public)
    read_only = os.statvfs_result((*told[:8], told.f_flag | os.ST_RDONLY, told.f_namemax))
    monkeypatch.setattr("os.access", lambda *_, **__: False)  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType] # whatever is asked
    monkeypatch.setattr("os.statvfs", lambda _: read_only)  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType] # wherever it is

    with (
        pytest.raises(StateUnusable, match="mounted read-only") as to_write,
        statedir.lease(public),
    ):
        pass
    to_read = statefile.unreadable(public / FILE_NAME, sqlite3.OperationalError("readonly"))

    assert "remount" in str(to_write.value.remedy)
    assert "mounted read-only" in str(to_read)
