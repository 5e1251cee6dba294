"""What root reads and the service of a unit would not, found out before it is started."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

import pytest

from engine.cli import reach

CONFIG = '[service]\nnudge_token = {{ file = "{}" }}\n'


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place for configurations with a unit that runs as a user of its own."""
    found, units = tmp_path / "etc" / "wosync", tmp_path / "units"
    found.mkdir(mode=0o755, parents=True)
    units.mkdir()
    (units / "wosync.service").write_text("[Service]\nDynamicUser=yes\nUser=wosync\n")
    (units / "wosync@.service").write_text("[Service]\nDynamicUser=yes\nUser=wosync-%i\n")
    monkeypatch.setattr("engine.cli.services.HOME", found)
    monkeypatch.setattr("engine.cli.services.UNITS", units)
    return found


def placed(home: Path, text: str = "", *, mode: int = 0o644) -> Path:
    """A configuration there."""
    path = home / "config.toml"
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


def test_what_everybody_reads_is_no_trouble(home: Path) -> None:
    """As `wosync unit install` leaves it."""
    assert list(reach.troubles(placed(home))) == []


def test_a_configuration_for_its_owner_alone_is_named_with_what_to_do(home: Path) -> None:
    """As a careful umask leaves it: root sees nothing wrong, and the service ends with 78."""
    path = placed(home, mode=0o600)

    [trouble] = reach.troubles(path)
    assert trouble.text == f"{path} cannot be read by the user of the service"
    assert trouble.remedy == f"no secret stands in it: chmod 644 {path}"


def test_a_closed_directory_on_the_way_is_the_trouble(home: Path) -> None:
    """Whoever opens the file alone has won nothing."""
    pair = home / "prod"
    pair.mkdir(mode=0o700)

    [trouble] = reach.troubles(placed(pair))
    assert trouble.text == f"{pair} cannot be read by the user of the service"
    assert trouble.remedy == f"let others pass through it: chmod 755 {pair}"


def test_a_secret_of_roots_is_to_be_handed_over(home: Path) -> None:
    """Opened for the service it would be for everybody."""
    secret = home / "token"
    secret.write_text("a token that nobody guesses\n")
    secret.chmod(0o600)

    [trouble] = reach.troubles(placed(home, CONFIG.format(secret)))
    assert trouble.text == f"{secret} cannot be read by the user of the service"
    assert f"put it into {home}/credentials" in trouble.remedy
    assert 'name it { credential = "NAME" }' in trouble.remedy
    assert "wosync_nudge_token" in trouble.remedy


@pytest.mark.parametrize(("mode", "reads"), [(0o600, True), (0o060, False), (0o006, False)])
def test_a_user_of_the_machine_reads_what_is_theirs(home: Path, mode: int, reads: bool) -> None:
    """The bits of the owner count for an owner, and no others."""
    name = pwd.getpwuid(os.geteuid()).pw_name
    unit = home.parents[1] / "units" / "wosync.service"
    unit.write_text(f"[Service]\nUser={name}\n", encoding="utf-8")

    assert (list(reach.troubles(placed(home, mode=mode))) == []) is reads


def test_what_no_unit_starts_is_nobodys_trouble(tmp_path: Path, home: Path) -> None:
    """There whoever types is who runs it."""
    mine = tmp_path / "mine"
    mine.mkdir()
    assert list(reach.troubles(placed(mine, mode=0o600))) == []
    (home.parents[1] / "units" / "wosync.service").unlink()
    assert list(reach.troubles(placed(home, mode=0o600))) == []
