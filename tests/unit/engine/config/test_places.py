"""Where the file of a fleet is, of which each of its pairs has a part."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from engine.config import fleet as fleet_config
from engine.config.places import find, fleet_of
from engine.errors import Misconfigured

TEXT = '[fleet]\npairs = "rows"\n[service]\nstate = "postgresql://nowhere/nothing"\n'


def exchanged(volume: Path, version: str) -> None:
    """Give a volume of Kubernetes another content, and take the one before away."""
    volume.mkdir(exist_ok=True)
    current = volume / "..data"
    before = volume / current.readlink() if current.is_symlink() else None
    (volume / version).mkdir()
    (volume / version / "fleet.toml").write_text(TEXT, encoding="utf-8")
    new = volume / "..data_tmp"
    new.symlink_to(version)
    new.replace(current)
    if before is None:
        (volume / "fleet.toml").symlink_to("..data/fleet.toml")
    else:
        shutil.rmtree(before)


def test_the_file_of_a_fleet_is_found_after_its_volume_was_exchanged(tmp_path: Path) -> None:
    """A process that runs for weeks would else have pairs without all that they have in common."""
    volume, state = tmp_path / "etc", tmp_path / "state"
    exchanged(volume, "..first")
    fleet = fleet_config.look(volume / "fleet.toml")
    (state / "pairs").mkdir(parents=True)
    (state / "fleet.toml").symlink_to(fleet.path)

    exchanged(volume, "..second")

    assert fleet.path == volume / "fleet.toml"
    assert fleet_of(state / "pairs" / "acme.toml") == fleet.path
    assert fleet_of(volume / "pairs" / "acme.toml") == fleet.path


def test_any_other_link_is_followed_to_its_end(tmp_path: Path) -> None:
    """The pairs lie beside the file itself, as in a repository."""
    own, linked = tmp_path / "repository", tmp_path / "etc"
    for place in (own, linked):
        place.mkdir()
    (own / "fleet.toml").write_text(TEXT.replace("rows", "files"), encoding="utf-8")
    (linked / "first.toml").symlink_to("../repository/fleet.toml")
    (linked / "fleet.toml").symlink_to(linked / "first.toml")

    fleet = fleet_config.look(linked / "fleet.toml")

    assert fleet.path == own / "fleet.toml"
    assert fleet.files == own / "pairs"


def test_a_fleet_is_not_taken_for_a_pair(tmp_path: Path) -> None:
    """The pair is easily forgotten, and no answer of the whole fleet is that of one of them."""
    fleet, pair = tmp_path / "fleet.toml", tmp_path / "pairs" / "fleet.toml"
    fleet.write_text("[workbooks]\n", encoding="utf-8")
    assert find(fleet) == fleet

    fleet.write_text(TEXT, encoding="utf-8")
    with pytest.raises(Misconfigured, match="configuration of a fleet") as of_rows:
        find(fleet)
    assert "--pair" in (of_rows.value.remedy or "")

    pair.parent.mkdir()
    pair.write_text("", encoding="utf-8")
    fleet.write_text("[service]\n", encoding="utf-8")
    with pytest.raises(Misconfigured, match="configuration of a fleet"):
        find(fleet)
    assert find(pair) == pair
