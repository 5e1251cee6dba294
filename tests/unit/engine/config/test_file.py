"""A configuration file is replaced as a whole or not at all."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path
from typing import Any, NoReturn

import pytest

from engine.config.file import replace
from engine.errors import EngineError

OLD, NEW = b"[poller]\ninterval_s = 60\n", b"[poller]\ninterval_s = 30\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file as it was read."""
    path = tmp_path / "config.toml"
    path.write_bytes(OLD)
    return path


def names_beside(path: Path) -> list[str]:
    """What lies in the directory."""
    return sorted(one.name for one in path.parent.iterdir())


def test_the_file_holds_the_new_text_and_nothing_is_left_beside_it(path: Path) -> None:
    """A stray temporary file would be found by the next backup."""
    replace(path, OLD, NEW)

    assert path.read_bytes() == NEW
    assert names_beside(path) == ["config.toml"]


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644, 0o444])
def test_the_mode_is_kept(path: Path, mode: int) -> None:
    """The service's user must still be able to read it, and nobody new."""
    path.chmod(mode)
    replace(path, OLD, NEW)

    assert stat.S_IMODE(path.stat().st_mode) == mode


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a file away")
def test_the_owner_is_kept(path: Path) -> None:
    """Root edits what belongs to the service."""
    os.chown(path, 1234, 2345)
    replace(path, OLD, NEW)

    assert (path.stat().st_uid, path.stat().st_gid) == (1234, 2345)


def test_a_link_stays_a_link(path: Path, tmp_path: Path) -> None:
    """/etc/wosync/config.toml may lead into a checkout."""
    link = tmp_path / "elsewhere" / "config.toml"
    link.parent.mkdir()
    link.symlink_to(Path("..") / "config.toml")
    replace(link, OLD, NEW)

    assert link.is_symlink()
    assert path.read_bytes() == NEW
    assert names_beside(link) == ["config.toml"]


def test_a_change_by_somebody_else_is_not_overwritten(path: Path) -> None:
    """Two operators, or one with an open editor."""
    path.write_bytes(OLD + b"# theirs\n")

    with pytest.raises(EngineError, match="changed while this command ran") as refused:
        replace(path, OLD, NEW)

    assert refused.value.remedy
    assert path.read_bytes() == OLD + b"# theirs\n"
    assert names_beside(path) == ["config.toml"]


def failing(*_: Any, **__: Any) -> NoReturn:
    """A call the system refuses."""
    raise OSError(30, "Read-only file system")


@pytest.mark.parametrize(
    ("where", "what"),
    [(tempfile, "mkstemp"), (os, "fchmod"), (os, "fchown"), (Path, "replace"), (os, "fsync")],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_a_failure_leaves_the_old_file(
    path: Path, monkeypatch: pytest.MonkeyPatch, where: Any, what: str
) -> None:
    """Whichever step fails, the service can still start."""
    if what == "fchown":
        if os.geteuid() != 0:
            pytest.skip("only root may give a file away")
        os.chown(path, 1234, 2345)
    monkeypatch.setattr(where, what, failing)

    with pytest.raises(EngineError, match="cannot be written: Read-only file system") as refused:
        replace(path, OLD, NEW)

    assert "it is as it was" in str(refused.value)
    assert refused.value.remedy
    assert path.read_bytes() == OLD
    assert names_beside(path) == ["config.toml"]


def test_a_directory_that_is_gone_is_said(path: Path) -> None:
    """The error is a sentence, not a traceback."""
    path.unlink()

    with pytest.raises(EngineError, match="cannot be written: No such file"):
        replace(path, OLD, NEW)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may lay links for somebody else")
def test_a_link_that_somebody_else_has_laid_is_not_followed(path: Path, tmp_path: Path) -> None:
    """Root would write over a file of its own that another user has named."""
    link = tmp_path / "elsewhere" / "config.toml"
    link.parent.mkdir()
    link.symlink_to(path)
    os.lchown(link, 1234, 2345)

    with pytest.raises(EngineError, match="somebody else has laid") as refused:
        replace(link, OLD, NEW)

    assert refused.value.remedy
    assert path.read_bytes() == OLD


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may act as somebody else")
def test_root_writes_as_the_owner_of_the_directory(path: Path, tmp_path: Path) -> None:
    """Its owner may swap what lies there at any moment."""
    os.chown(tmp_path, 1234, 2345)
    os.chown(path, 1234, 2345)
    replace(path, OLD, NEW)

    assert path.read_bytes() == NEW
    assert (path.stat().st_uid, path.stat().st_gid) == (1234, 2345)
    assert os.geteuid() == 0
