"""The mark beside the state: what it repeats, and whether anybody else has touched it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from engine.model.age import Seen
from engine.store import mark
from engine.store.mark import Mark


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A mark that was set twice."""
    path = tmp_path / "mark"
    one = Mark(path)
    one.set("0123456789abcdef", 41)
    one.set("0123456789abcdef", 42)
    one.close()
    return path


def test_it_repeats_name_and_number(path: Path) -> None:
    """Each writing replaces the whole."""
    assert mark.look(path) == Seen("0123456789abcdef", 42, moved=False)


def test_a_mark_that_is_none_tells_nothing(tmp_path: Path) -> None:
    """It is absent, or somebody else's file, or a link."""
    other = tmp_path / "other"
    other.write_text("hello, world, this is a letter\n")
    link = tmp_path / "link"
    link.symlink_to(other)

    assert [mark.look(tmp_path / name) for name in ("absent", "other", "link")] == [None] * 3


def _aside_and_back(path: Path) -> None:
    copy = path.with_name("copy")
    shutil.copy2(path, copy)
    path.unlink()
    copy.rename(path)


def _written_over(path: Path) -> None:
    text = path.read_bytes()
    os.utime(path, ns=(0, 0))
    path.write_bytes(text)
    kept_ns = path.stat().st_mtime_ns - 10**10
    os.utime(path, ns=(kept_ns, kept_ns))


def _older_text(path: Path) -> None:
    name, number, written_at = path.read_text().split()
    path.write_text(f"{name} {number} {float(written_at) - 10:020.6f}\n")


@pytest.mark.parametrize("touch", [_aside_and_back, _written_over, _older_text])
def test_a_mark_that_was_copied_back_shows_it(path: Path, touch: object) -> None:
    """With its times kept or without: one of a file's times nobody can set."""
    assert callable(touch)
    touch(path)
    seen = mark.look(path)

    assert seen is not None
    assert (seen.writes, seen.moved) == (42, True)


def test_a_file_system_with_times_of_its_own_proves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every start would look like a copy."""
    real = os.fstat

    def skewed(handle: int) -> os.stat_result:
        found = list(real(handle))
        return os.stat_result(found, {"st_mtime_ns": 1, "st_ctime_ns": 2})

    monkeypatch.setattr(os, "fstat", skewed)
    one = Mark(tmp_path / "mark")
    one.set("0123456789abcdef", 1)
    one.set("0123456789abcdef", 2)
    one.close()

    assert mark.look(tmp_path / "mark") == Seen("0123456789abcdef", 2, moved=False)


def test_what_the_disk_refuses_is_let_be(tmp_path: Path) -> None:
    """The writes themselves are safe by then."""
    one = Mark(tmp_path / "absent" / "mark")
    one.set("0123456789abcdef", 1)
    one.close()

    assert mark.look(tmp_path / "absent" / "mark") is None
