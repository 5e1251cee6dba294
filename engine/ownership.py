"""Whose files are whose: what root does in somebody's directory, it does as that somebody.

A command run as root works in directories of other users, the service's among them. Whoever owns
such a directory may put a link there, or a second name of a file elsewhere; followed as root it
would be written over. So nothing that is a link is taken for a file of ours, and root has no more
rights there than the owner of the directory.
"""

from __future__ import annotations

# Loaded before it is needed: by then the library itself may lie where only root can look.
import ctypes
import os
import stat
from collections.abc import Generator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

from engine import preload

ROOT = 0
OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH
# Ours and the interpreter's: some of it is loaded only when it is needed. So are libraries.
CODE = (__file__, os.__file__)
_LIBRARY = "aiosqlite"
# From <linux/capability.h>: read and search what the rights of a file would not allow.
_CAP_VERSION_3 = 0x20080522
_CAP_DAC_READ_SEARCH = 1 << 2


@contextmanager
def as_owner(directory: Path, owner: os.stat_result) -> Generator[None]:
    """For the block, root is the owner of this directory; anybody else stays who they are.

    Args:
        owner: what was seen of the directory when it was opened.

    Raises:
        OSError: root's rights cannot be given up.
    """
    if os.geteuid() != ROOT or owner.st_uid == ROOT:
        yield
        return
    code = _code()
    with _rights_of(owner):
        if not _can_walk_to(directory) or not all(map(_can_read, code)):
            _search_everywhere()
        if can_read := all(map(_can_read, code)):
            yield
    if not can_read:
        # That right was not to be had, as in most containers.
        preload.everything()
        with _rights_of(owner):
            yield


@contextmanager
def _rights_of(owner: os.stat_result) -> Generator[None]:
    """For the block, root is this user."""
    group, groups = os.getegid(), os.getgroups()
    os.setgroups([])
    os.setegid(owner.st_gid)
    os.seteuid(owner.st_uid)
    try:
        yield
    finally:
        os.seteuid(ROOT)
        os.setegid(group)
        os.setgroups(groups)


def _code() -> list[str]:
    """A file of each that some of is loaded only when it is needed.

    To be asked with all rights: what cannot be seen once is kept as if it were not there.
    """
    library = find_spec(_LIBRARY)
    return [*CODE, *([library.origin] if library and library.origin else [])]


def _can_walk_to(directory: Path) -> bool:
    return os.access(directory, os.X_OK, effective_ids=True)


def _can_read(path: str) -> bool:
    return os.access(path, os.R_OK, effective_ids=True)


def _search_everywhere() -> None:
    """Root's way to a directory that its owner cannot walk to, as below /var/lib/private.

    And to the program itself, where it is installed in root's own home.

    It is the right to look only: nothing is written that the owner could not write. Where it is
    not to be had, opening the file fails with its reason.
    """
    header = (ctypes.c_uint32 * 2)(_CAP_VERSION_3, 0)
    # Effective, permitted and inheritable, twice.
    sets = (ctypes.c_uint32 * 6)()
    with suppress(AttributeError, OSError):
        library = ctypes.CDLL(None)
        library.capget(header, sets)
        sets[0] |= sets[1] & _CAP_DAC_READ_SEARCH
        library.capset(header, sets)


def planted(path: Path) -> str | None:
    """Why this file of ours is none, or None; one that does not exist is well.

    Args:
        path: a file whose directory is trusted as far as its owner is.

    Raises:
        OSError: it cannot be looked at.
    """
    try:
        found = path.lstat()
    except FileNotFoundError:
        return None
    if stat.S_ISLNK(found.st_mode):
        return "is a link, and links are not followed there"
    if not stat.S_ISREG(found.st_mode):
        return "is no regular file"
    if found.st_nlink > 1:
        return "has a second name somewhere else"
    if found.st_uid not in (ROOT, os.geteuid(), path.parent.stat().st_uid):
        return "belongs to somebody else than its directory"
    return None


def strange_link(path: Path, owner: int) -> Path | None:
    """The first link on the way to `path` that neither root nor its owner has laid, or None.

    Args:
        owner: whose the file or directory is that the way leads to.

    Raises:
        OSError: a part of the way cannot be looked at.
    """
    trusted = {ROOT, os.geteuid(), owner}
    whole = Path(os.path.abspath(path))  # noqa: PTH100 # resolve would follow the links
    for part in [*reversed(whole.parents), whole]:
        found = part.lstat()
        if stat.S_ISLNK(found.st_mode) and found.st_uid not in trusted:
            return part
    return None
