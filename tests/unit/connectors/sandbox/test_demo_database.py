"""The demo's database: found, or what is missing is said; and gone when nobody needs it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from connectors.sandbox import demo_database
from connectors.sandbox.demo import demo
from connectors.sandbox.demo_database import NothingToRun, driver, programs

UNAVAILABLE = 69


def installed(root: Path, place: str) -> Path:
    """Its programs in a directory below the root."""
    directory = root / place
    directory.mkdir(parents=True)
    for program in demo_database.PROGRAMS:
        (directory / program).touch(mode=0o755)
    return directory


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The root of a machine without PostgreSQL."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(demo_database.programs, "__defaults__", (tmp_path,))
    return tmp_path


def test_the_newest_one_is_taken_unless_path_has_one(nowhere: Path) -> None:
    """By its number, and not by the letters of that."""
    installed(nowhere, "usr/lib/postgresql/9/bin")
    newest = installed(nowhere, "usr/lib/postgresql/15/bin")

    assert programs() == newest
    assert programs() != installed(nowhere, "elsewhere")
    for program in demo_database.PROGRAMS:
        (nowhere / "bin" / program).touch(mode=0o755)
    assert programs() == nowhere / "bin"


def test_without_one_it_says_what_to_install(
    nowhere: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And ends as a program ends that needs another one."""
    code = demo.main(["--ha", "--directory", str(tmp_path / "home")], standalone_mode=False)

    said = capsys.readouterr()
    assert code == UNAVAILABLE
    assert "no PostgreSQL is installed here" in said.err
    assert "What to do: install it (Debian, Ubuntu: apt-get install postgresql" in said.err
    assert said.out == ""


def test_without_the_driver_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Most people never need it."""
    monkeypatch.setitem(sys.modules, "psycopg", None)

    with pytest.raises(NothingToRun, match="make demo-ha"):
        driver()


def test_as_root_it_needs_somebody_else(
    nowhere: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """PostgreSQL refuses root."""
    installed(nowhere, "usr/lib/postgresql/15/bin")
    monkeypatch.setattr(demo_database, "OTHERS", ("nobody-of-this-name",))
    monkeypatch.setattr("os.geteuid", lambda: 0)

    assert demo.main(["--ha"], standalone_mode=False) == UNAVAILABLE
    assert "start the demo as another user" in capsys.readouterr().err
