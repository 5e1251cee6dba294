"""The state directory: who may work in it, and as whom; nothing in it is followed elsewhere."""

from __future__ import annotations

import fcntl
import os
import shlex
import stat
from collections.abc import Generator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from engine.errors import StateInUse, StateUnusable
from engine.ownership import OTHERS_MAY_WRITE, as_owner, planted, strange_link

FILE_NAME = "state.db"
MARK_NAME = "mark"
LOCK_NAME = "lock"
REST_NAME = "rest"
# Everything that is opened there, by SQLite under these names or by ourselves.
NAMES = (
    FILE_NAME,
    *(f"{FILE_NAME}{suffix}" for suffix in ("-wal", "-shm", "-journal")),
    MARK_NAME,
    REST_NAME,
    LOCK_NAME,
)
_OTHERS_MAY_READ = stat.S_IRGRP | stat.S_IROTH
# A pipe that lies there in place of a file must keep nobody waiting.
_NEVER_FOLLOWED = os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK


@contextmanager
def lease(state_dir: Path) -> Generator[bool]:
    """Hold the state directory for this process; yields whether the directory was made just now.

    The lease is an advisory lock on a file of ours that nobody else can open, gone when the lease
    ends; it ends with the process, however that ends. A directory that was made for nothing goes
    with it. Root acts as the directory's owner meanwhile.

    Raises:
        StateUnusable: the directory cannot be made, written to, is not safe, or another process
            holds it.
    """
    made = not state_dir.exists()
    if made:
        _make(state_dir)
    with entered(state_dir), ExitStack() as held_open:
        try:
            for handle in _locks(state_dir):
                held_open.callback(os.close, handle)
        except OSError as error:
            raise unusable(state_dir, error) from error
        try:
            yield made
        finally:
            (state_dir / LOCK_NAME).unlink(missing_ok=True)
            if made:
                with suppress(OSError):
                    state_dir.rmdir()


@contextmanager
def entered(state_dir: Path) -> Generator[None]:
    """Work in the directory without being its only user; root acts as its owner meanwhile.

    Raises:
        StateUnusable: it cannot be looked at, others may write there, or something in it is not
            what it should be.
    """
    with ExitStack() as rights:
        try:
            handle = os.open(state_dir, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
            rights.callback(os.close, handle)
            directory = os.fstat(handle)
            link = strange_link(state_dir, directory.st_uid)
            rights.enter_context(as_owner(state_dir, directory))
            _ensure_safe(state_dir, directory, link)
        except OSError as error:
            raise unusable(state_dir, error) from error
        yield


def held(state_dir: Path) -> bool:
    """Whether a process holds the state directory now; False where that cannot be told."""
    with suppress(OSError):
        handle = os.open(state_dir / LOCK_NAME, os.O_RDONLY | _NEVER_FOLLOWED)
        if _is_locked(handle):
            return True
    with suppress(OSError):
        # A version that knew no other lock.
        handle = os.open(state_dir, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        return _is_locked(handle) and _is_private(state_dir)
    return False


def read_only(path: Path) -> StateUnusable | None:
    """The error for a place that nobody can write to, whoever owns it, or None."""
    with suppress(OSError):
        if os.statvfs(path).f_flag & os.ST_RDONLY:
            return StateUnusable(
                f"{path} is on a file system that is mounted read-only",
                remedy="look in the system's log why, as after an error of the disk, and mount it"
                " for writing again: mount -o remount,rw",
            )
    return None


def unusable(path: Path, error: OSError) -> StateUnusable:
    """The error for a directory or file that the system refuses."""
    return StateUnusable(
        f"{path} cannot be used: {error.strerror or error}",
        remedy="check [service] state_dir, its owner and the free space of its file system",
    )


def _make(state_dir: Path) -> None:
    above = next(each for each in state_dir.absolute().parents if each.exists())
    try:
        # In somebody else's directory root makes nothing of its own.
        with as_owner(above, above.stat()):
            state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise unusable(state_dir, error) from error


def _ensure_safe(state_dir: Path, directory: os.stat_result, link: Path | None) -> None:
    """Nobody but its owner can have laid anything there, and what lies there is ours."""
    seen = state_dir.stat()
    if link is not None or (seen.st_dev, seen.st_ino) != (directory.st_dev, directory.st_ino):
        raise StateUnusable(
            f"{link or state_dir} is a link that somebody else has laid, and is not followed",
            remedy="name the directory itself in [service] state_dir",
        )
    if directory.st_mode & OTHERS_MAY_WRITE:
        raise StateUnusable(
            f"others may write in the state directory {state_dir}",
            remedy=f"keep it for the service's user alone: chmod go-w {state_dir}",
        )
    for name in NAMES:
        reason = planted(state_dir / name)
        if reason is not None:
            raise StateUnusable(
                f"{state_dir / name} {reason}",
                remedy="somebody may have put it there to have another file written over; look"
                " whose it is, move it away and start again",
            )


def opening(state_dir: Path, user: int) -> str:
    """The command that opens a directory to a user, whose it may be already."""
    place = shlex.quote(str(state_dir))
    if state_dir.stat().st_uid == user:
        return f"chmod u+rwx {place}"
    return f"chown {user} {place}, as root"


def _locks(state_dir: Path) -> Generator[int]:
    """Lock what says that the directory is ours; the handles are to be kept open."""
    if not os.access(state_dir, os.W_OK | os.X_OK, effective_ids=True):
        if held(state_dir):
            raise _in_use(state_dir)
        if (error := read_only(state_dir)) is not None:
            raise error
        raise StateUnusable(
            f"the state directory {state_dir} cannot be written to",
            remedy=f"make it writable for this user: {opening(state_dir, os.geteuid())};"
            " or name another one in [service] state_dir",
        )
    yield _own_lock(state_dir)
    # A version that knew no other lock than the directory itself must not start beside us, nor we
    # beside it. Where others can read the directory, anybody could hold that one.
    handle = os.open(state_dir, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    yield handle
    if not _locked(handle) and _is_private(state_dir):
        raise _in_use(state_dir)


def _own_lock(state_dir: Path) -> int:
    path = state_dir / LOCK_NAME
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | _NEVER_FOLLOWED, 0o600)
        try:
            if not _locked(handle):
                raise _in_use(state_dir)
            # Whoever held it until now took the file away.
            if path.exists() and path.stat().st_ino == os.fstat(handle).st_ino:
                return handle
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)


def _locked(handle: int) -> bool:
    """Whether it is locked for us now; tried twice: somebody may just be asking who holds it."""
    return _try_lock(handle) or _try_lock(handle)


def _try_lock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        raise StateUnusable(
            f"the state directory cannot be locked: {error.strerror}",
            remedy="put [service] state_dir on a local disk; not every network share can lock",
        ) from error
    return True


def _is_locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(handle)
    return False


def _is_private(state_dir: Path) -> bool:
    return not state_dir.stat().st_mode & _OTHERS_MAY_READ


def _in_use(state_dir: Path) -> StateInUse:
    return StateInUse(
        f"another wosync process is using the state directory {state_dir}",
        remedy="stop that process first (systemctl status wosync), or give this one"
        " another [service] state_dir; two writers on one state would duplicate records",
    )
