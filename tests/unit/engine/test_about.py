"""Who we are, and what is installed beside us, read from the files that distributions bring."""

from __future__ import annotations

import sys
from importlib.metadata import entry_points, metadata
from pathlib import Path

import pytest

from engine import about

DISTRIBUTION = "workbooks-outreach-sync"


@pytest.fixture(autouse=True)
def unread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is known from before, and nothing of a test afterwards."""
    for name in ("about", "offered", "_offering"):
        # The function below its cache.
        monkeypatch.setattr(about, name, getattr(about, name).__wrapped__)


def installed(place: Path, name: str, entries: str) -> Path:
    """A distribution in the directory, which offers what these lines say."""
    directory = place / f"{name}-1.0.dist-info"
    directory.mkdir(parents=True)
    (directory / "METADATA").write_text(
        f"Metadata-Version: 2.4\nName: {name}\nVersion: 1.0\nSummary: Does: this\n\nVersion: 7\n",
        encoding="utf-8",
    )
    (directory / "entry_points.txt").write_text(entries, encoding="utf-8")
    return directory


def test_the_files_say_what_the_library_says() -> None:
    """Nobody notices which of them was asked."""
    described = metadata(DISTRIBUTION)

    assert about.about() == (described["Name"], described["Version"], described["Summary"])
    for group in ("wosync.connectors", "wosync.commands"):
        known = {(one.name, one.value) for one in entry_points(group=group)}
        assert {(one.name, one.target) for one in about.offered(group)} == known


def test_only_what_is_offered_to_us_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many distributions offer something to somebody; the first on the path is the one that is."""
    entries = "[other]\nno = a:b\n\n[wosync.connectors]\n# no = a:b\nyes = some.where:it [extra]\n"
    first = installed(tmp_path / "first", "ours", entries)
    installed(tmp_path / "second", "older", "[wosync.connectors]\nyes = else.where:it\n")
    (tmp_path / "second" / "unreadable-1.0.dist-info").mkdir()
    path = [str(tmp_path / name) for name in ("absent", "first", "second")]
    monkeypatch.setattr(sys, "path", path)

    assert about.offered("wosync.connectors") == (("yes", "some.where:it", first / "METADATA"),)
    assert about.about() == ("ours", "1.0", "Does: this")


def test_where_no_file_tells_the_library_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A distribution can be installed in more ways than one."""
    egg = tmp_path / "ours.egg-info"
    egg.mkdir()
    (egg / "PKG-INFO").write_text("Name: ours\nVersion: 2.0\nSummary: Else\n", encoding="utf-8")
    (egg / "entry_points.txt").write_text(
        "[wosync.connectors]\nyes = json:dumps\n", encoding="utf-8"
    )
    monkeypatch.setattr(sys, "path", [str(tmp_path)])

    [offer] = about.offered("wosync.connectors")
    assert offer.load()([1]) == "[1]"
    assert about.about() == ("ours", "2.0", "Else")


def test_where_nothing_is_installed_nothing_is_said_of_us(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command still runs, and says what is missing."""
    monkeypatch.setattr(sys, "path", [str(tmp_path)])

    assert about.about() == ("wosync", "unknown", "")
